/* Tries to put a file where it may not. */
#include "watched.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static VISIBLE int move_out(void) {
    return rename("mine", "../wasmscope-moved-out") == 0;
}

static VISIBLE int make_outside(void) {
    int file = open("../wasmscope-made-outside", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file >= 0)
        close(file);
    return file >= 0;
}

int main(void) {
    wait_to_be_known();
    close(open("mine", O_WRONLY | O_CREAT, 0600));
    int left = move_out() + make_outside() + (mkdir("../wasmscope-folder", 0700) == 0);
    unlink("mine");
    printf("left %d times of 3\n", left);
    return left != 0;
}
