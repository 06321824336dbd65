/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frame records of guest code on the user stack. Guest code keeps frame pointers, the host code above it does not: so the
 * stack is searched for words that lie in guest code, each told with the word before it, which is the saved frame pointer
 * where the two are a record. Many are not, or not any more: that is told apart in user space (runtimes::wasmtime).
 */
#ifndef WASMSCOPE_STACK_BPF_H
#define WASMSCOPE_STACK_BPF_H

#include "common.bpf.h"

#define STACK_PAGE 4096
#define STACK_PAGES 8
#define PAGE_WORDS (STACK_PAGE / 8)
/*
 * Looked at in one step; those groups of them that hold guest code are gone through word by word. Stacks are aligned to 16
 * bytes where a function is called, by ABI and by Cranelift and Winch, so a return address is the upper word of a pair.
 */
#define STEP_WORDS 64
#define GROUP_WORDS 16
/* The largest frame that is believed in. */
#define FRAME_BYTES (1 << 20)
/* Searched on behind the end of a chain of frames: it may have been a stale one. */
#define BEYOND_CHAIN_BYTES 2048
#define CHAIN_FRAMES 64

/*
 * The state of a search lies in a map and not on the stack: what is read from a map is unknown to the verifier, which
 * would otherwise follow every count of frames through every step.
 */
struct stack_scan {
	__u64 low;            /* guest code */
	__u64 span;
	__u64 lowest;         /* no frame below: the stack pointer */
	__u64 address;        /* where the search goes on */
	__u64 page_address;
	__u64 chain_end;
	__u64 cursor;
	__u32 first_step;
	__u32 found;
	__u32 flags;          /* enum stack_flag */
	/* Word 0 is the last one of the page before. Twice as long as needed: the verifier knows part of the arithmetic. */
	__u64 words[1 + 2 * PAGE_WORDS];
};

/* What bpf_loop() passes on. */
struct stack_search {
	struct stack_scan *scan;
	struct frame_record *frames; /* room for FRAMES */
};

static long follow_step(__u32 step, void *context)
{
	struct stack_search *search = context;
	struct stack_scan *scan = search->scan;
	__u64 cursor = scan->cursor, index = (cursor - scan->page_address) / 8;
	__u64 record[2];

	/* Most of a chain lies in the page that was read already. Opaque, so that what is tested is what is used. */
	barrier_var(index);
	if (index < PAGE_WORDS - 1) {
		record[0] = scan->words[1 + index];
		record[1] = scan->words[2 + index];
	} else if (bpf_probe_read_user(record, sizeof(record), (const void *)cursor)) {
		return 1;
	}
	if (record[1] - scan->low >= scan->span || record[0] <= cursor || record[0] - cursor >= FRAME_BYTES)
		return 1;
	scan->cursor = record[0];
	return 0;
}

static __noinline void candidate(struct stack_search *search, __u64 at, __u64 frame_pointer,
				 __u64 return_address)
{
	struct stack_scan *scan = search->scan;
	__u32 found = scan->found;
	struct frame_record *frame;

	if (at + 8 < scan->lowest)
		return;
	if (found >= FRAMES) {
		scan->flags |= STACK_FULL;
		return;
	}
	frame = search->frames + found;
	frame->at = at;
	frame->frame_pointer = frame_pointer;
	frame->return_address = return_address;
	scan->found = found + 1;
	if (at >= scan->chain_end && frame_pointer > at && frame_pointer - at < FRAME_BYTES) {
		scan->cursor = frame_pointer;
		bpf_loop(CHAIN_FRAMES, follow_step, search, 0);
		scan->chain_end = scan->cursor + 16;
	}
}

