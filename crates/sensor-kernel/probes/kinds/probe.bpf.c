// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One empty program of each kind that wasmscope uses or could use, for `doctor` to try one at a time. They are
 * loaded and, where that harms nobody, attached for an instant; they do nothing.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sched_process_exit")
int BPF_PROG(kind_tp_btf)
{
	return 0;
}

SEC("raw_tp/sched_process_exit")
int kind_raw_tp(void *ctx)
{
	return 0;
}

SEC("tp/sched/sched_process_exit")
int kind_tracepoint(void *ctx)
{
	return 0;
}

SEC("perf_event")
int kind_perf_event(void *ctx)
{
	return 0;
}

SEC("uprobe")
int kind_uprobe(void *ctx)
{
	return 0;
}

SEC("iter/task")
int kind_iter_task(void *ctx)
{
	return 0;
}

SEC("iter/task_vma")
int kind_iter_task_vma(void *ctx)
{
	return 0;
}

SEC("iter/task_file")
int kind_iter_task_file(void *ctx)
{
	return 0;
}

SEC("iter/tcp")
int kind_iter_tcp(void *ctx)
{
	return 0;
}

SEC("fentry/security_file_open")
int BPF_PROG(kind_fentry)
{
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(kind_lsm)
{
	return 0;
}

SEC("kprobe/security_file_open")
int kind_kprobe(void *ctx)
{
	return 0;
}
