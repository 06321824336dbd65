/* Something is due every 20 ms. */
#include "watched.h"

#include <unistd.h>

static VISIBLE unsigned tick(void) {
    unsigned char bytes[16];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getentropy(bytes, sizeof bytes);
    return bytes[0] ^ (unsigned)now.tv_nsec;
}

int main(void) {
    unsigned sum = 0;
    for (int n = 0; n < 150; n++) {
        sum += tick();
        pause_ms(20);
    }
    printf("%u\n", sum);
    return 0;
}
