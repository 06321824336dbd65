//! File paths as URI references (RFC 3986, RFC 8089).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters: what remains means nothing in any part of a URI.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Uri {
    /// Below the directory that paths are relative to: `app/main.wasm`.
    Relative(String),
    /// `file:///srv/app/main.wasm`.
    Absolute(String),
}

impl Uri {
    /// The URI of `path`; relative if the path is, or if it lies below `base`, an absolute directory.
    ///
    /// `.` segments and repeated slashes are dropped. `..` stays: what is before it may be a symbolic link. A backslash is
    /// part of a name, as it is on Linux.
    pub(crate) fn of(path: &str, base: Option<&str>) -> Self {
        let segments = || path.split('/').filter(|segment| !matches!(*segment, "" | "."));
        let written = |segments: &mut dyn Iterator<Item = &str>| {
            let encoded: Vec<_> =
                segments.map(|segment| utf8_percent_encode(segment, RESERVED).to_string()).collect();
            encoded.join("/")
        };
        if !path.starts_with('/') {
            let relative = written(&mut segments());
            return Self::Relative(if relative.is_empty() { ".".into() } else { relative });
        }
        let mut below = segments();
        if let Some(base) = base.filter(|base| base.starts_with('/')) {
            let mut base = base.split('/').filter(|segment| !matches!(*segment, "" | "."));
            if base.all(|segment| below.next() == Some(segment)) {
                let relative = written(&mut below);
                if !relative.is_empty() {
                    return Self::Relative(relative);
                }
            }
        }
        Self::Absolute(format!("file:///{}", written(&mut segments())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn relative(path: &str) -> String {
        match Uri::of(path, Some("/srv/repo")) {
            Uri::Relative(uri) => uri,
            Uri::Absolute(uri) => panic!("{path} is {uri}"),
        }
    }

    #[test]
    fn what_means_something_in_a_uri_is_encoded() {
        assert_eq!(relative("./a b/100%#1?.wasm"), "a%20b/100%25%231%3F.wasm");
        assert_eq!(relative("C:\\app\\x.wasm"), "C%3A%5Capp%5Cx.wasm");
        assert_eq!(relative("line\nbreak\u{1b}é.wasm"), "line%0Abreak%1B%C3%A9.wasm");
        assert_eq!(relative("http://example.org/x.wasm"), "http%3A/example.org/x.wasm");
        assert_eq!(relative("<stdin>"), "%3Cstdin%3E");
        assert_eq!(relative("../other/x.wasm"), "../other/x.wasm");
        assert_eq!(relative("."), ".");
    }

    #[test]
    fn paths_below_the_base_are_relative_to_it() {
        assert_eq!(relative("/srv//repo/./app.wasm"), "app.wasm");
        for (path, uri) in [
            ("/srv/repository/app.wasm", "file:///srv/repository/app.wasm"),
            ("/srv/repo", "file:///srv/repo"),
            ("//host/share.wasm", "file:///host/share.wasm"),
        ] {
            assert_eq!(Uri::of(path, Some("/srv/repo/")), Uri::Absolute(uri.into()));
        }
        assert_eq!(Uri::of("/a.wasm", Some("/")), Uri::Relative("a.wasm".into()));
        assert_eq!(Uri::of("/a.wasm", None), Uri::Absolute("file:///a.wasm".into()));
    }

    proptest! {
        #[test]
        fn any_path_gives_a_reference_without_scheme_or_authority(path in "\\PC{0,40}") {
            let path = path.trim_start_matches('/');
            let uri = relative(path);
            prop_assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%/".contains(&b)));
            prop_assert!(!uri.starts_with('/') && !uri.is_empty());
        }
    }
}
