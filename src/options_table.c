/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows: letter, long name, argument, help, and the function that puts a value in its place.
 * A new option is a row plus a setter; --help, the config file, and the tests of man page and
 * completion follow. A setter checks the whole value and leaves the struct as it was if it is
 * bad. What depends on several options is checked in options.c, when all are known.
 */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "capture/pace.h"
#include "core/column.h"
#include "core/nls.h"
#include "core/num.h"
#include "core/table.h"
#include "core/xalloc.h"
#include "output/exporters.h"
#include "output/output.h"
#include "recording/recording.h"

#define MAX_FLOWS_LIMIT (1U << 24)

/* One of a list of words, by number; -1 and a sentence with all of them if it is none. */
static int choose(const char *what, const char *value, const char *const *words, size_t count,
		  char *err, size_t err_size)
{
	char list[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(value, words[i]))
			return (int)i;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 words[i]);
		if (used >= sizeof(list))
			used = sizeof(list) - 1;
	}
	snprintf(err, err_size, _("%s: \"%.64s\" is none of: %s"), what, value, list);
	return -1;
}

/* Replaces an owned text. */
static void replace(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

/* -i: names, globs, separated by commas. */
static int set_interface(struct ft_options *options, const char *what, const char *value,
			 char *err, size_t err_size)
{
	const char *word, *rest;
	size_t length;

	for (word = value; word; word = rest) {
		length = strcspn(word, ",");
		rest = word[length] ? word + length + 1 : NULL;
		if (length == 0 || length >= IFNAMSIZ) {
			snprintf(err, err_size,
				 _("%s: \"%.64s\": an interface name has 1 to %d characters"), what,
				 value, IFNAMSIZ - 1);
			return -EINVAL;
		}
	}
	for (word = value; word; word = rest) {
		length = strcspn(word, ",");
		rest = word[length] ? word + length + 1 : NULL;
		options->interfaces = xreallocarray(options->interfaces,
						    options->interface_count + 1,
						    sizeof(*options->interfaces));
		options->interfaces[options->interface_count++] = xstrndup(word, length);
	}
	return 0;
}

/* -f */
static int set_capture_filter(struct ft_options *options, const char *what, const char *value,
			      char *err, size_t err_size)
{
	(void)what, (void)err, (void)err_size;
	replace(&options->capture_filter, value);
	return 0;
}

/* -F */
static int set_local(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	struct ft_net net = { 0 };
	char why[160];

	if (ft_net_parse(value, &net, why, sizeof(why)) < 0) {
		snprintf(err, err_size, "%s: %s", what, why);
		return -EINVAL;
	}
	options->local_nets = xreallocarray(options->local_nets, options->local_net_count + 1,
					    sizeof(net));
	options->local_nets[options->local_net_count++] = net;
	return 0;
}

/* -r */
static int set_read(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	(void)what, (void)err, (void)err_size;
	replace(&options->read_file, value);
	return 0;
}

/* --diff: the other file comes behind the options; options.c takes it. */
static int set_diff(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	(void)what, (void)err, (void)err_size;
	replace(&options->diff_before, value);
	return 0;
}

/* --header */
static int set_header(struct ft_options *options, const char *what, const char *value, char *err,
		      size_t err_size)
{
	static const char *const words[] = { "always", "once", "never" };
	static const enum ft_titles titles[] = { FT_TITLES_ALWAYS, FT_TITLES_ONCE,
						 FT_TITLES_NEVER };
	int when = choose(what, value, words, 3, err, err_size);

	if (when < 0)
		return -EINVAL;
	options->titles = titles[when];
	return 0;
}

/* --raw */
static int set_raw(struct ft_options *options, const char *what, const char *value, char *err,
		   size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->raw = true;
	return 0;
}

/* --export: the URL is checked, but nothing is opened. */
static int set_export(struct ft_options *options, const char *what, const char *value, char *err,
		      size_t err_size)
{
	char why[512];

	if (ft_exporter_check(value, why, sizeof(why)) < 0) {
		snprintf(err, err_size, "%s: %s", what, why);
		return -EINVAL;
	}
	options->exports = xreallocarray(options->exports, options->export_count + 1,
					 sizeof(*options->exports));
	options->exports[options->export_count++] = xstrdup(value);
	return 0;
}

/* -w */
static int set_write(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	if (!*value) {
		snprintf(err, err_size, _("%s needs a value: %s"), what, _("FILE"));
		return -EINVAL;
	}
	/* A recording and packets, say: the later one alone would be half of what was asked for. */
	if (options->write_file) {
		snprintf(err, err_size, _("%s writes one file: not %s and %s"), what,
			 options->write_file, value);
		return -EINVAL;
	}
	replace(&options->write_file, value);
	return 0;
}

/* --until: the session parses it, it knows names. */
static int set_until(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	(void)what, (void)err, (void)err_size;
	replace(&options->until, value);
	return 0;
}

/* --keep */
static int set_keep(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	struct ft_recording_keep keep;

	if (ft_recording_parse_keep(value, &keep) < 0) {
		snprintf(err, err_size,
			 _("%s: \"%.64s\" is no age, size, or both (7d, 2G, or 7d,2G; at least 1M)"),
			 what, value);
		return -EINVAL;
	}
	replace(&options->keep, value);
	return 0;
}

/* --speed */
static int set_speed(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	if (strcmp(value, "max") == 0) {
		options->speed = 0;
		return 0;
	}
	return ft_num_double(what, value, 0, FT_PACE_SPEED_MAX, &options->speed, err, err_size);
}

/* -b */
static int set_batch(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	if (options->mode == FT_MODE_SCREEN)
		options->mode = FT_MODE_BATCH;
	return 0;
}

/* -c */
static int set_count(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	return ft_num_u64(what, value, 1, UINT64_MAX, &options->intervals, err, err_size);
}

/* -L */
static int set_limit(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	return ft_num_u64(what, value, 1, UINT64_MAX, &options->max_rows, err, err_size);
}

/* -o */
static int set_output(struct ft_options *options, const char *what, const char *value, char *err,
		      size_t err_size)
{
	const char *names[16];
	size_t count = 0;

	for (; count < sizeof(names) / sizeof(names[0]) && ft_outputs[count]; count++)
		names[count] = ft_outputs[count]->name;
	if (choose(what, value, names, count, err, err_size) < 0)
		return -EINVAL;
	replace(&options->format, value);
	return 0;
}

/* -d */
static int set_interval(struct ft_options *options, const char *what, const char *value, char *err,
			size_t err_size)
{
	double seconds;
	int ret = ft_num_double(what, value, 0.1, 3600, &seconds, err, err_size);

	if (ret < 0)
		return ret;
	options->interval_ns = (uint64_t)llround(seconds * 1e9);
	return 0;
}

/* -t */
static int set_window(struct ft_options *options, const char *what, const char *value, char *err,
		      size_t err_size)
{
	char text[FT_WINDOWS][16];
	const char *words[FT_WINDOWS];
	int window;

	for (unsigned i = 0; i < FT_WINDOWS; i++) {
		snprintf(text[i], sizeof(text[i]), "%.0f", ft_window_seconds[i]);
		words[i] = text[i];
	}
	window = choose(what, value, words, FT_WINDOWS, err, err_size);
	if (window < 0)
		return -EINVAL;
	options->window = (unsigned)window;
	return 0;
}

/* The sentence for a column that is none. */
static void say_columns(const char *what, const char *value, char *err, size_t err_size)
{
	size_t used;
	int n = snprintf(err, err_size, _("%s: no column \"%.64s\"; there are:"), what, value);

	used = n < 0 ? 0 : (size_t)n;
	for (size_t i = 0; i < ft_column_count && used < err_size; i++)
		used += (size_t)snprintf(err + used, err_size - used, " %s", ft_columns[i].id);
}

/* -s */
static int set_sort(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	const char *colon = strchr(value, ':');
	char *id = colon ? xstrndup(value, (size_t)(colon - value)) : xstrdup(value);
	int ascending = -1;

	if (!ft_column_find(id)) {
		say_columns(what, id, err, err_size);
		goto fail;
	}
	if (colon && !strcmp(colon, ":asc")) {
		ascending = 1;
	} else if (colon && !strcmp(colon, ":desc")) {
		ascending = 0;
	} else if (colon) {
		snprintf(err, err_size, _("%s: \"%.64s\": after the column comes :asc or :desc"),
			 what, value);
		goto fail;
	}
	free(options->sort);
	options->sort = id;
	options->sort_ascending = ascending;
	return 0;
fail:
	free(id);
	return -EINVAL;
}

/* --pane */
static int set_pane(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	const char *words[FT_LIST_MAX + 2];
	int pane;

	for (unsigned i = 0; i < FT_LIST_MAX; i++)
		words[i] = ft_list_name((enum ft_list)i);
	words[FT_LIST_MAX] = "all";
	words[FT_LIST_MAX + 1] = "health";
	pane = choose(what, value, words, FT_LIST_MAX + 2, err, err_size);
	if (pane < 0)
		return -EINVAL;
	options->health = pane == FT_LIST_MAX + 1;
	if (options->health) {
		options->lists = 0;
		return 0;
	}
	options->lists = pane == FT_LIST_MAX ? (1U << FT_LIST_MAX) - 1 : 1U << pane;
	options->first_list = pane == FT_LIST_MAX ? FT_LIST_FLOWS : (enum ft_list)pane;
	return 0;
}

/* -n */
static int set_numeric(struct ft_options *options, const char *what, const char *value, char *err,
		       size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->numeric_hosts = true;
	options->resolve = false;
	return 0;
}

/* -N */
static int set_numeric_ports(struct ft_options *options, const char *what, const char *value,
			     char *err, size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->numeric_ports = true;
	return 0;
}

/* --resolve */
static int set_resolve(struct ft_options *options, const char *what, const char *value, char *err,
		       size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->resolve = true;
	options->numeric_hosts = false;
	return 0;
}

/* -u */
static int set_unit(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	static const char *const words[] = { "bits", "bytes", "packets" };
	static const enum ft_unit units[] = { FT_UNIT_BITS, FT_UNIT_BYTES, FT_UNIT_PACKETS };
	int unit = choose(what, value, words, 3, err, err_size);

	if (unit < 0)
		return -EINVAL;
	options->unit = units[unit];
	return 0;
}

/* --si */
static int set_si(struct ft_options *options, const char *what, const char *value, char *err,
		  size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->prefix = FT_PREFIX_SI;
	return 0;
}

/* --iec */
static int set_iec(struct ft_options *options, const char *what, const char *value, char *err,
		   size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->prefix = FT_PREFIX_IEC;
	return 0;
}

/* --layer */
static int set_layer(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	static const char *const words[] = { "2", "3" };
	int layer = choose(what, value, words, 2, err, err_size);

	if (layer < 0)
		return -EINVAL;
	options->layer = (unsigned)layer + 2;
	return 0;
}

/* -4 */
static int set_v4(struct ft_options *options, const char *what, const char *value, char *err,
		  size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->only_v4 = true;
	return 0;
}

/* -6 */
static int set_v6(struct ft_options *options, const char *what, const char *value, char *err,
		  size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->only_v6 = true;
	return 0;
}

/* -P */
static int set_pid(struct ft_options *options, const char *what, const char *value, char *err,
		   size_t err_size)
{
	uint64_t pid;
	int ret = ft_num_u64(what, value, 1, INT_MAX, &pid, err, err_size);

	if (ret < 0)
		return ret;
	options->pids = xreallocarray(options->pids, options->pid_count + 1,
				      sizeof(*options->pids));
	options->pids[options->pid_count++] = (int64_t)pid;
	return 0;
}

/* -p */
static int set_promiscuous(struct ft_options *options, const char *what, const char *value,
			   char *err, size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->promiscuous = true;
	return 0;
}

/* --backend */
static int set_backend(struct ft_options *options, const char *what, const char *value, char *err,
		       size_t err_size)
{
	static const char *const words[] = { "auto", "tcx", "tc", "packet" };

	if (choose(what, value, words, 4, err, err_size) < 0)
		return -EINVAL;
	replace(&options->backend, value);
	return 0;
}

/* --docker-socket */
static int set_docker_socket(struct ft_options *options, const char *what, const char *value,
			     char *err, size_t err_size)
{
	(void)what, (void)err, (void)err_size;
	replace(&options->docker_socket, value);
	return 0;
}

/* --max-flows */
static int set_max_flows(struct ft_options *options, const char *what, const char *value,
			 char *err, size_t err_size)
{
	uint64_t flows;
	int ret = ft_num_u64(what, value, 1, MAX_FLOWS_LIMIT, &flows, err, err_size);

	if (ret < 0)
		return ret;
	options->max_flows = (uint32_t)flows;
	return 0;
}

/* --readonly */
static int set_readonly(struct ft_options *options, const char *what, const char *value, char *err,
			size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->readonly = true;
	return 0;
}

/* --no-mouse */
static int set_no_mouse(struct ft_options *options, const char *what, const char *value, char *err,
			size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->no_mouse = true;
	return 0;
}

/* --no-color */
static int set_no_color(struct ft_options *options, const char *what, const char *value, char *err,
			size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->no_color = true;
	return 0;
}

/* --color; auto goes back to what the environment says. */
static int set_color(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	static const char *const words[] = { "auto", "never" };
	const char *env = getenv("NO_COLOR");
	int when = choose(what, value, words, 2, err, err_size);

	if (when < 0)
		return -EINVAL;
	options->no_color = when == 1 || (env && *env);
	return 0;
}

/* --ascii */
static int set_ascii(struct ft_options *options, const char *what, const char *value, char *err,
		     size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->ascii = true;
	return 0;
}

/* --config */
static int set_config(struct ft_options *options, const char *what, const char *value, char *err,
		      size_t err_size)
{
	(void)what, (void)err, (void)err_size;
	replace(&options->config_file, value);
	return 0;
}

/* -D */
static int set_list(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->mode = FT_MODE_LIST;
	return 0;
}

/* --doctor */
static int set_doctor(struct ft_options *options, const char *what, const char *value, char *err,
		      size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->mode = FT_MODE_DOCTOR;
	return 0;
}

/* -h */
static int set_help(struct ft_options *options, const char *what, const char *value, char *err,
		    size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->mode = FT_MODE_HELP;
	return 0;
}

/* -V */
static int set_version(struct ft_options *options, const char *what, const char *value, char *err,
		       size_t err_size)
{
	(void)what, (void)value, (void)err, (void)err_size;
	options->mode = FT_MODE_VERSION;
	return 0;
}

/* The order is that of --help. */
const struct ft_option ft_option_table[] = {
	{ 'i', "interface", N_("IF"),
	  N_("interface: name, glob, comma list, repeat; \"any\"; default: the one with the "
	     "default route, else any"),
	  true, true, set_interface },
	{ 'f', "capture-filter", N_("EXPR"),
	  N_("capture filter, pcap-filter syntax; \"seen\" then means what it let through"), true,
	  false, set_capture_filter },
	{ 'F', "local", N_("NET"), N_("local network, IPv4 or IPv6; repeat"), true, true,
	  set_local },
	{ 'r', "read", N_("FILE"),
	  N_("read a capture file (pcap, pcapng; - is stdin), a recording, records (json, ndjson), or "
	     "clickhouse://HOST:PORT/DATABASE"), false, false, set_read },
	{ '\0', "speed", N_("N"),
	  N_("play what -r reads, N times as fast as it happened; max (default): read it at once"),
	  false, false, set_speed },
	{ '\0', "diff", N_("A"),
	  N_("--diff A B: what differs between two snapshots (json, ndjson) or recordings; "
	     "FILE@TIME is a moment of one"), false, false, set_diff },
	{ 'w', "write", N_("FILE"), N_("write a new file: .pcapng or .pcap packets, else a recording; see -r"),
	  false, false, set_write },
	{ '\0', "keep", N_("AGE,SIZE"),
	  N_("of a recording keep so much: 7d, 2G, or both with a comma (default: all)"), true,
	  false, set_keep },
	{ '\0', "export", N_("URL"),
	  N_("send to a collector as well (the man page lists the kinds); repeat"),
	  true, true, set_export },
	{ 'b', "batch", NULL, N_("batch: no screen; print records or text to stdout"), false,
	  false, set_batch },
	{ 'c', "count", N_("N"), N_("stop after N intervals"), false, false, set_count },
	{ '\0', "until", N_("EXPR"),
	  N_("batch: stop after the interval in which a flow holds this display filter"), false,
	  false, set_until },
	{ 'L', "limit", N_("N"), N_("batch: print at most N rows a pane"), true, false,
	  set_limit },
	{ 'o', "output", N_("FORMAT"),
	  N_("format of batch and snapshots: text, json, ndjson or csv"), true, false,
	  set_output },
	{ '\0', "header", N_("WHEN"),
	  N_("text: column titles always (default: in every interval), once or never"), true, false,
	  set_header },
	{ '\0', "raw", NULL,
	  N_("text: whole numbers in the smallest unit, not 1.23M"), true, false, set_raw },
	{ 'd', "interval", N_("SEC"), N_("interval, 0.1 to 3600 seconds (default 1)"), true, false,
	  set_interval },
	{ 't', "window", N_("SEC"), N_("average rates over 2, 10 or 40 seconds (default 2)"), true,
	  false, set_window },
	{ 's', "sort", N_("COL"), N_("sort by a column; COL:asc or COL:desc sets the direction"),
	  true, false, set_sort },
	{ '\0', "pane", N_("NAME"),
	  N_("first pane, and what batch prints: flows (default), talkers, processes, sockets, "
	     "events, health, all"), true,
	  false, set_pane },
	{ 'n', "numeric", NULL, N_("addresses, not host names"), true, false, set_numeric },
	{ 'N', "numeric-ports", NULL, N_("port numbers, not service names"), true, false,
	  set_numeric_ports },
	{ '\0', "resolve", NULL, N_("ask reverse DNS for the hosts on the screen"), true, false,
	  set_resolve },
	{ 'u', "unit", N_("UNIT"), N_("bits (default), bytes or packets"), true, false, set_unit },
	{ '\0', "si", NULL, N_("powers of 1000: k, M, G (default)"), true, false, set_si },
	{ '\0', "iec", NULL, N_("powers of 1024: Ki, Mi, Gi"), true, false, set_iec },
	{ '\0', "layer", N_("2|3"),
	  N_("bytes on the screen: frames (2) or IP packets (3, default)"), true, false,
	  set_layer },
	{ '4', "ipv4", NULL, N_("show IPv4 only"), false, false, set_v4 },
	{ '6', "ipv6", NULL, N_("show IPv6 only"), false, false, set_v6 },
	{ 'P', "pid", N_("PID"), N_("show the flows of this process; repeat"), false, true,
	  set_pid },
	{ 'p', "promiscuous", NULL, N_("take packets for other hosts too"), true, false,
	  set_promiscuous },
	{ '\0', "backend", N_("NAME"), N_("auto (default), tcx, tc or packet"), true, false,
	  set_backend },
	{ '\0', "docker-socket", N_("PATH"),
	  N_("ask Docker's daemon for names of containers, by its socket"), false, false,
	  set_docker_socket },
	{ '\0', "max-flows", N_("N"), N_("hold at most N flows (default 1000000)"), true, false,
	  set_max_flows },
	{ '\0', "readonly", NULL, N_("nothing that acts: no files"), true, false,
	  set_readonly },
	{ '\0', "no-mouse", NULL, N_("leave the mouse to the terminal"), true, false,
	  set_no_mouse },
	{ '\0', "no-color", NULL, N_("no colors (also: NO_COLOR in the environment)"), true, false,
	  set_no_color },
	{ '\0', "color", N_("WHEN"), N_("auto (default) or never"), true, false, set_color },
	{ '\0', "ascii", NULL, N_("no Unicode on the screen"), true, false, set_ascii },
	{ '\0', "config", N_("FILE"), N_("read this config file, not the usual ones"), false,
	  false, set_config },
	{ 'D', "list-interfaces", NULL, N_("list interfaces and what \"any\" takes"), false, false,
	  set_list },
	{ '\0', "doctor", NULL, N_("say what works here, what not, why, and how to mend it"),
	  false, false, set_doctor },
	{ 'h', "help", NULL, N_("show this help"), false, false, set_help },
	{ 'V', "version", NULL, N_("show version, libraries and kernel features"), false, false,
	  set_version },
};
const size_t ft_option_count = sizeof(ft_option_table) / sizeof(ft_option_table[0]);
