/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two moments of one recording, to be compared. Flows that came and left between them are in
 * neither, and a recording does not keep what flows of a process counted that have left: here rows
 * of counts tell what each owner's flows counted from one moment to the other,
 *
 *	counted = (rows + past) of the later moment - (rows + past) of the earlier one
 *
 * and the pasts of both are made so that this holds for each owner, to the byte.
 */
#include "recording/read.h"

#include <stdlib.h>
#include <string.h>

#include "core/rows.h"
#include "core/xalloc.h"

/* By owner; grows with the ids that are met. */
struct accounts {
	struct account {
		struct ft_counts counted[2], rows[2][2]; /* tx, rx; of the earlier and the later one */
		uint64_t first_ns, last_ns;
	} *of;
	size_t count;
};

static struct account *account_of(struct accounts *accounts, uint16_t owner)
{
	if (owner >= accounts->count) {
		size_t count = (size_t)owner * 2 + 64;

		accounts->of = xreallocarray(accounts->of, count, sizeof(*accounts->of));
		memset(accounts->of + accounts->count, 0,
		       (count - accounts->count) * sizeof(*accounts->of));
		accounts->count = count;
	}
	return &accounts->of[owner];
}

static void add_counts(struct ft_counts *sum, struct ft_counts more)
{
	sum->packets += more.packets;
	sum->bytes += more.bytes;
	sum->l2_bytes += more.l2_bytes;
}

static void add_times(struct account *account, uint64_t first_ns, uint64_t last_ns)
{
	if (!account->first_ns || first_ns < account->first_ns)
		account->first_ns = first_ns;
	if (last_ns > account->last_ns)
		account->last_ns = last_ns;
}

/* What flows counted in the intervals behind `earlier` up to `later`, by who they count for. */
static int add_counted(struct ft_recording *r, size_t earlier, size_t later,
		       struct accounts *accounts, char *err, size_t err_size)
{
	sqlite3_stmt *row = r->query[FT_Q_COUNTED];
	int code;

	sqlite3_bind_int64(row, 1, r->intervals[earlier].id);
	sqlite3_bind_int64(row, 2, r->intervals[later].id);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		uint16_t owner[2] = { ft_read_owner(r, sqlite3_column_int64(row, 0)),
				      ft_read_owner(r, sqlite3_column_int64(row, 1)) };
		bool both = ft_read_up_to(row, 2, 1) && owner[0] != owner[1];

		for (int side = 0; side < (both ? 2 : 1); side++) {
			struct account *account = account_of(accounts, owner[side]);

			add_counts(&account->counted[side], ft_read_counts(row, 3));
			add_counts(&account->counted[!side], ft_read_counts(row, 6));
			add_times(account, ft_read_u64(row, 9), ft_read_u64(row, 10));
		}
	}
	sqlite3_reset(row);
	return code == SQLITE_DONE ? 0 : ft_recording_error(r->db, "", err, err_size);
}

/* What the flows of a moment counted; as core/table_past.c has it. */
static void add_rows(struct accounts *accounts, const struct ft_snapshot *snapshot, int moment)
{
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		int tx = ft_flow_tx(row->flow);
		uint16_t owner[2];
		int count = ft_flow_owners(row, owner);

		for (int side = 0; side < count; side++) {
			struct account *account = account_of(accounts, owner[side]);

			add_counts(&account->rows[moment][side], row->total[tx]);
			add_counts(&account->rows[moment][!side], row->total[!tx]);
			add_times(account, row->flow->first_ns, row->last_ns);
		}
	}
}

/* What is more than nothing of a - b. */
static struct ft_counts less(struct ft_counts a, struct ft_counts b)
{
	return (struct ft_counts){
		.packets = a.packets > b.packets ? a.packets - b.packets : 0,
		.bytes = a.bytes > b.bytes ? a.bytes - b.bytes : 0,
		.l2_bytes = a.l2_bytes > b.l2_bytes ? a.l2_bytes - b.l2_bytes : 0,
	};
}

/* One way of an owner: pasts that differ by counted + rows[0] - rows[1]. */
static void split(const struct account *from, int way, struct ft_counts *ret_earlier,
		  struct ft_counts *ret_later)
{
	struct ft_counts more = from->counted[way];

	add_counts(&more, from->rows[0][way]);
	*ret_later = less(more, from->rows[1][way]);
	*ret_earlier = less(from->rows[1][way], more);
}

static void set_pasts(struct ft_snapshot *snapshot[2], const struct accounts *accounts)
{
	size_t count = FT_OWNER_FIRST + snapshot[0]->process_count;
	struct ft_past *past[2];

	if (count > accounts->count)
		count = accounts->count;
	for (int i = 0; i < 2; i++)
		past[i] = xcalloc(count + 1, sizeof(*past[i]));
	for (size_t owner = 0; owner < count; owner++) {
		const struct account *from = &accounts->of[owner];

		split(from, 0, &past[0][owner].tx, &past[1][owner].tx);
		split(from, 1, &past[0][owner].rx, &past[1][owner].rx);
		for (int i = 0; i < 2; i++) {
			past[i][owner].first_ns = from->first_ns;
			past[i][owner].last_ns = from->last_ns;
		}
	}
	for (int i = 0; i < 2; i++) {
		snapshot[i]->past = past[i];
		snapshot[i]->past_count = count;
	}
}

int ft_recording_moments(struct ft_recording *recording, size_t earlier, size_t later,
			 struct ft_snapshot *ret_snapshots[2], char *err, size_t err_size)
{
	struct ft_snapshot *snapshot[2] = { NULL, NULL };
	struct accounts accounts = { .of = NULL };
	int ret;

	/* First of all, so that pictures list the owners that only these rows have. */
	ret = add_counted(recording, earlier, later, &accounts, err, err_size);
	if (ret == 0)
		ret = ft_recording_moment(recording, earlier, &snapshot[0], err, err_size);
	if (ret == 0)
		ret = ft_recording_moment(recording, later, &snapshot[1], err, err_size);
	if (ret == 0) {
		for (int i = 0; i < 2; i++)
			add_rows(&accounts, snapshot[i], i);
		set_pasts(snapshot, &accounts);
		memcpy(ret_snapshots, snapshot, sizeof(snapshot));
	} else {
		ft_snapshot_put(snapshot[0]);
	}
	free(accounts.of);
	return ret;
}
