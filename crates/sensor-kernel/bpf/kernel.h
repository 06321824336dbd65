/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few kernel structures that the probes touch, with only the members they touch. CO-RE relocates every
 * access against the running kernel's BTF, so offsets and omitted members do not matter; a member that the
 * running kernel lacks makes the load fail by name, which `doctor` reports.
 */
#ifndef WASMSCOPE_KERNEL_H
#define WASMSCOPE_KERNEL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>

typedef int pid_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
	};
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	long long i_size;
	struct super_block *i_sb;
	struct hlist_head i_dentry;
};

/*
 * Time of the last change of an inode, under its three names: i_ctime until 6.5, __i_ctime from 6.6 (kernel commit
 * 13bc24457850), split into two members from 6.11 (commit 3aa63a569c64).
 */
struct timespec64 {
	long long tv_sec;
	long tv_nsec;
};

struct inode___ctime {
	struct timespec64 i_ctime;
};

struct inode___hidden_ctime {
	struct timespec64 __i_ctime;
};

struct inode___split_ctime {
	long long i_ctime_sec;
	__u32 i_ctime_nsec;
};

struct address_space {
	struct inode *host;
};

struct vfsmount {
	struct dentry *mnt_root;
};

/* fs/mount.h: what a vfsmount is embedded in. */
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	union {
		struct {
			__u32 skc_daddr;
			__u32 skc_rcv_saddr;
		};
	};
	union {
		struct {
			__u16 skc_dport;
			__u16 skc_num;
		};
	};
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct thread_info {
	__u32 status;
};

/* A sum of `count` and of one part per CPU. */
struct percpu_counter {
	long long count;
	int *counters;
};

typedef struct {
	long long counter;
} atomic64_t;

struct mm_struct {
	unsigned long start_stack;
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

/*
 * Resident pages by kind: one count each until 6.1, with what threads have not added yet left out; one percpu_counter
 * each from 6.2 (kernel commit f1a7941243c1).
 */
struct mm_rss_stat {
	atomic64_t count[4];
};

struct mm_struct___plain_rss {
	struct mm_rss_stat rss_stat;
};

struct mm_struct___percpu_rss {
	struct percpu_counter rss_stat[4];
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	const void *vm_ops;
	struct file *vm_file;
};

struct list_head {
	struct list_head *next;
};

typedef struct {
	unsigned int sequence;
} seqcount_t;

typedef struct {
	seqcount_t seqcount;
} seqcount_spinlock_t;

typedef struct {
	seqcount_spinlock_t seqcount;
} seqlock_t;

struct signal_struct {
	atomic_t live;
	int nr_threads;
	struct list_head thread_head;
	int group_exit_code;
	unsigned int flags;
	seqlock_t stats_lock;
	__u64 utime;
	__u64 stime;
	unsigned long min_flt;
	unsigned long maj_flt;
	unsigned long long sum_sched_runtime;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long long run_delay;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	struct thread_info thread_info;
	struct sched_info sched_info;
	pid_t pid;
	pid_t tgid;
	int exit_code;
	__u64 start_boottime;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct pid *thread_pid;
	struct sched_entity se;
	__u64 utime;
	__u64 stime;
	unsigned long min_flt;
	unsigned long maj_flt;
	struct list_head thread_node;
};

/* Where a BPF_MAP_TYPE_PERCPU_ARRAY keeps the per-CPU pointer of each element. */
struct bpf_array {
	void *pptrs[0];
};

struct perf_event_attr {
	union {
		__u64 config1;
	};
};

/* An inherited event has the attributes of the one that it comes from. */
struct perf_event {
	struct perf_event_attr attr;
};

struct bpf_perf_event_data_kern {
	struct perf_event *event;
};

union __sifields {
	struct {
		void *_addr;
	} _sigfault;
};

struct kernel_siginfo {
	struct {
		int si_signo;
		int si_errno;
		int si_code;
		union __sifields _sifields;
	};
};

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct linux_binprm {
	const char *filename;
};

struct vm_unmapped_area_info {
	unsigned long length;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

#pragma clang attribute pop

/* include/linux/sched/signal.h: the whole group exits with signal->group_exit_code. */
#define SIGNAL_GROUP_EXIT 0x00000004

/* include/linux/mm_types_task.h: which of rss_stat; swapped-out pages are not resident. */
#define MM_FILEPAGES 0
#define MM_ANONPAGES 1
#define MM_SHMEMPAGES 3

/* include/linux/mm.h */
#define VM_EXEC 0x00000004UL

/* include/linux/fs.h: the open made the file. */
#define FMODE_CREATED 0x100000

/* include/uapi/linux/stat.h */
#define S_IFMT 00170000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFSOCK 0140000

/* include/linux/socket.h, include/uapi/linux/in.h */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

/* include/uapi/asm-generic/errno.h: errors are the values from -4095 to -1. */
#define MAX_ERRNO 4095
#define EINPROGRESS 115

#endif
