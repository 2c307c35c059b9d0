/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes to the terminal: any bytes, escaped and fitted into any number of cells, hold nothing
 * that a terminal would obey, and take the room they were given. And what is read out of
 * text: numbers, addresses, the files of hosts and services.
 */
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/fmt.h"
#include "core/names.h"
#include "core/net.h"
#include "core/num.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "text";

static void check_numbers(const char *text)
{
	uint8_t addr[16];
	char shown[FT_ADDR_TEXT_MAX], err[200];
	struct ft_net net;
	uint64_t value = 7;
	double real;

	if (ft_addr_parse(text, addr) == 0) {
		uint8_t again[16];

		FUZZ_CHECK(ft_addr_parse(ft_addr_format(addr, shown), again) == 0);
		FUZZ_CHECK(memcmp(addr, again, sizeof(addr)) == 0);
	}
	if (ft_net_parse(text, &net, err, sizeof(err)) == 0)
		FUZZ_CHECK(net.prefix <= 128);
	if (ft_num_u64("-c", text, 1, 1000, &value, err, sizeof(err)) == 0)
		FUZZ_CHECK(value >= 1 && value <= 1000);
	if (ft_num_scaled(text, &real) == 0)
		FUZZ_CHECK(real == real && real >= 0);
	ft_num_duration(text, &value);
}

/* The text as /etc/hosts and /etc/services. */
static void check_names(const char *text)
{
	struct ft_names *names = ft_names_new(text, text);
	uint8_t addr[4][16];
	uint16_t port;

	ft_names_addresses(names, "a", addr, 4);
	ft_names_port(names, "a", 0, &port);
	ft_names_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t bits = fuzz_take(&data, &size, 1);
	unsigned width = (unsigned)fuzz_take(&data, &size, 1);
	char *text = fuzz_text(data, size), *escaped, *fitted;
	size_t room = 1 + (bits & 2 ? width : size * 10);
	bool ascii = bits & 1;

	check_numbers(text);
	check_names(text);
	escaped = malloc(room);
	fitted = malloc((size_t)width * 32 + 8);
	FUZZ_CHECK(escaped && fitted);
	ft_fmt_escape(text, strlen(text), ascii, escaped, room);
	FUZZ_CHECK(strlen(escaped) < room && fuzz_is_harmless(escaped));
	ft_fmt_fit(escaped, width, bits & 4 ? FT_ALIGN_LEFT : FT_ALIGN_RIGHT, bits & 8, ascii,
		   fitted, (size_t)width * 32 + 8);
	FUZZ_CHECK(ft_fmt_width(fitted) <= width && fuzz_is_harmless(fitted));
	for (const char *c = fitted; ascii && *c; c++)
		FUZZ_CHECK(*c >= 0x20 && *c <= 0x7e);
	free(fitted);
	free(escaped);
	free(text);
	return 0;
}
