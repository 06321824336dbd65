/* Would ask a pool for work, if there were one. */
#include "watched.h"
#include "sockets.h"

static const char *volatile const POOL = "stratum+tcp://127.0.0.1:3333";
static const char *volatile const SUBSCRIBE = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cryptonight\"]}";

static VISIBLE void ask_for_work(void) {
    struct endpoint to = {.port = 3333, .bytes = {127, 0, 0, 1}};
    connect_and_close(to);
}

int main(void) {
    wait_to_be_known();
    ask_for_work();
    printf("%s %s\n", POOL, SUBSCRIBE);
    return 0;
}
