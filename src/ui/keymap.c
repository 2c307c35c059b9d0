/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table itself, ordered as the help pane shows it.
 */
#include "ui/keymap.h"

#include <stdio.h>

#include "core/nls.h"
#include "ui/input.h"

#define F(n) (FT_KEY_F1 + (n) - 1)

const struct ft_binding ft_bindings[] = {
	{ { '1' }, FT_ACTION_PANE_1, FT_KEYS_MOVE, N_("flows") },
	{ { '2' }, FT_ACTION_PANE_2, FT_KEYS_MOVE, N_("talkers") },
	{ { '3' }, FT_ACTION_PANE_3, FT_KEYS_MOVE, N_("processes") },
	{ { '4' }, FT_ACTION_PANE_4, FT_KEYS_MOVE, N_("sockets: all of this machine's") },
	{ { '5' }, FT_ACTION_PANE_5, FT_KEYS_MOVE,
	  N_("events: connections made, failed, closed") },
	{ { '6' }, FT_ACTION_HEALTH, FT_KEYS_MOVE, N_("health: what flowtop costs, what is full") },
	{ { FT_KEY_TAB }, FT_ACTION_PANE_NEXT, FT_KEYS_MOVE, N_("next pane") },
	{ { FT_KEY_SHIFT_TAB }, FT_ACTION_PANE_PREVIOUS, FT_KEYS_MOVE, N_("previous pane") },
	{ { FT_KEY_UP, 'k' }, FT_ACTION_UP, FT_KEYS_MOVE, N_("up") },
	{ { FT_KEY_DOWN, 'j' }, FT_ACTION_DOWN, FT_KEYS_MOVE, N_("down") },
	{ { FT_KEY_PAGE_UP, FT_CTRL('B') }, FT_ACTION_PAGE_UP, FT_KEYS_MOVE, N_("page up") },
	{ { FT_KEY_PAGE_DOWN, FT_CTRL('F') }, FT_ACTION_PAGE_DOWN, FT_KEYS_MOVE, N_("page down") },
	{ { FT_CTRL('U') }, FT_ACTION_HALF_UP, FT_KEYS_MOVE, N_("half a page up") },
	{ { FT_CTRL('D') }, FT_ACTION_HALF_DOWN, FT_KEYS_MOVE, N_("half a page down") },
	{ { FT_KEY_HOME, 'g' }, FT_ACTION_HOME, FT_KEYS_MOVE,
	  N_("to the top, and stay there whatever row is first") },
	{ { FT_KEY_END, 'G' }, FT_ACTION_END, FT_KEYS_MOVE, N_("to the last row") },
	{ { FT_KEY_LEFT }, FT_ACTION_COLUMNS_LEFT, FT_KEYS_MOVE, N_("scroll columns left") },
	{ { FT_KEY_RIGHT }, FT_ACTION_COLUMNS_RIGHT, FT_KEYS_MOVE, N_("scroll columns right") },
	{ { FT_KEY_ENTER }, FT_ACTION_ENTER, FT_KEYS_MOVE,
	  N_("a flow's details, and from there where else it is seen; a talker's flows") },
	{ { FT_KEY_ESC, FT_KEY_BACKSPACE }, FT_ACTION_BACK, FT_KEYS_MOVE,
	  N_("back to where Enter was pressed") },

	{ { '<' }, FT_ACTION_SORT_PREVIOUS, FT_KEYS_SORT, N_("sort by the column to the left") },
	{ { '>' }, FT_ACTION_SORT_NEXT, FT_KEYS_SORT, N_("sort by the column to the right") },
	{ { F(6) }, FT_ACTION_SORT_MENU, FT_KEYS_SORT, N_("choose the column to sort by") },
	{ { 'R' }, FT_ACTION_REVERSE, FT_KEYS_SORT, N_("reverse the order") },
	{ { 's' }, FT_ACTION_SORT_SENT, FT_KEYS_SORT, N_("sort by what was sent") },
	{ { 'r' }, FT_ACTION_SORT_RECEIVED, FT_KEYS_SORT, N_("sort by what was received") },
	{ { 'o' }, FT_ACTION_FREEZE, FT_KEYS_SORT, N_("keep the order as it is, or let it go") },
	{ { 'F' }, FT_ACTION_PIN, FT_KEYS_SORT, N_("pin the row to the top, or let it go") },
	{ { 'a', F(5) }, FT_ACTION_GROUP, FT_KEYS_SORT, N_("group talkers by ...") },

	{ { '/', F(4) }, FT_ACTION_FILTER, FT_KEYS_FILTER, N_("display filter") },
	{ { 'J', F(3) }, FT_ACTION_FIND, FT_KEYS_FILTER, N_("find a row; again: the next one") },
	{ { '=' }, FT_ACTION_CLEAR, FT_KEYS_FILTER, N_("clear filters") },
	{ { 'T' }, FT_ACTION_TCP, FT_KEYS_FILTER, N_("TCP only; then TCP shown or not") },
	{ { 'U' }, FT_ACTION_UDP, FT_KEYS_FILTER, N_("UDP only; then UDP shown or not") },
	{ { 'I' }, FT_ACTION_ICMP, FT_KEYS_FILTER, N_("ICMP only; then ICMP shown or not") },
	{ { 'O' }, FT_ACTION_OTHER, FT_KEYS_FILTER,
	  N_("other protocols only; then others shown or not") },
	{ { 'A' }, FT_ACTION_ALL, FT_KEYS_FILTER, N_("all protocols") },
	{ { 'V' }, FT_ACTION_VERSION, FT_KEYS_FILTER, N_("IPv4 and IPv6, IPv4, IPv6") },
	{ { 'c' }, FT_ACTION_CLOSED, FT_KEYS_FILTER, N_("closed flows shown or not") },

	{ { 'n' }, FT_ACTION_HOSTS, FT_KEYS_SHOW,
	  N_("host names: from /etc/hosts, from DNS too, none") },
	{ { 'N' }, FT_ACTION_SERVICES, FT_KEYS_SHOW, N_("service names or port numbers") },
	{ { 'p' }, FT_ACTION_PORTS, FT_KEYS_SHOW, N_("ports shown or not") },
	{ { 'l' }, FT_ACTION_COMMAND, FT_KEYS_SHOW, N_("full command line") },
	{ { 'b' }, FT_ACTION_UNIT, FT_KEYS_SHOW, N_("bits, bytes, packets") },
	{ { 'm' }, FT_ACTION_AMOUNTS, FT_KEYS_SHOW, N_("rates, totals, both") },
	{ { 't' }, FT_ACTION_WINDOW, FT_KEYS_SHOW, N_("rates over 2, 10, 40 seconds") },
	{ { 'z' }, FT_ACTION_ZERO, FT_KEYS_SHOW,
	  N_("totals in the lists count from now; again: since start") },
	{ { 'i' }, FT_ACTION_INTERFACES, FT_KEYS_SHOW, N_("interfaces, counters, notes") },

	{ { ',', '[' }, FT_ACTION_STEP_BACK, FT_KEYS_TIME, N_("one moment back") },
	{ { '.', ']' }, FT_ACTION_STEP_ON, FT_KEYS_TIME, N_("one moment on") },
	{ { ';', '{' }, FT_ACTION_MINUTE_BACK, FT_KEYS_TIME, N_("a minute back") },
	{ { '}' }, FT_ACTION_MINUTE_ON, FT_KEYS_TIME, N_("a minute on") },
	{ { ':' }, FT_ACTION_JUMP, FT_KEYS_TIME, N_("to a time: 12:34:56, -5m, +30s") },
	{ { '0' }, FT_ACTION_LIVE, FT_KEYS_TIME, N_("back to what is now") },
	{ { 'B' }, FT_ACTION_DIFFERENCE, FT_KEYS_TIME,
	  N_("baseline: show what differs from this moment; again: end it") },

	{ { ' ', 'P', 'Z' }, FT_ACTION_PAUSE, FT_KEYS_DO, N_("pause; counting goes on") },
	{ { 'd' }, FT_ACTION_INTERVAL, FT_KEYS_DO, N_("interval, in seconds") },
	{ { '+' }, FT_ACTION_SLOWER, FT_KEYS_DO, N_("longer interval") },
	{ { '-' }, FT_ACTION_FASTER, FT_KEYS_DO, N_("shorter interval") },
	{ { 'w' }, FT_ACTION_WRITE, FT_KEYS_DO, N_("write this moment to a file") },
	{ { 'x' }, FT_ACTION_ACTIONS, FT_KEYS_DO,
	  N_("actions on the row: write its packets, ...") },
	{ { 'y' }, FT_ACTION_COPY, FT_KEYS_DO, N_("copy the row to the clipboard (OSC 52)") },
	{ { FT_CTRL('L') }, FT_ACTION_REDRAW, FT_KEYS_DO, N_("redraw") },
	{ { FT_CTRL('Z') }, FT_ACTION_SUSPEND, FT_KEYS_DO, N_("suspend; counting stops") },
	{ { 'h', '?', F(1) }, FT_ACTION_HELP, FT_KEYS_DO, N_("help") },
	{ { 'q', F(10) }, FT_ACTION_CLOSE, FT_KEYS_DO, N_("close what is in front, else quit") },
	{ { 'Q', FT_CTRL('C') }, FT_ACTION_QUIT, FT_KEYS_DO, N_("quit at once") },
};
const size_t ft_binding_count = sizeof(ft_bindings) / sizeof(ft_bindings[0]);

