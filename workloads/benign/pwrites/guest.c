/* Writes one byte at the start of a file, again and again, and says how long it took. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *const NAME = "wasmscope-pwrites.bin";

/* Kept apart so that each shows by name in a guest stack. */
#define VISIBLE __attribute__((noinline))

static VISIBLE long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Always the same byte of the file: the disk's part stays the same for every count. */
static VISIBLE int write_bytes(int file, long count) {
    for (long i = 0; i < count; i++) {
        char byte = (char)i;
        if (pwrite(file, &byte, 1, 0) != 1)
            return -1;
    }
    return 0;
}

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 1000;
    int file = open(NAME, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0) {
        perror(NAME);
        return 1;
    }
    long long start = now();
    int failed = write_bytes(file, count);
    long long elapsed = now() - start;
    if (failed)
        perror("pwrite");
    close(file);
    unlink(NAME);
    printf("%lld\n", elapsed);
    return failed != 0;
}
