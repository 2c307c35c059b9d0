/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes are switched on after newterm and off before endwin: mouse reports (1000, 1006) and
 * bracketed paste (2004), which curses does not know. What undoes all of it is put together
 * once at the start, so that ft_ui_emergency_restore needs nothing but write and tcsetattr.
 *
 * A terminal may stop reading for a while, or for good: a frozen SSH, a stopped tmux. Signals come through a
 * descriptor, so that a write that waits for the terminal would keep out even SIGTERM. So none does: what is for
 * it lies in a file in memory, and what it does not take stays there until the loop hears that it takes more.
 * Only where there can be no such file, or no opening of our own, may a write wait that found some room.
 *
 *	0 ...... sent ...... length     of `frame`; no new one is drawn before sent == length
 *	  taken        not yet
 */
#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "ui/style.h"
#include "ui/ui.h"

#define FALLBACK_TERM "xterm-256color"
#define COPY_MAX 49152
#define BEHIND_MAX 1048576 /* of the terminal: then no more is copied */
#define FRAME_PIECE 65536 /* more than most frames have */
#define STUCK_MS 1000 /* a terminal that takes nothing for so long is not waited for at the end */
#define SLOW_S 10     /* nor is one that takes a little now and then */

static SCREEN *screen;
static FILE *output; /* curses'; a descriptor of its own, which ft_term_show exchanges */
static int frame = -1;
static off_t sent, length;           /* of the frame */
static bool behind;                  /* something is not shown yet */
static int terminal = STDOUT_FILENO; /* if possible of our own opening, which does not wait */
static struct termios before;
static struct ft_term_config modes;
static bool has_modes; /* the terminal is of xterm's kind */

/* For the emergency: written before `active` is set, constant while it is. */
static char undo[256];
static size_t undo_length;
static atomic_bool active;

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Writes what the terminal takes, and waits so long for it to take more. Returns how much it took, or -1 if
 * it is gone. Polls also where writes wait, so that they do so less often. Safe in a signal handler. */
static ssize_t write_some(const char *bytes, size_t size, int wait_ms)
{
	struct pollfd fd = { .fd = terminal, .events = POLLOUT };
	time_t end = now_s() + SLOW_S;
	size_t taken = 0;

	while (taken < size && (wait_ms == 0 || now_s() <= end)) {
		int ready = poll(&fd, 1, wait_ms);
		ssize_t n = ready > 0 ? write(terminal, bytes + taken, size - taken) : 0;

		if (n > 0)
			taken += (size_t)n;
		else if ((ready < 0 || n < 0) && errno == EINTR)
			continue;
		else if (ready == 0 || (n < 0 && errno == EAGAIN && wait_ms == 0))
			break;
		else if (n == 0 || errno != EAGAIN)
			return -1;
	}
	return (ssize_t)taken;
}

/* True if the terminal takes something, now or within so long. */
static bool takes_more(int wait_ms)
{
	struct pollfd fd = { .fd = terminal, .events = POLLOUT };

	return poll(&fd, 1, wait_ms) > 0;
}

/* Sends what lies in the file. True if nothing is left there. */
static bool send_frame(int wait_ms)
{
	static char piece[FRAME_PIECE];

	while (sent < length) {
		size_t room = (size_t)(length - sent) < sizeof(piece) ? (size_t)(length - sent) :
									sizeof(piece);
		ssize_t n = pread(frame, piece, room, sent);
		ssize_t taken = n > 0 ? write_some(piece, (size_t)n, wait_ms) : -1;

		if (taken < 0) { /* what is there is not what curses believes */
			clearok(curscr, TRUE);
			sent = length;
			break;
		}
		sent += taken;
		if (taken < n)
			return false;
	}
	return true;
}

/* Lets curses draw into the file, behind what is there still. */
static bool begin_frame(void)
{
	if (sent == length)
		sent = length = 0;
	return frame >= 0 && lseek(frame, length, SEEK_SET) >= 0 &&
	       dup3(frame, fileno(output), O_CLOEXEC) >= 0;
}

