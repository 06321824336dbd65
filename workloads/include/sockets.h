/* wasi:sockets 0.2 for guests in C, without a binding generator. A guest that includes it brings the `world.wit` of the guest `net`
 * (a link to it will do), and is a component.
 *
 * The imports are declared as the canonical ABI flattens them: a socket address becomes a case and eleven numbers, a result is
 * written to the place that the last argument gives. */
#ifndef WASMSCOPE_SOCKETS_H
#define WASMSCOPE_SOCKETS_H

#include "watched.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(MODULE, NAME) __attribute__((import_module("wasi:" MODULE "@0.2.12"), import_name(NAME)))

/* One case and its fields, as far as the larger case has any. */
#define ADDRESS int32_t tag, int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f, int32_t g, \
    int32_t h, int32_t i, int32_t j, int32_t k
/* IPv4: port and four bytes. IPv6: port, flow, eight groups, scope; of those only ::1 is used, so that
 * all but the last group are the zeroes in `bytes`. */
#define FLAT(ENDPOINT) (ENDPOINT).is_v6, (ENDPOINT).port, (ENDPOINT).bytes[0], (ENDPOINT).bytes[1], \
    (ENDPOINT).bytes[2], (ENDPOINT).bytes[3], 0, 0, 0, 0, (ENDPOINT).is_v6, 0

IMPORT("clocks/monotonic-clock", "subscribe-duration") int32_t subscribe_duration(int64_t nanoseconds);
IMPORT("io/poll", "poll") void poll_list(const int32_t *pollables, int32_t count, void *result);
IMPORT("io/poll", "[resource-drop]pollable") void pollable_drop(int32_t self);
IMPORT("io/error", "[resource-drop]error") void error_drop(int32_t self);
IMPORT("io/streams", "[method]input-stream.blocking-read")
void input_read(int32_t self, int64_t length, void *result);
IMPORT("io/streams", "[method]input-stream.subscribe") int32_t input_subscribe(int32_t self);
IMPORT("io/streams", "[resource-drop]input-stream") void input_drop(int32_t self);
IMPORT("io/streams", "[method]output-stream.blocking-write-and-flush")
void output_write(int32_t self, const void *data, int32_t length, void *result);
IMPORT("io/streams", "[resource-drop]output-stream") void output_drop(int32_t self);

IMPORT("sockets/instance-network", "instance-network") int32_t instance_network(void);

IMPORT("sockets/tcp-create-socket", "create-tcp-socket") void tcp_create(int32_t family, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.start-bind")
void tcp_start_bind(int32_t self, int32_t network, ADDRESS, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.finish-bind") void tcp_finish_bind(int32_t self, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.start-connect")
void tcp_start_connect(int32_t self, int32_t network, ADDRESS, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.finish-connect") void tcp_finish_connect(int32_t self, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.start-listen") void tcp_start_listen(int32_t self, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.finish-listen") void tcp_finish_listen(int32_t self, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.accept") void tcp_accept(int32_t self, void *result);
IMPORT("sockets/tcp", "[method]tcp-socket.subscribe") int32_t tcp_subscribe(int32_t self);
IMPORT("sockets/tcp", "[resource-drop]tcp-socket") void tcp_drop(int32_t self);

IMPORT("sockets/udp-create-socket", "create-udp-socket") void udp_create(int32_t family, void *result);
IMPORT("sockets/udp", "[method]udp-socket.start-bind")
void udp_start_bind(int32_t self, int32_t network, ADDRESS, void *result);
IMPORT("sockets/udp", "[method]udp-socket.finish-bind") void udp_finish_bind(int32_t self, void *result);
IMPORT("sockets/udp", "[method]udp-socket.stream")
void udp_stream(int32_t self, int32_t some, ADDRESS, void *result);
IMPORT("sockets/udp", "[resource-drop]udp-socket") void udp_drop(int32_t self);
IMPORT("sockets/udp", "[method]incoming-datagram-stream.receive")
void incoming_receive(int32_t self, int64_t limit, void *result);
IMPORT("sockets/udp", "[method]incoming-datagram-stream.subscribe") int32_t incoming_subscribe(int32_t self);
IMPORT("sockets/udp", "[resource-drop]incoming-datagram-stream") void incoming_drop(int32_t self);
IMPORT("sockets/udp", "[method]outgoing-datagram-stream.check-send")
void outgoing_check(int32_t self, void *result);
IMPORT("sockets/udp", "[method]outgoing-datagram-stream.send")
void outgoing_send(int32_t self, const void *datagrams, int32_t count, void *result);
IMPORT("sockets/udp", "[method]outgoing-datagram-stream.subscribe") int32_t outgoing_subscribe(int32_t self);
IMPORT("sockets/udp", "[resource-drop]outgoing-datagram-stream") void outgoing_drop(int32_t self);

/* Where the runtime puts lists that it returns. */
__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size) {
    (void)old_size, (void)align;
    void *new = realloc(old, new_size);
    if (!new)
        abort();
    return new;
}

