//! Recordings that are cut, damaged or forged: one error that names the line, and nothing made up before it.

mod synthetic;

use proptest::prelude::*;
use std::{io::Cursor, sync::LazyLock};
use tempfile::TempDir;
use wasmscope_recording::{Replay, ReplayError, Told};

static RUN: LazyLock<(Vec<u8>, Vec<Told>)> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording");
    let told = synthetic::record(&path);
    (std::fs::read(path).unwrap(), told)
});

fn replay(bytes: &[u8]) -> (Vec<Told>, Result<(), ReplayError>) {
    let mut told = Vec::new();
    let mut replay = match Replay::open(Cursor::new(bytes.to_vec())) {
        Ok(replay) => replay,
        Err(error) => return (told, Err(error)),
    };
    loop {
        match replay.step() {
            Ok(Some(events)) => told.extend(events),
            Ok(None) => return (told, Ok(())),
            Err(error) => return (told, Err(error)),
        }
    }
}

fn lines() -> Vec<String> {
    String::from_utf8(RUN.0.clone()).unwrap().lines().map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> Vec<u8> {
    format!("{}\n", lines.join("\n")).into_bytes()
}

#[test]
fn wherever_it_is_cut_the_line_is_named_and_what_was_before_is_told() {
    let (bytes, told) = &*RUN;
    let mut most = 0;
    for length in (1..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        let (part, result) = replay(&bytes[..length]);
        assert!(told.starts_with(&part), "cut at {length}");
        assert!(part.len() >= most);
        most = part.len();
        let line = bytes[..length].iter().filter(|b| **b == b'\n').count() as u64 + 1;
        match result {
            Err(ReplayError::Cut { line: said }) => assert_eq!(said, line),
            // Too short to be told from anything else.
            Err(ReplayError::NoRecording) => assert_eq!(line, 1),
            other => panic!("cut at {length}: {other:?}"),
        }
    }
    assert_eq!(most, told.len(), "only the last line is missing");
}

#[test]
fn what_is_no_recording_is_told_so() {
    for bytes in [
        &b"\0asm\x01\0\0\0"[..],
        b"{}\n",
        b"{\"event.name\":\"sensor.state\"}\n",
        b"\n",
        b"[1]",
        &[b'x'; 1 << 20],
    ] {
        assert!(matches!(replay(bytes).1, Err(ReplayError::NoRecording)), "{bytes:?}");
    }
    assert!(matches!(replay(b"").1, Err(ReplayError::Empty)));
}

#[test]
fn another_version_is_refused_and_names_who_can_read_it() {
    let mut lines = lines();
    lines[0] = lines[0].replace("\"version\":1", "\"version\":2").replace("0.0.0", "9.9\\u001b[2J");
    let error = replay(&joined(&lines)).1.unwrap_err().to_string();
    assert!(error.starts_with("line 1: format version 2, made by wasmscope 9.9\\u{1b}[2J;"), "{error}");
}

#[test]
fn a_line_that_makes_no_sense_is_named_with_its_place() {
    let mut lines = lines();
    let before = replay(&joined(&lines[..30])).0;
    for (damage, says) in [
        ("{\"tick\":{\"now\":-1}}", "line 31: it makes no sense: invalid value"),
        ("{\"dance\":{}}", "line 31: it makes no sense: unknown variant `dance`"),
        ("\0\0\0", "line 31: it makes no sense: expected value (column 1)"),
        ("", "line 31: it makes no sense: EOF"),
        ("{\"\u{1b}]0;x\\u0007\":{}}", "line 31: it makes no sense: control character"),
    ] {
        lines[30] = damage.into();
        let (told, result) = replay(&joined(&lines));
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
        assert!(!error.contains('\u{1b}'), "{error:?}");
        assert_eq!(told, before);
    }
}

#[test]
fn a_line_too_many_or_too_few_is_told_with_what_was_to_follow() {
    let of = |kind: &str| lines().iter().position(|line| line.starts_with(&format!("{{\"{kind}\""))).unwrap();
    let mut fewer = lines();
    fewer.remove(of("look"));
    let error = replay(&joined(&fewer)).1.unwrap_err().to_string();
    assert!(
        error.contains("was to follow: it was changed, or made by a wasmscope that decides otherwise"),
        "{error}"
    );
    assert!(error.contains("`Look` of process 101"), "{error}");
    let mut more = lines();
    more.insert(of("tick"), r#"{"is_alive":{"pid":7,"alive":true}}"#.into());
    let error = replay(&joined(&more)).1.unwrap_err().to_string();
    assert!(error.contains("here is `IsAlive` of process 7, but something new was to follow"), "{error}");
    let mut empty = lines();
    let slot = empty.iter().position(|line| line.starts_with("{\"stack\"")).unwrap();
    empty[slot] = r#"{"stack":{"pid":100,"slot":200}}"#.into();
    let error = replay(&joined(&empty)).1.unwrap_err().to_string();
    assert!(error.contains("the empty slot 200"), "{error}");
}

/// The largest and smallest numbers, where there was another.
fn with_number(line: &str, nth: usize, number: &str) -> String {
    let starts: Vec<_> = line
        .char_indices()
        .filter(|(at, c)| c.is_ascii_digit() && line[..*at].ends_with([':', '[', ',']))
        .map(|(at, _)| at)
        .collect();
    let Some(start) = starts.get(nth % starts.len().max(1)) else { return line.into() };
    let rest = line[*start..].trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{}{number}{rest}", &line[..*start])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_no_panic(bytes: Vec<u8>, after in 0usize..80) {
        let lines = lines();
        let mut input = joined(&lines[..after.min(lines.len())]);
        input.extend(bytes);
        let _ = replay(&input);
    }

    #[test]
    fn lines_in_any_order_are_no_panic(order in proptest::collection::vec(1usize..100, 0..60)) {
        let lines = lines();
        let picked: Vec<_> = order.iter().filter_map(|n| lines.get(*n).cloned()).collect();
        let _ = replay(&joined(&[&lines[..1], &picked].concat()));
    }

    #[test]
    fn forged_numbers_are_no_panic(forged in proptest::collection::vec((1usize..100, 0usize..40, 0usize..4), 1..4)) {
        let mut lines = lines();
        for (line, nth, number) in forged {
            let Some(line) = lines.get_mut(line) else { continue };
            *line = with_number(line, nth, ["18446744073709551615", "0", "4294967295", "9223372036854775807"][number]);
        }
        let _ = replay(&joined(&lines));
    }
}
