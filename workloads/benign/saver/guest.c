/* Saves as one should. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void save(int document, int version) {
    char name[32], text[64];
    snprintf(name, sizeof name, "document-%d", document);
    int length = snprintf(text, sizeof text, "version %d\n", version);
    int file = open("document.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    write(file, text, (size_t)length);
    fsync(file);
    close(file);
    rename("document.new", name);
}

int main(void) {
    wait_to_be_known();
    for (int version = 0; version < 12; version++)
        for (int document = 0; document < 5; document++)
            save(document, version);
    for (int document = 0; document < 5; document++) {
        char name[32];
        snprintf(name, sizeof name, "document-%d", document);
        unlink(name);
    }
    return 0;
}
