/* Directories cost an inode and a block each, and a quota of bytes in files does not see them. */
#include "watched.h"

#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS 700

static const char *name(int n) {
    static char name[32];
    snprintf(name, sizeof name, "folder-%d", n);
    return name;
}

static VISIBLE void make_folders(void) {
    for (int n = 0; n < FOLDERS; n++)
        mkdir(name(n), 0700);
}

static VISIBLE void remove_folders(void) {
    for (int n = 0; n < FOLDERS; n++)
        rmdir(name(n));
}

int main(void) {
    wait_to_be_known();
    make_folders();
    pause_ms(1200);
    remove_folders();
    return 0;
}
