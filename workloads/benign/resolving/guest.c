/* What a client of some services asks for. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void resolve(int number) {
    static const char *const SERVICES[] = {"www", "api", "static", "images", "login", "mail", "db", "cache", "queue", "metrics"};
    char name[64];
    snprintf(name, sizeof name, "%s.shop.example", SERVICES[number % 10]);
    ask_dns(name, DNS_A);
}

int main(void) {
    wait_to_be_known();
    for (int number = 0; number < 20; number++) {
        resolve(number);
        pause_ms(50);
    }
    return 0;
}
