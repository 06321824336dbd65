/* Server and client in one: it never has more than one connection to care for. */
#include "watched.h"
#include "sockets.h"

#include <fcntl.h>
#include <unistd.h>

static const char *const FILES[] = {"index.html", "style.css", "logo.svg"};

static VISIBLE int start_server(int32_t socket, struct endpoint *at) {
    for (at->port = 18080; at->port < 18100; at->port++)
        if (listen_tcp(socket, instance_network(), *at) == 0)
            return 0;
    return 1;
}

static VISIBLE int serve_file(int32_t output, const char *name) {
    char content[64];
    int file = open(name, O_RDONLY);
    int length = (int)read(file, content, sizeof content);
    close(file);
    struct transfer result;
    output_write(output, content, length, &result);
    return length <= 0 || result.failed;
}

static VISIBLE int get(int32_t listener, struct endpoint at, const char *name) {
    struct handles client, connected, accepted;
    struct plain started;
    tcp_create(0, &client);
    if (client.failed)
        return failure("socket", client.error);
    tcp_start_connect(client.handle[0], instance_network(), FLAT(at), &started);
    if (started.failed)
        return failure("connect", started.error);
    /* The kernel connects both before the server accepts. */
    wait_for(tcp_subscribe(client.handle[0]));
    tcp_finish_connect(client.handle[0], &connected);
    if (connected.failed || accept_tcp(listener, &accepted))
        return 1;
    int failed = serve_file(accepted.handle[2], name);
    if (!failed) {
        struct transfer answer;
        wait_for(input_subscribe(connected.handle[0]));
        input_read(connected.handle[0], 64, &answer);
        failed = answer.failed;
    }
    for (int side = 0; side < 2; side++) {
        input_drop(side ? accepted.handle[1] : connected.handle[0]);
        output_drop(side ? accepted.handle[2] : connected.handle[1]);
    }
    tcp_drop(accepted.handle[0]);
    tcp_drop(client.handle[0]);
    return failed;
}

int main(void) {
    __wasm_call_ctors();
    struct endpoint at = {.bytes = {127, 0, 0, 1}};
    struct handles listener;
    for (int n = 0; n < 3; n++) {
        int file = open(FILES[n], O_WRONLY | O_CREAT | O_TRUNC, 0600);
        write(file, FILES[n], strlen(FILES[n]));
        close(file);
    }
    wait_to_be_known();
    tcp_create(0, &listener);
    if (listener.failed)
        return failure("socket", listener.error);
    int failed = start_server(listener.handle[0], &at);
    for (int n = 0; n < 30 && !failed; n++) {
        failed = get(listener.handle[0], at, FILES[n % 3]);
        pause_ms(20);
    }
    tcp_drop(listener.handle[0]);
    for (int n = 0; n < 3; n++)
        unlink(FILES[n]);
    return failed;
}
