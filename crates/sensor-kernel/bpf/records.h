/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every record that crosses from the kernel to user space, defined once: the Rust side gets these structures
 * through the generated skeletons. Fixed-width integers and byte arrays only, no padding, so that any bytes
 * are a valid record and nothing of the kernel's stack leaks.
 */
#ifndef WASMSCOPE_RECORDS_H
#define WASMSCOPE_RECORDS_H

#include <linux/types.h>

#define ARGS_BYTES 1024
/* One path component, cut to this with its NUL; and all of them. */
#define NAME_BYTES 128
#define PATH_BYTES 512
#define PATH_DEPTH 24

/* What a record is; the first member of each. */
enum record_kind {
	RECORD_EXEC = 1,
	RECORD_FORK = 2,
	RECORD_EXIT = 3,
	RECORD_RESERVATION = 4,
	RECORD_MODULE_READ = 5,
	RECORD_MAP_CHANGE = 6,
};

/* Who and when. */
struct record_head {
	enum record_kind kind;
	__u32 pid;            /* process (tgid), initial PID namespace */
	__u32 tid;            /* thread */
	__u32 parent_pid;
	__u64 time_ns;        /* CLOCK_MONOTONIC */
	__u64 start_ns;       /* task->start_boottime of the thread group leader */
	__u64 start_stack;    /* mm->start_stack; 0 where the mm is gone */
};

/* One version of one file: contents that change get another change time, which their owner cannot set back. */
struct file_version {
	__u64 inode;
	__u64 size;
	__u64 changed_ns;     /* ctime */
	__u32 device;         /* kernel encoding: major << 20 | minor */
	__u32 reserved;
};

/* A program was executed; all from kernel objects but `args`. */
struct exec_record {
	struct record_head head;
	struct file_version exe;
	__u32 reserved;
	__u32 args_bytes;     /* bytes used of args; user memory, NUL-separated, not to be trusted */
	__u8 args[ARGS_BYTES];
};

/* A tracked process, or one in the scope tree, forked. `head` is the child. */
struct fork_record {
	struct record_head head;
};

/* The last thread of a process ended. */
struct exit_record {
	struct record_head head;
	__u32 wait_status;    /* encoding of wait(2) */
	__u32 reserved;
};

/* Address space was asked for, in an amount that linear memories are reserved in. */
struct reservation_record {
	struct record_head head;
	__u64 address;
	__u64 length;
};

/* The first page of a file was read whose name, or whose reader, suggests a module. */
struct module_read_record {
	struct record_head head;
	__u64 inode;
	__u64 size;
	__u32 device;
	__u16 path_bytes;     /* bytes used of path */
	__u16 complete;       /* the last component is just below the root of the file system */
	__u8 path[PATH_BYTES + NAME_BYTES]; /* components, leaf first, each NUL-terminated */
};

/* A workload changed the protection of, or mapped, memory; the call succeeded. */
struct map_change_record {
	struct record_head head;
	__u64 address;
	__u64 length;
	__u32 prot;           /* PROT_* */
	__u32 call;           /* system call number */
};

enum vma_what {
	VMA_LARGE = 1,
	VMA_ANON_EXEC = 2,
	VMA_FILE_EXEC = 3,
};

/* One mapping of interest, from the task_vma iterator. */
struct vma_record {
	__u32 pid;
	enum vma_what what;
	__u64 start_ns;
	__u64 start_stack;
	__u64 start;
	__u64 end;
	__u64 inode;
	__u32 device;
	__u32 reserved;
};

/* How much is known of a process in the `tracked` map. */
enum track_state {
	TRACK_NEW = 0,        /* has just executed or left a trace: user space has not looked yet */
	TRACK_HOST = 1,       /* a runtime that runs no module now */
	TRACK_WORKLOAD = 2,   /* runs Wasm */
};

/* Bits of tracked.flags. */
enum track_flag {
	TRACK_READS = 1,      /* report every first-page read: a dedicated runtime executable */
	TRACK_MAPS = 2,       /* report map changes */
};

struct tracked {
	enum track_state state;
	__u32 flags;
	__u64 first_trace_ns; /* first reservation or module read; 0 if none */
	__u64 window_ns;      /* token bucket: start of the current second */
	__u32 window_count;
	__u32 reserved;
};

/* Loss ledger: one row per family, one column per stage. seen = submitted + all losses. */
enum family {
	FAMILY_LIFECYCLE = 0,
	FAMILY_HINT = 1,
	FAMILIES = 2,
};

enum stage {
	STAGE_SEEN = 0,
	STAGE_SUBMITTED = 1,
	STAGE_RING_FULL = 2,
	STAGE_THROTTLED = 3,
	STAGE_MAP_FULL = 4,   /* not part of the sum: the record went out, but its process is not tracked */
	STAGES = 5,
};

/* Makes the skeleton generator emit a type for user space; never written. */
#define EXPORT_RECORD(type) const struct type *type##_exported __attribute__((unused))
#define EXPORT_ENUM(type) const enum type *type##_exported __attribute__((unused))

#endif
