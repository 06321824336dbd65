/* Asks for files outside of its directory, by ever other paths, and is refused. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE int probe(int depth) {
    char path[256];
    int at = snprintf(path, sizeof path, "a%d", depth);
    for (int n = 0; n <= depth + 1; n++)
        at += snprintf(path + at, sizeof path - at, "/..");
    snprintf(path + at, sizeof path - at, "/etc/shadow");
    int file = open(path + 3 + (depth > 9), O_RDONLY);
    if (file >= 0)
        close(file);
    return file >= 0;
}

int main(void) {
    wait_to_be_known();
    int opened = 0;
    for (int depth = 0; depth < 15; depth++)
        opened += probe(depth);
    printf("opened %d of 15\n", opened);
    return opened != 0;
}
