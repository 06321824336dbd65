//! From what is unusual to what is told of it.

use super::{Counts, Known, run::Run, told::Limiter};
use crate::{
    About, Dimension, Profile, Quantity,
    patterns::{How, Known as Seen},
    rules::{SEVERAL, rules},
};
use std::fmt::Write as _;
use wasmscope_model::{Confidence, Detection, Event, Maturity, Severity, StackProblem, text::shown_within};

/// Of patterns that are usual, so many are told beside a new one, and so much of each.
const EXAMPLES: usize = 3;
const EXAMPLE_CHARS: usize = 96;
/// Above this chance of something new, in percent, new things say nothing.
const OPEN: u64 = 50;
/// Of the score of a novelty to which no guest function led, so much is left, in percent.
const BESIDE_PERCENT: u64 = 50;
/// What somebody denied has this score at the least.
const DENIED: u8 = 70;
/// What changes files is worth so much more than what reads them.
const CHANGES: u8 = 10;
/// Each time that the limit is exceeded twice over adds this,
const PER_DOUBLING: u8 = 10;
/// up to so much in all.
const MOST_BY_SIZE: u8 = 75;

/// What the rules have told, of all workloads.
#[derive(Debug, Default)]
pub(super) struct Judge {
    limiters: [Limiter; rules().len()],
}

/// An event of a run, and what is known of its module.
pub(super) struct Bench<'a> {
    pub(super) judge: &'a mut Judge,
    pub(super) run: &'a mut Run,
    pub(super) known: Option<&'a Known>,
    pub(super) event: &'a Event,
    pub(super) counts: &'a mut Counts,
    pub(super) found: &'a mut Vec<Detection>,
}

/// Something unusual.
struct Unusual {
    about: &'static About,
    score: u8,
    what: String,
    usual: String,
    suppressed: u64,
}

