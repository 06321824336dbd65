/* Reports to the same peer at even distances, as malware asks its master for work. Nobody listens there. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void report(void) {
    struct endpoint master = {.port = 4444, .bytes = {127, 0, 0, 1}};
    connect_and_close(master);
}

int main(void) {
    wait_to_be_known();
    for (int n = 0; n < 14; n++) {
        report();
        pause_ms(700);
    }
    return 0;
}
