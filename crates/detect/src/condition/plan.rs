//! The conditions of all rules, folded into each other: what several ask is computed once for an event.
//!
//! Rules share most of what they ask (macros, lists, "was it refused?"). Equal parts of conditions become one node, whose
//! result is remembered while one event is looked at. And a rule matches only if every part that its condition joins by
//! `&&` is true, so rules are grouped by such parts: where one is not true, none of its group is asked any further.

use super::{
    eval::View,
    expr::{Number, Test, Text, TextTest},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Index of a node.
type Id = u32;

/// Parts of conditions, each once.
#[derive(Debug, Default)]
pub(crate) struct Nodes(Vec<Node>);

#[derive(Debug)]
enum Node {
    Leaf(Arc<Test>),
    And(Box<[Id]>),
    Or(Box<[Id]>),
    Not(Id),
}

/// What is known of the nodes for the present event.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// Each with the number of the event that it is of, and the result in the last two bits.
    results: Vec<u32>,
    event: u32,
}

impl Memo {
    const RESULT_BITS: u32 = 2;

    /// Another event: nothing is known of it yet.
    pub(crate) fn begin(&mut self, nodes: &Nodes) {
        self.event += 1;
        if self.event >> (u32::BITS - Self::RESULT_BITS) != 0 || self.results.len() != nodes.0.len() {
            self.results.clear();
            self.results.resize(nodes.0.len(), 0);
            self.event = 1;
        }
    }

    fn known(&self, id: Id) -> Option<Option<bool>> {
        let result = self.results[id as usize];
        (result >> Self::RESULT_BITS == self.event).then_some(match result & 3 {
            0 => None,
            1 => Some(false),
            _ => Some(true),
        })
    }

    fn keep(&mut self, id: Id, result: Option<bool>) {
        let bits = result.map_or(0, |result| 1 + u32::from(result));
        self.results[id as usize] = self.event << Self::RESULT_BITS | bits;
    }
}

impl Nodes {
    /// Whether it holds, as [`Test::holds`].
    fn holds(&self, id: Id, view: &View<'_>, memo: &mut Memo) -> Option<bool> {
        if let Some(known) = memo.known(id) {
            return known;
        }
        let result = match &self.0[id as usize] {
            Node::Leaf(test) => test.holds(view),
            Node::And(all) => self.decide(all, false, view, memo),
            Node::Or(all) => self.decide(all, true, view, memo),
            Node::Not(of) => self.holds(*of, view, memo).map(|value| !value),
        };
        memo.keep(id, result);
        result
    }

    fn decide(&self, all: &[Id], deciding: bool, view: &View<'_>, memo: &mut Memo) -> Option<bool> {
        let mut known = true;
        for id in all {
            match self.holds(*id, view, memo) {
                Some(value) if value == deciding => return Some(deciding),
                Some(_) => {}
                None => known = false,
            }
        }
        known.then_some(!deciding)
    }
}

/// Makes nodes of conditions.
#[derive(Debug, Default)]
pub(crate) struct Folding {
    nodes: Nodes,
    ids: HashMap<Arc<Test>, Id>,
    /// How dear each node is, the cheapest 0.
    costs: Vec<u8>,
}

impl Folding {
    fn id(&mut self, test: &Arc<Test>) -> Id {
        if let Some(id) = self.ids.get(test) {
            return *id;
        }
        let (node, cost) = match test.as_ref() {
            Test::And(all) => {
                let all = self.cheapest_first(all);
                let cost = self.dearest(&all);
                (Node::And(all), cost)
            }
            Test::Or(all) => {
                let all = self.cheapest_first(all);
                let cost = self.dearest(&all);
                (Node::Or(all), cost)
            }
            Test::Not(of) => {
                let id = self.id(of);
                (Node::Not(id), self.costs[id as usize])
            }
            _ => (Node::Leaf(Arc::clone(test)), cost(test)),
        };
        let id = self.nodes.0.len() as Id;
        self.nodes.0.push(node);
        self.costs.push(cost);
        self.ids.insert(Arc::clone(test), id);
        id
    }

    /// The order is without meaning: neither operator has one in CEL.
    fn cheapest_first(&mut self, tests: &[Arc<Test>]) -> Box<[Id]> {
        let mut ids: Vec<Id> = tests.iter().map(|test| self.id(test)).collect();
        ids.sort_by_key(|id| self.costs[*id as usize]);
        ids.into()
    }

