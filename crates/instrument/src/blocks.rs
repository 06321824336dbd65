//! Basic blocks: what runs as a whole, if nothing traps in it.
//!
//! A block ends with a branch, a call (which may never return: `proc_exit`, an exception) or before the target of one.
//! Only an `end` that a branch leads to begins a block, and every `loop` does, which is found in one walk.

use wasmparser::{Catch, Operator};

/// Instructions that run as a whole, if nothing traps among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Index of the first instruction.
    pub start: u32,
    /// Index after the last one.
    pub end: u32,
    /// Whether it begins where a call returned: it then runs as often as the block before, unless the call did not return.
    pub after_call: bool,
}

#[derive(Debug, Clone, Copy)]
struct Label {
    /// A loop's label is its begin.
    is_loop: bool,
    /// An `if` whose `else` was not seen.
    is_if: bool,
    targeted: bool,
    /// The end can be reached from an arm before.
    arm_reached: bool,
    /// Nothing in it can be reached.
    dead: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Blocks {
    found: Vec<Block>,
    labels: Vec<Label>,
    open: Option<(u32, bool)>,
    function_targeted: bool,
}

impl Blocks {
    pub(crate) fn clear(&mut self) {
        self.found.clear();
        self.labels.clear();
        self.open = Some((0, false));
        self.function_targeted = false;
    }

    pub(crate) fn found(&self) -> &[Block] {
        &self.found
    }

    pub(crate) fn function_targeted(&self) -> bool {
        self.function_targeted
    }

    pub(crate) fn instruction(&mut self, at: u32, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } => self.push(false, false),
            Operator::Loop { .. } => {
                self.push(true, false);
                self.split(at + 1, false);
            }
            Operator::If { .. } => {
                self.push(false, true);
                self.split(at + 1, false);
            }
            // Labels of catch clauses are counted from outside the `try_table`.
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    match catch {
                        Catch::One { label, .. }
                        | Catch::OneRef { label, .. }
                        | Catch::All { label }
                        | Catch::AllRef { label } => self.target(*label),
                    }
                }
                self.push(false, false);
            }
            Operator::Try { .. } => {
                self.push(false, false);
                self.target(0);
            }
            Operator::Else => self.arm(at, true),
            Operator::Catch { .. } | Operator::CatchAll => self.arm(at, false),
            Operator::End | Operator::Delegate { .. } => self.end(at),
            Operator::Br { relative_depth } => {
                self.target(*relative_depth);
                self.stop(at + 1);
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                self.target(*relative_depth);
                self.split(at + 1, false);
            }
            Operator::BrTable { targets } => {
                self.target(targets.default());
                for target in targets.targets().map_while(Result::ok) {
                    self.target(target);
                }
                self.stop(at + 1);
            }
            Operator::Return
            | Operator::Unreachable
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. }
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => self.stop(at + 1),
            Operator::Call { .. } | Operator::CallIndirect { .. } | Operator::CallRef { .. } => {
                self.split(at + 1, true);
            }
            // These may branch to any label around them, and are too rare to look closer.
            Operator::BrOnCastDescEq { .. }
            | Operator::BrOnCastDescEqFail { .. }
            | Operator::Resume { .. }
            | Operator::ResumeThrow { .. }
            | Operator::ResumeThrowRef { .. }
            | Operator::Suspend { .. }
            | Operator::Switch { .. } => {
                self.labels.iter_mut().for_each(|label| label.targeted = true);
                self.function_targeted = true;
                self.split(at + 1, true);
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&mut self, end: u32) {
        self.stop(end);
    }

    fn push(&mut self, is_loop: bool, is_if: bool) {
        let dead = self.open.is_none();
        self.labels.push(Label { is_loop, is_if, targeted: false, arm_reached: false, dead });
    }

    fn target(&mut self, depth: u32) {
        let label = self.labels.len().checked_sub(depth as usize + 1);
        match label.and_then(|at| self.labels.get_mut(at)) {
            Some(label) => label.targeted = true,
            None => self.function_targeted = true,
        }
    }

    /// Another block begins here, if this place can be reached.
    fn split(&mut self, at: u32, after_call: bool) {
        if self.open.is_some() {
            self.stop(at);
            self.open = Some((at, after_call));
        }
    }

    fn stop(&mut self, at: u32) {
        if let Some((start, after_call)) = self.open.take()
            && start < at
        {
            self.found.push(Block { start, end: at, after_call });
        }
    }

    /// `else` or `catch`: the arm before ends, another begins.
    fn arm(&mut self, at: u32, is_else: bool) {
        let reached = self.open.is_some();
        self.stop(at);
        if let Some(label) = self.labels.last_mut() {
            label.arm_reached |= reached;
            label.is_if &= !is_else;
            self.open = (!label.dead).then_some((at + 1, false));
        }
    }

    fn end(&mut self, at: u32) {
        let Some(label) = self.labels.pop() else { return };
        let joined = !label.is_loop && (label.targeted || label.is_if || label.arm_reached);
        if label.dead {
            return;
        }
        if joined {
            self.stop(at);
            self.open = Some((at + 1, false));
        }
    }
}
