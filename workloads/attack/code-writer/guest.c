/* Leaves a file behind that a runtime would load as compiled code, if somebody told it to. It holds four bytes of nothing. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void write_code(void) {
    int file = open("plugin.cwasm", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    write(file, "none", 4);
    close(file);
    unlink("plugin.cwasm");
}

int main(void) {
    wait_to_be_known();
    write_code();
    return 0;
}
