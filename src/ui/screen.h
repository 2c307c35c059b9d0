/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole screen of one moment: header, line of panes, the pane in front, footer, menu.
 * Rendering is a function of the scene; tests call it on a screen without a terminal.
 *
 *   flowtop br0 (tcx)                                              12:00:00
 *   tx  12.3M bit/s ▁▂▃▅▇▅▃  rx   1.2M bit/s ▁▁▂▂▁▁▁   flows 1234
 *   seen 123456 = flows 123400 + other 0 + not IP 56 + malformed 0 + lost 0
 *   ! a note, if there is something that the user should know
 *   1 flows  2 talkers  3 processes                    tcp and port 443, hides 12
 *   LOCAL            REMOTE           ...
 *   rows
 *   hints, message or prompt
 */
#ifndef FT_UI_SCREEN_H
#define FT_UI_SCREEN_H

#include "ui/pane.h"

#define FT_SCREEN_MIN_WIDTH 40
#define FT_SCREEN_MIN_HEIGHT 10

/* Lays the parts out to the window's size: before rows are filled or keys are acted upon. */
void ft_screen_measure(struct ft_scene *scene);
/* Draws everything into the window; refreshing is the caller's. */
void ft_screen_render(struct ft_scene *scene);
const struct ft_pane_ops *ft_pane(enum ft_pane_id pane);
/* The stage that a step acts upon, from the last measure and render. */
struct ft_stage ft_screen_stage(const struct ft_scene *scene);

#endif