static void end_frame(void)
{
	length = lseek(frame, 0, SEEK_CUR);
	while (dup3(STDOUT_FILENO, fileno(output), O_CLOEXEC) < 0 && errno == EINTR)
		;
}

/* Writes what is not curses', in its turn. */
static void write_text(const char *text)
{
	size_t size = strlen(text);

	if (frame < 0) {
		write_some(text, size, STUCK_MS);
		return;
	}
	if (sent == length)
		sent = length = 0;
	if (pwrite(frame, text, size, length) == (ssize_t)size)
		length += (off_t)size;
	send_frame(0);
}

/* Mouse and paste on. */
static void modes_on(void)
{
	if (!has_modes)
		return;
	if (modes.mouse)
		write_text("\033[?1000h\033[?1006h");
	write_text("\033[?2004h");
}

static void modes_off(void)
{
	if (has_modes)
		write_text("\033[?1006l\033[?1000l\033[?2004l");
}

/* A capability's string, "" if the terminal has none. */
static const char *capability(const char *name)
{
	const char *string = tigetstr(name);

	return !string || string == (const char *)-1 ? "" : string;
}

/* Appends a capability to what undoes all, without the delays that only padding needs. */
static void add_undo(const char *string)
{
	while (*string && undo_length + 1 < sizeof(undo)) {
		if (string[0] == '$' && string[1] == '<' && strchr(string, '>'))
			string = strchr(string, '>') + 1;
		else
			undo[undo_length++] = *string++;
	}
}

/* Puts together what brings the terminal back. */
static void prepare_undo(void)
{
	static const char *const names[] = { "sgr0", "cnorm", "clear", "rmcup" };

	undo_length = 0;
	if (has_modes)
		add_undo("\033[?1006l\033[?1000l\033[?2004l");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_undo(capability(names[i]));
}

/* True if files may be of any size: what goes beyond a bound would be missing from a frame unnoticed. */
static bool files_are_unbounded(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

/* Opens the terminal anew: the flags of what we were given are the shell's as well. By its own name only who owns
 * it may, which after su is somebody else. */
static void open_terminal(void)
{
	static const char *const names[] = { "/proc/self/fd/1", "/dev/tty" };
	unsigned int given, opened;

	if (ioctl(STDOUT_FILENO, TIOCGDEV, &given) < 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd = open(names[i], O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		if (fd >= 0 && ioctl(fd, TIOCGDEV, &opened) == 0 && opened == given) {
			terminal = fd;
			return;
		}
		if (fd >= 0)
			close(fd);
	}
}

/* curses' own way out, and where it draws meanwhile: without, it draws on the terminal itself. */
static void open_output(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	output = fd < 0 ? NULL : fdopen(fd, "w");
	if (output && files_are_unbounded())
		frame = memfd_create("flowtop-frame", MFD_CLOEXEC);
	if (!output && fd >= 0)
		close(fd);
	open_terminal();
}

static void close_output(void)
{
	if (output)
		fclose(output);
	if (frame >= 0)
		close(frame);
	if (terminal != STDOUT_FILENO)
		close(terminal);
	output = NULL;
	frame = -1;
	terminal = STDOUT_FILENO;
	sent = length = 0;
	behind = false;
}

/* newterm with TERM, or with the fallback, which is said. */
static int open_screen(char *remark, size_t remark_size, char *err, size_t err_size)
{
	const char *term = getenv("TERM");

	remark[0] = '\0';
	open_output();
	if (term && term[0])
		screen = newterm(term, output ? output : stdout, stdin);
	if (!screen) {
		if (term && term[0])
			snprintf(remark, remark_size,
				 _("the terminal type \"%s\" is unknown; taken for %s"), term,
				 FALLBACK_TERM);
		else
			snprintf(remark, remark_size,
				 _("the terminal type is not set (TERM); taken for %s"),
				 FALLBACK_TERM);
		screen = newterm(FALLBACK_TERM, output ? output : stdout, stdin);
	}
	if (!screen) {
		close_output();
		snprintf(err, err_size, _("neither %s nor %s is a known terminal type (TERM)"),
			 term && term[0] ? term : "''", FALLBACK_TERM);
		return -ENOTTY;
	}
	if (capability("cup")[0])
		return 0;
	endwin();
	delscreen(screen);
	screen = NULL;
	close_output();
	snprintf(err, err_size, _("the terminal type \"%s\" cannot place the cursor; use -b"),
		 term ? term : "");
	return -ENOTTY;
}

int ft_term_open(const struct ft_term_config *config, char *remark, size_t remark_size, char *err,
		 size_t err_size)
{
	int result;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &before) < 0) {
		snprintf(err, err_size, "%s", _("needs a terminal: ssh -t, or -b"));
		return -ENOTTY;
	}
	result = open_screen(remark, remark_size, err, err_size);
	if (result < 0) {
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
		return result;
	}
	modes = *config;
	has_modes = capability("kmous")[0] != '\0';
	prepare_undo();
	atomic_store(&active, true);
	raw();
	noecho();
	nonl();
	typeahead(-1);
	intrflush(stdscr, FALSE);
	leaveok(stdscr, FALSE);
	curs_set(1);
	ft_style_init(config->color);
	modes_on();
	return 0;
}

