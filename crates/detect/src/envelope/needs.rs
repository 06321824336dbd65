//! Which capabilities an act can come from.

use wasmscope_model::Kind;

/// Any of these allows the act; none is ever enough for an empty list. `None` for what is no act.
pub(super) fn of_kind(kind: Kind) -> Option<&'static [&'static str]> {
    Some(match kind {
        // For reading or for writing is an argument of the same import, and a directory is opened for either.
        Kind::Opened => &["read-files", "write-files", "list-directories", "file-metadata", "storage"],
        Kind::Created | Kind::Removed | Kind::Renamed | Kind::Linked | Kind::Truncated => {
            &["write-files", "storage"]
        }
        Kind::Connected | Kind::Peer => &["connect", "http-client", "resolve-names", "messaging", "storage"],
        Kind::Asked => &["resolve-names", "connect", "http-client", "messaging", "storage"],
        // A socket that sends is bound, too.
        Kind::Bound => &["listen", "connect", "http-server", "http-client", "messaging"],
        Kind::Accepted | Kind::Listening => &["listen", "http-server", "messaging"],
        Kind::Forked | Kind::Executed => &["processes"],
        Kind::SignalSent => &["signals", "processes"],
        Kind::WritableExecutable | Kind::Sensitive => &[],
        _ => return None,
    })
}

/// Classes of host calls that can lead to the act, beside functions of the host's own. `None` for what is no act, and for those of
/// the network: connections are made and accepted while the guest waits for them, and hooks do not tell agents of waiting.
pub(crate) fn act_classes(kind: Kind) -> Option<&'static [&'static str]> {
    Some(match kind {
        // Random numbers may come from a device.
        Kind::Opened => &["files", "random"],
        Kind::Created | Kind::Removed | Kind::Renamed | Kind::Linked | Kind::Truncated => &["files"],
        Kind::SignalSent => &["process"],
        Kind::WritableExecutable | Kind::Sensitive => &[],
        _ => return None,
    })
}
