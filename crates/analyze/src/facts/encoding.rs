//! How a module is written down, where that is odd.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Oddities of the encoding that do not make a module invalid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Encoding {
    /// Sizes and counts of sections and sizes of bodies in five bytes where fewer would do: linkers reserve them so.
    pub padded_lengths: u64,
    /// The same in two, three or four bytes where fewer would do: no known compiler writes them.
    pub overlong_lengths: u64,
    /// Where the first of these is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_overlong: Option<u64>,
    /// Bodies without locals and instructions.
    pub empty_bodies: u32,
    /// Custom sections before the first other section.
    pub leading_custom_sections: u32,
    /// Custom sections whose names belong to no known tool.
    pub unknown_custom: UnknownCustom,
}

/// Custom sections whose names belong to no known tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownCustom {
    /// How many.
    pub sections: u32,
    /// Bytes of their contents.
    pub bytes: u64,
    /// The mean of their entropies by size, in bits per byte, in steps of 0.01.
    pub entropy: f32,
}
