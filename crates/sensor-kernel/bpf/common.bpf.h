/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps and helpers that all probes share. Each probe is an object of its own, so that one refused by the
 * kernel costs only itself; the loader makes them share the maps of the first.
 */
#ifndef WASMSCOPE_COMMON_BPF_H
#define WASMSCOPE_COMMON_BPF_H

#include "kernel.h"
#include "records.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum scope_mode {
	SCOPE_HOST = 0,
	SCOPE_TREE = 1,
	SCOPE_CGROUP = 2,
};

/* Set before load. */
const volatile __u32 own_pid = 0;
const volatile __u32 scope = SCOPE_HOST;
const volatile __u64 scope_cgroup_id = 0;
const volatile __u32 scope_cgroup_level = 0;
/* Records per process and second, by enum bucket_kind. */
const volatile __u32 tokens_per_second[BUCKETS] = { 64, 1000, 100 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} lifecycle_ring SEC(".maps");

/* A ring of its own: a process that floods hints must not displace starts and exits. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} hint_ring SEC(".maps");

/* Calls and signals of workloads, the most by far. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} call_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct tracked);
} tracked SEC(".maps");

/*
 * For each process id 16 bits: the slot of its counters, and whether it is measured at present. Every system call of the
 * host asks this while there is a workload, and those of workloads count there: both are array lookups, which the kernel
 * inlines (a hash lookup costs 50 ns here). PID_MAX_LIMIT is 4 Mi.
 */
#define SLOT_WORDS (4 * 1024 * 1024 / 2)
#define SLOT_MEASURED 0x8000
struct slots {
	__u32 words[SLOT_WORDS];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct slots);
} slots SEC(".maps");

/* What each workload has done, by slot; slot 0 is nobody's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4097);
	__type(key, __u32);
	__type(value, struct usage);
} usage SEC(".maps");

/* Slots that nobody has. The one that was free for the longest is taken first: a late count spoils nobody's. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 4096);
	__type(value, __u32);
} free_slots SEC(".maps");

/* The process id that has a slot; 0 for none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4097);
	__type(key, __u32);
	__type(value, __u32);
} owners SEC(".maps");

/* Where each workload has guest code, if that is known. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct code);
} code SEC(".maps");

/* Members of the process tree in scope. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} scope_tree SEC(".maps");

/* Executables in which user space found no runtime: their execs are not worth a record. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct file_version);
	__type(value, __u32);
} bystanders SEC(".maps");

/* Not 0 once any process was tracked with TRACK_READS: spares a look into `tracked` at each read on other hosts. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} readers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FAMILIES * STAGES);
	__type(key, __u32);
	__type(value, __u64);
} ledger SEC(".maps");

static __always_inline void count(enum family family, enum stage stage)
{
	__u32 slot = family * STAGES + stage;
	__u64 *n = bpf_map_lookup_elem(&ledger, &slot);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* Is the current process one we were asked to look at? Never our own. */
static __always_inline bool current_in_scope(__u32 pid)
{
	if (pid == own_pid)
		return false;
	if (scope == SCOPE_TREE)
		return bpf_map_lookup_elem(&scope_tree, &pid) != NULL;
	if (scope == SCOPE_CGROUP)
		return bpf_get_current_ancestor_cgroup_id(scope_cgroup_level) == scope_cgroup_id;
	return true;
}

static __always_inline void fill_head(struct record_head *head, enum record_kind kind, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	head->kind = kind;
	head->pid = BPF_CORE_READ(task, tgid);
	head->tid = BPF_CORE_READ(task, pid);
	head->parent_pid = BPF_CORE_READ(leader, real_parent, tgid);
	head->time_ns = bpf_ktime_get_ns();
	head->start_ns = BPF_CORE_READ(leader, start_boottime);
	head->start_stack = BPF_CORE_READ(task, mm, start_stack);
}

/* The entry of `pid`, made if there is none; NULL (counted) where the map is full. */
static __always_inline struct tracked *track(__u32 pid)
{
	struct tracked *entry = bpf_map_lookup_elem(&tracked, &pid);
	struct tracked fresh = {};

	if (entry)
		return entry;
	if (bpf_map_update_elem(&tracked, &pid, &fresh, BPF_NOEXIST))
		count(FAMILY_LIFECYCLE, STAGE_MAP_FULL);
	return bpf_map_lookup_elem(&tracked, &pid);
}

static __always_inline __u32 *slot_word(__u32 pid)
{
	__u32 first = 0;
	struct slots *all = bpf_map_lookup_elem(&slots, &first);

	return all ? &all->words[pid / 2 % SLOT_WORDS] : NULL;
}

