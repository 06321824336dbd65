//! The thread that does it.

use crate::{
    Choice, Plan,
    act::{Outcome, act},
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::{
    io,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use wasmscope_model::{BootId, Detection, Event, EventKind, Response};

/// Responses that may wait for each other; more are told as dropped.
const MOST_WAITING: usize = 256;
/// Outcomes that may wait to be told.
const MOST_TOLD: usize = 1024;
/// At the end, what was begun is waited for so long.
const FINISH: Duration = Duration::from_secs(15);

/// Shows events to a plan and does what it says.
#[derive(Debug)]
pub struct Responder {
    choices: Vec<(Choice, Recent)>,
    jobs: Option<Sender<Job>>,
    /// What became of responses, to be told as events.
    pub outcomes: Receiver<Response>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    choice: Choice,
    detection: Box<Detection>,
    response: Response,
    at: Instant,
}

/// How often a response was given in its present time.
#[derive(Debug)]
struct Recent {
    since: Instant,
    times: u32,
}

impl Responder {
    /// Starts the thread.
    ///
    /// # Errors
    /// It cannot be started; or this boot has no id.
    pub fn start(plan: Plan) -> io::Result<Self> {
        let boot = wasmscope_sensor_proc::boot_id()?;
        let (jobs, waiting) = bounded::<Job>(MOST_WAITING);
        let (tell, outcomes) = bounded(MOST_TOLD);
        let work = move || {
            for job in waiting {
                // Nobody may be there to be told at the end.
                let _ = tell.try_send(done(job, &boot));
            }
        };
        let thread = thread::Builder::new().name("respond".into()).spawn(work)?;
        let since = Instant::now();
        let recent = |choice| (choice, Recent { since, times: 0 });
        let choices = plan.choices.into_iter().map(recent).collect();
        Ok(Self { choices, jobs: Some(jobs), outcomes, thread: Some(thread) })
    }

    /// Begins what the plan says upon this event. Never waits; what is not even begun is returned, to be told.
    pub fn observe(&mut self, event: &Event) -> Vec<Response> {
        let EventKind::Detected(detection) = &event.kind else { return Vec::new() };
        let Some(jobs) = &self.jobs else { return Vec::new() };
        let mut told = Vec::new();
        for (choice, recent) in self.choices.iter_mut().filter(|(choice, _)| choice.applies(detection)) {
            let response = Response {
                id: detection.id,
                pid: detection.pid,
                rule: Some(detection.rule.clone()),
                name: choice.name.clone(),
                action: choice.action.name().into(),
                outcome: "done".into(),
                reason: None,
                act: act_of(detection).into(),
                delay_ms: None,
            };
            if !recent.allows(choice) {
                let reason = Some(format!("the limit is {}", choice.limit));
                told.push(Response { outcome: "limited".into(), reason, ..response });
                continue;
            }
            let (choice, detection) = (choice.clone(), detection.clone());
            let job = Job { choice, detection, response, at: Instant::now() };
            if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = jobs.try_send(job) {
                let reason = Some("too many responses wait".into());
                told.push(Response { outcome: "dropped".into(), reason, ..job.response });
            }
        }
        told
    }

    /// Waits for what was begun, a while, and gives what is still to be told.
    pub fn finish(&mut self) -> Vec<Response> {
        self.jobs = None;
        let until = Instant::now() + FINISH;
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        self.outcomes.try_iter().collect()
    }
}

impl Recent {
    fn allows(&mut self, choice: &Choice) -> bool {
        if self.since.elapsed() >= choice.limit.per {
            (self.since, self.times) = (Instant::now(), 0);
        }
        self.times = self.times.saturating_add(1);
        self.times <= choice.limit.times
    }
}

fn done(job: Job, boot: &BootId) -> Response {
    let outcome = act(&job.choice.action, &job.detection, boot, job.choice.timeout);
    let (outcome, reason) = match outcome {
        Outcome::Done => ("done", None),
        Outcome::Gone => ("gone", None),
        Outcome::Failed(reason) => ("failed", Some(reason)),
    };
    let delay_ms = Some(job.at.elapsed().as_secs_f64() * 1000.0);
    Response { outcome: outcome.into(), reason, delay_ms, ..job.response }
}

/// What had become of the act when we learned of it: nothing here comes before it.
fn act_of(detection: &Detection) -> &'static str {
    let Some(last) = detection.evidence.last() else { return "happened" };
    let refused = match &last.kind {
        EventKind::HostCall(of) => of.what.what.denied_by.is_some() || of.what.what.error.is_some(),
        kind => kind.outcome().is_some_and(|outcome| outcome.error.is_some()),
    };
    if refused { "refused" } else { "happened" }
}
