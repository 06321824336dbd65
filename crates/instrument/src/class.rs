//! Instructions by class.

use wasmparser::Operator;

/// What an instruction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// `block`, `loop`, `nop`, `drop`, `return`, `unreachable`: those that cost nothing in Wasmtime's fuel.
    Free,
    /// `if`, branches, `select`, exceptions, stack switching.
    Control,
    /// Calls of any kind.
    Call,
    /// `local.*` and `global.*`.
    Variable,
    /// Integers and constants of all types.
    Integer,
    /// Floating point, and conversions to and from it.
    Float,
    /// 128-bit vectors, their loads and stores included.
    Vector,
    /// Loads of scalars.
    Load,
    /// Stores of scalars.
    Store,
    /// `memory.*`, `data.drop`.
    Memory,
    /// Atomic accesses and fences.
    Atomic,
    /// Tables, references, GC.
    Reference,
}

impl Class {
    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Free,
        Self::Control,
        Self::Call,
        Self::Variable,
        Self::Integer,
        Self::Float,
        Self::Vector,
        Self::Load,
        Self::Store,
        Self::Memory,
        Self::Atomic,
        Self::Reference,
    ];

    /// The class of an instruction; `None` for `else` and `end`, which are marks in the text and do nothing.
    pub fn of(operator: &Operator<'_>) -> Option<Self> {
        class(operator)
    }

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Control => "control",
            Self::Call => "call",
            Self::Variable => "variable",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Vector => "vector",
            Self::Load => "load",
            Self::Store => "store",
            Self::Memory => "memory",
            Self::Atomic => "atomic",
            Self::Reference => "reference",
        }
    }
}

macro_rules! classify {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        fn class(operator: &Operator<'_>) -> Option<Class> {
            match operator {
                $(Operator::$op { .. } => const { of(stringify!($proposal), stringify!($visit)) },)*
                _ => Some(Class::Reference),
            }
        }
    };
}
wasmparser::for_each_operator!(classify);

/// The class by the names that wasmparser gives proposal and instruction, at compile time.
const fn of(proposal: &str, visit: &str) -> Option<Class> {
    Some(match proposal.as_bytes() {
        b"simd" | b"relaxed_simd" => Class::Vector,
        b"threads" | b"shared_everything_threads" | b"acquire_release_atomics" => Class::Atomic,
        b"exceptions" | b"legacy_exceptions" | b"stack_switching" => Class::Control,
        b"saturating_float_to_int" => Class::Float,
        _ => match visit.as_bytes() {
            b"visit_else" | b"visit_end" => return None,
            b"visit_block" | b"visit_loop" | b"visit_nop" | b"visit_drop" | b"visit_return"
            | b"visit_unreachable" => Class::Free,
            b"visit_if" | b"visit_select" | b"visit_typed_select" | b"visit_typed_select_multi" => {
                Class::Control
            }
            [b'v', b'i', b's', b'i', b't', b'_', rest @ ..] => by_words(rest),
            _ => Class::Reference,
        },
    })
}

const fn by_words(name: &[u8]) -> Class {
    if starts(name, b"br_") || starts(name, b"br") && name.len() == 2 {
        Class::Control
    } else if starts(name, b"call") || starts(name, b"return_call") {
        Class::Call
    } else if starts(name, b"local_") || starts(name, b"global_") {
        Class::Variable
    } else if starts(name, b"memory_") || starts(name, b"data_drop") {
        Class::Memory
    } else if has(name, b"_load") {
        Class::Load
    } else if has(name, b"_store") {
        Class::Store
    } else if has(name, b"_const") {
        Class::Integer
    } else if has(name, b"f32") || has(name, b"f64") {
        Class::Float
    } else if starts(name, b"i32") || starts(name, b"i64") {
        Class::Integer
    } else {
        Class::Reference
    }
}

const fn starts(name: &[u8], begin: &[u8]) -> bool {
    at(name, begin, 0)
}

const fn has(name: &[u8], part: &[u8]) -> bool {
    let mut from = 0;
    while from < name.len() {
        if at(name, part, from) {
            return true;
        }
        from += 1;
    }
    false
}

const fn at(name: &[u8], part: &[u8], from: usize) -> bool {
    if from + part.len() > name.len() {
        return false;
    }
    let mut i = 0;
    while i < part.len() {
        if name[from + i] != part[i] {
            return false;
        }
        i += 1;
    }
    true
}
