//! Custom sections that speak of offsets in the code.

/// Whether a section would be wrong in the new module: debug information, source maps, hints by offset, signatures.
pub(crate) fn is_stale(name: &str) -> bool {
    name.starts_with(".debug_")
        || name.starts_with("metadata.code.")
        || matches!(
            name,
            "sourceMappingURL" | "external_debug_info" | "signature" | ".gdb_index" | "wasm-ld.map"
        )
}
