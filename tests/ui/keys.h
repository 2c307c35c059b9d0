/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys by name, for tests of the screen: "Down 2 Enter C-c 'typed text'". */
#ifndef FT_TESTS_UI_KEYS_H
#define FT_TESTS_UI_KEYS_H

#include "ui/input.h"

void keys_each(const char *keys, void (*give)(void *arg, const struct ft_event *event), void *arg);

#endif
