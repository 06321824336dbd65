// Recursion that is deeper than the shadow stack is long: it grows into the data below.

#include <stdio.h>

#ifdef CLEAN
#define DEPTH 20
#else
#define DEPTH 200
#endif

// The first bytes of a program's data, with nothing of it below.
char important[64] = "this must not change";

__attribute__((noinline)) static int descend(int depth) {
    volatile char frame[1024];
    for (int i = 0; i < 1024; i++) {
        frame[i] = (char)depth;
    }
    if (depth == 0) {
        return frame[7];
    }
    return descend(depth - 1) + frame[depth & 1023];
}

int main(void) {
    int sum = descend(DEPTH);
    puts(important);
    return sum == 12345;
}
