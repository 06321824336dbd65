/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of an open file, from the kernel's own objects: nothing in it can be swapped by the process that opened it.
 * bpf_d_path() is not allowed in tracepoints, so this walks as fs/d_path.c does.
 */
#ifndef WASMSCOPE_PATH_BPF_H
#define WASMSCOPE_PATH_BPF_H

#include "common.bpf.h"

#define PATH_COMPONENTS 64
#define COMPONENT_BYTES 256

struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct dentry *root_dentry;
	struct mount *root_mount;
	/* The directory that the path is asked to be beneath; NULL for none. */
	struct dentry *directory;
	__u8 *data;
	__u32 used;
	__u32 flags; /* enum path_flag */
};

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static long path_step(__u32 step, void *context)
{
	struct path_walk *walk = context;
	struct dentry *dentry = walk->dentry, *parent;
	struct mount *mount = walk->mount, *up;
	__u32 at = walk->used;
	long bytes;

	if (dentry == walk->root_dentry && mount == walk->root_mount) {
		walk->flags |= PATH_COMPLETE;
		return 1;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
		if (dentry == walk->directory)
			walk->flags |= PATH_BENEATH;
		up = BPF_CORE_READ(mount, mnt_parent);
		if (up != mount) {
			walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			walk->mount = up;
			return 0;
		}
		walk->flags |= PATH_COMPLETE;
		/* A file of no directory, as memfd_create() makes them, has a name all the same. */
		if (step)
			return 1;
		parent = NULL;
	} else if (dentry == walk->directory) {
		walk->flags |= PATH_BENEATH;
	}
	if (at > CALL_PATH_BYTES - COMPONENT_BYTES)
		return 1;
	bytes = bpf_probe_read_kernel_str(walk->data + at, COMPONENT_BYTES, BPF_CORE_READ(dentry, d_name.name));
	if (bytes <= 0)
		return 1;
	walk->used = at + bytes;
	if (!parent) {
		walk->flags |= PATH_NAMELESS;
		return 1;
	}
	walk->dentry = parent;
	return 0;
}

/*
 * Writes the components of `path` to `data`, which has room for CALL_PATH_BYTES: leaf first, each NUL-terminated. Relative to
 * the root of the current process. `walk` is filled by the caller as far as `directory`.
 */
static __always_inline __u32 read_path(struct path_walk *walk, struct path *path, __u8 *data)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();

	walk->dentry = BPF_CORE_READ(path, dentry);
	walk->mount = mount_of(BPF_CORE_READ(path, mnt));
	walk->root_dentry = BPF_CORE_READ(task, fs, root.dentry);
	walk->root_mount = mount_of(BPF_CORE_READ(task, fs, root.mnt));
	walk->data = data;
	walk->used = 0;
	walk->flags = 0;
	bpf_loop(PATH_COMPONENTS, path_step, walk, 0);
	return walk->used;
}

/* The open file `fd` of the current process, or NULL. */
static __always_inline struct file *file_of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (!table || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

#endif
