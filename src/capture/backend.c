/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder: which backends there are, best first, and how one is chosen. A rung is taken by
 * opening it for real; what a failed rung said is kept for the screen's reason, or, when none
 * is left, for the error.
 */
#include "capture/backend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/fmt.h"
#include "core/log.h"
#include "core/nls.h"

/* Best first. The file backend is no rung: it is chosen by -r alone. */
static const struct ft_backend_ops *const ladder[] = {
	&ft_backend_tcx,
	&ft_backend_clsact,
	&ft_backend_packet,
};

#define RUNGS (sizeof(ladder) / sizeof(ladder[0]))

/* Appends to a sentence, cut at size. */
__attribute__((format(printf, 3, 4)))
static void append(char *text, size_t size, const char *format, ...)
{
	size_t length = strnlen(text, size);
	va_list args;

	if (length >= size)
		return;
	va_start(args, format);
	vsnprintf(text + length, size - length, format, args);
	va_end(args);
}

/* Why the rungs above failed: "no tcx: ...; no tc: ...", equal sentences once. */
static void tell_failed(size_t failed, char said[][FT_REASON_MAX], char *text, size_t size)
{
	size_t i, next;

	*text = '\0';
	for (i = 0; i < failed; i = next) {
		append(text, size, "%s", i ? "; " : "");
		append(text, size, _("no %s"), ladder[i]->name);
		for (next = i + 1; next < failed && strcmp(said[next], said[i]) == 0; next++)
			append(text, size, ", %s", ladder[next]->name);
		append(text, size, ": %s", said[i]);
	}
}

static bool is_permission(int error)
{
	return error == -EPERM || error == -EACCES;
}

/* `auto`: down the ladder from `first` until one opens. */
static int climb(size_t first, const struct ft_backend_config *config,
		 const struct ft_links *links, struct ft_backend **ret_backend, char *ret_reason,
		 size_t reason_size, char *err, size_t err_size)
{
	char said[RUNGS][FT_REASON_MAX] = { "" };
	bool permission = true;
	int result = -EOPNOTSUPP;
	size_t i;

	for (i = first; i < RUNGS; i++) {
		result = ladder[i]->open(config, links, ret_backend, said[i], sizeof(said[i]));
		if (result == 0) {
			if (i > first)
				tell_failed(i, said, ret_reason, reason_size);
			return 0;
		}
		ft_log(FT_LOG_INFO, "%s: %s", ladder[i]->name, said[i]);
		permission &= is_permission(result);
	}
	/* The last rung needs least: what it says mends most. */
	if (first > 0 || permission || result == -EINVAL || result == -ENODEV)
		snprintf(err, err_size, "%s", said[RUNGS - 1]);
	else
		tell_failed(RUNGS, said, err, err_size);
	return result;
}

/* The rung of this name, RUNGS if there is none. */
static size_t rung_of(const char *name)
{
	size_t i;

	for (i = 0; i < RUNGS && strcmp(ladder[i]->name, name) != 0; i++)
		;
	return i;
}

int ft_backend_choose(const char *name, const struct ft_backend_config *config,
		      const struct ft_links *links, struct ft_backend **ret_backend,
		      char *ret_reason, size_t reason_size, char *err, size_t err_size)
{
	size_t packet = RUNGS - 1, rung;
	char shown[64];

	*err = '\0';
	*ret_reason = '\0';
	if (config->file)
		return ft_backend_file.open(config, links, ret_backend, err, err_size);
	if (!name || strcmp(name, "auto") == 0) {
		if (!config->capture_filter && !config->packets) {
			snprintf(ret_reason, reason_size, _("the best there is works here"));
			return climb(0, config, links, ret_backend, ret_reason, reason_size, err,
				     err_size);
		}
		snprintf(ret_reason, reason_size, "%s",
			 config->capture_filter ? _("-f needs AF_PACKET") :
						  _("-w of packets needs AF_PACKET"));
		return climb(packet, config, links, ret_backend, ret_reason, reason_size, err,
			     err_size);
	}
	rung = rung_of(name);
	if (rung == RUNGS) {
		ft_fmt_escape(name, strlen(name), false, shown, sizeof(shown));
		snprintf(err, err_size, _("--backend: %s is none of auto, tcx, tc, packet"),
			 shown);
		return -EINVAL;
	}
	if (config->capture_filter && rung != packet) {
		snprintf(err, err_size, _("-f works with --backend packet (or auto), not with %s"),
			 name);
		return -EINVAL;
	}
	if (config->packets && rung != packet) {
		snprintf(err, err_size,
			 _("-w of packets works with --backend packet (or auto), not with %s"),
			 name);
		return -EINVAL;
	}
	snprintf(ret_reason, reason_size, _("chosen by --backend"));
	return ladder[rung]->open(config, links, ret_backend, err, err_size);
}

void ft_backend_probe_all(void (*each)(void *arg, const char *name, int result, const char *why),
			  void *arg)
{
	size_t i;

	for (i = 0; i < RUNGS; i++) {
		char why[FT_REASON_MAX] = "";
		int result = ladder[i]->probe(why, sizeof(why));

		each(arg, ladder[i]->name, result, why);
	}
}
