/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modes are switched on after newterm and off before endwin: mouse reports (1000, 1006) and
 * bracketed paste (2004), which curses does not know. What undoes all of it is put together
 * once at the start, so that ft_ui_emergency_restore needs nothing but write and tcsetattr.
 */
#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/nls.h"
#include "core/xalloc.h"
#include "ui/style.h"
#include "ui/ui.h"

#define FALLBACK_TERM "xterm-256color"
#define COPY_MAX 49152

static SCREEN *screen;
static struct termios before;
static struct ft_term_config modes;
static bool has_modes; /* the terminal is of xterm's kind */

/* For the emergency: written before `active` is set, constant while it is. */
static char undo[256];
static size_t undo_length;
static atomic_bool active;

/* Writes all of it, as far as the terminal takes it; safe in a signal handler. */
static void write_all(const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(STDOUT_FILENO, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes += n;
		length -= (size_t)n;
	}
}

static void write_text(const char *text)
{
	write_all(text, strlen(text));
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

/* newterm with TERM, or with the fallback, which is said. */
static int open_screen(char *remark, size_t remark_size, char *err, size_t err_size)
{
	const char *term = getenv("TERM");

	remark[0] = '\0';
	if (term && term[0])
		screen = newterm(term, stdout, stdin);
	if (!screen) {
		if (term && term[0])
			snprintf(remark, remark_size,
				 _("the terminal type \"%s\" is unknown; taken for %s"), term,
				 FALLBACK_TERM);
		else
			snprintf(remark, remark_size,
				 _("the terminal type is not set (TERM); taken for %s"),
				 FALLBACK_TERM);
		screen = newterm(FALLBACK_TERM, stdout, stdin);
	}
	if (!screen) {
		snprintf(err, err_size, _("neither %s nor %s is a known terminal type (TERM)"),
			 term && term[0] ? term : "''", FALLBACK_TERM);
		return -ENOTTY;
	}
	if (capability("cup")[0])
		return 0;
	endwin();
	delscreen(screen);
	screen = NULL;
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

void ft_term_close(void)
{
	if (!screen)
		return;
	modes_off();
	endwin();
	atomic_store(&active, false);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	delscreen(screen);
	screen = NULL;
}

void ft_term_leave(void)
{
	modes_off();
	endwin();
	atomic_store(&active, false);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
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

void ft_term_copy(const char *text, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = (const uint8_t *)text;
	char *encoded;
	size_t n = 0;

	if (length > COPY_MAX)
		length = COPY_MAX;
	encoded = xmalloc((length + 2) / 3 * 4 + 1);
	for (size_t i = 0; i < length; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		if (i + 1 < length)
			three |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < length)
			three |= bytes[i + 2];
		encoded[n++] = digits[three >> 18];
		encoded[n++] = digits[three >> 12 & 63];
		encoded[n++] = i + 1 < length ? digits[three >> 6 & 63] : '=';
		encoded[n++] = i + 2 < length ? digits[three & 63] : '=';
	}
	write_text("\033]52;c;");
	write_all(encoded, n);
	write_text("\a");
	free(encoded);
}

void ft_ui_emergency_restore(void)
{
	if (!atomic_exchange(&active, false))
		return;
	write_all(undo, undo_length);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}
