/* Tries again, with a pause. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void try_again(void) {
    struct endpoint to = {.port = 9, .bytes = {127, 0, 0, 1}};
    connect_and_close(to);
}

int main(void) {
    wait_to_be_known();
    for (int n = 0; n < 60; n++) {
        try_again();
        pause_ms(50);
    }
    return 0;
}
