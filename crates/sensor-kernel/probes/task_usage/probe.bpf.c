// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What processes cost, for those that user space asks for: the numbers of /proc/PID/{stat,status,schedstat} and the
 * count of /proc/PID/fd of all of them, in one pass, without formatting or parsing text.
 *
 * A process is summed up at its leader as the kernel does it (thread_group_cputime in kernel/sched/cputime.c): living
 * threads plus what signal_struct keeps of ended ones, read again if a thread ended meanwhile (stats_lock). The
 * iterator holds the RCU read lock, which keeps threads and their list valid.
 */
#include "run_delay.bpf.h"
#include "records.h"
#include "usage.h"
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

EXPORT_RECORD(usage_record);

#define MOST_WANTED 4096
#define MOST_THREADS (1 << 20)

/* sysctl fs.nr_open: no process has more unless root raised it; more are not counted. */
#define MOST_DESCRIPTORS (1 << 20)
/* 1,024 descriptors at a time: a quarter of the BPF stack. */
#define WORDS 16
#define WORD_BITS 64

/* Set before load. */
const volatile __u32 own_pid = 0;
const volatile __u32 possible_cpus = 1;

/* The processes asked for; nothing is read of others but their ids. The values mean nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_WANTED);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} wanted SEC(".maps");

/* Holds nothing: its elements tell how far the memory of each CPU is from that of the others. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} compass SEC(".maps");

struct walk {
	struct list_head *head, *at;
	struct mm_struct *mm;
	struct files_struct *files;
	struct task_struct *mm_owner, *files_owner;
	__u64 utime, stime, runtime, run_delay, minor_faults, major_faults;
};

static long add_thread(__u32 index, struct walk *walk)
{
	struct task_struct *task;

	if (walk->at == walk->head)
		return 1;
	task = (void *)walk->at - bpf_core_field_offset(struct task_struct, thread_node);
	walk->utime += BPF_CORE_READ(task, utime);
	walk->stime += BPF_CORE_READ(task, stime);
	walk->runtime += BPF_CORE_READ(task, se.sum_exec_runtime);
	walk->run_delay += run_delay_of(task);
	walk->minor_faults += BPF_CORE_READ(task, min_flt);
	walk->major_faults += BPF_CORE_READ(task, maj_flt);
	/* A leader may have ended before the others: then it has no memory and no files any more. */
	if (!walk->mm) {
		walk->mm = BPF_CORE_READ(task, mm);
		walk->mm_owner = task;
	}
	if (!walk->files) {
		walk->files = BPF_CORE_READ(task, files);
		walk->files_owner = task;
	}
	walk->at = BPF_CORE_READ(task, thread_node.next);
	return 0;
}

/* False if a thread ended meanwhile: then it may be missing, or counted twice. */
static __always_inline bool sum_up(struct signal_struct *signal, struct walk *walk)
{
	__u32 before = BPF_CORE_READ(signal, stats_lock.seqcount.seqcount.sequence);
	__u32 threads = signal->nr_threads;

	if (threads > MOST_THREADS)
		threads = MOST_THREADS;
	walk->head = (void *)signal + bpf_core_field_offset(struct signal_struct, thread_head);
	walk->at = BPF_CORE_READ(signal, thread_head.next);
	walk->mm = NULL;
	walk->files = NULL;
	walk->utime = BPF_CORE_READ(signal, utime);
	walk->stime = BPF_CORE_READ(signal, stime);
	walk->runtime = BPF_CORE_READ(signal, sum_sched_runtime);
	walk->minor_faults = BPF_CORE_READ(signal, min_flt);
	walk->major_faults = BPF_CORE_READ(signal, maj_flt);
	walk->run_delay = 0;
	/* Some threads may have started since they were counted. */
	bpf_loop(threads + 64, add_thread, walk, 0);
	return !(before & 1) && before == BPF_CORE_READ(signal, stats_lock.seqcount.seqcount.sequence);
}

/* A pointer's value: the verifier allows no arithmetic with a pointer and a number that it does not know. */
static __always_inline __u64 number(const void *pointer)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &pointer);
	return value;
}

/* How far from a per-CPU pointer the memory of `cpu` is (the kernel's __per_cpu_offset); false where there is none. */
static __always_inline bool cpu_offset(__u32 cpu, __u64 *offset)
{
	__u32 first = 0;
	void *here = bpf_map_lookup_percpu_elem(&compass, &first, cpu);
	struct bpf_array *array = (void *)number(&compass);

	if (!here)
		return false;
	*offset = number(here) - (__u64)BPF_CORE_READ(array, pptrs[0]);
	return true;
}

struct rss {
	__u64 file, anon, shmem;          /* per-CPU pointers to int */
	__s64 file_pages, anon_pages, shmem_pages;
};

static __always_inline __s64 part(__u64 counter, __u64 offset)
{
	int pages = 0;

	bpf_probe_read_kernel(&pages, sizeof(pages), (void *)(counter + offset));
	return pages;
}

static long add_cpu(__u32 cpu, struct rss *rss)
{
	__u64 offset;

	if (!cpu_offset(cpu, &offset))
		return 1;
	rss->file_pages += part(rss->file, offset);
	rss->anon_pages += part(rss->anon, offset);
	rss->shmem_pages += part(rss->shmem, offset);
	return 0;
}

