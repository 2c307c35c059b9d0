/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From words to a plain struct. Each source (system file, user's file, command line) first
 * becomes a list of assignments; then they are applied in that order, so that the later one
 * wins, and what they say together is checked once. Lists (-i, -F, -P) of a weaker source are
 * left out when a stronger one has the same key: they do not add up. Called once by main,
 * before there are threads; getopt_long is built from the table.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_file.h"
#include "core/column.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "output/capture_file.h"

#define DEFAULT_MAX_FLOWS 1000000
#define LONG_ONLY 1000 /* + row: getopt's number of a row without a letter */

/* The defaults. */
void ft_options_init(struct ft_options *options)
{
	const char *no_color = getenv("NO_COLOR");

	*options = (struct ft_options){
		.mode = FT_MODE_SCREEN,
		.format = xstrdup("text"),
		.interval_ns = 1000000000,
		.sort_ascending = -1,
		.lists = FT_ON_FLOWS,
		.first_list = FT_LIST_FLOWS,
		.unit = FT_UNIT_BITS,
		.prefix = FT_PREFIX_SI,
		.layer = 3,
		.filter = xstrdup(""),
		.backend = xstrdup("auto"),
		.max_flows = DEFAULT_MAX_FLOWS,
		.no_color = no_color && *no_color,
	};
}

/* Frees what the struct owns. */
void ft_options_done(struct ft_options *options)
{
	for (size_t i = 0; i < options->interface_count; i++)
		free(options->interfaces[i]);
	free(options->interfaces);
	free(options->capture_filter);
	free(options->local_nets);
	free(options->read_file);
	for (size_t i = 0; i < options->export_count; i++)
		free(options->exports[i]);
	free(options->exports);
	free(options->diff_before);
	free(options->diff_after);
	free(options->write_file);
	free(options->keep);
	free(options->until);
	free(options->format);
	free(options->sort);
	free(options->pids);
	free(options->filter);
	free(options->backend);
	free(options->docker_socket);
	free(options->config_file);
	*options = (struct ft_options){ 0 };
}

/* The row with this long name. */
const struct ft_option *ft_option_find(const char *name)
{
	for (size_t i = 0; i < ft_option_count; i++)
		if (!strcmp(ft_option_table[i].name, name))
			return &ft_option_table[i];
	return NULL;
}

/* Edits (insert, delete, replace) between two short words; 99 for long ones. */
static unsigned edits(const char *a, const char *b)
{
	unsigned row[33], diagonal, above, least;
	size_t la = strlen(a), lb = strlen(b);

	if (la > 32 || lb > 32)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			above = row[j];
			least = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < least)
				least = above + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
			diagonal = above;
		}
	}
	return row[lb];
}

/* The nearest long name, if it is near at all. */
const char *ft_option_nearest(const char *name)
{
	const char *nearest = NULL;
	unsigned best = (unsigned)strlen(name) / 3 + 2, distance;

	for (size_t i = 0; i < ft_option_count; i++) {
		distance = edits(name, ft_option_table[i].name);
		if (distance < best) {
			best = distance;
			nearest = ft_option_table[i].name;
		}
	}
	return nearest;
}

/* getopt's two tables, from ours. */
static void make_getopt(char *letters, struct option *longs)
{
	*letters++ = ':';
	for (size_t i = 0; i < ft_option_count; i++) {
		const struct ft_option *option = &ft_option_table[i];

		longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->argument ? required_argument : no_argument,
			.val = LONG_ONLY + (int)i,
		};
		if (!option->letter)
			continue;
		*letters++ = option->letter;
		if (option->argument)
			*letters++ = ':';
	}
	*letters = '\0';
}

/* The row that getopt means by `val`; `what` becomes "-d" or "--pane". */
static const struct ft_option *row_of(int val, char *what, size_t size)
{
	for (size_t i = 0; i < ft_option_count; i++) {
		if (val == LONG_ONLY + (int)i) {
			snprintf(what, size, "--%s", ft_option_table[i].name);
			return &ft_option_table[i];
		}
		if (val < LONG_ONLY && val == ft_option_table[i].letter) {
			snprintf(what, size, "-%c", val);
			return &ft_option_table[i];
		}
	}
	return NULL;
}

