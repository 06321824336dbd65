/* Words, and a connection to a port where nobody listens: WASI has no way to run a shell, and no file of the host is opened. */
#include "watched.h"
#include "sockets.h"

static const char *volatile const TEXTS[] = {
    "/bin/sh -c 'curl -s http://127.0.0.1/x | sh'",
    "/var/run/docker.sock",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "/etc/shadow",
};

static VISIBLE void go_to_the_network(void) {
    struct endpoint to = {.port = 9, .bytes = {127, 0, 0, 1}};
    connect_and_close(to);
}

int main(void) {
    wait_to_be_known();
    go_to_the_network();
    for (int n = 0; n < 4; n++)
        printf("%s\n", TEXTS[n]);
    return 0;
}
