/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the iterator says of one process. Fixed-width integers only, no padding: see bpf/records.h. */
#ifndef WASMSCOPE_USAGE_H
#define WASMSCOPE_USAGE_H

#include <linux/types.h>

/* usage_record.run_delay_ns where the kernel does not keep it. */
#define RUN_DELAY_UNKNOWN (~0ULL)

struct usage_record {
	__u32 pid;
	__u32 threads;
	__u64 time_ns;            /* CLOCK_MONOTONIC */
	__u64 start_ns;           /* task->start_boottime of the thread group leader */
	__u64 start_stack;        /* mm->start_stack */
	__u64 utime_ns;           /* living and ended threads; in ticks' resolution */
	__u64 stime_ns;
	__u64 runtime_ns;         /* living and ended threads; precise */
	__u64 run_delay_ns;       /* living threads only */
	__u64 minor_faults;
	__u64 major_faults;
	__u64 resident_pages;
	__u64 open_descriptors;
};

#endif
