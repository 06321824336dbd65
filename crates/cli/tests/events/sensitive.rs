//! Calls that sound workloads have little use for: each act of `workloads/python/misbehaving_host.py` has its event.

use crate::{
    acting::{acts, assert_chain, misbehaving, only, untrusted, watch},
    kit::named,
};
use serde_json::{Value, json};
use wasmscope_testkit::{require_root, require_runtime, runtimes};

const ALL: &[&str] = &[
    "memfd",
    "memfd-exec",
    "exec",
    "fork",
    "ptrace",
    "vm",
    "procmem",
    "setns",
    "unshare",
    "mount",
    "setuid",
    "capset",
    "bpf",
    "perf",
    "module",
    "io_uring",
    "kill",
    "int80",
    "shadow",
];

/// Calls that are told once each, by the process itself.
const CALLS: &[&str] = &[
    "memfd_create",
    "process_vm_readv",
    "process_vm_writev",
    "setns",
    "unshare",
    "mount",
    "capset",
    "bpf",
    "perf_event_open",
    "init_module",
    "finit_module",
    "io_uring_setup",
];

#[test]
fn each_act_of_a_misbehaving_host_is_told_with_the_function_that_led_to_it() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let done = watch(&misbehaving(&python, ALL));
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    let events = done.events();
    let pid = named(&events, "workload.started")[0]["process.pid"].clone();
    let by_itself = |event: &Value| event["process.pid"] == pid && event["thread.id"] == pid;
    let own = |call: &str| only(&events, call, |e| e["syscall.name"] == call && by_itself(e));

    for call in CALLS {
        let event = own(call);
        assert_eq!(event["event.name"], "workload.call.sensitive");
        assert_eq!(event.get("syscall.result").is_some(), event.get("error.type").is_none(), "{event:#}");
        assert_eq!(event["syscall.arguments"].as_array().unwrap().len(), 6);
        assert_eq!(event.get("syscall.foreign_abi"), None);
    }
    for event in acts(&events).filter(|e| by_itself(e) && e.get("syscall.name").is_some()) {
        assert_chain(event, &["misbehave", "run"]);
    }
    assert_eq!(own("process_vm_readv")["syscall.result"], 8);
    assert_eq!(own("unshare")["syscall.arguments"][0], "0x200");
    assert_eq!(
        (&own("perf_event_open")["error.type"], &own("bpf")["syscall.arguments"][0]),
        (&"E2BIG".into(), &"0xb".into())
    );
    assert!(own("finit_module").get("error.type").is_some());
    let mount = own("mount");
    assert_eq!(
        (&mount["error.type"], &mount["syscall.texts"]),
        (&"ENOENT".into(), &json!(["none", "/nonexistent/wasmscope-act"]))
    );
    assert_eq!(untrusted(mount), ["syscall.texts"]);
    assert_eq!(own("memfd_create")["syscall.texts"], json!(["wasmscope-act"]));
    let traced: Vec<_> = named(&events, "workload.call.sensitive")
        .into_iter()
        .filter(|e| e["syscall.name"] == "ptrace")
        .collect();
    assert_eq!(
        traced.iter().map(|e| &e["syscall.arguments"][0]).collect::<Vec<_>>(),
        ["0x10", "0x11"],
        "attach, detach"
    );
    // glibc has every thread do it.
    own("setresuid");

    let of =
        |requested: &str| only(&events, requested, |e| e["file.path.requested"] == requested && by_itself(e));
    let own_memory = of("/proc/self/mem");
    assert_eq!(
        (&own_memory["file.path"], &own_memory["file.system"]),
        (&format!("/proc/{pid}/mem").into(), &"proc".into())
    );
    assert_eq!(own_memory["file.open.flags"], json!(["read", "write"]));
    let other = only(&events, "memory of a child", |e| {
        e["file.path.requested"].as_str().is_some_and(|p| p.ends_with("/mem") && p != "/proc/self/mem")
    });
    assert_eq!((&other["file.system"], &other["file.path"]), (&"proc".into(), &other["file.path.requested"]));
    assert_eq!(of("/etc/shadow")["file.path"], "/etc/shadow");
}