const char *ft_key_group_name(enum ft_key_group group)
{
	static const char *const names[FT_KEYS_MAX] = {
		[FT_KEYS_MOVE] = N_("Moving"),	 [FT_KEYS_SORT] = N_("Order"),
		[FT_KEYS_FILTER] = N_("Filters"), [FT_KEYS_SHOW] = N_("What is shown"),
		[FT_KEYS_TIME] = N_("The past"), [FT_KEYS_DO] = N_("Doing"),
	};

	return names[group];
}

enum ft_action ft_action_of(uint32_t key)
{
	for (size_t i = 0; i < ft_binding_count; i++)
		for (unsigned k = 0; k < FT_BINDING_KEYS && ft_bindings[i].keys[k]; k++)
			if (ft_bindings[i].keys[k] == key)
				return ft_bindings[i].action;
	return FT_ACTION_NONE;
}

const struct ft_binding *ft_binding_of(enum ft_action action)
{
	for (size_t i = 0; i < ft_binding_count; i++)
		if (ft_bindings[i].action == action)
			return &ft_bindings[i];
	return NULL;
}

const char *ft_key_name(uint32_t key, char name[FT_KEY_NAME_MAX])
{
	static const struct {
		uint32_t key;
		const char *name;
	} names[] = {
		{ ' ', "Space" },
		{ FT_KEY_TAB, "Tab" },
		{ FT_KEY_SHIFT_TAB, "Shift-Tab" },
		{ FT_KEY_ENTER, "Enter" },
		{ FT_KEY_ESC, "Esc" },
		{ FT_KEY_BACKSPACE, "Backspace" },
		{ FT_KEY_UP, "Up" },
		{ FT_KEY_DOWN, "Down" },
		{ FT_KEY_LEFT, "Left" },
		{ FT_KEY_RIGHT, "Right" },
		{ FT_KEY_HOME, "Home" },
		{ FT_KEY_END, "End" },
		{ FT_KEY_PAGE_UP, "PgUp" },
		{ FT_KEY_PAGE_DOWN, "PgDn" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].key == key) {
			snprintf(name, FT_KEY_NAME_MAX, "%s", names[i].name);
			return name;
		}
	}
	if (key >= FT_KEY_F1 && key <= FT_KEY_F12)
		snprintf(name, FT_KEY_NAME_MAX, "F%u", (unsigned)(key - FT_KEY_F1 + 1));
	else if (key < 0x20)
		snprintf(name, FT_KEY_NAME_MAX, "Ctrl-%c", (char)(key + 0x40));
	else
		snprintf(name, FT_KEY_NAME_MAX, "%c", key < 0x7f ? (char)key : '?');
	return name;
}
