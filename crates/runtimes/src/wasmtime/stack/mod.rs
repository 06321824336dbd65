//! The guest's stack, out of words that a scan of the native stack brought.
//!
//! # What lies there
//!
//! Code by Cranelift and Winch keeps frame pointers, the host's does not. Each compiled function begins with
//! `push rbp; mov rbp, rsp`, so at its frame pointer lies a record: the caller's frame pointer, and above
//! it the return address into the caller. From low to high addresses, in a system call that the guest caused:
//!
//! ```text
//! host frames                       no records; uninitialised locals hold remains of earlier calls
//! return address into the exit trampoline      a lone word: what lies below it is the host's
//! the exit trampoline's frame
//! { frame pointer, return address } at its end: the head, into the innermost guest function
//!   ...                             each record's frame pointer is the address of the next record
//! { frame pointer, return address into the entry trampoline }
//! ```
//!
//! # Which records are true
//!
//! Records of calls that are over survive below the head in host frames, and above it in slots that a
//! guest function has not written yet. They link to each other and to true records as true ones do. A
//! chain is taken only if
//!
//! - it goes upward, record by record, to one that returns into an entry trampoline, and
//! - each direct call on the way called the function it is said to have called (x86-64, where the code can
//!   be read).
//!
//! Its head must be where guest code left for the host: the return address into the exit trampoline
//! lies as far below it as the trampoline's prologue says, and the guest did not call another guest
//! function there. Where several heads remain, the higher one is taken, as what is over lies mostly in host
//! frames; unless the chain of a lower one goes through it: then the guest had left for the host there
//! before, and went on.
//!
//! Where the code cannot be read any more (the process is gone), less is known and more is believed.

mod evidence;
mod records;

use super::table::{Code, Place};
use crate::memory::ReadMemory;
use evidence::Text;
use records::Records;
use wasmscope_model::{Frame, FrameRecord, GuestStack, StackProblem};

/// The native addresses of a guest's stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Innermost first, return addresses in guest code and its trampolines. Of nested activations (guest,
    /// host, guest) each ends with a return address into an entry trampoline.
    pub pcs: Vec<u64>,
    /// Whether the first of them is the address of an instruction itself.
    pub exact: bool,
    /// Whether the stack goes on beyond what was scanned.
    pub cut: bool,
}

/// The guest's stack in a system call that it caused.
///
/// `candidates` are the records of the thread's stack from the stack pointer upward; `code` answers for
/// addresses in any image of the process; `memory` is asked for a few bytes of code per record, and may be
/// empty.
///
/// # Errors
///
/// When there is none, or none that can be told from remains of earlier calls.
pub fn guest_stack<'a>(
    candidates: &[FrameRecord],
    code: &dyn Fn(u64) -> Option<Code<'a>>,
    memory: &dyn ReadMemory,
) -> Result<Chain, StackProblem> {
    let text = Text { code, memory };
    let records = Records::new(candidates, &text);
    if records.is_empty() {
        return Err(StackProblem::NoGuestCode);
    }
    // A tail call leaves a frame that its caller's call does not name: only then links are not checked.
    [true, false].into_iter().find_map(|checked| records.chain(&text, checked)).ok_or(StackProblem::NoChain)
}

/// The guest's stack where its own code trapped: `ip` and `fp` are the interrupted thread's registers.
///
/// # Errors
///
/// When `ip` lies in no known code.
pub fn guest_stack_from_registers<'a>(
    ip: u64,
    fp: u64,
    candidates: &[FrameRecord],
    code: &dyn Fn(u64) -> Option<Code<'a>>,
) -> Result<Chain, StackProblem> {
    if code(ip).is_none() {
        return Err(StackProblem::NoGuestCode);
    }
    let mut sorted = candidates.to_vec();
    sorted.sort_by_key(|record| record.at);
    let mut chain = Chain { pcs: vec![ip], exact: true, cut: false };
    let mut next = fp;
    loop {
        let found = sorted.binary_search_by_key(&next, |record| record.at).ok().and_then(|n| sorted.get(n));
        let Some((record, caller)) = found.and_then(|r| Some((r, code(r.ret.checked_sub(1)?)?))) else {
            chain.cut = true;
            return Ok(chain);
        };
        chain.pcs.push(record.ret);
        if caller.place == Place::Entry {
            return Ok(chain);
        }
        // Only ever upward, so it ends.
        if record.fp <= record.at {
            chain.cut = true;
            return Ok(chain);
        }
        next = record.fp;
    }
}

impl Chain {
    /// The stack for people: functions only, each with the instruction it had reached.
    ///
    /// `offset` gives the byte of the Wasm file for a native address, as
    /// [`TrapSections::wasm_offset`](super::TrapSections::wasm_offset) does; it is asked with addresses
    /// that lie within the instruction in question.
    pub fn resolve<'a>(
        &self,
        code: &dyn Fn(u64) -> Option<Code<'a>>,
        offset: &dyn Fn(u64) -> Option<u32>,
    ) -> GuestStack {
        let frame = |(n, pc): (usize, &u64)| {
            let address = if n == 0 && self.exact { *pc } else { pc.checked_sub(1)? };
            match code(address)?.place {
                Place::Function { module_index, index, name } => Some(Frame {
                    module_index,
                    function_index: index,
                    name: name.map(str::to_owned),
                    offset: offset(address),
                }),
                Place::Entry | Place::Exit | Place::Other => None,
            }
        };
        GuestStack { frames: self.pcs.iter().enumerate().filter_map(frame).collect(), cut: self.cut }
    }
}
