//! A bounded list of what went wrong while looking at something hostile.

/// Most problems kept in one list; a hostile process could otherwise make one per byte.
const LIMIT: usize = 32;

/// Collects distinct problems; says how many more there were.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    kept: Vec<String>,
    dropped: usize,
}

impl Problems {
    /// Notes one problem, once.
    pub(crate) fn note(&mut self, problem: impl Into<String>) {
        let problem = problem.into();
        if self.kept.contains(&problem) {
            return;
        }
        if self.kept.len() < LIMIT {
            self.kept.push(problem);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The list, with a last line for those that did not fit.
    pub(crate) fn into_vec(mut self) -> Vec<String> {
        if self.dropped > 0 {
            self.kept.push(format!("and {} more problems", self.dropped));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_problems_stay_few_lines_and_none_is_silently_lost() {
        let mut problems = Problems::default();
        (0..100).for_each(|n| problems.note(format!("problem {n}")));
        problems.note("problem 3");
        let list = problems.into_vec();
        assert_eq!(list.len(), LIMIT + 1);
        assert_eq!(list[LIMIT], "and 68 more problems");
    }
}
