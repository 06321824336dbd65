/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One sample of a running thread. Fixed-width integers only, no padding: see bpf/records.h. */
#ifndef WASMSCOPE_SAMPLE_H
#define WASMSCOPE_SAMPLE_H

#include <linux/types.h>

struct sample_record {
	__u32 pid;
	__u32 tid;
	__u64 time_ns;            /* CLOCK_MONOTONIC */
	__u64 start_ns;           /* task->start_boottime of the thread group leader */
	__u64 start_stack;        /* mm->start_stack */
	__u64 ip;                 /* in user space; where the thread entered the kernel, if it was there */
	__u64 cpu_ns;             /* CPU time that this sample stands for */
	__u32 in_kernel;
	__u32 reserved;
};

#endif
