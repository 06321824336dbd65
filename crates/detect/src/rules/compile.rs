//! From the file of one rule to the rule.

use super::{
    Limit, Rule, RuleWindow, Suppress,
    file::{EnvelopeFile, RuleFile, WindowFile},
    place::Reading,
};
use crate::{
    condition::{Compiler, Fault, Key, Test, can_match, parse, unknown},
    envelope::Own,
    files::Files,
    window::{MOST_DISTINCT, MOST_REGULAR, MOST_STEPS, Shape},
};
use serde_saphyr::Spanned;
use wasmscope_model::{Confidence, Kind, Maturity, Severity};

/// The conditions of a rule, one for each step, and the events that ask them.
pub(super) type Compiled = Vec<(Vec<Kind>, Test)>;

/// How long the same is withheld, unless the rule says otherwise: a minute.
const SUPPRESS: u64 = 60_000_000_000;
/// What a rule tells at most, unless it says otherwise: a detection a second, over a minute.
const LIMIT: Limit = Limit { detections: 60, per: 60_000_000_000 };
/// The longest window: a day.
const LONGEST: u64 = 86_400_000_000_000;
/// Longest texts, in characters.
const MOST_TITLE: usize = 120;

/// The rule of `file` at `path`, unless something in it is wrong.
pub(super) fn compile(
    file: &RuleFile,
    path: &str,
    files: &Files,
    compiler: Compiler<'_>,
    reading: &mut Reading<'_>,
) -> Option<(Rule, Compiled)> {
    let mut making = Making { compiler, reading };
    let before = making.reading.problems.len();
    making.names(file, path);
    let severity = making.severity(&file.severity);
    let maturity = making.maturity(&file.maturity, path);
    let [attack, cwe, threats] = making.tags(&file.tags);
    let checks = making.conditions(file);
    let window = file.window.as_ref().and_then(|window| making.window(window, checks.len()));
    let suppress = making.suppress(file);
    let limit = making.limit(file);
    let confidence = match &file.confidence {
        Some(given) if given.value > 99 => {
            making.reading.wrong(given, "nothing is surer than 99");
            Confidence::percent(99)
        }
        Some(given) => Confidence::percent(given.value),
        None => usual(maturity),
    };
    if making.reading.problems.len() > before {
        return None;
    }
    let mut events: Vec<Kind> = checks.iter().flat_map(|(kinds, _)| kinds.iter().copied()).collect();
    events.sort();
    events.dedup();
    let rule = Rule {
        id: file.id.value.clone(),
        title: file.title.value.trim().to_owned(),
        severity,
        maturity,
        confidence,
        attack,
        cwe,
        threats,
        false_positives: file.false_positives.value.clone(),
        advice: file.advice.value.trim().to_owned(),
        origin: files.origin.clone(),
        events,
        raised_by: file.raised_by.iter().map(|id| id.value.clone()).collect(),
        fingerprint: 0,
        window,
        suppress,
        limit,
    };
    Some((rule, checks))
}

/// What a runtime does for itself.
pub(super) fn compile_own(
    file: &EnvelopeFile,
    runtime: &str,
    compiler: Compiler<'_>,
    reading: &mut Reading<'_>,
    own: &mut Own,
) {
    let mut making = Making { compiler, reading };
    for one in &file.own {
        if let Some((kinds, test)) = making.condition(&one.events, &one.condition) {
            own.add(runtime, kinds, test);
        }
        if one.why.trim().is_empty() {
            making.reading.wrong(&one.condition, "`why` says what the runtime does it for");
        }
    }
}

fn usual(maturity: Maturity) -> Confidence {
    Confidence::percent(match maturity {
        Maturity::Experimental => 50,
        Maturity::Incubating => 70,
        Maturity::Stable => 85,
    })
}

struct Making<'a, 'r, 't> {
    compiler: Compiler<'a>,
    reading: &'r mut Reading<'t>,
}

