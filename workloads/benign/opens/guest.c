/* Opens and closes one file again and again, and says how long it took. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const NAME = "wasmscope-opens.txt";

/* Kept apart so that each shows by name in a guest stack. */
#define VISIBLE __attribute__((noinline))

static VISIBLE long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static VISIBLE int open_and_close(long count) {
    for (long i = 0; i < count; i++) {
        int file = open(NAME, O_RDONLY);
        if (file < 0)
            return -1;
        close(file);
    }
    return 0;
}

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 1000;
    int keep = argc > 2 && strcmp(argv[2], "keep") == 0;
    int file = open(NAME, O_WRONLY | O_CREAT, 0644);
    if (file < 0) {
        perror(NAME);
        return 1;
    }
    close(file);
    long long start = now();
    int failed = open_and_close(count);
    long long elapsed = now() - start;
    if (failed)
        perror("open");
    if (!keep)
        unlink(NAME);
    printf("%lld\n", elapsed);
    return failed != 0;
}
