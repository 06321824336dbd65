/* Makes 700 empty files in its directory and removes them again, as fast as it can within the watcher's budget. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

#define FILES 700

static const char *name(int n) {
    static char name[32];
    snprintf(name, sizeof name, "wiped-%d", n);
    return name;
}

static VISIBLE void make(void) {
    for (int n = 0; n < FILES; n++)
        close(open(name(n), O_WRONLY | O_CREAT | O_EXCL, 0600));
}

static VISIBLE void wipe(void) {
    for (int n = 0; n < FILES; n++)
        unlink(name(n));
}

int main(void) {
    wait_to_be_known();
    make();
    pause_ms(1200);
    wipe();
    return 0;
}
