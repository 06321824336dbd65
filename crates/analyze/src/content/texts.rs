//! Texts that tell what a program is about, each with the check that keeps accidents out.

use super::bytes::{byte, run, widen, word_at, word_before};
use crate::facts::TextClass::{self, *};
use std::ops::Range;

/// What must be so around a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing: the pattern is long enough. The text is the path or word around it.
    Word,
    /// No letter or digit on either side.
    Alone,
    /// A host follows. The text is the URL.
    Scheme,
    /// An address of the right length comes before.
    Onion,
    /// The file of a process that holds secrets or gives power over it.
    Process,
    /// The text is the line around it.
    Line,
    /// A download comes before it in the line.
    Downloaded,
    /// A directive of a printf format, in a text that ends with a zero.
    Directive,
}

use Check::*;

/// Pattern, what it speaks for, and the check.
#[rustfmt::skip]
pub(super) const TEXTS: &[(&str, TextClass, Check)] = &[
    ("http://", Url, Scheme),
    ("https://", Url, Scheme),
    ("ws://", Url, Scheme),
    ("wss://", Url, Scheme),
    ("ftp://", Url, Scheme),
    ("sftp://", Url, Scheme),
    ("tcp://", Url, Scheme),
    ("socks5://", Url, Scheme),
    (".onion", TextClass::Onion, Check::Onion),
    ("stratum+tcp://", Mining, Word),
    ("stratum+ssl://", Mining, Word),
    ("stratum+tls://", Mining, Word),
    ("stratum1+tcp://", Mining, Word),
    ("stratum2+tcp://", Mining, Word),
    ("mining.subscribe", Mining, Word),
    ("mining.authorize", Mining, Word),
    ("mining.submit", Mining, Word),
    ("mining.set_difficulty", Mining, Word),
    ("eth_submitWork", Mining, Word),
    ("\"rx/0\"", Mining, Word),
    ("\"rx/wow\"", Mining, Word),
    ("\"rx/arq\"", Mining, Word),
    ("\"cn/0\"", Mining, Word),
    ("\"cn/1\"", Mining, Word),
    ("\"cn/2\"", Mining, Word),
    ("\"cn/r\"", Mining, Word),
    ("\"cn/half\"", Mining, Word),
    ("\"cn-lite/", Mining, Word),
    ("\"cn-heavy/", Mining, Word),
    ("\"cn-pico", Mining, Word),
    ("cryptonight", Mining, Word),
    ("CryptoNight", Mining, Word),
    ("donate.v2.xmrig.com", Mining, Word),
    ("xmrig/", Mining, Alone),
    ("supportxmr.com", Mining, Word),
    ("minexmr.com", Mining, Word),
    ("moneroocean.stream", Mining, Word),
    ("nanopool.org", Mining, Word),
    ("nicehash.com", Mining, Word),
    ("/etc/shadow", HostPath, Alone),
    ("/etc/passwd", HostPath, Alone),
    ("/etc/sudoers", HostPath, Word),
    ("/etc/ld.so.preload", HostPath, Word),
    ("/etc/cron", HostPath, Word),
    ("/etc/kubernetes/", HostPath, Word),
    ("/var/spool/cron", HostPath, Word),
    ("docker.sock", HostPath, Alone),
    ("containerd.sock", HostPath, Alone),
    ("crio.sock", HostPath, Alone),
    ("podman.sock", HostPath, Alone),
    ("/run/secrets/", HostPath, Word),
    ("/.ssh/", HostPath, Word),
    ("id_rsa", HostPath, Alone),
    ("id_ed25519", HostPath, Alone),
    ("authorized_keys", HostPath, Alone),
    (".aws/credentials", HostPath, Word),
    (".kube/config", HostPath, Word),
    (".docker/config.json", HostPath, Word),
    (".config/gcloud", HostPath, Word),
    (".git-credentials", HostPath, Word),
    (".bash_history", HostPath, Word),
    ("/proc/", HostPath, Process),
    ("/sys/kernel/debug", HostPath, Word),
    ("/sys/fs/cgroup/release_agent", HostPath, Word),
    ("/dev/mem", HostPath, Alone),
    ("/dev/kmem", HostPath, Alone),
    ("169.254.169.254", CloudMetadata, Alone),
    ("169.254.170.2", CloudMetadata, Alone),
    ("fd00:ec2::254", CloudMetadata, Alone),
    ("100.100.100.200", CloudMetadata, Alone),
    ("metadata.google.internal", CloudMetadata, Word),
    ("/bin/sh -c", Shell, Line),
    ("/bin/bash -c", Shell, Line),
    ("bash -i >", Shell, Line),
    ("/dev/tcp/", Shell, Line),
    ("/dev/udp/", Shell, Line),
    ("|sh", Shell, Downloaded),
    ("| sh", Shell, Downloaded),
    ("|bash", Shell, Downloaded),
    ("| bash", Shell, Downloaded),
    ("base64 -d |", Shell, Line),
    ("base64 -d|", Shell, Line),
    ("mkfifo /tmp/", Shell, Line),
    ("nc -e /bin/", Shell, Line),
    ("chmod +x /tmp/", Shell, Line),
    ("%n", FormatWrites, Directive),
    ("%hn", FormatWrites, Directive),
    ("%hhn", FormatWrites, Directive),
    ("%ln", FormatWrites, Directive),
    ("%lln", FormatWrites, Directive),
    ("$n", FormatWrites, Directive),
    ("$hn", FormatWrites, Directive),
    ("$hhn", FormatWrites, Directive),
];

