/* Makes noise, in bursts: more than a watcher tells of one process. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void burst(void) {
    for (int n = 0; n < 3000; n++)
        close(open("noise", O_RDONLY));
}

int main(void) {
    close(open("noise", O_WRONLY | O_CREAT, 0600));
    wait_to_be_known();
    for (int second = 0; second < 6; second++) {
        burst();
        pause_ms(1000);
    }
    unlink("noise");
    return 0;
}
