//! Versions of libraries with published vulnerabilities. Only ids and versions that are certain are here, and only those that
//! matter in a guest; a scanner with a database knows more.

use wasmscope_model::Severity;

/// One vulnerability.
#[derive(Debug)]
pub(crate) struct Known {
    /// The library or crate.
    name: &'static str,
    /// The first version that has it; empty: all.
    since: &'static str,
    /// The first version without it, as the library's texts tell it: of SQLite the date of its sources.
    pub(crate) fixed: &'static str,
    /// CVE or RustSec id, or what else is the matter.
    pub(crate) id: &'static str,
    /// Medium: memory can be corrupted by input, or a protection fails. Low: it hangs, crashes, or takes rare uses.
    pub(crate) severity: Severity,
}

const fn known(
    name: &'static str,
    since: &'static str,
    fixed: &'static str,
    id: &'static str,
    severity: Severity,
) -> Known {
    Known { name, since, fixed, id, severity }
}

use Severity::{Low, Medium};

/// By the names of the libraries in the facts.
#[rustfmt::skip]
const LIBRARIES: &[Known] = &[
    known("zlib", "", "1.2.12", "CVE-2018-25032", Medium),
    known("zlib", "", "1.2.13", "CVE-2022-37434", Medium),
    known("SQLite", "", "2025-06-28", "CVE-2025-6965 (SQLite 3.50.2)", Medium),
    known("OpenSSL", "", "3.0.0", "1.x is without support since September 2023", Medium),
    known("OpenSSL", "3.0.0", "3.0.7", "CVE-2022-3602, CVE-2022-3786", Medium),
    known("Expat", "", "2.4.5", "CVE-2022-25235, CVE-2022-25236, CVE-2022-25315", Medium),
    known("Expat", "", "2.6.3", "CVE-2024-45490, CVE-2024-45491, CVE-2024-45492", Medium),
    known("Expat", "", "2.7.0", "CVE-2024-8176", Low),
    known("libpng", "", "1.6.37", "CVE-2019-7317", Low),
    known("libvpx", "", "1.13.1", "CVE-2023-5217, CVE-2023-44488", Medium),
    known("libcurl", "7.69.0", "8.4.0", "CVE-2023-38545", Medium),
];

/// By the names of crates.
#[rustfmt::skip]
const CRATES: &[Known] = &[
    known("smallvec", "0.6.3", "0.6.14", "RUSTSEC-2021-0003", Medium),
    known("smallvec", "1.0.0", "1.6.1", "RUSTSEC-2021-0003", Medium),
    known("regex", "", "1.5.5", "RUSTSEC-2022-0013", Low),
    known("idna", "", "1.0.0", "RUSTSEC-2024-0421", Low),
    known("curve25519-dalek", "", "4.1.3", "RUSTSEC-2024-0344", Low),
    known("ed25519-dalek", "", "2.0.0", "RUSTSEC-2022-0093", Low),
    known("h2", "", "0.3.26", "RUSTSEC-2024-0332", Low),
    known("h2", "0.4.0", "0.4.4", "RUSTSEC-2024-0332", Low),
    known("rustls", "", "0.21.11", "RUSTSEC-2024-0336", Low),
    known("rustls", "0.22.0", "0.22.4", "RUSTSEC-2024-0336", Low),
    known("rustls", "0.23.0", "0.23.5", "RUSTSEC-2024-0336", Low),
];

/// What is known of this version of a library.
pub(crate) fn of_library(name: &str, version: &str) -> impl Iterator<Item = &'static Known> {
    matching(LIBRARIES, name, version)
}

/// What is known of this version of a crate.
pub(crate) fn of_crate(name: &str, version: &str) -> impl Iterator<Item = &'static Known> {
    matching(CRATES, name, version)
}

fn matching(list: &'static [Known], name: &str, version: &str) -> impl Iterator<Item = &'static Known> {
    let version = parts(version);
    list.iter().filter(move |known| {
        known.name == name && parts(known.since) <= version && version < parts(known.fixed)
    })
}

/// Numbers and the letters behind them: `1.1.1n` is 1, 1, 1, n. A part that is too large for a number counts as the
/// largest.
fn parts(version: &str) -> Vec<(u64, String)> {
    let separate = version.split(['.', '-', ' ', ':', '+']).filter(|part| !part.is_empty());
    let part = |text: &'_ str| {
        let letters = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = text.len() - letters.len();
        let number = if digits == 0 { 0 } else { text[..digits].parse().unwrap_or(u64::MAX) };
        (number, letters.to_owned())
    };
    separate.map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(name: &str, version: &str) -> Vec<&'static str> {
        of_library(name, version).map(|known| known.id).collect()
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(parts("1.2.9") < parts("1.2.12") && parts("1.2.12") < parts("1.2.13.1"));
        assert!(parts("1.1.1m") < parts("1.1.1n") && parts("1.1.1") < parts("1.1.1a"));
        assert!(parts("99999999999999999999.1") > parts("3"));
        assert_eq!(ids("zlib", "1.2.12"), ["CVE-2022-37434"]);
        assert_eq!(ids("OpenSSL", "3.2.0"), Vec::<&str>::new());
        assert_eq!(ids("SQLite", "2025-06-28 14:00:48"), Vec::<&str>::new());
        assert_eq!(ids("SQLite", "2025-05-29 14:26:00").len(), 1);
        assert_eq!(ids("libcurl", "7.68.0"), Vec::<&str>::new());
        assert_eq!(ids("Expat", "2.5.0").len(), 2);
    }

    #[test]
    fn every_row_is_a_range() {
        for known in LIBRARIES.iter().chain(CRATES) {
            assert!(parts(known.since) < parts(known.fixed), "{known:?}");
        }
    }
}
