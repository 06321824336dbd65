/* Walks a tree of its own. */
#include "watched.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS 20
#define FILES 6

static const char *path(int folder, int file) {
    static char path[64];
    if (file < 0)
        snprintf(path, sizeof path, "tree/%d", folder);
    else
        snprintf(path, sizeof path, "tree/%d/%d.txt", folder, file);
    return path;
}

static VISIBLE void plant(void) {
    mkdir("tree", 0700);
    for (int folder = 0; folder < FOLDERS; folder++) {
        mkdir(path(folder, -1), 0700);
        for (int file = 0; file < FILES; file++)
            close(open(path(folder, file), O_WRONLY | O_CREAT, 0600));
        pause_ms(20);
    }
}

static VISIBLE int walk(const char *folder) {
    int found = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct stat status;
        if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
            found += walk(path);
        } else {
            close(open(path, O_RDONLY));
            found++;
        }
    }
    closedir(directory);
    return found;
}

static VISIBLE void clear(void) {
    for (int folder = 0; folder < FOLDERS; folder++) {
        for (int file = 0; file < FILES; file++)
            unlink(path(folder, file));
        rmdir(path(folder, -1));
    }
    rmdir("tree");
}

int main(void) {
    wait_to_be_known();
    plant();
    int found = 0;
    for (int n = 0; n < 3; n++)
        found += walk("tree");
    clear();
    printf("%d\n", found);
    return found != 3 * FOLDERS * FILES;
}
