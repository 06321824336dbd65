//! Which host calls become spans.

use super::{ConfigError, Reader, wrong};
use crate::encode::ids::Share;

/// The share; nothing where there are to be no traces at all.
///
/// A workload's own span is always told, for there is one. What the standard samplers decide for whole traces is decided for
/// the host calls in them: a trace is one workload, and one of those can live for months.
pub(super) fn share(flag: Option<f64>, read: &Reader<'_>) -> Result<Option<Share>, ConfigError> {
    if let Some(ratio) = flag {
        return Ok(Some(Share::new(ratio)));
    }
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    match read.text(SAMPLER)?.as_deref() {
        None | Some("always_on" | "parentbased_always_on") => Ok(Some(Share::new(1.0))),
        Some("always_off" | "parentbased_always_off") => Ok(None),
        Some("traceidratio" | "parentbased_traceidratio") => {
            let ratio = match read.text(ARGUMENT)? {
                None => 1.0,
                Some(text) => parse(&text).ok_or_else(|| wrong(ARGUMENT, "a number from 0 to 1"))?,
            };
            Ok(Some(Share::new(ratio)))
        }
        Some(_) => {
            Err(wrong(SAMPLER, "always_on, always_off or traceidratio, or one of these behind parentbased_"))
        }
    }
}

/// A number from 0 to 1.
pub(crate) fn parse(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}
