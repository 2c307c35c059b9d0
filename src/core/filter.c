/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The display filter as a value: an expression's program, shared by copies, and the set of
 * protocols and versions that the keys T U I O A V show. filter_parse.c makes the program,
 * filter_match.c asks it about one flow, filter_run.c about many.
 */
#include "core/filter_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

void ft_filter_program_put(struct ft_filter_program *program)
{
	if (!program || atomic_fetch_sub(&program->references, 1) != 1)
		return;
	for (size_t i = 0; i < program->word_count; i++)
		free(program->words[i]);
	free(program->words);
	free(program->nodes);
	free(program->tests);
	free(program);
}

struct ft_filter *ft_filter_with_shown(const struct ft_filter *filter, unsigned shown)
{
	struct ft_filter *copy = xcalloc(1, sizeof(*copy));

	copy->text = xstrdup(filter->text);
	copy->shown = shown & FT_SHOW_ALL;
	copy->program = filter->program;
	if (copy->program)
		atomic_fetch_add(&copy->program->references, 1);
	return copy;
}

struct ft_filter *ft_filter_copy(const struct ft_filter *filter)
{
	return ft_filter_with_shown(filter, filter->shown);
}

/* NULL is fine. */
void ft_filter_free(struct ft_filter *filter)
{
	if (!filter)
		return;
	ft_filter_program_put(filter->program);
	free(filter->text);
	free(filter);
}

bool ft_filter_is_all(const struct ft_filter *filter)
{
	return !filter->program && filter->shown == FT_SHOW_ALL;
}

unsigned ft_filter_shown(const struct ft_filter *filter)
{
	return filter->shown;
}

const char *ft_filter_text(const struct ft_filter *filter)
{
	return filter->text;
}

/* The protocol toggles as an expression: those shown, or those not shown if "other" is. */
static void describe_protocols(unsigned shown, char *buf, size_t size)
{
	static const struct {
		unsigned bit;
		const char *words;
	} protocols[] = {
		{ FT_SHOW_TCP, "tcp" }, { FT_SHOW_UDP, "udp" }, { FT_SHOW_ICMP, "icmp or icmp6" },
	};
	bool negated = shown & FT_SHOW_OTHER;
	char list[64] = "";
	size_t fill = 0;

	buf[0] = '\0';
	if ((shown & FT_SHOW_ALL_PROTOCOLS) == FT_SHOW_ALL_PROTOCOLS)
		return;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!(shown & protocols[i].bit) == negated)
			fill += (size_t)snprintf(list + fill, sizeof(list) - fill, "%s%s",
						 fill ? " or " : "", protocols[i].words);
	if (!list[0])
		snprintf(buf, size, "not (ip or ip6)"); /* nothing is shown */
	else
		snprintf(buf, size, strstr(list, " or ") ? "%s(%s)" : "%s%s",
			 negated ? "not " : "", list);
}

/* Itself an expression of the grammar, which matches the same flows. */
char *ft_filter_describe(const struct ft_filter *filter)
{
	unsigned versions = filter->shown & (FT_SHOW_V4 | FT_SHOW_V6);
	const char *version = versions == FT_SHOW_V4   ? "ip"
			      : versions == FT_SHOW_V6 ? "ip6"
			      : versions == 0	       ? "not (ip or ip6)"
						       : "";
	char protocols[96];
	bool toggles, wrap;

	describe_protocols(filter->shown, protocols, sizeof(protocols));
	toggles = protocols[0] || version[0];
	wrap = toggles && filter->program;
	return xasprintf("%s%s%s%s%s%s%s", version, version[0] && protocols[0] ? " and " : "",
			 protocols, wrap ? " and " : "", wrap ? "(" : "",
			 filter->program ? filter->text : "", wrap ? ")" : "");
}