    fn dearest(&self, ids: &[Id]) -> u8 {
        ids.iter().map(|id| self.costs[*id as usize]).max().unwrap_or(0)
    }

    /// The parts that must all be true.
    pub(crate) fn parts(&mut self, test: &Arc<Test>) -> BTreeSet<Id> {
        match test.as_ref() {
            Test::And(all) => all.iter().flat_map(|part| self.parts(part)).collect(),
            _ => [self.id(test)].into(),
        }
    }

    /// The nodes, when all conditions have been taken in.
    pub(crate) fn finish(self) -> Nodes {
        self.nodes
    }

    /// Groups what must be true of each of several conditions.
    pub(crate) fn plan(&self, conditions: impl IntoIterator<Item = BTreeSet<Id>>) -> Plan {
        Plan { branches: self.branches((0..).zip(conditions).collect()) }
    }

    fn branches(&self, mut rest: Vec<(u32, BTreeSet<Id>)>) -> Box<[Branch]> {
        let mut asked_by: BTreeMap<Id, u32> = BTreeMap::new();
        let parts = rest.iter().flat_map(|(_, parts)| parts);
        parts.for_each(|part| *asked_by.entry(*part).or_default() += 1);
        let mut branches = Vec::new();
        while !rest.is_empty() {
            let price = |id: &Id| Reverse((self.costs[*id as usize], *id));
            let most = asked_by.iter().max_by_key(|(id, count)| (**count, price(id)));
            let Some((guard, 2..)) = most.map(|(id, count)| (*id, *count)) else {
                // Nothing is shared any more.
                branches.extend(rest.drain(..).map(|(index, parts)| Branch {
                    guards: self.in_order(parts),
                    conditions: [index].into(),
                    inner: Box::default(),
                }));
                break;
            };
            let (group, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|(_, parts)| parts.contains(&guard));
            rest = others;
            for part in group.iter().flat_map(|(_, parts)| parts) {
                asked_by.entry(*part).and_modify(|count| *count -= 1);
            }
            branches.push(self.branch(group));
        }
        branches.into()
    }

    /// Of conditions that have a part in common.
    fn branch(&self, group: Vec<(u32, BTreeSet<Id>)>) -> Branch {
        let mut guards = group[0].1.clone();
        group.iter().for_each(|(_, parts)| guards.retain(|guard| parts.contains(guard)));
        let (mut conditions, mut inner) = (Vec::new(), Vec::new());
        for (index, mut parts) in group {
            parts.retain(|part| !guards.contains(part));
            if parts.is_empty() {
                conditions.push(index);
            } else {
                inner.push((index, parts));
            }
        }
        let inner = self.branches(inner);
        Branch { guards: self.in_order(guards), conditions: conditions.into(), inner }
    }

    fn in_order(&self, parts: BTreeSet<Id>) -> Box<[Id]> {
        let mut parts: Vec<Id> = parts.into_iter().collect();
        parts.sort_by_key(|id| self.costs[*id as usize]);
        parts.into()
    }
}

/// Conditions that the same events ask, by what they have in common.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    branches: Box<[Branch]>,
}

/// Where all guards are true, so are these conditions, and those further in may be.
#[derive(Debug)]
struct Branch {
    guards: Box<[Id]>,
    conditions: Box<[u32]>,
    inner: Box<[Branch]>,
}

impl Plan {
    /// Whether there is nothing to ask.
    pub(crate) fn is_empty(&self) -> bool {
        self.branches.is_empty()
    }

    /// Adds the conditions that are true, in no order.
    pub(crate) fn matching(&self, nodes: &Nodes, view: &View<'_>, memo: &mut Memo, found: &mut Vec<u32>) {
        matching(&self.branches, nodes, view, memo, found);
    }
}

fn matching(branches: &[Branch], nodes: &Nodes, view: &View<'_>, memo: &mut Memo, found: &mut Vec<u32>) {
    for branch in branches {
        if branch.guards.iter().all(|guard| nodes.holds(*guard, view, memo) == Some(true)) {
            found.extend_from_slice(&branch.conditions);
            matching(&branch.inner, nodes, view, memo, found);
        }
    }
}