/*
 * The user's modes again. What a stuck terminal has not taken is dropped, which makes room for what brings it
 * back once it reads again. curses' own tcsetattr fails on the file, which ours makes up for.
 */
static void give_back(void)
{
	bool all;

	modes_off();
	if (begin_frame()) {
		endwin();
		end_frame();
		all = send_frame(STUCK_MS);
	} else {
		all = takes_more(STUCK_MS);
		if (all)
			endwin();
	}
	if (!all) {
		sent = length = 0;
		tcflush(terminal, TCOFLUSH);
		write_some(undo, undo_length, 0);
	}
	atomic_store(&active, false);
	tcsetattr(STDIN_FILENO, all ? TCSADRAIN : TCSANOW, &before);
}

void ft_term_close(void)
{
	if (!screen)
		return;
	give_back();
	delscreen(screen);
	screen = NULL;
	close_output();
}

void ft_term_show(void)
{
	behind = !send_frame(0);
	if (behind)
		return;
	/* Back from endwin, curses sets the terminal's modes first, and must find it there. */
	if (isendwin() || !begin_frame()) {
		behind = !takes_more(0);
		if (!behind)
			refresh();
		return;
	}
	refresh();
	end_frame();
	behind = !send_frame(0);
}

bool ft_term_is_behind(void)
{
	return behind;
}

int ft_term_fd(void)
{
	return terminal;
}

void ft_term_leave(void)
{
	give_back();
}

void ft_term_enter(void)
{
	atomic_store(&active, true);
	reset_prog_mode();
	clearok(curscr, TRUE);
	ft_term_resize();
	modes_on();
}

bool ft_term_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return false;
	if (size.ws_row == LINES && size.ws_col == COLS)
		return false;
	resizeterm(size.ws_row, size.ws_col);
	return true;
}

void ft_term_copy(const char *text, size_t size)
{
	static const char start[] = "\033]52;c;";
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = (const uint8_t *)text;
	char *encoded;
	size_t n;

	if (length - sent > BEHIND_MAX) /* frames don't pile up, these can */
		return;
	if (size > COPY_MAX)
		size = COPY_MAX;
	encoded = xmalloc(strlen(start) + (size + 2) / 3 * 4 + sizeof("\a"));
	n = strlen(strcpy(encoded, start));
	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		if (i + 1 < size)
			three |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < size)
			three |= bytes[i + 2];
		encoded[n++] = digits[three >> 18];
		encoded[n++] = digits[three >> 12 & 63];
		encoded[n++] = i + 1 < size ? digits[three >> 6 & 63] : '=';
		encoded[n++] = i + 2 < size ? digits[three & 63] : '=';
	}
	strcpy(encoded + n, "\a");
	write_text(encoded);
	free(encoded);
}

void ft_ui_emergency_restore(void)
{
	if (!atomic_exchange(&active, false))
		return;
	if (write_some(undo, undo_length, STUCK_MS) < (ssize_t)undo_length) {
		tcflush(terminal, TCOFLUSH);
		write_some(undo, undo_length, 0);
	}
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}
