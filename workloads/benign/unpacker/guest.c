/* What unpacking an archive does, without the archive. */
#include "watched.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 150

static const char *name(const char *kind, int n) {
    static char name[32];
    snprintf(name, sizeof name, "unpacked/%s-%d", kind, n);
    return name;
}

static VISIBLE void unpack(int n) {
    int file = open(name("file", n), O_WRONLY | O_CREAT | O_EXCL, 0644);
    write(file, "content\n", 8);
    close(file);
    if (n % 10 == 0) {
        char target[32];
        snprintf(target, sizeof target, "file-%d", n);
        symlink(target, name("link", n));
    }
}

int main(void) {
    wait_to_be_known();
    mkdir("unpacked", 0700);
    for (int n = 0; n < FILES; n++) {
        unpack(n);
        pause_ms(10);
    }
    for (int n = 0; n < FILES; n++) {
        unlink(name("file", n));
        if (n % 10 == 0)
            unlink(name("link", n));
    }
    rmdir("unpacked");
    return 0;
}
