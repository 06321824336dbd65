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

static VISIBLE void pause_for(long milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static VISIBLE int open_and_close(long count, long pause) {
    for (long i = 0; i < count; i++) {
        if (pause)
            pause_for(pause);
        int file = open(NAME, O_RDONLY);
        if (file < 0)
            return -1;
        close(file);
    }
    return 0;
}

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 1000;
    long wait = 0, pause = 0;
    int keep = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "keep") == 0)
            keep = 1;
        else if (strcmp(argv[i], "wait") == 0 && i + 1 < argc)
            wait = atol(argv[++i]);
        else if (strcmp(argv[i], "pause") == 0 && i + 1 < argc)
            pause = atol(argv[++i]);
    }
    int file = open(NAME, O_WRONLY | O_CREAT, 0644);
    if (file < 0) {
        perror(NAME);
        return 1;
    }
    close(file);
    if (wait)
        pause_for(wait);
    long long start = now();
    int failed = open_and_close(count, pause);
    long long elapsed = now() - start;
    if (failed)
        perror("open");
    if (!keep)
        unlink(NAME);
    printf("%lld\n", elapsed);
    return failed != 0;
}
