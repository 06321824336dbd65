//! Guests of a folder: those with a `workload.toml`, and every other module.

mod class;
mod file;

pub use class::{Class, classes};
pub use file::{Case, CorpusError, Expected, Metadata, Run};

use crate::{Kind, Vantage};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Deepest folder that is looked into.
const MOST_DEPTH: usize = 8;
/// Most files that are looked at.
const MOST_FILES: usize = 100_000;
/// The file with what is known of a guest.
const METADATA: &str = "workload.toml";

/// Something to run.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Unique in the corpus.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its module or component. Of a native program, nothing.
    pub module: Option<PathBuf>,
    /// What is known of it.
    pub metadata: Option<Metadata>,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Classes of threats.
    pub classes: BTreeMap<String, Class>,
    /// By name.
    pub workloads: Vec<Workload>,
}

impl Corpus {
    /// Reads a folder. `built` is where modules lie that are made from source.
    ///
    /// # Errors
    /// It cannot be read, a `workload.toml` is wrong, or it has more files than are looked at.
    pub fn load(folder: &Path, built: &Path) -> Result<Self, CorpusError> {
        let classes = classes(folder)?;
        let mut found = Found::default();
        found.look(folder, 0)?;
        let mut workloads = Vec::new();
        for file in &found.metadata {
            workloads.extend(with_metadata(file, built, &classes)?);
        }
        let described: BTreeSet<_> = found.metadata.iter().filter_map(|file| file.parent()).collect();
        for module in &found.modules {
            if module.parent().is_some_and(|parent| described.contains(parent)) {
                continue;
            }
            let path = module.strip_prefix(folder).unwrap_or(module).with_extension("");
            let name = path.to_string_lossy().into_owned();
            let kind = kind_of(module);
            workloads.push(Workload { name, kind, module: Some(module.clone()), metadata: None });
        }
        workloads.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        if let Some(twice) = workloads.windows(2).find(|pair| pair[0].name == pair[1].name) {
            let message = format!("two guests are called {:?}", twice[0].name);
            return Err(CorpusError::Invalid { file: folder.into(), line: None, message });
        }
        Ok(Self { classes, workloads })
    }
}

impl Workload {
    /// How it is run.
    pub fn run(&self) -> Run {
        self.metadata.as_ref().map(|metadata| metadata.run.clone()).unwrap_or_default()
    }

    /// Whether it is a native program with a runtime of its own.
    pub fn is_native(&self) -> bool {
        self.module.is_none()
    }

    /// Its classes of threats.
    pub fn threats(&self) -> &[String] {
        self.metadata.as_ref().map_or(&[], |metadata| &metadata.threats)
    }

    /// What a vantage point must see of it, as far as it is said.
    pub fn expected(&self, vantage: Vantage) -> Option<&Expected> {
        let metadata = self.metadata.as_ref()?;
        match vantage {
            Vantage::Kernel => metadata.kernel.as_ref(),
            Vantage::Boundary => metadata.boundary.as_ref(),
            Vantage::Module => metadata.module.as_ref(),
            Vantage::Guest => metadata.guest.as_ref(),
        }
    }
}

/// By the name of a folder above: what a corpus without metadata can say.
fn kind_of(path: &Path) -> Kind {
    let names: Vec<_> = path.components().rev().skip(1).map(|part| part.as_os_str()).collect();
    let is = |words: &[&str]| names.iter().any(|name| words.iter().any(|word| name == word));
    match () {
        () if is(&["attack", "attacks", "host"]) => Kind::Attack,
        () if is(&["benign", "real"]) => Kind::Benign,
        () => Kind::Unknown,
    }
}

/// One, or one for each of its cases.
fn with_metadata(
    file: &Path,
    built: &Path,
    classes: &BTreeMap<String, Class>,
) -> Result<Vec<Workload>, CorpusError> {
    let metadata = Metadata::read(file, classes)?;
    let folder = file.parent().unwrap_or(file);
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let module = metadata.run.command.is_empty().then(|| module(folder, &name, &metadata, built));
    let kind = metadata.kind.unwrap_or_else(|| kind_of(file));
    let whole = Workload { name, kind, module, metadata: Some(metadata.clone()) };
    if metadata.cases.is_empty() {
        return Ok(vec![whole]);
    }
    let case = |case: Case| {
        let mut own = metadata.clone();
        own.cases.clear();
        own.run.arguments.extend(case.arguments);
        if !case.threats.is_empty() {
            own.threats = case.threats;
        }
        own.kernel = case.kernel.or(own.kernel);
        Workload { name: format!("{}/{}", whole.name, case.name), metadata: Some(own), ..whole.clone() }
    };
    Ok(metadata.cases.clone().into_iter().map(case).collect())
}

/// The module to run. One that is not there is named all the same.
fn module(folder: &Path, name: &str, metadata: &Metadata, built: &Path) -> PathBuf {
    let beside = folder.join(metadata.file.clone().unwrap_or_else(|| format!("{name}.wasm")));
    // With a world of its own it runs only as a component.
    let form = if folder.join("world.wit").is_file() { "component.wasm" } else { "wasm" };
    match metadata.file.is_some() || beside.is_file() {
        true => beside,
        false => built.join(format!("{name}.{form}")),
    }
}

/// What lies below a folder.
#[derive(Debug, Default)]
struct Found {
    metadata: Vec<PathBuf>,
    modules: Vec<PathBuf>,
    files: usize,
}

impl Found {
    fn look(&mut self, folder: &Path, depth: usize) -> Result<(), CorpusError> {
        let failed = |error| CorpusError::Io(folder.into(), error);
        let entries = fs::read_dir(folder).map_err(failed)?;
        let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.files += 1;
            if self.files > MOST_FILES {
                let message = format!("more than {MOST_FILES} files");
                return Err(CorpusError::Invalid { file: folder.into(), line: None, message });
            }
            let path = entry.path();
            // Links are not followed.
            let is_folder = entry.file_type().is_ok_and(|of| of.is_dir());
            if is_folder && depth < MOST_DEPTH {
                self.look(&path, depth + 1)?;
            } else if entry.file_name() == METADATA {
                self.metadata.push(path);
            } else if !is_folder && path.extension().is_some_and(|extension| extension == "wasm") {
                self.modules.push(path);
            }
        }
        Ok(())
    }
}
