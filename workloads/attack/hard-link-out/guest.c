/* A hard link within its directory to a file without would be a file that it may read. */
#include "watched.h"

#include <unistd.h>

static VISIBLE int take(const char *from, const char *to) {
    return link(from, to) == 0;
}

int main(void) {
    wait_to_be_known();
    int taken = take("../../../../../../etc/hostname", "taken-1") + take("../wasmscope-nothing", "taken-2");
    unlink("taken-1");
    unlink("taken-2");
    printf("took %d of 2\n", taken);
    return taken != 0;
}
