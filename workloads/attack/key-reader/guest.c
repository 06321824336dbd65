/* Collects what lies in the usual places of keys; it has put empty ones there before. */
#include "watched.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const FOLDERS[] = {".ssh", ".aws", ".kube"};
static const char *const SECRETS[] = {".ssh/id_ed25519", ".aws/credentials", ".kube/config", ".netrc"};
#define COUNT(LIST) (int)(sizeof LIST / sizeof *LIST)

static VISIBLE int steal(const char *path) {
    char byte;
    int file = open(path, O_RDONLY), length = (int)read(file, &byte, 1);
    close(file);
    return length;
}

int main(void) {
    for (int n = 0; n < COUNT(FOLDERS); n++)
        mkdir(FOLDERS[n], 0700);
    for (int n = 0; n < COUNT(SECRETS); n++)
        close(open(SECRETS[n], O_WRONLY | O_CREAT, 0600));
    wait_to_be_known();
    for (int n = 0; n < COUNT(SECRETS); n++)
        steal(SECRETS[n]);
    for (int n = 0; n < COUNT(SECRETS); n++)
        unlink(SECRETS[n]);
    for (int n = 0; n < COUNT(FOLDERS); n++)
        rmdir(FOLDERS[n]);
    return 0;
}