/* The slot of `pid`, with SLOT_MEASURED while it is; 0 for none. */
static __always_inline __u32 slot_of(__u32 pid)
{
	__u32 *word = slot_word(pid);

	return word ? *word >> pid % 2 * 16 & 0xffff : 0;
}

static __always_inline bool is_measured(__u32 pid)
{
	return slot_of(pid) & SLOT_MEASURED;
}

static __always_inline void stop_measuring(__u32 pid)
{
	__u32 *word = slot_word(pid);

	if (word)
		__sync_fetch_and_and(word, ~((__u32)SLOT_MEASURED << pid % 2 * 16));
}

/* The neighbour's half may change meanwhile, but hardly eight times. */
static __always_inline bool exchange_slot(__u32 pid, __u32 from, __u32 to)
{
	__u32 *word = slot_word(pid), shift = pid % 2 * 16;

	for (int i = 0; word && i < 8; i++) {
		__u32 old = *word;

		if ((old >> shift & 0xffff) != from)
			return false;
		if (__sync_val_compare_and_swap(word, old, (old & ~(0xffffU << shift)) | to << shift) == old)
			return true;
	}
	return false;
}

/* What `pid` has done, measured at present or not; NULL where nobody counted. */
static __always_inline struct usage *usage_of(__u32 pid)
{
	__u32 slot = slot_of(pid) & ~SLOT_MEASURED;

	return slot ? bpf_map_lookup_elem(&usage, &slot) : NULL;
}

/*
 * Room for a record, or NULL (counted). Callers leave at once on NULL, so that the compiler makes one test of both:
 * the verifier of Linux 6.1 forgets that ring memory which was found not to be NULL cannot be NULL at a second test,
 * and takes the path that is never taken for a leak. Hence also a submit() that counts on its own.
 */
static __always_inline void *reserve(void *ring, __u64 size, enum family family)
{
	void *record = bpf_ringbuf_reserve(ring, size, 0);

	if (!record)
		count(family, STAGE_RING_FULL);
	return record;
}

static __always_inline void submit(void *record, enum family family)
{
	bpf_ringbuf_submit(record, 0);
	count(family, STAGE_SUBMITTED);
}

/* Says how many records of the current process were withheld; false where even that could not be said. */
static __always_inline bool tell_throttled(void *ring, enum family family, __u64 since, __u64 withheld, __u32 rare)
{
	struct throttled_record *record;

	count(family, STAGE_SEEN);
	record = reserve(ring, sizeof(*record), family);
	if (!record)
		return false;
	fill_head(&record->head, RECORD_THROTTLED, (struct task_struct *)bpf_get_current_task_btf());
	record->since_ns = since;
	record->withheld = withheld;
	record->rare = rare;
	record->reserved = 0;
	submit(record, family);
	return true;
}

/*
 * One token of the process's bucket: so many in each second that starts with the first. Racing threads may take a few
 * more; the bound stays of that order. What is withheld is told: that it begins, and how much it was. Not of hints, which
 * are no acts of the workload: the ledger has these.
 */
static __always_inline bool take_token(struct tracked *entry, enum bucket_kind kind, void *ring, enum family family,
				       __u64 now)
{
	struct bucket *bucket;
	__u32 withheld;

	count(family, STAGE_SEEN);
	if (!entry)
		return true;
	bucket = &entry->buckets[kind];
	if (now - bucket->since_ns >= 1000000000ULL) {
		__u64 since = bucket->since_ns;

		bucket->since_ns = now;
		bucket->used = 0;
		withheld = __sync_lock_test_and_set(&bucket->withheld, 0);
		if (withheld && kind != BUCKET_HINT &&
		    !tell_throttled(ring, family, since, withheld, kind == BUCKET_RARE))
			__sync_fetch_and_add(&bucket->withheld, withheld);
	}
	if (__sync_fetch_and_add(&bucket->used, 1) < tokens_per_second[kind])
		return true;
	count(family, STAGE_THROTTLED);
	if (__sync_fetch_and_add(&bucket->withheld, 1) == 0 && kind != BUCKET_HINT)
		tell_throttled(ring, family, bucket->since_ns, 0, kind == BUCKET_RARE);
	return false;
}

/* A sign of Wasm in `pid`: tracked from now on; false (counted) where it has used up its hints. */
static __always_inline bool trace_of_wasm(__u32 pid)
{
	__u64 now = bpf_ktime_get_ns();
	struct tracked *entry = track(pid);

	if (entry && !entry->first_trace_ns)
		entry->first_trace_ns = now;
	return take_token(entry, BUCKET_HINT, &hint_ring, FAMILY_HINT, now);
}

#endif
