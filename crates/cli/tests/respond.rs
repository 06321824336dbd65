//! What is done upon detections: signals, commands, webhooks; at the event; and what becomes of bad files.

#[path = "common/kit.rs"]
mod kit;

use kit::{Done, named, run, shell_line, wasmscope};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    thread,
};
use tempfile::TempDir;
use wasmscope_testkit::{guest, require_root, runtimes};

/// A rule that every workload sets off.
const RULE: &str = "id: any-workload\ntitle: A workload runs\nseverity: high\nmaturity: experimental\ntags: [threat.B5]\n\
    events: [workload.started]\ncondition: has(wasm.runtime.name)\nfalse_positives: [all]\nadvice: None.\n";

/// `watch` of a guest with that rule and these responses.
fn watched(folder: &Path, responses: &str, guest_name: &str, args: &[&str]) -> Done {
    let rule = folder.join("rules/experimental/any-workload");
    fs::create_dir_all(&rule).unwrap();
    fs::write(rule.join("rule.yaml"), RULE).unwrap();
    let plan = folder.join("respond.toml");
    fs::write(&plan, format!("version = 1\n{responses}")).unwrap();
    let runtime = runtimes::wasmtime().unwrap();
    let files = TempDir::new().unwrap();
    let directory = format!("--dir={}::.", files.path().display());
    let module = guest(guest_name);
    let program = [runtime.program().to_str().unwrap(), "run", &directory, module.to_str().unwrap()];
    let mut command = std::process::Command::new(program[0]);
    command.args(&program[1..]).args(args);
    // What the guest writes is none of ours.
    let script = format!("exec >/dev/null 2>&1; exec {}", shell_line(&command));
    let (plan, rules) = (plan.display().to_string(), folder.join("rules").display().to_string());
    let options = ["watch", "--json", "--respond", &plan, "--no-shipped-rules", "--rules", &rules];
    let all = options.into_iter().chain(["--", "sh", "-c", &script]).map(str::to_owned).collect::<Vec<_>>();
    run(wasmscope(all))
}

fn response(events: &[Value]) -> &Value {
    let responses = named(events, "workload.response");
    let [response] = responses.as_slice() else { panic!("{responses:#?} of {events:#?}") };
    response
}

#[test]
fn a_workload_is_killed_after_the_act_and_that_is_told() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let done = watched(
        folder.path(),
        "[[response]]\nname = \"halt\"\nrules = [\"any-workload\"]\naction = \"kill\"\n",
        "sleeper",
        &[],
    );
    assert_eq!(done.status, 128 + 9, "{done:?}");
    let events = done.events();
    let told = response(&events);
    assert_eq!(
        (&told["response.outcome"], &told["response.action"]),
        (&json!("done"), &json!("kill")),
        "{told}"
    );
    assert_eq!(
        (&told["response.act"], &told["security_rule.name"]),
        (&json!("happened"), &json!("any-workload"))
    );
    assert_eq!(told["workload.id"], named(&events, "workload.started")[0]["workload.id"]);
    assert!(told["response.delay_ms"].as_f64().unwrap() >= 0.0);
}

#[test]
fn a_command_reads_the_detection_and_its_failure_is_told() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("detection");
    let responses = format!(
        "[[response]]\nname = \"keep\"\nseverity = \"high\"\naction = \"command\"\ncommand = [\"sh\", \"-c\", \"cat > {}\"]\n\
         [[response]]\nname = \"fail\"\nseverity = \"high\"\naction = \"command\"\ncommand = [\"false\"]\n\
         [[response]]\nname = \"hang\"\nseverity = \"high\"\naction = \"command\"\ncommand = [\"sleep\", \"1000\"]\ntimeout = \"200ms\"\n\
         [[response]]\nname = \"other\"\nseverity = \"critical\"\naction = \"command\"\ncommand = [\"false\"]\n",
        file.display()
    );
    let done = watched(folder.path(), &responses, "grow", &["3"]);
    assert_eq!(done.status, 0, "{done:?}");
    let events = done.events();
    let detection: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(detection["security_rule.name"], "any-workload");
    let outcome = |name: &str| {
        let responses = named(&events, "workload.response");
        let one = responses.into_iter().find(|e| e["response.name"] == name);
        one.map(|e| (e["response.outcome"].clone(), e["response.reason"].as_str().unwrap_or("").to_owned()))
    };
    assert_eq!(outcome("keep"), Some((json!("done"), String::new())));
    assert_eq!(outcome("fail"), Some((json!("failed"), "the command ended with exit status: 1".into())));
    assert_eq!(outcome("hang"), Some((json!("failed"), "the command took too long".into())));
    assert_eq!(outcome("other"), None, "the detection is less severe");
}

