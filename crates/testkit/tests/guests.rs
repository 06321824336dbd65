//! The catalogue of guests builds, and is what it says.

use wasmparser::{KnownCustom, Name, Parser, Payload, Validator};
use wasmscope_testkit::{component, find_guest, guest, guest_names};

#[test]
fn every_guest_is_a_valid_module_with_a_readme() {
    for name in guest_names() {
        let bytes = std::fs::read(guest(&name)).unwrap();
        Validator::new().validate_all(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let readme = find_guest(&name).unwrap().with_file_name("README.md");
        assert!(readme.is_file(), "{name} has no README.md");
    }
}

#[test]
fn every_guest_becomes_a_component() {
    // The adapter needs a memory to put its answers into.
    for name in guest_names().iter().filter(|name| *name != "no-memory") {
        let bytes = std::fs::read(component(name)).unwrap();
        assert!(Parser::is_component(&bytes), "{name}");
    }
}

#[test]
fn guests_keep_their_function_names() {
    for (name, functions) in
        [("spin", ["_start", "run", "inner"]), ("files", ["write_file", "read_back", "remove_file"])]
    {
        let found = function_names(&std::fs::read(guest(name)).unwrap());
        for function in functions {
            assert!(found.iter().any(|found| found == function), "{name} has no function {function}");
        }
    }
}

#[test]
fn hostile_names_are_read_up_to_the_one_that_is_not_utf8() {
    let names = function_names(&std::fs::read(guest("hostile-names")).unwrap());
    assert_eq!(names.len(), 8);
    assert!(names.iter().any(|name| name.contains('\x1b')));
    assert!(names.iter().any(|name| name.contains('\n')));
    assert_eq!(names.iter().map(String::len).max(), Some(1 << 20));
}

#[test]
fn a_guest_that_did_not_change_is_not_built_again() {
    let built = || std::fs::metadata(guest("hello")).unwrap().modified().unwrap();
    assert_eq!(built(), built());
}

/// Function names up to the first that cannot be read.
fn function_names(module: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload.unwrap() else { continue };
        let KnownCustom::Name(subsections) = section.as_known() else { continue };
        for subsection in subsections {
            if let Ok(Name::Function(functions)) = subsection {
                let readable = functions.into_iter().map_while(Result::ok);
                names.extend(readable.map(|naming| naming.name.to_owned()));
            }
        }
    }
    names
}
