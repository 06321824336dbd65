//! WASI proposals that are in no released world (<https://github.com/WebAssembly/WASI/tree/main/proposals>).

use super::WitInterface;
use crate::Capability::{self, *};

pub(super) const TABLE: &[WitInterface] = &[
    (
        "wasi:nn/tensor",
        &[(
            &[],
            "[constructor]tensor [method]tensor.dimensions [method]tensor.ty [method]tensor.data [resource-drop]tensor",
        )],
    ),
    (
        "wasi:nn/graph",
        &[
            (&[NeuralNetwork], "load load-by-name"),
            (&[], "[method]graph.init-execution-context [resource-drop]graph"),
        ],
    ),
    (
        "wasi:nn/inference",
        &[
            (
                &[NeuralNetwork],
                "[method]graph-execution-context.compute [method]graph-execution-context.set-input \
                 [method]graph-execution-context.get-output",
            ),
            (&[], "[resource-drop]graph-execution-context"),
        ],
    ),
    ("wasi:nn/errors", &[(&[], "[method]error.code [method]error.data [resource-drop]error")]),
    (
        "wasi:keyvalue/store",
        &[
            (
                &[Storage],
                "open [method]bucket.get [method]bucket.set [method]bucket.delete [method]bucket.exists",
            ),
            (&[Storage], "[method]bucket.list-keys"),
            (&[], "[resource-drop]bucket"),
        ],
    ),
    ("wasi:keyvalue/batch", &[(&[Storage], "get-many set-many delete-many")]),
    (
        "wasi:keyvalue/atomics",
        &[
            (&[Storage], "increment swap [constructor]cas [static]cas.new [method]cas.current"),
            (&[], "[resource-drop]cas"),
        ],
    ),
    ("wasi:keyvalue/watcher", &[(&[], "on-set on-delete")]),
    (
        "wasi:blobstore/blobstore",
        &[(&[Storage], "create-container get-container delete-container container-exists")],
    ),
    ("wasi:config/store", &[(&[Configuration], "get get-all")]),
    ("wasi:config/runtime", &[(&[Configuration], "get get-all")]),
    ("wasi:logging/logging", &[(&[Logging], "log")]),
    ("wasi:messaging/producer", &[(&[Messaging], "send")]),
    ("wasi:messaging/request-reply", &[(&[Messaging], "request reply")]),
    ("wasi:messaging/incoming-handler", &[(&[Messaging], "handle")]),
    (
        "wasi:tls/types",
        &[
            (
                &[],
                "[constructor]client-handshake [static]client-handshake.finish [resource-drop]client-handshake \
                 [method]client-connection.close-output [resource-drop]client-connection",
            ),
            (
                &[],
                "[method]future-client-streams.subscribe [method]future-client-streams.get \
                 [resource-drop]future-client-streams [method]error.to-debug-string [resource-drop]error",
            ),
        ],
    ),
    (
        "wasi:tls/client",
        &[(
            &[],
            "[constructor]connector [method]connector.send [method]connector.receive [static]connector.connect \
             [resource-drop]connector",
        )],
    ),
];

/// Preview-1 style namespaces, `wasi_ephemeral_` in front of the name.
pub(super) const EPHEMERAL: &[(&str, &[Capability])] = &[
    ("nn", &[NeuralNetwork]),
    ("crypto_common", &[Cryptography]),
    ("crypto_asymmetric_common", &[Cryptography]),
    ("crypto_kx", &[Cryptography]),
    ("crypto_signatures", &[Cryptography]),
    ("crypto_signatures_batch", &[Cryptography]),
    ("crypto_symmetric", &[Cryptography]),
    ("crypto_external_secrets", &[Cryptography]),
    ("http", &[HttpClient]),
];
