/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a thread has waited for a CPU. The kernel forgets it when the thread ends (only CPU time and faults are added
 * to its process), so whoever wants a process's whole wait adds this up in sched_process_exit, which fires for each
 * thread, and adds the living ones from the probe `task_usage`.
 */
#ifndef WASMSCOPE_RUN_DELAY_BPF_H
#define WASMSCOPE_RUN_DELAY_BPF_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Does this kernel keep it (CONFIG_SCHED_INFO, which SCHEDSTATS and TASK_DELAY_ACCT select)? */
static __always_inline bool run_delay_kept(void)
{
	return bpf_core_field_exists(((struct task_struct *)0)->sched_info);
}

/* Nanoseconds on a run queue so far, the second number of /proc/PID/task/TID/schedstat; 0 where it is not kept. */
static __always_inline __u64 run_delay_of(struct task_struct *task)
{
	return run_delay_kept() ? BPF_CORE_READ(task, sched_info.run_delay) : 0;
}

#endif
