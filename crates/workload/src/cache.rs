//! What was learned of files, by file and version: each is read once.

use crate::modules::{Inspect, ModuleInfo};
use lru::LruCache;
use std::{num::NonZeroUsize, rc::Rc};
use wasmscope_runtimes::{Fingerprint, fingerprint};
use wasmscope_sensor_proc::{FileId, RegularFile};

/// Most executables and libraries remembered (some hundred bytes each).
const FINGERPRINTS: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");
/// Most module files remembered.
const MODULES: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// Facts about files, least recently used ones forgotten first.
#[derive(Debug)]
pub struct FileCache {
    fingerprints: LruCache<FileId, Rc<Fingerprint>>,
    modules: LruCache<FileId, Option<Rc<ModuleInfo>>>,
    inspect: Option<Inspect>,
}

impl Default for FileCache {
    fn default() -> Self {
        Self { fingerprints: LruCache::new(FINGERPRINTS), modules: LruCache::new(MODULES), inspect: None }
    }
}

impl FileCache {
    /// Modules that are read from now on are given to `inspect`.
    pub fn inspect_with(&mut self, inspect: Inspect) {
        self.inspect = Some(inspect);
    }

    /// The fingerprint of the executable or library `id`; `open` is called if it is not known yet.
    pub fn fingerprint(
        &mut self,
        id: FileId,
        open: impl FnOnce() -> std::io::Result<RegularFile>,
    ) -> Option<Rc<Fingerprint>> {
        if let Some(known) = self.fingerprints.get(&id) {
            return Some(Rc::clone(known));
        }
        let file = open().ok()?;
        let found = Rc::new(fingerprint(&file));
        self.fingerprints.put(file.id, Rc::clone(&found));
        Some(found)
    }

    /// What `file` is as a module; `None` if it is none.
    pub fn module(&mut self, file: &RegularFile) -> Option<Rc<ModuleInfo>> {
        let inspect = self.inspect;
        self.modules.get_or_insert(file.id, || ModuleInfo::read(file, inspect).map(Rc::new)).clone()
    }
}
