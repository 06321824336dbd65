/* A table and its journal. */
#include "watched.h"

#include <fcntl.h>
#include <unistd.h>

static VISIBLE void append(int number) {
    int journal = open("table.journal", O_WRONLY | O_CREAT | O_APPEND, 0600);
    write(journal, &number, sizeof number);
    fsync(journal);
    close(journal);
}

static VISIBLE void checkpoint(int table, int number) {
    char page[4096] = {(char)number};
    pwrite(table, page, sizeof page, number % 64 * (off_t)sizeof page);
    fdatasync(table);
    close(open("table.journal", O_WRONLY | O_TRUNC));
}

int main(void) {
    wait_to_be_known();
    int table = open("table", O_RDWR | O_CREAT, 0600);
    for (int number = 1; number <= 200; number++) {
        append(number);
        if (number % 20 == 0)
            checkpoint(table, number);
    }
    close(table);
    unlink("table");
    unlink("table.journal");
    return 0;
}
