/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines and config files to structs or sentences: a table of each. The environment is
 * ours: a home of its own, so that no file of the machine is read (but /etc/flowtop.conf, which
 * a test machine has not).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/column.h"
#include "options.h"

static char home[] = "/tmp/flowtop-options-XXXXXX";

/* One command line in, a struct out; returns what parse returned. */
static int parse(const char *line, struct ft_options *options, char **warnings, char *err,
		 size_t err_size)
{
	char *copy = strdup(line), *next = copy, *word;
	char *argv[32] = { (char[]){ "flowtop" } };
	int argc = 1, ret;

	while ((word = strsep(&next, "|")) && argc < 31)
		if (*line)
			argv[argc++] = word;
	ft_options_init(options);
	*err = '\0';
	ret = ft_options_parse(options, argc, argv, warnings, err, err_size);
	free(copy);
	return ret;
}

/* Writes the user's config file; NULL takes it away. */
static void write_config(const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/flowtop/config", home);
	unlink(path);
	if (!text)
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Lines that are fine, and one thing that follows from each. Words are split at |. */
static bool defaults(const struct ft_options *o)
{
	return o->mode == FT_MODE_SCREEN && o->interval_ns == 1000000000 && o->layer == 3 &&
	       o->lists == FT_ON_FLOWS && !strcmp(o->format, "text") && !strcmp(o->filter, "") &&
	       !strcmp(o->backend, "auto") && o->max_flows == 1000000 && !o->interface_count &&
	       !o->sort && o->sort_ascending == -1 && !o->intervals && !o->max_rows;
}
static bool three_interfaces(const struct ft_options *o)
{
	return o->interface_count == 3 && !strcmp(o->interfaces[0], "br0") &&
	       !strcmp(o->interfaces[1], "lo") && !strcmp(o->interfaces[2], "veth*");
}
static bool batch_of_three(const struct ft_options *o)
{
	return o->mode == FT_MODE_BATCH && o->intervals == 3 && o->max_rows == 10 &&
	       !strcmp(o->format, "ndjson");
}
static bool tcp_443(const struct ft_options *o)
{
	return !strcmp(o->filter, "tcp port 443") && o->interface_count == 1;
}
static bool not_lo(const struct ft_options *o)
{
	return !strcmp(o->filter, "-strange");
}
static bool v4_and_pids(const struct ft_options *o)
{
	return !strcmp(o->filter, "(ip) and (pid 1 or pid 2) and (tcp or udp)");
}
static bool only_v6(const struct ft_options *o)
{
	return !strcmp(o->filter, "ip6");
}
static bool both_versions(const struct ft_options *o)
{
	return !strcmp(o->filter, "");
}
static bool tenth(const struct ft_options *o)
{
	return o->interval_ns == 100000000 && o->window == 2;
}
static bool by_total(const struct ft_options *o)
{
	return !strcmp(o->sort, "total") && o->sort_ascending == 1;
}
static bool talkers(const struct ft_options *o)
{
	return o->lists == FT_ON_TALKERS && o->first_list == FT_LIST_TALKERS;
}
static bool all_panes(const struct ft_options *o)
{
	return o->lists == 31 && o->first_list == FT_LIST_FLOWS;
}
static bool show_switches(const struct ft_options *o)
{
	return o->numeric_hosts && o->numeric_ports && o->unit == FT_UNIT_PACKETS &&
	       o->prefix == FT_PREFIX_IEC && o->layer == 2 && o->ascii && o->no_color &&
	       o->no_mouse && o->readonly && o->promiscuous;
}
static bool last_name_switch_wins(const struct ft_options *o)
{
	return o->resolve && !o->numeric_hosts;
}
static bool networks(const struct ft_options *o)
{
	return o->local_net_count == 2 && o->local_nets[0].prefix == 96 + 8 &&
	       o->local_nets[1].prefix == 32;
}
static bool a_file(const struct ft_options *o)
{
	return !strcmp(o->read_file, "x.pcap") && !strcmp(o->capture_filter, "udp");
}
static bool two_files(const struct ft_options *o)
{
	return !strcmp(o->diff_before, "a") && !strcmp(o->diff_after, "b") &&
	       !strcmp(o->filter, "tcp port 443") && !strcmp(o->sort, "total") &&
	       o->mode == FT_MODE_SCREEN;
}
static bool two_files_printed(const struct ft_options *o)
{
	return !strcmp(o->diff_before, "a") && !strcmp(o->diff_after, "b") &&
	       !strcmp(o->filter, "tcp") && o->mode == FT_MODE_BATCH;
}
static bool plain_text(const struct ft_options *o)
{
	return o->titles == FT_TITLES_ONCE && o->raw;
}
static bool bounded(const struct ft_options *o)
{
	return o->max_flows == 5000 && !strcmp(o->backend, "packet");
}
static bool version_mode(const struct ft_options *o)
{
	return o->mode == FT_MODE_VERSION;
}
static bool help_mode(const struct ft_options *o)
{
	return o->mode == FT_MODE_HELP;
}
static bool list_mode(const struct ft_options *o)
{
	return o->mode == FT_MODE_LIST;
}
static bool doctor_mode(const struct ft_options *o)
{
	return o->mode == FT_MODE_DOCTOR;
}

static void good_lines(void **state)
{
	static const struct {
		const char *line;
		bool (*follows)(const struct ft_options *options);
	} lines[] = {
		{ "", defaults },
		{ "-i|br0,lo|-i|veth*", three_interfaces },
		{ "-bc3|-L10|-o|ndjson", batch_of_three },
		{ "--batch|--count=3|--limit|10|--output=ndjson", batch_of_three },
		{ "-i|br0|tcp|port|443", tcp_443 },
		{ "tcp|port|443|-i|br0", tcp_443 },
		{ "tcp port 443|-i|br0", tcp_443 },
		{ "--|-strange", not_lo },
		{ "-4|-P|1|-P2|tcp|or|udp", v4_and_pids },
		{ "-6", only_v6 },
		{ "-46", both_versions },
		{ "-d|0.1|-t|40", tenth },
		{ "-s|total:asc", by_total },
		{ "--pane|talkers", talkers },
		{ "--pane=all|-b", all_panes },
		{ "-nN|-u|packets|--iec|--layer|2|--ascii|--no-color|--no-mouse|--readonly|-p",
		  show_switches },
		{ "-n|--resolve", last_name_switch_wins },
		{ "-F|10.0.0.0/8|-F|2001:db8::/32", networks },
		{ "-r|x.pcap|-f|udp", a_file },
		{ "--diff|a|b|tcp|port|443", two_files },
		{ "--diff|a|-b|b|tcp", two_files_printed },
		{ "-b|--header|once|--raw", plain_text },
		{ "--max-flows|5000|--backend|packet", bounded },
		{ "-V", version_mode },
		{ "-b|-h", help_mode },
		{ "-D", list_mode },
		{ "--doctor", doctor_mode },
	};
	struct ft_options options;
	char *warnings = NULL;
	char err[512];

	(void)state;
	write_config(NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i].line, &options, &warnings, err, sizeof(err)) != 0)
			fail_msg("%s: %s", lines[i].line, err);
		if (!lines[i].follows(&options))
			fail_msg("%s: means something else", lines[i].line);
		assert_null(warnings);
		ft_options_done(&options);
	}
}

