//! Linear memories by the shape of their reservation.

use crate::known::{Shape, known};
use crate::maps::{Maps, Vma};
use std::cmp::Reverse;
use wasmscope_model::{Confidence, LimitSource, LinearMemory};

/// Most memories reported for one process; Wasmtime's pooling allocator has 1,000 slots by default.
pub const MAX_MEMORIES: usize = 16_384;

/// Reserved bytes that may follow a reservation without saying anything: the guard pages of a thread's
/// stack have no access rights either, and the kernel joins equal neighbours into one mapping.
const STRAY_GUARD: u64 = 64 << 10;

/// Bytes of a page of linear memory, unless the module chooses another size, which hardly any does.
const WASM_PAGE: u64 = 64 << 10;

/// What looks like linear memory in a process.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryScan {
    /// In ascending order of address.
    pub memories: Vec<SightedMemory>,
    /// Whether there were more than [`MAX_MEMORIES`].
    pub truncated: bool,
}

/// Something that looks like a linear memory of one or several runtimes.
#[derive(Debug, Clone, PartialEq)]
pub struct SightedMemory {
    /// Its size, and the limit according to the first candidate.
    pub memory: LinearMemory,
    /// Whose it may be, most telling first; never empty.
    pub candidates: Vec<Candidate>,
}

/// One reading of a sighted memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Name of the runtime.
    pub runtime: &'static str,
    /// The shape it has.
    pub shape: &'static Shape,
    /// Bytes that the guest can grow to, in this reading.
    pub limit: u64,
    /// How much it weighs: less than the shape's weight where the borders only fit loosely.
    pub weight: Confidence,
    /// Whether the shape is specific *and* the borders fit.
    pub specific: bool,
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// Accessible bytes with the reserved bytes that touch them.
#[derive(Debug, Clone, Copy)]
struct Extent {
    base: u64,
    accessible: u64,
    before: u64,
    after: u64,
    /// Accessible bytes directly below `before`; 0 for none.
    below: u64,
    /// Accessible memory follows `after` without a gap.
    continued: bool,
}

/// Most bytes that a runtime asks for beyond the shape, to align it: Wasmtime asks for 2 MiB more (seen on 49).
const ALIGNMENT_SLACK: u64 = 4 << 20;

/// Whether asking for `length` bytes of address space is what `runtime` does for a linear memory, and for nothing else.
///
/// For processes that end before their mappings can be read. Never true for runtimes that also run other programs:
/// their heaps reserve as much.
pub fn reserves_for_memory(runtime: &str, length: u64) -> bool {
    let Some(known) = known().iter().find(|r| r.name == runtime && !r.general_purpose) else { return false };
    known.memories.iter().filter(|shape| shape.extent > 0).any(|shape| {
        let least = shape.before.saturating_add(shape.extent);
        (least..=least.saturating_add(ALIGNMENT_SLACK)).contains(&length)
    })
}

/// Finds everything that has the reservation shape of a known runtime's linear memory.
///
/// One pass over the mappings. GC heaps of Wasmtime are made alike and are found as well: the shape is a
/// reservation's, and only the runtime knows what it keeps in it.
pub fn linear_memories(maps: &Maps) -> MemoryScan {
    let mut scan = MemoryScan::default();
    for extent in extents(&maps.vmas) {
        let own = sight(&extent);
        // Whatever follows a memory without pages may touch its reservation. Before a memory of a pool,
        // though, the same stands for a slot that is not in use.
        let pooled = own.as_ref().is_some_and(|own| own.candidates.iter().any(|c| c.specific));
        let empty = if extent.accessible > 0 && !pooled {
            sight(&Extent { accessible: 0, after: 0, ..extent })
        } else {
            None
        };
        for sighted in empty.into_iter().chain(own) {
            if scan.memories.len() == MAX_MEMORIES {
                scan.truncated = true;
                return scan;
            }
            scan.memories.push(sighted);
        }
    }
    scan
}

