//! IPv4 and IPv6 addresses with a port, around a colon.

use super::bytes::{byte, run, widen, word_before};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The address whose port follows the colon at `colon`. Versions (`1.2.3.4`) have no port; times have no dots.
pub(super) fn around(bytes: &[u8], colon: usize) -> Option<Range<usize>> {
    let port = run(bytes, colon + 1, 6, |c| c.is_ascii_digit());
    let number: u32 = std::str::from_utf8(port).ok()?.parse().ok()?;
    if !matches!(number, 1..=65535) {
        return None;
    }
    let here = colon..colon;
    let range = match byte(bytes, colon.checked_sub(1)?)? {
        b']' => {
            let inner = colon - 1;
            let hexadecimal = |c: u8| c.is_ascii_hexdigit() || c == b':' || c == b'.';
            let address = widen(bytes, inner..inner, (45, 0), hexadecimal);
            text(bytes, address.clone())?.parse::<Ipv6Addr>().ok()?;
            let open = address.start.checked_sub(1)?;
            (byte(bytes, open)? == b'[').then_some(open..colon)?
        }
        b'0'..=b'9' => {
            let address = widen(bytes, here, (15, 0), |c| c.is_ascii_digit() || c == b'.');
            text(bytes, address.clone())?.parse::<Ipv4Addr>().ok()?;
            let before = address.start.checked_sub(1).and_then(|n| byte(bytes, n));
            (before != Some(b'.') && !word_before(bytes, address.start)).then_some(address)?
        }
        _ => return None,
    };
    Some(range.start..colon + 1 + port.len())
}

fn text(bytes: &[u8], range: Range<usize>) -> Option<&str> {
    std::str::from_utf8(bytes.get(range)?).ok()
}
