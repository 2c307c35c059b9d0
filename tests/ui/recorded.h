/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real snapshots on file: written by tests/ui/record from a running collector, read back by
 * the screen's tests as a value. One line an object, words with spaces between, numbers in
 * decimal; texts with %XX for what is not plain, "-" for an empty one. Readable, so that a
 * change of a fixture can be looked at.
 */
#ifndef FT_TESTS_UI_RECORDED_H
#define FT_TESTS_UI_RECORDED_H

#include <stdio.h>

#include "core/snapshot.h"

void recorded_write(FILE *stream, const struct ft_snapshot *snapshot);
/* Exits with a sentence if the file cannot be read: a fixture belongs to the source. */
struct ft_snapshot *recorded_load(const char *path);
/* Only for what recorded_load returned. */
void recorded_free(struct ft_snapshot *snapshot);

#endif
