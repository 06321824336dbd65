//! The small vocabulary in which everything a module may ask of its host is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What an imported function lets a module do.
        ///
        /// A capability says what the *interface* offers; whether the host grants it (a preopened directory, a
        /// network) is not in the module.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Capability {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Capability {
            /// Every capability, in the order of the vocabulary.
            pub const ALL: &[Capability] = &[$(Capability::$variant,)+];

            /// The name in output, policies and `--why`: lower case, with hyphens.
            pub fn as_str(self) -> &'static str {
                match self { $(Capability::$variant => $name,)+ }
            }
        }
    };
}

capabilities! {
    /// Open files and read them.
    ReadFiles = "read-files",
    /// Create, write, truncate, rename, link or remove files and directories, or set their times.
    WriteFiles = "write-files",
    /// List directories.
    ListDirectories = "list-directories",
    /// Ask for the metadata of files by path.
    FileMetadata = "file-metadata",
    /// Open connections, or send datagrams to an address of its choice.
    Connect = "connect",
    /// Bind, listen and accept connections.
    Listen = "listen",
    /// Resolve names to addresses.
    ResolveNames = "resolve-names",
    /// Change the host's network: interfaces, routes, bridges.
    ConfigureNetwork = "configure-network",
    /// Read environment variables.
    Environment = "environment",
    /// Read command-line arguments.
    Arguments = "arguments",
    /// Read clocks.
    Clock = "clock",
    /// Get random bytes.
    Random = "random",
    /// Start threads.
    Threads = "threads",
    /// Start other programs, fork, signal or wait for them.
    Processes = "processes",
    /// Send or receive signals.
    Signals = "signals",
    /// Make HTTP requests.
    HttpClient = "http-client",
    /// Answer HTTP requests.
    HttpServer = "http-server",
    /// Use streams that the host hands over: standard input, output and error, or another open descriptor.
    Stdio = "stdio",
    /// Look at or change the terminal.
    Terminal = "terminal",
    /// End the program.
    Exit = "exit",
    /// Wait for events or sleep.
    Poll = "poll",
    /// Load code at run time, or have the host evaluate a script.
    DynamicCode = "dynamic-code",
    /// Run machine-learning models.
    NeuralNetwork = "neural-network",
    /// Use a key-value, blob or SQL store of the host.
    Storage = "storage",
    /// Publish to or consume from a message broker.
    Messaging = "messaging",
    /// Read configuration values that the host provides.
    Configuration = "configuration",
    /// Write to the host's log.
    Logging = "logging",
    /// Use keys or algorithms of the host's cryptography.
    Cryptography = "cryptography",
    /// Use JavaScript objects: whatever the page or the Node process offers.
    JavaScript = "javascript",
    /// Call functions of no known interface: only the host knows what they do.
    CustomHostFunction = "custom-host-function",
}

impl Capability {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Capability {
    type Err = UnknownCapability;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Capability::ALL.iter().copied().find(|c| c.as_str() == text);
        known.ok_or_else(|| UnknownCapability(text.to_owned()))
    }
}

/// A name that is not in the vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no capability is called {0:?}")]
pub struct UnknownCapability(pub String);

/// A set of capabilities, one bit each; serialised as a list in the order of the vocabulary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(transparent)]
pub struct Capabilities(#[schemars(with = "BTreeSet<Capability>")] u32);

impl Capabilities {
    /// No capability.
    pub const NONE: Self = Self(0);

    /// The set of `list`.
    pub const fn of(list: &[Capability]) -> Self {
        let mut bits = 0;
        let mut n = 0;
        while n < list.len() {
            bits |= list[n].bit();
            n += 1;
        }
        Self(bits)
    }

    /// Is `capability` in the set?
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// Is nothing in the set?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The capabilities in the order of the vocabulary.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |c| self.contains(*c))
    }

    /// The set as bits, one for each place in [`Capability::ALL`].
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The inverse of [`bits`](Self::bits).
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<T: IntoIterator<Item = Capability>>(iter: T) -> Self {
        Self(iter.into_iter().fold(0, |bits, c| bits | c.bit()))
    }
}

impl Serialize for Capabilities {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Capability>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sets_survive_json() {
        assert!(Capability::ALL.len() <= 32, "one bit each");
        for &capability in Capability::ALL {
            assert_eq!(capability.as_str().parse(), Ok(capability));
            assert_eq!(serde_json::to_string(&capability).unwrap(), format!("\"{capability}\""));
        }
        let set = Capabilities::of(&[Capability::Exit, Capability::ReadFiles]);
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["read-files","exit"]"#);
        assert_eq!(serde_json::from_str::<Capabilities>(&json).unwrap(), set);
        assert!("fly".parse::<Capability>().is_err());
    }
}
