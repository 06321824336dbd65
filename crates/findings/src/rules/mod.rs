//! The rules: a folder and two lines here for each.

mod analysis_incomplete;
mod capability_unreachable;
mod custom_host_functions;
mod debug_info_shipped;
mod deep_nesting;
mod dynamic_loading;
mod environment_and_network;
mod files_and_network;
mod http_client;
mod http_server;
mod huge_active_data;
mod huge_function;
mod huge_memory_minimum;
mod huge_table;
mod invalid_module;
mod many_functions;
mod many_locals;
mod many_types;
mod memory64;
mod memory_without_maximum;
mod mutable_global_exported;
mod network_imports;
mod no_origin;
mod nonstandard_proposals;
mod process_imports;
mod repeated_custom_section;
mod segment_out_of_bounds;
mod shared_memory_clock;
mod shared_memory_exported;
mod signature_broken;
mod stack_not_first;
mod stack_pointer_exposed;
mod stack_protector_missing;
mod start_function_reaches_host;
mod table_changed_by_code;
mod table_exported;
mod thread_spawn;
mod undecoded_function;
mod unknown_section;
mod unsigned;
mod unstable_interface;
mod wide_br_table;
mod write_and_run;

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
    &analysis_incomplete::RULE,
    &invalid_module::RULE,
    &unknown_section::RULE,
    &undecoded_function::RULE,
    &repeated_custom_section::RULE,
    &segment_out_of_bounds::RULE,
    &start_function_reaches_host::RULE,
    &nonstandard_proposals::RULE,
    &network_imports::RULE,
    &http_client::RULE,
    &http_server::RULE,
    &thread_spawn::RULE,
    &process_imports::RULE,
    &dynamic_loading::RULE,
    &unstable_interface::RULE,
    &custom_host_functions::RULE,
    &mutable_global_exported::RULE,
    &shared_memory_exported::RULE,
    &capability_unreachable::RULE,
    &files_and_network::RULE,
    &write_and_run::RULE,
    &environment_and_network::RULE,
    &unsigned::RULE,
    &signature_broken::RULE,
    &no_origin::RULE,
    &debug_info_shipped::RULE,
];
