//! Patterns of peers: a direction, a transport, and where.
//!
//! `out tcp 10.1.2.3:443`, `in tcp 10.1.2.4:* to 8080`, `at udp [::]:53`, `out unix /run/app.sock`.

use crate::path::generalise;
use std::{borrow::Cow, fmt::Write as _, net::IpAddr};
use wasmscope_model::activity::NetworkAct;

/// The coarsest level.
pub(crate) const TOP: u8 = 4;
/// From here on Linux chooses ports itself (`ip_local_port_range`): they say nothing.
const EPHEMERAL: u16 = 32_768;

/// Where the other end is, or the own one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    /// The peer, which was asked.
    Out,
    /// The peer, which asked.
    In,
    /// The socket's own address.
    At,
}

/// Appends the pattern of what was done with a socket; `false` where nothing is known of its addresses.
pub(crate) fn generalise_peer(act: &NetworkAct, side: Side, to: &mut String) -> bool {
    let transport = act.transport.as_deref().unwrap_or("unknown");
    let (word, address, port) = match side {
        Side::Out => ("out", act.peer_address, act.peer_port),
        Side::In => ("in", act.peer_address, None),
        Side::At => ("at", act.local_address, act.local_port),
    };
    let _ = write!(to, "{word} {transport} ");
    match (address, &act.path) {
        (Some(address), _) => {
            endpoint(address, port, to);
            if let (Side::In, Some(port)) = (side, act.local_port) {
                to.push_str(" to ");
                push_port(port, to);
            }
        }
        (None, Some(path)) => generalise(path, to),
        (None, None) => return false,
    }
    true
}

/// Appends an address and a port, which is `*` where it says nothing.
pub(crate) fn endpoint(address: IpAddr, port: Option<u16>, to: &mut String) {
    let address = address.to_canonical();
    let _ = match address {
        IpAddr::V4(address) => write!(to, "{address}:"),
        IpAddr::V6(address) => write!(to, "[{address}]:"),
    };
    push_port(port.unwrap_or(u16::MAX), to);
}

fn push_port(port: u16, to: &mut String) {
    let _ = if port >= EPHEMERAL { write!(to, "*") } else { write!(to, "{port}") };
}

/// Level 1: its network (/24, /48). Level 2: which kind of network. Level 3: any port there.
pub(crate) fn coarsen(pattern: &str, level: u8) -> Cow<'_, str> {
    let mut parts = pattern.splitn(4, ' ');
    let (Some(side), Some(transport), Some(place)) = (parts.next(), parts.next(), parts.next()) else {
        return Cow::Borrowed(pattern);
    };
    let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
    let (address, is_network) = match host.split_once('/') {
        Some((network, _)) => (network, true),
        None => (host, false),
    };
    let rest = parts.next().map_or(String::new(), |rest| format!(" {rest}"));
    let address: Option<IpAddr> = address.trim_matches(['[', ']']).parse().ok();
    let place = match (address, level) {
        (Some(_), 1) if is_network => return Cow::Borrowed(pattern),
        (Some(address), 1) => format!("{}:{port}", network(address)),
        (Some(address), 2) => format!("{}:{port}", kind(address)),
        (Some(address), _) => kind(address).to_owned(),
        (None, 3..) if KINDS.contains(&host) => host.to_owned(),
        (None, _) => return Cow::Borrowed(pattern),
    };
    Cow::Owned(format!("{side} {transport} {place}{rest}"))
}

fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("[{}]/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

const KINDS: [&str; 3] = ["loopback", "internal", "public"];

/// Of every address of a network (/24, /48) the same, but for some in networks that hold nothing else.
fn kind(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(v4) if v4.octets()[0] == 127 => "loopback",
        IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() || v4.octets()[..3] == [0; 3] => "internal",
        // `::1` lies in a network of its own kind.
        IpAddr::V6(v6) if v6.segments()[..3] == [0; 3] => "loopback",
        IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => "internal",
        IpAddr::V4(_) | IpAddr::V6(_) => "public",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_become_networks_and_kinds_of_networks() {
        for (pattern, by_level) in [
            ("out tcp 10.1.2.3:443", ["out tcp 10.1.2.0/24:443", "out tcp internal:443", "out tcp internal"]),
            (
                "out tcp [2001:db8:1:2::3]:80",
                ["out tcp [2001:db8:1::]/48:80", "out tcp public:80", "out tcp public"],
            ),
            (
                "in tcp 127.0.0.1:* to 80",
                ["in tcp 127.0.0.0/24:* to 80", "in tcp loopback:* to 80", "in tcp loopback to 80"],
            ),
            ("out unix /run/a.sock", ["out unix /run/a.sock"; 3]),
        ] {
            for (level, expected) in by_level.into_iter().enumerate() {
                assert_eq!(coarsen(pattern, level as u8 + 1), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn to_coarsen_twice_is_to_coarsen_once(address: [u8; 16], v6: bool, port: u16, a in 1u8..TOP, b in 1u8..TOP) {
            let address = if v6 {
                IpAddr::from(address)
            } else {
                IpAddr::from([address[0], address[1], address[2], address[3]])
            };
            let mut pattern = "out udp ".to_owned();
            endpoint(address, Some(port), &mut pattern);
            let twice = coarsen(&coarsen(&pattern, a), b).into_owned();
            prop_assert_eq!(twice, coarsen(&pattern, a.max(b)));
        }
    }
}
