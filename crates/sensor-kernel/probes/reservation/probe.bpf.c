// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Large address-space reservations. Runtimes reserve gigabytes for each linear memory, so this tells of a new
 * instance in any process, whatever the runtime is called. mmap:vm_unmapped_area fires only inside mmap (and
 * shmat), never on other system calls; it is blind to mappings at an address that the caller chose.
 * Source: mm/mmap.c, tracepoint added in v5.8 (kernel commit df529cabb7a2).
 */
#include "common.bpf.h"

EXPORT_RECORD(reservation_record);

/* The least reservation worth a look; runtimes::layout knows the shapes. Set before load. */
const volatile __u64 least_bytes = 1ULL << 30;

SEC("tp_btf/vm_unmapped_area")
int BPF_PROG(on_reservation, unsigned long address, struct vm_unmapped_area_info *info)
{
	__u64 length = info->length;
	struct reservation_record *record;
	__u32 pid;

	if (length < least_bytes)
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	if (!current_in_scope(pid))
		return 0;
	if (!trace_of_wasm(pid))
		return 0;
	record = reserve(&hint_ring, sizeof(*record), FAMILY_HINT);
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_RESERVATION, (struct task_struct *)bpf_get_current_task_btf());
	record->address = address;
	record->length = length;
	submit(record, FAMILY_HINT);
	return 0;
}
