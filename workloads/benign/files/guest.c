/* Writes, reads back and removes a file in its preopened directory, again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Relative, so that it works for every name a runtime gives the directory. */
static const char *const NAME = "wasmscope-files.txt";
static const char TEXT[] = "written by the guest `files`\n";

/* Kept apart so that each shows by name in a guest stack. */
#define VISIBLE __attribute__((noinline))

static VISIBLE int write_file(void) {
    FILE *file = fopen(NAME, "w");
    if (!file)
        return -1;
    size_t written = fwrite(TEXT, 1, strlen(TEXT), file);
    return fclose(file) == 0 && written == strlen(TEXT) ? 0 : -1;
}

static VISIBLE int read_back(void) {
    char found[sizeof TEXT] = {0};
    FILE *file = fopen(NAME, "r");
    if (!file)
        return -1;
    size_t length = fread(found, 1, sizeof found, file);
    fclose(file);
    return length == strlen(TEXT) && strcmp(found, TEXT) == 0 ? 0 : -1;
}

static VISIBLE int remove_file(void) {
    return unlink(NAME);
}

int main(int argc, char **argv) {
    struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 20);
    do {
        if (write_file() || read_back() || remove_file()) {
            perror(NAME);
            return 1;
        }
        nanosleep(&pause, NULL);
    } while (time(NULL) < end);
    return 0;
}