/// A server that answers one request; gives what it was sent.
fn server(status: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 4096];
        // The body is one JSON object.
        while !request.ends_with(b"}") {
            let read = stream.read(&mut part).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&request));
            request.extend_from_slice(&part[..read]);
        }
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap()
    };
    (url, thread::spawn(serve))
}

#[test]
fn a_webhook_gets_the_detection_and_its_refusal_is_told() {
    require_root!();
    for (status, outcome) in [("204 No Content", "done"), ("503 Service Unavailable", "failed")] {
        let folder = TempDir::new().unwrap();
        let (url, served) = server(status);
        let responses = format!(
            "[[response]]\nname = \"page\"\nseverity = \"low\"\naction = \"webhook\"\nurl = \"{url}\"\n\
             headers = {{ authorization = \"Bearer hush\" }}\n"
        );
        let done = watched(folder.path(), &responses, "grow", &["3"]);
        let request = served.join().unwrap();
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
        assert!(
            request.contains("uthorization: Bearer hush\r\n") && request.contains("any-workload"),
            "{request}"
        );
        let events = done.events();
        assert_eq!(response(&events)["response.outcome"], outcome, "{events:#?}");
        assert!(!done.stdout.contains("hush") && !done.stderr.contains("hush"), "{done:?}");
    }
    // Nobody there.
    let folder = TempDir::new().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let responses = format!(
        "[[response]]\nname = \"page\"\nseverity = \"low\"\naction = \"webhook\"\nurl = \"http://{gone}/\"\n"
    );
    let done = watched(folder.path(), &responses, "grow", &["3"]);
    let events = done.events();
    assert_eq!(response(&events)["response.outcome"], "failed");
    assert!(response(&events)["response.reason"].is_string());
}

#[test]
fn the_kernel_kills_at_the_event() {
    require_root!();
    let folder = TempDir::new().unwrap();
    let responses = "[[at_event]]\ncalls = [\"mkdirat\", \"openat2\"]\nsignal = \"kill\"\n";
    let done = watched(folder.path(), responses, "busy-files", &["1", "pause", "300"]);
    assert_eq!(done.status, 128 + 9, "{done:?}");
    let events = done.events();
    let told = response(&events);
    assert_eq!(
        (&told["response.outcome"], &told["response.action"]),
        (&json!("done"), &json!("kill")),
        "{told}"
    );
    assert!(told["response.name"].as_str().unwrap().starts_with("at "), "{told}");
    // The call that was answered is the last that the workload made.
    let acts: Vec<_> = events.iter().filter(|e| e["syscall.name"].is_string()).collect();
    let at = |event: &Value| event["time.monotonic_ns"].as_u64().unwrap();
    assert!(acts.iter().all(|act| at(act) <= at(told)), "{acts:#?}");
    assert_eq!(
        format!("at {}", acts.last().unwrap()["syscall.name"].as_str().unwrap()),
        told["response.name"]
    );
}

#[test]
fn a_bad_file_is_one_error_with_its_place() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("respond.toml");
    for (text, because) in [
        ("version = 1\n[[response]]\nname = \"x\"\naction = \"kill\"\n", ":2:1: say to what"),
        (
            "version = 1\n[[response]]\nname = \"x\"\nrules = [\"nope\"]\naction = \"kill\"\n",
            "there is no rule",
        ),
        ("version = 1\n[[at_event]]\ncalls = [\"read\"]\nsignal = \"kill\"\n", "is no call that is told"),
        ("version = ", ":1:"),
    ] {
        fs::write(&file, text).unwrap();
        let done = run(wasmscope(["watch", "--respond", file.to_str().unwrap(), "--", "true"]));
        done.assert_failed(2, &["respond.toml", because]);
    }
    run(wasmscope(["watch", "--respond", "/nowhere", "--", "true"]))
        .assert_failed(2, &["cannot read /nowhere"]);
}
