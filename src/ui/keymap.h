/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of keys: key, action, help. The help pane is made of its rows, the footer names
 * their keys, the man page is tested against them, and a key means the same in every pane. A new key is a
 * row here and a function in step*.c.
 */
#ifndef FT_UI_KEYMAP_H
#define FT_UI_KEYMAP_H

#include <stddef.h>
#include <stdint.h>

#define FT_BINDING_KEYS 6
#define FT_KEY_NAME_MAX 16

enum ft_action {
	FT_ACTION_NONE,
	FT_ACTION_PANE_1,
	FT_ACTION_PANE_2,
	FT_ACTION_PANE_3,
	FT_ACTION_PANE_4,
	FT_ACTION_PANE_5,
	FT_ACTION_HEALTH,
	FT_ACTION_PANE_NEXT,
	FT_ACTION_PANE_PREVIOUS,
	FT_ACTION_UP,
	FT_ACTION_DOWN,
	FT_ACTION_PAGE_UP,
	FT_ACTION_PAGE_DOWN,
	FT_ACTION_HALF_UP,
	FT_ACTION_HALF_DOWN,
	FT_ACTION_HOME,
	FT_ACTION_END,
	FT_ACTION_COLUMNS_LEFT,
	FT_ACTION_COLUMNS_RIGHT,
	FT_ACTION_ENTER,
	FT_ACTION_BACK,
	FT_ACTION_HELP,
	FT_ACTION_INTERFACES,
	FT_ACTION_GROUP,
	FT_ACTION_SORT_PREVIOUS,
	FT_ACTION_SORT_NEXT,
	FT_ACTION_SORT_MENU,
	FT_ACTION_REVERSE,
	FT_ACTION_SORT_SENT,
	FT_ACTION_SORT_RECEIVED,
	FT_ACTION_FREEZE,
	FT_ACTION_PIN,
	FT_ACTION_FILTER,
	FT_ACTION_FIND,
	FT_ACTION_CLEAR,
	FT_ACTION_TCP,
	FT_ACTION_UDP,
	FT_ACTION_ICMP,
	FT_ACTION_OTHER,
	FT_ACTION_ALL,
	FT_ACTION_VERSION,
	FT_ACTION_CLOSED,
	FT_ACTION_HOSTS,
	FT_ACTION_SERVICES,
	FT_ACTION_PORTS,
	FT_ACTION_COMMAND,
	FT_ACTION_UNIT,
	FT_ACTION_AMOUNTS,
	FT_ACTION_WINDOW,
	FT_ACTION_ZERO,
	FT_ACTION_STEP_BACK,
	FT_ACTION_STEP_ON,
	FT_ACTION_MINUTE_BACK,
	FT_ACTION_MINUTE_ON,
	FT_ACTION_JUMP,
	FT_ACTION_LIVE,
	FT_ACTION_DIFFERENCE,
	FT_ACTION_PAUSE,
	FT_ACTION_INTERVAL,
	FT_ACTION_SLOWER,
	FT_ACTION_FASTER,
	FT_ACTION_WRITE,
	FT_ACTION_COPY,
	FT_ACTION_ACTIONS,
	FT_ACTION_REDRAW,
	FT_ACTION_SUSPEND,
	FT_ACTION_CLOSE,
	FT_ACTION_QUIT,
	FT_ACTION_MAX
};

/* Headings of the help pane, in its order. */
enum ft_key_group {
	FT_KEYS_MOVE,
	FT_KEYS_SORT,
	FT_KEYS_FILTER,
	FT_KEYS_SHOW,
	FT_KEYS_TIME,
	FT_KEYS_DO,
	FT_KEYS_MAX
};

struct ft_binding {
	uint32_t keys[FT_BINDING_KEYS]; /* ended by 0 if there are fewer; the first is the name */
	enum ft_action action;
	enum ft_key_group group;
	const char *help; /* N_(), one line */
};

extern const struct ft_binding ft_bindings[];
extern const size_t ft_binding_count;

/* N_() heading of a group. */
const char *ft_key_group_name(enum ft_key_group group);
/* FT_ACTION_NONE for keys that mean nothing. */
enum ft_action ft_action_of(uint32_t key);
/* The row of an action. */
const struct ft_binding *ft_binding_of(enum ft_action action);
/* "Space", "Ctrl-L", "F1", "PgUp", "q"; as the man page writes them, untranslated. */
const char *ft_key_name(uint32_t key, char name[FT_KEY_NAME_MAX]);

#endif
