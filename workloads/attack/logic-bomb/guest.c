/* Waits until nobody looks any more. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void work(void) {
    close(open("diary", O_WRONLY | O_CREAT, 0600));
}

static VISIBLE int go_off(void) {
    int file = open("../../../../../../etc/shadow", O_RDONLY);
    if (file >= 0)
        close(file);
    return file >= 0;
}

int main(void) {
    wait_to_be_known();
    work();
    pause_ms(3000);
    int opened = go_off();
    work();
    unlink("diary");
    return opened;
}