/// How dear a test is, roughly: what decides cheaply is asked first.
fn cost(test: &Test) -> u8 {
    match test {
        Test::Const(_) | Test::Has(_) | Test::Field(_) => 0,
        Test::Number(left, _, right) if is_plain(left) && is_plain(right) => 1,
        Test::Text(Text::Field(_), TextTest::Is(_) | TextTest::In(_)) | Test::Address(..) => 1,
        Test::Among(..) | Test::Same(_) => 2,
        Test::Text(_, TextTest::Contains(_) | TextTest::ContainsText(_)) | Test::Number(..) => 4,
        Test::Text(_, TextTest::Matches(_)) => 5,
        Test::Text(..) => 3,
        Test::Any(..) | Test::All(..) => 6,
        Test::Outside => 7,
        // Nodes of their own, whose cost is that of their parts.
        Test::And(_) | Test::Or(_) | Test::Not(_) => 0,
    }
}

fn is_plain(number: &Number) -> bool {
    matches!(number, Number::Int(_) | Number::Double(_) | Number::Field(_) | Number::Length(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Compiler, parse};
    use proptest::prelude::*;
    use wasmscope_model::Event;

    /// Parts that are true, false and unknown of some of the events.
    const LEAVES: [&str; 8] = [
        "true",
        "has(error.type)",
        "error.type == 'ENOENT'",
        "file.path.under('/etc')",
        "file.path.matches('^/e')",
        "'write' in file.open.flags",
        "file.beneath == true",
        "file.open.flags.exists(f, f == 'read')",
    ];

    fn events() -> Vec<Event> {
        let stream = r#"{"event.name": "workload.file.opened"}
{"event.name": "workload.file.opened", "file.path": "/etc/passwd", "file.beneath": true, "file.open.flags": ["read"]}
{"event.name": "workload.file.opened", "file.path": "/etc/x", "file.open.flags": ["write"], "error.type": "EACCES"}
{"event.name": "workload.file.opened", "file.path": "/srv", "file.beneath": false, "error.type": "ENOENT"}"#;
        crate::samples::read(stream, true).unwrap().pop().unwrap().1
    }

    fn condition() -> impl Strategy<Value = String> {
        proptest::sample::select(LEAVES.as_slice()).prop_map(str::to_owned).prop_recursive(
            4,
            24,
            3,
            |inner| {
                prop_oneof![
                    proptest::collection::vec(inner.clone(), 1..4)
                        .prop_map(|all| format!("({})", all.join(" && "))),
                    proptest::collection::vec(inner.clone(), 1..4)
                        .prop_map(|all| format!("({})", all.join(" || "))),
                    inner.prop_map(|one| format!("!({one})")),
                ]
            },
        )
    }

    proptest! {
        #[test]
        fn folded_conditions_match_as_each_by_itself(texts in proptest::collection::vec(condition(), 0..12)) {
            let (lists, macros) = Default::default();
            let compile = |text: &String| Arc::new(Compiler::new(&lists, &macros).test(&parse(text).unwrap()).unwrap());
            let tests: Vec<Arc<Test>> = texts.iter().map(compile).collect();
            let mut folding = Folding::default();
            let parts: Vec<_> = tests.iter().map(|test| folding.parts(test)).collect();
            let plan = folding.plan(parts);
            let (nodes, mut memo) = (folding.finish(), Memo::default());
            for event in events() {
                let view = View::new(&event.kind, None);
                let plain: Vec<u32> =
                    (0..).zip(&tests).filter(|(_, test)| test.holds(&view) == Some(true)).map(|(n, _)| n).collect();
                let mut folded = Vec::new();
                memo.begin(&nodes);
                plan.matching(&nodes, &view, &mut memo, &mut folded);
                folded.sort_unstable();
                prop_assert_eq!(folded, plain);
            }
        }
    }

    #[test]
    fn results_of_earlier_events_are_forgotten() {
        let nodes = Nodes(vec![Node::Leaf(Arc::new(Test::Const(true)))]);
        let mut memo = Memo { results: vec![0], event: (u32::MAX >> Memo::RESULT_BITS) - 1 };
        for _ in 0..3 {
            memo.begin(&nodes);
            assert_eq!(memo.known(0), None);
            memo.keep(0, Some(true));
            assert_eq!(memo.known(0), Some(Some(true)));
        }
    }
}