static __always_inline __u64 positive(__s64 pages)
{
	return pages > 0 ? pages : 0;
}

/*
 * Resident pages: to the page, as /proc has it again since 6.16 (kernel commit 82241a83cd15). Without the CPUs' own
 * parts the sum would be wrong by up to 32 pages and more for each CPU, more than a small workload has.
 */
static __always_inline __u64 resident_pages(struct mm_struct *mm)
{
	struct mm_struct___percpu_rss *percpu = (void *)mm;
	struct mm_struct___plain_rss *plain = (void *)mm;
	struct rss rss = {};

	if (bpf_core_type_exists(struct mm_rss_stat)) {
		rss.file_pages = BPF_CORE_READ(plain, rss_stat.count[MM_FILEPAGES].counter);
		rss.anon_pages = BPF_CORE_READ(plain, rss_stat.count[MM_ANONPAGES].counter);
		rss.shmem_pages = BPF_CORE_READ(plain, rss_stat.count[MM_SHMEMPAGES].counter);
	} else {
		rss.file_pages = BPF_CORE_READ(percpu, rss_stat[MM_FILEPAGES].count);
		rss.anon_pages = BPF_CORE_READ(percpu, rss_stat[MM_ANONPAGES].count);
		rss.shmem_pages = BPF_CORE_READ(percpu, rss_stat[MM_SHMEMPAGES].count);
		rss.file = (__u64)BPF_CORE_READ(percpu, rss_stat[MM_FILEPAGES].counters);
		rss.anon = (__u64)BPF_CORE_READ(percpu, rss_stat[MM_ANONPAGES].counters);
		rss.shmem = (__u64)BPF_CORE_READ(percpu, rss_stat[MM_SHMEMPAGES].counters);
		bpf_loop(possible_cpus, add_cpu, &rss, 0);
	}
	return positive(rss.file_pages) + positive(rss.anon_pages) + positive(rss.shmem_pages);
}

struct descriptors {
	unsigned long *bits;
	__u32 words;
	__u32 open;
};

static long add_descriptors(__u32 chunk, struct descriptors *table)
{
	__u64 words[WORDS] = {};
	__u32 first = chunk * WORDS, bytes;

	if (first >= table->words)
		return 1;
	bytes = (table->words - first) * sizeof(words[0]);
	if (bytes > sizeof(words))
		bytes = sizeof(words);
	if (bpf_probe_read_kernel(words, bytes, table->bits + first))
		return 1;
	/* Unrolled it would need more stack than there is. */
#pragma clang loop unroll(disable)
	for (int i = 0; i < WORDS; i++)
		table->open += __builtin_popcountll(words[i]);
	return 0;
}

static __always_inline __u32 open_descriptors(struct files_struct *files)
{
	struct fdtable *fdt = BPF_CORE_READ(files, fdt);
	struct descriptors table = { .bits = BPF_CORE_READ(fdt, open_fds) };
	__u32 slots = BPF_CORE_READ(fdt, max_fds);

	if (slots > MOST_DESCRIPTORS)
		slots = MOST_DESCRIPTORS;
	table.words = slots / WORD_BITS;
	bpf_loop((table.words + WORDS - 1) / WORDS, add_descriptors, &table, 0);
	return table.open;
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct usage_record record = {};
	struct signal_struct *signal;
	struct task_struct *owner;
	struct files_struct *files;
	struct mm_struct *mm;
	struct walk walk = {};
	__u32 pid;

	if (!task || task->pid != task->tgid)
		return 0;
	pid = task->tgid;
	if (pid == own_pid || !bpf_map_lookup_elem(&wanted, &pid))
		return 0;
	signal = task->signal;
	if (!signal)
		return 0;
	/* No loop: the verifier of Linux 6.1 takes a bpf_loop() in one for a way back without end. */
	if (!sum_up(signal, &walk) && !sum_up(signal, &walk) && !sum_up(signal, &walk))
		sum_up(signal, &walk); /* whatever came of it: user space takes no counter back */
	mm = walk.mm;
	files = walk.files;
	if (!mm)
		return 0; /* it has ended */

	record.pid = pid;
	record.threads = signal->nr_threads;
	record.time_ns = bpf_ktime_get_ns();
	record.start_ns = task->start_boottime;
	record.utime_ns = walk.utime;
	record.stime_ns = walk.stime;
	record.runtime_ns = walk.runtime;
	record.run_delay_ns = run_delay_kept() ? walk.run_delay : RUN_DELAY_UNKNOWN;
	record.minor_faults = walk.minor_faults;
	record.major_faults = walk.major_faults;
	record.start_stack = BPF_CORE_READ(mm, start_stack);
	record.resident_pages = resident_pages(mm);
	/* RCU keeps neither memory nor files: what was read is theirs if their owner still has them. */
	owner = walk.mm_owner;
	if (BPF_CORE_READ(owner, mm) != mm)
		return 0;
	if (files) {
		record.open_descriptors = open_descriptors(files);
		owner = walk.files_owner;
		if (BPF_CORE_READ(owner, files) != files)
			record.open_descriptors = 0;
	}
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
