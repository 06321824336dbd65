/* Opens a file through a known chain of calls, right after deeper calls that are over by then. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A FIFO without a writer lets the guest wait in the open itself. */
static const char *const GATE = "gate";

/* Kept apart so that each shows by name in a guest stack. Not calling last of all keeps a frame. */
#define VISIBLE __attribute__((noinline))

static volatile int sink;

static VISIBLE int inner(int flags) {
    int file = open(GATE, flags);
    sink = file;
    return file;
}

/* Recursion: the same function, and the same return address, several times. */
static VISIBLE int middle(int depth) {
    int file = depth > 1 ? middle(depth - 1) : inner(O_RDONLY);
    sink = depth;
    return file;
}

/* Called through the table, as a comparator or a callback is. */
static VISIBLE int chosen(int depth) {
    int file = middle(depth);
    sink = file;
    return file;
}

static int (*volatile callback)(int) = chosen;

/* Goes far deeper than the chain above, and to the host from there: what it leaves on the native stack
 * looks like frames, and is none. */
static VISIBLE void noise(int depth) {
    char text[64];
    if (depth > 0) {
        noise(depth - 1);
    } else {
        snprintf(text, sizeof text, "%a %s", sink / 3.0, GATE);
        sink = access(text, R_OK);
    }
    sink = depth;
}

static VISIBLE int outer(int depth) {
    noise(100);
    int file = callback(depth);
    sink = file;
    return file;
}

int main(int argc, char **argv) {
    int depth = argc > 1 ? atoi(argv[1]) : 1;
    for (;;) {
        int file = outer(depth);
        if (file < 0) {
            perror(GATE);
            return 1;
        }
        close(file);
    }
}
