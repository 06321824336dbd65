//! What a cell of the matrix is: what was found, against what is expected.

use crate::{
    Kind, Vantage,
    corpus::{Corpus, Workload},
    report::{Cell, Found, Spread, Verdict},
};
use std::collections::BTreeMap;
use wasmscope_model::Severity;

/// Something that was told in one run.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) severity: Severity,
    pub(crate) threats: Vec<String>,
    pub(crate) act_ms: Option<f64>,
    pub(crate) start_ms: Option<f64>,
}

/// One run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tried {
    pub(crate) told: Vec<Told>,
    pub(crate) seconds: Option<f64>,
    pub(crate) unwatched_seconds: Option<f64>,
    pub(crate) workload_seconds: f64,
    pub(crate) lost: u64,
    pub(crate) hung: bool,
    /// Why it did not run to its end as it should.
    pub(crate) failed: Option<String>,
}

/// What is known before anything runs.
pub(crate) struct Question<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) workload: &'a Workload,
    pub(crate) vantage: Vantage,
    pub(crate) runtime: Option<&'a str>,
}

impl Question<'_> {
    /// Whether the catalogue says that something is to be seen.
    pub(crate) fn is_marked(&self) -> bool {
        let classes = self.workload.threats().iter().filter_map(|threat| self.corpus.classes.get(threat));
        self.workload.kind == Kind::Attack
            && classes.into_iter().any(|class| class.sees.contains(&self.vantage))
    }

    /// What must be told here.
    pub(crate) fn expected(&self) -> Vec<String> {
        let Some(expected) = self.workload.expected(self.vantage) else { return Vec::new() };
        let runtime = self.runtime.unwrap_or_default();
        // `wasmtime-48` is a Wasmtime.
        let is = |name: &String| runtime == name || runtime.split('-').next() == Some(name.as_str());
        match expected.runtimes.is_empty() || expected.runtimes.iter().any(is) {
            true => expected.expect.clone(),
            false => Vec::new(),
        }
    }

    /// Why nothing is to be seen, or was not.
    fn reason(&self) -> Option<String> {
        let said = self.workload.expected(self.vantage);
        if let Some(reason) = said.and_then(|said| said.cannot.as_ref().or(said.misses.as_ref())) {
            return Some(reason.clone());
        }
        let only = said.filter(|said| !said.runtimes.is_empty());
        if let Some(only) = only.filter(|_| self.expected().is_empty()) {
            return Some(format!("it is only expected in {}", only.runtimes.join(", ")));
        }
        let classes = self.workload.threats().iter().filter_map(|threat| self.corpus.classes.get(threat));
        let mut reasons: Vec<_> = classes.filter_map(|class| class.reason(self.vantage)).collect();
        reasons.dedup();
        (!self.is_marked() && !reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// An empty cell.
    fn cell(&self, verdict: Verdict, reason: Option<String>) -> Cell {
        Cell {
            vantage: self.vantage,
            runtime: self.runtime.map(str::to_owned),
            verdict,
            reason,
            marked: self.is_marked(),
            expected: self.expected(),
            missing: Vec::new(),
            found: Vec::new(),
            runs: 0,
            hung: 0,
            seconds: Vec::new(),
            unwatched_seconds: Vec::new(),
            workload_seconds: 0.0,
            lost: 0,
        }
    }

    /// It was not run, and why.
    pub(crate) fn not_run(&self, reason: String) -> Cell {
        self.cell(Verdict::NotRun, Some(reason))
    }

    /// There is nothing to look at.
    pub(crate) fn not_applicable(&self, reason: Option<String>) -> Cell {
        self.cell(Verdict::NotApplicable, reason.or_else(|| self.reason()))
    }

    /// Of the runs.
    pub(crate) fn judge(&self, runs: &[Tried]) -> Cell {
        let mut cell = self.cell(Verdict::Quiet, None);
        cell.runs = runs.len();
        cell.hung = runs.iter().filter(|run| run.hung).count();
        cell.seconds = runs.iter().filter_map(|run| run.seconds).collect();
        cell.unwatched_seconds = runs.iter().filter_map(|run| run.unwatched_seconds).collect();
        cell.workload_seconds = runs.iter().map(|run| run.workload_seconds).sum();
        cell.lost = runs.iter().map(|run| run.lost).sum();
        cell.found = self.found(runs, &cell.expected);
        let in_all = |name: &String| runs.iter().all(|run| run.told.iter().any(|told| told.name == *name));
        cell.missing = cell.expected.iter().filter(|name| !in_all(name)).cloned().collect();
        let failed = runs.iter().find_map(|run| run.failed.clone());
        let counts = cell.found.iter().any(|found| found.counts);
        let severe = cell.found.iter().any(|found| found.severity >= Severity::Medium);
        (cell.verdict, cell.reason) = match self.workload.kind {
            _ if !counts && !severe && failed.is_some() && cell.hung == 0 => (Verdict::NotRun, failed),
            Kind::Attack if counts => (Verdict::Detected, None),
            Kind::Attack if !cell.marked && cell.expected.is_empty() => {
                (Verdict::NotApplicable, self.reason())
            }
            Kind::Attack => (Verdict::Missed, Some(self.reason().unwrap_or_else(|| "unexplained".into()))),
            Kind::Benign if severe => (Verdict::FalseAlarm, None),
            Kind::Unknown if !cell.found.is_empty() => (Verdict::Shown, None),
            Kind::Benign | Kind::Unknown => (Verdict::Quiet, None),
        };
        if cell.hung > 0 {
            let stopped = format!("stopped after {} s", self.workload.run().seconds);
            cell.reason = Some(cell.reason.map_or(stopped.clone(), |reason| format!("{stopped}; {reason}")));
        }
        cell
    }

    fn found(&self, runs: &[Tried], expected: &[String]) -> Vec<Found> {
        let mut names: BTreeMap<&str, Vec<(usize, &Told)>> = BTreeMap::new();
        for (run, told) in
            runs.iter().enumerate().flat_map(|(n, run)| run.told.iter().map(move |told| (n, told)))
        {
            names.entry(&told.name).or_default().push((run, told));
        }
        let found = names.into_iter().map(|(name, all)| {
            let severity = all.iter().map(|(_, told)| told.severity).max().unwrap_or(Severity::Info);
            // The first of each run.
            let mut firsts: BTreeMap<usize, &Told> = BTreeMap::new();
            for (run, told) in &all {
                firsts.entry(*run).or_insert(told);
            }
            // A finding has no classes of threats with it.
            let classes = |told: &Told| {
                told.threats.is_empty() || told.threats.iter().any(|id| self.workload.threats().contains(id))
            };
            let of_class = severity >= Severity::Medium && all.iter().any(|(_, told)| classes(told));
            Found {
                name: name.to_owned(),
                severity,
                counts: expected.iter().any(|expected| expected == name)
                    || of_class && self.workload.kind == Kind::Attack,
                times: all.len() as u64,
                runs: firsts.len(),
                act_ms: Spread::of(firsts.values().filter_map(|told| told.act_ms)),
                start_ms: Spread::of(firsts.values().filter_map(|told| told.start_ms)),
            }
        });
        found.collect()
    }
}
