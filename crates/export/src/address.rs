//! Where to listen, as people write it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an address to listen on: write PORT (for 127.0.0.1), IP:PORT or [IPv6]:PORT, e.g. 127.0.0.1:9464"
)]
pub struct AddressError;

/// Understands `127.0.0.1:9464`, `[::1]:9464`, `:9464` and `9464`.
///
/// Without an IP it is 127.0.0.1: the page tells what runs on the host, so all interfaces have to be asked
/// for (`0.0.0.0:9464`). Port 0 lets the kernel choose. Names are not looked up.
///
/// # Errors
/// For anything else.
///
/// ```
/// assert_eq!(wasmscope_export::listen_address(":9464")?.to_string(), "127.0.0.1:9464");
/// # Ok::<(), wasmscope_export::AddressError>(())
/// ```
pub fn listen_address(text: &str) -> Result<SocketAddr, AddressError> {
    let port = text.strip_prefix(':').unwrap_or(text);
    // `parse` alone would take "+9464" for a number.
    if port.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = port.parse().map_err(|_| AddressError)?;
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| AddressError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        let cases = [
            ("9464", Some("127.0.0.1:9464")),
            (":9464", Some("127.0.0.1:9464")),
            ("0", Some("127.0.0.1:0")),
            ("127.0.0.1:9464", Some("127.0.0.1:9464")),
            ("0.0.0.0:9464", Some("0.0.0.0:9464")),
            ("[::1]:9464", Some("[::1]:9464")),
            ("::1:9464", None),
            ("localhost:9464", None),
            ("127.0.0.1", None),
            ("65536", None),
            ("+9464", None),
            (":", None),
            ("", None),
            ("9464\n", None),
        ];
        for (text, address) in cases {
            assert_eq!(listen_address(text).ok(), address.map(|a| a.parse().unwrap()), "{text:?}");
        }
    }
}
