//! The rules: a folder and two lines here for each.

mod shared_memory_exported;
mod stack_protector_missing;

use crate::Rule;

/// Every rule, in the order of the threat catalogue.
pub static RULES: &[&Rule] = &[&stack_protector_missing::RULE, &shared_memory_exported::RULE];
