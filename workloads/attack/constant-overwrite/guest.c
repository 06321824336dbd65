// Writes into a string literal: in WebAssembly nothing prevents it.

#include <stdio.h>
#include <string.h>

static const char greeting[] = "constant text";
static char greeting_copy[] = "variable text";

int main(void) {
#ifdef CLEAN
    char *volatile target = greeting_copy;
#else
    char *volatile target = (char *)greeting;
#endif
    memcpy(target, "CHANGED!", 8);
    target[3] = '!';
    puts(greeting);
    puts(greeting_copy);
    return 0;
}
