/* Connects as fast as it can. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void storm(void) {
    struct endpoint to = {.port = 9, .bytes = {127, 0, 0, 1}};
    for (int n = 0; n < 600; n++)
        connect_and_close(to);
}

int main(void) {
    wait_to_be_known();
    storm();
    return 0;
}