/* Lines that are not, and what the sentence must hold. */
static void bad_lines(void **state)
{
	static const struct {
		const char *line, *says;
	} lines[] = {
		{ "-w|x.pcapng|--backend|tcx", "-w of packets does not work with --backend tcx" },
		{ "-w|x.pcap|--backend|tc", "-w of packets does not work with --backend tc" },
		{ "-w|x.pcap|--keep|7d", "--keep is for recordings: not with -w of packets" },
		{ "-w|x.flow|-w|x.pcap", "-w writes one file: not x.flow and x.pcap" },
		{ "-w|x.pcap|--readonly", "--readonly writes no files: not with -w" },
		{ "-w|", "-w needs a value" },
		{ "-w|x.flow|--readonly", "--readonly writes no files: not with -w" },
		{ "-w|x.flow|-r|x.flow", "-w and -r name the same file" },
		{ "--until|tcp", "--until ends batch: only with -b" },
		{ "--diff|a", "--diff A B" },
		{ "--diff", "--diff needs a value" },
		{ "--diff|a|b|-r|c", "--diff compares two files: not with --read" },
		{ "--diff|a|b|--export|zmq://:5556", "not with --export" },
		{ "--diff|a|b|--pane|health", "not with --pane health" },
		{ "--header|twice", "always, once, never" },
		{ "--keep|7", "--keep: \"7\" is no age" },
		{ "--record", "unknown option --record" },
		{ "--interfce|lo", "did you mean --interface" },
		{ "--unknwon=3", "unknown option --unknwon" },
		{ "-d|0.05", "-d" },
		{ "-d|fast", "-d" },
		{ "-d|3601", "-d" },
		{ "-d|nan", "-d" },
		{ "--interval=1s", "--interval" },
		{ "-c|0", "-c" },
		{ "-c|-1", "-c" },
		{ "-c|12abc", "-c: " },
		{ "-c", "-c needs a value" },
		{ "--count", "--count needs a value" },
		{ "--si=3", "--si takes no value" },
		{ "-o|xml", "text, json, ndjson, csv" },
		{ "-t|3", "2, 10, 40" },
		{ "-u|nibbles", "bits, bytes, packets" },
		{ "-s|nonsense", "no column \"nonsense\"" },
		{ "-s|total:up", ":asc or :desc" },
		{ "--pane|alerts", "flows, talkers, processes, sockets, events, all" },
		{ "--layer|4", "2, 3" },
		{ "--backend|xdp", "auto, tcx, tc, packet" },
		{ "--max-flows|0", "--max-flows" },
		{ "-P|init", "-P" },
		{ "-i|", "-i" },
		{ "-i|lo,,br0", "-i" },
		{ "-i|name-longer-than-fifteen", "1 to 15" },
		{ "-F|10.0.0.0/33", "-F" },
		{ "-b|-o|csv|--pane|all", "not with --pane all" },
		{ "-f|tcp|--backend|tcx", "-f does not work with --backend tcx" },
		{ "-f|tcp|--backend|tc", "-f does not work with --backend tc" },
		{ "-r|x.pcap|-i|lo", "not with -i" },
		{ "-r|x.pcap|-p", "not with -p" },
		{ "-r|x.pcap|--backend|packet", "not with --backend" },
		{ "-r|x.pcap|--docker-socket|/x", "not with --docker-socket" },
		{ "--config|/nonexistent/flowtop", "/nonexistent/flowtop" },
	};
	struct ft_options options;
	char *warnings = NULL;
	char err[512];

	(void)state;
	write_config(NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (parse(lines[i].line, &options, &warnings, err, sizeof(err)) >= 0)
			fail_msg("%s: is taken", lines[i].line);
		if (!strstr(err, lines[i].says) || strchr(err, '\n'))
			fail_msg("%s: says: %s", lines[i].line, err);
		free(warnings);
		ft_options_done(&options);
	}
}

