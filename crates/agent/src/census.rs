//! Who runs already: which processes of the scope deserve a look.
//!
//! The BPF iterator passes over all memory maps at once and names those with large reservations or anonymous code; they
//! are looked at first. What is left are interpreters that leave no trace: for those, every distinct executable file on
//! the host is fingerprinted once, and the processes that map a marked one are looked at too.

use std::collections::{HashMap, VecDeque};
use wasmscope_model::ProbeReport;
use wasmscope_sensor_kernel::{Scope, Settings, VmaRecord, VmaWhat, running_processes};
use wasmscope_workload::Looker;

/// Device and inode as the kernel knows them.
type File = (u32, u64);

/// One file's mapping that stands for all of its mappings.
#[derive(Debug)]
struct Specimen {
    pid: u32,
    start: u64,
    end: u64,
    mapped_by: Vec<u32>,
}

/// The processes to look at, in the order of promise.
#[derive(Debug, Default)]
pub struct Census {
    /// To be looked at at once.
    pub promising: VecDeque<u32>,
    /// Files still to be fingerprinted, and who maps them.
    files: VecDeque<Specimen>,
    /// Processes seen in all.
    pub processes: usize,
    /// Why the iterator was not used.
    pub degraded: Option<Box<ProbeReport>>,
    /// The maps of so many processes were so large that the pass stopped early.
    pub cut: bool,
}

impl Census {
    /// Lists the processes of `settings.scope`.
    ///
    /// # Errors
    /// `/proc` is not readable.
    pub fn take(settings: &Settings) -> std::io::Result<Self> {
        if let Some(members) = settings.scope.members() {
            return Ok(Self::of_all(members));
        }
        debug_assert_eq!(settings.scope, Scope::Host);
        match running_processes(settings) {
            Ok((records, cut)) => Ok(Self { cut, ..Self::of_records(&records) }),
            Err(report) => {
                let all = wasmscope_sensor_proc::pids()?;
                let own = std::process::id();
                let others = all.into_iter().filter(|pid| *pid != own).collect();
                Ok(Self { degraded: Some(report), ..Self::of_all(others) })
            }
        }
    }

    fn of_all(pids: Vec<u32>) -> Self {
        Self { processes: pids.len(), promising: pids.into(), ..Self::default() }
    }

    fn of_records(records: &[VmaRecord]) -> Self {
        let mut census = Self::default();
        let mut files: HashMap<File, Specimen> = HashMap::new();
        let mut last = None;
        for record in records {
            let pid = record.process.pid.0;
            if last != Some(pid) {
                census.processes += 1;
                last = Some(pid);
            }
            match record.what {
                VmaWhat::FileExecutable(device, inode) => {
                    let specimen = files.entry((device, inode)).or_insert_with(|| Specimen {
                        pid,
                        start: record.start,
                        end: record.end,
                        mapped_by: Vec::new(),
                    });
                    if specimen.mapped_by.last() != Some(&pid) {
                        specimen.mapped_by.push(pid);
                    }
                }
                VmaWhat::Large | VmaWhat::AnonymousExecutable => {
                    if census.promising.back() != Some(&pid) {
                        census.promising.push_back(pid);
                    }
                }
            }
        }
        census.files.extend(files.into_values());
        census
    }

    /// Fingerprints one more file; processes that map a marked one become promising. `false` when none is left.
    pub fn step(&mut self, looker: &mut Looker) -> bool {
        let Some(specimen) = self.files.pop_front() else { return false };
        if looker.is_marked_mapping(specimen.pid, specimen.start, specimen.end) {
            self.promising.extend(specimen.mapped_by);
        }
        true
    }

    /// Whether everything was looked into.
    pub fn is_done(&self) -> bool {
        self.promising.is_empty() && self.files.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_model::ProcessKey;

    #[test]
    fn shared_files_are_fingerprinted_once() {
        let record = |pid, what| VmaRecord {
            process: ProcessKey::from_kernel(pid, 0, 0),
            what,
            start: 4096,
            end: 8192,
        };
        let libc = VmaWhat::FileExecutable(1, 7);
        let census = Census::of_records(&[
            record(1, libc),
            record(1, VmaWhat::FileExecutable(1, 8)),
            record(2, libc),
            record(2, libc),
            record(2, VmaWhat::Large),
            record(2, VmaWhat::AnonymousExecutable),
        ]);
        assert_eq!(census.processes, 2);
        assert_eq!(census.promising, [2]);
        let mut sizes: Vec<_> = census.files.iter().map(|f| f.mapped_by.clone()).collect();
        sizes.sort();
        assert_eq!(sizes, [vec![1], vec![1, 2]]);
    }
}
