//! From files to a set of rules.

use super::{
    Check, Checks, Rule, RuleSet,
    compile::{Compiled, compile, compile_own},
    file::{EnvelopeFile, ListFile, MacroFile, RuleFile, SettingsFile},
    place::Reading,
};
use crate::{
    condition::{Compiler, Folding},
    envelope::Own,
    error::{Invalid, Problem},
    files::Files,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};
use wasmscope_model::Kind;

/// More rules than this are a mistake.
const MOST_RULES: usize = 10_000;
/// Entries of one list.
const MOST_ITEMS: usize = 1_000_000;

/// What conditions are compiled with.
#[derive(Default)]
struct Shared {
    lists: BTreeMap<String, Vec<String>>,
    macros: BTreeMap<String, String>,
    /// For messages: the file of each macro, by layer and path.
    macro_files: BTreeMap<String, (usize, String)>,
}

impl RuleSet {
    /// Reads, checks and compiles layers of files, each above the one before it: a rule, list or macro of the same name
    /// replaces the one below. Files that are no part of this (samples, other folders) are left alone.
    ///
    /// # Errors
    /// Everything that is wrong, by file and line.
    pub fn load(layers: &[Files]) -> Result<Self, Invalid> {
        let mut problems = Vec::new();
        let shared = Shared::read(layers, &mut problems);
        let fingerprint = shared.fingerprint();
        check_macros(layers, &shared, &mut problems);
        let mut found: BTreeMap<String, (Rule, Compiled)> = BTreeMap::new();
        for files in layers {
            disable(files, &mut found, &mut problems);
            let mut own = BTreeSet::new();
            for (path, text) in files.texts.iter().filter(|(path, _)| path.ends_with("/rule.yaml")) {
                let mut reading = Reading::new(files.name(path), text);
                let compiler = Compiler::new(&shared.lists, &shared.macros);
                let rule = reading.parse::<RuleFile>().and_then(|file| {
                    let id = file.id.clone();
                    let compiled = compile(&file, path, files, compiler, &mut reading)?;
                    if !own.insert(compiled.0.id.clone()) {
                        reading.wrong(&id, format!("another rule is called {:?}, too", id.value));
                    }
                    Some(compiled)
                });
                if let Some((mut rule, compiled)) = rule {
                    let mut hasher = DefaultHasher::new();
                    (text, fingerprint).hash(&mut hasher);
                    rule.fingerprint = hasher.finish();
                    found.insert(rule.id.clone(), (rule, compiled));
                }
                problems.append(&mut reading.problems);
            }
            if found.len() > MOST_RULES {
                problems.push(Problem::of_file(&files.origin, "more than 10,000 rules"));
            }
        }
        let own = own(layers, &shared, &mut problems);
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(Invalid { problems });
        }
        Ok(Self::index(found, own))
    }

    fn index(found: BTreeMap<String, (Rule, Compiled)>, own: Own) -> Self {
        let mut folding = Folding::default();
        let mut rules = Vec::new();
        let mut of_kinds: Vec<(Vec<Check>, Vec<_>)> = (0..Kind::COUNT).map(|_| Default::default()).collect();
        for (rule, compiled) in found.into_values() {
            let index = rules.len() as u32;
            for (step, (kinds, test)) in compiled.into_iter().enumerate().rev() {
                let parts = folding.parts(&Arc::new(test));
                for kind in kinds {
                    let (checks, conditions) = &mut of_kinds[kind as usize];
                    checks.push(Check { rule: index, step: step as u8 });
                    conditions.push(parts.clone());
                }
            }
            rules.push(rule);
        }
        let checks = |(checks, conditions)| Checks { checks, plan: folding.plan(conditions) };
        let by_kind = of_kinds.into_iter().map(checks).collect();
        Self { rules, by_kind, nodes: folding.finish(), own }
    }
}

impl Shared {
    fn read(layers: &[Files], problems: &mut Vec<Problem>) -> Self {
        let mut shared = Self::default();
        for (layer, files) in layers.iter().enumerate() {
            for (path, text) in &files.texts {
                let mut reading = Reading::new(files.name(path), text);
                if let Some(name) = named(path, "lists/") {
                    shared.list(name, &mut reading);
                } else if let Some(name) = named(path, "macros/")
                    && let Some(file) = reading.parse::<MacroFile>()
                {
                    about(&file.about, &mut reading);
                    shared.macros.insert(name.to_owned(), file.condition.value);
                    shared.macro_files.insert(name.to_owned(), (layer, path.clone()));
                }
                problems.append(&mut reading.problems);
            }
        }
        shared
    }

    fn list(&mut self, name: &str, reading: &mut Reading<'_>) {
        let Some(file) = reading.parse::<ListFile>() else { return };
        about(&file.about, reading);
        if file.items.len() > MOST_ITEMS {
            reading.problems.push(Problem::of_file(&reading.name, "a list has at most 1,000,000 items"));
        }
        let list = self.lists.entry(name.to_owned()).or_default();
        if !file.append {
            list.clear();
        }
        list.extend(file.items);
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.lists, &self.macros).hash(&mut hasher);
        hasher.finish()
    }
}

/// What runtimes do for themselves; a file of the same name replaces the one below.
fn own(layers: &[Files], shared: &Shared, problems: &mut Vec<Problem>) -> Own {
    let mut files_of: BTreeMap<&str, (&Files, &String, &String)> = BTreeMap::new();
    for files in layers {
        for (path, text) in &files.texts {
            if let Some(runtime) = named(path, "envelope/") {
                files_of.insert(runtime, (files, path, text));
            }
        }
    }
    let mut own = Own::default();
    for (runtime, (files, path, text)) in files_of {
        let mut reading = Reading::new(files.name(path), text);
        if let Some(file) = reading.parse::<EnvelopeFile>() {
            about(&file.about, &mut reading);
            about(&file.measured, &mut reading);
            compile_own(&file, runtime, Compiler::new(&shared.lists, &shared.macros), &mut reading, &mut own);
        }
        problems.append(&mut reading.problems);
    }
    own
}

fn about(text: &str, reading: &mut Reading<'_>) {
    if text.trim().is_empty() {
        let problem = Problem::of_file(&reading.name, "`about` says what it is for");
        reading.problems.push(problem);
    }
}

/// The name of `lists/NAME.yaml`.
fn named<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder)?.strip_suffix(".yaml").filter(|name| !name.contains('/'))
}

/// Macros are checked where they stand, whether a rule uses them or not.
fn check_macros(layers: &[Files], shared: &Shared, problems: &mut Vec<Problem>) {
    let mut compiler = Compiler::new(&shared.lists, &shared.macros);
    for (name, (layer, path)) in &shared.macro_files {
        let files = &layers[*layer];
        let mut reading = Reading::new(files.name(path), &files.texts[path]);
        if let Err(fault) = compiler.of_macro(name)
            && let Some(file) = reading.parse::<MacroFile>()
        {
            reading.fault(&file.condition, fault);
        }
        problems.append(&mut reading.problems);
    }
}

fn disable(files: &Files, found: &mut BTreeMap<String, (Rule, Compiled)>, problems: &mut Vec<Problem>) {
    let Some(text) = files.texts.get("settings.yaml") else { return };
    let mut reading = Reading::new(files.name("settings.yaml"), text);
    for id in reading.parse::<SettingsFile>().unwrap_or_default().disable {
        if found.remove(&id.value).is_none() {
            let known = found.keys().map(String::as_str);
            let message = crate::condition::unknown("rule", &id.value, known);
            reading.wrong(&id, message);
        }
    }
    problems.append(&mut reading.problems);
}
