// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One pass over the memory maps of all processes that already run, without formatting or parsing text and
 * without a word about mappings that cannot matter.
 */
#include "common.bpf.h"

EXPORT_RECORD(vma_record);

const volatile __u64 least_bytes = 1ULL << 30;

SEC("iter/task_vma")
int on_vma(struct bpf_iter__task_vma *ctx)
{
	struct task_struct *task = ctx->task;
	struct vm_area_struct *vma = ctx->vma;
	struct vma_record record = {};
	struct file *file;

	if (!task || !vma || (__u32)task->tgid == own_pid)
		return 0;
	record.start = vma->vm_start;
	record.end = vma->vm_end;
	file = vma->vm_file;
	if (file && (vma->vm_flags & VM_EXEC)) {
		record.what = VMA_FILE_EXEC;
		record.inode = BPF_CORE_READ(file, f_inode, i_ino);
		record.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	} else if (!file && !vma->vm_ops && (vma->vm_flags & VM_EXEC)) {
		record.what = VMA_ANON_EXEC; /* the vdso has vm_ops */
	} else if (record.end - record.start >= least_bytes) {
		record.what = VMA_LARGE;
	} else {
		return 0;
	}
	record.pid = task->tgid;
	record.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record.start_stack = BPF_CORE_READ(task, mm, start_stack);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
