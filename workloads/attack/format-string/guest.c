/* Prints what lies on its stack, if it is told to. */
#include "watched.h"

#pragma clang diagnostic ignored "-Wformat-security"

static VISIBLE void greet(const char *volatile name) {
    printf(name);
    putchar('\n');
}

int main(int count, char **arguments) {
    wait_to_be_known();
    greet(count > 1 ? arguments[1] : "%x.%x");
    return 0;
}
