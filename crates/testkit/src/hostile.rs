//! Names that a guest may give itself to harm whoever shows them.

use std::borrow::Cow;

use wasm_encoder::{CustomSection, Encode, Section};

/// The first function to be renamed in `hostile-names/guest.wat`.
const FIRST_FUNCTION: u32 = 2;

/// Names of functions 2 to 10, callers last.
///
/// Invalid UTF-8 comes last of all: a strict reader gives up there and still has the rest.
fn names() -> Vec<Vec<u8>> {
    let escapes = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\u{9b}0m";
    let label = "quote\"} 1\nwasmscope_workload_forged{name=\"";
    let markup = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"&amp;";
    let json = "\",\"forged\":true,\"\\u0000\0\r\n\t\\";
    let direction = "safe\u{202e}gnitrevni\u{2066}\u{200b}\u{feff}";
    let path = "../../../etc/passwd;$(touch /tmp/owned)`id`|| true";
    let folded = "a;b;c 100\nforged;stack 999999";
    let long = "A".repeat(1 << 20);
    let mut names: Vec<Vec<u8>> = [escapes, label, markup, json, direction, path, folded, &long]
        .into_iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    names.push(b"\xff\xfe\xc3(\xed\xa0\x80".to_vec());
    names
}

/// Appends a `name` section to a module that has none.
///
/// Written by hand where the encoder's own name section insists on UTF-8.
pub(crate) fn append_names(module: &mut Vec<u8>) {
    let mut section = Vec::new();
    subsection(&mut section, 0, |bytes| b"\x1b[8mhidden\nmodule\"".as_slice().encode(bytes));
    subsection(&mut section, 1, |bytes| {
        let names = names();
        names.len().encode(bytes);
        for (index, name) in (FIRST_FUNCTION..).zip(&names) {
            index.encode(bytes);
            name.as_slice().encode(bytes);
        }
    });
    let section = CustomSection { name: Cow::Borrowed("name"), data: Cow::Owned(section) };
    section.append_to(module);
}

fn subsection(section: &mut Vec<u8>, id: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    write(&mut content);
    section.push(id);
    content.as_slice().encode(section);
}
