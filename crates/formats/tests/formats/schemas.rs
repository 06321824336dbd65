//! The official schemas, as validators.

use jsonschema::{Registry, Resource, Validator};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a schema is JSON")
}

pub(crate) fn sarif() -> Validator {
    let mut schema = json(include_str!("../schemas/sarif-2.1.0.json"));
    // Its patterns for languages have a bracket too many, which is no regular expression; no language is written.
    for object in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][object]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

pub(crate) fn cyclonedx() -> Validator {
    let resource = |text| Resource::from_contents(json(text));
    let registry = Registry::new()
        .add(
            "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
            resource(include_str!("../schemas/spdx.json")),
        )
        .and_then(|registry| {
            registry.add(
                "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
                resource(include_str!("../schemas/jsf-0.82.json")),
            )
        })
        .and_then(|registry| registry.prepare())
        .unwrap();
    let schema = json(include_str!("../schemas/cyclonedx-1.6.json"));
    jsonschema::options().with_registry(&registry).should_validate_formats(true).build(&schema).unwrap()
}

/// Fails with the first errors and where they are.
pub(crate) fn accept(validator: &Validator, document: &Value, what: &str) {
    let errors: Vec<_> = validator
        .iter_errors(document)
        .take(5)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// Sets what `pointer` points to, and wants that refused: the validator is at work there.
pub(crate) fn refuse(validator: &Validator, document: &Value, pointer: &str, value: Value) {
    let mut broken = document.clone();
    let place = broken.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}"));
    *place = value;
    assert!(!validator.is_valid(&broken), "{pointer} may be {}", broken.pointer(pointer).unwrap());
}
