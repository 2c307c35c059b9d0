/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash for tables whose keys come from outside: SipHash-1-3 under a random seed, so that
 * nobody can send packets that all fall into one place.
 */
#ifndef FT_CORE_HASH_H
#define FT_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct ft_seed {
	uint64_t k[2];
};

/* From the kernel's random source; falls back to clocks and addresses, never fails. */
struct ft_seed ft_seed_random(void);

uint64_t ft_hash(const struct ft_seed *seed, const void *data, size_t size);

#endif
