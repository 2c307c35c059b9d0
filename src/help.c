/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --help and -V. The help is the table of options, wrapped to HELP_WIDTH cells; nothing in it
 * is written twice. -V adds what the kernel can, found by trying. Called by main, no threads.
 */
#include "clickhouse/clickhouse.h"
#include "options.h"
#include "recording/recording.h"
#include "recording/records.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ares.h>

#include "capture/backend.h"
#include "core/nls.h"
#include "core/xalloc.h"
#include "ui/ui.h"
#include "version.h"

#define HELP_WIDTH 79
#define HELP_INDENT 30

/* Words into lines of at most HELP_WIDTH cells; the first line begins at cell `at`. */
static void wrap(FILE *stream, const char *text, unsigned indent, unsigned at)
{
	size_t length;
	unsigned cells;
	char *word;
	bool first = true;

	for (; *text; text += length) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		word = xstrndup(text, length);
		cells = ft_fmt_width(word);
		if (!first && at + 1 + cells > HELP_WIDTH) {
			fprintf(stream, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			fputc(' ', stream);
			at++;
		}
		fputs(word, stream);
		at += cells;
		first = false;
		free(word);
	}
	fputc('\n', stream);
}

/* One row. */
static void print_row(FILE *stream, const struct ft_option *option)
{
	char *left;
	unsigned cells;

	if (option->letter)
		left = xasprintf("  -%c, --%s%s%s", option->letter, option->name,
				 option->argument ? "=" : "",
				 option->argument ? _(option->argument) : "");
	else
		left = xasprintf("      --%s%s%s", option->name, option->argument ? "=" : "",
				 option->argument ? _(option->argument) : "");
	cells = ft_fmt_width(left);
	fputs(left, stream);
	if (cells + 1 >= HELP_INDENT)
		fprintf(stream, "\n%*s", HELP_INDENT, "");
	else
		fprintf(stream, "%*s", (int)(HELP_INDENT - cells), "");
	wrap(stream, _(option->help), HELP_INDENT, HELP_INDENT);
	free(left);
}

/* --help */
void ft_options_help(FILE *stream)
{
	fputs(_("Usage: flowtop [options] [filter ...]\n"), stream);
	wrap(stream, _("Shows live network flows, talkers and processes of this machine."), 0, 0);
	fputc('\n', stream);
	for (size_t i = 0; i < ft_option_count; i++)
		print_row(stream, &ft_option_table[i]);
	fputc('\n', stream);
	wrap(stream,
	     _("The words after the options are the display filter, for example: tcp port 443, "
	       "host 192.0.2.1 or net 10.0.0.0/8, process curl and rate > 1M, not local port 22."),
	     0, 0);
	wrap(stream, _("Keys: press h on the screen. More: man 8 flowtop."), 0, 0);
}

/* One rung for -V. */
static void print_rung(void *arg, const char *name, int result, const char *why)
{
	FILE *stream = arg;

	if (result == 0)
		fprintf(stream, _("  %-8s yes\n"), name);
	else
		fprintf(stream, _("  %-8s no: %s\n"), name, why);
}

/* -V */
void ft_options_version(FILE *stream)
{
	struct utsname kernel;
	const char *bpf = ft_version_libbpf();

	fprintf(stream, "flowtop %s\n", PACKAGE_VERSION);
	fprintf(stream, "  libbpf %s\n", bpf ? bpf : _("not built in"));
	fprintf(stream, "  %s\n", pcap_lib_version());
	fprintf(stream, "  %s\n", ft_ui_library());
	fprintf(stream, "  c-ares %s\n", ares_version(NULL));
	if (ft_recording_library())
		fprintf(stream, "  %s\n", ft_recording_library());
	if (ft_records_library())
		fprintf(stream, "  %s\n", ft_records_library());
	if (ft_clickhouse_library())
		fprintf(stream, "  %s\n", ft_clickhouse_library());
	if (uname(&kernel) == 0)
		fprintf(stream, _("kernel %s\n"), kernel.release);
	fprintf(stream, "  %-8s %s\n", "BTF",
		access("/sys/kernel/btf/vmlinux", R_OK) == 0 ? _("yes") : _("no"));
	ft_backend_probe_all(print_rung, stream);
}
