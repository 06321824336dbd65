//! Which format a client wants, by its `Accept` header.

/// Longest header that is looked at, in bytes; Prometheus sends about 300.
const HEADER_BYTES: usize = 1024;

/// A format of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics text 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4, which everything understands.
    Prometheus,
}

impl Format {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// The format that the header prefers. OpenMetrics has to be asked for by its name; what we cannot
    /// serve is answered with the Prometheus format rather than refused, as other exporters do.
    pub(crate) fn preferred(accept: &str) -> Self {
        if accept.len() > HEADER_BYTES {
            return Self::Prometheus;
        }
        let (mut best, mut best_quality) = (Self::Prometheus, 0);
        for range in accept.split(',') {
            let Some((format, quality)) = understood(range) else { continue };
            let better = quality > best_quality || (quality == best_quality && format == Self::OpenMetrics);
            if quality > 0 && better {
                (best, best_quality) = (format, quality);
            }
        }
        best
    }
}

/// The format that one media range stands for, and its quality in thousandths.
fn understood(range: &str) -> Option<(Format, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let format = match parts.next()? {
        name if name.eq_ignore_ascii_case("application/openmetrics-text") => Format::OpenMetrics,
        name if ["text/plain", "text/*", "*/*"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
            Format::Prometheus
        }
        _ => return None,
    };
    let mut quality = 1000;
    for parameter in parts {
        let (name, value) = parameter.split_once('=')?;
        let (name, value) = (name.trim(), value.trim().trim_matches('"'));
        if name.eq_ignore_ascii_case("q") {
            let q: f32 = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
            quality = (q * 1000.0) as u32;
        } else if name.eq_ignore_ascii_case("version") {
            let ours = if format == Format::OpenMetrics { "1.0.0" } else { "0.0.4" };
            if value != ours {
                return None;
            }
        }
    }
    Some((format, quality))
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Prometheus};

    #[test]
    fn what_real_clients_send() {
        let cases = [
            // Prometheus 2.42, 3.5, curl, a browser, none.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            ("*/*", Prometheus),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Prometheus),
            ("", Prometheus),
        ];
        for (accept, format) in cases {
            assert_eq!(Format::preferred(accept), format, "{accept}");
        }
    }

    #[test]
    fn qualities_and_versions_decide() {
        let cases = [
            ("application/openmetrics-text", OpenMetrics),
            ("text/plain, Application/OpenMetrics-Text; Version=\"1.0.0\"", OpenMetrics),
            ("text/plain;q=0.9, application/openmetrics-text;q=0.8", Prometheus),
            ("application/openmetrics-text;version=0.0.1, text/plain;q=0.1", Prometheus),
            ("application/openmetrics-text;q=0", Prometheus),
            ("application/openmetrics-text;q=7", Prometheus),
            ("application/json", Prometheus),
            (",;=;q,,", Prometheus),
        ];
        for (accept, format) in cases {
            assert_eq!(Format::preferred(accept), format, "{accept}");
        }
        let long = format!("{},application/openmetrics-text", "a,".repeat(4096));
        assert_eq!(Format::preferred(&long), Prometheus);
    }
}
