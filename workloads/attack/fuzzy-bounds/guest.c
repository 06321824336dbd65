/* Reads beyond the end of its memory and traps. Started again and again, as by a supervisor, it looks for what lies there. */
#include "watched.h"

static VISIBLE int look_beyond(unsigned long at) {
    return *(volatile int *)at;
}

int main(void) {
    wait_to_be_known();
    return look_beyond(0xf0000000ul);
}
