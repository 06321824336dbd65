//! WASI 0.2 (<https://github.com/WebAssembly/WASI/tree/main/proposals>): the worlds `wasi:cli` and `wasi:http`.

use super::WitInterface;
use crate::Capability::*;

pub(super) const TABLE: &[WitInterface] = &[
    (
        "wasi:cli/environment",
        &[(&[Environment], "get-environment"), (&[Arguments], "get-arguments"), (&[], "initial-cwd")],
    ),
    ("wasi:cli/exit", &[(&[Exit], "exit exit-with-code")]),
    ("wasi:cli/run", &[(&[], "run")]),
    ("wasi:cli/stdin", &[(&[Stdio], "get-stdin")]),
    ("wasi:cli/stdout", &[(&[Stdio], "get-stdout")]),
    ("wasi:cli/stderr", &[(&[Stdio], "get-stderr")]),
    ("wasi:cli/terminal-input", &[(&[], "[resource-drop]terminal-input")]),
    ("wasi:cli/terminal-output", &[(&[], "[resource-drop]terminal-output")]),
    ("wasi:cli/terminal-stdin", &[(&[Terminal], "get-terminal-stdin")]),
    ("wasi:cli/terminal-stdout", &[(&[Terminal], "get-terminal-stdout")]),
    ("wasi:cli/terminal-stderr", &[(&[Terminal], "get-terminal-stderr")]),
    (
        "wasi:clocks/monotonic-clock",
        &[(&[Clock], "now resolution"), (&[Clock, Poll], "subscribe-instant subscribe-duration")],
    ),
    ("wasi:clocks/wall-clock", &[(&[Clock], "now resolution")]),
    ("wasi:clocks/timezone", &[(&[Clock], "display utc-offset")]),
    ("wasi:filesystem/preopens", &[(&[], "get-directories")]),
    (
        "wasi:filesystem/types",
        &[
            (&[ReadFiles, WriteFiles], "[method]descriptor.open-at"),
            (&[ReadFiles], "[method]descriptor.read-via-stream [method]descriptor.read"),
            (
                &[WriteFiles],
                "[method]descriptor.write-via-stream [method]descriptor.append-via-stream [method]descriptor.write \
                 [method]descriptor.set-size [method]descriptor.set-times [method]descriptor.set-times-at \
                 [method]descriptor.create-directory-at [method]descriptor.link-at [method]descriptor.remove-directory-at \
                 [method]descriptor.rename-at [method]descriptor.symlink-at [method]descriptor.unlink-file-at",
            ),
            (&[ListDirectories], "[method]descriptor.read-directory"),
            (
                &[],
                "[method]directory-entry-stream.read-directory-entry [resource-drop]directory-entry-stream",
            ),
            (
                &[FileMetadata],
                "[method]descriptor.stat-at [method]descriptor.readlink-at [method]descriptor.metadata-hash-at",
            ),
            (
                &[],
                "[method]descriptor.advise [method]descriptor.sync-data [method]descriptor.get-flags \
                 [method]descriptor.get-type [method]descriptor.sync [method]descriptor.stat \
                 [method]descriptor.is-same-object [method]descriptor.metadata-hash [resource-drop]descriptor \
                 filesystem-error-code",
            ),
        ],
    ),
    ("wasi:http/incoming-handler", &[(&[HttpServer], "handle")]),
    ("wasi:http/outgoing-handler", &[(&[HttpClient], "handle")]),
    // Values to talk about HTTP with; requests go out through the handlers.
    (
        "wasi:http/types",
        &[
            (
                &[],
                "[constructor]fields [static]fields.from-list [method]fields.get [method]fields.has [method]fields.set \
                 [method]fields.delete [method]fields.append [method]fields.entries [method]fields.clone \
                 [resource-drop]fields http-error-code",
            ),
            (
                &[],
                "[method]incoming-request.method [method]incoming-request.path-with-query [method]incoming-request.scheme \
                 [method]incoming-request.authority [method]incoming-request.headers [method]incoming-request.consume \
                 [resource-drop]incoming-request",
            ),
            (
                &[],
                "[constructor]outgoing-request [method]outgoing-request.body [method]outgoing-request.method \
                 [method]outgoing-request.set-method [method]outgoing-request.path-with-query \
                 [method]outgoing-request.set-path-with-query [method]outgoing-request.scheme \
                 [method]outgoing-request.set-scheme [method]outgoing-request.authority \
                 [method]outgoing-request.set-authority [method]outgoing-request.headers [resource-drop]outgoing-request",
            ),
            (
                &[],
                "[constructor]request-options [method]request-options.connect-timeout \
                 [method]request-options.set-connect-timeout [method]request-options.first-byte-timeout \
                 [method]request-options.set-first-byte-timeout [method]request-options.between-bytes-timeout \
                 [method]request-options.set-between-bytes-timeout [resource-drop]request-options",
            ),
            (
                &[HttpServer],
                "[static]response-outparam.set [method]response-outparam.send-informational \
                 [resource-drop]response-outparam",
            ),
            (
                &[],
                "[method]incoming-response.status [method]incoming-response.headers [method]incoming-response.consume \
                 [resource-drop]incoming-response [method]incoming-body.stream [static]incoming-body.finish \
                 [resource-drop]incoming-body [method]future-trailers.subscribe [method]future-trailers.get \
                 [resource-drop]future-trailers",
            ),
            (
                &[],
                "[constructor]outgoing-response [method]outgoing-response.status-code \
                 [method]outgoing-response.set-status-code [method]outgoing-response.headers \
                 [method]outgoing-response.body [resource-drop]outgoing-response [method]outgoing-body.write \
                 [static]outgoing-body.finish [resource-drop]outgoing-body",
            ),
            (
                &[],
                "[method]future-incoming-response.subscribe [method]future-incoming-response.get \
                 [resource-drop]future-incoming-response",
            ),
        ],
    ),
    ("wasi:io/error", &[(&[], "[method]error.to-debug-string [resource-drop]error")]),
    (
        "wasi:io/poll",
        &[(&[Poll], "poll [method]pollable.block"), (&[], "[method]pollable.ready [resource-drop]pollable")],
    ),
    // Streams belong to whatever opened them: files, sockets, standard output.
    (
        "wasi:io/streams",
        &[
            (
                &[],
                "[method]input-stream.read [method]input-stream.blocking-read [method]input-stream.skip \
                 [method]input-stream.blocking-skip [method]input-stream.subscribe [resource-drop]input-stream",
            ),
            (
                &[],
                "[method]output-stream.check-write [method]output-stream.write \
                 [method]output-stream.blocking-write-and-flush [method]output-stream.flush \
                 [method]output-stream.blocking-flush [method]output-stream.subscribe [method]output-stream.write-zeroes \
                 [method]output-stream.blocking-write-zeroes-and-flush [method]output-stream.splice \
                 [method]output-stream.blocking-splice [resource-drop]output-stream",
            ),
        ],
    ),
    ("wasi:random/random", &[(&[Random], "get-random-bytes get-random-u64")]),
    ("wasi:random/insecure", &[(&[Random], "get-insecure-random-bytes get-insecure-random-u64")]),
    ("wasi:random/insecure-seed", &[(&[Random], "insecure-seed")]),
    ("wasi:sockets/instance-network", &[(&[], "instance-network")]),
    ("wasi:sockets/network", &[(&[], "[resource-drop]network network-error-code")]),
    (
        "wasi:sockets/ip-name-lookup",
        &[
            (&[ResolveNames], "resolve-addresses"),
            (
                &[],
                "[method]resolve-address-stream.resolve-next-address [method]resolve-address-stream.subscribe \
                 [resource-drop]resolve-address-stream",
            ),
        ],
    ),
    ("wasi:sockets/tcp-create-socket", &[(&[], "create-tcp-socket")]),
    ("wasi:sockets/udp-create-socket", &[(&[], "create-udp-socket")]),
    (
        "wasi:sockets/tcp",
        &[
            (&[Connect], "[method]tcp-socket.start-connect [method]tcp-socket.finish-connect"),
            (
                &[Listen],
                "[method]tcp-socket.start-bind [method]tcp-socket.finish-bind [method]tcp-socket.start-listen \
                 [method]tcp-socket.finish-listen [method]tcp-socket.accept",
            ),
            (
                &[],
                "[method]tcp-socket.local-address [method]tcp-socket.remote-address [method]tcp-socket.is-listening \
                 [method]tcp-socket.address-family [method]tcp-socket.set-listen-backlog-size \
                 [method]tcp-socket.keep-alive-enabled [method]tcp-socket.set-keep-alive-enabled \
                 [method]tcp-socket.keep-alive-idle-time [method]tcp-socket.set-keep-alive-idle-time \
                 [method]tcp-socket.keep-alive-interval [method]tcp-socket.set-keep-alive-interval \
                 [method]tcp-socket.keep-alive-count [method]tcp-socket.set-keep-alive-count \
                 [method]tcp-socket.hop-limit [method]tcp-socket.set-hop-limit \
                 [method]tcp-socket.receive-buffer-size [method]tcp-socket.set-receive-buffer-size \
                 [method]tcp-socket.send-buffer-size [method]tcp-socket.set-send-buffer-size \
                 [method]tcp-socket.subscribe [method]tcp-socket.shutdown [resource-drop]tcp-socket",
            ),
        ],
    ),
    (
        "wasi:sockets/udp",
        &[
            (&[Listen], "[method]udp-socket.start-bind [method]udp-socket.finish-bind"),
            // With or without a remote address, datagrams go where the module says.
            (&[Connect], "[method]udp-socket.stream [method]outgoing-datagram-stream.send"),
            (&[Listen], "[method]incoming-datagram-stream.receive"),
            (
                &[],
                "[method]udp-socket.local-address [method]udp-socket.remote-address [method]udp-socket.address-family \
                 [method]udp-socket.unicast-hop-limit [method]udp-socket.set-unicast-hop-limit \
                 [method]udp-socket.receive-buffer-size [method]udp-socket.set-receive-buffer-size \
                 [method]udp-socket.send-buffer-size [method]udp-socket.set-send-buffer-size \
                 [method]udp-socket.subscribe [resource-drop]udp-socket \
                 [method]incoming-datagram-stream.subscribe [resource-drop]incoming-datagram-stream \
                 [method]outgoing-datagram-stream.check-send [method]outgoing-datagram-stream.subscribe \
                 [resource-drop]outgoing-datagram-stream",
            ),
        ],
    ),
];
