/* Grows its memory by 2.5 GiB at once. None of it is touched, so the host gives address space only. */
#include "watched.h"

/* Of 64 KiB: 2.5 GiB. */
#define PAGES 40960

static VISIBLE long grow(long pages) {
    return (long)__builtin_wasm_memory_grow(0, pages);
}

int main(void) {
    wait_to_be_known();
    long before = grow(PAGES);
    pause_ms(1500);
    return before < 0;
}
