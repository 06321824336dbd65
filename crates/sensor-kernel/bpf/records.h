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
#define EXE_NAME_BYTES 64
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
	RECORD_CALL = 7,
	RECORD_SIGNAL = 8,
	RECORD_THROTTLED = 9,
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
	__u8 exe_name[EXE_NAME_BYTES]; /* last component, NUL-terminated, perhaps cut */
	__u32 exe_nameless;   /* the executable is in no directory: made by memfd_create() */
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

/* Most bytes of one text from user memory (PATH_MAX), of one path from the kernel, of a datagram that may ask for a name. */
#define TEXT_BYTES 4096
#define CALL_PATH_BYTES 2048
#define DATAGRAM_BYTES 512
#define FRAMES 128

/* System calls by number; the last slot counts those beyond, and those of another ABI. */
#define CALLS 512
#define CALL_OTHER 511
/* Errors by number; slot 0 counts those beyond. */
#define ERRNOS 134

/* What to do about a system call, besides counting it. */
enum call_class {
	CALL_COUNTED = 0,     /* nothing */
	CALL_READS = 1,       /* bytes from the descriptor in argument fd[0], to that in fd[1] */
	CALL_WRITES = 2,      /* bytes to the descriptor in argument fd[0], from that in fd[1] */
	CALL_SENDS = 3,       /* bytes to a socket; a datagram's peer */
	CALL_MAPS = 4,        /* memory mapped, or made writable or executable */
	CALL_OPENS = 5,       /* a file, by path */
	CALL_PATHS = 6,       /* something else that is done to one or two paths */
	CALL_CONNECTS = 7,    /* a socket, an address */
	CALL_ACCEPTS = 8,     /* a new socket */
	CALL_SIGNALS = 9,     /* another process: argument `target` */
	CALL_SENSITIVE = 10,  /* its number and arguments say all */
	CALL_READS_AT = 11,   /* bytes from a file, at an offset */
	CALL_WRITES_AT = 12,  /* bytes to a file, at an offset */
};

#define NO_ARGUMENT 0xff

/* Where a call has what: indices of arguments, or NO_ARGUMENT. User space fills a table of these before load. */
struct call_spec {
	__u8 class;           /* enum call_class */
	__u8 rare;            /* has a budget of its own, which a flood of others cannot use up */
	__u8 failures_only;   /* success is told by other records */
	__u8 target;
	__u8 fd[2];           /* descriptors: of data, or of the directories that texts are relative to */
	__u8 text[2];         /* pointers to NUL-terminated texts */
};

enum path_flag {
	PATH_COMPLETE = 1,    /* up to the root of the process, or of all file systems */
	PATH_BENEATH = 2,     /* the directory that the call was relative to, or below it */
	PATH_NAMELESS = 4,    /* the one component is no path: in no directory */
};

enum call_flag {
	CALL_COMPAT = 1,      /* of another ABI: number and arguments mean something else */
	CALL_CREATED = 2,     /* the open made the file */
	CALL_PEER_USER = 4,   /* `peer` was read from user memory */
	CALL_HOW = 8,         /* `how` was read (openat2), from user memory */
	CALL_KILLED = 32,     /* the probe sent SIGKILL, as it was told to */
	CALL_STOPPED = 64,    /* the same with SIGSTOP */
	CALL_NOT_SIGNALLED = 128, /* and the kernel did not take it */
	CALL_RESOLVED = 16,   /* path 0 is of the file itself; otherwise of the directory that text 0 is relative to */
};

enum stack_flag {
	STACK_ASKED = 1,      /* the process has guest code at known places */
	STACK_FAULT = 2,      /* user memory ended, or was not there */
	STACK_FULL = 4,       /* more candidates than there is room for */
	STACK_WINDOW = 8,     /* as much was looked at as ever is */
};

struct socket_address {
	__u16 family;
	__u16 port;           /* host order */
	__u8 ip[16];
};

/* Two neighbouring words of a stack; the upper one lies in guest code. A frame's record, if the lower one is a frame pointer. */
struct frame_record {
	__u64 at;
	__u64 frame_pointer;
	__u64 return_address;
};

