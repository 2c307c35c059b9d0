/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The titles of columns fit their columns at the least width, in every language that the build
 * made a catalogue of (po/locale in the build folder, as it would be installed).
 */
#include <dirent.h>
#include <libintl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/column.h"
#include "core/fmt.h"
#include "core/nls.h"

/* glibc looks for another catalogue only when the domain's folder is set anew. */
static void speak(const char *language, const char *folder)
{
	assert_int_equal(setenv("LANGUAGE", language, 1), 0);
	assert_non_null(bindtextdomain("flowtop", folder));
	assert_non_null(bind_textdomain_codeset("flowtop", "UTF-8"));
	assert_non_null(textdomain("flowtop"));
}

/* How many titles of this language are too wide; each is named. */
static size_t too_wide(const char *language)
{
	size_t count = 0;

	for (size_t i = 0; i < ft_column_count; i++) {
		const struct ft_column *column = &ft_columns[i];
		const char *title = _(column->title);

		if (ft_fmt_width(title) > column->min) {
			print_message("%s: the title \"%s\" of %s is wider than %u cells\n",
				      language, title, column->id, column->min);
			count++;
		}
	}
	return count;
}

/* Every catalogue is really taken, and its titles fit. */
static void titles_fit(void **state)
{
	char folder[4096];
	const char *build = getenv("top_builddir");
	struct dirent *entry;
	size_t languages = 0, wide = 0;
	DIR *dir;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/po/locale", build ? build : ".");
	dir = opendir(folder);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		speak(entry->d_name, folder);
		/* The header entry is what only a catalogue has. */
		assert_non_null(strstr(gettext(""), "Project-Id-Version: flowtop"));
		assert_non_null(strstr(gettext(""), entry->d_name));
		wide += too_wide(entry->d_name);
		languages++;
	}
	closedir(dir);
	assert_true(languages > 0);
	assert_int_equal(wide, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(titles_fit) };

	if (!setlocale(LC_ALL, "C.UTF-8")) {
		printf("1..0 # SKIP no C.UTF-8 locale here\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