/* For guests that open files, too: they call it first in `main`. Otherwise the linker wraps `cabi_realloc` so that it calls
 * constructors, and that of the preopened directories calls the host, in the middle of a host call, which is a trap. */
void __wasm_call_ctors(void);

/* For each wait, in nanoseconds. */
static const int64_t PATIENCE = 20000000000;

/* error-code of wasi:sockets/network, in its order. */
static const char *const ERRORS[] = {
    "unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout",
    "concurrency-conflict", "not-in-progress", "would-block", "invalid-state", "new-socket-limit",
    "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused",
    "connection-reset", "connection-aborted", "datagram-too-large", "name-unresolvable",
    "temporary-resolver-failure", "permanent-resolver-failure",
};
enum { WOULD_BLOCK = 8 };

struct endpoint {
    int is_v6;
    uint16_t port;
    unsigned bytes[4];
};

/* result<_, error-code> */
struct plain {
    uint8_t failed;
    uint8_t error;
};

/* result<…, error-code> of up to three handles. */
struct handles {
    uint8_t failed;
    union {
        uint8_t error;
        int32_t handle[3];
    };
};

/* result<u64, error-code> */
struct number {
    uint8_t failed;
    union {
        uint8_t error;
        uint64_t value;
    };
};

/* ip-socket-address; the larger case, IPv6, decides the size. */
struct address {
    uint8_t tag;
    uint32_t fields[7];
};

struct incoming {
    char *data;
    size_t length;
    struct address from;
};

/* result<list<incoming-datagram>, error-code> */
struct received {
    uint8_t failed;
    union {
        uint8_t error;
        struct {
            struct incoming *datagrams;
            size_t count;
        };
    };
};

struct outgoing {
    const void *data;
    size_t length;
    uint8_t has_address;
    struct address to;
};

/* result<list<u8>, stream-error> and result<_, stream-error> */
struct transfer {
    uint8_t failed;
    union {
        struct {
            char *data;
            size_t length;
        };
        struct {
            uint8_t closed;
            int32_t error;
        };
    };
};

_Static_assert(sizeof(struct incoming) == 40 && sizeof(struct outgoing) == 44, "the canonical ABI's sizes");

static void say(const char *step) {
    puts(step);
    /* A pipe is buffered, and who watches wants to compare times. */
    fflush(stdout);
}

static int failure(const char *step, uint8_t error) {
    const char *name = error < sizeof ERRORS / sizeof *ERRORS ? ERRORS[error] : "not in the list";
    printf("%s: %s\n", step, name);
    fflush(stdout);
    return 1;
}

/* Ends the guest when nothing comes: it must not outlive its test. */
static VISIBLE void wait_for(int32_t pollable) {
    int32_t pollables[2] = {pollable, subscribe_duration(PATIENCE)};
    struct {
        uint32_t *ready;
        size_t count;
    } result;
    poll_list(pollables, 2, &result);
    int timed_out = result.ready[0] != 0;
    free(result.ready);
    pollable_drop(pollables[0]);
    pollable_drop(pollables[1]);
    if (timed_out) {
        say("wait: too long");
        exit(1);
    }
}

/* Connects; the handles are the streams'. */
static VISIBLE int connect_tcp(int32_t socket, int32_t network, struct endpoint to, struct handles *streams) {
    struct plain started;
    tcp_start_connect(socket, network, FLAT(to), &started);
    if (started.failed)
        return failure("connect", started.error);
    for (;;) {
        tcp_finish_connect(socket, streams);
        if (!streams->failed)
            break;
        if (streams->error != WOULD_BLOCK)
            return failure("connect", streams->error);
        wait_for(tcp_subscribe(socket));
    }
    say("connect: ok");
    return 0;
}

static VISIBLE int listen_tcp(int32_t socket, int32_t network, struct endpoint at) {
    struct plain result;
    tcp_start_bind(socket, network, FLAT(at), &result);
    if (!result.failed)
        tcp_finish_bind(socket, &result);
    if (result.failed)
        return failure("bind", result.error);
    say("bind: ok");
    tcp_start_listen(socket, &result);
    if (!result.failed)
        tcp_finish_listen(socket, &result);
    if (result.failed)
        return failure("listen", result.error);
    say("listen: ok");
    return 0;
}

static VISIBLE int accept_tcp(int32_t socket, struct handles *accepted) {
    for (;;) {
        tcp_accept(socket, accepted);
        if (!accepted->failed)
            break;
        if (accepted->error != WOULD_BLOCK)
            return failure("accept", accepted->error);
        wait_for(tcp_subscribe(socket));
    }
    say("accept: ok");
    return 0;
}

