/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of a system call is particular to a processor. The numbers of the calls are user space's: src/calls.rs. */
#ifndef WASMSCOPE_ARCH_H
#define WASMSCOPE_ARCH_H

#include "kernel.h"

#if !defined(__TARGET_ARCH_x86)
#error "registers of this architecture are missing"
#endif

struct pt_regs___x86 {
	unsigned long r10, r9, r8, dx, si, di, orig_ax, ip, bp, sp;
} __attribute__((preserve_access_index));

#define pt_regs_of_arch pt_regs___x86

/* Arguments outlive the call: the kernel clobbers rax, rcx and r11 only. */
#define CALL_NUMBER(regs) ((regs)->orig_ax)
#define CALL_ARG0(regs) ((regs)->di)
#define CALL_ARG1(regs) ((regs)->si)
#define CALL_ARG2(regs) ((regs)->dx)
#define CALL_ARG3(regs) ((regs)->r10)
#define CALL_ARG4(regs) ((regs)->r8)
#define CALL_ARG5(regs) ((regs)->r9)
#define STACK_POINTER(regs) ((regs)->sp)
/* Members of struct pt_regs, for where it can only be read piecemeal. */
#define REG_INSTRUCTION ip
#define REG_STACK sp
#define REG_FRAME bp

/* arch/x86/include/asm/thread_info.h: a 32-bit system call, whose numbers mean something else. */
#define TS_COMPAT 0x0002
#define CALL_IS_COMPAT(task) ((task)->thread_info.status & TS_COMPAT)

#endif
