/* Looks for its master under ever other names. All are of a domain that cannot be. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void ask_next(int number) {
    char name[64];
    snprintf(name, sizeof name, "host-%d.generated.example", number);
    ask_dns(name, DNS_A);
}

int main(void) {
    wait_to_be_known();
    for (int number = 0; number < 120; number++)
        ask_next(number);
    return 0;
}
