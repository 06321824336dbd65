//! Ids of traces and spans: they follow from the workload, so that everybody who knows `workload.id` knows the trace.

use wasmscope_model::{WorkloadId, boundary::Instance};

/// 16 bytes: `workload.id`, and eight that follow from it, because samplers elsewhere take these for random.
pub(crate) fn trace(workload: WorkloadId) -> [u8; 16] {
    let id = u64::from(workload);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.to_be_bytes());
    bytes[8..].copy_from_slice(&not_zero(mix(id)).to_be_bytes());
    bytes
}

/// The span of the workload itself: its `workload.id`.
pub(crate) fn root(workload: WorkloadId) -> [u8; 8] {
    not_zero(u64::from(workload)).to_be_bytes()
}

/// The span of a host call: one thread begins one call at a time.
pub(crate) fn call(workload: WorkloadId, instance: &Instance, monotonic_ns: u64) -> u64 {
    let who = instance.id ^ u64::from(instance.tid.unwrap_or(0)).rotate_left(32);
    not_zero(mix(mix(mix(u64::from(workload)) ^ who) ^ monotonic_ns))
}

/// A bijection that leaves no pattern: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Ids of zeros are invalid (W3C Trace Context, 3.2.2.3).
fn not_zero(id: u64) -> u64 {
    id.max(1)
}

/// Which host calls become spans. It follows from the id of the span, so that everybody takes the same ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(u64);

impl Share {
    /// `ratio` from 0 to 1.
    pub(crate) fn new(ratio: f64) -> Self {
        // A float that is too large becomes the largest integer.
        Self((ratio * 18_446_744_073_709_551_616.0) as u64)
    }

    pub(crate) fn has(self, span: u64) -> bool {
        span < self.0 || self.0 == u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_model::{BootId, ProcessKey};

    #[test]
    fn shares_are_exact_enough_and_ids_tell_calls_apart() {
        let workload = WorkloadId::new(&BootId("b".into()), &ProcessKey::from_kernel(1, 0, 0));
        let instance = |tid| Instance { id: 1, name: "i".into(), tid: Some(tid) };
        let ids: Vec<_> =
            (0..20_000).map(|n| call(workload, &instance(7 + n % 2), 1000 + u64::from(n / 2))).collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        let taken = |ratio| ids.iter().filter(|id| Share::new(ratio).has(**id)).count();
        assert_eq!((taken(0.0), taken(1.0)), (0, 20_000));
        assert!((1800..2200).contains(&taken(0.1)), "{}", taken(0.1));
        assert_eq!(&trace(workload)[..8], root(workload));
        assert!(format!("{workload}") == format!("{:016x}", u64::from_be_bytes(root(workload))));
    }
}
