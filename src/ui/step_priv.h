/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the step share: step.c has the table of actions and most of their functions,
 * step_panes.c those that it lists of panes. Nobody else includes this.
 */
#ifndef FT_UI_STEP_PRIV_H
#define FT_UI_STEP_PRIV_H

#include "ui/view.h"

#define REFILL (FT_FX_FILL | FT_FX_PAINT)

/* The function of an action, as it stands in a row of the table. */
#define FT_ACT(name) \
	unsigned ft_act_##name(struct ft_view *view, enum ft_action action, \
			       const struct ft_stage *stage)

/* step_panes.c */
FT_ACT(pane);
FT_ACT(pane_step);
FT_ACT(columns);
FT_ACT(enter);
FT_ACT(back);
FT_ACT(close);
FT_ACT(overlay);

#endif
