//! The JSON Schema of a line, made from the types and their documentation.

use crate::ScanLine;
use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};

/// The JSON Schema (draft 2020-12) of [`ScanLine`], indented, with a line break at its end.
///
/// Objects are open: a later version may have more fields.
pub fn json_schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(PlainDescriptions);
    let mut schema = settings.into_generator().into_root_schema_for::<ScanLine<'_>>();
    schema.insert("title".into(), "One line of wasmscope scan --format json".into());
    format!("{:#}\n", schema.as_value())
}

/// Descriptions are doc comments: their links lead to Rust items, which a reader of the schema does not have.
#[derive(Debug, Clone)]
struct PlainDescriptions;

impl Transform for PlainDescriptions {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(description) = schema.get("description").and_then(|text| text.as_str()) {
            // A line break in a doc comment means nothing; an empty line ends a paragraph.
            let paragraphs = description.split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
            let plain = without_links(&paragraphs.collect::<Vec<_>>().join("\n\n"));
            schema.insert("description".into(), plain.into());
        }
        transform_subschemas(self, schema);
    }
}

/// Replaces `[text](target)` and ``[`text`]`` by `text`; of links to the web, the target stays in brackets.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let Some((words, after)) = link.split_once(']') else {
            plain.push('[');
            rest = link;
            continue;
        };
        let target = after.strip_prefix('(').and_then(|target| target.split_once(')'));
        match target {
            Some((target, after)) => {
                plain.push_str(words);
                if target.starts_with("http") {
                    plain.push_str(&format!(" ({target})"));
                }
                rest = after;
            }
            None if words.starts_with('`') => {
                plain.push_str(words);
                rest = after;
            }
            None => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_words() {
        for (text, plain) in [
            ("see [`Self::path`](Self::path), [`Facts`] and more", "see `Self::path`, `Facts` and more"),
            ("in [the paper](https://example.org/x)", "in the paper (https://example.org/x)"),
            ("`component/module[1]`, a [list", "`component/module[1]`, a [list"),
        ] {
            assert_eq!(without_links(text), plain);
        }
    }

    #[test]
    fn no_description_leads_into_the_code() {
        let schema = json_schema();
        assert!(schema.contains("SHA-256 of the whole file."), "descriptions are there");
        assert!(!schema.contains("crate::") && !schema.contains("](Self"));
    }
}
