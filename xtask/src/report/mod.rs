//! `cargo xtask report-charts`: the chapter of the report that is made of what was measured.
//!
//! `docs/report/04-evaluation.md` has the words. A paragraph behind `<!-- generated: NAME -->` says in the tree where it comes from;
//! here numbers take its place, or, where nothing was measured, the command that measures.

mod bench;
mod charts;
mod svg;

use anyhow::{Context as _, Result, bail};
use bench::Measured;
use std::{fmt::Write as _, fs, path::Path};
use wasmscope_evaluate::report::{Evaluation, Part, escaped};
use wasmscope_testkit::{target_dir, workspace_root};

const CHAPTER: &str = "04-evaluation.md";
const MARK: &str = "<!-- generated: ";
/// Where nothing was measured.
const EVALUATE: &str = "*Not measured here: `make evaluate` does it, as root.*";
const BENCH: &str = "*Not measured here: `make bench` does it, as root.*";

pub(crate) fn run() -> Result<()> {
    let out = target_dir().join("report");
    fs::create_dir_all(&out)?;
    let file = target_dir().join("evaluate/evaluation.json");
    let evaluation: Option<Evaluation> = match fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).with_context(|| {
            format!("{} is of another form: make it anew with `make evaluate`", file.display())
        })?),
        Err(_) => None,
    };
    let measured = bench::read(&target_dir().join("bench"))?;
    let source = fs::read_to_string(workspace_root().join("docs/report").join(CHAPTER))?;
    let chapter = chapter(&source, |name| generated(name, evaluation.as_ref(), &measured, &out))?;
    fs::write(out.join(CHAPTER), chapter)?;
    println!("report: {}", out.join(CHAPTER).display());
    Ok(())
}

/// The chapter with each marked paragraph replaced.
fn chapter(source: &str, mut generated: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut out = String::new();
    for paragraph in source.split("\n\n") {
        let name = paragraph.trim_start().strip_prefix(MARK).and_then(|rest| rest.split_once(" -->"));
        match name {
            Some((name, _)) => out.push_str(generated(name)?.trim_end()),
            None => out.push_str(paragraph.trim_end()),
        }
        out.push_str("\n\n");
    }
    Ok(out.trim_end().to_owned() + "\n")
}

fn generated(
    name: &str,
    evaluation: Option<&Evaluation>,
    measured: &[Measured],
    out: &Path,
) -> Result<String> {
    let chart = |file: &str, what: &str, svg: Option<String>, otherwise: &str| -> Result<String> {
        let Some(svg) = svg else { return Ok(otherwise.to_owned()) };
        fs::write(out.join(file), svg)?;
        Ok(format!("![{what}]({file})"))
    };
    let table = |part: Part| match evaluation.map(|evaluation| evaluation.markdown_of(part)) {
        Some(table) if table.is_empty() => "*None.*".to_owned(),
        Some(table) => table,
        None => EVALUATE.to_owned(),
    };
    Ok(match name {
        "setting" => evaluation.map_or_else(|| EVALUATE.to_owned(), setting),
        "outcome" => evaluation.map_or_else(|| EVALUATE.to_owned(), outcome),
        "matrix" => table(Part::Matrix),
        "seeing" => table(Part::Seeing),
        "missed" => table(Part::Missed),
        "false-alarms" => table(Part::FalseAlarms),
        "latency" => table(Part::Latency),
        "overhead" => table(Part::Overhead),
        "detections-chart" => {
            let svg = evaluation.and_then(charts::detections);
            chart("detections.svg", "Attacks told, by class and vantage point", svg, EVALUATE)?
        }
        "latency-chart" => {
            let svg = evaluation.and_then(charts::latencies);
            chart("latency.svg", "From act to detection, each guest and rule a dot", svg, EVALUATE)?
        }
        "overhead-chart" => {
            let svg = evaluation.and_then(charts::overheads);
            chart("overhead.svg", "Time watched to time unwatched, each ordinary guest a dot", svg, EVALUATE)?
        }
        "benches-chart" => {
            let svg = charts::goals(measured);
            chart("benches.svg", "What was measured, as a share of what the goal allows", svg, BENCH)?
        }
        "benches" if measured.is_empty() => BENCH.to_owned(),
        "benches" => benches(measured),
        other => bail!("docs/report/{CHAPTER}: nobody makes {other:?}"),
    })
}

