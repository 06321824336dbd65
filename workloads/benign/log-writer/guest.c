/* A chatty service with rotating logs. */
#include "watched.h"

#include <unistd.h>

static VISIBLE void rotate(void) {
    rename("service.log.1", "service.log.2");
    rename("service.log", "service.log.1");
}

static VISIBLE void log_lines(int from, int count) {
    FILE *file = fopen("service.log", "a");
    for (int n = from; n < from + count; n++) {
        fprintf(file, "request %d was answered\n", n);
        printf("request %d was answered\n", n);
    }
    fclose(file);
}

int main(void) {
    wait_to_be_known();
    for (int n = 0; n < 20000; n += 2000) {
        log_lines(n, 2000);
        rotate();
        pause_ms(50);
    }
    unlink("service.log.1");
    unlink("service.log.2");
    return 0;
}
