/* Asks for orders. There is nobody to give any. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void ask_for_orders(void) {
    ask_dns("orders.example", DNS_TXT);
}

int main(void) {
    wait_to_be_known();
    for (int n = 0; n < 25; n++) {
        ask_for_orders();
        pause_ms(20);
    }
    return 0;
}
