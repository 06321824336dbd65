//! Constant expressions: where segments go, what globals begin with, which functions tables hold.

use wasmparser::{ConstExpr, Operator};

/// What a constant expression evaluates to, as far as the bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// An integer.
    Integer(i64),
    /// A reference to a function.
    Function(u32),
    /// A null reference.
    Null,
    /// Anything else: the value of an imported global, arithmetic, a GC object.
    Unknown,
}

/// Evaluates `expression`; calls `reference` with each function that it refers to.
pub(crate) fn value(expression: &ConstExpr<'_>, mut reference: impl FnMut(u32)) -> Value {
    let mut value = None;
    let mut reader = expression.get_operators_reader();
    while !reader.eof() {
        let Ok(operator) = reader.read() else { return Value::Unknown };
        let this = match operator {
            Operator::I32Const { value } => Value::Integer(i64::from(value)),
            Operator::I64Const { value } => Value::Integer(value),
            Operator::RefNull { .. } => Value::Null,
            Operator::RefFunc { function_index } => {
                reference(function_index);
                Value::Function(function_index)
            }
            Operator::End => continue,
            _ => Value::Unknown,
        };
        // More than one instruction: arithmetic of the extended-const proposal, or a GC object.
        value = Some(if value.is_none() { this } else { Value::Unknown });
    }
    value.unwrap_or(Value::Unknown)
}

/// An address: the bits of a 32-bit constant are unsigned.
pub(crate) fn address(value: Value, is_64: bool) -> Option<u64> {
    match value {
        Value::Integer(n) if is_64 => Some(n as u64),
        Value::Integer(n) => Some(u64::from(n as u32)),
        _ => None,
    }
}
