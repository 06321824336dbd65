//! Charts of an evaluation and of benches.

use super::{
    bench::Measured,
    svg::{Anchor, Svg},
};
use std::collections::BTreeMap;
use wasmscope_evaluate::{
    Kind, Vantage,
    report::{Evaluation, Verdict},
};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 230.0;
const ROW: f64 = 20.0;
const TOP: f64 = 34.0;
const INK: &str = "#654ff0";
const GRID: &str = "#ccc";
const MET: &str = "#2e8b57";
const MISSED: &str = "#c0392b";

/// Classes of threats against vantage points: attacks told, of those of which something is to be seen.
pub(super) fn detections(evaluation: &Evaluation) -> Option<String> {
    let mut counts: BTreeMap<(&str, Vantage), (usize, usize)> = BTreeMap::new();
    for guest in evaluation.guests.iter().filter(|guest| guest.kind == Kind::Attack) {
        for class in &guest.threats {
            for vantage in &evaluation.vantage_points {
                let cells: Vec<_> = guest
                    .cells
                    .iter()
                    .filter(|cell| {
                        cell.vantage == *vantage && cell.runs > 0 && cell.verdict != Verdict::NotRun
                    })
                    .collect();
                let of_class =
                    evaluation.classes.get(class).is_some_and(|class| class.sees.contains(vantage));
                let detected = cells.iter().any(|cell| cell.verdict == Verdict::Detected);
                if cells.is_empty() || !(of_class || detected) {
                    continue;
                }
                let count = counts.entry((class, *vantage)).or_default();
                count.0 += usize::from(detected);
                count.1 += 1;
            }
        }
    }
    let classes: Vec<&str> = {
        let mut classes: Vec<_> = counts.keys().map(|(class, _)| *class).collect();
        // C2 before C10.
        classes.sort_by_key(|class| (class[..1].to_owned(), class[1..].parse::<u32>().unwrap_or_default()));
        classes.dedup();
        classes
    };
    if classes.is_empty() {
        return None;
    }
    let wide = (WIDTH - LEFT) / evaluation.vantage_points.len() as f64;
    let mut svg = Svg::new(WIDTH, TOP + ROW * classes.len() as f64 + 6.0);
    for (column, vantage) in evaluation.vantage_points.iter().enumerate() {
        svg.text(LEFT + wide * (column as f64 + 0.5), TOP - 10.0, Anchor::Middle, vantage);
    }
    for (row, class) in classes.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let title = evaluation.classes.get(*class).map_or("", |class| &class.title);
        svg.text(LEFT - 8.0, y + 14.0, Anchor::End, format!("{class} {title}"));
        for (column, vantage) in evaluation.vantage_points.iter().enumerate() {
            let x = LEFT + wide * column as f64;
            let Some((told, all)) = counts.get(&(*class, *vantage)) else {
                svg.rect([x + 1.0, y + 1.0, wide - 2.0, ROW - 2.0], "#f3f3f3");
                continue;
            };
            let share = *told as f64 / *all as f64;
            // From red by way of yellow to green.
            svg.rect(
                [x + 1.0, y + 1.0, wide - 2.0, ROW - 2.0],
                &format!("hsl({:.0}, 55%, 72%)", share * 125.0),
            );
            svg.text(x + wide / 2.0, y + 14.0, Anchor::Middle, format!("{told} of {all}"));
        }
    }
    Some(svg.finish())
}

/// A row of dots.
struct Strip {
    name: String,
    dots: Vec<(f64, String)>,
}

/// Milliseconds from act to detection, of each guest and rule.
pub(super) fn latencies(evaluation: &Evaluation) -> Option<String> {
    let mut strips: BTreeMap<(Vantage, &str), Strip> = BTreeMap::new();
    for guest in &evaluation.guests {
        for cell in &guest.cells {
            for found in cell.found.iter().filter(|found| found.counts) {
                let Some(act) = found.act_ms else { continue };
                let runtime = cell.runtime.as_deref().unwrap_or("");
                let strip = strips.entry((cell.vantage, runtime)).or_insert_with(|| Strip {
                    name: format!("{} {runtime}", cell.vantage),
                    dots: Vec::new(),
                });
                strip
                    .dots
                    .push((act.median, format!("{}: {}, {:.1} ms", guest.name, found.name, act.median)));
            }
        }
    }
    dots(strips.into_values().collect(), Scale::Logarithmic, "ms")
}

