/* Would reach its master by Tor, if there were either. */
#include "watched.h"
#include "sockets.h"

/* No key has this form: it is a counted alphabet. */
static const char *volatile const MASTER = "http://abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion/";

static VISIBLE void call_home(void) {
    struct endpoint proxy = {.port = 9050, .bytes = {127, 0, 0, 1}};
    connect_and_close(proxy);
}

int main(void) {
    wait_to_be_known();
    call_home();
    printf("%s\n", MASTER);
    return 0;
}