/* Config texts, a command line, what must hold, and what the warnings must hold. */
static bool from_file(const struct ft_options *o)
{
	return o->interval_ns == 2000000000 && o->interface_count == 2 && o->resolve &&
	       o->no_color && o->unit == FT_UNIT_BYTES;
}
static bool line_wins(const struct ft_options *o)
{
	return o->interval_ns == 5000000000 && o->interface_count == 1 &&
	       !strcmp(o->interfaces[0], "lo") && o->numeric_hosts && !o->resolve;
}
static bool file_reading_wins(const struct ft_options *o)
{
	return o->read_file && !o->interface_count;
}
static bool only_good_ones(const struct ft_options *o)
{
	return o->interval_ns == 3000000000 && !o->ascii && o->mode == FT_MODE_SCREEN;
}

static void config_files(void **state)
{
	static const char text[] = "# a comment\n\n  interval = 2 \ninterface=br0,lo\r\n"
				   "resolve = yes\ncolor = never\nunit = bytes\n";
	static const struct {
		const char *config, *line;
		bool (*follows)(const struct ft_options *options);
		const char *warns;
	} cases[] = {
		{ text, "", from_file, NULL },
		{ text, "-d|5|-i|lo|-n", line_wins, NULL },
		{ text, "-r|x.pcap", file_reading_wins, NULL },
		{ "ascii = no\ninterval = 3\n", "", only_good_ones, NULL },
		{ "interval = 3\ninterval = never\n", "", only_good_ones, "config:2: interval" },
		{ "interval = 3\nbatch = yes\n", "", only_good_ones, "config:2: \"batch\"" },
		{ "interval = 3\nintervall = 4\n", "", only_good_ones, "did you mean \"interval\"" },
		{ "interval = 3\nroot:$6$secret\n", "", only_good_ones, "config:2: not of the form" },
		{ "interval = 3\n\x1b]0;x = 4\n", "", only_good_ones, "config:2: not a key" },
		{ "interval = 3\nascii = maybe\n", "", only_good_ones, "yes or no" },
		{ "interval = 3", "", only_good_ones, NULL },
	};
	struct ft_options options;
	char *warnings = NULL;
	char err[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_config(cases[i].config);
		if (parse(cases[i].line, &options, &warnings, err, sizeof(err)) != 0)
			fail_msg("case %zu: %s", i, err);
		if (!cases[i].follows(&options))
			fail_msg("case %zu: means something else", i);
		if (!cases[i].warns && warnings)
			fail_msg("case %zu warns: %s", i, warnings);
		if (cases[i].warns && (!warnings || !strstr(warnings, cases[i].warns) ||
				       strstr(warnings, "secret")))
			fail_msg("case %zu warns: %s", i, warnings ? warnings : "nothing");
		free(warnings);
		warnings = NULL;
		ft_options_done(&options);
	}
	write_config(NULL);
}

