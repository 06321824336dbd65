//! The file that says what is to be done.

use serde::Deserialize;
use std::{collections::BTreeMap, fmt, fs, io, ops::Range, path::Path, time::Duration};
use toml::Spanned;
use wasmscope_model::{Detection, Severity};

/// The version of the format.
const VERSION: i64 = 1;
/// Most responses in one file.
const MOST: usize = 100;
/// Longest file, bytes.
const MOST_BYTES: u64 = 1 << 20;
/// How long a command or a server may take, unless the file says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that it may say.
const MOST_PATIENCE: Duration = Duration::from_secs(600);
/// A response without a limit is given so often.
const LIMIT: Limit = Limit { times: 60, per: Duration::from_secs(60) };

/// What is to be done, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Upon detections; all that apply, in the file's order.
    pub choices: Vec<Choice>,
    /// At system calls, by the kernel.
    pub at_event: Vec<AtEvent>,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What events call it.
    pub name: String,
    /// To these rules only; empty for all.
    pub rules: Vec<String>,
    /// And from this severity on.
    pub severity: Severity,
    /// And if the detection is at least so sure, in percent.
    pub confidence: u8,
    /// What to do.
    pub action: Action,
    /// How long it may take.
    pub timeout: Duration,
    /// How often it may be done.
    pub limit: Limit,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A signal to the workload's process.
    Signal(SignalKind),
    /// Execute a program, which reads the detection from its standard input, as one line of JSON.
    Command(Vec<String>),
    /// Send the detection, as JSON, by HTTP POST.
    Webhook {
        /// Where to.
        url: String,
        /// Further headers. They may be secret and are never told.
        headers: BTreeMap<String, String>,
    },
}

impl Action {
    /// Its name in the file and in events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Signal(SignalKind::Stop) => "stop",
            Self::Signal(SignalKind::Kill) => "kill",
            Self::Command(_) => "command",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// Which signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalKind {
    /// SIGSTOP: it stays as it is, to be looked at, until somebody sends SIGCONT.
    Stop,
    /// SIGKILL.
    Kill,
}

/// At most so many times in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// So many.
    pub times: u32,
    /// In this time.
    pub per: Duration,
}

