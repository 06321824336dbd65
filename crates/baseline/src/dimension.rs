//! What is told apart of what a module does.

use crate::{path, peer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt, str::FromStr};

/// In what respect something is usual. Each has patterns, texts of its own form, and ever coarser ones to fold them into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// Kinds of events: `workload.file.opened`.
    Act,
    /// Files: `/srv/data/input-*.txt`; of host calls `guest:input-*.txt`.
    Path,
    /// Other ends of connections: `out tcp 10.1.2.3:443`.
    Peer,
    /// Names that are asked for: `api.example.com`.
    Name,
    /// Functions of the host, sensitive system calls, programs, signals: `wasi:filesystem/types#stat`, `syscall ptrace`.
    Call,
    /// Three acts or host calls of one thread in a row: `file.opened > file.opened > file.removed`.
    Sequence,
}

/// Stands for everything in the place where it is.
pub(crate) const EVERYTHING: &str = "**";

impl Dimension {
    /// All.
    pub const ALL: [Dimension; 6] =
        [Self::Act, Self::Path, Self::Peer, Self::Name, Self::Call, Self::Sequence];

    /// The name in files and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Path => "path",
            Self::Peer => "peer",
            Self::Name => "name",
            Self::Call => "call",
            Self::Sequence => "sequence",
        }
    }

    /// Most patterns of one group; more are folded.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::Act | Self::Path | Self::Peer | Self::Name => 64,
            Self::Call | Self::Sequence => 512,
        }
    }

    /// Patterns of one group are folded together: of paths the first folders, else all.
    pub(crate) fn group(self, pattern: &str) -> &str {
        match self {
            Self::Path => path::group(pattern),
            _ => "",
        }
    }

    /// The coarsest level, at which a group has one pattern.
    pub(crate) fn top(self) -> u8 {
        match self {
            Self::Path => path::TOP,
            Self::Peer => peer::TOP,
            Self::Name => 3,
            Self::Act | Self::Call | Self::Sequence => 1,
        }
    }

    /// The pattern at this level. To coarsen twice is to coarsen once, to the higher level: joining profiles rests on it.
    pub(crate) fn coarsen(self, pattern: &str, level: u8) -> Cow<'_, str> {
        match self {
            _ if level == 0 => Cow::Borrowed(pattern),
            Self::Path => path::coarsen(pattern, level),
            _ if level >= self.top() => Cow::Borrowed(EVERYTHING),
            Self::Peer => peer::coarsen(pattern, level),
            Self::Name => last_labels(pattern, if level == 1 { 3 } else { 2 }),
            Self::Act | Self::Call | Self::Sequence => Cow::Borrowed(EVERYTHING),
        }
    }
}

/// `*.` and so many labels, if there are more.
fn last_labels(name: &str, most: usize) -> Cow<'_, str> {
    match name.rmatch_indices('.').nth(most - 1) {
        Some((at, _)) => Cow::Owned(format!("*{}", &name[at..])),
        None => Cow::Borrowed(name),
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|dimension| dimension.as_str() == text);
        found.ok_or_else(|| format!("no such kind: {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_last_labels() {
        let fold = |name, level| Dimension::Name.coarsen(name, level).into_owned();
        assert_eq!(fold("a.b.c.example.com", 1), "*.c.example.com");
        assert_eq!(fold("*.c.example.com", 1), "*.c.example.com");
        assert_eq!(fold("a.b.c.example.com", 2), "*.example.com");
        assert_eq!(fold("localhost", 2), "localhost");
        assert_eq!(fold("localhost", 3), "**");
    }
}
