/* A build without a compiler. */
#include "watched.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCES 40
#define HEADERS 8

static const char *const FOLDERS[] = {"near", "vendor", "include"};

static VISIBLE int find_header(int header) {
    for (int n = 0; n < 3; n++) {
        char path[64];
        snprintf(path, sizeof path, "%s/header-%d.h", FOLDERS[n], header);
        int file = open(path, O_RDONLY);
        if (file >= 0)
            return file;
    }
    return -1;
}

static VISIBLE int compile(int source) {
    char object[32], byte;
    int found = 0;
    for (int header = 0; header < HEADERS; header++) {
        int file = find_header(header);
        found += file >= 0 && read(file, &byte, 1) == 1;
        close(file);
    }
    snprintf(object, sizeof object, "object-%d.o", source);
    int file = open(object, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    write(file, "object\n", 7);
    close(file);
    return found;
}

static VISIBLE void link_program(void) {
    char object[32];
    int program = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (int n = 0; n < SOURCES; n++) {
        snprintf(object, sizeof object, "object-%d.o", n);
        close(open(object, O_RDONLY));
        unlink(object);
    }
    close(program);
    unlink("program");
}

int main(void) {
    char path[64];
    for (int n = 0; n < 3; n++)
        mkdir(FOLDERS[n], 0700);
    for (int n = 0; n < HEADERS; n++) {
        snprintf(path, sizeof path, "include/header-%d.h", n);
        int file = open(path, O_WRONLY | O_CREAT, 0600);
        write(file, "\n", 1);
        close(file);
    }
    wait_to_be_known();
    int found = 0;
    for (int n = 0; n < SOURCES; n++) {
        found += compile(n);
        pause_ms(20);
    }
    link_program();
    for (int n = 0; n < HEADERS; n++) {
        snprintf(path, sizeof path, "include/header-%d.h", n);
        unlink(path);
    }
    for (int n = 0; n < 3; n++)
        rmdir(FOLDERS[n]);
    return found != SOURCES * HEADERS;
}
