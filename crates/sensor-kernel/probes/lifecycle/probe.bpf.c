// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Processes that start, replace their program, fork and end: from the scheduler's tracepoints and kernel
 * objects, so nothing here can be swapped by the observed process, except its arguments.
 */
#include "common.bpf.h"
#include "run_delay.bpf.h"

EXPORT_RECORD(exec_record);
EXPORT_RECORD(fork_record);
EXPORT_RECORD(exit_record);
EXPORT_RECORD(throttled_record);
EXPORT_RECORD(usage);
EXPORT_RECORD(code);
EXPORT_RECORD(marks);
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

/* What the counters of a new workload start with: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct usage);
} nothing_used SEC(".maps");

/* A slot for `pid` alone: one that its id had and nobody has cleared away yet, else a free one; 0 if there is none. */
static __always_inline __u32 take_slot(__u32 pid)
{
	__u32 old = slot_of(pid), slot = 0;

	if (old && exchange_slot(pid, old, 0))
		return old & ~SLOT_MEASURED;
	return bpf_map_pop_elem(&free_slots, &slot) ? 0 : slot;
}

/* The child of a workload is measured from its first system call, without waiting for user space. */
static __always_inline void measure_child(__u32 parent, __u32 child)
{
	__u32 first = 0, slot;
	struct usage *nothing = bpf_map_lookup_elem(&nothing_used, &first);
	struct code *parents_code = bpf_map_lookup_elem(&code, &parent);

	if (!is_measured(parent) || !nothing)
		return;
	slot = take_slot(child);
	if (!slot) {
		count(FAMILY_LIFECYCLE, STAGE_UNMEASURED);
		return;
	}
	if (parents_code)
		bpf_map_update_elem(&code, &child, parents_code, BPF_ANY);
	bpf_map_update_elem(&usage, &slot, nothing, BPF_ANY);
	bpf_map_update_elem(&owners, &slot, &child, BPF_ANY);
	if (!exchange_slot(child, 0, slot | SLOT_MEASURED)) {
		bpf_map_push_elem(&free_slots, &slot, 0);
		count(FAMILY_LIFECYCLE, STAGE_UNMEASURED);
	}
}

static __always_inline void name_executable(struct exec_record *record, struct file *exe)
{
	struct dentry *dentry = BPF_CORE_READ(exe, f_path.dentry);

	record->exe_nameless = BPF_CORE_READ(dentry, d_parent) == dentry;
	if (bpf_probe_read_kernel_str(record->exe_name, EXE_NAME_BYTES, BPF_CORE_READ(dentry, d_name.name)) < 0)
		record->exe_name[0] = 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	__u32 pid = task->tgid;
	struct exec_record *record;
	struct tracked fresh = {};
	unsigned long start, bytes;
	struct file_version exe;
	struct file *exe_file;

	if (!current_in_scope(pid))
		return 0;
	exe_file = BPF_CORE_READ(task, mm, exe_file);
	exe = version_of(BPF_CORE_READ(exe_file, f_inode));
	/* A tracked process that becomes something else is news, whatever it becomes. */
	if (bpf_map_lookup_elem(&bystanders, &exe) && !bpf_map_lookup_elem(&tracked, &pid))
		return 0;
	/* What was measured stays for user space to read; the new program does not add to it. */
	stop_measuring(pid);
	bpf_map_delete_elem(&code, &pid);
	/* Tracked until user space has looked, so that the end of a short-lived runtime is seen too. */
	if (bpf_map_update_elem(&tracked, &pid, &fresh, BPF_ANY))
		count(FAMILY_LIFECYCLE, STAGE_MAP_FULL);

	record = reserve_lifecycle(sizeof(*record));
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_EXEC, task);
	record->exe = exe;
	name_executable(record, exe_file);

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
	struct tracked *entry, inherited = {};
	struct fork_record *record;

	if (parent_pid == pid || !current_in_scope(parent_pid))
		return 0; /* a thread, or nobody of ours */
	if (scope == SCOPE_TREE && bpf_map_update_elem(&scope_tree, &pid, &one, BPF_ANY))
		count(FAMILY_LIFECYCLE, STAGE_MAP_FULL);

	/* Only the child of a workload inherits Wasm; other forks become interesting when they exec. */
	entry = bpf_map_lookup_elem(&tracked, &parent_pid);
	if (!entry || entry->state != TRACK_WORKLOAD)
		return 0;
	inherited.state = TRACK_WORKLOAD;
	inherited.flags = entry->flags;
	if (bpf_map_update_elem(&tracked, &pid, &inherited, BPF_ANY))
		count(FAMILY_LIFECYCLE, STAGE_MAP_FULL);
	measure_child(parent_pid, pid);
	record = reserve_lifecycle(sizeof(*record));
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_FORK, child);
	submit(record, FAMILY_LIFECYCLE);
	return 0;
}

/*
 * Each thread adds its own account when it ends. The kernel adds it to the process's only later, and the leader's not at
 * all before it is reaped; so the process's account is taken once, before the first thread of those that end now is in it.
 */
static __always_inline void settle(struct usage *used, struct task_struct *task, struct signal_struct *signal)
{
	if (!__sync_val_compare_and_swap(&used->ending, 0, 1)) {
		__sync_fetch_and_add(&used->utime_ns, signal->utime);
		__sync_fetch_and_add(&used->stime_ns, signal->stime);
		__sync_fetch_and_add(&used->runtime_ns, signal->sum_sched_runtime);
		__sync_fetch_and_add(&used->minor_faults, signal->min_flt);
		__sync_fetch_and_add(&used->major_faults, signal->maj_flt);
	}
	__sync_fetch_and_add(&used->utime_ns, task->utime);
	__sync_fetch_and_add(&used->stime_ns, task->stime);
	__sync_fetch_and_add(&used->runtime_ns, task->se.sum_exec_runtime);
	__sync_fetch_and_add(&used->minor_faults, task->min_flt);
	__sync_fetch_and_add(&used->major_faults, task->maj_flt);
	__sync_fetch_and_add(&used->ended_run_delay_ns, run_delay_of(task));
	if (signal->live.counter == 0)
		used->ended = 1;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	__u32 pid = task->tgid;
	struct bucket last[BUCKETS];
	struct exit_record *record;
	struct tracked *entry;
	struct usage *used;

	/* Whether or not it is still measured: another thread may have found already that none is left. */
	used = usage_of(pid);
	if (used)
		settle(used, task, signal);
	/* do_exit() has already counted this thread down: 0 means that it was the last. */
	if (signal->live.counter != 0)
		return 0;
	/* Whoever gets this id next is somebody else. */
	if (is_measured(pid))
		stop_measuring(pid);
	if (scope == SCOPE_TREE)
		bpf_map_delete_elem(&scope_tree, &pid);
	entry = bpf_map_lookup_elem(&tracked, &pid);
	if (!entry)
		return 0;
	/* Two threads may both find that none is left: who removes the entry tells of the end. */
	__builtin_memcpy(last, entry->buckets, sizeof(last));
	if (bpf_map_delete_elem(&tracked, &pid))
		return 0;
	for (int kind = BUCKET_CALL; kind < BUCKETS; kind++) {
		if (last[kind].withheld)
			tell_throttled(&lifecycle_ring, FAMILY_LIFECYCLE, last[kind].since_ns, last[kind].withheld,
				       kind == BUCKET_RARE);
	}
	bpf_map_delete_elem(&code, &pid);

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
