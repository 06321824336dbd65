//! The rules: a folder and two lines here for each.

mod analysis_incomplete;
mod capability_unreachable;
mod cloud_metadata_address;
mod counter_loop;
mod custom_host_functions;
mod debug_info_shipped;
mod deep_nesting;
mod dynamic_loading;
mod embedded_archive;
mod embedded_executable;
mod embedded_interpreter;
mod embedded_module;
mod embedded_script;
mod embedded_secret;
mod environment_and_network;
mod files_and_network;
mod fixed_address;
mod flattened_control_flow;
mod format_not_constant;
mod format_writes;
mod guard_constant;
mod guard_in_memory;
mod high_entropy_data;
mod http_client;
mod http_server;
mod huge_active_data;
mod huge_function;
mod huge_memory_minimum;
mod huge_table;
mod invalid_module;
mod large_call_class;
mod many_functions;
mod many_locals;
mod many_types;
mod memory64;
mod memory_without_maximum;
mod miner_constants;
mod miner_instruction_mix;
mod mining_texts;
mod mutable_global_exported;
mod network_imports;
mod no_origin;
mod nonstandard_proposals;
mod onion_address;
mod overlong_encoding;
mod packed_data;
mod process_imports;
mod randomx;
mod repeated_custom_section;
mod segment_out_of_bounds;
mod sensitive_host_paths;
mod shared_memory_clock;
mod shared_memory_exported;
mod shell_commands;
mod signature_broken;
mod stack_not_first;
mod stack_pointer_exposed;
mod stack_protector_missing;
mod start_function_reaches_host;
mod table_changed_by_code;
mod table_exported;
mod thread_spawn;
mod undecoded_function;
mod unhardened_allocator;
mod unknown_custom_data;
mod unknown_section;
mod unsigned;
mod unstable_interface;
mod vulnerable_dependency;
mod vulnerable_library;
mod weak_allocator;
mod wide_br_table;
mod write_and_run;

use crate::Rule;

/// Every rule, in the order of the threat catalogue.
pub static RULES: &[&Rule] = &[
    &stack_pointer_exposed::RULE,
    &stack_not_first::RULE,
    &stack_protector_missing::RULE,
    &guard_in_memory::RULE,
    &guard_constant::RULE,
    &weak_allocator::RULE,
    &unhardened_allocator::RULE,
    &format_not_constant::RULE,
    &format_writes::RULE,
    &table_exported::RULE,
    &table_changed_by_code::RULE,
    &large_call_class::RULE,
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
    &counter_loop::RULE,
    &miner_constants::RULE,
    &miner_instruction_mix::RULE,
    &mining_texts::RULE,
    &randomx::RULE,
    &high_entropy_data::RULE,
    &packed_data::RULE,
    &flattened_control_flow::RULE,
    &embedded_executable::RULE,
    &embedded_module::RULE,
    &embedded_archive::RULE,
    &embedded_script::RULE,
    &onion_address::RULE,
    &fixed_address::RULE,
    &cloud_metadata_address::RULE,
    &sensitive_host_paths::RULE,
    &shell_commands::RULE,
    &embedded_interpreter::RULE,
    &analysis_incomplete::RULE,
    &invalid_module::RULE,
    &unknown_section::RULE,
    &undecoded_function::RULE,
    &repeated_custom_section::RULE,
    &segment_out_of_bounds::RULE,
    &start_function_reaches_host::RULE,
    &nonstandard_proposals::RULE,
    &overlong_encoding::RULE,
    &unknown_custom_data::RULE,
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
    &embedded_secret::RULE,
    &unsigned::RULE,
    &signature_broken::RULE,
    &no_origin::RULE,
    &debug_info_shipped::RULE,
    &vulnerable_library::RULE,
    &vulnerable_dependency::RULE,
];
