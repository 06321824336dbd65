// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * System calls of workloads: all are counted, few are told. At exit: the result is known, the kernel's objects that it made
 * can be read, and the arguments still stand in the saved registers. Any system-call tracepoint puts every process of the
 * host on the slow path, so there is one program for all, attached only while a workload exists.
 */
#include "path.bpf.h"
#include "socket.bpf.h"
#include "stack.bpf.h"
#include "arch.h"

EXPORT_RECORD(map_change_record);
EXPORT_RECORD(call_record);
EXPORT_RECORD(frame_record);
EXPORT_ENUM(call_class);
EXPORT_ENUM(call_flag);
EXPORT_ENUM(path_flag);
EXPORT_ENUM(stack_flag);
EXPORT_ENUM(io_kind);

/* By number; filled by user space before load, which knows the numbers of this architecture. */
const volatile struct call_spec specs[CALLS] = {};
const volatile bool stacks = true;
/* By number: SIGKILL or SIGSTOP for the process that made this call, or 0. */
const volatile __u8 signals[CALLS] = {};

#define SIGKILL 9

#define PROT_WRITE 2
#define PROT_EXEC 4

/* Smaller anonymous mappings are allocator traffic, not memories. */
#define LEAST_MMAP_BYTES 65536

/* Where the parts behind a record may start: their sum is less. */
#define DATA_BYTES 16384
#define DATA_MASK (DATA_BYTES - 1)

/* Records differ much in length, and the ring wants to know one beforehand. */
struct scratch {
	struct call_record record;
	__u8 data[DATA_BYTES + TEXT_BYTES + FRAMES * sizeof(struct frame_record)];
	struct stack_scan scan;
};

/*
 * One per processor is enough: the kernel runs no program while the same one is running on that processor
 * (bpf_trace_run counts these as missed, and Sensor::missed() tells them).
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Peers that a process has sent datagrams to: told once. */
struct peer_key {
	__u32 pid;
	struct socket_address peer;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct peer_key);
	__type(value, __u8);
} known_peers SEC(".maps");

/* When the reader of the ring was last woken. */
__u64 woken_ns = 0;

/* The reader stays awake for some time after each waking (src/rings.rs), so that not every record has to wake it. */
#define WAKE_EVERY_NS 2000000ULL

static __always_inline __u64 argument(struct pt_regs_of_arch *regs, __u32 index)
{
	switch (index) {
	case 0: return CALL_ARG0(regs);
	case 1: return CALL_ARG1(regs);
	case 2: return CALL_ARG2(regs);
	case 3: return CALL_ARG3(regs);
	case 4: return CALL_ARG4(regs);
	default: return CALL_ARG5(regs);
	}
}

static __always_inline bool failed(long result)
{
	return result < 0 && result >= -MAX_ERRNO;
}

static __always_inline enum io_kind kind_of(__u32 fd)
{
	struct file *file = file_of((struct task_struct *)bpf_get_current_task_btf(), fd);
	struct sock *sk;
	__u32 type;

	if (!file)
		return IO_STREAM;
	type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type == S_IFREG || type == S_IFBLK || type == S_IFDIR)
		return IO_FILE;
	if (type != S_IFSOCK)
		return IO_STREAM;
	sk = sock_in(file);
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX ? IO_STREAM : IO_NETWORK;
}

static __always_inline void add_io(struct io *io, long bytes)
{
	__sync_fetch_and_add(&io->operations, 1);
	__sync_fetch_and_add(&io->bytes, bytes);
}

static __noinline int count_io(struct usage *used, struct pt_regs_of_arch *regs, __u32 call, long result)
{
	const volatile struct call_spec *spec = &specs[call & (CALLS - 1)];
	bool writes = spec->class != CALL_READS;
	enum io_kind kind = kind_of(argument(regs, spec->fd[0]));

	if (kind >= IO_KINDS)
		return 0;
	add_io(writes ? &used->writes[kind] : &used->reads[kind], result);
	if (spec->fd[1] == NO_ARGUMENT)
		return 0;
	kind = kind_of(argument(regs, spec->fd[1]));
	if (kind < IO_KINDS)
		add_io(writes ? &used->reads[kind] : &used->writes[kind], result);
	return 0;
}

