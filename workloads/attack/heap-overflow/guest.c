// Writes behind the end of a chunk from malloc; or before it, or frees it twice.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int offset =
#if defined(CLEAN)
    23;
#elif defined(UNDERFLOW)
    -4;
#elif defined(DOUBLE_FREE)
    0;
#else
    24;
#endif

int main(void) {
    char *volatile first = malloc(24), *volatile second = calloc(3, 8);
    strcpy(second, "second");
    first[offset] = 'x';
    first = realloc(first, 400);
    void *aligned = NULL;
    if (posix_memalign(&aligned, 64, 100) != 0 || (size_t)aligned % 64 != 0) {
        return 1;
    }
    memset(aligned, 7, 100);
    puts(second);
    free(aligned);
    free(second);
#ifdef DOUBLE_FREE
    free(second);
#endif
    free(first);
    return 0;
}
