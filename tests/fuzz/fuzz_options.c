/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: an input's lines are its words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 40

const char fuzz_name[] = "options";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *next = text, *warnings = NULL, err[512] = "";
	char program[] = "flowtop", *argv[WORDS_MAX + 2] = { program };
	struct ft_options options;
	int argc = 1, ret;

	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("SUDO_UID");
	while (next && *next && argc <= WORDS_MAX)
		argv[argc++] = strsep(&next, "\n");
	ft_options_init(&options);
	ret = ft_options_parse(&options, argc, argv, &warnings, err, sizeof(err));
	FUZZ_CHECK(ret == 0 || err[0]);
	FUZZ_CHECK(ret != 0 || (options.filter && options.format && options.backend));
	FUZZ_CHECK(ret != 0 || (options.interval_ns >= 100000000 && options.window < 3));
	ft_options_done(&options);
	free(warnings);
	free(text);
	return 0;
}