static long scan_step(__u32 step, void *context)
{
	struct stack_search *search = context;
	struct stack_scan *scan = search->scan;
	__u64 low = scan->low, span = scan->span;
	__u32 index = step + scan->first_step;
	__u64 *word;

	if (index >= PAGE_WORDS / STEP_WORDS)
		return 1;
	if (scan->chain_end && scan->page_address + index * STEP_WORDS * 8ULL > scan->chain_end + BEYOND_CHAIN_BYTES)
		return 1;
	word = &scan->words[1 + index * STEP_WORDS];
#pragma clang loop unroll(full)
	for (int group = 0; group < STEP_WORDS / GROUP_WORDS; group++) {
		__u32 hits = 0;

		/* Nearly all are none: eight comparisons, one branch. */
#pragma clang loop unroll(full)
		for (int i = 1; i < GROUP_WORDS; i += 2)
			hits += word[group * GROUP_WORDS + i] - low < span;
		if (!hits)
			continue;
#pragma clang loop unroll(full)
		for (int i = 1; i < GROUP_WORDS; i += 2) {
			__u32 at = group * GROUP_WORDS + i;

			if (word[at] - low < span)
				candidate(search, scan->page_address + (index * STEP_WORDS + at - 1ULL) * 8,
					  word[at - 1], word[at]);
		}
	}
	return 0;
}

static long page_step(__u32 page, void *context)
{
	struct stack_search *search = context;
	struct stack_scan *scan = search->scan;
	__u64 address = scan->address;
	__u32 skipped = address & (STACK_PAGE - 1) & ~7U;
	__u32 bytes = STACK_PAGE - skipped;

	if (bpf_probe_read_user((void *)&scan->words[1] + skipped, bytes, (const void *)address)) {
		scan->flags |= STACK_FAULT;
		return 1;
	}
	scan->page_address = address - skipped;
	scan->first_step = skipped / 8 / STEP_WORDS;
	bpf_loop(PAGE_WORDS / STEP_WORDS, scan_step, search, 0);
	scan->words[0] = scan->words[PAGE_WORDS];
	address += bytes;
	scan->address = address;
	if (scan->chain_end && address > scan->chain_end + BEYOND_CHAIN_BYTES)
		return 1;
	if (page == STACK_PAGES - 1)
		scan->flags |= STACK_WINDOW;
	return 0;
}

/*
 * Searches the stack from `stack_pointer` up for words of guest code. By bpf_loop() all the way down: the
 * verifier of Linux 6.1 takes one inside a plain loop for a jump back.
 */
static __always_inline void search_stack(struct stack_search *search, struct code *guest, __u64 stack_pointer)
{
	struct stack_scan *scan = search->scan;

	scan->low = guest->low;
	scan->span = guest->high - guest->low;
	scan->lowest = scan->address = stack_pointer & ~7ULL;
	scan->chain_end = 0;
	scan->found = 0;
	scan->flags = STACK_ASKED;
	scan->words[0] = 0;
	bpf_loop(STACK_PAGES, page_step, search, 0);
}

static long chain_step(__u32 step, void *context)
{
	struct stack_search *search = context;
	struct stack_scan *scan = search->scan;
	__u32 found = scan->found;
	struct frame_record *frame;
	__u64 record[2];

	if (found >= FRAMES)
		return 1;
	if (bpf_probe_read_user(record, sizeof(record), (const void *)scan->cursor)) {
		scan->flags |= STACK_FAULT;
		return 1;
	}
	if (record[1] - scan->low >= scan->span)
		return 1;
	frame = search->frames + found;
	frame->at = scan->cursor;
	frame->frame_pointer = record[0];
	frame->return_address = record[1];
	scan->found = found + 1;
	if (record[0] <= scan->cursor || record[0] - scan->cursor >= FRAME_BYTES)
		return 1;
	scan->cursor = record[0];
	return 0;
}

/* Guest code was interrupted: its frames are linked from the frame pointer on, nothing needs to be searched. */
static __always_inline void follow_frames(struct stack_search *search, struct code *guest, __u64 frame_pointer)
{
	struct stack_scan *scan = search->scan;

	scan->low = guest->low;
	scan->span = guest->high - guest->low;
	scan->found = 0;
	scan->flags = STACK_ASKED;
	scan->cursor = frame_pointer;
	bpf_loop(FRAMES, chain_step, search, 0);
}

#endif