/* The sentence for a word that getopt did not know. */
static void say_unknown(const char *word, char *err, size_t err_size)
{
	char name[64];
	const char *near;

	if (optopt > 0 && optopt < LONG_ONLY) {
		snprintf(err, err_size, _("unknown option -%c (see flowtop --help)"), optopt);
		return;
	}
	if (optopt >= LONG_ONLY) {
		snprintf(err, err_size, _("--%s takes no value"),
			 ft_option_table[optopt - LONG_ONLY].name);
		return;
	}
	word += strspn(word, "-");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near = ft_option_nearest(name);
	if (near)
		snprintf(err, err_size, _("unknown option --%s (did you mean --%s?)"), name, near);
	else
		snprintf(err, err_size, _("unknown option --%s (see flowtop --help)"), name);
}

/* The command line as assignments and, behind them, words. The array is getopt's to permute. */
static int read_words(int argc, char **argv, struct ft_assignments *assignments, char *err,
		      size_t err_size)
{
	struct option *longs = xcalloc(ft_option_count + 1, sizeof(*longs));
	char *letters = xmalloc(2 * ft_option_count + 2);
	const struct ft_option *option;
	char what[64];
	int val, ret = 0;

	make_getopt(letters, longs);
	opterr = 0;
	optind = 0; /* glibc: begin anew, also in a second call */
	while (ret == 0 && (val = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		option = row_of(val == ':' ? optopt : val, what, sizeof(what));
		if (val == ':' && option) {
			snprintf(err, err_size, _("%s needs a value: %s"), what,
				 _(option->argument));
			ret = -EINVAL;
		} else if (val == '?' || !option) {
			say_unknown(argv[optind - 1], err, err_size);
			ret = -EINVAL;
		} else {
			ft_assignments_add(assignments, option, optarg, what);
		}
	}
	free(letters);
	free(longs);
	return ret;
}

/* True if a source has this row. */
static bool has(const struct ft_assignments *assignments, const char *name)
{
	for (size_t i = 0; i < assignments->count; i++)
		if (!strcmp(assignments->list[i].option->name, name))
			return true;
	return false;
}

/* True if what a file says is overruled: a list that stronger sources give too, or -i by -r. */
static bool overruled(const struct ft_option *option, const struct ft_assignments *const *stronger)
{
	for (; *stronger; stronger++) {
		if (option->repeatable && has(*stronger, option->name))
			return true;
		if (!strcmp(option->name, "interface") && has(*stronger, "read"))
			return true;
	}
	return false;
}

/* What a file says; a bad value is a warning. `stronger` ends with NULL. */
static void apply_file(struct ft_options *options, const struct ft_assignments *file,
		       const struct ft_assignments *const *stronger, char **warnings)
{
	const struct ft_assignment *one;
	char why[512];

	for (size_t i = 0; i < file->count; i++) {
		one = &file->list[i];
		if (overruled(one->option, stronger))
			continue;
		if (one->option->set(options, one->what, one->value, why, sizeof(why)) < 0)
			ft_warn(warnings, _("%s; ignored"), why);
	}
}

/* What the command line says; a bad value ends it. */
static int apply_words(struct ft_options *options, const struct ft_assignments *words, char *err,
		       size_t err_size)
{
	const struct ft_assignment *one;

	for (size_t i = 0; i < words->count; i++) {
		one = &words->list[i];
		if (one->option->set(options, one->what, one->value, err, err_size) < 0)
			return -EINVAL;
	}
	return 0;
}

/* The display filter: each part in brackets when there is more than one. */
static void join_filter(struct ft_options *options, char *const *words, int count)
{
	char *parts[3] = { NULL }, *text = NULL, *next;
	size_t used = 0;

	if (options->only_v4 != options->only_v6)
		parts[used++] = xstrdup(options->only_v4 ? "ip" : "ip6");
	for (size_t i = 0; i < options->pid_count; i++) {
		next = xasprintf("%s%spid %lld", text ? text : "", text ? " or " : "",
				 (long long)options->pids[i]);
		free(text);
		text = next;
	}
	if (text)
		parts[used++] = text;
	text = NULL;
	for (int i = 0; i < count; i++) {
		next = xasprintf("%s%s%s", text ? text : "", text ? " " : "", words[i]);
		free(text);
		text = next;
	}
	if (text)
		parts[used++] = text;
	free(options->filter);
	if (used == 1) {
		options->filter = parts[0];
		return;
	}
	options->filter = xstrdup("");
	for (size_t i = 0; i < used; i++) {
		next = xasprintf("%s%s(%s)", options->filter, i ? " and " : "", parts[i]);
		free(options->filter);
		options->filter = next;
		free(parts[i]);
	}
}

bool ft_options_write_packets(const struct ft_options *options)
{
	enum ft_capture_format format;

	return options->write_file && ft_capture_format_of(options->write_file, &format);
}

/* What cannot be true together with -w of packets. */
static int check_packets(const struct ft_options *options, const struct ft_assignments *words,
			 bool tc, char *err, size_t err_size)
{
	if (!ft_options_write_packets(options))
		return 0;
	if (tc && !options->read_file) {
		snprintf(err, err_size,
			 _("-w of packets does not work with --backend %s: leave --backend away, or "
			   "--backend packet"),
			 options->backend);
		return -EINVAL;
	}
	if (has(words, "keep")) {
		snprintf(err, err_size, _("--keep is for recordings: not with -w of packets"));
		return -EINVAL;
	}
	return 0;
}

/* --diff A: B is the first of the words, the rest is the display filter. */
static int take_diff(struct ft_options *options, char *const *words, int count, char *err,
		     size_t err_size)
{
	if (!options->diff_before)
		return 0;
	if (optind >= count) {
		snprintf(err, err_size, _("--diff compares two files: --diff A B"));
		return -EINVAL;
	}
	/* What was counted is what was asked for. */
	if (!options->sort)
		options->sort = xstrdup("total");
	free(options->diff_after);
	options->diff_after = xstrdup(words[optind++]);
	return 0;
}

/* What has no place beside --diff, which captures nothing and has one moment. */
static int check_diff(const struct ft_options *options, const struct ft_assignments *words,
		      char *err, size_t err_size)
{
	static const char *const others[] = { "read", "write", "interface", "capture-filter", "local",
					      "promiscuous", "backend", "export", "count", "until",
					      "max-flows", "speed" };

	for (size_t i = 0; options->diff_before && i < sizeof(others) / sizeof(others[0]); i++) {
		if (!has(words, others[i]))
			continue;
		snprintf(err, err_size, _("--diff compares two files: not with --%s"), others[i]);
		return -EINVAL;
	}
	if (options->diff_before && options->health) {
		snprintf(err, err_size, _("--diff compares rows: not with --pane health"));
		return -EINVAL;
	}
	return 0;
}

/* What cannot be true together. */
static int check_together(const struct ft_options *options, const struct ft_assignments *words,
			  char *err, size_t err_size)
{
	const struct ft_column *sort = options->sort ? ft_column_find(options->sort) : NULL;
	bool tc = !strcmp(options->backend, "tcx") || !strcmp(options->backend, "tc");

	if (check_diff(options, words, err, err_size) < 0)
		return -EINVAL;
	if (!strcmp(options->format, "csv") && (options->lists & (options->lists - 1))) {
		snprintf(err, err_size, _("-o csv holds one pane: not with --pane all"));
		return -EINVAL;
	}
	if (!strcmp(options->format, "csv") && options->health) {
		snprintf(err, err_size, _("-o csv holds rows: not with --pane health"));
		return -EINVAL;
	}
	if (options->capture_filter && !options->read_file && tc) {
		snprintf(err, err_size,
			 _("-f does not work with --backend %s yet: leave --backend away, or "
			   "--backend packet"),
			 options->backend);
		return -EINVAL;
	}
	if (options->write_file && options->read_file && strcmp(options->write_file, "-") != 0 &&
	    strcmp(options->write_file, options->read_file) == 0) {
		snprintf(err, err_size, _("-w and -r name the same file"));
		return -EINVAL;
	}
	if (options->until && options->mode != FT_MODE_BATCH) {
		snprintf(err, err_size, _("--until ends batch: only with -b"));
		return -EINVAL;
	}
	if (options->speed > 0 && !options->read_file) {
		snprintf(err, err_size, _("--speed plays a file: only with -r"));
		return -EINVAL;
	}
	/* In a config file it is meant for the runs that record. */
	if (has(words, "keep") && !options->write_file) {
		snprintf(err, err_size, _("--keep is for recordings: only with -w"));
		return -EINVAL;
	}
	if (options->write_file && options->readonly) {
		snprintf(err, err_size, _("--readonly writes no files: not with -w"));
		return -EINVAL;
	}
	if (check_packets(options, words, tc, err, err_size) < 0)
		return -EINVAL;
	if (options->read_file && (options->interface_count || options->promiscuous)) {
		snprintf(err, err_size, _("-r reads a file: not with %s"),
			 options->interface_count ? "-i" : "-p");
		return -EINVAL;
	}
	if (options->read_file && has(words, "backend")) {
		snprintf(err, err_size, _("-r reads a file: not with --backend"));
		return -EINVAL;
	}
	if (options->read_file && options->docker_socket) {
		snprintf(err, err_size, _("-r reads a file: not with --docker-socket"));
		return -EINVAL;
	}
	/* Names take their time, records don't wait; in a config file it is for the screen. */
	if (options->mode == FT_MODE_BATCH && has(words, "resolve")) {
		snprintf(err, err_size, _("--resolve names hosts on the screen: not with -b"));
		return -EINVAL;
	}
	/* In a config file it is meant for the panes that have it. */
	if (sort && !options->health && !(sort->lists & options->lists) && has(words, "sort")) {
		snprintf(err, err_size, _("-s: the pane %s has no column \"%s\""),
			 ft_list_name(options->first_list), sort->id);
		return -EINVAL;
	}
	return 0;
}

/* Reads the config files into two lists: --config's alone, or the user's and the system's. */
static int read_files(const struct ft_assignments *words, struct ft_assignments *user,
		      struct ft_assignments *system, char **warnings, char *err, size_t err_size)
{
	const char *named = NULL;
	char *path;
	int ret;

	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->list[i].option->name, "config"))
			named = words->list[i].value;
	if (named) {
		ret = ft_config_file_read(named, user, warnings);
		if (ret < 0)
			snprintf(err, err_size, _("--config: %.200s: %s"), named, strerror(-ret));
		return ret;
	}
	path = ft_config_file_user();
	ret = path ? ft_config_file_read(path, user, warnings) : 0;
	/* A home that we may not look into (HOME of another user) has no file for us. */
	if (ret == -EACCES && access(path, F_OK) < 0)
		ret = 0;
	if (ret < 0 && ret != -ENOENT && ret != -ENOTDIR)
		ft_warn(warnings, "%s: %s", path, strerror(-ret));
	free(path);
	ret = ft_config_file_read(FT_CONFIG_FILE_SYSTEM, system, warnings);
	if (ret < 0 && ret != -ENOENT)
		ft_warn(warnings, "%s: %s", FT_CONFIG_FILE_SYSTEM, strerror(-ret));
	return 0;
}

