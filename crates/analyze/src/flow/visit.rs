//! What each instruction does to the operands.

use super::{Context, Flow, Value, Watch};
use wasmparser::{
    MemArgTarget, VisitOperator, VisitSimdOperator, for_each_visit_operator, for_each_visit_simd_operator,
};

/// Those below are followed; all others take and give as many operands as wasmparser says.
macro_rules! visit {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $argty)*)?) {
            visit!(@step self $op [$($ann)*] $($(($arg))*)?);
        })*
    };
    (@step $s:ident Block $a:tt ($ty:ident)) => { $s.begin($ty, false) };
    (@step $s:ident Try $a:tt ($ty:ident)) => { $s.begin($ty, false) };
    (@step $s:ident TryTable $a:tt ($table:ident)) => { $s.begin($table.ty, false) };
    (@step $s:ident Loop $a:tt ($ty:ident)) => { $s.begin($ty, true) };
    (@step $s:ident If $a:tt ($ty:ident)) => {{ $s.pop(); $s.begin($ty, false) }};
    (@step $s:ident End $a:tt) => { $s.end() };
    (@step $s:ident Delegate $a:tt ($depth:ident)) => {{ let _ = $depth; $s.end() }};
    (@step $s:ident BrIf $a:tt ($depth:ident)) => {{ let _ = $depth; $s.pop(); }};
    (@step $s:ident Call $a:tt ($f:ident)) => { $s.call($f) };
    (@step $s:ident ReturnCall $a:tt ($f:ident)) => {{ $s.call($f); $s.lose() }};
    (@step $s:ident CallIndirect $a:tt ($ty:ident) ($table:ident)) => {{ let _ = $table; $s.call_indirect($ty) }};
    (@step $s:ident CallRef $a:tt ($ty:ident)) => { $s.call_indirect($ty) };
    (@step $s:ident Select $a:tt) => { $s.select() };
    (@step $s:ident TypedSelect $a:tt ($ty:ident)) => {{ let _ = $ty; $s.select() }};
    (@step $s:ident LocalGet $a:tt ($local:ident)) => { $s.get($local) };
    (@step $s:ident LocalSet $a:tt ($local:ident)) => {{ $s.set($local); }};
    (@step $s:ident LocalTee $a:tt ($local:ident)) => {{ let operand = $s.set($local); $s.stack.push(operand) }};
    (@step $s:ident GlobalGet $a:tt ($global:ident)) => { $s.global($global) };
    (@step $s:ident I32Const $a:tt ($n:ident)) => { $s.push(Value::Constant(Some(u64::from($n as u32)))) };
    (@step $s:ident I64Const $a:tt ($n:ident)) => { $s.push(Value::Constant(Some($n as u64))) };
    (@step $s:ident I32Load8U $a:tt ($m:ident)) => { $s.load_byte($m) };
    (@step $s:ident I32Load8S $a:tt ($m:ident)) => { $s.load_byte($m) };
    (@step $s:ident I64Load8U $a:tt ($m:ident)) => { $s.load_byte($m) };
    (@step $s:ident I64Load8S $a:tt ($m:ident)) => { $s.load_byte($m) };
    (@step $s:ident V128Load $a:tt ($m:ident)) => { $s.load_byte($m) };
    (@step $s:ident I32Load $a:tt ($m:ident)) => { $s.load_word($m) };
    (@step $s:ident I64Load $a:tt ($m:ident)) => { $s.load_word($m) };
    (@step $s:ident I32Store8 $a:tt ($m:ident)) => { $s.store_byte($m) };
    (@step $s:ident I64Store8 $a:tt ($m:ident)) => { $s.store_byte($m) };
    (@step $s:ident V128Store $a:tt ($m:ident)) => { $s.store_byte($m) };
    (@step $s:ident I32Xor $a:tt) => { $s.combine(true, true, None) };
    (@step $s:ident I64Xor $a:tt) => { $s.combine(true, true, None) };
    (@step $s:ident V128Xor $a:tt) => { $s.combine(true, true, None) };
    (@step $s:ident I32Add $a:tt) => {
        $s.combine(true, false, Some(|a, b| u64::from((a as u32).wrapping_add(b as u32))))
    };
    (@step $s:ident I64Add $a:tt) => { $s.combine(true, false, Some(u64::wrapping_add)) };
    (@step $s:ident I32Sub $a:tt) => { $s.mix() };
    (@step $s:ident I64Sub $a:tt) => { $s.mix() };
    (@step $s:ident I8x16Add $a:tt) => { $s.mix() };
    (@step $s:ident I8x16Sub $a:tt) => { $s.mix() };
    (@step $s:ident I32Rotl $a:tt) => { $s.mix() };
    (@step $s:ident I32Rotr $a:tt) => { $s.mix() };
    (@step $s:ident I64Rotl $a:tt) => { $s.mix() };
    (@step $s:ident I64Rotr $a:tt) => { $s.mix() };
    (@step $s:ident I32And $a:tt) => { $s.mask() };
    (@step $s:ident I64And $a:tt) => { $s.mask() };
    (@step $s:ident V128And $a:tt) => { $s.mask() };
    (@step $s:ident I32Or $a:tt) => { $s.mask() };
    (@step $s:ident I64Or $a:tt) => { $s.mask() };
    (@step $s:ident V128Or $a:tt) => { $s.mask() };
    (@step $s:ident I32Shl $a:tt) => { $s.mask() };
    (@step $s:ident I64Shl $a:tt) => { $s.mask() };
    (@step $s:ident I32ShrU $a:tt) => { $s.mask() };
    (@step $s:ident I32ShrS $a:tt) => { $s.mask() };
    (@step $s:ident I64ShrU $a:tt) => { $s.mask() };
    (@step $s:ident I64ShrS $a:tt) => { $s.mask() };
    (@step $s:ident I32WrapI64 $a:tt) => { $s.keep() };
    (@step $s:ident I64ExtendI32U $a:tt) => { $s.keep() };
    (@step $s:ident I64ExtendI32S $a:tt) => { $s.keep() };
    (@step $s:ident I32Extend8S $a:tt) => { $s.keep() };
    (@step $s:ident I64Extend8S $a:tt) => { $s.keep() };
    (@step $s:ident $op:ident [arity $taken:tt -> $given:tt] $(($arg:ident))*) => {{
        $(let _ = $arg;)*
        $s.shift($taken, $given)
    }};
    (@step $s:ident $op:ident [arity memarg $taken:tt -> $given:tt] ($m:ident) $(($arg:ident))*) => {{
        $(let _ = $arg;)*
        // An array has an index besides its address.
        let more = u32::from(!matches!($m.target, MemArgTarget::Memory(_)));
        $s.shift($taken + more, $given)
    }};
    // Branches, and what depends on types: the operands of this block are given up.
    (@step $s:ident $op:ident [$($ann:tt)*] $(($arg:ident))*) => {{ $(let _ = $arg;)* $s.lose() }};
}

impl<'a, C: Context, W: Watch> VisitOperator<'a> for Flow<'_, C, W> {
    type Output = ();

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = ()>> {
        Some(self)
    }

    for_each_visit_operator!(visit);
}

impl<C: Context, W: Watch> VisitSimdOperator<'_> for Flow<'_, C, W> {
    for_each_visit_simd_operator!(visit);
}
