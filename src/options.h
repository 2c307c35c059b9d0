/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of options: command line, config file, --help, man page (tested) and bash
 * completion come from its rows. Fills a plain struct; checks ranges and contradictions.
 */
#ifndef FT_OPTIONS_H
#define FT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/fmt.h"
#include "core/net.h"
#include "core/rows.h"
#include "output/output.h"

enum ft_mode { FT_MODE_SCREEN, FT_MODE_BATCH, FT_MODE_HELP, FT_MODE_VERSION, FT_MODE_LIST,
	       FT_MODE_DOCTOR };

/* Everything is owned by the struct; ft_options_done frees. */
struct ft_options {
	enum ft_mode mode;
	char **interfaces;
	size_t interface_count;
	char *capture_filter;  /* -f */
	struct ft_net *local_nets; /* -F */
	size_t local_net_count;
	char *read_file;       /* -r */
	char **exports;        /* --export: URLs, checked */
	size_t export_count;
	char *diff_before;     /* --diff: FILE or FILE@TIME; NULL = none */
	char *diff_after;      /* the first word after the options then */
	char *write_file;      /* -w */
	char *keep;            /* --keep; checked */
	double speed;          /* --speed: what -r reads is played so many times as fast; 0 = read */
	char *until;           /* --until: a display filter */
	uint64_t intervals;    /* -c */
	uint64_t max_rows;     /* -L */
	enum ft_titles titles; /* --header */
	bool raw;              /* --raw: whole numbers in text */
	char *format;          /* -o, "text" */
	uint64_t interval_ns;  /* -d */
	unsigned window;       /* index; -t */
	char *sort;            /* column id; NULL = the list's default */
	int sort_ascending;    /* -1 = the column's own, 0, 1 */
	unsigned lists;        /* --pane: FT_ON_* bits */
	enum ft_list first_list;
	bool health;           /* --pane health: lists is 0 then */
	bool numeric_hosts, numeric_ports, resolve;
	enum ft_unit unit;
	enum ft_prefix prefix;
	unsigned layer;
	bool only_v4, only_v6; /* -4, -6: parts of the filter */
	int64_t *pids;         /* -P: parts of the filter, any of them */
	size_t pid_count;
	char *filter;          /* trailing words, -4 -6 -P joined by "and"; "" = none */
	bool promiscuous;
	char *backend;         /* "auto" */
	char *docker_socket;   /* --docker-socket; NULL: not asked */
	uint32_t max_flows;
	bool readonly, no_mouse, no_color, ascii;
	char *config_file;     /* --config; NULL = the usual places */
};

struct ft_option {
	char letter;         /* 0 = none */
	const char *name;    /* long name without dashes; also the config key; NULL = none */
	const char *argument;/* N_() "IF", "SEC"; NULL = flag */
	const char *help;    /* N_() */
	bool in_config;      /* may stand in the config file */
	bool repeatable;
	int (*set)(struct ft_options *options, const char *what, const char *value, char *err,
		   size_t err_size);
};

extern const struct ft_option ft_option_table[];
extern const size_t ft_option_count;

/* True if -w names a file of packets, and not a recording. */
bool ft_options_write_packets(const struct ft_options *options);

void ft_options_init(struct ft_options *options);
void ft_options_done(struct ft_options *options);

/*
 * Config files first, then argv, which wins; argv is not changed. *ret_warnings: lines for the
 * user, one a line, NULL if none; caller frees, also on failure. -EINVAL + sentence, -ENOENT if
 * the file of --config is not there (-EACCES: not readable).
 */
int ft_options_parse(struct ft_options *options, int argc, char *const argv[], char **ret_warnings,
		     char *err, size_t err_size);
/* The row of a long name, or NULL; the long name nearest to a mistyped one, or NULL. */
const struct ft_option *ft_option_find(const char *name);
const char *ft_option_nearest(const char *name);
void ft_options_help(FILE *stream);    /* --help */
void ft_options_version(FILE *stream); /* -V */

#endif
