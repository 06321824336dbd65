/* Decodes what it carries, in memory, as a program does that hides from scanners. What comes out is as meaningless as what went in. */
#include "watched.h"

#include <stdint.h>

#define PACKED 49152

extern uint8_t packed[PACKED];

/* A hash of the numbers from 0 on: no picture of code or text. */
__asm__(".macro hashed\n"
        ".int8 ((\\@ * \\@ * 2654435761 + \\@ * 40503) >> 15) & 255\n"
        ".endm\n"
        ".section .data.packed,\"\",@\n"
        "packed:\n"
        ".rept 49152\n"
        "hashed\n"
        ".endr\n"
        ".size packed, 49152\n");

static VISIBLE uint8_t unpack(uint8_t key) {
    uint8_t last = 0;
    for (int n = 0; n < PACKED; n++) {
        packed[n] ^= key;
        key = (uint8_t)(key * 13 + 7);
        last = packed[n];
    }
    return last;
}

int main(void) {
    wait_to_be_known();
    printf("%d\n", unpack(23));
    return 0;
}
