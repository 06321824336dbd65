/* The names stay, the content is gone: no storm of removals. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

#define FILES 150

static const char *name(int n) {
    static char name[32];
    snprintf(name, sizeof name, "record-%d", n);
    return name;
}

static VISIBLE void cut(int n) {
    close(open(name(n), O_WRONLY | O_TRUNC));
}

int main(void) {
    for (int n = 0; n < FILES; n++) {
        int file = open(name(n), O_WRONLY | O_CREAT, 0600);
        write(file, "record\n", 7);
        close(file);
    }
    wait_to_be_known();
    for (int n = 0; n < FILES; n++)
        cut(n);
    for (int n = 0; n < FILES; n++)
        unlink(name(n));
    return 0;
}