/// Time watched to time unwatched, of each ordinary guest.
pub(super) fn overheads(evaluation: &Evaluation) -> Option<String> {
    let mut strips: BTreeMap<&str, Strip> = BTreeMap::new();
    for guest in &evaluation.guests {
        for cell in &guest.cells {
            let mut ratios: Vec<f64> = cell
                .seconds
                .iter()
                .zip(&cell.unwatched_seconds)
                .filter(|(_, bare)| **bare >= 0.05)
                .map(|(ours, bare)| ours / bare)
                .collect();
            ratios.sort_by(f64::total_cmp);
            let Some(median) = ratios.get(ratios.len() / 2) else { continue };
            let runtime = cell.runtime.as_deref().unwrap_or("");
            let strip =
                strips.entry(runtime).or_insert_with(|| Strip { name: runtime.to_owned(), dots: Vec::new() });
            strip.dots.push((*median, format!("{}: {median:.2}", guest.name)));
        }
    }
    dots(strips.into_values().collect(), Scale::Linear, "times")
}

#[derive(Clone, Copy)]
enum Scale {
    Linear,
    Logarithmic,
}

fn dots(strips: Vec<Strip>, scale: Scale, unit: &str) -> Option<String> {
    let values: Vec<f64> =
        strips.iter().flat_map(|strip| &strip.dots).map(|(value, _)| value.max(0.01)).collect();
    let least = values.iter().copied().reduce(f64::min)?;
    let most = values.iter().copied().reduce(f64::max)?;
    let (from, to) = match scale {
        Scale::Logarithmic => (least.log10().floor(), most.log10().ceil().max(least.log10().floor() + 1.0)),
        Scale::Linear => ((least * 10.0).floor() / 10.0, ((most * 10.0).ceil() / 10.0).max(least + 0.2)),
    };
    let at = |value: f64| {
        let value = if matches!(scale, Scale::Logarithmic) { value.max(0.01).log10() } else { value };
        LEFT + (value - from) / (to - from) * (WIDTH - LEFT - 30.0)
    };
    let height = TOP + 2.0 * ROW * strips.len() as f64;
    let mut svg = Svg::new(WIDTH, height + 10.0);
    let ticks: Vec<f64> = match scale {
        Scale::Logarithmic => (from as i32..=to as i32).map(|power| 10_f64.powi(power)).collect(),
        Scale::Linear => {
            let step = ((to - from) / 6.0 * 10.0).ceil() / 10.0;
            (0..=7).map(|n| from + step * f64::from(n)).filter(|tick| *tick <= to + 1e-9).collect()
        }
    };
    for tick in ticks {
        svg.line([at(tick), TOP - 6.0, at(tick), height], GRID);
        let decimals = if tick < 1.0 { 2 } else { usize::from(matches!(scale, Scale::Linear)) };
        svg.text(at(tick), TOP - 12.0, Anchor::Middle, format!("{tick:.decimals$} {unit}"));
    }
    for (row, strip) in strips.iter().enumerate() {
        let y = TOP + ROW * (2.0 * row as f64 + 1.0);
        svg.text(LEFT - 12.0, y + 4.0, Anchor::End, format!("{} ({})", strip.name.trim(), strip.dots.len()));
        for (n, (value, what)) in strip.dots.iter().enumerate() {
            // Spread a little, so that equal ones are seen.
            svg.dot(at(*value), y + (n % 5) as f64 * 4.0 - 8.0, INK, what);
        }
    }
    Some(svg.finish())
}

/// Each goal as a bar: what was measured, as a share of what is allowed.
pub(super) fn goals(measured: &[Measured]) -> Option<String> {
    let rows: Vec<_> = measured.iter().filter_map(|row| Some((row, row.share_of_goal()?))).collect();
    if rows.is_empty() {
        return None;
    }
    let left = 400.0;
    let most = rows.iter().map(|(_, share)| *share).fold(1.2, f64::max).min(2.0);
    let at = |share: f64| left + share.min(most) / most * (WIDTH - left - 10.0);
    let height = TOP + ROW * rows.len() as f64;
    let mut svg = Svg::new(WIDTH, height + 8.0);
    for (n, (row, share)) in rows.iter().enumerate() {
        let y = TOP + ROW * n as f64;
        let color = match row.holds {
            Some(true) => MET,
            Some(false) => MISSED,
            None => "#888",
        };
        svg.rect([left, y + 3.0, at(*share) - left, ROW - 6.0], color);
        let name: String = row.name.chars().take(62).collect();
        svg.text(left - 6.0, y + 14.0, Anchor::End, format!("{}: {name}", row.bench));
    }
    svg.line([at(1.0), TOP - 6.0, at(1.0), height], "#1b1b1b");
    svg.text(at(1.0), TOP - 12.0, Anchor::Middle, "goal");
    Some(svg.finish())
}
