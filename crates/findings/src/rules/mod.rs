//! The rules: a folder and two lines here for each.

mod deep_nesting;
mod huge_active_data;
mod huge_function;
mod huge_memory_minimum;
mod huge_table;
mod many_functions;
mod many_locals;
mod many_types;
mod memory64;
mod memory_without_maximum;
mod shared_memory_clock;
mod shared_memory_exported;
mod stack_not_first;
mod stack_pointer_exposed;
mod stack_protector_missing;
mod table_changed_by_code;
mod table_exported;
mod wide_br_table;

use crate::Rule;

/// Every rule, in the order of the threat catalogue.
pub static RULES: &[&Rule] = &[
    &stack_pointer_exposed::RULE,
    &stack_not_first::RULE,
    &stack_protector_missing::RULE,
    &table_exported::RULE,
    &table_changed_by_code::RULE,
    &memory_without_maximum::RULE,
    &huge_table::RULE,
    &memory64::RULE,
    &huge_function::RULE,
    &many_locals::RULE,
    &deep_nesting::RULE,
    &wide_br_table::RULE,
    &many_functions::RULE,
    &many_types::RULE,
    &huge_memory_minimum::RULE,
    &huge_active_data::RULE,
    &shared_memory_clock::RULE,
    &shared_memory_exported::RULE,
];
