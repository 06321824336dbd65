/* A stack protector whose secret is a constant in memory that the guest can write: whoever overflows a buffer knows what to put there,
 * and can change it first. */
#include "watched.h"
#include <stdint.h>

uintptr_t __stack_chk_guard = 0;

void __stack_chk_fail(void) {
    __builtin_trap();
}

static VISIBLE int changed(void) {
    volatile uintptr_t *guard = &__stack_chk_guard;
    uintptr_t before = *guard;
    *guard = before + 1;
    return *guard == __stack_chk_guard;
}

static VISIBLE int protected_by(uintptr_t expected) {
    volatile uintptr_t canary = expected;
    if (canary != __stack_chk_guard)
        __stack_chk_fail();
    return 1;
}

int main(void) {
    wait_to_be_known();
    printf("changed: %d\n", changed() + protected_by(__stack_chk_guard));
    return 0;
}