#[test]
fn programs_that_a_workload_or_its_child_executes_are_told() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let done = watch(&misbehaving(&python, &["fork", "exec", "memfd-exec"]));
    let events = done.events();
    let started = named(&events, "workload.started")[0];
    let children: Vec<_> =
        named(&events, "workload.process.forked").iter().map(|e| &e["process.child.pid"]).collect();
    assert_eq!(children.len(), 3, "{events:#?}");
    let executed = named(&events, "workload.process.executed");
    let [plain, hidden] = executed[..] else { panic!("{executed:#?}") };
    for (event, child) in [(plain, children[1]), (hidden, children[2])] {
        assert_eq!((&event["process.pid"], &event["process.child.pid"]), (&started["process.pid"], child));
        assert_eq!(
            (&event["workload.id"], &event["process.command_args"]),
            (&started["workload.id"], &json!(["true"]))
        );
        assert_eq!(untrusted(event), ["process.command_args"]);
    }
    assert_eq!(
        (&plain["process.executable.name"], plain.get("process.executable.memfd")),
        (&"true".into(), None)
    );
    assert_eq!(hidden["process.executable.memfd"], true);
    assert!(hidden["process.executable.name"].as_str().unwrap().contains("wasmscope-act"), "{hidden:#}");
    // A success is told by the above, not as a call as well.
    assert!(acts(&events).all(|e| e["syscall.name"] != "execve"), "{events:#?}");
}

#[test]
fn signals_to_others_are_told_and_those_to_itself_are_not() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let code = "
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)
signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
os.kill(os.getpid(), 0)
child = os.fork()
if child == 0:
    signal.alarm(20)
    while True: time.sleep(1)
os.kill(child, 0)
signal.pidfd_send_signal(os.pidfd_open(child), signal.SIGKILL)
# Not reaped yet, so that the number is still its own.
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
try: os.kill(child, 99)
except OSError: pass
os.waitpid(child, 0)
";
    let events = crate::acting::act(&python, code);
    let sent = named(&events, "workload.signal.sent");
    let what = |e: &&Value| {
        (
            e["syscall.name"].as_str().unwrap().to_owned(),
            e["signal.number"].as_i64().unwrap(),
            e.get("signal.target").is_some(),
        )
    };
    assert_eq!(
        sent.iter().map(what).collect::<Vec<_>>(),
        [("kill".into(), 0, true), ("pidfd_send_signal".into(), 9, false), ("kill".into(), 99, true)],
        "{sent:#?}"
    );
    let child = &named(&events, "workload.process.forked")[0]["process.child.pid"];
    assert_eq!((&sent[0]["signal.target"], &sent[2]["error.type"]), (child, &"EINVAL".into()));
    assert_chain(sent[1], &["misbehave"]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_call_by_another_abi_is_told_as_such() {
    require_root!();
    let python = require_runtime!(runtimes::python_wasmtime());
    let done = watch(&misbehaving(&python, &["int80"]));
    let events = done.events();
    let foreign: Vec<_> = acts(&events).filter(|e| e["syscall.foreign_abi"] == true).collect();
    if foreign.is_empty() {
        // The child found out that this kernel has no such calls, and the host did not try then.
        assert!(named(&events, "workload.process.forked").len() == 1, "{events:#?}");
        return wasmscope_testkit::may_skip(module_path!(), "this kernel has no 32-bit calls", false);
    }
    assert_eq!(foreign.len(), 2, "the child's and its own: {foreign:#?}");
    let own = &foreign[1];
    assert_eq!((&own["syscall.name"], &own["syscall.result"]), (&"syscall_20".into(), &own["process.pid"]));
    assert_chain(own, &["misbehave"]);
}
