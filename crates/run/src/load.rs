//! From a file to code.

use crate::instrument::rewritten;
use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};
use wasmtime::{
    CodeBuilder, CodeHint, Engine, Module, Precompiled, Result, bail, component::Component,
    error::Context as _,
};

/// Compiled code.
#[derive(Clone)]
pub(crate) enum Code {
    Core(Module),
    Component(Component),
}

/// A file's bytes: what is judged is what is run, but for what we put into it.
pub(crate) struct Source {
    path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// What is compiled instead.
    rewritten: Option<Vec<u8>>,
}

impl Source {
    /// Reads a file; `-` is standard input.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
        let mut bytes = Vec::new();
        let mut file = File::open(path).with_context(|| format!("failed to open wasm module {path:?}"))?;
        file.read_to_end(&mut bytes).with_context(|| format!("failed to read file: {}", path.display()))?;
        Ok(Self { path: path.into(), bytes, rewritten: None })
    }

    /// Whether Wasmtime compiled it before.
    pub(crate) fn is_precompiled(&self) -> bool {
        Engine::detect_precompiled(&self.bytes).is_some()
    }

    /// With what the options want to be put into it.
    pub(crate) fn instrumented(mut self, options: &crate::Options) -> Result<Self> {
        self.rewritten = rewritten(options, &self.bytes).map_err(wasmtime::Error::new)?;
        Ok(self)
    }

    /// Compiles it, or takes it from Wasmtime's cache.
    pub(crate) fn compile(&self, engine: &Engine, options: &crate::Options) -> Result<Code> {
        let may_be_component = || match options.wasmtime.wasm.component_model {
            Some(false) => bail!("cannot execute a component without `--wasm component-model`"),
            _ => Ok(()),
        };
        if let Some(kind) = Engine::detect_precompiled(&self.bytes) {
            if !options.allow_precompiled {
                bail!("running a precompiled module requires the `--allow-precompiled` flag");
            }
            return match kind {
                // SAFETY: `allow_precompiled` says that the file is trusted; that is what it is for.
                Precompiled::Module => Ok(Code::Core(unsafe { Module::deserialize(engine, &self.bytes) }?)),
                Precompiled::Component => {
                    may_be_component()?;
                    // SAFETY: as above.
                    Ok(Code::Component(unsafe { Component::deserialize(engine, &self.bytes) }?))
                }
            };
        }
        let mut code = CodeBuilder::new(engine);
        code.wasm_binary_or_text(self.rewritten.as_deref().unwrap_or(&self.bytes), Some(&self.path))?;
        match code.hint() {
            Some(CodeHint::Component) => {
                may_be_component()?;
                Ok(Code::Component(code.compile_component()?))
            }
            Some(CodeHint::Module) | None => Ok(Code::Core(code.compile_module()?)),
        }
    }
}