fn extents(vmas: &[Vma]) -> impl Iterator<Item = Extent> {
    let mut next = 0;
    // Accessible bytes that end where the current stretch begins.
    let mut below = (0, 0);
    std::iter::from_fn(move || {
        while let Some(first) = vmas.get(next) {
            let start = next;
            // A contiguous stretch of reserved, accessible and again reserved mappings. The last part is
            // not consumed: it may be what stands before the next memory.
            let before = stretch(vmas, &mut next, first.start, Vma::is_reserved);
            let base = first.start.saturating_add(before);
            let accessible = stretch(vmas, &mut next, base, is_accessible);
            let after_start = next;
            let end = base.saturating_add(accessible);
            let after = stretch(vmas, &mut next, end, Vma::is_reserved);
            let continued =
                vmas.get(next).is_some_and(|v| v.start == end.saturating_add(after) && is_accessible(v));
            if accessible > 0 && after > 0 {
                next = after_start;
            }
            if next == start {
                next += 1;
            }
            let (below_end, below_bytes) = below;
            let below_bytes = if below_end == first.start { below_bytes } else { 0 };
            below = (end, accessible);
            if before > 0 || after > 0 {
                return Some(Extent { base, accessible, before, after, below: below_bytes, continued });
            }
        }
        None
    })
}

/// Advances `next` over mappings of one kind that follow each other from `start`; returns their bytes.
fn stretch(vmas: &[Vma], next: &mut usize, start: u64, kind: impl Fn(&Vma) -> bool) -> u64 {
    let mut end = start;
    while let Some(vma) = vmas.get(*next).filter(|vma| vma.start == end && kind(vma)) {
        end = vma.end;
        *next += 1;
    }
    end.saturating_sub(start)
}

fn is_accessible(vma: &Vma) -> bool {
    vma.perms.read && vma.perms.write && !vma.perms.execute && vma.is_memory()
}

/// A reading of an extent: the guest's address 0 and how well the borders fit.
#[derive(Debug, Clone, Copy)]
struct Fit {
    base: u64,
    limit: u64,
    /// Nothing is left over that the shape does not explain.
    close: bool,
    /// What stands before is exactly what the shape puts there.
    exact_before: bool,
}

fn sight(extent: &Extent) -> Option<SightedMemory> {
    let mut readings: Vec<(Candidate, Fit)> = known()
        .iter()
        .flat_map(|runtime| runtime.memories.iter().map(|shape| (runtime.name.as_str(), shape)))
        .filter_map(|(runtime, shape)| {
            let fit = fit(extent, shape)?;
            // A shape that others have as well, and that fits only loosely, says nothing; but where other evidence
            // has named the runtime, it is where the memory lies.
            let weight = match (fit.close, shape.specific) {
                (true, _) => shape.weight,
                (false, true) => Confidence::percent(shape.weight.get() / 2),
                (false, false) => Confidence::percent(0),
            };
            let specific = fit.close && shape.specific;
            Some((Candidate { runtime, shape, limit: fit.limit, weight, specific }, fit))
        })
        .collect();
    readings.sort_by_key(|(c, fit)| (!c.specific, !fit.exact_before, Reverse((c.weight, c.shape.before))));
    let (first, best) = *readings.first()?;
    readings.retain(|(c, fit)| {
        // A reading with another base contradicts the best one; a less specific one adds nothing to it.
        fit.base == best.base && c.specific == first.specific && fit.exact_before == best.exact_before
    });
    // Nothing of a memory without pages is accessible, and its base lies before the end of the reservation.
    let below_base = best.base.saturating_sub(extent.base);
    Some(SightedMemory {
        memory: LinearMemory {
            base: best.base,
            size_bytes: extent.accessible.saturating_sub(below_base),
            limit_bytes: Some(first.limit),
            limit_source: Some(LimitSource::Reservation),
            instrumented: false,
        },
        candidates: readings.into_iter().map(|(c, _)| c).collect(),
    })
}