/// A signal that the kernel sends to a workload when it returns from one of these calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtEvent {
    /// Names of system calls.
    pub calls: Vec<String>,
    /// Which signal.
    pub signal: SignalKind,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Something in it is wrong.
    #[error("{path}:{line}:{column}: {message}")]
    Wrong {
        /// Which.
        path: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What was expected.
        message: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    version: Spanned<i64>,
    #[serde(default)]
    response: Vec<Spanned<ChoiceFile>>,
    #[serde(default)]
    at_event: Vec<Spanned<AtEventFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceFile {
    name: Spanned<String>,
    #[serde(default)]
    rules: Vec<Spanned<String>>,
    severity: Option<Spanned<String>>,
    #[serde(default)]
    confidence: Option<Spanned<i64>>,
    action: Spanned<String>,
    command: Option<Spanned<Vec<String>>>,
    url: Option<Spanned<String>>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    timeout: Option<Spanned<String>>,
    limit: Option<Spanned<LimitFile>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitFile {
    times: u32,
    per: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtEventFile {
    calls: Spanned<Vec<Spanned<String>>>,
    signal: SignalKind,
}

type Wrong = (Range<usize>, String);

impl Plan {
    /// Reads and checks a file. `rules` are the ids that there are, `calls` the system calls that can be responded to.
    ///
    /// # Errors
    /// See [`PlanError`]: the first thing that is wrong.
    pub fn read(path: &Path, rules: &[&str], calls: &[&str]) -> Result<Self, PlanError> {
        let name = path.display().to_string();
        let failed = |error| PlanError::Read { path: name.clone(), error };
        let length = fs::metadata(path).map_err(failed)?.len();
        if length > MOST_BYTES {
            return Err(failed(io::Error::other("it is larger than 1 MiB")));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::parse(&text, rules, calls).map_err(|(span, message)| {
            let before = text.get(..span.start).unwrap_or(&text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
            PlanError::Wrong { path: name.clone(), line, column, message }
        })
    }

    fn parse(text: &str, rules: &[&str], calls: &[&str]) -> Result<Self, Wrong> {
        let file: PlanFile =
            toml::from_str(text).map_err(|e| (e.span().unwrap_or(0..0), e.message().to_owned()))?;
        if *file.version.get_ref() != VERSION {
            return Err((file.version.span(), format!("the version of this format is {VERSION}")));
        }
        if file.response.len() > MOST || file.at_event.len() > MOST {
            return Err((0..0, format!("there are more than {MOST} responses")));
        }
        let choices = file.response.into_iter().map(|one| choice(one, rules)).collect::<Result<_, _>>()?;
        let at_event = file.at_event.into_iter().map(|one| at_event(one.into_inner(), calls));
        Ok(Self { choices, at_event: at_event.collect::<Result<_, _>>()? })
    }
}

impl Choice {
    /// Whether it is the response to this detection.
    pub fn applies(&self, detection: &Detection) -> bool {
        (self.rules.is_empty() || self.rules.contains(&detection.rule))
            && detection.severity >= self.severity
            && detection.confidence.get() >= self.confidence
    }
}

fn choice(one: Spanned<ChoiceFile>, known: &[&str]) -> Result<Choice, Wrong> {
    let whole = one.span();
    let file = one.into_inner();
    let name = file.name.get_ref().trim().to_owned();
    if name.is_empty() || name.len() > 64 {
        return Err((file.name.span(), "a response has a name of at most 64 bytes".into()));
    }
    if file.rules.is_empty() && file.severity.is_none() {
        return Err((whole, "say to what: `rules`, or the least `severity`".into()));
    }
    for rule in &file.rules {
        if !known.contains(&rule.get_ref().as_str()) {
            return Err((
                rule.span(),
                format!("there is no rule {:?}: see `wasmscope rules list`", rule.get_ref()),
            ));
        }
    }
    let severity = match &file.severity {
        None => Severity::Info,
        Some(text) => text.get_ref().parse().map_err(|e| (text.span(), format!("{e}")))?,
    };
    let confidence = match &file.confidence {
        None => 0,
        Some(percent) => u8::try_from(*percent.get_ref())
            .ok()
            .filter(|percent| *percent <= 100)
            .ok_or((percent.span(), "a confidence is 0 to 100".to_owned()))?,
    };
    let timeout = file.timeout.as_ref().map_or(Ok(PATIENCE), time)?;
    if timeout > MOST_PATIENCE {
        return Err((whole, "the longest timeout is 10m".into()));
    }
    let limit = match &file.limit {
        None => LIMIT,
        Some(limit) if limit.get_ref().times == 0 => {
            return Err((limit.span(), "a limit of 0 times is no response".into()));
        }
        Some(limit) => Limit { times: limit.get_ref().times, per: time(&limit.get_ref().per)? },
    };
    let rules = file.rules.iter().map(|rule| rule.get_ref().clone()).collect();
    let action = action(&file)?;
    Ok(Choice { name, rules, severity, confidence, action, timeout, limit })
}

fn action(file: &ChoiceFile) -> Result<Action, Wrong> {
    let span = file.action.span();
    let needless = |what: &str| Err((span.clone(), format!("`{what}` belongs to another action")));
    let is = file.action.get_ref().as_str();
    if file.command.is_some() && is != "command" {
        return needless("command");
    }
    if (file.url.is_some() || !file.headers.is_empty()) && is != "webhook" {
        return needless("url");
    }
    match is {
        "stop" => Ok(Action::Signal(SignalKind::Stop)),
        "kill" => Ok(Action::Signal(SignalKind::Kill)),
        "command" => match &file.command {
            Some(command) if command.get_ref().first().is_some_and(|program| !program.is_empty()) => {
                Ok(Action::Command(command.get_ref().clone()))
            }
            _ => Err((span, "it needs `command = [\"/path/of/program\", \"argument\"]`".into())),
        },
        "webhook" => match &file.url {
            Some(url) if ["http://", "https://"].iter().any(|scheme| url.get_ref().starts_with(scheme)) => {
                Ok(Action::Webhook { url: url.get_ref().clone(), headers: file.headers.clone() })
            }
            _ => Err((span, "it needs `url = \"https://…\"`".into())),
        },
        _ => Err((span, "an action is stop, kill, command or webhook".into())),
    }
}

fn at_event(file: AtEventFile, known: &[&str]) -> Result<AtEvent, Wrong> {
    if file.calls.get_ref().is_empty() {
        return Err((file.calls.span(), "name at least one system call".into()));
    }
    for call in file.calls.get_ref() {
        if !known.contains(&call.get_ref().as_str()) {
            let message =
                format!("{:?} is no call that is told of workloads: docs/events.md", call.get_ref());
            return Err((call.span(), message));
        }
    }
    let calls = file.calls.into_inner().into_iter().map(Spanned::into_inner).collect();
    Ok(AtEvent { calls, signal: file.signal })
}

fn time(text: &Spanned<String>) -> Result<Duration, Wrong> {
    let parsed = text.get_ref().parse::<jiff::SignedDuration>().ok();
    let time = parsed.and_then(|time| Duration::try_from(time).ok()).filter(|time| !time.is_zero());
    time.ok_or((text.span(), "a time is written as 500ms, 10s or 5m".to_owned()))
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} s", self.times, self.per.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [&str; 2] = ["path-escape", "shell-executed"];

    fn plan(text: &str) -> Result<Plan, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let name = file.path().display().to_string();
        Plan::read(file.path(), &RULES, &["ptrace"]).map_err(|e| e.to_string().replace(&name, "F"))
    }

    #[test]
    fn a_plan_has_everything_that_its_file_says() {
        let plan = plan(
            "version = 1\n[[response]]\nname = \"page\"\nseverity = \"high\"\nconfidence = 80\naction = \"webhook\"\n\
             url = \"https://example.org/\"\nheaders = { authorization = \"x\" }\ntimeout = \"3s\"\n\
             limit = { times = 2, per = \"1m\" }\n\
             [[response]]\nname = \"halt\"\nrules = [\"path-escape\"]\naction = \"stop\"\n\
             [[at_event]]\ncalls = [\"ptrace\"]\nsignal = \"kill\"\n",
        )
        .unwrap();
        let [page, halt] = plan.choices.as_slice() else { panic!("{plan:?}") };
        assert_eq!((page.severity, page.confidence, page.timeout.as_secs()), (Severity::High, 80, 3));
        assert_eq!(page.limit, Limit { times: 2, per: Duration::from_secs(60) });
        assert_eq!(
            (halt.action.name(), halt.rules.as_slice()),
            ("stop", ["path-escape".to_owned()].as_slice())
        );
        assert_eq!(plan.at_event, [AtEvent { calls: vec!["ptrace".into()], signal: SignalKind::Kill }]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let head = "version = 1\n[[response]]\nname = \"n\"\n";
        for (rest, message) in [
            ("action = \"stop\"\n", "F:2:1: say to what: `rules`, or the least `severity`"),
            (
                "rules = [\"x\"]\naction = \"stop\"\n",
                "F:4:10: there is no rule \"x\": see `wasmscope rules list`",
            ),
            ("severity = \"awful\"\naction = \"stop\"\n", "F:4:12: "),
            (
                "severity = \"low\"\naction = \"bomb\"\n",
                "F:5:10: an action is stop, kill, command or webhook",
            ),
            (
                "severity = \"low\"\naction = \"command\"\n",
                "F:5:10: it needs `command = [\"/path/of/program\", \"argument\"]`",
            ),
            (
                "severity = \"low\"\naction = \"kill\"\nurl = \"http://x\"\n",
                "F:5:10: `url` belongs to another action",
            ),
            (
                "severity = \"low\"\naction = \"stop\"\ntimeout = \"soon\"\n",
                "F:6:11: a time is written as 500ms, 10s or 5m",
            ),
            ("severity = \"low\"\naction = \"stop\"\nwhen = 1\n", "F:6:1: "),
            (
                "severity = \"low\"\naction = \"stop\"\n[[at_event]]\ncalls = [\"read\"]\nsignal = \"kill\"\n",
                "F:7:10: ",
            ),
        ] {
            let error = plan(&format!("{head}{rest}")).unwrap_err();
            assert!(error.starts_with(message), "{error}\n{message}");
        }
        assert!(plan("version = 2\n").unwrap_err().starts_with("F:1:11: the version"));
        assert!(plan("").unwrap_err().contains("version"));
        assert!(
            Plan::read("/nowhere".as_ref(), &[], &[])
                .unwrap_err()
                .to_string()
                .contains("cannot read /nowhere")
        );
    }
}
