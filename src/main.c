/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order of birth: locale, options, signals, session, mode; and of death, in reverse. What went
 * wrong is one line on stderr, escaped, and an exit status (interface.md, "Exit status").
 */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/links.h"
#include "core/log.h"
#include "core/nls.h"
#include "options.h"
#include "output/caller.h"
#include "output/url.h"
#include "session.h"

enum { EXIT_DONE, EXIT_USAGE, EXIT_PERMISSION, EXIT_NOT_THERE, EXIT_OTHER };

/* One line on stderr; what it quotes may come from anywhere. */
static void say(const char *sentence, size_t length)
{
	char safe[2048];

	fprintf(stderr, "flowtop: %s\n",
		ft_fmt_escape(sentence, length, false, safe, sizeof(safe)));
}

/* Each line of the options' warnings. */
static void say_warnings(const char *warnings)
{
	size_t length;

	for (; warnings && *warnings; warnings += length + (warnings[length] == '\n')) {
		length = strcspn(warnings, "\n");
		say(warnings, length);
	}
}

/* -errno to exit status, with the sentence if there is one. */
static int exit_status(int ret, const char *err)
{
	if (ret >= 0)
		return EXIT_DONE;
	say(*err ? err : strerror(-ret), strlen(*err ? err : strerror(-ret)));
	switch (ret) {
	case -EINVAL:
	case -ERANGE:
	case -ENOTTY:
		return EXIT_USAGE;
	case -EPERM:
	case -EACCES:
		return EXIT_PERMISSION;
	case -ENODEV:
	case -ENOENT:
		return EXIT_NOT_THERE;
	default:
		return EXIT_OTHER;
	}
}

/* What was printed must have arrived; a broken pipe ends quietly. */
static int flush_stdout(char *err, size_t err_size)
{
	int ret;

	if (fflush(stdout) == 0 || errno == EPIPE)
		return 0;
	ret = -errno;
	snprintf(err, err_size, _("cannot write: %s"), strerror(-ret));
	return ret;
}

/* -D */
static int list_interfaces(const struct ft_options *options, char *err, size_t err_size)
{
	struct ft_links_config config = {
		.patterns = (const char *const *)options->interfaces,
		.pattern_count = options->interface_count,
	};
	struct ft_links *links = NULL;
	char *text = NULL;
	int ret = ft_links_open(&config, &links, err, err_size);

	if (ret == 0)
		ret = ft_links_describe(links, &text);
	if (ret == 0)
		fputs(text, stdout);
	free(text);
	ft_links_close(links);
	return ret;
}

/* Batch or screen. */
static int run_session(const struct ft_options *options, const char *warnings, char *err,
		       size_t err_size)
{
	struct ft_session session;
	int ret = ft_session_open(&session, options, err, err_size);

	if (ret < 0)
		return ret;
	session.warnings = warnings;
	ft_session_block_signals();
	if (options->mode == FT_MODE_BATCH)
		ret = ft_batch_run(&session, err, err_size);
	else
		ret = ft_screen_run(&session, err, err_size);
	ft_session_close(&session);
	return ret == -EINTR ? 0 : ret; /* told to end before there was anything to read */
}

/* What the options ask for. */
static int run(const struct ft_options *options, const char *warnings, char *err, size_t err_size)
{
	int ret = 0;

	if (options->mode != FT_MODE_SCREEN)
		say_warnings(warnings);
	switch (options->mode) {
	case FT_MODE_HELP:
		ft_options_help(stdout);
		break;
	case FT_MODE_VERSION:
		ft_options_version(stdout);
		break;
	case FT_MODE_LIST:
		ret = list_interfaces(options, err, err_size);
		break;
	case FT_MODE_DOCTOR:
		ft_doctor(stdout);
		break;
	case FT_MODE_BATCH:
	case FT_MODE_SCREEN:
		return run_session(options, warnings, err, err_size);
	}
	return ret < 0 ? ret : flush_stdout(err, err_size);
}

/* FLOWTOP_LOG names a file for those who look for a fault. */
static void open_log(void)
{
	const char *path = getenv("FLOWTOP_LOG");
	struct ft_caller caller;
	int fd;

	if (!path || !*path)
		return;
	ft_caller_init(&caller);
	ft_caller_enter(&caller);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	ft_caller_leave(&caller);
	ft_caller_done(&caller);
	if (fd >= 0)
		ft_log_to(fd, FT_LOG_DEBUG);
}

/* The language of the user, the numbers of everybody. */
static void set_locale(void)
{
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
#if ENABLE_NLS
	bindtextdomain("flowtop", LOCALEDIR);
	textdomain("flowtop");
#endif
}

/* Translations without letters that an ASCII screen cannot show: "nachste" for "nächste". */
static void set_plain_text(void)
{
#if ENABLE_NLS
	bind_textdomain_codeset("flowtop", "ASCII");
#endif
}

/* Each second a picture and a list are made of the memory that the last ones gave back: it stays ours,
 * up to a bound, instead of being fetched from the kernel page by page. glibc's largest values; another
 * allocator knows best. */
static void keep_memory(void)
{
#ifdef M_TRIM_THRESHOLD
	/* Refused where a long has 32 bits. The other one alone would have all that is large mapped anew. */
	if (mallopt(M_MMAP_THRESHOLD, 32 << 20))
		mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

int main(int argc, char *argv[])
{
	struct ft_options options;
	char *warnings = NULL;
	char err[1024] = "";
	int ret;

	keep_memory();
	set_locale();
	open_log();
	ft_options_init(&options);
	ret = ft_options_parse(&options, argc, argv, &warnings, err, sizeof(err));
	/* Who lists processes sees no passwords. */
	for (int i = 1; i < argc; i++)
		ft_url_hide(argv[i]);
	if (options.ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		set_plain_text();
	if (ret == 0)
		ret = run(&options, warnings, err, sizeof(err));
	ft_options_done(&options);
	free(warnings);
	return exit_status(ret, err);
}
