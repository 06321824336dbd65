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
    /// The line gives it to a shell.
    ToShell,
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
    ("curl ", Shell, ToShell),
    ("wget ", Shell, ToShell),
    ("base64 -d |", Shell, Line),
    ("base64 -d|", Shell, Line),
    ("mkfifo /tmp/", Shell, Line),
    ("nc -e /bin/", Shell, Line),
    ("chmod +x /tmp/", Shell, Line),
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
        ToShell => {
            let line = line();
            let after = bytes.get(found.end..line.end).unwrap_or_default();
            let mut pipes = after.split(|c| *c == b'|').skip(1).map(|command| command.trim_ascii_start());
            let shell = |command: &[u8]| {
                let name = run(command, 0, 8, |c| c.is_ascii_alphanumeric());
                matches!(name, b"sh" | b"bash" | b"dash" | b"zsh")
            };
            pipes.any(shell).then_some(line)?
        }
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

/// The format around a directive that writes to memory, whose `%` is at `percent`: `%n`, `%7$hn`. The format has
/// six characters or more between two zeros, which random bytes have once in 2^35 places.
pub(super) fn format_that_writes(bytes: &[u8], percent: usize) -> Option<Range<usize>> {
    let flags = run(bytes, percent + 1, 12, |c| c.is_ascii_digit() || b"-+ #$.*".contains(&c)).len();
    let length = run(bytes, percent + 1 + flags, 2, |c| b"hljzt".contains(&c)).len();
    let escaped = percent.checked_sub(1).and_then(|before| byte(bytes, before)) == Some(b'%');
    if byte(bytes, percent + 1 + flags + length)? != b'n' || escaped {
        return None;
    }
    let text = |c: u8| matches!(c, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    let line = widen(bytes, percent..percent + 1, (AROUND, AROUND), text);
    let cut = percent - line.start == AROUND;
    let begins = cut || line.start.checked_sub(1).is_none_or(|before| byte(bytes, before) == Some(0));
    (begins && byte(bytes, line.end) == Some(0) && line.len() >= 6).then_some(line)
}
