/* Reads a secret and goes to the network with it. The secret is empty, and nobody listens. */
#include "watched.h"
#include "sockets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static VISIBLE void read_key(void) {
    close(open(".ssh/id_rsa", O_RDONLY));
}

static VISIBLE void carry_out(void) {
    struct endpoint to = {.port = 9, .bytes = {127, 0, 0, 1}};
    connect_and_close(to);
}

int main(void) {
    __wasm_call_ctors();
    mkdir(".ssh", 0700);
    close(open(".ssh/id_rsa", O_WRONLY | O_CREAT, 0600));
    wait_to_be_known();
    read_key();
    carry_out();
    unlink(".ssh/id_rsa");
    rmdir(".ssh");
    return 0;
}
