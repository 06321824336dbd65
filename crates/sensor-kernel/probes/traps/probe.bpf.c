// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Signals that faults and aborts raise in workloads. Runtimes turn the faults of guests into traps through such signals:
 * an instruction pointer inside guest code is an ordinary trap, one outside is the runtime's own crash. No other process
 * pays: the tracepoint fires only where a signal is delivered.
 */
#include "stack.bpf.h"
#include "arch.h"

EXPORT_RECORD(signal_record);

/* include/uapi/asm-generic/signal.h */
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGSYS 31
#define TOLD (1U << SIGILL | 1U << SIGTRAP | 1U << SIGABRT | 1U << SIGBUS | 1U << SIGFPE | 1U << SIGSEGV | 1U << SIGSYS)

struct scratch {
	struct signal_record record;
	struct frame_record frames[FRAMES];
	struct stack_scan scan;
};

/* One per processor is enough: see probes/calls. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int signal, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	__u32 pid = task->tgid, first = 0;
	struct pt_regs_of_arch *regs;
	struct signal_record *record;
	struct stack_search search;
	struct scratch *scratch;
	struct tracked *entry;
	struct code *guest;
	__u64 bytes, now;
	__u32 found = 0;

	if (signal > 31 || signal < 0 || !(TOLD & 1U << (signal & 31)) || !is_measured(pid))
		return 0;
	now = bpf_ktime_get_ns();
	entry = bpf_map_lookup_elem(&tracked, &pid);
	scratch = bpf_map_lookup_elem(&scratches, &first);
	if (!scratch || !take_token(entry, BUCKET_CALL, &call_ring, FAMILY_CALL, now))
		return 0;
	record = &scratch->record;
	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, RECORD_SIGNAL, task);
	regs = (void *)bpf_task_pt_regs(task);
	record->instruction_pointer = BPF_CORE_READ(regs, REG_INSTRUCTION);
	record->stack_pointer = BPF_CORE_READ(regs, REG_STACK);
	record->frame_pointer = BPF_CORE_READ(regs, REG_FRAME);
	record->signal = signal;
	record->code = BPF_CORE_READ(info, si_code);
	record->address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	record->handled = BPF_CORE_READ(action, sa.sa_handler) != NULL;

	guest = bpf_map_lookup_elem(&code, &pid);
	if (guest) {
		search.scan = &scratch->scan;
		search.frames = scratch->frames;
		if (record->instruction_pointer - guest->low < guest->high - guest->low)
			follow_frames(&search, guest, record->frame_pointer);
		else
			search_stack(&search, guest, record->stack_pointer);
		found = scratch->scan.found;
		record->frames = found;
		record->stack_flags = scratch->scan.flags;
	}
	bytes = sizeof(*record) + (found & (2 * FRAMES - 1)) * sizeof(struct frame_record);
	if (bytes > sizeof(*record) + sizeof(scratch->frames))
		return 0;
	/* At once: what the fault means is read from memory that will not be there for long. */
	count(FAMILY_CALL, bpf_ringbuf_output(&call_ring, record, bytes, BPF_RB_FORCE_WAKEUP) ? STAGE_RING_FULL
											      : STAGE_SUBMITTED);
	return 0;
}
