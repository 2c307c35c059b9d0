/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What differs between kernels, or between what C says and what a verifier takes: one accessor
 * each, so that the rest of bpf/ is plain C.
 */
#ifndef FT_COMPAT_BPF_H
#define FT_COMPAT_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

/*
 * A field of the context. clang likes to keep &skb->data_end in a register and read through it
 * later, which every kernel refuses: "dereference of modified ctx ptr R1 off=80 disallowed". A
 * load written in assembly keeps the offset in the instruction.
 */
#define FT_SKB_FIELD(skb, field)                                                  \
	({                                                                        \
		__u64 value_;                                                     \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                             \
			     : "=r"(value_)                                       \
			     : "r"(skb), "i"(offsetof(struct __sk_buff, field))); \
		value_;                                                           \
	})

/*
 * Makes a verifier forget what it knows of a number of 16 or 32 bits: a swap leaves it an
 * unknown number, two swaps leave its value. Ways that differ only in how far they came then
 * look alike where they meet, and all but one are pruned.
 */
#define FT_FORGET16(value) asm volatile("%0 = be16 %0\n%0 = be16 %0" : "+r"(value))
#define FT_FORGET32(value) asm volatile("%0 = be32 %0\n%0 = be32 %0" : "+r"(value))

#endif
