/* Burns the host's time instead of its own. */
#include "watched.h"

#include <poll.h>

static VISIBLE void spin(void) {
    for (int n = 0; n < 20000; n++)
        poll(NULL, 0, 0);
}

int main(void) {
    wait_to_be_known();
    for (int second = 0; second < 2; second++) {
        spin();
        pause_ms(500);
    }
    return 0;
}
