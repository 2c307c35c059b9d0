/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The man page against the program's tables, both ways: each option row, key and column is on
 * the page, and the page has no key or column that the program has not.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/column.h"
#include "options.h"
#include "ui/keymap.h"

#define WORDS_MAX 256

struct words {
	char list[WORDS_MAX][24];
	size_t count;
};

/* The page; caller frees. */
static char *read_page(void)
{
	const char *top = getenv("top_srcdir");
	char path[512], *text = calloc(1, 200000);
	FILE *file;

	snprintf(path, sizeof(path), "%s/man/flowtop.8", top ? top : ".");
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, 199999, file) > 1000);
	fclose(file);
	return text;
}

/* Adds a word without mdoc's escapes. */
static void add_word(struct words *words, const char *word, size_t length)
{
	char *out;

	assert_true(words->count < WORDS_MAX && length < sizeof(words->list[0]));
	out = words->list[words->count++];
	for (size_t i = 0; i < length; i++) {
		if (word[i] == '\\') {
			i += word[i + 1] == '&' ? 1 : 0;
			continue;
		}
		*out++ = word[i];
	}
	*out = '\0';
}

/* The words behind `macro` in the .It lines of a section. */
static struct words words_of(const char *page, const char *section, const char *macro)
{
	struct words words = { .count = 0 };
	char head[64];
	const char *at, *end, *stop;
	size_t length;

	snprintf(head, sizeof(head), "\n.Sh %s\n", section);
	at = strstr(page, head);
	assert_non_null(at);
	stop = strstr(at + strlen(head), "\n.Sh ");
	assert_non_null(stop);
	for (at = strstr(at, "\n.It "); at && at < stop; at = strstr(end, "\n.It ")) {
		end = strchr(at + 1, '\n');
		for (at += 5; at < end; at += length) {
			at += *at == ' ';
			length = strcspn(at, " \n");
			if (length == 1 && *at == ',')
				continue;
			if (length != strlen(macro) || strncmp(at, macro, length) != 0)
				add_word(&words, at, length);
		}
	}
	assert_true(words.count > 10);
	return words;
}

static bool has_word(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->list[i], word))
			return true;
	return false;
}

static void every_option_is_there(void **state)
{
	char *page = read_page(), line[160], letter[32] = "";
	const struct ft_option *option;
	unsigned lines = 0;

	(void)state;
	for (size_t i = 0; i < ft_option_count; i++) {
		option = &ft_option_table[i];
		if (option->letter && option->argument)
			snprintf(letter, sizeof(letter), "Fl %c Ar %s , ", option->letter,
				 option->argument);
		else if (option->letter)
			snprintf(letter, sizeof(letter), "Fl %c , ", option->letter);
		else
			letter[0] = '\0';
		snprintf(line, sizeof(line), "\n.It %sFl -%s%s%s\n", letter, option->name,
			 option->argument ? " Ns = Ns Ar " : "",
			 option->argument ? option->argument : "");
		if (!strstr(page, line))
			fail_msg("not on the page: %s", line);
	}
	for (const char *at = strstr(page, "\n.It Fl "); at; at = strstr(at + 1, "\n.It Fl "))
		lines++;
	assert_int_equal(lines, ft_option_count);
	free(page);
}

static void every_key_is_there(void **state)
{
	char *page = read_page(), name[FT_KEY_NAME_MAX];
	struct words words = words_of(page, "KEYS", "Ic");
	bool known;

	(void)state;
	for (size_t i = 0; i < ft_binding_count; i++)
		for (size_t k = 0; k < FT_BINDING_KEYS && ft_bindings[i].keys[k]; k++) {
			ft_key_name(ft_bindings[i].keys[k], name);
			if (!has_word(&words, name))
				fail_msg("the page has no key %s", name);
		}
	for (size_t w = 0; w < words.count; w++) {
		known = false;
		for (size_t i = 0; i < ft_binding_count; i++)
			for (size_t k = 0; k < FT_BINDING_KEYS && ft_bindings[i].keys[k]; k++)
				known |= !strcmp(ft_key_name(ft_bindings[i].keys[k], name),
						 words.list[w]);
		if (!known)
			fail_msg("the program has no key %s", words.list[w]);
	}
	free(page);
}

static void every_column_is_there(void **state)
{
	char *page = read_page();
	struct words words = words_of(page, "COLUMNS", "Cm");

	(void)state;
	for (size_t i = 0; i < ft_column_count; i++)
		if (!has_word(&words, ft_columns[i].id))
			fail_msg("the page has no column %s", ft_columns[i].id);
	for (size_t w = 0; w < words.count; w++)
		if (!ft_column_find(words.list[w]))
			fail_msg("the program has no column %s", words.list[w]);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_there),
		cmocka_unit_test(every_key_is_there),
		cmocka_unit_test(every_column_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
