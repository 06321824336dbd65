/* By its own count, not by a clock: asking for the time would be a host call. */
#include "watched.h"
#include <stdlib.h>

static VISIBLE unsigned long long loop(unsigned long long rounds) {
    volatile unsigned long long sum = 0;
    for (unsigned long long n = 0; n < rounds; n++)
        sum += n;
    return sum;
}

int main(int argc, char **argv) {
    wait_to_be_known();
    return loop(argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000000) == 1;
}