static __always_inline __u32 add_text(struct scratch *scratch, __u32 at, __u64 user)
{
	long bytes = bpf_probe_read_user_str(scratch->data + (at & DATA_MASK), TEXT_BYTES, (const void *)user);

	return bytes > 0 ? bytes : 0;
}

/* The directory that a relative text of the call starts from. */
static __always_inline bool directory_of(struct task_struct *task, long fd, struct path **path)
{
	struct file *file;

	if ((int)fd == -100 /* AT_FDCWD */) {
		*path = &BPF_CORE_READ(task, fs)->pwd;
		return true;
	}
	file = file_of(task, fd);
	*path = (void *)file + bpf_core_field_offset(struct file, f_path);
	return file != NULL;
}

/*
 * Functions that are not static are verified once, by themselves, and not again for each way that leads to them: the kernel
 * looks at a million instructions at most.
 */
__noinline int add_directory(struct scratch *scratch, __u32 at, long fd, __u32 which)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct path_walk walk = {};
	struct path *path;
	__u32 bytes;

	if (!scratch || !directory_of(task, fd, &path))
		return 0;
	bytes = read_path(&walk, path, scratch->data + (at & DATA_MASK));
	scratch->record.path_bytes[which & 1] = bytes;
	scratch->record.path_flags[which & 1] = walk.flags;
	return bytes;
}

/* The file that was opened, and whether it is below the directory that the call was relative to. */
__noinline int add_opened(struct scratch *scratch, __u32 at, __u32 fd, long directory_fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct file *file = file_of(task, fd);
	struct call_record *record = &scratch->record;
	struct path_walk walk = {};
	struct path *directory;

	if (!scratch || !file)
		return 0;
	if (directory_of(task, directory_fd, &directory))
		walk.directory = BPF_CORE_READ(directory, dentry);
	record->path_bytes[0] = read_path(&walk, (void *)file + bpf_core_field_offset(struct file, f_path),
					  scratch->data + (at & DATA_MASK));
	record->path_flags[0] = walk.flags;
	record->fs_magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);
	record->flags |= CALL_RESOLVED;
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		record->flags |= CALL_CREATED;
	return record->path_bytes[0];
}

__noinline int add_frames(struct scratch *scratch, __u32 at, __u64 stack_pointer)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct code *guest = bpf_map_lookup_elem(&code, &pid);
	struct stack_search search;
	__u32 found;

	if (!scratch || !guest || !stacks)
		return 0;
	search.scan = &scratch->scan;
	search.frames = (void *)scratch->data + (at & DATA_MASK);
	search_stack(&search, guest, stack_pointer);
	found = scratch->scan.found;
	if (found > FRAMES)
		return 0;
	scratch->record.frames = found;
	scratch->record.stack_flags = scratch->scan.flags;
	return found * sizeof(struct frame_record);
}

static __always_inline void fill_call(struct scratch *scratch, struct pt_regs_of_arch *regs, __u32 call, long result)
{
	struct call_record *record = &scratch->record;

	__builtin_memset(record, 0, sizeof(*record));
	fill_head(&record->head, RECORD_CALL, (struct task_struct *)bpf_get_current_task_btf());
	record->args[0] = CALL_ARG0(regs);
	record->args[1] = CALL_ARG1(regs);
	record->args[2] = CALL_ARG2(regs);
	record->args[3] = CALL_ARG3(regs);
	record->args[4] = CALL_ARG4(regs);
	record->args[5] = CALL_ARG5(regs);
	record->result = result;
	record->call = call;
	record->stack_pointer = STACK_POINTER(regs);
}