/// On what it ran.
fn setting(evaluation: &Evaluation) -> String {
    let runtimes = evaluation.runtimes.iter();
    let runtimes: Vec<_> = runtimes
        .map(|runtime| format!("{} ({})", escaped(&runtime.name), escaped(&runtime.version)))
        .collect();
    let repeats =
        if evaluation.repeat == 1 { "once".to_owned() } else { format!("{} times", evaluation.repeat) };
    format!(
        "{} on Linux {}, {} processors, on {}; each guest was run {repeats} in each of: {}. It took {:.0} minutes.",
        escaped(&evaluation.wasmscope),
        escaped(&evaluation.host.kernel),
        evaluation.host.processors,
        escaped(evaluation.began.split('T').next().unwrap_or_default()),
        runtimes.join(", "),
        evaluation.seconds / 60.0,
    )
}

/// What came of it, in a sentence for each question.
fn outcome(evaluation: &Evaluation) -> String {
    let summary = &evaluation.summary;
    let mut out = format!(
        "Of {} attacks, {} were told from at least one vantage point; by the threat catalogue something is to be seen of {}.\n",
        summary.attacks, summary.detected, summary.visible
    );
    if summary.failures.is_empty() {
        out.push_str(
            "Everything that is expected was told, and no ordinary guest was told as high or critical.\n",
        );
    } else {
        out.push_str("\nNot as expected:\n\n");
        for failure in &summary.failures {
            let _ = writeln!(out, "- {}", escaped(failure));
        }
    }
    out
}

fn benches(measured: &[Measured]) -> String {
    let mut out =
        String::from("| bench | what | measured | goal | reached |\n| --- | --- | --- | --- | --- |\n");
    for row in measured {
        let number =
            |value: f64| if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") };
        let mut value = match (row.ratio, row.ours) {
            (Some(ratio), _) => format!("{ratio:.3}x"),
            (None, Some(ours)) => format!("{} {}", number(ours), row.unit),
            (None, None) => "-".to_owned(),
        };
        if let Some([Some(low), Some(high)]) = row.spread {
            let _ = write!(value, " [{} to {}]", number(low), number(high));
        }
        let reached = match row.holds {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "too noisy to tell",
        };
        let (name, goal) = (escaped(&row.name), escaped(&row.goal));
        let _ =
            writeln!(out, "| {} | {name} | {} | {goal} | {reached} |", escaped(&row.bench), escaped(&value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_paragraphs_are_replaced_and_others_stay() {
        let source = "# A\n\nSome words.\n\n<!-- generated: one -->\n*Made later.*\n\nMore.\n";
        let made = chapter(source, |name| Ok(format!("[{name}]\n"))).unwrap();
        assert_eq!(made, "# A\n\nSome words.\n\n[one]\n\nMore.\n");
    }

    #[test]
    fn the_chapter_asks_only_for_what_is_made_and_says_what_is_missing() {
        let source = fs::read_to_string(workspace_root().join("docs/report").join(CHAPTER)).unwrap();
        let out = tempfile::tempdir().unwrap();
        let made = chapter(&source, |name| generated(name, None, &[], out.path())).unwrap();
        assert!(
            !made.contains(MARK) && made.contains("make evaluate") && made.contains("make bench"),
            "{made}"
        );
        // Numbers are never typed.
        assert!(!made.contains('%') && !made.contains(" ms"), "{made}");
    }
}