/* All of it. */
int ft_options_parse(struct ft_options *options, int argc, char *const argv[], char **ret_warnings,
		     char *err, size_t err_size)
{
	struct ft_assignments words = { 0 }, user = { 0 }, system = { 0 };
	const struct ft_assignments *const over_user[] = { &words, NULL };
	const struct ft_assignments *const over_system[] = { &words, &user, NULL };
	char **copy = xcalloc((size_t)argc + 1, sizeof(*copy));
	char *warnings = NULL;
	int ret;

	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	ret = read_words(argc, copy, &words, err, err_size);
	if (ret < 0)
		goto cleanup;
	if (!has(&words, "help") && !has(&words, "version"))
		ret = read_files(&words, &user, &system, &warnings, err, err_size);
	if (ret < 0)
		goto cleanup;
	apply_file(options, &system, over_system, &warnings);
	apply_file(options, &user, over_user, &warnings);
	ret = apply_words(options, &words, err, err_size);
	if (ret < 0)
		goto cleanup;
	ret = take_diff(options, copy, argc, err, err_size);
	if (ret < 0)
		goto cleanup;
	join_filter(options, copy + optind, argc - optind);
	ret = check_together(options, &words, err, err_size);
cleanup:
	*ret_warnings = warnings;
	ft_assignments_done(&system);
	ft_assignments_done(&user);
	ft_assignments_done(&words);
	free(copy);
	return ret;
}
