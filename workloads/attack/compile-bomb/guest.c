/* One function of more than a megabyte, which a compiler must look at as a whole. It is written as one line, repeated by macros. */
#include "watched.h"

static volatile unsigned cell[16];

#define ONE cell[0] = cell[1] * 2654435761u + cell[2]; cell[1] = cell[3] ^ (cell[0] >> 7); cell[2] = cell[1] + cell[4] * 40503u;
#define FOUR(X) X X X X
#define MANY(X) FOUR(FOUR(FOUR(FOUR(FOUR(FOUR(X))))))

static VISIBLE void bomb(void) {
    FOUR(MANY(ONE))
}

int main(void) {
    wait_to_be_known();
    bomb();
    return 0;
}
