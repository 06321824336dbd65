//! What the instructions around an address tell about the frames on a stack.

use super::super::table::{Code, Place};
use crate::memory::{ReadMemory, read_array};

/// The code of a process, as far as it is known: places by address, and the bytes themselves.
pub(super) struct Text<'t, 'a> {
    pub(super) code: &'t dyn Fn(u64) -> Option<Code<'a>>,
    pub(super) memory: &'t dyn ReadMemory,
}

impl<'a> Text<'_, 'a> {
    /// What a return address returns to. One that points to the start of code is a function pointer.
    pub(super) fn caller(&self, ret: u64) -> Option<Code<'a>> {
        (self.code)(ret.checked_sub(1)?)
    }

    /// What the call that `ret` returns from had called, where the instruction itself names it.
    ///
    /// Unreadable code, an indirect call, and every call on other architectures have no answer.
    pub(super) fn called(&self, ret: u64) -> Option<Code<'a>> {
        const CALL_REL32: u8 = 0xe8;
        if !cfg!(target_arch = "x86_64") {
            return None;
        }
        let [opcode, relative @ ..] = self.bytes::<5>(ret.checked_sub(5)?)?;
        if opcode != CALL_REL32 {
            return None;
        }
        let target = ret.wrapping_add_signed(i64::from(i32::from_le_bytes(relative)));
        // The end of an indirect call may look like a direct one, but does not lead to the start of code.
        (self.code)(target).filter(|code| code.start == target)
    }

    /// Bytes between the saved frame pointer of a trampoline and its stack pointer while it calls.
    ///
    /// Cranelift's prologue is `push rbp; mov rbp, rsp`, and `sub rsp, N` unless N is 0.
    pub(super) fn frame_size(&self, trampoline: Code<'_>) -> Option<u64> {
        if !cfg!(target_arch = "x86_64") {
            return None;
        }
        let bytes = self.bytes::<11>(trampoline.start)?;
        match bytes.strip_prefix(b"\x55\x48\x89\xe5")? {
            [0x48, 0x83, 0xec, size, ..] => Some(u64::from(*size)).filter(|size| *size < 0x80),
            [0x48, 0x81, 0xec, a, b, c, d] => Some(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
            _ => Some(0),
        }
    }

    fn bytes<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        read_array(self.memory, address).ok().flatten()
    }
}

/// Whether a call that names `called` can have led to a frame in `inner`.
///
/// A function can have been replaced in its frame by one that it tail-called; the caller decides whether
/// that is to be expected.
pub(super) fn leads_to(called: Option<Code<'_>>, inner: Code<'_>) -> bool {
    called.is_none_or(|called| called.start == inner.start || called.place == Place::Other)
}
