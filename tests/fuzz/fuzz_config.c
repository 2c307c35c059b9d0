/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Config files, through to the options they set. Nothing in one can end the start. */
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "config";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char program[] = "flowtop", option[] = "--config", *path, *warnings = NULL, err[512] = "";
	struct ft_options options;
	int ret;

	if (size > 65536)
		return 0;
	unsetenv("SUDO_UID");
	path = (char *)(uintptr_t)fuzz_file(data, size); /* argv isn't const, and isn't written */
	ft_options_init(&options);
	ret = ft_options_parse(&options, 3, (char *[]){ program, option, path, NULL }, &warnings,
			       err, sizeof(err));
	FUZZ_CHECK(ret == 0 || err[0]);
	ft_options_done(&options);
	free(warnings);
	return 0;
}
