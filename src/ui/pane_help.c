/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help: the key table, group by group and the marks of lines. */
#include <stdio.h>
#include <string.h>

#include "core/nls.h"
#include "ui/pane.h"

#define KEYS_CELLS 24

/* "Up, k" */
static void key_names(const struct ft_binding *binding, char *text, size_t size)
{
	char name[FT_KEY_NAME_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < FT_BINDING_KEYS && binding->keys[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? " " : "",
					 ft_key_name(binding->keys[i], name));
}

/* All rows of one group. */
static void add_group(struct ft_text *text, enum ft_key_group group)
{
	char names[FT_BINDING_KEYS * (FT_KEY_NAME_MAX + 1)];

	ft_text_heading(text, _(ft_key_group_name(group)));
	for (size_t i = 0; i < ft_binding_count; i++) {
		if (ft_bindings[i].group != group)
			continue;
		key_names(&ft_bindings[i], names, sizeof(names));
		ft_text_pair(text, names, FT_STYLE_TEXT, "%s", _(ft_bindings[i].help));
	}
}

/* What marks and words on the screen mean. */
static void add_words(struct ft_text *text)
{
	ft_text_heading(text, _("On the screen"));
	ft_text_pair(text, "tx rx", FT_STYLE_TEXT, "%s",
		     _("what the local end, talker or process sent; what it got"));
	ft_text_pair(text, "+", FT_STYLE_TEXT, "%s", _("began in this interval"));
	ft_text_pair(text, "x", FT_STYLE_TEXT, "%s", _("has ended"));
	ft_text_pair(text, "^", FT_STYLE_TEXT, "%s", _("pinned"));
	ft_text_pair(text, "*", FT_STYLE_TEXT, "%s", _("this machine"));
	ft_text_pair(text, _("seen"), FT_STYLE_TEXT, "%s",
		     _("every packet that passed, since start: in a flow, in one that was dropped "
		       "from a full table (other), not IP, malformed, or lost"));
}

static void render(struct ft_scene *scene, const struct ft_frame *frame)
{
	struct ft_text text;

	ft_text_init(&text, (unsigned)scene->width - 1, scene->width >= 70 ? KEYS_CELLS : 16,
		     scene->view->show.ascii);
	for (unsigned group = 0; group < FT_KEYS_MAX; group++)
		add_group(&text, (enum ft_key_group)group);
	add_words(&text);
	ft_text_render(scene, frame, &text);
	ft_text_done(&text);
}

const struct ft_pane_ops ft_pane_help = { .name = N_("help"), .render = render };
