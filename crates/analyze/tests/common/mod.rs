//! What the tests of contents and code share.

use wasmscope_analyze::facts::ModuleFacts;
use wasmscope_analyze::{Facts, Options, analyze};

/// The facts of the only module in `bytes`, which must be valid; the same twice and through JSON.
pub(crate) fn module_of(bytes: &[u8]) -> ModuleFacts {
    let mut facts = analyze(bytes, &Options::default()).unwrap();
    assert!(facts.validation.valid, "{:?}", facts.validation.error);
    assert_eq!(facts, analyze(bytes, &Options::default()).unwrap());
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
    facts.modules.remove(0)
}

/// The same of a module in text.
pub(crate) fn module(text: &str) -> ModuleFacts {
    module_of(&wat::parse_str(text).unwrap())
}
