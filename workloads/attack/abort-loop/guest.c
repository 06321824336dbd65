/* A failed assertion is an `unreachable` in WebAssembly: a trap, which the runtime contains. */
#include "watched.h"

#include <stdlib.h>

static VISIBLE void fail_check(void) {
    abort();
}

int main(void) {
    wait_to_be_known();
    fail_check();
    return 0;
}
