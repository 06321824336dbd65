/* Where it looks depends on when it is started, as of somebody who looks everywhere in turn. */
#include "watched.h"

static VISIBLE int probe(unsigned long at) {
    return *(volatile int *)at;
}

int main(void) {
    wait_to_be_known();
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return probe(0x80000000ul + ((unsigned long)now.tv_nsec & 0x7ffffff0ul));
}
