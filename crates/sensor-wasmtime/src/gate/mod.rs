//! Policy at the boundary: what guests may ask of the host.

mod denial;
mod judge;
mod limit;
mod paths;
mod rule;

pub use denial::{Denial, Refused};
pub(crate) use judge::{Judge, Refusal, Subjects};
pub use limit::Limit;
pub use rule::{Action, Rule};

use std::sync::Arc;

/// An ordered list of rules that is asked before each call.
///
/// The first rule that matches and allows or denies decides. A rule that limits and matches refuses the call when its
/// limit is reached, else the next rules are asked. When no rule decides, [`otherwise`](Self::otherwise) does; by
/// default the call is allowed. What a call concerns (each path, each address) is judged by itself, and one refusal is
/// enough.
///
/// ```
/// use wasmscope_sensor_wasmtime::{Class, Denial, Gate, Limit, Rule};
///
/// let gate = Gate::default()
///     .rule(Rule::allow("data").class(Class::Files).path("/data"))
///     .rule(Rule::deny("no other files", Denial::Access).class(Class::Files).path("/"))
///     .rule(Rule::allow("our network").class(Class::Sockets).address("10.0.0.0/8".parse().unwrap(), 443..=443))
///     .rule(Rule::deny("no other network", Denial::Access).class(Class::Sockets))
///     .rule(Rule::limit("output", Limit::default().bytes(1 << 20)).function("fd_write"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Gate {
    rules: Vec<Arc<Rule>>,
    otherwise: Option<Denial>,
}

impl Gate {
    /// Adds a rule after those that are there.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// Refuses what no rule decides. Mind that guests call more than is obvious: a program of preview 1 that cannot
    /// learn its arguments (class [`Cli`](crate::Class::Cli)) does not start.
    #[must_use]
    pub fn otherwise(mut self, denial: Denial) -> Self {
        self.otherwise = Some(denial);
        self
    }

    /// The rules, in order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|rule| &**rule)
    }

    /// What judges the instance of this name; nothing where no rule is for it.
    pub(crate) fn judge(&self, instance: &str) -> Option<Box<Judge>> {
        let rules: Vec<_> = self.rules.iter().filter(|rule| rule.is_for(instance)).map(Arc::clone).collect();
        let needed = !rules.is_empty() || self.otherwise.is_some();
        needed.then(|| Box::new(Judge::new(rules, self.otherwise)))
    }
}
