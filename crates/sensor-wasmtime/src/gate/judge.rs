//! The rules at work on the calls of one instance.

use crate::{
    Class, Function,
    clock::Clock,
    functions,
    gate::{
        Action, Denial, Rule,
        limit::Used,
        paths::{Known, Paths},
        rule::Subject,
    },
};
use smallvec::SmallVec;
use std::{net::SocketAddr, sync::Arc};

/// Name of what refuses where no rule decides.
const OTHERWISE: &str = "otherwise";

/// A call was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) rule: Arc<str>,
    pub(crate) denial: Denial,
}

/// The rules for one instance, and what it used of their limits.
#[derive(Debug)]
pub(crate) struct Judge {
    rules: Vec<Arc<Rule>>,
    used: Vec<Used>,
    /// By function, whether some rule may decide; custom functions are the last one.
    concerned: Box<[bool]>,
    otherwise: Option<Denial>,
    /// Limits that the running call counts against. A store has one host call at a time.
    charged: SmallVec<[u16; 4]>,
    pub(crate) paths: Paths,
    /// The path that the running call was judged by.
    path: Option<Vec<u8>>,
}

/// What a call concerns, told one by one and judged at once.
pub(crate) struct Subjects<'a> {
    judge: &'a mut Judge,
    function: &'static Function,
    clock: &'a mut Clock,
    bytes: u64,
    judged: bool,
    refusal: Option<Refusal>,
}

impl Judge {
    pub(crate) fn new(rules: Vec<Arc<Rule>>, otherwise: Option<Denial>) -> Self {
        let used = vec![Used::default(); rules.len()];
        let tracks = rules.iter().any(|rule| rule.wants_paths());
        let wasi = functions().iter().map(|function| {
            !function.gives_up
                && (otherwise.is_some()
                    || rules.iter().any(|rule| rule.is_about(function))
                    // The path that is judged is the one that the new descriptor gets.
                    || tracks && matches!(function.name, "path_open" | "[method]descriptor.open-at"))
        });
        let concerned = wasi.chain([true]).collect();
        Self {
            concerned,
            rules,
            used,
            otherwise,
            charged: SmallVec::new(),
            paths: Paths::default(),
            path: None,
        }
    }

    /// Whether calls of this class need to be judged.
    pub(crate) fn concerns(&self, class: Class) -> bool {
        self.otherwise.is_some()
            || self.rules.iter().any(|rule| rule.class.is_none_or(|of| of == class))
            // Which file a descriptor stands for is learned from the calls of this class.
            || class == Class::Files && self.tracks()
    }

    /// Whether calls of this function need to be judged.
    #[inline]
    pub(crate) fn is_concerned(&self, function: &Function) -> bool {
        self.concerned[usize::from(function.id).min(self.concerned.len() - 1)]
    }

    /// Whether some rule asks for paths.
    pub(crate) fn tracks(&self) -> bool {
        self.rules.iter().any(|rule| rule.wants_paths())
    }

    /// Judges a call that is about to be made.
    pub(crate) fn judge(
        &mut self,
        function: &'static Function,
        clock: &mut Clock,
        tell: impl FnOnce(&mut Subjects<'_>),
    ) -> Option<Refusal> {
        self.charged.clear();
        self.path = None;
        let mut subjects = Subjects { judge: self, function, clock, bytes: 0, judged: false, refusal: None };
        tell(&mut subjects);
        if !subjects.judged {
            subjects.subject(Subject::Nothing);
        }
        let refusal = subjects.refusal;
        match &refusal {
            // A refused call does not count against limits: they bound what is done.
            Some(_) => self.charged.clear(),
            None => self.charged.iter().for_each(|at| self.used[usize::from(*at)].call()),
        }
        refusal
    }

    /// The call that was judged last has moved bytes.
    pub(crate) fn moved(&mut self, bytes: u64) {
        for at in self.charged.drain(..) {
            self.used[usize::from(at)].moved(bytes);
        }
    }
}

impl Judge {
    /// The call that was judged last opened a file: `new` stands for it. The path is the one that was judged, not what
    /// the guest may have put there since.
    pub(crate) fn opened(&mut self, new: u32) {
        match self.path.take() {
            Some(path) => self.paths.set(new, &path),
            None => self.paths.lose(new),
        }
    }
}

impl Subjects<'_> {
    /// The call would give so many bytes. To be said first.
    pub(crate) fn bytes(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The call concerns a file by its name in a directory.
    pub(crate) fn path(&mut self, directory: u32, path: &[u8]) {
        let known = self.judge.paths.at(directory, path);
        if let Known::Path(path) = &known {
            self.judge.path = Some(path.clone());
        }
        self.known(known);
    }

    /// The call concerns an open file.
    pub(crate) fn file(&mut self, descriptor: u32) {
        let known = self.judge.paths.of(descriptor);
        self.known(known);
    }

    fn known(&mut self, known: Known) {
        match known {
            Known::Path(path) => self.subject(Subject::Path(&path)),
            Known::None => self.subject(Subject::Nothing),
            Known::Lost => self.subject(Subject::SomePath),
        }
    }

    /// The call concerns a host: by name, or by its address as text; perhaps with a port.
    pub(crate) fn host(&mut self, name: &str) {
        let host = match name.rsplit_once(':') {
            // More colons, without brackets: an address of version 6, and no port.
            Some((host, _)) if host.contains(':') && !host.ends_with(']') => name,
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => name,
        };
        self.subject(Subject::Host(host.trim_matches(['[', ']'])));
    }

    /// The call concerns an address.
    pub(crate) fn address(&mut self, address: SocketAddr) {
        self.subject(Subject::Address(address));
    }

    fn subject(&mut self, subject: Subject<'_>) {
        self.judged = true;
        if self.refusal.is_some() {
            return;
        }
        let Judge { rules, used, otherwise, charged, .. } = &mut *self.judge;
        let refusal = |rule: &Rule, denial| Some(Refusal { rule: Arc::clone(&rule.name), denial });
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.matches(self.function, subject)) {
            match rule.action {
                Action::Allow => return,
                Action::Deny(denial) => {
                    self.refusal = refusal(rule, denial);
                    return;
                }
                Action::Limit(limit, denial) => {
                    let now = self.clock.monotonic_ns(self.clock.raw());
                    if !used[at].has_room(&limit, now, self.bytes) {
                        self.refusal = refusal(rule, denial);
                        return;
                    }
                    if !charged.contains(&(at as u16)) {
                        charged.push(at as u16);
                    }
                }
            }
        }
        if let Some(denial) = *otherwise {
            self.refusal = Some(Refusal { rule: OTHERWISE.into(), denial });
        }
    }
}
