//! The bounds of a walk. None of them is met by files of good will.

/// Decompressed bytes, of all levels of nesting together, for each byte of the outermost file. Real archives stay below 20;
/// gzip reaches 1032 with zeros, zstd much more.
pub const EXPANSION: u64 = 200;
/// Decompressed bytes that every file may have in any case: small ones may compress well.
pub const EXPANSION_FREE: u64 = 64 << 20;
/// Archives and compressions within each other. An image in a compressed tar needs four: gzip, tar, gzip, tar.
pub const DEPTH: u32 = 8;
/// Entries in all archives of one file.
pub const ENTRIES: u64 = 1_000_000;
/// Names in one directory: they are held to be sorted.
pub const DIRECTORY: usize = 250_000;
/// Bytes of headers, long names and extensions before one entry of a tar archive.
pub const HEADERS: u64 = 1 << 20;
/// Bytes of a zip archive within another archive. Its directory lies at its end, so it is held in memory.
pub const NESTED_ZIP: u64 = 32 << 20;
/// Bytes of an image index or manifest, as registries bound them (OCI distribution specification 1.1, "Pushing Manifests").
pub const MANIFEST: u64 = 4 << 20;
/// Descriptors in all indexes and manifests of one image layout.
pub const DESCRIPTORS: usize = 10_000;
/// Window of zstd: memory of the decoder. RFC 8878, 3.1.1.1.2 asks for 8 MiB; `zstd --ultra` uses more.
pub const ZSTD_WINDOW: u64 = 32 << 20;
/// Bytes of one name in an archive.
pub const NAME: usize = 4096;
