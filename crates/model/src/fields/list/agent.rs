//! Of what was withheld or lost, of detections, and of the agent itself.

use super::*;

pub(super) static FIELDS: &[Field] = &[
    // Throttling.
    event(
        "throttled.count",
        Type::Int,
        one(Kind::Throttled),
        of!(Throttled, throttled => opt(throttled.count)),
        "events withheld in that second",
    ),
    event(
        "throttled.since_ns",
        Type::Int,
        one(Kind::Throttled),
        of!(Throttled, throttled => some(throttled.since_ns)),
        "start of the second",
    )
    .in_unit(Unit::Nanoseconds),
    event(
        "throttled.budget",
        Type::String,
        one(Kind::Throttled),
        of!(Throttled, throttled => some(&throttled.budget)),
        "`common` or `rare`",
    ),
    // Responses.
    json("response.name", Type::String, one(Kind::Responded), "what the file of responses calls it"),
    json("response.action", Type::String, one(Kind::Responded), "`stop`, `kill`, `command`, `webhook`"),
    json(
        "response.outcome",
        Type::String,
        one(Kind::Responded),
        "`done`; `gone`: the program had ended before; `failed`; `limited` and `dropped`: not even begun",
    ),
    json("response.reason", Type::String, one(Kind::Responded), "why it was not done"),
    json(
        "response.act",
        Type::String,
        one(Kind::Responded),
        "the act had `happened` before, or had been `refused`",
    ),
    json(
        "response.delay_ms",
        Type::Double,
        one(Kind::Responded),
        "from the detection to the end of the response",
    )
    .in_unit(Unit::Milliseconds),
    // Detections.
    json("security_rule.name", Type::String, Kinds::of(&[Kind::Detected, Kind::Responded]), "id of the rule"),
    json("security_rule.description", Type::String, one(Kind::Detected), "what it states"),
    json(
        "detection.severity",
        Type::String,
        one(Kind::Detected),
        "how bad it is: `info`, `low`, `medium`, `high`, `critical`",
    ),
    json("detection.confidence", Type::Int, one(Kind::Detected), "how sure").in_unit(Unit::Percent),
    json(
        "detection.confidence.reasons",
        Type::Strings,
        one(Kind::Detected),
        "why it is surer or less sure than the rule alone",
    ),
    json("detection.maturity", Type::String, one(Kind::Detected), "how far the rule has proven itself"),
    json("detection.attack", Type::Strings, one(Kind::Detected), "ATT&CK techniques"),
    json("detection.cwe", Type::Strings, one(Kind::Detected), "weaknesses"),
    json("detection.threats", Type::Strings, one(Kind::Detected), "classes of the threat catalogue"),
    json("detection.advice", Type::String, one(Kind::Detected), "what to do"),
    json("detection.count", Type::Int, one(Kind::Detected), "events that it is made of"),
    json("detection.since_ns", Type::Int, one(Kind::Detected), "when the first of them was")
        .in_unit(Unit::Nanoseconds),
    json(
        "detection.suppressed",
        Type::Int,
        one(Kind::Detected),
        "detections of the same that were withheld since",
    ),
    json("detection.lossy", Type::Bool, one(Kind::Detected), "events were lost meanwhile"),
    json("detection.evidence", Type::Objects, one(Kind::Detected), "the events: the first ones and the last"),
    // The agent itself.
    event(
        "loss.family",
        Type::String,
        one(Kind::Lost),
        of!(Lost, loss => some(&loss.family)),
        "family of records",
    ),
    event("loss.stage", Type::String, one(Kind::Lost), of!(Lost, loss => some(&loss.stage)), "where and why"),
    event("loss.count", Type::Int, one(Kind::Lost), of!(Lost, loss => some(loss.count)), "how many"),
    event("name", Type::String, one(Kind::Sensor), of!(Sensor, report => some(&report.name)), "the probe"),
    json("state", Type::String, one(Kind::Sensor), "`active`, `degraded` or `refused`"),
    event(
        "reason",
        Type::String,
        one(Kind::Sensor),
        of!(Sensor, report => some(&report.reason)),
        "why it is not active",
    ),
    json("visibility", Type::String, one(Kind::Sensor), "what it sees, or what stays unseen"),
    json("remedy", Type::String, one(Kind::Sensor), "what to do"),
    event(
        "required",
        Type::Bool,
        one(Kind::Sensor),
        of!(Sensor, report => some(report.required)),
        "nothing works without it",
    ),
];
