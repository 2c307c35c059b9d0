/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The maps alone: user space loads this first and makes all other objects use them.
 */
#include "bpf/owner.bpf.h"

char _license[] SEC("license") = "Dual BSD/GPL";