fn fit(extent: &Extent, shape: &Shape) -> Option<Fit> {
    let exact_before = extent.before == shape.before;
    let fit = Fit { base: extent.base, limit: shape.limit, close: true, exact_before };
    if extent.accessible == 0 {
        // A memory of no pages yet: nothing but the reservation, and only its exact size tells.
        let whole = shape.before.checked_add(shape.extent)?;
        let base = extent.base.checked_sub(shape.extent)?;
        let exact = shape.before > 0 && shape.extent > 0 && extent.before == whole;
        return exact.then_some(Fit { base, exact_before: true, ..fit });
    }
    if extent.after == 0 || extent.before < shape.before || extent.accessible > shape.limit {
        return if shape.before == 0 { joined(extent, shape) } else { None };
    }
    let total = extent.accessible.checked_add(extent.after)?;
    if shape.extent == 0 {
        let limit = total.checked_sub(shape.before)?.min(shape.limit);
        let guarded =
            exact_before && extent.after >= shape.before && extent.accessible.is_multiple_of(WASM_PAGE);
        return guarded.then_some(Fit { limit, ..fit });
    }
    let surplus = total.checked_sub(shape.extent)?;
    if shape.before == 0 {
        let plain = surplus <= STRAY_GUARD && extent.accessible.is_multiple_of(WASM_PAGE);
        return if plain { Some(fit) } else { joined(extent, shape) };
    }
    // What is left over is nothing, a stray guard page, or what belongs to the next memory.
    let after_fits = surplus <= STRAY_GUARD
        || (extent.continued && surplus == shape.before)
        || (shape.pooled && multiple(surplus, shape.extent));
    // What stands before is the guard alone, or also what belongs to the memory below. AddressSanitizer's
    // heap has accessible pages before exactly 8 GiB of nothing: only the other side tells it apart.
    let from_below = extent.below.checked_add(extent.before)?;
    let before_fits = exact_before
        || (extent.below > 0 && multiple(from_below.checked_sub(shape.before)?, shape.extent))
        || (shape.pooled && multiple(from_below, shape.extent))
        || (shape.pooled && multiple(extent.before - shape.before, shape.extent));
    Some(Fit { close: after_fits && before_fits, ..fit })
}

/// Without a guard before it, the kernel joins a memory with accessible memory that happens to lie below.
/// The end of the reservation still stands, and the size must be whole pages.
fn joined(extent: &Extent, shape: &Shape) -> Option<Fit> {
    let surplus = extent.accessible.checked_add(extent.after)?.checked_sub(shape.extent)?;
    let size = extent.accessible.checked_sub(surplus)?;
    let fits = extent.after > 0 && size > 0 && size <= shape.limit && size.is_multiple_of(WASM_PAGE);
    let base = extent.base.checked_add(surplus)?;
    fits.then_some(Fit { base, limit: shape.limit, close: false, exact_before: false })
}