/* Passes the record on with `used` bytes behind it. */
static __always_inline void tell(struct scratch *scratch, __u32 used, __u64 now)
{
	__u64 bytes = sizeof(struct call_record) + (used & (2 * DATA_BYTES - 1));
	__u64 wake = BPF_RB_NO_WAKEUP;

	if (bytes > sizeof(scratch->record) + sizeof(scratch->data))
		return;
	if (now - woken_ns >= WAKE_EVERY_NS) {
		woken_ns = now;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	count(FAMILY_CALL, bpf_ringbuf_output(&call_ring, &scratch->record, bytes, wake) ? STAGE_RING_FULL
											   : STAGE_SUBMITTED);
}

static __noinline __u32 add_paths(struct scratch *scratch, struct pt_regs_of_arch *regs, __u32 call, long result)
{
	const volatile struct call_spec *spec = &specs[call & (CALLS - 1)];
	struct call_record *record = &scratch->record;
	long directory = -100;
	__u32 at = 0;

	if (spec->text[0] != NO_ARGUMENT)
		at += record->text_bytes[0] = add_text(scratch, 0, argument(regs, spec->text[0]));
	if (spec->text[1] != NO_ARGUMENT)
		at += record->text_bytes[1] = add_text(scratch, at, argument(regs, spec->text[1]));
	if (spec->fd[0] != NO_ARGUMENT)
		directory = argument(regs, spec->fd[0]);
	if (spec->class == CALL_OPENS && result >= 0)
		at += add_opened(scratch, at, result, directory) & (CALL_PATH_BYTES - 1);
	else
		at += add_directory(scratch, at, directory, 0) & (CALL_PATH_BYTES - 1);
	if (spec->text[1] != NO_ARGUMENT) {
		directory = spec->fd[1] == NO_ARGUMENT ? -100 : argument(regs, spec->fd[1]);
		at += add_directory(scratch, at, directory, 1) & (CALL_PATH_BYTES - 1);
	}
	/* openat2: `target` is the argument that points to struct open_how. */
	if (spec->class == CALL_OPENS && spec->target != NO_ARGUMENT &&
	    !bpf_probe_read_user(record->how, sizeof(record->how), (const void *)argument(regs, spec->target)))
		record->flags |= CALL_HOW;
	return at;
}

static __noinline int add_socket(struct scratch *scratch, struct pt_regs_of_arch *regs, __u32 call, long result)
{
	const volatile struct call_spec *spec = &specs[call & (CALLS - 1)];
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct call_record *record = &scratch->record;
	struct sock *sk = sock_of(task, spec->class == CALL_ACCEPTS ? result : CALL_ARG0(regs));

	if (sk) {
		record->protocol = BPF_CORE_READ(sk, sk_protocol);
		local_of(&record->local, sk);
		peer_of(&record->peer, sk);
	}
	/* An address that was refused is nowhere but in user memory, and that of a local socket is a text. */
	if (spec->text[0] != NO_ARGUMENT &&
	    (!sk || (failed(result) && result != -EINPROGRESS) || record->local.family == AF_UNIX)) {
		__builtin_memset(&record->peer, 0, sizeof(record->peer));
		address_in(&record->peer, (const void *)argument(regs, spec->text[0]));
		record->flags |= CALL_PEER_USER;
		if (record->peer.family == AF_UNIX)
			record->text_bytes[0] = add_text(scratch, 0, argument(regs, spec->text[0]) + 2);
	}
	return record->text_bytes[0];
}

/* The call has happened, but its process runs no instruction after it. Before any budget: nobody escapes this by noise. */
static __always_inline __u32 answer(__u32 call)
{
	__u8 signal = signals[call & (CALLS - 1)];
	__u32 flags;

	if (!signal)
		return 0;
	flags = signal == SIGKILL ? CALL_KILLED : CALL_STOPPED;
	return bpf_send_signal(signal) ? flags | CALL_NOT_SIGNALLED : flags;
}

static __noinline int report(struct pt_regs_of_arch *regs, __u32 call, long result, __u32 flags)
{
	const volatile struct call_spec *spec = &specs[call & (CALLS - 1)];
	__u32 first = 0, pid = bpf_get_current_pid_tgid() >> 32, at = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &first);
	struct tracked *entry = bpf_map_lookup_elem(&tracked, &pid);
	__u64 now = bpf_ktime_get_ns();

	flags |= answer(call);
	if (!scratch || !take_token(entry, spec->rare ? BUCKET_RARE : BUCKET_CALL, &call_ring, FAMILY_CALL, now))
		return 0;
	fill_call(scratch, regs, call, result);
	scratch->record.flags = flags;
	if (flags & CALL_COMPAT) {
		scratch->record.call = CALL_NUMBER(regs);
	} else {
		if (spec->class == CALL_OPENS || spec->class == CALL_PATHS)
			at = add_paths(scratch, regs, call, result);
		else if (spec->class == CALL_CONNECTS || spec->class == CALL_ACCEPTS)
			at = add_socket(scratch, regs, call, result);
	}
	at += add_frames(scratch, at, STACK_POINTER(regs));
	tell(scratch, at, now);
	return 0;
}

