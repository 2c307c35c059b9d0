/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes bytes from outside, one target a kind of them. A target is a function of bytes that
 * must never crash, read too far, hang or break what it says of its result (FUZZ_CHECK). Two
 * mains call it:
 *
 *   libFuzzer    configure --enable-fuzzing with clang; tools/fuzz runs them
 *   replay.c     every other build: make check gives each target its corpus (below
 *                tests/fuzz/corpus) and a bounded number of changed inputs, the same in every run
 *
 * Everything else is the objects that the program is made of.
 */
#ifndef FT_TESTS_FUZZ_FUZZ_H
#define FT_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target: each program has these two. */
extern const char fuzz_name[];
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program if a promise is broken; the fuzzer keeps the input. */
void fuzz_broken(const char *file, int line, const char *promise) __attribute__((noreturn));
#define FUZZ_CHECK(promise)                                        \
	do {                                                       \
		if (!(promise))                                    \
			fuzz_broken(__FILE__, __LINE__, #promise); \
	} while (0)

/* A copy of just these bytes, so that a read beyond is seen; the caller frees. */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);
/* The same as text, ended by NUL (it may hold others); the caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);
/* The path of a file that holds the bytes, until the next call; it has no name on any disk. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* Takes a number of up to 8 octets off the front; what is missing reads as 0. */
uint64_t fuzz_take(const uint8_t **data, size_t *size, size_t octets);
/* True if a text holds nothing that a terminal would obey. */
bool fuzz_is_harmless(const char *text);

#endif
