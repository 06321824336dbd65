//! Counting and validating in one pass.

use super::Visitor;
use wasmparser::{
    FrameKind, FrameStack, VisitOperator, VisitSimdOperator, for_each_visit_operator,
    for_each_visit_simd_operator,
};

/// Counts and validates: decoding each instruction once, not twice, saves a tenth of the whole analysis.
pub(super) struct Both<'s, 'v, 'a, V> {
    pub(super) scan: &'s mut Visitor<'v, 'a>,
    pub(super) validator: V,
}

macro_rules! visit_both {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(#[inline]
        #[allow(clippy::clone_on_copy, reason = "some operands are vectors")]
        fn $visit(&mut self $($(, $arg: $argty)*)?) -> wasmparser::Result<()> {
            self.scan.$visit($($($arg.clone()),*)?);
            self.validator.$visit($($($arg),*)?)
        })*
    };
}

macro_rules! visit_both_simd {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(fn $visit(&mut self $($(, $arg: $argty)*)?) -> wasmparser::Result<()> {
            self.scan.$visit($($($arg),*)?);
            // wasmparser's validator always has one when built with its feature `simd`.
            self.validator.simd_visitor().map_or(Ok(()), |validator| validator.$visit($($($arg),*)?))
        })*
    };
}

impl<'a, V: VisitOperator<'a, Output = wasmparser::Result<()>>> VisitOperator<'a> for Both<'_, '_, '_, V> {
    type Output = wasmparser::Result<()>;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Self::Output>> {
        Some(self)
    }

    for_each_visit_operator!(visit_both);
}

impl<'a, V: VisitOperator<'a, Output = wasmparser::Result<()>>> VisitSimdOperator<'a>
    for Both<'_, '_, '_, V>
{
    for_each_visit_simd_operator!(visit_both_simd);
}

impl<V: FrameStack> FrameStack for Both<'_, '_, '_, V> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.validator.current_frame()
    }
}
