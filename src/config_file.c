/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config files. The text is somebody else's: it is read as a regular file of bounded size, with
 * the rights of the user whose file it is, and nothing in it can do more than set an option.
 * A warning names file, line and key; the rest of a bad line is never repeated, so that a link
 * to a secret file does not print it.
 */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "options.h"
#include "output/caller.h"

#define CONFIG_MAX 65536

/* Adds one assignment at the end. */
void ft_assignments_add(struct ft_assignments *assignments, const struct ft_option *option,
			const char *value, const char *what)
{
	struct ft_assignment *one;

	assignments->list = xreallocarray(assignments->list, assignments->count + 1, sizeof(*one));
	one = &assignments->list[assignments->count++];
	*one = (struct ft_assignment){
		.option = option,
		.value = value ? xstrdup(value) : NULL,
		.what = xstrdup(what),
	};
}

/* Frees the list. */
void ft_assignments_done(struct ft_assignments *assignments)
{
	for (size_t i = 0; i < assignments->count; i++) {
		free(assignments->list[i].value);
		free(assignments->list[i].what);
	}
	free(assignments->list);
	*assignments = (struct ft_assignments){ 0 };
}

/* One more line for the user. */
void ft_warn(char **warnings, const char *format, ...)
{
	char line[512];
	va_list args;
	char *old = *warnings;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	*warnings = xasprintf("%s%s\n", old ? old : "", line);
	free(old);
}

/* Whole text of a regular file of at most CONFIG_MAX bytes, NUL-ended; caller frees. */
static int read_whole(const char *path, char **ret_text)
{
	char *text = NULL;
	struct stat st;
	size_t length = 0;
	ssize_t got = 1;
	int ret = 0;
	/* NONBLOCK: a FIFO must not hold the start up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		ret = -errno;
		goto cleanup;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > CONFIG_MAX) {
		ret = S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
		goto cleanup;
	}
	text = xmalloc(CONFIG_MAX + 1);
	while (length < CONFIG_MAX && got > 0) {
		got = read(fd, text + length, CONFIG_MAX - length);
		if (got < 0) {
			ret = -errno;
			goto cleanup;
		}
		length += (size_t)got;
	}
	text[length] = '\0';
	*ret_text = text;
	text = NULL;
cleanup:
	free(text);
	close(fd);
	return ret;
}

/* Cuts blanks at both ends, in place. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text;
}

/* 1 yes, 0 no, -1 neither. */
static int parse_bool(const char *text)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i]))
			return (int)(i & 1);
	return -1;
}

/* True if a key may be repeated in a message: letters and dashes only, and short. */
static bool key_is_harmless(const char *key)
{
	size_t length = strlen(key);

	return length > 0 && length <= 32 &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

/* A key that the table does not have, or that may not stand in a file. */
static void warn_key(const char *where, const char *key, char **warnings)
{
	const char *near = key_is_harmless(key) ? ft_option_nearest(key) : NULL;

	if (!key_is_harmless(key))
		ft_warn(warnings, _("%s: not a key; ignored"), where);
	else if (ft_option_find(key))
		ft_warn(warnings, _("%s: \"%s\" works on the command line only; ignored"), where,
			key);
	else if (near)
		ft_warn(warnings, _("%s: unknown key \"%s\" (did you mean \"%s\"?); ignored"),
			where, key, near);
	else
		ft_warn(warnings, _("%s: unknown key \"%s\"; ignored"), where, key);
}

/* One line: nothing, a comment, or an assignment. */
static void read_line(const char *where, char *line, struct ft_assignments *assignments,
		      char **warnings)
{
	const struct ft_option *option;
	char *key = trim(line), *value = strchr(key, '=');
	char *what;
	int yes = 1;

	if (!*key || *key == '#')
		return;
	if (!value) {
		ft_warn(warnings, _("%s: not of the form \"key = value\"; ignored"), where);
		return;
	}
	*value++ = '\0';
	key = trim(key);
	value = trim(value);
	option = ft_option_find(key);
	if (!option || !option->in_config) {
		warn_key(where, key, warnings);
		return;
	}
	if (!option->argument)
		yes = parse_bool(value);
	if (yes < 0) {
		ft_warn(warnings, _("%s: %s takes yes or no; ignored"), where, key);
		return;
	}
	if (!yes)
		return;
	what = xasprintf("%s: %s", where, key);
	ft_assignments_add(assignments, option, option->argument ? value : NULL, what);
	free(what);
}

/* Reads one file into assignments. */
int ft_config_file_read(const char *path, struct ft_assignments *assignments, char **warnings)
{
	struct ft_caller caller;
	char *text = NULL, *next, *where;
	unsigned number = 0;
	int ret;

	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	ret = read_whole(path, &text);
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	if (ret < 0)
		return ret;
	next = text;
	for (char *line = strsep(&next, "\n"); line; line = strsep(&next, "\n")) {
		where = xasprintf("%s:%u", path, ++number);
		read_line(where, line, assignments, warnings);
		free(where);
	}
	free(text);
	return 0;
}

/* Where the calling user's file is. */
char *ft_config_file_user(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	struct ft_caller caller;
	char *path = NULL;

	ft_caller_init(&caller);
	if (!caller.by_sudo && xdg && *xdg == '/')
		path = xasprintf("%s/flowtop/config", xdg);
	else if (caller.home)
		path = xasprintf("%s/.config/flowtop/config", caller.home);
	ft_caller_done(&caller);
	return path;
}
