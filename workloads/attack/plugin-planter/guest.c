/* Leaves a "plugin" behind. It holds four bytes of nothing. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void plant_plugin(void) {
    int file = open("libplugin.so", O_WRONLY | O_CREAT | O_EXCL, 0700);
    write(file, "none", 4);
    close(file);
    unlink("libplugin.so");
}

int main(void) {
    wait_to_be_known();
    plant_plugin();
    return 0;
}
