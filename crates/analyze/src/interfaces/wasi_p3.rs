//! WASI 0.3 (<https://github.com/WebAssembly/WASI>), as Wasmtime 48 carries it.

use super::WitInterface;
use crate::Capability::*;

pub(super) const TABLE: &[WitInterface] = &[
    (
        "wasi:cli/environment",
        &[(&[Environment], "get-environment"), (&[Arguments], "get-arguments"), (&[], "get-initial-cwd")],
    ),
    ("wasi:cli/exit", &[(&[Exit], "exit exit-with-code")]),
    ("wasi:cli/run", &[(&[], "run")]),
    ("wasi:cli/stdin", &[(&[Stdio], "read-via-stream")]),
    ("wasi:cli/stdout", &[(&[Stdio], "write-via-stream")]),
    ("wasi:cli/stderr", &[(&[Stdio], "write-via-stream")]),
    ("wasi:cli/terminal-input", &[(&[], "[resource-drop]terminal-input")]),
    ("wasi:cli/terminal-output", &[(&[], "[resource-drop]terminal-output")]),
    ("wasi:cli/terminal-stdin", &[(&[Terminal], "get-terminal-stdin")]),
    ("wasi:cli/terminal-stdout", &[(&[Terminal], "get-terminal-stdout")]),
    ("wasi:cli/terminal-stderr", &[(&[Terminal], "get-terminal-stderr")]),
    (
        "wasi:clocks/monotonic-clock",
        &[(&[Clock], "now get-resolution"), (&[Clock, Poll], "wait-until wait-for")],
    ),
    ("wasi:clocks/system-clock", &[(&[Clock], "now get-resolution")]),
    ("wasi:clocks/timezone", &[(&[Clock], "iana-id utc-offset to-debug-string")]),
    ("wasi:filesystem/preopens", &[(&[], "get-directories")]),
    (
        "wasi:filesystem/types",
        &[
            (&[ReadFiles, WriteFiles], "[method]descriptor.open-at"),
            (&[ReadFiles], "[method]descriptor.read-via-stream"),
            (
                &[WriteFiles],
                "[method]descriptor.write-via-stream [method]descriptor.append-via-stream [method]descriptor.set-size \
                 [method]descriptor.set-times [method]descriptor.set-times-at [method]descriptor.create-directory-at \
                 [method]descriptor.link-at [method]descriptor.remove-directory-at [method]descriptor.rename-at \
                 [method]descriptor.symlink-at [method]descriptor.unlink-file-at",
            ),
            (&[ListDirectories], "[method]descriptor.read-directory"),
            (
                &[FileMetadata],
                "[method]descriptor.stat-at [method]descriptor.readlink-at [method]descriptor.metadata-hash-at",
            ),
            (
                &[],
                "[method]descriptor.advise [method]descriptor.sync-data [method]descriptor.get-flags \
                 [method]descriptor.get-type [method]descriptor.sync [method]descriptor.stat \
                 [method]descriptor.is-same-object [method]descriptor.metadata-hash [resource-drop]descriptor",
            ),
        ],
    ),
    // Imported it passes a request on; exporting it makes a server.
    ("wasi:http/handler", &[(&[HttpClient], "handle")]),
    ("wasi:http/client", &[(&[HttpClient], "send")]),
    (
        "wasi:http/types",
        &[
            (
                &[],
                "[constructor]fields [static]fields.from-list [method]fields.get [method]fields.has [method]fields.set \
                 [method]fields.delete [method]fields.get-and-delete [method]fields.append [method]fields.copy-all \
                 [method]fields.clone [resource-drop]fields",
            ),
            (
                &[],
                "[static]request.new [method]request.get-method [method]request.set-method \
                 [method]request.get-path-with-query [method]request.set-path-with-query [method]request.get-scheme \
                 [method]request.set-scheme [method]request.get-authority [method]request.set-authority \
                 [method]request.get-options [method]request.get-headers [static]request.consume-body \
                 [resource-drop]request",
            ),
            (
                &[],
                "[constructor]request-options [method]request-options.get-connect-timeout \
                 [method]request-options.set-connect-timeout [method]request-options.get-first-byte-timeout \
                 [method]request-options.set-first-byte-timeout [method]request-options.get-between-bytes-timeout \
                 [method]request-options.set-between-bytes-timeout [method]request-options.clone \
                 [resource-drop]request-options",
            ),
            (
                &[],
                "[static]response.new [method]response.get-status-code [method]response.set-status-code \
                 [method]response.get-headers [static]response.consume-body [resource-drop]response",
            ),
        ],
    ),
    ("wasi:random/random", &[(&[Random], "get-random-bytes get-random-u64")]),
    ("wasi:random/insecure", &[(&[Random], "get-insecure-random-bytes get-insecure-random-u64")]),
    ("wasi:random/insecure-seed", &[(&[Random], "get-insecure-seed")]),
    ("wasi:sockets/ip-name-lookup", &[(&[ResolveNames], "resolve-addresses")]),
    (
        "wasi:sockets/types",
        &[
            (&[Connect], "[method]tcp-socket.connect [method]udp-socket.connect [method]udp-socket.send"),
            (
                &[Listen],
                "[method]tcp-socket.bind [method]tcp-socket.listen [method]udp-socket.bind [method]udp-socket.receive",
            ),
            (
                &[],
                "[static]tcp-socket.create [method]tcp-socket.send [method]tcp-socket.receive \
                 [method]tcp-socket.get-local-address [method]tcp-socket.get-remote-address \
                 [method]tcp-socket.get-is-listening [method]tcp-socket.get-address-family \
                 [method]tcp-socket.set-listen-backlog-size [method]tcp-socket.get-keep-alive-enabled \
                 [method]tcp-socket.set-keep-alive-enabled [method]tcp-socket.get-keep-alive-idle-time \
                 [method]tcp-socket.set-keep-alive-idle-time [method]tcp-socket.get-keep-alive-interval \
                 [method]tcp-socket.set-keep-alive-interval [method]tcp-socket.get-keep-alive-count \
                 [method]tcp-socket.set-keep-alive-count [method]tcp-socket.get-hop-limit \
                 [method]tcp-socket.set-hop-limit [method]tcp-socket.get-receive-buffer-size \
                 [method]tcp-socket.set-receive-buffer-size [method]tcp-socket.get-send-buffer-size \
                 [method]tcp-socket.set-send-buffer-size [resource-drop]tcp-socket",
            ),
            (
                &[],
                "[static]udp-socket.create [method]udp-socket.disconnect [method]udp-socket.get-local-address \
                 [method]udp-socket.get-remote-address [method]udp-socket.get-address-family \
                 [method]udp-socket.get-unicast-hop-limit [method]udp-socket.set-unicast-hop-limit \
                 [method]udp-socket.get-receive-buffer-size [method]udp-socket.set-receive-buffer-size \
                 [method]udp-socket.get-send-buffer-size [method]udp-socket.set-send-buffer-size \
                 [resource-drop]udp-socket",
            ),
        ],
    ),
];
