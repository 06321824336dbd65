//! A script of the suite with its modules instrumented, as text again: what is not a module stays as it is.

use std::fmt::Write as _;
use wasmscope_instrument::{Plan, Refused, instrument};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{Wast, WastDirective};

/// A script whose modules are instrumented.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) instrumented: usize,
    /// Why modules were left as they are.
    pub(crate) refused: Vec<String>,
}

/// Instruments every module of a script. Modules in assertions are meant to be broken, and stay.
pub(crate) fn instrumented(text: &str, plan: &mut dyn FnMut() -> Plan) -> Script {
    let mut script = Script::default();
    for form in forms(text) {
        match module(form) {
            Some((head, bytes)) => match instrument(&bytes, plan()) {
                Ok(made) => {
                    script.instrumented += 1;
                    write!(script.text, "{head} binary \"").unwrap();
                    made.bytes.iter().for_each(|byte| write!(script.text, "\\{byte:02x}").unwrap());
                    script.text.push_str("\")");
                }
                Err(Refused::Defect(defect)) => panic!("{defect}\n{form}"),
                Err(refused) => {
                    script.refused.push(refused.to_string());
                    script.text.push_str(form);
                }
            },
            None => script.text.push_str(form),
        }
        script.text.push('\n');
    }
    script
}

/// The beginning of a module's form up to its name, and the module's bytes.
fn module(form: &str) -> Option<(String, Vec<u8>)> {
    let rest = form.strip_prefix("(module")?;
    if !rest.starts_with([' ', '\n', '\r', '\t', ')', '(', ';']) {
        return None;
    }
    let mut words = rest.split([' ', '\n', '\r', '\t', '(', ')']).filter(|word| !word.is_empty()).peekable();
    let mut head = "(module".to_owned();
    match words.peek() {
        Some(&"instance") => return None,
        Some(&"definition") => {
            head.push_str(" definition");
            words.next();
        }
        _ => {}
    }
    if let Some(name) = words.peek().filter(|word| word.starts_with('$')) {
        write!(head, " {name}").unwrap();
    }
    let mut lexer = Lexer::new(form);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).ok()?;
    let mut script = parser::parse::<Wast<'_>>(&buffer).ok()?;
    let bytes = match script.directives.first_mut()? {
        WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => module.encode().ok()?,
        _ => return None,
    };
    Some((head, bytes))
}

/// The forms at the top of a script; comments between them are left out.
fn forms(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut found, mut depth, mut start, mut at) = (Vec::new(), 0, 0, 0);
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b';', Some(b';')) => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
            }
            (b'(', Some(b';')) => at = comment(bytes, at),
            (b'"', _) => at = string(bytes, at),
            (b'(', _) => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
                at += 1;
            }
            (b')', _) => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    found.push(&text[start..at]);
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// Where a block comment that begins at `at` ends; they nest.
fn comment(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"(;" => {
                depth += 1;
                at += 2;
            }
            b";)" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// Where a string that begins at `at` ends.
fn string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}
