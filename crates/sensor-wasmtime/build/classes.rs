//! Which class a function belongs to.

/// Variant name of `Class` for a function of preview 1.
pub(crate) fn preview1(function: &str) -> &'static str {
    match function.split('_').next() {
        Some("clock") => "Clocks",
        Some("random") => "Random",
        Some("poll") => "Poll",
        Some("args" | "environ") => "Cli",
        Some("proc" | "sched") => "Process",
        Some("sock") => "Sockets",
        _ => "Files",
    }
}

/// Variant name of `Class` for an interface of preview 2, by package and interface.
pub(crate) fn preview2(package: &str, interface: &str) -> &'static str {
    match (package, interface) {
        ("clocks", _) => "Clocks",
        ("random", _) => "Random",
        ("io", "poll") => "Poll",
        ("io", _) => "Streams",
        ("cli", "exit") => "Process",
        ("cli", _) => "Cli",
        ("sockets", _) => "Sockets",
        ("http", _) => "Http",
        _ => "Files",
    }
}