/* A system call of a workload has returned. Behind it: text 0, text 1, path 0, path 1, frames. */
struct call_record {
	struct record_head head;
	__u64 args[6];
	__s64 result;
	__u64 how[3];         /* struct open_how: flags, mode, resolve */
	__u64 fs_magic;       /* of the file system of path 0 */
	__u64 stack_pointer;
	struct socket_address local;
	struct socket_address peer;
	__u32 call;           /* number */
	__u32 flags;          /* enum call_flag */
	__u16 protocol;       /* IPPROTO_* */
	__u16 frames;
	__u16 stack_flags;    /* enum stack_flag */
	__u16 path_flags[2];  /* enum path_flag */
	__u16 text_bytes[2];  /* with the NUL; 0 where it could not be read */
	__u16 path_bytes[2];
	__u16 reserved[3];
};

/* A signal is delivered that a fault or an abort raises. Behind it: frames, by the frame pointer. */
struct signal_record {
	struct record_head head;
	__u64 address;        /* si_addr: the faulting one */
	__u64 instruction_pointer;
	__u64 stack_pointer;
	__u64 frame_pointer;
	__s32 signal;
	__s32 code;           /* si_code: above 0 the kernel raised it */
	__u32 handled;        /* the process has a handler for it */
	__u16 frames;
	__u16 stack_flags;    /* enum stack_flag */
};

/* Records of a process were withheld. */
struct throttled_record {
	struct record_head head;
	__u64 since_ns;       /* start of the second */
	__u64 withheld;       /* how many; 0: the first one, this second is not over */
	__u32 rare;           /* of the budget for rare calls */
	__u32 reserved;
};

/* Where a workload has guest code. `low` and `high` enclose all of it, and perhaps other things between. */
struct code {
	__u64 low;
	__u64 high;
};

enum io_kind {
	IO_FILE = 0,
	IO_NETWORK = 1,
	IO_STREAM = 2,        /* pipes, terminals, local sockets, other devices */
	IO_KINDS = 3,
};

struct io {
	__u64 operations;
	__u64 bytes;
};

/* What a workload has done since it is known. */
struct usage {
	__u64 calls[CALLS];
	__u64 errors[ERRNOS];
	struct io reads[IO_KINDS];
	struct io writes[IO_KINDS];
	/* Calls at an offset: only files have those. Operations are the calls without these failures. */
	__u64 bytes_at_offset[2];    /* read, written */
	__u64 failures_at_offset[2];
	__u64 ended_run_delay_ns; /* of threads that have ended: nothing else remembers it */
	/* Of the whole process, complete once its last thread has ended. */
	__u64 ending;         /* the first thread ends */
	__u64 ended;          /* the last one has */
	__u64 utime_ns;
	__u64 stime_ns;
	__u64 runtime_ns;
	__u64 minor_faults;
	__u64 major_faults;
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

/* Tokens used in a second. */
struct bucket {
	__u64 since_ns;       /* start of that second */
	__u32 used;
	__u32 withheld;       /* asked for beyond the limit */
};

enum bucket_kind {
	BUCKET_HINT = 0,
	BUCKET_CALL = 1,
	BUCKET_RARE = 2,
	BUCKETS = 3,
};

struct tracked {
	enum track_state state;
	__u32 flags;          /* enum track_flag */
	__u64 first_trace_ns; /* first reservation or module read; 0 if none */
	struct bucket buckets[BUCKETS];
};

/* Loss ledger: one row per family, one column per stage. seen = submitted + all losses. */
enum family {
	FAMILY_LIFECYCLE = 0,
	FAMILY_HINT = 1,
	FAMILY_CALL = 2,
	FAMILIES = 3,
};

enum stage {
	STAGE_SEEN = 0,
	STAGE_SUBMITTED = 1,
	STAGE_RING_FULL = 2,
	STAGE_THROTTLED = 3,
	STAGE_MAP_FULL = 4,   /* not part of the sum: the record went out, but its process is not tracked */
	STAGE_UNMEASURED = 5, /* not part of the sum: a workload for whose counters there was no room */
	STAGES = 6,
};

/* Makes the skeleton generator emit a type for user space; never written. */
#define EXPORT_RECORD(type) const struct type *type##_exported __attribute__((unused))
#define EXPORT_ENUM(type) const enum type *type##_exported __attribute__((unused))

#endif
