/* Fills the log of whoever keeps it. */
#include "watched.h"

#include <string.h>
#include <unistd.h>

static VISIBLE void flood(void) {
    static char line[4096];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (int n = 0; n < 8192; n++)
        write(1, line, sizeof line);
}

int main(void) {
    wait_to_be_known();
    flood();
    return 0;
}
