/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain main of a target: its corpus, then changed copies of it, the same in every run.
 * Speaks TAP; with arguments it runs just those files (what the fuzzer found).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/xalloc.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 65536
#define CHANGED 3000 /* inputs, over the whole corpus */

static uint8_t input[INPUT_MAX];

/* xorshift64 */
static uint64_t next_random(void)
{
	static uint64_t seed = 88172645463325252U;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Reads a file into `input`; its size. */
static size_t read_input(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t got;

	if (fd < 0) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	while (size < INPUT_MAX && (got = read(fd, input + size, INPUT_MAX - size)) > 0)
		size += (size_t)got;
	close(fd);
	return size;
}

/* The target sees a copy of just that size. */
static void run(size_t size)
{
	uint8_t *copy = fuzz_copy(input, size);

	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* Changes the input a little: octets, a piece taken out or put in twice, an end cut off. */
static size_t change(size_t size)
{
	size_t at = size ? next_random() % size : 0, count = 1 + next_random() % 4;

	if (size == 0)
		return 0;
	switch (next_random() % 6) {
	case 0:
		return at;
	case 1:
		if (count > size - at)
			count = size - at;
		memmove(input + at, input + at + count, size - at - count);
		return size - count;
	case 2:
		if (size + count > INPUT_MAX)
			return size;
		memmove(input + at + count, input + at, size - at);
		return size + count;
	case 3:
		input[at] = next_random() % 2 ? 0xff : 0;
		return size;
	default:
		for (size_t i = 0; i < count; i++)
			input[next_random() % size] = (uint8_t)next_random();
		return size;
	}
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char *argv[])
{
	const char *top = getenv("top_srcdir");
	struct dirent **files;
	char folder[4096];
	int count, changed = 0;

	for (int i = 1; i < argc; i++)
		run(read_input(argv[i]));
	if (argc > 1)
		return 0;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", top ? top : ".", fuzz_name);
	count = scandir(folder, &files, is_input, alphasort);
	printf("1..2\n");
	if (count <= 0) {
		printf("not ok 1 - no inputs in %s\n", folder);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", folder, files[i]->d_name);
		size_t whole = read_input(path);

		run(whole);
		for (int n = 0; n < CHANGED / count + 1; n++, changed++) {
			/* a few changes on top of each other, then the file anew */
			size_t size = n % 8 == 0 ? read_input(path) : whole;

			whole = change(size);
			run(whole);
		}
		free(path);
		free(files[i]);
	}
	free(files);
	printf("ok 1 - %s: %d inputs\n", fuzz_name, count);
	printf("ok 2 - %s: %d changed ones\n", fuzz_name, changed);
	return 0;
}
