/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/xalloc.h"

void fuzz_broken(const char *file, int line, const char *promise)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
	abort();
}

uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = xmalloc(size ? size : 1);

	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);

	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[32];
	static int fd = -1;
	size_t written = 0;

	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		FUZZ_CHECK(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	FUZZ_CHECK(ftruncate(fd, 0) == 0);
	while (written < size) {
		ssize_t got = pwrite(fd, data + written, size - written, (off_t)written);

		FUZZ_CHECK(got > 0);
		written += (size_t)got;
	}
	return path;
}

uint64_t fuzz_take(const uint8_t **data, size_t *size, size_t octets)
{
	uint64_t value = 0;

	for (size_t i = 0; i < octets && *size > 0; i++) {
		value = value << 8 | **data;
		*data += 1;
		*size -= 1;
	}
	return value;
}

bool fuzz_is_harmless(const char *text)
{
	for (; *text; text++) {
		const unsigned char *at = (const unsigned char *)text;

		if (*at < 0x20 || *at == 0x7f)
			return false;
		if (at[0] == 0xc2 && at[1] < 0xa0) /* C1 */
			return false;
		/* U+202A-E, U+2066-9, U+200B-F */
		if (at[0] == 0xe2 && at[1] == 0x80 &&
		    ((at[2] >= 0xaa && at[2] <= 0xae) || (at[2] >= 0x8b && at[2] <= 0x8f)))
			return false;
		if (at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)
			return false;
	}
	return true;
}