/* A file named on the command line is read instead of the usual one. */
static void config_option(void **state)
{
	char path[128], line[160], err[512];
	struct ft_options options;
	char *warnings = NULL;
	FILE *file;

	(void)state;
	write_config("interval = 9\n");
	snprintf(path, sizeof(path), "%s/other", home);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("window = 10\n", file);
	fclose(file);
	snprintf(line, sizeof(line), "--config|%s", path);
	assert_int_equal(parse(line, &options, &warnings, err, sizeof(err)), 0);
	assert_int_equal(options.interval_ns, 1000000000);
	assert_int_equal(options.window, 1);
	assert_null(warnings);
	ft_options_done(&options);
	/* A FIFO neither hangs the start nor is read. */
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(parse(line, &options, &warnings, err, sizeof(err)) < 0);
	ft_options_done(&options);
	unlink(path);
	write_config(NULL);
}

/* The rows themselves. */
static void the_table_is_sound(void **state)
{
	(void)state;
	for (size_t i = 0; i < ft_option_count; i++) {
		assert_non_null(ft_option_table[i].name);
		assert_true(strlen(ft_option_table[i].help) > 3);
		assert_non_null(ft_option_table[i].set);
		assert_ptr_equal(ft_option_find(ft_option_table[i].name), &ft_option_table[i]);
		for (size_t j = 0; j < i; j++)
			if (ft_option_table[i].letter)
				assert_int_not_equal(ft_option_table[i].letter,
						     ft_option_table[j].letter);
	}
}

/* --help names every row and fits 80 columns. */
static void help_fits(void **state)
{
	char *text = NULL, *next, *line, name[64];
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	assert_non_null(stream);
	ft_options_help(stream);
	fclose(stream);
	for (size_t i = 0; i < ft_option_count; i++) {
		snprintf(name, sizeof(name), "--%s%c", ft_option_table[i].name,
			 ft_option_table[i].argument ? '=' : ' ');
		if (!strstr(text, name))
			fail_msg("%s is not in the help", name);
	}
	next = text;
	while ((line = strsep(&next, "\n")))
		if (ft_fmt_width(line) > 80)
			fail_msg("wider than 80: %s", line);
	free(text);
}

static int make_home(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(home))
		return -1;
	snprintf(path, sizeof(path), "%s/flowtop", home);
	unsetenv("SUDO_UID");
	unsetenv("NO_COLOR");
	setenv("XDG_CONFIG_HOME", home, 1);
	return mkdir(path, 0700);
}

static int remove_home(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/flowtop", home);
	return rmdir(path) | rmdir(home);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_lines),	cmocka_unit_test(bad_lines),
		cmocka_unit_test(config_files), cmocka_unit_test(config_option),
		cmocka_unit_test(the_table_is_sound), cmocka_unit_test(help_fits),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
