/* How fine is the clock? */
#include "watched.h"

static VISIBLE long long smallest_step(void) {
    long long smallest = 1000000000;
    struct timespec before, after;
    for (int n = 0; n < 1000000; n++) {
        clock_gettime(CLOCK_MONOTONIC, &before);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long long step = (after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec;
        if (step > 0 && step < smallest)
            smallest = step;
    }
    return smallest;
}

int main(void) {
    wait_to_be_known();
    printf("%lld ns\n", smallest_step());
    return 0;
}
