/* Leaves what a login would execute or let in, in a home of its own, and takes it away again. It is a comment each. */
#include "watched.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static VISIBLE void plant(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    write(file, "# nothing\n", 10);
    close(file);
}

int main(void) {
    wait_to_be_known();
    mkdir("home", 0700);
    mkdir("home/.ssh", 0700);
    plant("home/.bashrc");
    plant("home/.ssh/authorized_keys");
    unlink("home/.bashrc");
    unlink("home/.ssh/authorized_keys");
    rmdir("home/.ssh");
    rmdir("home");
    return 0;
}