/// Bytes looked at on each side.
const AROUND: usize = 128;

/// The text around the pattern `row` at `found`, if the check is passed.
pub(super) fn check(row: usize, bytes: &[u8], found: Range<usize>) -> Option<(TextClass, Range<usize>)> {
    let (_, class, check) = TEXTS.get(row)?;
    let path = |c: u8| c.is_ascii_alphanumeric() || b"/._-+@%$*~{}:".contains(&c);
    let word = || widen(bytes, found.clone(), (AROUND, AROUND), path);
    let line = || widen(bytes, found.clone(), (AROUND, AROUND), |c| matches!(c, b' '..=b'~'));
    let text = match check {
        Word => word(),
        Alone => {
            let inside = word_before(bytes, found.start) || word_at(bytes, found.end);
            (!inside || byte(bytes, found.end - 1) == Some(b'/')).then(word)?
        }
        Scheme => {
            let host = byte(bytes, found.end).is_some_and(|c| c.is_ascii_alphanumeric() || c == b'[');
            let begins = !word_before(bytes, found.start);
            (host && begins).then(|| widen(bytes, found.clone(), (0, 2 * AROUND), is_url))?
        }
        Check::Onion => {
            let base32 = |c: u8| matches!(c, b'a'..=b'z' | b'2'..=b'7');
            let name = widen(bytes, found.clone(), (57, 0), base32);
            let length = found.start - name.start;
            // Version 3 and version 2 (rend-spec-v3, 6).
            let right = matches!(length, 56 | 16) && !word_before(bytes, name.start);
            (right && !word_at(bytes, found.end)).then_some(name)?
        }
        Process => process(run(bytes, found.end, 40, path)).then(word)?,
        Line => line(),
        Downloaded => {
            let line = line();
            let before = bytes.get(line.start..found.start).unwrap_or_default();
            let download = |tool: &[u8]| before.windows(tool.len()).any(|part| part == tool);
            let ends = !word_at(bytes, found.end);
            (ends && (download(b"curl ") || download(b"wget "))).then_some(line)?
        }
        Directive => directive(bytes, found.clone(), line())?,
    };
    Some((*class, text))
}

pub(super) fn is_url(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&*+,;=%".contains(&c)
}

/// What follows `/proc/`. `exe`, `fd`, `maps` and `status` are left out: standard libraries name them.
fn process(rest: &[u8]) -> bool {
    let rest = String::from_utf8_lossy(rest);
    let (first, second) = rest.split_once('/').unwrap_or((&rest, ""));
    let any = matches!(first, "self" | "thread-self" | "%d" | "%u" | "%i" | "%s" | "{}" | "*")
        || !first.is_empty() && first.bytes().all(|c| c.is_ascii_digit());
    let held = ["mem", "environ", "root", "ns/", "task/"];
    any && held.iter().any(|file| second.starts_with(file))
        || matches!(first, "kcore" | "sysrq-trigger")
        || first == "sys" && second.starts_with("kernel/core_pattern")
}

/// A format that ends with a zero, has six characters or more, and in which the directive is not escaped.
fn directive(bytes: &[u8], found: Range<usize>, line: Range<usize>) -> Option<Range<usize>> {
    let percent = match byte(bytes, found.start)? {
        b'$' => {
            let digits = widen(bytes, found.clone(), (4, 0), |c| c.is_ascii_digit());
            (digits.start < found.start).then_some(digits.start.checked_sub(1)?)?
        }
        _ => found.start,
    };
    let signs = widen(bytes, percent..percent, (16, 0), |c| c == b'%');
    let escaped = (percent - signs.start) % 2 == 1;
    let ends = byte(bytes, line.end) == Some(0);
    (byte(bytes, percent)? == b'%' && !escaped && ends && line.len() >= 6).then_some(line)
}
