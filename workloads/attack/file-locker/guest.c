/* Writes each of 60 files of its own anew and renames it, as somebody does who encrypts a folder; turns only a byte. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

#define FILES 60

static VISIBLE void lock_file(int n) {
    char plain[32], locked[32], byte = 'a';
    snprintf(plain, sizeof plain, "document-%d", n);
    snprintf(locked, sizeof locked, "document-%d.locked", n);
    int file = open(plain, O_RDWR | O_CREAT, 0600);
    byte ^= 0x55;
    write(file, &byte, 1);
    close(file);
    rename(plain, locked);
}

int main(void) {
    wait_to_be_known();
    for (int n = 0; n < FILES; n++)
        lock_file(n);
    for (int n = 0; n < FILES; n++) {
        char locked[32];
        snprintf(locked, sizeof locked, "document-%d.locked", n);
        unlink(locked);
    }
    return 0;
}