/* struct user_msghdr, struct mmsghdr: the same start */
struct user_message {
	__u64 name;
	__u32 name_bytes;
	__u32 reserved;
	__u64 parts;
	__u64 parts_count;
};

struct user_part {
	__u64 base;
	__u64 bytes;
};

/* A datagram to a peer that is new to the process, or a question to a name server. */
static __noinline int report_datagram(struct pt_regs_of_arch *regs, __u32 call, long result)
{
	const volatile struct call_spec *spec = &specs[call & (CALLS - 1)];
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	__u32 first = 0, pid = task->tgid, at = 0;
	struct sock *sk = sock_of(task, CALL_ARG0(regs));
	struct user_part part = { .base = CALL_ARG1(regs), .bytes = CALL_ARG2(regs) };
	struct peer_key key = { .pid = pid };
	struct user_message message = {};
	struct scratch *scratch;
	struct tracked *entry;
	__u64 name, now;
	__u8 one = 1;

	if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP)
		return 0;
	if (spec->target == NO_ARGUMENT) {
		/* sendmsg, sendmmsg: the first message stands for all. */
		if (bpf_probe_read_user(&message, sizeof(message), (const void *)CALL_ARG1(regs)) ||
		    bpf_probe_read_user(&part, sizeof(part), (const void *)message.parts))
			return 0;
		name = message.name;
	} else {
		name = argument(regs, spec->target);
	}
	if (name)
		address_in(&key.peer, (const void *)name);
	else
		peer_of(&key.peer, sk);
	if (key.peer.port != 53 && bpf_map_lookup_elem(&known_peers, &key))
		return 0;

	now = bpf_ktime_get_ns();
	entry = bpf_map_lookup_elem(&tracked, &pid);
	scratch = bpf_map_lookup_elem(&scratches, &first);
	if (!scratch || !take_token(entry, BUCKET_CALL, &call_ring, FAMILY_CALL, now))
		return 0;
	/* One that was withheld is still new. */
	if (key.peer.port != 53)
		bpf_map_update_elem(&known_peers, &key, &one, BPF_ANY);
	fill_call(scratch, regs, call, result);
	scratch->record.protocol = IPPROTO_UDP;
	scratch->record.flags = name ? CALL_PEER_USER : 0;
	local_of(&scratch->record.local, sk);
	scratch->record.peer = key.peer;
	if (key.peer.port == 53 && part.bytes) {
		at = part.bytes < DATAGRAM_BYTES ? part.bytes : DATAGRAM_BYTES;
		if (bpf_probe_read_user(scratch->data, at, (const void *)part.base))
			at = 0;
		scratch->record.text_bytes[0] = at;
	}
	at += add_frames(scratch, at, STACK_POINTER(regs));
	tell(scratch, at, now);
	return 0;
}