/* With a receiver of its own, unless the socket is connected. */
static VISIBLE int send_datagram(int32_t outgoing, const void *data, size_t length, struct endpoint *to) {
    struct outgoing datagram = {.data = data, .length = length};
    if (to) {
        uint8_t *fields = (uint8_t *)datagram.to.fields;
        datagram.has_address = 1;
        datagram.to.tag = (uint8_t)to->is_v6;
        memcpy(fields, &to->port, sizeof to->port);
        for (int i = 0; i < 4; i++)
            fields[2 + i] = (uint8_t)to->bytes[i];
        /* ::1; the groups begin after port and flow. */
        if (to->is_v6)
            fields[8 + 7 * 2] = 1;
    }
    struct number result;
    for (;;) {
        outgoing_check(outgoing, &result);
        if (result.failed)
            return failure("send", result.error);
        if (result.value > 0)
            break;
        wait_for(outgoing_subscribe(outgoing));
    }
    outgoing_send(outgoing, &datagram, 1, &result);
    if (result.failed)
        return failure("send", result.error);
    say("send: ok");
    return 0;
}

static VISIBLE int receive_datagram(int32_t incoming) {
    struct received result;
    for (;;) {
        incoming_receive(incoming, 1, &result);
        if (result.failed)
            return failure("receive", result.error);
        if (result.count > 0)
            break;
        wait_for(incoming_subscribe(incoming));
    }
    printf("receive: %zu bytes\n", result.datagrams[0].length);
    free(result.datagrams[0].data);
    free(result.datagrams);
    return 0;
}

/* Sends one datagram and waits for an answer if there will be one. */
static VISIBLE int udp_client(struct endpoint to, const void *data, size_t length, int connected,
                              int answered) {
    struct endpoint local = {.is_v6 = to.is_v6, .bytes = {to.is_v6 ? 0 : 127, 0, 0, !to.is_v6}};
    struct handles created, streams;
    struct plain bound;
    udp_create(to.is_v6, &created);
    if (created.failed)
        return failure("socket", created.error);
    int32_t socket = created.handle[0];
    udp_start_bind(socket, instance_network(), FLAT(local), &bound);
    if (!bound.failed)
        udp_finish_bind(socket, &bound);
    if (bound.failed)
        return failure("bind", bound.error);
    udp_stream(socket, connected, FLAT(to), &streams);
    if (streams.failed)
        return failure("connect", streams.error);
    int failed = send_datagram(streams.handle[1], data, length, connected ? NULL : &to) ||
                 (answered && receive_datagram(streams.handle[0]));
    incoming_drop(streams.handle[0]);
    outgoing_drop(streams.handle[1]);
    udp_drop(socket);
    return failed;
}

/* A question for the A record of `name`; gives its length, or 0 for what is no name. */
static VISIBLE size_t dns_question(const char *name, unsigned char question[512]) {
    /* Number 0x5753, recursion wanted, one question. */
    static const unsigned char HEAD[12] = {0x57, 0x53, 0x01, 0, 0, 1};
    if (strlen(name) > 253)
        return 0;
    memcpy(question, HEAD, sizeof HEAD);
    size_t at = sizeof HEAD;
    while (*name) {
        size_t label = strcspn(name, ".");
        if (label == 0 || label > 63)
            return 0;
        question[at++] = (unsigned char)label;
        memcpy(question + at, name, label);
        at += label;
        name += label + (name[label] == '.');
    }
    /* The root, type A, class IN. */
    static const unsigned char TAIL[5] = {0, 0, 1, 0, 1};
    memcpy(question + at, TAIL, sizeof TAIL);
    return at + sizeof TAIL;
}

/* A connection that is closed at once, if there is one. Says nothing: it is for many of them. */
static VISIBLE void connect_and_close(struct endpoint to) {
    struct handles created, streams;
    struct plain started;
    tcp_create(to.is_v6, &created);
    if (created.failed)
        return;
    int32_t socket = created.handle[0];
    tcp_start_connect(socket, instance_network(), FLAT(to), &started);
    if (!started.failed) {
        wait_for(tcp_subscribe(socket));
        tcp_finish_connect(socket, &streams);
        if (!streams.failed) {
            input_drop(streams.handle[0]);
            output_drop(streams.handle[1]);
        }
    }
    tcp_drop(socket);
}

enum { DNS_A = 1, DNS_TXT = 16 };

/* Asks port 53 of 127.0.0.1 for a record, and waits for no answer. */
static VISIBLE void ask_dns(const char *name, unsigned char type) {
    struct endpoint to = {.port = 53, .bytes = {127, 0, 0, 1}};
    unsigned char question[512];
    size_t length = dns_question(name, question);
    question[length - 3] = type;
    udp_client(to, question, length, 1, 0);
}

#endif
