/* One file for each request, gone with it. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void serve(int request) {
    char name[32], byte = 'x';
    snprintf(name, sizeof name, "request-%d.tmp", request);
    int file = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    write(file, &byte, 1);
    pread(file, &byte, 1, 0);
    close(file);
    unlink(name);
}

int main(void) {
    wait_to_be_known();
    for (int request = 0; request < 120; request++) {
        serve(request);
        pause_ms(20);
    }
    return 0;
}