impl Making<'_, '_, '_> {
    fn names(&mut self, file: &RuleFile, path: &str) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let id = &file.id;
        if id.value.is_empty() || !id.value.chars().all(plain) || id.value.len() > 64 {
            self.reading.wrong(id, "an id has lower-case letters, digits and hyphens, 64 at most");
        } else if path.rsplit('/').nth(1) != Some(&id.value) {
            self.reading.wrong(id, format!("the folder of a rule has its id: {}/rule.yaml", id.value));
        }
        let title = file.title.value.trim();
        if title.is_empty() || title.chars().count() > MOST_TITLE || title.contains('\n') {
            self.reading.wrong(&file.title, "a title is one sentence of at most 120 characters");
        }
        if file.false_positives.value.iter().all(|text| text.trim().is_empty()) {
            self.reading.wrong(&file.false_positives, "every rule is wrong sometimes: say when");
        }
        if file.advice.value.trim().is_empty() {
            self.reading.wrong(&file.advice, "advice says what to do");
        }
    }

    fn severity(&mut self, text: &Spanned<String>) -> Severity {
        text.value.parse().unwrap_or_else(|error: wasmscope_model::finding::UnknownSeverity| {
            self.reading.wrong(text, error.to_string());
            Severity::Info
        })
    }

    fn maturity(&mut self, text: &Spanned<String>, path: &str) -> Maturity {
        let Ok(maturity) = text.value.parse::<Maturity>() else {
            self.reading.wrong(text, "a rule is experimental, incubating or stable");
            return Maturity::Experimental;
        };
        if path.split('/').rev().nth(2).is_some_and(|folder| folder != maturity.as_str()) {
            self.reading.wrong(text, format!("its folder says otherwise: it belongs into {maturity}/"));
        }
        maturity
    }

    fn tags(&mut self, tags: &[Spanned<String>]) -> [Vec<String>; 3] {
        let [mut attack, mut cwe, mut threats] = [Vec::new(), Vec::new(), Vec::new()];
        for tag in tags {
            let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
            match tag.value.split_once('.') {
                Some(("attack", id)) if id.starts_with('T') && id[1..].split('.').all(digits) => {
                    attack.push(id.to_owned());
                }
                Some(("cwe", id)) if digits(id) => cwe.push(format!("CWE-{id}")),
                Some(("threat", id)) if !id.is_empty() => threats.push(id.to_owned()),
                _ => self.reading.wrong(tag, "a tag is attack.T1611, cwe.22 or threat.B5"),
            }
        }
        [attack, cwe, threats]
    }

    /// Either one condition, or those of a sequence.
    fn conditions(&mut self, file: &RuleFile) -> Compiled {
        let steps = file.window.as_ref().and_then(|window| window.value.sequence.as_ref());
        match (steps, &file.events, &file.condition) {
            (None, Some(events), Some(condition)) => self.condition(events, condition).into_iter().collect(),
            (Some(steps), None, None) => {
                steps.iter().filter_map(|step| self.condition(&step.events, &step.condition)).collect()
            }
            (None, ..) => {
                self.reading.wrong(&file.id, "a rule has `events` and a `condition`");
                Vec::new()
            }
            (Some(_), ..) => {
                self.reading.wrong(&file.id, "the steps of a sequence have the events and conditions");
                Vec::new()
            }
        }
    }

    fn condition(
        &mut self,
        events: &[Spanned<String>],
        condition: &Spanned<String>,
    ) -> Option<(Vec<Kind>, Test)> {
        let mut kinds = Vec::new();
        for event in events {
            match event.value.parse::<Kind>() {
                Ok(Kind::Detected | Kind::Responded) => {
                    self.reading.wrong(event, "rules do not look at detections and responses");
                }
                Ok(kind) if kind.as_str().starts_with("sensor.") => {
                    self.reading.wrong(event, "this event belongs to no workload");
                }
                Ok(kind) if kinds.iter().any(|(other, _)| *other == kind) => {
                    self.reading.wrong(event, "it is named twice");
                }
                Ok(kind) => kinds.push((kind, event)),
                Err(_) => {
                    let names = Kind::ALL.iter().map(|kind| kind.as_str());
                    self.reading.wrong(event, unknown("event", &event.value, names));
                }
            }
        }
        if events.is_empty() {
            self.reading.wrong(condition, "it needs `events` to be asked of");
        }
        let test = self.compiled(condition, |compiler, parsed| compiler.test(parsed))?;
        for (kind, event) in &kinds {
            if !can_match(&test, *kind) {
                let message = format!(
                    "the condition can never match {kind}: it asks for what such an event never has",
                    kind = kind.as_str()
                );
                self.reading.wrong(event, message);
            }
        }
        Some((kinds.into_iter().map(|(kind, _)| kind).collect(), test))
    }

    fn compiled<T>(
        &mut self,
        text: &Spanned<String>,
        make: impl FnOnce(&mut Compiler<'_>, &crate::condition::Parsed) -> Result<T, Fault>,
    ) -> Option<T> {
        let parsed = parse(&text.value).map_err(|(place, message)| Fault { place, message });
        match parsed.and_then(|parsed| make(&mut self.compiler, &parsed)) {
            Ok(made) => Some(made),
            Err(fault) => {
                self.reading.fault(text, fault);
                None
            }
        }
    }

    fn key(&mut self, text: &Spanned<String>) -> Option<Key> {
        self.compiled(text, |compiler, parsed| compiler.key(parsed))
    }

    fn time(&mut self, text: &Spanned<String>) -> u64 {
        let parsed = text.value.parse::<jiff::SignedDuration>().ok();
        let nanoseconds = parsed.and_then(|time| u64::try_from(time.as_nanos()).ok());
        match nanoseconds {
            Some(time) if time > 0 && time <= LONGEST => time,
            _ => {
                self.reading.wrong(text, "a time is written as 500ms, 10s, 5m or 1h, up to 24h");
                1
            }
        }
    }

    fn window(&mut self, window: &Spanned<WindowFile>, steps: usize) -> Option<RuleWindow> {
        let file = &window.value;
        let within = self.time(&file.within);
        let across_module = match file.across.as_ref().map(|across| across.value.as_str()) {
            None | Some("workload") => false,
            Some("module") => true,
            Some(_) => {
                self.reading
                    .wrong(file.across.as_ref()?, "a window is one of a workload, or across a module");
                false
            }
        };
        let kinds = [
            file.count.is_some(),
            file.rate.is_some(),
            file.distinct.is_some(),
            file.regular.is_some(),
            file.sequence.is_some(),
        ];
        if kinds.iter().filter(|there| **there).count() != 1 {
            self.reading.wrong(window, "a window has one of count, rate, distinct, regular and sequence");
            return None;
        }
        let (shape, of) = self.shape(window, within, steps)?;
        Some(RuleWindow { shape, within, across_module, of })
    }

    fn shape(
        &mut self,
        window: &Spanned<WindowFile>,
        within: u64,
        steps: usize,
    ) -> Option<(Shape, Option<Key>)> {
        let file = &window.value;
        if let Some(count) = &file.count {
            return Some((Shape::Count { count: self.at_least_two(count, u32::MAX) }, None));
        }
        if let Some(rate) = &file.rate {
            let count = rate.value * within as f64 / 1e9;
            if !(2.0..=1e9).contains(&count) {
                self.reading.wrong(rate, "this rate is less than two events within the window, or too many");
            }
            return Some((Shape::Count { count: count.ceil() as u32 }, None));
        }
        if let Some(distinct) = &file.distinct {
            let count = self.at_least_two(&distinct.count, MOST_DISTINCT);
            return Some((Shape::Distinct { count }, Some(self.key(&distinct.of)?)));
        }
        if let Some(regular) = &file.regular {
            let count = self.at_least_two(&regular.count, MOST_REGULAR);
            let spread = regular.spread.value;
            if !(0.0..=1.0).contains(&spread) || count < 4 {
                self.reading
                    .wrong(&regular.spread, "a beacon has at least 4 contacts and a spread of 0 to 1");
            }
            return Some((Shape::Regular { count, spread }, Some(self.key(&regular.of)?)));
        }
        let listed = file.sequence.as_ref().map_or(0, Vec::len);
        if !(2..=MOST_STEPS).contains(&listed) {
            self.reading.wrong(window, "a sequence has 2 to 8 steps");
            return None;
        }
        Some((Shape::Sequence { steps: steps as u8 }, None))
    }

    fn at_least_two(&mut self, count: &Spanned<u32>, most: u32) -> u32 {
        if count.value < 2 || count.value > most {
            self.reading.wrong(count, format!("from 2 to {most}"));
        }
        count.value
    }

    fn suppress(&mut self, file: &RuleFile) -> Suppress {
        let Some(suppress) = &file.suppress else { return Suppress { time: SUPPRESS, per: None } };
        let per = suppress.per.as_ref().and_then(|per| self.key(per));
        Suppress { time: self.time(&suppress.time), per }
    }

    fn limit(&mut self, file: &RuleFile) -> Limit {
        let Some(limit) = &file.limit else { return LIMIT };
        if limit.detections.value == 0 {
            self.reading.wrong(&limit.detections, "a rule that tells nothing is better disabled");
        }
        Limit { detections: limit.detections.value, per: self.time(&limit.per) }
    }
}
