use crate::look::{quoted, reaches_network, texts};
use crate::{Found, Rule};
use std::net::IpAddr;
use wasmscope_analyze::Facts;
use wasmscope_analyze::facts::TextClass;
use wasmscope_model::{Confidence, Severity};

pub(super) static RULE: Rule = Rule {
    id: "fixed-address",
    title: "connects, and names public addresses by number",
    severity: Severity::Low,
    confidence: Confidence::percent(60),
    threat: "E4",
    cwe: &[],
    attack: &["T1071"],
    sources: &["https://attack.mitre.org/techniques/T1071/", "RFC 6890"],
    description: "The module can connect, and its data names a public IP address with a port, or a URL \
        with one in place of a name. Programs name hosts; malware often goes around the name service, \
        which is logged.",
    remediation: "Allow only the peers that are expected, by a firewall or a network namespace around the runtime.",
    false_positives: "Addresses of public name servers (8.8.8.8:53), examples and tests.",
    check,
};

/// The address in `1.2.3.4:80`, `[2001:db8::1]:80` or `http://1.2.3.4/`.
fn address(text: &str) -> Option<IpAddr> {
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split('/').next()?;
    if let Some((inside, _)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inside.parse().ok();
    }
    authority.split(':').next()?.parse().ok()
}

/// Not private, local or for documentation. Of IPv6 only what is delegated (2000::/3) is public.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            let other = v4.octets()[0] == 0 || v4.octets()[0] >= 224 || shared;
            !(other || v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation())
        }
        IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000 && v6.segments()[..2] != [0x2001, 0xdb8],
    }
}

fn check(facts: &Facts, found: &mut Found) {
    if !reaches_network(facts) {
        return;
    }
    for module in &facts.modules {
        let both = texts(module, TextClass::Address).chain(texts(module, TextClass::Url));
        let public: Vec<_> = both.filter(|text| address(&text.value).is_some_and(is_public)).collect();
        if let Some(first) = public.first() {
            let message = format!("can connect, and names {}", quoted(public.iter().map(|text| &text.value)));
            found.in_module(module, message).at(first.offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{address, is_public};

    #[test]
    fn public_addresses_are_told_from_others() {
        for text in ["http://5.9.1.2/a:b", "5.9.1.2:443", "[2606:4700::1111]:53"] {
            assert!(address(text).is_some_and(is_public), "{text}");
        }
        for text in [
            "10.0.0.1:80",
            "100.64.1.1:1",
            "192.0.2.1:1",
            "255.255.255.255:1",
            "0.0.0.0:1",
            "http://example.com/5.9.1.2",
            "[::1]:80",
            "[2001:db8::1]:80",
            "http://[fe80::1]/",
        ] {
            assert!(!address(text).is_some_and(is_public), "{text}");
        }
    }
}
