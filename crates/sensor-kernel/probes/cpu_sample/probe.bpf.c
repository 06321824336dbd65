// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where workloads spend their CPU time: a sample for each few milliseconds that a thread ran, from a software clock
 * that user space opens on the threads of these processes alone. The clock is inherited by threads that start later,
 * and with it this program (perf_event_alloc in kernel/events/core.c takes over the parent's).
 */
#include "kernel.h"
#include "records.h"
#include "sample.h"
#include <linux/bpf_perf_event.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

EXPORT_RECORD(sample_record);
EXPORT_ENUM(stage);

#if !defined(__TARGET_ARCH_x86)
#error "how to tell user mode from kernel mode on this architecture is missing"
#endif

/* 4,096 samples with their headers: 40 s of one busy CPU at the usual period. */
#define RING_BYTES (256 * 1024)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} sample_ring SEC(".maps");

/* Column as in `enum stage`: seen = submitted + ring_full. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__type(value, __u64);
} sample_ledger SEC(".maps");

struct thread {
	__u64 start_ns;
	__u32 tid;
	__u32 turn;
};

/*
 * Which clock speaks for a thread. A thread that starts while user space lists and opens can come to two: the one it
 * inherits, and one of its own. Each then samples all of its time. User space numbers its clocks in `config1`, which a
 * software clock has no other use for: the turn, one for each time that a process is added, and the clock in it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct thread);
	__type(value, __u32);
} clock_of SEC(".maps");

static __always_inline void count(__u32 stage)
{
	__u64 *n = bpf_map_lookup_elem(&sample_ledger, &stage);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline bool speaks_for(struct task_struct *task, void *ctx)
{
	struct perf_event *event = BPF_CORE_READ((struct bpf_perf_event_data_kern *)ctx, event);
	__u64 number = BPF_CORE_READ(event, attr.config1);
	struct thread thread = { .start_ns = task->start_boottime, .tid = task->pid, .turn = number >> 32 };
	__u32 clock = number;
	__u32 *first = bpf_map_lookup_elem(&clock_of, &thread);

	if (first)
		return *first == clock;
	bpf_map_update_elem(&clock_of, &thread, &clock, BPF_ANY);
	return true;
}

static __always_inline bool user_mode(__u64 code_segment)
{
	return code_segment & 3;
}

SEC("perf_event")
int on_clock(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool in_kernel = !user_mode(ctx->regs.cs);
	struct sample_record *record;
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (!speaks_for(task, ctx))
		return 0;
	count(STAGE_SEEN);
	record = bpf_ringbuf_reserve(&sample_ring, sizeof(*record), 0);
	if (!record) {
		count(STAGE_RING_FULL);
		return 0;
	}
	record->pid = task->tgid;
	record->tid = task->pid;
	record->time_ns = bpf_ktime_get_ns();
	record->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record->start_stack = BPF_CORE_READ(task, mm, start_stack);
	record->ip = ctx->regs.rip;
	if (in_kernel) {
		struct pt_regs *entry = (struct pt_regs *)bpf_task_pt_regs(task);

		record->ip = BPF_PROBE_READ(entry, rip);
	}
	record->cpu_ns = ctx->sample_period;
	record->in_kernel = in_kernel;
	record->reserved = 0;
	/* Nobody is waiting for a single sample: whoever reads comes by on its own, unless there is much. */
	if (bpf_ringbuf_query(&sample_ring, BPF_RB_AVAIL_DATA) > RING_BYTES / 4)
		flags = BPF_RB_FORCE_WAKEUP;
	bpf_ringbuf_submit(record, flags);
	count(STAGE_SUBMITTED);
	return 0;
}
