//! wasmsign2's `signature` section: who signed, not whether it is right
//! (<https://github.com/WebAssembly/tool-conventions/blob/main/Signatures.md>, wasmsign2 `src/lib/src/signature/sig_sections.rs`).

use crate::facts::{Signature, SignatureSection};
use crate::limits::Budget;
use wasmparser::BinaryReader;

/// Reads the contents of the section. `first`: does it stand before every other section?
pub(crate) fn read(
    data: &[u8],
    offset: u64,
    first: bool,
    budget: &mut Budget,
) -> wasmparser::Result<SignatureSection> {
    let mut reader = BinaryReader::new(data, offset);
    let version = u64::from(reader.read_u8()?);
    let _content_type = reader.read_u8()?;
    let _hash_function = reader.read_u8()?;
    let mut signatures = Vec::new();
    for _ in 0..reader.read_var_u32()? {
        let length = reader.read_var_u32()? as usize;
        let at = reader.original_position();
        let mut set = BinaryReader::new(reader.read_bytes(length)?, at);
        let hashes = set.read_var_u32()?;
        for _ in 0..hashes {
            set.read_bytes(32)?;
        }
        for _ in 0..set.read_var_u32()? {
            let length = set.read_var_u32()? as usize;
            let at = set.original_position();
            let mut one = BinaryReader::new(set.read_bytes(length)?, at);
            let id = one.read_var_u32()? as usize;
            let id = one.read_bytes(id)?;
            let algorithm = u64::from(one.read_u8()?);
            if budget.take() {
                let key_id = id.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
                signatures.push(Signature { key_id, algorithm, hashes });
            }
        }
    }
    Ok(SignatureSection { version, first, signatures })
}
