//! Which file a descriptor stands for, by name.

use std::collections::HashMap;

/// Most descriptors of one instance whose paths are kept.
const DESCRIPTORS: usize = 65_536;

/// Longest path that is kept, in bytes.
const PATH_BYTES: usize = 65_536;

/// Most bytes of all paths of one instance together.
const ALL_BYTES: usize = 16 << 20;

/// Absolute paths, as the guest sees them, by descriptor.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    by_descriptor: HashMap<u32, Box<[u8]>>,
    /// Of all of them.
    bytes: usize,
    /// Whether some are missing: then a descriptor that is not found may stand for anything.
    incomplete: bool,
    /// Whether the directories are known that were there from the start.
    pub(crate) begun: bool,
}

/// A path, as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Path(Vec<u8>),
    /// It has none: a standard stream, or no file at all.
    None,
    /// It has one.
    Lost,
}

impl Paths {
    pub(crate) fn set(&mut self, descriptor: u32, path: &[u8]) {
        self.close(descriptor);
        let path = if path.len() > PATH_BYTES { Vec::new() } else { normal(&[path]) };
        if path.is_empty() || self.by_descriptor.len() >= DESCRIPTORS || self.bytes + path.len() > ALL_BYTES {
            return self.lose(descriptor);
        }
        self.keep(descriptor, path.into());
    }

    /// The descriptor stands for something of which the path is not known.
    pub(crate) fn lose(&mut self, descriptor: u32) {
        self.close(descriptor);
        self.incomplete = true;
    }

    pub(crate) fn close(&mut self, descriptor: u32) {
        let path = self.by_descriptor.remove(&descriptor);
        self.bytes -= path.map_or(0, |path| path.len());
    }

    pub(crate) fn renumber(&mut self, from: u32, to: u32) {
        let path = self.by_descriptor.get(&from).cloned();
        self.close(from);
        self.close(to);
        if let Some(path) = path {
            self.keep(to, path);
        }
    }

    /// `descriptor` has no path.
    fn keep(&mut self, descriptor: u32, path: Box<[u8]>) {
        self.bytes += path.len();
        self.by_descriptor.insert(descriptor, path);
    }

    /// The path of a descriptor.
    pub(crate) fn of(&self, descriptor: u32) -> Known {
        match self.by_descriptor.get(&descriptor) {
            Some(path) => Known::Path(path.to_vec()),
            None if self.incomplete => Known::Lost,
            None => Known::None,
        }
    }

    /// `path` in `directory`.
    pub(crate) fn at(&self, directory: u32, path: &[u8]) -> Known {
        if path.len() > PATH_BYTES {
            return Known::Lost;
        }
        match self.by_descriptor.get(&directory) {
            Some(root) => Known::Path(normal(&[root, path])),
            // A path was given, hence there is one; relative to what, nobody knows.
            None => Known::Lost,
        }
    }
}

/// The parts one after the other, from the root, without `.` and `..`.
pub(crate) fn normal(parts: &[&[u8]]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in parts.iter().flat_map(|part| part.split(|byte| *byte == b'/')) {
        match name {
            b"" | b"." => {}
            b".." => _ = names.pop(),
            name => names.push(name),
        }
    }
    let mut out = Vec::new();
    for name in &names {
        out.push(b'/');
        out.extend_from_slice(name);
    }
    if names.is_empty() { b"/".to_vec() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_cannot_climb_out_of_the_root() {
        assert_eq!(normal(&[b"."]), b"/");
        assert_eq!(normal(&[b"data/", b"./a//b/../c"]), b"/data/a/c");
        assert_eq!(normal(&[b"/data", b"../../../etc/passwd"]), b"/etc/passwd");
    }

    #[test]
    fn descriptors_follow_opens_closes_and_renumbering() {
        let mut paths = Paths::default();
        paths.set(3, b"/data");
        assert_eq!(paths.at(3, b"x/y"), Known::Path(b"/data/x/y".to_vec()));
        paths.set(4, b"/data/x/y");
        paths.renumber(4, 9);
        assert_eq!(paths.of(9), Known::Path(b"/data/x/y".to_vec()));
        assert_eq!(paths.of(4), Known::None);
        paths.close(9);
        assert_eq!(paths.of(9), Known::None);
        assert_eq!(paths.at(7, b"x"), Known::Lost);
    }

    #[test]
    fn beyond_the_bound_nothing_is_kept_and_everything_is_suspect() {
        let mut paths = Paths::default();
        for descriptor in 0..=DESCRIPTORS as u32 {
            paths.set(descriptor, b"/a");
        }
        assert_eq!(paths.of(DESCRIPTORS as u32), Known::Lost);
        assert_eq!(paths.of(0), Known::Path(b"/a".to_vec()));
    }

    #[test]
    fn long_paths_are_bounded_by_their_sum_and_what_is_closed_makes_room() {
        let long = [b"/".as_slice(), &vec![b'a'; PATH_BYTES - 1]].concat();
        let mut paths = Paths::default();
        let fit = (ALL_BYTES / PATH_BYTES) as u32;
        (0..fit).for_each(|descriptor| paths.set(descriptor, &long));
        assert_eq!(paths.of(fit - 1), Known::Path(long.clone()));
        paths.renumber(0, fit);
        paths.set(0, b"/b");
        assert_eq!(paths.of(0), Known::Lost, "as much is kept as before");
        paths.close(fit);
        paths.set(0, b"/b");
        assert_eq!(paths.of(0), Known::Path(b"/b".to_vec()));
    }
}
