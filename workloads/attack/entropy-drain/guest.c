/* Random numbers cost the host more than the guest that asks for them. */
#include "watched.h"

#include <unistd.h>

static VISIBLE void drain(void) {
    static char bytes[256];
    for (int n = 0; n < 131072; n++)
        getentropy(bytes, sizeof bytes);
}

int main(void) {
    wait_to_be_known();
    drain();
    return 0;
}