impl Bench<'_> {
    /// Takes in that something was done; says whether it is new. If `quietly`, it is not told.
    pub(super) fn pattern(&mut self, dimension: Dimension, pattern: &str, how: How, quietly: bool) -> bool {
        let denied = self.known.is_some_and(|known| known.denied.matches(dimension, pattern));
        if !denied {
            self.run.note(dimension, pattern, how);
        }
        let Some(known) = self.known else { return false };
        let seen = match known.profile.knows(dimension, pattern, how) {
            _ if denied => Seen::No,
            Seen::Yes => return false,
            seen => seen,
        };
        if !denied && known.allowed.matches(dimension, pattern) {
            return false;
        }
        if quietly {
            return true;
        }
        let about = About::of_pattern(dimension);
        let Some(suppressed) = self.run.told.may_tell((about.id, pattern), self.event.monotonic_ns) else {
            self.counts.withheld += 1;
            return true;
        };
        let chance = known.profile.patterns(dimension).chance_of_new(known.profile.runs);
        if chance >= OPEN && !denied {
            self.counts.expected += 1;
            return true;
        }
        let base = if how.0 & !How::READ.0 != 0 { about.score + CHANGES } else { about.score };
        let share = if self.is_beside_the_guest() { BESIDE_PERCENT } else { 100 };
        let score = (u64::from(base) * (100 - chance.min(100)) * share / 10_000) as u8;
        let what = format!("new {dimension}: {}{}", shown_within(pattern, EXAMPLE_CHARS), ways(how));
        let unusual = if denied {
            let usual = "denied by whoever edited the baseline".to_owned();
            Unusual { about, score: score.max(DENIED), what, usual, suppressed }
        } else {
            let usual = usual(&known.profile, dimension, pattern, seen, chance);
            Unusual { about, score, what, usual, suppressed }
        };
        self.tell(unusual);
        true
    }

    /// The thread's stack could be read, and no guest function is on it: mostly what a runtime does to begin or to end, of which the
    /// first moments are seen in one run and not in the next.
    fn is_beside_the_guest(&self) -> bool {
        let reason = self.event.kind.actor().and_then(|actor| actor.stack_missing.as_deref());
        reason.is_some_and(|reason| reason == StackProblem::NoGuestCode.to_string())
    }

    /// Whether a quantity is far off, which is told.
    pub(super) fn quantity(&mut self, quantity: Quantity, value: u64) {
        let Some(known) = self.known else { return };
        let Some(histogram) = known.profile.quantities.get(&quantity) else { return };
        let Some(limit) = quantity.limit(histogram).filter(|limit| value > *limit) else { return };
        let about = About::of_quantity(quantity);
        let doublings = (value / limit.max(1)).max(1).ilog2().min(u32::from(MOST_BY_SIZE)) as u8;
        let score = about.score.saturating_add(PER_DOUBLING.saturating_mul(doublings)).min(MOST_BY_SIZE);
        // What grows and grows is worth another word at each power of eight.
        let what = (about.id, quantity.to_string(), doublings / 3);
        let told = self.run.told.may_tell(what, self.event.monotonic_ns);
        let Some(suppressed) = told else {
            self.counts.withheld += 1;
            return;
        };
        let usual = format!(
            "usual, of {}: 99 % up to {}, never more than {}",
            of_runs(&known.profile),
            quantity.shown(histogram.quantile(990)),
            quantity.shown(histogram.max())
        );
        let what = format!("{quantity}: {}, above {}", quantity.shown(value), quantity.shown(limit));
        self.tell(Unusual { about, score, what, usual, suppressed });
    }

    fn tell(&mut self, unusual: Unusual) {
        let (about, score, now) = (unusual.about, unusual.score, self.event.monotonic_ns);
        let reasons = vec![unusual.what, unusual.usual, format!("score {score} of 100")];
        let several = self.run.recent.add(about, score, now, self.event);
        self.push(about, score, reasons, vec![self.event.clone()], (now, unusual.suppressed));
        if let Some(several) = several {
            let Some(suppressed) = self.run.told.may_tell(SEVERAL.id, now) else {
                self.counts.withheld += 1;
                return;
            };
            let reasons = vec![
                format!("within a minute: {}", several.rules.join(", ")),
                format!("score {} of 100", several.score),
            ];
            self.push(SEVERAL, several.score, reasons, several.events, (several.since, suppressed));
        }
    }

    fn push(
        &mut self,
        about: &'static About,
        score: u8,
        reasons: Vec<String>,
        evidence: Vec<Event>,
        (since_ns, suppressed): (u64, u64),
    ) {
        let place = rules().iter().position(|rule| rule.id == about.id).unwrap_or_default();
        let severity = about.severity(score);
        // Whether it is told or not: nothing is to be learnt from this run.
        self.run.rejected |= severity >= Severity::High;
        if !self.judge.limiters[place].allows(self.event.monotonic_ns) {
            self.counts.withheld += 1;
            return;
        }
        let (Some(id), Some(pid)) = (self.event.kind.workload(), self.event.kind.pid()) else { return };
        self.counts.detections += 1;
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let facts = &self.run.facts;
        self.found.push(Detection {
            id,
            pid,
            rule: about.id.to_owned(),
            title: about.title.to_owned(),
            severity,
            confidence: Confidence::percent(score),
            reasons,
            maturity: Maturity::Experimental,
            attack: owned(about.attack),
            cwe: Vec::new(),
            threats: owned(about.threats),
            advice: about.advice.to_owned(),
            count: evidence.len() as u64,
            since_ns,
            suppressed,
            lossy: self.run.lossy,
            evidence,
            runtime: facts.runtime.clone(),
            runtime_version: facts.version.clone(),
            module_path: facts.path.clone(),
            module_sha256: facts.sha256,
            stack: self.event.kind.actor().map(|actor| actor.stack.clone()).unwrap_or_default(),
        });
    }
}

/// ` (read, write)`.
fn ways(how: How) -> String {
    let names: Vec<_> = how.names().collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

fn of_runs(profile: &Profile) -> String {
    format!("{} runs", profile.runs)
}

/// What is usual in the place of what is new: some patterns, those of its own group first.
fn usual(profile: &Profile, dimension: Dimension, pattern: &str, seen: Seen, chance: u64) -> String {
    let patterns = profile.patterns(dimension);
    let mut text = format!("usual, of {}: ", of_runs(profile));
    if let Seen::NotSo(how) = seen {
        let ways = ways(how);
        let _ = write!(text, "known,{}", if ways.is_empty() { " but only tried in vain" } else { &ways });
    } else if patterns.is_empty() {
        text.push_str("none");
    } else {
        let group = dimension.group(pattern);
        let near = |near: bool| {
            patterns.iter().filter(move |(pattern, _)| (dimension.group(pattern) == group) == near)
        };
        for (n, (pattern, seen)) in near(true).chain(near(false)).take(EXAMPLES).enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{}{}", shown_within(pattern, EXAMPLE_CHARS), ways(seen.how));
        }
        if patterns.len() > EXAMPLES {
            let _ = write!(text, " and {} more", patterns.len() - EXAMPLES);
        }
    }
    let _ = write!(text, "; something new was to be expected by {chance} %");
    text
}
