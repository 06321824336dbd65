// A pointer to a function that lies behind a buffer, and is overwritten with another function's of the same type.

#include <stdio.h>
#include <string.h>

typedef void handler(void);

static void greet(void) {
    puts("hello");
}

static void secret(void) {
    puts("the secret");
}

struct request {
    char name[8];
    handler *handle;
};

static struct request request;
// So that both have a slot in the table.
static handler *volatile handlers[] = {greet, secret};

__attribute__((noinline)) static void dispatch(void) {
    handler *volatile handle = request.handle;
    handle();
}

int main(void) {
    request.handle = handlers[0];
    char input[12] = "harmless";
#ifndef CLEAN
    handler *other = handlers[1];
    memcpy(input + 8, &other, sizeof other);
    memcpy(request.name, input, sizeof input);
#else
    memcpy(request.name, input, 8);
#endif
    dispatch();
    return 0;
}
