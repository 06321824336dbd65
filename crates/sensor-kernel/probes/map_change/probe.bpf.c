// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Linear memories that grow and code that appears, in workloads only. At system-call exit: the call has
 * succeeded, and its arguments still stand in the saved registers. Any system-call tracepoint puts every
 * process of the host on the slow path, so user space attaches this one only while a workload exists.
 */
#include "common.bpf.h"

EXPORT_RECORD(map_change_record);

#if !defined(__TARGET_ARCH_x86)
#error "system-call numbers and registers of this architecture are missing"
#endif

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_MREMAP 25
#define NR_PKEY_MPROTECT 329

struct pt_regs___x86 {
	unsigned long dx, si, di, orig_ax;
} __attribute__((preserve_access_index));

#define PROT_WRITE 2
#define PROT_EXEC 4

/* Smaller anonymous mappings are allocator traffic, not memories. */
#define LEAST_MMAP_BYTES 65536

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs___x86 *regs, long result)
{
	struct map_change_record *record;
	struct tracked *entry;
	__u64 call = regs->orig_ax, address, length, prot, now;
	__u32 pid;

	if (call != NR_MPROTECT && call != NR_MMAP && call != NR_MREMAP && call != NR_PKEY_MPROTECT)
		return 0;
	if (result < 0 && result > -4096)
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	entry = bpf_map_lookup_elem(&tracked, &pid);
	if (!entry || !(entry->flags & TRACK_MAPS))
		return 0;
	address = call == NR_MMAP || call == NR_MREMAP ? result : regs->di;
	length = call == NR_MREMAP ? regs->dx : regs->si;
	prot = call == NR_MREMAP ? PROT_WRITE : regs->dx;
	if (!(prot & (PROT_WRITE | PROT_EXEC)))
		return 0;
	if (call == NR_MMAP && !(prot & PROT_EXEC) && length < LEAST_MMAP_BYTES)
		return 0;
	now = bpf_ktime_get_ns();
	if (!hint_allowed(entry, now))
		return 0;
	record = reserve(&hint_ring, sizeof(*record), FAMILY_HINT);
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_MAP_CHANGE, (struct task_struct *)bpf_get_current_task_btf());
	record->address = address;
	record->length = length;
	record->prot = prot;
	record->call = call;
	submit(record, FAMILY_HINT);
	return 0;
}
