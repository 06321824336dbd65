/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses of sockets: from the kernel's own socket where it has them, else from user memory. */
#ifndef WASMSCOPE_SOCKET_BPF_H
#define WASMSCOPE_SOCKET_BPF_H

#include "path.bpf.h"
#include <bpf/bpf_endian.h>

static __always_inline struct sock *sock_in(struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);

	return BPF_CORE_READ(socket, sk);
}

/* The socket behind descriptor `fd` of the current process, or NULL. */
static __always_inline struct sock *sock_of(struct task_struct *task, __u32 fd)
{
	struct file *file = file_of(task, fd);

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return sock_in(file);
}

static __always_inline void local_of(struct socket_address *address, struct sock *sk)
{
	address->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	address->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (address->family == AF_INET)
		bpf_core_read(address->ip, 4, &sk->__sk_common.skc_rcv_saddr);
	else if (address->family == AF_INET6)
		bpf_core_read(address->ip, 16, &sk->__sk_common.skc_v6_rcv_saddr);
}

static __always_inline void peer_of(struct socket_address *address, struct sock *sk)
{
	address->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	address->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (address->family == AF_INET)
		bpf_core_read(address->ip, 4, &sk->__sk_common.skc_daddr);
	else if (address->family == AF_INET6)
		bpf_core_read(address->ip, 16, &sk->__sk_common.skc_v6_daddr);
}

/* struct sockaddr_in, struct sockaddr_in6 */
struct user_address {
	__u16 family;
	__u16 port;
	__u8 rest[24];
};

/* What user memory says; family 0 where it cannot be read. */
static __always_inline void address_in(struct socket_address *address, const void *user)
{
	struct user_address read = {};

	if (bpf_probe_read_user(&read, 8, user))
		return;
	address->family = read.family;
	if (read.family == AF_INET) {
		address->port = bpf_ntohs(read.port);
		__builtin_memcpy(address->ip, read.rest, 4);
	} else if (read.family == AF_INET6 && !bpf_probe_read_user(&read, sizeof(read), user)) {
		address->port = bpf_ntohs(read.port);
		/* Behind the flow label. */
		__builtin_memcpy(address->ip, read.rest + 4, 16);
	}
}

#endif
