/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-1-3; see hash.h. */
#include "core/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

struct state {
	uint64_t v0, v1, v2, v3;
};

struct ft_seed ft_seed_random(void)
{
	struct ft_seed seed;
	struct timespec now;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		seed.k[0] = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ULL;
		seed.k[1] = (uint64_t)(uintptr_t)&seed ^ (uint64_t)now.tv_sec << 32;
	}
	return seed;
}

/* One SipRound. */
static inline void mix(struct state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = ROTATE(s->v1, 13) ^ s->v0;
	s->v3 = ROTATE(s->v3, 16) ^ s->v2;
	s->v0 = ROTATE(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = ROTATE(s->v1, 17) ^ s->v2;
	s->v3 = ROTATE(s->v3, 21) ^ s->v0;
	s->v2 = ROTATE(s->v2, 32);
}

/* Takes eight bytes in. */
static inline void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s);
	s->v0 ^= word;
}

uint64_t ft_hash(const struct ft_seed *seed, const void *data, size_t size)
{
	struct state s = {
		.v0 = seed->k[0] ^ 0x736f6d6570736575ULL,
		.v1 = seed->k[1] ^ 0x646f72616e646f6dULL,
		.v2 = seed->k[0] ^ 0x6c7967656e657261ULL,
		.v3 = seed->k[1] ^ 0x7465646279746573ULL,
	};
	const unsigned char *bytes = data;
	uint64_t word;
	size_t left;

	for (left = size; left >= 8; left -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		absorb(&s, word);
	}
	word = 0;
	memcpy(&word, bytes, left);
	absorb(&s, word | (uint64_t)size << 56);
	s.v2 ^= 0xff;
	mix(&s);
	mix(&s);
	mix(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