/* A hint of memory that may have grown; whether it is writable and executable at once, which is told in full. */
static __noinline bool hint_map(struct pt_regs_of_arch *regs, __u32 call, long result)
{
	const volatile struct call_spec *spec = &specs[call & (CALLS - 1)];
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct tracked *entry = bpf_map_lookup_elem(&tracked, &pid);
	/* mmap and mremap return where it is; `text[0]` says which argument has the protection, if any has. */
	__u64 address = spec->target == NO_ARGUMENT ? result : CALL_ARG0(regs);
	__u64 length = argument(regs, spec->text[1]);
	__u64 prot = spec->text[0] == NO_ARGUMENT ? PROT_WRITE : argument(regs, spec->text[0]);
	bool both = (prot & PROT_WRITE) && (prot & PROT_EXEC);
	struct map_change_record *record;

	if (!entry || !(entry->flags & TRACK_MAPS) || !(prot & (PROT_WRITE | PROT_EXEC)))
		return both;
	if (spec->target == NO_ARGUMENT && !(prot & PROT_EXEC) && length < LEAST_MMAP_BYTES)
		return both;
	if (!take_token(entry, BUCKET_HINT, &hint_ring, FAMILY_HINT, bpf_ktime_get_ns()))
		return both;
	record = reserve(&hint_ring, sizeof(*record), FAMILY_HINT);
	if (!record)
		return both;
	fill_head(&record->head, RECORD_MAP_CHANGE, (struct task_struct *)bpf_get_current_task_btf());
	record->address = address;
	record->length = length;
	record->prot = prot;
	record->call = call;
	submit(record, FAMILY_HINT);
	return both;
}

/* The id by which a process knows itself: that of its own PID namespace. */
static __always_inline __u32 own_id(struct task_struct *task)
{
	struct pid *id = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ(id, level), number = 0;

	bpf_core_read(&number, sizeof(number), &id->numbers[level].nr);
	return number;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs_of_arch *regs, long result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	const volatile struct call_spec *spec;
	__u32 pid = task->tgid, flags = 0;
	__u32 slot = slot_of(pid);
	struct usage *used;
	__u64 call;

	if (!(slot & SLOT_MEASURED))
		return 0;
	slot &= ~SLOT_MEASURED;
	used = bpf_map_lookup_elem(&usage, &slot);
	if (!used)
		return 0;
	call = CALL_NUMBER(regs);
	if (call == (__u64)-1)
		return 0; /* the return of a signal handler restores registers, this one too */
	if (failed(result)) {
		__u64 error = -result;

		barrier_var(error);
		if (error >= ERRNOS)
			error = 0;
		__sync_fetch_and_add(&used->errors[error], 1);
	}
	if (CALL_IS_COMPAT(task) || call >= CALL_OTHER) {
		call = CALL_OTHER;
		flags = CALL_COMPAT;
	}
	call &= CALLS - 1;
	__sync_fetch_and_add(&used->calls[call], 1);
	spec = &specs[call];
	switch (spec->class) {
	case CALL_COUNTED:
		if (!flags)
			return 0;
		break;
	case CALL_READS_AT:
	case CALL_WRITES_AT:
		/* The cheapest that a guest can do in great numbers: two additions, no more. */
		if (result >= 0)
			__sync_fetch_and_add(&used->bytes_at_offset[spec->class == CALL_WRITES_AT], result);
		else
			__sync_fetch_and_add(&used->failures_at_offset[spec->class == CALL_WRITES_AT], 1);
		return 0;
	case CALL_READS:
	case CALL_WRITES:
		return result >= 0 ? count_io(used, regs, call, result) : 0;
	case CALL_SENDS:
		if (result >= 0)
			count_io(used, regs, call, result);
		return report_datagram(regs, call, result);
	case CALL_MAPS:
		if (failed(result) || !hint_map(regs, call, result))
			return 0;
		break;
	case CALL_ACCEPTS:
		/* A server that polls has nothing to accept most of the time. */
		if (failed(result))
			return 0;
		break;
	case CALL_SIGNALS:
		if (spec->target != NO_ARGUMENT && (__u32)argument(regs, spec->target) == own_id(task))
			return 0;
		break;
	default:
		if (spec->failures_only && !failed(result))
			return 0;
	}
	return report(regs, call, result, flags);
}
