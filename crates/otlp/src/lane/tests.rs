use super::*;
use crate::encode::resource::resource;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message as _;
use std::collections::BTreeMap;

const TAKEN: Answer = Answer::Taken { rejected: 0, message: String::new() };

fn lane(limits: Limits) -> Lane {
    let envelope = Envelope::new(&resource(None, &BTreeMap::new()));
    let counts = Arc::new(Counts::default());
    counts.turn_on(Signal::Logs);
    Lane::new(Signal::Logs, envelope, limits, counts)
}

fn later() -> Answer {
    Answer::Later { after: None, message: String::new() }
}

/// An empty log record.
fn record(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x12, 0]);
}

fn count(lane: &Lane, stage: &str) -> u64 {
    lane.counts.list().iter().find(|count| count.stage == stage).unwrap().count
}

/// Records in a request.
fn records(request: &Bytes) -> usize {
    let request = ExportLogsServiceRequest::decode(request.clone()).unwrap();
    let [resource] = &request.resource_logs[..] else { panic!("{request:?}") };
    assert!(resource.resource.is_some());
    resource.scope_logs.iter().map(|scope| scope.log_records.len()).sum()
}

/// An hour in which the collector takes nothing, event by event, with a clock of the test's own.
#[test]
fn an_hours_outage_is_accounted_for_to_the_last_record() {
    let mut lane = lane(Limits { items: 10_000, ..Limits::default() });
    let begun = Instant::now();
    let (mut made, mut arrived, mut tries) = (0, 0, 0);
    for second in 0..2 * 3600 {
        let now = begun + Duration::from_secs(second);
        let outage = (600..600 + 3600).contains(&second);
        for _ in 0..7 {
            lane.add(now, 1, false, record);
            made += 1;
        }
        while let Next::Send(request) = lane.next(now) {
            if outage {
                tries += 1;
                lane.answered(now, &later(), 0.5);
            } else {
                arrived += records(&request) as u64;
                lane.answered(now, &TAKEN, 0.5);
            }
        }
    }
    lane.close();
    while let Next::Send(request) = lane.next(begun + Duration::from_secs(9000)) {
        arrived += records(&request) as u64;
        lane.answered(begun, &TAKEN, 0.5);
    }
    assert!(matches!(lane.next(begun + Duration::from_secs(9000)), Next::Done));
    assert_eq!((count(&lane, "made"), count(&lane, "delivered")), (made, arrived));
    let lost = count(&lane, "queue_full");
    assert_eq!(arrived + lost, made);
    // What came in the hour, less what could wait (three quarters: nothing was urgent).
    let (came, waited) = (7 * 3600, 7500);
    let before_the_next_try = 7 * 31;
    assert!((came - waited..came - waited + before_the_next_try).contains(&lost), "{lost}");
    // Every 22.5 s, once it has slowed down.
    assert!((150..170).contains(&tries), "{tries} requests to a collector that is down");
    assert_eq!((lane.items, lane.bytes), (0, 0));
}

#[test]
fn the_last_quarter_is_for_what_is_urgent() {
    let mut lane = lane(Limits { items: 100, ..Limits::default() });
    let now = Instant::now();
    (0..200).for_each(|_| lane.add(now, 1, false, record));
    assert_eq!((lane.items, count(&lane, "queue_full")), (75, 125));
    (0..200).for_each(|_| lane.add(now, 1, true, record));
    assert_eq!((lane.items, count(&lane, "queue_full")), (100, 300));
    lane.give_up();
    assert_eq!((count(&lane, "made"), count(&lane, "unsent"), lane.items), (400, 100, 0));
}

#[test]
fn bytes_are_bounded_and_so_are_requests() {
    let limits = Limits { bytes: 10_000, batch_bytes: 1000, ..Limits::default() };
    let mut lane = lane(limits);
    let now = Instant::now();
    let large = |out: &mut Vec<u8>| {
        out.extend_from_slice(&[0x12, 0x82, 0x02, 0x1a, 0xff, 0x01]);
        out.extend_from_slice(&[b'x'; 255]);
    };
    (0..100).for_each(|_| lane.add(now, 1, true, large));
    assert_eq!(lane.items, 38);
    lane.close();
    let mut sizes = vec![];
    while let Next::Send(request) = lane.next(now) {
        assert!(request.len() < 1500, "{}", request.len());
        sizes.push(records(&request));
        lane.answered(now, &TAKEN, 0.0);
    }
    assert_eq!(sizes.iter().sum::<usize>(), 38);
    assert!(sizes[..sizes.len() - 1].iter().all(|size| *size == 3), "{sizes:?}");
    assert_eq!((count(&lane, "made"), count(&lane, "delivered"), count(&lane, "queue_full")), (100, 38, 62));
}

#[test]
fn a_request_goes_out_after_a_while_or_when_it_is_full() {
    let mut lane = lane(Limits { batch_items: 3, ..Limits::default() });
    let now = Instant::now();
    assert!(matches!(lane.next(now), Next::Idle));
    lane.add(now, 1, false, record);
    let Next::At(due) = lane.next(now) else { panic!() };
    assert_eq!(due, now + Duration::from_secs(1));
    (0..2).for_each(|_| lane.add(now, 1, false, record));
    let Next::Send(request) = lane.next(now) else { panic!() };
    assert_eq!(records(&request), 3);
    // The same again, until there is an answer that ends it.
    let asked = Answer::Later { after: Some(Duration::from_secs(60)), message: String::new() };
    lane.answered(now, &asked, 0.0);
    let Next::At(due) = lane.next(now) else { panic!() };
    assert!(due >= now + Duration::from_secs(60));
    let Next::Send(again) = lane.next(due) else { panic!() };
    assert_eq!(request, again);
    lane.answered(due, &Answer::Refused { why: Loss::TooLarge, message: String::new() }, 0.0);
    assert_eq!(count(&lane, "too_large"), 3);
    lane.add(due, 1, false, record);
    let Next::Send(_) = lane.next(due + Duration::from_secs(1)) else { panic!() };
    // A collector that says that it rejected more than there was.
    lane.answered(due, &Answer::Taken { rejected: 5, message: String::new() }, 0.0);
    assert_eq!((count(&lane, "rejected"), count(&lane, "delivered")), (1, 0));
}

#[test]
fn numbers_of_a_moment_are_superseded_by_later_ones() {
    let mut lane = lane(Limits::default());
    let now = Instant::now();
    for _ in 0..3 {
        lane.supersede();
        lane.add(now, 10, true, record);
        lane.shut();
        if let Next::Send(_) = lane.next(now) {
            lane.answered(now, &later(), 0.0);
        }
    }
    assert_eq!((count(&lane, "made"), count(&lane, "superseded"), lane.items), (30, 10, 20));
}
