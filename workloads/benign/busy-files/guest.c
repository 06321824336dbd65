/* Does with files what a guest can do with them, and says what each step gave. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Relative, so that they work for every name a runtime gives the directory. */
static const char *const INPUT = "busy-input.txt";
static const char *const CREATED = "busy-created.txt";
static const char *const RENAMED = "busy-renamed.txt";
static const char *const HARD_LINK = "busy-hard-link.txt";
static const char *const SYMLINK = "busy-symlink.txt";
static const char *const DIRECTORY = "busy-directory";
static const char *const MISSING = "busy-missing.txt";
static const char *const OUTSIDE = "../../etc/passwd";
static const char TEXT[] = "written by the guest `busy-files`\n";

/* Kept apart so that each shows by name in a guest stack. */
#define VISIBLE __attribute__((noinline))

static int surprises;

static const char *name_of(int error) {
    static char number[16];
    switch (error) {
    case 0: return "ok";
    case ENOENT: return "ENOENT";
    case EPERM: return "EPERM";
    case EACCES: return "EACCES";
    case EEXIST: return "EEXIST";
    case ENOTCAPABLE: return "ENOTCAPABLE";
    default:
        snprintf(number, sizeof number, "errno %d", error);
        return number;
    }
}

/* One line for a step: what a call that gave `result` came to. */
static void step(const char *name, int result, int expected) {
    int error = result < 0 ? errno : 0;
    printf("%s: %s\n", name, name_of(error));
    /* A pipe is buffered, and who watches wants to compare times. */
    fflush(stdout);
    surprises += error != expected;
}

/* Leaves the input file alone if the caller brought one, and tells. */
static VISIBLE int prepare_input(void) {
    int file = open(INPUT, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (file < 0)
        return 0;
    step("prepare", (int)write(file, TEXT, strlen(TEXT)), 0);
    close(file);
    return 1;
}

static VISIBLE void read_existing(void) {
    char byte;
    int file = open(INPUT, O_RDONLY);
    step("open existing", file, 0);
    step("read existing", (int)read(file, &byte, 1), 0);
    close(file);
}

static VISIBLE void create_files(void) {
    int file = open(CREATED, O_WRONLY | O_CREAT | O_EXCL, 0644);
    step("create", file, 0);
    step("write", (int)write(file, TEXT, strlen(TEXT)), 0);
    step("fsync", fsync(file), 0);
    close(file);
}

static VISIBLE void read_back(void) {
    char found[sizeof TEXT] = {0};
    int file = open(CREATED, O_RDONLY);
    step("read back", (int)read(file, found, sizeof found), 0);
    close(file);
    surprises += strcmp(found, TEXT) != 0;
}

static VISIBLE void look_at_file(void) {
    struct stat status;
    step("stat", stat(CREATED, &status), 0);
    surprises += status.st_size != (off_t)strlen(TEXT);
}

static VISIBLE void rename_and_link(void) {
    step("rename", rename(CREATED, RENAMED), 0);
    step("link", link(RENAMED, HARD_LINK), 0);
    step("symlink", symlink(RENAMED, SYMLINK), 0);
    int file = open(SYMLINK, O_RDONLY);
    step("open symlink", file, 0);
    close(file);
}

static VISIBLE void use_directory(void) {
    step("mkdir", mkdir(DIRECTORY, 0755), 0);
    DIR *directory = opendir(DIRECTORY);
    step("opendir", directory ? 0 : -1, 0);
    if (directory) {
        readdir(directory);
        closedir(directory);
    }
    step("rmdir", rmdir(DIRECTORY), 0);
}

static VISIBLE void remove_files(void) {
    step("unlink symlink", unlink(SYMLINK), 0);
    step("unlink hard link", unlink(HARD_LINK), 0);
    step("unlink", unlink(RENAMED), 0);
}

static VISIBLE void open_missing(void) {
    step("open missing", open(MISSING, O_RDONLY), ENOENT);
}

/* Wasmtime lets the kernel refuse it (RESOLVE_BENEATH: EXDEV) and tells the guest EPERM. */
static VISIBLE void open_outside(void) {
    step("open outside", open(OUTSIDE, O_RDONLY), EPERM);
}

static VISIBLE void work(void) {
    read_existing();
    create_files();
    read_back();
    look_at_file();
    rename_and_link();
    use_directory();
    remove_files();
    open_missing();
    open_outside();
}

static VISIBLE void pause_for(long milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 1;
    long pause = argc > 3 && strcmp(argv[2], "pause") == 0 ? atol(argv[3]) : 0;
    int prepared = prepare_input();
    for (int round = 0; round < rounds; round++) {
        /* Also before the first: a watcher needs a moment to know the guest. */
        if (pause)
            pause_for(pause);
        work();
    }
    if (prepared)
        unlink(INPUT);
    printf("surprises: %d\n", surprises);
    return surprises != 0;
}
