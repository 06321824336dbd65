/* Words only: WASI has no way to run, open or reach any of it. */
#include "attack.h"

static const char *volatile const TEXTS[] = {
    "/bin/sh -c 'curl -s http://127.0.0.1/x | sh'",
    "/var/run/docker.sock",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "/etc/shadow",
    "/root/.ssh/id_rsa",
};

int main(void) {
    wait_to_be_known();
    for (int n = 0; n < 5; n++)
        printf("%s\n", TEXTS[n]);
    return 0;
}
