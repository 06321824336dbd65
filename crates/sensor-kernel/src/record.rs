//! Decoding what the probes write. Pure: bytes in, records out; any bytes are safe to decode.

use crate::lifecycle::types;
use wasmscope_model::{FileVersion, Head, Pid, ProcessKey, Record};

/// Decodes one ring-buffer sample; `None` for one that is too short or of an unknown kind.
pub fn decode(sample: &[u8]) -> Option<Record> {
    let head: types::record_head = view(sample)?;
    Some(match head.kind {
        types::record_kind::RECORD_EXEC => {
            let record: types::exec_record = view(sample)?;
            Record::Exec {
                head: decode_head(&head),
                exe: FileVersion {
                    inode: record.exe.inode,
                    size: record.exe.size,
                    changed_ns: record.exe.changed_ns,
                    device: record.exe.device,
                },
                args: used(&record.args, record.args_bytes),
            }
        }
        types::record_kind::RECORD_FORK => Record::Fork { head: decode_head(&head) },
        types::record_kind::RECORD_EXIT => {
            let record: types::exit_record = view(sample)?;
            Record::Exit { head: decode_head(&head), wait_status: record.wait_status }
        }
        types::record_kind::RECORD_RESERVATION => {
            let record: crate::reservation::types::reservation_record = view(sample)?;
            Record::Reservation { head: decode_head(&head), address: record.address, length: record.length }
        }
        types::record_kind::RECORD_MODULE_READ => {
            let record: crate::module_read::types::module_read_record = view(sample)?;
            Record::ModuleRead {
                head: decode_head(&head),
                file: (record.device, record.inode),
                size: record.size,
                path: path(&record.path, record.path_bytes.into()),
                complete: record.complete != 0,
            }
        }
        types::record_kind::RECORD_MAP_CHANGE => {
            let record: crate::map_change::types::map_change_record = view(sample)?;
            Record::MapChange {
                head: decode_head(&head),
                address: record.address,
                length: record.length,
                executable: record.prot & libc::PROT_EXEC as u32 != 0,
            }
        }
        _ => return None,
    })
}

/// Why a mapping is of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VmaWhat {
    /// At least [`crate::Settings::least_reservation_bytes`] long.
    Large,
    /// Anonymous and executable.
    AnonymousExecutable,
    /// An executable mapping of this file: device (kernel encoding) and inode.
    FileExecutable(u32, u64),
}

/// One mapping of interest of one process, from the iterator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VmaRecord {
    /// The process.
    pub process: ProcessKey,
    /// Why it is of interest.
    pub what: VmaWhat,
    /// First address.
    pub start: u64,
    /// Address behind the last.
    pub end: u64,
}

impl VmaRecord {
    /// Bytes of one record in the iterator's output.
    pub(crate) const BYTES: usize = size_of::<crate::task_vma::types::vma_record>();

    /// Decodes one record; `None` for an unknown kind.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        use crate::task_vma::types::{vma_record, vma_what};
        let record: vma_record = view(bytes)?;
        let what = match record.what {
            vma_what::VMA_LARGE => VmaWhat::Large,
            vma_what::VMA_ANON_EXEC => VmaWhat::AnonymousExecutable,
            vma_what::VMA_FILE_EXEC => VmaWhat::FileExecutable(record.device, record.inode),
            _ => return None,
        };
        Some(Self {
            process: ProcessKey::from_kernel(record.pid, record.start_ns, record.start_stack),
            what,
            start: record.start,
            end: record.end,
        })
    }
}

fn decode_head(head: &types::record_head) -> Head {
    Head {
        process: ProcessKey::from_kernel(head.pid, head.start_ns, head.start_stack),
        tid: head.tid,
        parent: Pid(head.parent_pid),
        monotonic_ns: head.time_ns,
    }
}

/// Joins the components, which come leaf first and NUL-terminated.
fn path(components: &[u8], bytes: u32) -> Vec<u8> {
    let components = used(components, bytes);
    let mut path = Vec::with_capacity(components.len() + 1);
    for name in components.split(|b| *b == 0).rev().filter(|name| !name.is_empty()) {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    path
}

fn used(bytes: &[u8], used: u32) -> Vec<u8> {
    bytes[..bytes.len().min(used as usize)].to_vec()
}

/// A record type of `records.h`: fixed-width integers and byte arrays only.
///
/// # Safety
/// Every bit pattern must be a valid value.
pub(crate) unsafe trait AnyBytes: Copy {}

// SAFETY: integers, transparent newtypes of integers and byte arrays.
unsafe impl AnyBytes for types::record_head {}
// SAFETY: as above.
unsafe impl AnyBytes for types::exec_record {}
// SAFETY: as above.
unsafe impl AnyBytes for types::exit_record {}
// SAFETY: as above.
unsafe impl AnyBytes for crate::reservation::types::reservation_record {}
// SAFETY: as above.
unsafe impl AnyBytes for crate::module_read::types::module_read_record {}
// SAFETY: as above.
unsafe impl AnyBytes for crate::map_change::types::map_change_record {}
// SAFETY: as above.
unsafe impl AnyBytes for crate::task_vma::types::vma_record {}

pub(crate) fn view<T: AnyBytes>(bytes: &[u8]) -> Option<T> {
    // SAFETY: there are enough bytes, any alignment will do, and any bytes are a valid T.
    (bytes.len() >= size_of::<T>()).then(|| unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exec_bytes(kind: u32, args_bytes: u32) -> Vec<u8> {
        let mut bytes = vec![0; size_of::<types::exec_record>()];
        bytes[..4].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&42u32.to_le_bytes());
        let args_at = std::mem::offset_of!(types::exec_record, args_bytes);
        bytes[args_at..args_at + 4].copy_from_slice(&args_bytes.to_le_bytes());
        bytes
    }

    #[test]
    fn a_length_beyond_the_record_is_cut_to_it() {
        let Some(Record::Exec { head, args, .. }) = decode(&exec_bytes(1, u32::MAX)) else { panic!() };
        assert_eq!(head.process.pid, Pid(42));
        assert_eq!(args.len(), 1024);
    }

    #[test]
    fn a_short_or_unknown_record_is_no_record() {
        let bytes = exec_bytes(1, 0);
        assert!(decode(&bytes[..bytes.len() - 1]).is_none());
        assert!(decode(&exec_bytes(99, 0)).is_none());
        assert!(VmaRecord::decode(&[0; VmaRecord::BYTES]).is_none());
    }

    #[test]
    fn components_become_a_path() {
        assert_eq!(path(b"m.wasm\0app\0srv\0junk", 15), b"/srv/app/m.wasm");
        assert_eq!(path(b"", 9), b"");
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_do_not(mut bytes in proptest::collection::vec(any::<u8>(), 0..1200), kind in 0u8..8) {
            if let Some(first) = bytes.first_mut() {
                *first = kind;
            }
            for at in bytes.iter_mut().skip(1).take(3) {
                *at = 0;
            }
            let _ = decode(&bytes);
            let _ = VmaRecord::decode(&bytes);
        }
    }
}
