//! Secrets that should not lie in a module, by the formats of their issuers.

use super::bytes::{byte, run, text_run, widen, word_before};
use crate::facts::SecretKind::{self, *};
use aho_corasick::AhoCorasick;
use std::ops::Range;
use std::sync::LazyLock;

/// Length of what follows the beginning of a secret, if it is one.
type Check = fn(&[u8]) -> Option<usize>;

/// Beginning, kind, and the check of what follows.
#[rustfmt::skip]
pub(super) const SECRETS: &[(&str, SecretKind, Check)] = &[
    ("-----BEGIN ", PrivateKey, pem),
    ("AKIA", AwsKey, aws),
    ("ASIA", AwsKey, aws),
    ("ghp_", GithubToken, |b| exactly(b, 36)),
    ("gho_", GithubToken, |b| exactly(b, 36)),
    ("ghu_", GithubToken, |b| exactly(b, 36)),
    ("ghs_", GithubToken, |b| exactly(b, 36)),
    ("ghr_", GithubToken, |b| exactly(b, 36)),
    ("github_pat_", GithubToken, |b| at_least(b, 82)),
    ("glpat-", GitlabToken, |b| at_least(b, 20)),
    ("xoxb-", Slack, slack),
    ("xoxp-", Slack, slack),
    ("xoxa-", Slack, slack),
    ("xoxr-", Slack, slack),
    ("xoxs-", Slack, slack),
    ("hooks.slack.com/services/", Slack, hook),
    ("AIza", GoogleKey, |b| at_least(b, 35)),
    ("sk_live_", StripeKey, |b| at_least(b, 24)),
    ("rk_live_", StripeKey, |b| at_least(b, 24)),
    ("npm_", NpmToken, |b| exactly(b, 36)),
    ("eyJhbGciOi", Jwt, jwt),
];

fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c == b'-'
}

/// Exactly so many letters and digits, and nothing else of a word. Letters in both cases and digits: a word has no
/// such mixture.
fn exactly(b: &[u8], length: usize) -> Option<usize> {
    let token = run(b, 0, length + 1, is_token);
    (token.len() == length && mixed(token) && token.iter().all(u8::is_ascii_alphanumeric)).then_some(length)
}

fn at_least(b: &[u8], length: usize) -> Option<usize> {
    let token = run(b, 0, 256, is_token);
    (token.len() >= length && mixed(token)).then_some(token.len())
}

fn mixed(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit) && token.iter().any(u8::is_ascii_alphabetic)
}

/// 16 characters of base 32. AWS's own example ends with the word.
fn aws(b: &[u8]) -> Option<usize> {
    let id = run(b, 0, 17, |c| c.is_ascii_alphanumeric());
    let base32 = id.iter().all(|c| matches!(c, b'A'..=b'Z' | b'2'..=b'7'));
    (id.len() == 16 && base32 && mixed(id) && !id.ends_with(b"EXAMPLE")).then_some(16)
}

fn slack(b: &[u8]) -> Option<usize> {
    let token = run(b, 0, 256, is_token);
    (token.len() >= 30 && byte(token, 0)?.is_ascii_digit()).then_some(token.len())
}

fn hook(b: &[u8]) -> Option<usize> {
    let path = run(b, 0, 100, |c| c.is_ascii_alphanumeric() || c == b'/');
    (path.len() >= 40 && byte(path, 0)? == b'T').then_some(path.len())
}

/// RFC 7519 in compact form: header, claims, signature.
fn jwt(b: &[u8]) -> Option<usize> {
    let token = run(b, 0, 1024, |c| is_token(c) || c == b'.');
    let mut parts = token.split(|c| *c == b'.').skip(1);
    let (claims, signature) = (parts.next()?, parts.next()?);
    (claims.starts_with(b"eyJ") && signature.len() >= 20).then_some(token.len())
}

/// RFC 7468: a private key's label and the beginning of its contents. Libraries that read keys have the label alone.
fn pem(b: &[u8]) -> Option<usize> {
    const END: &[u8] = b"PRIVATE KEY-----";
    let label = text_run(b, 0, 40);
    let end = label.windows(END.len()).position(|part| part == END)? + END.len();
    let breaks = run(b, end, 4, |c| matches!(c, b'\r' | b'\n' | b'\\' | b'n' | b'r')).len();
    let contents = run(b, end + breaks, 64, |c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'='));
    (breaks > 0 && contents.len() >= 40).then(|| end + breaks + contents.len())
}

/// The secret whose beginning `row` is at `found`.
pub(super) fn check(row: usize, bytes: &[u8], found: Range<usize>) -> Option<(SecretKind, Range<usize>)> {
    let (_, kind, check) = SECRETS.get(row)?;
    let inside = word_before(bytes, found.start) && *kind != PrivateKey;
    let length = check(bytes.get(found.end..)?).filter(|_| !inside)?;
    Some((*kind, found.start..found.end + length))
}

static MATCHER: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::new(SECRETS.iter().map(|(begin, ..)| begin)).ok());

/// The part of `text` before the first secret that it has a part of.
pub(super) fn without(bytes: &[u8], text: Range<usize>) -> Range<usize> {
    let start = text.start.saturating_sub(128);
    let window = bytes.get(start..(text.end + 128).min(bytes.len())).unwrap_or_default();
    let secrets = MATCHER.iter().flat_map(|matcher| matcher.find_iter(window)).filter_map(|found| {
        check(found.pattern().as_usize(), bytes, start + found.start()..start + found.end())
    });
    let mut overlapping = secrets.filter(|(_, s)| s.start < text.end && text.start < s.end);
    let end = overlapping.next().map_or(text.end, |(_, secret)| secret.start.clamp(text.start, text.end));
    text.start..end
}

/// User and password in the authority of a URL: `user:password@`, given the range behind `//`.
pub(super) fn user_of(bytes: &[u8], rest: Range<usize>) -> Option<Range<usize>> {
    let authority = widen(bytes, rest.start..rest.start, (0, rest.len()), |c| c != b'/');
    let at = bytes.get(authority.clone())?.iter().rposition(|c| *c == b'@')?;
    Some(authority.start..authority.start + at + 1)
}
