// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What any observer of system calls pays: a program that does nothing, where wasmscope's counts calls. Besides, it brings
 * the layout of the records to the benchmarks that make some up.
 */
#include "records.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

EXPORT_RECORD(call_record);
EXPORT_RECORD(frame_record);
EXPORT_ENUM(call_flag);
EXPORT_ENUM(path_flag);
EXPORT_ENUM(stack_flag);

SEC("tp_btf/sys_exit")
int nothing(void *context)
{
	return 0;
}
