//! What a dashboard is, before it is Grafana's.

/// One dashboard.
pub(crate) struct Board {
    /// Name of its file; with `wasmscope-` before it Grafana's uid, which is in addresses and must stay.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    /// What can be chosen at its top; a later one may be restricted by the earlier ones.
    pub(crate) variables: &'static [Variable],
    pub(crate) rows: &'static [Row],
}

impl Board {
    pub(crate) fn panels(&self) -> impl Iterator<Item = &'static Panel> + use<> {
        self.rows.iter().flat_map(|row| row.panels)
    }
}

/// Panels under a heading.
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) panels: &'static [Panel],
}

/// One panel.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// What the numbers are, and what to make of them.
    pub(crate) about: &'static str,
    pub(crate) view: View,
    pub(crate) unit: Unit,
    /// Of 24 columns.
    pub(crate) width: u8,
    pub(crate) queries: &'static [Query],
    /// What an ordinary host with workloads lacks, so that the panel may well be empty.
    pub(crate) needs: Option<&'static str>,
}

impl Panel {
    /// Numbers, large.
    pub(crate) const fn stat(
        title: &'static str,
        about: &'static str,
        unit: Unit,
        queries: &'static [Query],
    ) -> Self {
        Self { title, about, view: View::Stat, unit, width: 6, queries, needs: None }
    }

    /// Lines over time.
    pub(crate) const fn lines(
        title: &'static str,
        about: &'static str,
        unit: Unit,
        queries: &'static [Query],
    ) -> Self {
        Self { title, about, view: View::Lines, unit, width: 12, queries, needs: None }
    }

    /// Areas over time, one upon the other.
    pub(crate) const fn stacked(
        title: &'static str,
        about: &'static str,
        unit: Unit,
        queries: &'static [Query],
    ) -> Self {
        Self { title, about, view: View::Stacked, unit, width: 12, queries, needs: None }
    }

    /// A table of labels and the value now.
    pub(crate) const fn table(
        title: &'static str,
        about: &'static str,
        unit: Unit,
        queries: &'static [Query],
    ) -> Self {
        Self { title, about, view: View::Table, unit, width: 24, queries, needs: None }
    }

    pub(crate) const fn width(self, width: u8) -> Self {
        Self { width, ..self }
    }

    pub(crate) const fn needs(self, what: &'static str) -> Self {
        Self { needs: Some(what), ..self }
    }
}

/// How a panel shows its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Stat,
    Lines,
    Stacked,
    Table,
}

/// One query and what its series are called.
pub(crate) struct Query {
    pub(crate) promql: &'static str,
    /// Grafana's legend: `{{label}}` stands for the value of a label.
    pub(crate) legend: &'static str,
}

/// A query with its legend.
pub(crate) const fn q(promql: &'static str, legend: &'static str) -> Query {
    Query { promql, legend }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    PerSecond,
    Cores,
    Seconds,
    Bytes,
    BytesPerSecond,
    Ratio,
}

/// Something that can be chosen: the values of one label.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The label whose values can be chosen ...
    pub(crate) label: &'static str,
    /// ... of these series.
    pub(crate) of: &'static str,
    /// Several at once, or all.
    pub(crate) many: bool,
}