fn multiple(bytes: u64, of: u64) -> bool {
    bytes.checked_rem(of) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maps::parse;
    use proptest::prelude::*;

    const BASE: u64 = 0x7f00_0000_0000;

    /// Mappings one after the other, each with its rights and length.
    fn row(parts: &[(&str, u64)]) -> Maps {
        let mut at = BASE;
        let mut text = String::new();
        for (perms, len) in parts {
            text.push_str(&format!("{at:x}-{:x} {perms} 0 0:0 0\n", at + len));
            at += len;
        }
        parse(text.as_bytes())
    }

    fn sizes(maps: &Maps) -> Vec<(u64, u64, bool)> {
        let memories = linear_memories(maps).memories;
        memories
            .iter()
            .map(|m| (m.memory.base - BASE, m.memory.size_bytes, m.candidates[0].specific))
            .collect()
    }

    #[test]
    fn a_memory_that_the_kernel_joined_with_its_neighbour_is_found_but_proves_nothing() {
        let maps = row(&[("rw-p", 0x2000 + WASM_PAGE), ("---p", (4 << 30) - WASM_PAGE)]);
        assert_eq!(sizes(&maps), [(0x2000, WASM_PAGE, false)]);
        let memories = linear_memories(&maps).memories;
        assert!(memories[0].candidates.iter().all(|c| c.weight.get() == 0), "{memories:?}");
    }

    #[test]
    fn slots_of_a_pool_are_found_where_they_are_in_use() {
        const SLOT: u64 = 0x1_0200_0000;
        // Slots 0, 2 and 3 of ten; the guard before the first, then slot after slot.
        let maps = row(&[
            ("---p", 0x200_0000),
            ("rw-p", 0x1_0000),
            ("---p", 2 * SLOT - 0x1_0000),
            ("rw-p", 0x5_0000),
            ("---p", SLOT - 0x5_0000),
            ("rw-p", 0x2_0000),
            ("---p", 7 * SLOT - 0x2_0000),
        ]);
        let at = |n: u64| 0x200_0000 + n * SLOT;
        assert_eq!(sizes(&maps), [(at(0), 0x1_0000, true), (at(2), 0x5_0000, true), (at(3), 0x2_0000, true)]);
        // Slot 0 unused: the reserved bytes before the first memory are more than its guard.
        let maps = row(&[("---p", 0x200_0000 + SLOT), ("rw-p", 0x1_0000), ("---p", 9 * SLOT - 0x1_0000)]);
        assert_eq!(sizes(&maps), [(at(1), 0x1_0000, true)]);
    }

    #[test]
    fn a_memory_without_pages_and_one_that_is_partly_a_memfd_are_memories() {
        assert_eq!(sizes(&row(&[("---p", 0x1_0400_0000)])), [(0x200_0000, 0, true)]);
        let touched = row(&[("---p", 0x1_0400_0000), ("rw-p", 0x2_1000), ("---p", 0x3fd_f000)]);
        assert_eq!(sizes(&touched), [(0x200_0000, 0, true)]);
        let mut maps =
            row(&[("---p", 0x200_0000), ("rw-p", 0x1_0000), ("rw-p", 0x3_0000), ("---p", 0x1_01fc_0000)]);
        maps.vmas[1].path =
            crate::maps::MapPath::File { path: "/memfd:wasm-memory-image".into(), deleted: true };
        assert_eq!(sizes(&maps), [(0x200_0000, 0x4_0000, true)]);
    }

    #[test]
    fn a_guard_page_of_a_neighbour_does_not_hide_a_memory() {
        let maps =
            row(&[("---p", 0x200_0000), ("rw-p", 0x1_0000), ("---p", 0x1_01ff_1000), ("rw-p", 0x20_0000)]);
        assert_eq!(sizes(&maps), [(0x200_0000, 0x1_0000, true)]);
    }

    #[test]
    fn accessible_memory_below_an_unguarded_memory_is_not_counted_as_its_own() {
        let end = 0x2_0001_0000;
        let maps = row(&[("rw-p", 0x3000 + 0x7_0000), ("---p", end - 0x7_0000)]);
        assert_eq!(sizes(&maps), [(0x3000, 0x7_0000, false)]);
    }

    #[test]
    fn ten_thousand_mappings_take_no_time() {
        let parts: Vec<(&str, u64)> =
            (0..5000).flat_map(|_| [("---p", 0x1000), ("rw-p", 0x20_0000)]).collect();
        let maps = row(&parts);
        let start = std::time::Instant::now();
        assert_eq!(sizes(&maps), []);
        assert!(start.elapsed() < std::time::Duration::from_millis(500), "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn any_row_of_mappings_is_survived(parts in proptest::collection::vec((0usize..4, any::<u64>()), 0..40)) {
            let perms = ["---p", "rw-p", "r--p", "rwxp"];
            let parts: Vec<_> = parts.iter().map(|(p, len)| (perms[*p], (len >> 24).next_multiple_of(4096))).collect();
            for memory in linear_memories(&row(&parts)).memories {
                prop_assert!(!memory.candidates.is_empty());
            }
        }
    }
}
