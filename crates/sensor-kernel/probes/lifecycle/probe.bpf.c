// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes that start, replace their program, fork and end: from the scheduler's tracepoints and kernel
 * objects, so nothing here can be swapped by the observed process, except its arguments.
 */
#include "common.bpf.h"

EXPORT_RECORD(exec_record);
EXPORT_RECORD(fork_record);
EXPORT_RECORD(exit_record);
EXPORT_ENUM(track_flag);
EXPORT_ENUM(family);
EXPORT_ENUM(stage);

static __always_inline void *reserve_lifecycle(__u64 size)
{
	count(FAMILY_LIFECYCLE, STAGE_SEEN);
	return reserve(&lifecycle_ring, size, FAMILY_LIFECYCLE);
}

static __always_inline __u64 changed_ns(struct inode *inode)
{
	struct inode___split_ctime *split = (void *)inode;
	struct inode___hidden_ctime *hidden = (void *)inode;
	struct inode___ctime *old = (void *)inode;

	if (bpf_core_field_exists(split->i_ctime_sec))
		return BPF_CORE_READ(split, i_ctime_sec) * 1000000000ULL + BPF_CORE_READ(split, i_ctime_nsec);
	if (bpf_core_field_exists(hidden->__i_ctime))
		return BPF_CORE_READ(hidden, __i_ctime.tv_sec) * 1000000000ULL +
		       BPF_CORE_READ(hidden, __i_ctime.tv_nsec);
	return BPF_CORE_READ(old, i_ctime.tv_sec) * 1000000000ULL + BPF_CORE_READ(old, i_ctime.tv_nsec);
}

static __always_inline struct file_version version_of(struct inode *inode)
{
	struct file_version version = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.size = BPF_CORE_READ(inode, i_size),
		.changed_ns = changed_ns(inode),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
	};

	return version;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 pid = task->tgid;
	struct exec_record *record;
	struct tracked fresh = {};
	unsigned long start, bytes;
	struct file_version exe;

	if (!current_in_scope(pid))
		return 0;
	exe = version_of(BPF_CORE_READ(task, mm, exe_file, f_inode));
	/* A tracked process that becomes something else is news, whatever it becomes. */
	if (bpf_map_lookup_elem(&bystanders, &exe) && !bpf_map_lookup_elem(&tracked, &pid))
		return 0;
	/* Tracked until user space has looked, so that the end of a short-lived runtime is seen too. */
	if (bpf_map_update_elem(&tracked, &pid, &fresh, BPF_ANY))
		count(FAMILY_LIFECYCLE, STAGE_MAP_FULL);

	record = reserve_lifecycle(sizeof(*record));
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_EXEC, task);
	record->exe = exe;
	record->reserved = 0;

	start = BPF_CORE_READ(task, mm, arg_start);
	bytes = BPF_CORE_READ(task, mm, arg_end) - start;
	if (bytes > ARGS_BYTES)
		bytes = ARGS_BYTES;
	record->args_bytes = bpf_probe_read_user(record->args, bytes, (const void *)start) ? 0 : bytes;
	submit(record, FAMILY_LIFECYCLE);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 parent_pid = parent->tgid, pid = child->tgid, one = 1;
	struct fork_record *record;
	struct tracked *entry;

	if (parent_pid == pid || !current_in_scope(parent_pid))
		return 0; /* a thread, or nobody of ours */
	if (scope == SCOPE_TREE && bpf_map_update_elem(&scope_tree, &pid, &one, BPF_ANY))
		count(FAMILY_LIFECYCLE, STAGE_MAP_FULL);

	/* Only the child of a runtime inherits Wasm; other forks become interesting when they exec. */
	entry = bpf_map_lookup_elem(&tracked, &parent_pid);
	if (!entry || entry->state != TRACK_WORKLOAD)
		return 0;
	track(pid);
	record = reserve_lifecycle(sizeof(*record));
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_FORK, child);
	submit(record, FAMILY_LIFECYCLE);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	__u32 pid = task->tgid;
	struct exit_record *record;
	bool was_tracked;

	/* do_exit() has already counted this thread down: 0 means that it was the last. */
	if (signal->live.counter != 0)
		return 0;
	if (scope == SCOPE_TREE)
		bpf_map_delete_elem(&scope_tree, &pid);
	was_tracked = bpf_map_lookup_elem(&tracked, &pid) != NULL;
	if (!was_tracked)
		return 0;
	bpf_map_delete_elem(&tracked, &pid);

	record = reserve_lifecycle(sizeof(*record));
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_EXIT, task);
	record->wait_status = (signal->flags & SIGNAL_GROUP_EXIT) ? signal->group_exit_code
								   : BPF_CORE_READ(task, group_leader, exit_code);
	record->reserved = 0;
	submit(record, FAMILY_LIFECYCLE);
	return 0;
}
