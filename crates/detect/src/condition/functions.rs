//! What the functions of conditions compute.

use std::net::IpAddr;

/// The last component of a path.
pub(crate) fn basename(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// A name without its first label: of `a.b.example`, `b.example`; itself where it has only two.
pub(crate) fn parent_domain(name: &str) -> &str {
    let name = name.strip_suffix('.').unwrap_or(name);
    match name.split_once('.') {
        Some((_, rest)) if rest.contains('.') => rest,
        _ => name,
    }
}

/// Characters of the longest label of a name.
pub(crate) fn longest_label(name: &str) -> i64 {
    name.split('.').map(|label| label.chars().count()).max().unwrap_or(0) as i64
}

/// Shannon entropy over bytes, in bits per byte; of text that is the usual measure of randomness in names.
pub(crate) fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let all = text.len() as f64;
    let share = |count: &u32| f64::from(*count) / all;
    counts.iter().filter(|count| **count > 0).map(share).map(|p| -p * p.log2()).sum()
}

/// Private, link-local, loopback or unspecified.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local() || ip.is_unique_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            (basename("/a/b.sh"), basename("/a/"), basename("x"), basename("/")),
            ("b.sh", "a", "x", "")
        );
        assert_eq!(parent_domain("x.y.example.org."), "y.example.org");
        assert_eq!((parent_domain("example.org"), parent_domain("host")), ("example.org", "host"));
        assert_eq!(longest_label("abc.é.x"), 3);
    }

    #[test]
    fn entropy_is_in_bits() {
        assert_eq!((entropy(""), entropy("aaaa")), (0.0, 0.0));
        assert!((entropy("abcd") - 2.0).abs() < 1e-9);
    }

    #[test]
    fn internal_addresses_are_those_that_nobody_elsewhere_can_reach() {
        for internal in
            ["10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.0.1", "::1", "fe80::1", "fd00::1"]
        {
            assert!(is_internal(internal.parse().unwrap()), "{internal}");
        }
        assert!(!is_internal("203.0.113.1".parse().unwrap()) && !is_internal("2001:db8::1".parse().unwrap()));
    }
}
