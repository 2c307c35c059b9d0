/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots that no table has made: copies for keeping the past, pictures read from recordings.
 * They hold their cold records themselves, so that keeping one keeps nothing of a table from
 * being freed. Read, taken and put as all snapshots are.
 */
#ifndef FT_CORE_SNAPSHOT_OWN_H
#define FT_CORE_SNAPSHOT_OWN_H

#include "core/snapshot.h"

/* What its maker fills in before anybody else sees it; zeroed, as many as were asked for. */
struct ft_snapshot_room {
	struct ft_flow *flows;
	struct ft_flow_hot *rows;
	struct ft_delta *deltas;
};

/* One reference, the caller's. Texts are "", lists are empty: the maker replaces them by heap
 * memory, which the snapshot frees. */
struct ft_snapshot *ft_snapshot_make(size_t rows, size_t deltas, struct ft_snapshot_room *ret_room);

/* The same picture (of a difference: its later moment) in memory of its own (processes and the list of sockets are shared: they
 * belong to no table); what it takes. */
struct ft_snapshot *ft_snapshot_copy(const struct ft_snapshot *from);
size_t ft_snapshot_size(const struct ft_snapshot *snapshot);

#endif
