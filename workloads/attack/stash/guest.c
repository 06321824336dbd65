/* Carries bytes in a custom section, which engines skip: a loader that knows of it could read them. The guest itself cannot. */
#include "watched.h"

/* A hash of the numbers from 0 on, which looks encrypted and is not. */
__asm__(".macro hashed\n"
        ".int8 ((\\@ * \\@ * 2654435761 + \\@ * 40503) >> 15) & 255\n"
        ".endm\n"
        ".section .custom_section.stash,\"\",@\n"
        ".rept 16384\n"
        "hashed\n"
        ".endr\n"
        ".text\n");

int main(void) {
    wait_to_be_known();
    return 0;
}
