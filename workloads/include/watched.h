/* What guests share that act a moment after their start, so that a watcher knows them by then. They keep to the directory that they
 * are given and to addresses of this machine. */
#ifndef WASMSCOPE_WATCHED_H
#define WASMSCOPE_WATCHED_H

#include <stdio.h>
#include <time.h>

/* Kept apart so that each shows by name in a guest stack. */
#define VISIBLE __attribute__((noinline, unused))

static inline void pause_ms(long milliseconds) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Until a watcher has recognised the workload. */
static inline void wait_to_be_known(void) {
    pause_ms(1000);
}

#endif
