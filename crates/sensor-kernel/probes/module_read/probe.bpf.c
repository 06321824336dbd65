// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads of module files. Most runtimes read a module and close it, so that later nothing leads to it; this
 * sees the read through the page cache (any file system, no system-call tracepoint). It fires for every
 * buffered read on the host, hence the order of the tests: the first page only, then the name or the reader.
 * Content is checked in user space.
 *
 * The Wasmtime CLI does not read: it maps a module, for as long as compiling takes, and its page faults do not come by
 * there. A fault on a page that is cached is served with its neighbours (map_pages), any other alone (fault).
 *
 * Source: mm/filemap.c; all three tracepoints were added in v6.11.
 */
#include "common.bpf.h"

EXPORT_RECORD(module_read_record);

/* Where an inode's list of names points into a struct dentry. */
struct dentry___alias {
	union {
		struct hlist_node d_alias;
	} d_u;
} __attribute__((preserve_access_index));

#define SUFFIX_BYTES 5

/* Does the name end like a module's: .wasm, or the precompiled .cwasm? Reads no more of it than that. */
static __always_inline bool module_suffix(struct dentry *dentry)
{
	__u32 bytes = BPF_CORE_READ(dentry, d_name.len);
	__u8 end[SUFFIX_BYTES];

	if (bytes <= SUFFIX_BYTES ||
	    bpf_probe_read_kernel(end, sizeof(end), BPF_CORE_READ(dentry, d_name.name) + bytes - SUFFIX_BYTES))
		return false;
	return end[1] == 'w' && end[2] == 'a' && end[3] == 's' && end[4] == 'm' && (end[0] == '.' || end[0] == 'c');
}

static __always_inline void read_path(struct module_read_record *record, struct dentry *dentry)
{
	__u32 at = 0;

	record->complete = 0;
	for (int depth = 0; depth < PATH_DEPTH; depth++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
		long bytes;

		if (parent == dentry) {
			record->complete = 1;
			break;
		}
		if (at >= PATH_BYTES)
			break;
		bytes = bpf_probe_read_kernel_str(&record->path[at], NAME_BYTES, name);
		if (bytes <= 0)
			break;
		at += bytes;
		dentry = parent;
	}
	record->path_bytes = at;
}

/* A dedicated runtime: whatever file it reads may be a module. */
static __always_inline bool reads_any_file(__u32 pid)
{
	__u32 first = 0, *some = bpf_map_lookup_elem(&readers, &first);
	struct tracked *entry;

	if (!some || !*some)
		return false;
	entry = bpf_map_lookup_elem(&tracked, &pid);
	return entry && (entry->flags & TRACK_READS);
}

static __always_inline int first_page(struct address_space *mapping, unsigned long index)
{
	struct inode *inode = mapping->host;
	struct module_read_record *record;
	struct hlist_node *alias;
	struct dentry *dentry;
	bool any_file;
	__u32 pid;

	if (index != 0 || (inode->i_mode & S_IFMT) != S_IFREG || inode->i_size < 8)
		return 0;
	pid = bpf_get_current_pid_tgid() >> 32;
	any_file = reads_any_file(pid);

	alias = inode->i_dentry.first;
	if (!alias)
		return 0;
	dentry = (void *)alias - bpf_core_field_offset(struct dentry___alias, d_u.d_alias);
	if (!any_file && !module_suffix(dentry))
		return 0;
	if (!current_in_scope(pid))
		return 0;

	if (!trace_of_wasm(pid))
		return 0;
	record = reserve(&hint_ring, sizeof(*record), FAMILY_HINT);
	if (!record)
		return 0;
	fill_head(&record->head, RECORD_MODULE_READ, (struct task_struct *)bpf_get_current_task_btf());
	record->inode = inode->i_ino;
	record->size = inode->i_size;
	record->device = BPF_CORE_READ(inode, i_sb, s_dev);
	read_path(record, dentry);
	submit(record, FAMILY_HINT);
	return 0;
}

SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(on_read, struct address_space *mapping, unsigned long index)
{
	return first_page(mapping, index);
}

SEC("tp_btf/mm_filemap_map_pages")
int BPF_PROG(on_map, struct address_space *mapping, unsigned long index)
{
	return first_page(mapping, index);
}

SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(on_fault, struct address_space *mapping, unsigned long index)
{
	return first_page(mapping, index);
}
