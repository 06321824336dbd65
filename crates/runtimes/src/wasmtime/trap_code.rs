//! Why a guest trapped.

use std::fmt;

macro_rules! trap_codes {
    ($($name:ident = $message:literal,)*) => {
        /// Why a guest trapped, as Wasmtime names it.
        ///
        /// The number of a code is its place in this list (`enum Trap` in `wasmtime-environ`
        /// `src/trap_encoding.rs`). Versions 43 to 50 only ever appended to it, so that one list serves
        /// all of them; a newer version's codes are `Unknown`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "Wasmtime's names; the messages say what they mean")]
        pub enum TrapCode {
            $($name,)*
            /// An assertion of the compiler's own, written as 255: compiled code is wrong.
            InternalAssert,
            /// The heap of garbage-collected objects is corrupt, written as 254.
            GcHeapCorrupt,
            /// A number that no version looked at here uses.
            Unknown(u8),
        }

        impl TrapCode {
            const LIST: &[TrapCode] = &[$(TrapCode::$name,)*];

            /// The code that is written as this byte.
            pub fn from_u8(byte: u8) -> Self {
                match byte {
                    0xff => Self::InternalAssert,
                    0xfe => Self::GcHeapCorrupt,
                    _ => Self::LIST.get(usize::from(byte)).copied().unwrap_or(Self::Unknown(byte)),
                }
            }

            /// Wasmtime's name for it, `Unknown` for one that is not known.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::InternalAssert => "InternalAssert",
                    Self::GcHeapCorrupt => "GcHeapCorrupt",
                    Self::Unknown(_) => "Unknown",
                }
            }
        }

        impl fmt::Display for TrapCode {
            /// The message that Wasmtime itself prints after `wasm trap: `.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($message),)*
                    Self::InternalAssert => f.write_str("internal assertion of compiled code failed"),
                    Self::GcHeapCorrupt => f.write_str("corrupt GC heap"),
                    Self::Unknown(byte) => write!(f, "unknown trap code {byte}"),
                }
            }
        }
    };
}

trap_codes! {
    StackOverflow = "call stack exhausted",
    MemoryOutOfBounds = "out of bounds memory access",
    HeapMisaligned = "unaligned atomic",
    TableOutOfBounds = "undefined element: out of bounds table access",
    IndirectCallToNull = "uninitialized element",
    BadSignature = "indirect call type mismatch",
    IntegerOverflow = "integer overflow",
    IntegerDivisionByZero = "integer divide by zero",
    BadConversionToInteger = "invalid conversion to integer",
    UnreachableCodeReached = "wasm `unreachable` instruction executed",
    Interrupt = "interrupt",
    OutOfFuel = "all fuel consumed by WebAssembly",
    AtomicWaitNonSharedMemory = "atomic wait on non-shared memory",
    NullReference = "null reference",
    ArrayOutOfBounds = "out of bounds array access",
    AllocationTooLarge = "allocation size too large",
    CastFailure = "cast failure",
    CannotEnterComponent = "cannot enter component instance",
    NoAsyncResult = "async-lifted export failed to produce a result",
    UnhandledTag = "unhandled tag",
    ContinuationAlreadyConsumed = "continuation already consumed",
    DisabledOpcode = "pulley opcode disabled at compile time was executed",
    AsyncDeadlock = "deadlock detected: event loop cannot make further progress",
    CannotLeaveComponent = "cannot leave component instance",
    CannotBlockSyncTask = "cannot block a synchronous task before returning",
    InvalidChar = "invalid `char` bit pattern",
    DebugAssertStringEncodingFinished = "should have finished string encoding",
    DebugAssertEqualCodeUnits = "code units should be equal",
    DebugAssertPointerAligned = "pointer should be aligned",
    DebugAssertUpperBitsUnset = "upper bits should be unset",
    StringOutOfBounds = "string content out-of-bounds",
    ListOutOfBounds = "list content out-of-bounds",
    InvalidDiscriminant = "invalid variant discriminant",
    UnalignedPointer = "unaligned pointer",
    TaskCancelNotCancelled = "`task.cancel` called by task which has not been cancelled",
    TaskCancelOrReturnTwice = "`task.return` or `task.cancel` called more than once for current task",
    SubtaskCancelAfterTerminal = "`subtask.cancel` called after terminal status delivered",
    TaskReturnInvalid = "invalid `task.return` signature and/or options for current task",
    WaitableSetDropHasWaiters = "cannot drop waitable set with waiters",
    SubtaskDropNotResolved = "cannot drop a subtask which has not yet resolved",
    ThreadNewIndirectInvalidType = "start function does not match expected type (currently only `(i32) -> ()` is supported)",
    ThreadNewIndirectUninitialized = "the start function index points to an uninitialized function",
    BackpressureOverflow = "backpressure counter overflow",
    UnsupportedCallbackCode = "unsupported callback code",
    CannotResumeThread = "cannot resume thread which is not suspended",
    ConcurrentFutureStreamOp = "cannot have concurrent operations active on a future/stream",
    ReferenceCountOverflow = "reference count overflow",
    StreamOpTooBig = "stream read/write count too large",
    WaitableSyncAndAsync = "waitable cannot be used synchronously while added to a waitable set",
    UncaughtException = "uncaught exception propagated out of component",
    ReadFromDroppedStream = "cannot read from stream after being notified that the writable end dropped",
    WriteToDroppedStream = "cannot write to stream after being notified that the readable end dropped",
    WriteToDroppedFuture = "cannot write to future after previous write succeeded or readable end dropped",
    LiftDroppedStream = "cannot lift stream after being notified that the writable end dropped",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_wasmtime() {
        for (byte, name) in [
            (0, "StackOverflow"),
            (1, "MemoryOutOfBounds"),
            (9, "UnreachableCodeReached"),
            (10, "Interrupt"),
            (11, "OutOfFuel"),
            (23, "CannotLeaveComponent"),
            (49, "UncaughtException"),
            (53, "LiftDroppedStream"),
            (54, "Unknown"),
            (0xfe, "GcHeapCorrupt"),
            (0xff, "InternalAssert"),
        ] {
            assert_eq!(TrapCode::from_u8(byte).name(), name);
        }
        assert_eq!(TrapCode::from_u8(200).to_string(), "unknown trap code 200");
        assert_eq!(TrapCode::MemoryOutOfBounds.to_string(), "out of bounds memory access");
    }
}
