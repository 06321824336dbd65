/* Talks to loopback addresses by wasi:sockets 0.2: TCP both ways, UDP, and a DNS question. */
#include "sockets.h"

#include <time.h>

static const char LINE[] = "hello from the guest `net`\n";

/* Prints what was received, as far as it is text. */
static void print_data(const char *step, const char *data, size_t length) {
    printf("%s: ", step);
    for (size_t i = 0; i < length && data[i] != '\n'; i++)
        putchar(data[i] >= ' ' && data[i] <= '~' ? data[i] : '?');
    putchar('\n');
    fflush(stdout);
}

static VISIBLE int send_stream(int32_t output, const char *data, size_t length) {
    struct transfer result;
    output_write(output, data, (int32_t)length, &result);
    if (result.failed) {
        if (!result.closed)
            error_drop(result.error);
        say("send: failed");
        return 1;
    }
    say("send: ok");
    return 0;
}

/* Reads once; gives an empty answer for a stream that is closed. */
static VISIBLE int receive_stream(int32_t input, struct transfer *result) {
    wait_for(input_subscribe(input));
    input_read(input, 1024, result);
    if (result->failed) {
        int closed = result->closed;
        if (!closed)
            error_drop(result->error);
        say(closed ? "receive: closed" : "receive: failed");
        return 1;
    }
    print_data("receive", result->data, result->length);
    return 0;
}

static VISIBLE int tcp_client(struct endpoint to) {
    struct handles created, streams;
    tcp_create(to.is_v6, &created);
    if (created.failed)
        return failure("socket", created.error);
    int32_t socket = created.handle[0];
    int failed = connect_tcp(socket, instance_network(), to, &streams);
    if (!failed) {
        struct transfer answer;
        failed = send_stream(streams.handle[1], LINE, strlen(LINE)) ||
                 receive_stream(streams.handle[0], &answer);
        if (!failed)
            free(answer.data);
        input_drop(streams.handle[0]);
        output_drop(streams.handle[1]);
    }
    tcp_drop(socket);
    return failed;
}

/* Echoes one message of one connection. */
static VISIBLE int tcp_server(struct endpoint at) {
    struct handles created, accepted;
    tcp_create(at.is_v6, &created);
    if (created.failed)
        return failure("socket", created.error);
    int32_t socket = created.handle[0];
    int failed = listen_tcp(socket, instance_network(), at) || accept_tcp(socket, &accepted);
    if (!failed) {
        struct transfer message;
        failed = receive_stream(accepted.handle[1], &message);
        if (!failed) {
            failed = send_stream(accepted.handle[2], message.data, message.length);
            free(message.data);
        }
        input_drop(accepted.handle[1]);
        output_drop(accepted.handle[2]);
        tcp_drop(accepted.handle[0]);
    }
    tcp_drop(socket);
    return failed;
}

static VISIBLE int dns_client(struct endpoint to, const char *name) {
    unsigned char question[512];
    size_t length = dns_question(name, question);
    if (length == 0) {
        say("dns: not a name");
        return 1;
    }
    return udp_client(to, question, length, 1, 1);
}

/* Loopback addresses only: a test must not reach beyond its machine. */
static int parse_endpoint(const char *address, const char *port, struct endpoint *endpoint) {
    char end;
    unsigned *bytes = endpoint->bytes;
    memset(endpoint, 0, sizeof *endpoint);
    endpoint->port = (uint16_t)atoi(port);
    if (strcmp(address, "::1") == 0) {
        endpoint->is_v6 = 1;
        return 1;
    }
    return sscanf(address, "%u.%u.%u.%u%c", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &end) == 4 &&
           bytes[0] == 127 && bytes[1] < 256 && bytes[2] < 256 && bytes[3] < 256;
}

static VISIBLE void pause_for(long milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static int usage(void) {
    fputs("usage: net [pause MS] tcp|refused|listen|udp|sendto ADDRESS PORT\n"
          "       net [pause MS] dns ADDRESS PORT NAME     (addresses: 127.x.x.x and ::1)\n", stderr);
    return 2;
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "pause") == 0) {
        pause_for(atol(argv[2]));
        argc -= 2;
        argv += 2;
    }
    struct endpoint endpoint;
    if (argc < 4 || !parse_endpoint(argv[2], argv[3], &endpoint))
        return usage();
    const char *mode = argv[1];
    if (strcmp(mode, "tcp") == 0)
        return tcp_client(endpoint);
    if (strcmp(mode, "refused") == 0)
        return !tcp_client(endpoint);
    if (strcmp(mode, "listen") == 0)
        return tcp_server(endpoint);
    if (strcmp(mode, "udp") == 0)
        return udp_client(endpoint, LINE, strlen(LINE), 1, 0);
    if (strcmp(mode, "sendto") == 0)
        return udp_client(endpoint, LINE, strlen(LINE), 0, 0);
    if (strcmp(mode, "dns") == 0 && argc > 4)
        return dns_client(endpoint, argv[4]);
    return usage();
}
