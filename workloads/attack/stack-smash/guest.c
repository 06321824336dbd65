// A copy without a bound into a buffer on the stack. What lies above it is the caller's.
// With an argument it stays for so many milliseconds, so that somebody can look at it.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static int check(const char *word) {
    char buffer[16];
    strcpy(buffer, word);
    return buffer[0] == 's' && buffer[1] == '3';
}

__attribute__((noinline)) static int login(const char *word) {
    volatile int admin[4] = {0};
    int known = check(word);
    return known || admin[0] != 0;
}

int main(int count, char **arguments) {
#ifdef CLEAN
    const char *volatile word = "short enough";
#else
    const char *volatile word = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
#endif
    puts(login(word) ? "let in" : "not let in");
    if (count > 1)
        usleep((useconds_t)atoi(arguments[1]) * 1000);
    return 0;
}
