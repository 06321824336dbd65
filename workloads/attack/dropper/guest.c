/* Brings a native program along and drops it. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

/* An ELF head for x86-64 with no program header: the kernel refuses it. */
static const unsigned char PAYLOAD[] = {
    0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x3e, 0, 1, 0, 0, 0,
    0,    0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0, 0,
    0,    0,   0,   0,   64, 0, 56, 0, 0, 0, 64, 0, 0, 0, 0, 0,
};

static VISIBLE void drop(void) {
    int file = open("dropped", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    write(file, PAYLOAD, sizeof PAYLOAD);
    close(file);
}

int main(void) {
    wait_to_be_known();
    drop();
    pause_ms(300);
    unlink("dropped");
    return 0;
}
