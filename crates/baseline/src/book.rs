//! The profiles of all modules.

use crate::Profile;
use std::{collections::BTreeMap, fmt};
use wasmscope_model::{Sha256, Workload};

/// Whose profile it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// SHA-256 of the module's file.
    pub module: Sha256,
    /// Name of the runtime: what a process does beside its guest is the runtime's.
    pub runtime: String,
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.module.0.cmp(&other.module.0).then_with(|| self.runtime.cmp(&other.runtime))
    }
}

impl Key {
    /// Longest name of a runtime, bytes.
    pub(crate) const MOST_RUNTIME_BYTES: usize = 64;

    /// The key of a workload by its best-tied module; `None` where that, or the runtime, is not known.
    pub fn of(workload: &Workload) -> Option<Self> {
        let runtime = workload.recognition.runtime.as_ref()?;
        let short = runtime.len() <= Self::MOST_RUNTIME_BYTES;
        Some(Self { module: workload.module()?.sha256?, runtime: runtime.clone() }).filter(|_| short)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.module, self.runtime)
    }
}

/// What is usual, by module and runtime.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baselines {
    pub(crate) modules: BTreeMap<Key, Profile>,
}

/// Modules that somebody named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// One hash, in one or several runtimes.
    Modules(Vec<Key>),
    /// No module is called that.
    None,
    /// Several hashes begin so, or several modules lie there.
    Ambiguous(Vec<Key>),
}

impl Baselines {
    /// All profiles, by hash and runtime.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Profile)> {
        self.modules.iter()
    }

    /// The profile of a module.
    pub fn get(&self, key: &Key) -> Option<&Profile> {
        self.modules.get(key)
    }

    /// How many modules there are.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// Takes in what is known of a module.
    pub fn add(&mut self, key: Key, profile: &Profile) {
        self.modules.entry(key).or_default().merge(profile);
    }

    /// Takes in everything that others know.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(key, profile)| self.add(key.clone(), profile));
    }

    /// Forgets a module, and says whether it was known.
    pub fn forget(&mut self, key: &Key) -> bool {
        self.modules.remove(key).is_some()
    }

    /// The module whose hash begins so, or that lies there.
    pub fn choose(&self, name: &str) -> Chosen {
        let lower = name.to_ascii_lowercase();
        let is_hash = lower.len() >= 4 && lower.bytes().all(|b| b.is_ascii_hexdigit());
        let by_hash = |key: &Key| is_hash && key.module.to_string().starts_with(&lower);
        let by_path = |profile: &Profile| {
            let tail = |path: &str| {
                path.strip_suffix(name).is_some_and(|head| head.is_empty() || head.ends_with('/'))
            };
            !name.is_empty() && profile.path.as_deref().is_some_and(tail)
        };
        let found = self.iter().filter(|(key, profile)| by_hash(key) || by_path(profile));
        let found: Vec<Key> = found.map(|(key, _)| key.clone()).collect();
        match found.first() {
            None => Chosen::None,
            Some(first) if found.iter().all(|key| key.module == first.module) => Chosen::Modules(found),
            Some(_) => Chosen::Ambiguous(found),
        }
    }

    /// Heap bytes, roughly.
    pub fn bytes(&self) -> usize {
        self.iter().map(|(key, profile)| Self::bytes_of(key, profile)).sum()
    }

    pub(crate) fn bytes_of(key: &Key, profile: &Profile) -> usize {
        let path = profile.path.as_ref().map_or(0, String::capacity);
        size_of::<(Key, Profile)>() + key.runtime.capacity() + path + profile.bytes()
    }
}
