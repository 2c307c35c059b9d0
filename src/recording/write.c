/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing side: one transaction an interval, in a file of the calling user's. What could not
 * be written (a full disk) is rolled back whole; the next interval tries again, and since rows
 * of counts hold totals, what is missing is that interval's own numbers. With the write-ahead log
 * a kill at any moment leaves what was committed; at an orderly end the log goes away and the
 * recording is one file.
 *
 *   flows are written when they are first seen, or again if the transaction that had them failed
 *   hosts, processes: once each, as far as a bounded memory tells; SQLite ignores repetitions
 *
 * Rights: each call changes to the calling user first (caller.h). The writer's thread alone uses
 * the struct once open has returned.
 */
#include "recording/recording.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/addr.h"
#include "core/filter.h"
#include "core/names.h"
#include "core/nls.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "output/caller.h"
#include "output/utf8.h"
#include "recording/schema.h"
#include "recording/write.h"

#define HOSTS_KNOWN 65536U /* a power of two: addresses that need no look into the file */
#define OWNERS 65536U

enum statement {
	BEGIN, COMMIT, INTERVAL, LINE, HEALTH, HOST, PROCESS, FLOW, END, COUNT, STATEMENTS
};

static const char *const statements[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[INTERVAL] = "INSERT INTO intervals VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[LINE] = "INSERT INTO lines VALUES(?,?,?,?,?,?,?,?,?)",
	[HEALTH] = "INSERT INTO health VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[HOST] = "INSERT OR IGNORE INTO hosts VALUES(?,?,?)",
	[PROCESS] = "INSERT INTO processes VALUES"
		    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[FLOW] = "INSERT OR IGNORE INTO flows VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[END] = "UPDATE flows SET ended=? WHERE id=?",
	[COUNT] = "INSERT INTO counts VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
};

/* What an owner's id meant when it was last written. */
struct known_owner {
	uint64_t print; /* of the record's contents; 0 = never written */
	int64_t row;
	int64_t seen;   /* interval in which the record was looked at */
};

struct recording {
	struct ft_output base;
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	struct ft_caller caller;
	const struct ft_filter *filter; /* borrowed */
	const struct ft_names *names;   /* borrowed */
	uint64_t generation;            /* of the last snapshot that was written */
	uint64_t gap_from, gap_to;      /* flows born in these generations may not be in the file */
	int64_t interval;               /* number of the one in work */
	int64_t processes;              /* rows that there are */
	struct known_owner *owners;     /* OWNERS */
	uint8_t (*hosts)[16];           /* HOSTS_KNOWN, by hash */
	struct ft_hidden hidden;
	struct ft_recorder_keeper keeper;
};

static struct recording *self_of(struct ft_output *output)
{
	return (struct recording *)output;
}

/* ---- values into statements: parameters in order */

struct binder {
	sqlite3_stmt *statement;
	int next;
};

static void put_int(struct binder *to, uint64_t number)
{
	sqlite3_bind_int64(to->statement, ++to->next, (sqlite3_int64)number);
}

static void put_null(struct binder *to)
{
	sqlite3_bind_null(to->statement, ++to->next);
}

/* A constant, or NULL. */
static void put_word(struct binder *to, const char *word)
{
	if (word)
		sqlite3_bind_text(to->statement, ++to->next, word, -1, SQLITE_STATIC);
	else
		put_null(to);
}

/* Text that may go before the statement runs. */
static void put_copy(struct binder *to, const char *text)
{
	sqlite3_bind_text(to->statement, ++to->next, text, -1, SQLITE_TRANSIENT);
}

/* Bytes from outside: text if they are, NULL if there are none. */
static void put_bytes(struct binder *to, const char *bytes)
{
	size_t length = bytes ? strlen(bytes) : 0;

	if (length == 0)
		put_null(to);
	else if (ft_utf8_valid(bytes, length))
		sqlite3_bind_text(to->statement, ++to->next, bytes, (int)length, SQLITE_STATIC);
	else
		sqlite3_bind_blob(to->statement, ++to->next, bytes, (int)length, SQLITE_STATIC);
}

static struct binder begin(struct recording *self, enum statement which)
{
	return (struct binder){ .statement = self->statement[which] };
}

/* Runs it; 0 or -errno with the remark. */
static int run(struct recording *self, const struct binder *bound)
{
	int code = sqlite3_step(bound->statement), ret = 0;

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		ret = ft_recording_error(self->db, "", self->base.remark,
					 sizeof(self->base.remark));
	sqlite3_reset(bound->statement);
	return ret;
}

/* One without parameters. */
static int run_plain(struct recording *self, enum statement which)
{
	struct binder bound = begin(self, which);

	return run(self, &bound);
}

/* ---- rows */

/* The address in the form of the file. */
static void address_text(const uint8_t addr[16], char text[INET6_ADDRSTRLEN])
{
	if (ft_addr_is_v4(addr))
		inet_ntop(AF_INET, addr + 12, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

/* A host, unless it is known to be there. */
static int write_host(struct recording *self, const uint8_t addr[16], const char *text)
{
	uint64_t halves[2];
	struct binder to;
	uint8_t *known;

	memcpy(halves, addr, sizeof(halves));
	known = self->hosts[((halves[0] ^ halves[1] * 3) * UINT64_C(0x9e3779b97f4a7c15)) >> 48 &
			    (HOSTS_KNOWN - 1)];
	if (memcmp(known, addr, 16) == 0)
		return 0;
	memcpy(known, addr, 16);
	to = begin(self, HOST);
	put_copy(&to, text);
	sqlite3_bind_blob(to.statement, ++to.next, addr, 16, SQLITE_STATIC);
	put_bytes(&to, self->names ? ft_names_host(self->names, addr, NULL) : NULL);
	return run(self, &to);
}

/* Contents of a process's record as one number, never 0. */
static uint64_t print_of(const struct ft_process *process)
{
	const char *const texts[] = { process->name, process->cmdline, process->container,
				      process->unit, process->user };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = (hash ^ (uint32_t)process->pid) * UINT64_C(0x100000001b3);
	hash = (hash ^ process->start_ns) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (const char *at = texts[i]; at && *at; at++)
			hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
		hash = hash * 31 + i;
	}
	return hash ? hash : 1;
}

static int write_process(struct recording *self, int64_t row, const struct ft_process *process)
{
	struct binder to = begin(self, PROCESS);

	put_int(&to, (uint64_t)row);
	put_word(&to, "process");
	put_int(&to, (uint64_t)process->pid);
	put_int(&to, (uint64_t)process->ppid);
	put_int(&to, process->uid);
	put_int(&to, process->gid);
	put_int(&to, process->netns);
	put_int(&to, process->start_ns);
	put_bytes(&to, process->name);
	put_bytes(&to, process->user);
	put_bytes(&to, process->cmdline);
	put_bytes(&to, process->exe);
	put_bytes(&to, process->cgroup);
	put_bytes(&to, process->unit);
	put_bytes(&to, process->container);
	put_bytes(&to, process->container_id);
	put_bytes(&to, process->runtime);
	put_bytes(&to, process->image);
	put_bytes(&to, process->pod);
	put_bytes(&to, process->pod_namespace);
	put_bytes(&to, process->group);
	put_bytes(&to, process->parents);
	return run(self, &to);
}

/* The row of an owner, written if its record is new. */
static int owner_row(struct recording *self, const struct ft_snapshot *snapshot, uint16_t owner,
		     int64_t *ret_row)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);
	struct known_owner *known = &self->owners[owner];
	uint64_t print;
	int ret;

	*ret_row = process ? known->row : owner < FT_OWNER_FIRST ? owner : FT_OWNER_UNKNOWN;
	if (!process || known->seen == self->interval)
		return 0;
	known->seen = self->interval;
	print = print_of(process);
	if (known->print == print)
		return 0;
	ret = write_process(self, self->processes, process);
	if (ret < 0)
		return ret;
	known->print = print;
	known->row = *ret_row = self->processes++;
	return 0;
}

/* What an ICMP flow's slots hold, or ports, or nothing: the five columns in their order. */
static void put_ends(struct binder *to, const struct ft_flow *flow, const char text[2][46])
{
	const struct ft_flow_key *key = &flow->key;
	int tx = ft_flow_tx(flow);
	const uint16_t ports[2] = { ntohs(key->port_a_be), ntohs(key->port_b_be) };

	for (int i = 0; i < 2; i++) {
		int end = i == 0 ? tx : !tx;

		put_copy(to, text[end]);
		if (ft_protocol_has_ports(key->protocol))
			put_int(to, ports[end]);
		else
			put_null(to);
	}
}

/* ICMP's three, SPI, GRE key. */
static void put_extras(struct binder *to, const struct ft_flow_hot *row)
{
	const struct ft_flow_key *key = &row->flow->key;
	uint16_t request = ntohs(key->port_b_be);

	if (key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6) {
		put_int(to, request >> 8);
		put_int(to, request & 0xff);
		put_int(to, ntohs(key->port_a_be));
	} else {
		put_null(to);
		put_null(to);
		put_null(to);
	}
	if (row->entry_flags & FT_ENTRY_EXTRA_SPI)
		put_int(to, row->flow->extra);
	else
		put_null(to);
	if (row->entry_flags & FT_ENTRY_EXTRA_GRE)
		put_int(to, row->flow->extra);
	else
		put_null(to);
}

/* A VLAN, or none. */
static void put_vlan(struct binder *to, uint16_t vlan)
{
	if (vlan)
		put_int(to, vlan);
	else
		put_null(to);
}

/* The flow's own row, with its hosts. */
static int write_flow(struct recording *self, const struct ft_snapshot *snapshot,
		      const struct ft_flow_hot *row)
{
	const struct ft_flow *flow = row->flow;
	const struct ft_flow_key *key = &flow->key;
	char text[2][46];
	struct binder to;
	int ret;

	address_text(key->addr_a, text[0]);
	address_text(key->addr_b, text[1]);
	ret = write_host(self, key->addr_a, text[0]);
	if (ret == 0)
		ret = write_host(self, key->addr_b, text[1]);
	if (ret < 0)
		return ret;
	to = begin(self, FLOW);
	put_int(&to, flow->id);
	put_bytes(&to, ft_snapshot_scope_name(snapshot, key->scope));
	if (!ft_snapshot_scope_name(snapshot, key->scope)[0])
		sqlite3_bind_text(to.statement, to.next, "?", 1, SQLITE_STATIC);
	put_vlan(&to, key->vlan_outer);
	put_vlan(&to, key->vlan_inner);
	put_int(&to, key->ip_version);
	put_int(&to, key->protocol);
	put_ends(&to, flow, (const char(*)[46])text);
	put_word(&to, ft_path_name((enum ft_path)flow->path));
	put_word(&to, flow->initiator == FT_END_NONE ? NULL :
		      flow->initiator == flow->local ? "local" : "remote");
	put_extras(&to, row);
	put_int(&to, flow->first_ns);
	put_null(&to);
	return run(self, &to);
}

/* True if the flow may not be in the file yet. */
static bool is_new(const struct recording *self, const struct ft_flow *flow)
{
	uint32_t birth = flow->birth; /* low bits: differences count */

	return self->generation == 0 || (self->filter && !ft_filter_is_all(self->filter)) ||
	       (int32_t)(birth - (uint32_t)self->generation) > 0 ||
	       ((int32_t)(birth - (uint32_t)self->gap_from) > 0 &&
		(int32_t)((uint32_t)self->gap_to - birth) >= 0);
}

/* What the interval counted, and how it stands. */
static int write_counts(struct recording *self, const struct ft_snapshot *snapshot,
			const struct ft_flow_hot *row)
{
	const struct ft_counts *delta = ft_snapshot_delta(snapshot, row);
	int tx = ft_flow_tx(row->flow), ret = 0;
	int64_t owner[2] = { 0, 0 };
	struct binder to;

	for (int end = 0; end < 2 && ret == 0; end++)
		ret = owner_row(self, snapshot, ft_flow_owner(row, end), &owner[end]);
	if (ret < 0)
		return ret;
	to = begin(self, COUNT);
	put_int(&to, (uint64_t)self->interval);
	put_int(&to, row->flow->id);
	for (int k = 0; k < 4; k++) {
		const struct ft_counts *from = k < 2 ? delta : row->total;
		const struct ft_counts *counts = &from[k % 2 == 0 ? tx : !tx];

		put_int(&to, counts->packets);
		put_int(&to, counts->bytes);
		put_int(&to, counts->l2_bytes);
	}
	put_int(&to, row->last_ns);
	put_word(&to, row->state == FT_STATE_NONE ? NULL :
						   ft_state_name((enum ft_state)row->state));
	put_word(&to, ft_end_reason_name((enum ft_end_reason)row->ended));
	put_int(&to, (uint64_t)owner[tx]);
	put_int(&to, (uint64_t)owner[!tx]);
	put_int(&to, row->tcp_flags[tx]);
	put_int(&to, row->tcp_flags[!tx]);
	put_int(&to, (row->entry_flags & FT_ENTRY_FRAGMENT ? 1U : 0U) |
		     (row->entry_flags & FT_ENTRY_INEXACT ? 2U : 0U));
	return run(self, &to);
}

/* One flow that counted something or ended. */
static int write_row(struct recording *self, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *row)
{
	struct binder to;
	int ret = 0;

	if (is_new(self, row->flow))
		ret = write_flow(self, snapshot, row);
	if (ret == 0)
		ret = write_counts(self, snapshot, row);
	if (ret < 0 || !row->ended_now)
		return ret;
	to = begin(self, END);
	put_int(&to, (uint64_t)self->interval);
	put_int(&to, row->flow->id);
	return run(self, &to);
}

/* Adds what a flow that is not written counted. */
static void hide(struct recording *self, const struct ft_snapshot *snapshot,
		 const struct ft_flow_hot *row)
{
	const struct ft_counts *delta = ft_snapshot_delta(snapshot, row);

	self->hidden.flows++;
	for (int dir = 0; dir < 2; dir++) {
		self->hidden.interval.packets += delta[dir].packets;
		self->hidden.interval.bytes += delta[dir].bytes;
		self->hidden.interval.l2_bytes += delta[dir].l2_bytes;
	}
}

static int write_rows(struct recording *self, const struct ft_snapshot *snapshot)
{
	bool all = !self->filter || ft_filter_is_all(self->filter);
	struct ft_filter_run *filter = all ? NULL : ft_filter_run_new(self->filter, snapshot);
	int ret = 0;

	self->hidden = (struct ft_hidden){ .flows = 0 };
	for (size_t i = 0; i < snapshot->row_count && ret == 0; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		if (!row->delta && !row->ended_now)
			continue;
		if (filter && !ft_filter_run_match(filter, row))
			hide(self, snapshot, row);
		else
			ret = write_row(self, snapshot, row);
	}
	if (filter)
		ft_filter_run_free(filter);
	return ret;
}

/* One term of an interface's line, if it ever counted anything. */
static int write_term(struct recording *self, const char *interface, const char *term,
		      struct ft_sum now, struct ft_sum total)
{
	struct binder to;

	if (!total.packets && !total.l2_bytes && !now.packets && !now.l2_bytes)
		return 0;
	to = begin(self, LINE);
	put_int(&to, (uint64_t)self->interval);
	put_bytes(&to, interface);
	put_word(&to, term);
	put_int(&to, now.packets);
	put_int(&to, now.bytes);
	put_int(&to, now.l2_bytes);
	put_int(&to, total.packets);
	put_int(&to, total.bytes);
	put_int(&to, total.l2_bytes);
	return run(self, &to);
}

static struct ft_sum sum_of(struct ft_tally tally)
{
	return (struct ft_sum){ .packets = tally.packets, .l2_bytes = tally.l2_bytes };
}

/* The line of one interface. */
static int write_line(struct recording *self, const struct ft_snapshot_scope *scope)
{
	const char *name = scope->name[0] ? scope->name : "?";
	const struct ft_line *now = &scope->interval, *total = &scope->total;
	int ret = write_term(self, name, "seen", sum_of(now->seen), sum_of(total->seen));

	if (ret == 0)
		ret = write_term(self, name, "flows", now->flows, total->flows);
	if (ret == 0)
		ret = write_term(self, name, "other", now->other, total->other);
	for (int c = FT_C_SEEN + 1; c < FT_C_MAX && ret == 0; c++)
		ret = write_term(self, name, ft_counter_name((enum ft_counter)c),
				 sum_of(now->by.c[c]), sum_of(total->by.c[c]));
	return ret;
}

static void put_tally(struct binder *to, struct ft_tally tally)
{
	put_int(to, tally.packets);
	put_int(to, tally.l2_bytes);
}

static void put_sum(struct binder *to, const struct ft_sum *sum)
{
	put_int(to, sum->packets);
	put_int(to, sum->bytes);
	put_int(to, sum->l2_bytes);
}

static int write_interval(struct recording *self, const struct ft_snapshot *snapshot)
{
	const struct ft_line *line = &snapshot->interval;
	struct binder to = begin(self, INTERVAL);

	put_int(&to, (uint64_t)self->interval);
	put_int(&to, snapshot->end_ns);
	put_int(&to, snapshot->interval_ns);
	put_int(&to, snapshot->live_flows);
	put_tally(&to, line->seen);
	put_sum(&to, &line->flows);
	put_sum(&to, &line->other);
	put_tally(&to, ft_line_not_ip(line));
	put_tally(&to, ft_line_malformed(line));
	put_tally(&to, ft_line_lost(line));
	put_int(&to, !line->inexact);
	put_int(&to, self->hidden.flows);
	put_sum(&to, &self->hidden.interval);
	return run(self, &to);
}

static int write_health(struct recording *self, const struct ft_snapshot *snapshot)
{
	struct binder to = begin(self, HEALTH);
	char *notes = xstrdup(""), *joined;
	int ret;

	for (size_t i = 0; i < snapshot->note_count; i++) {
		joined = xasprintf("%s%s%s", notes, i ? "\n" : "", snapshot->notes[i]);
		free(notes);
		notes = joined;
	}
	put_int(&to, (uint64_t)self->interval);
	put_bytes(&to, snapshot->backend);
	put_bytes(&to, snapshot->backend_reason);
	put_bytes(&to, snapshot->capture_filter);
	put_bytes(&to, snapshot->owner_source);
	put_int(&to, snapshot->evicted);
	put_int(&to, snapshot->lengthened);
	put_int(&to, snapshot->missed);
	put_int(&to, snapshot->not_watched_ns);
	put_int(&to, snapshot->store.log_fill);
	put_int(&to, snapshot->store.spilled);
	put_int(&to, snapshot->store.flips);
	put_int(&to, snapshot->store.map_bytes);
	put_int(&to, snapshot->store.sockets_missed);
	put_int(&to, snapshot->max_flows);
	put_bytes(&to, notes);
	ret = run(self, &to);
	sqlite3_clear_bindings(to.statement);
	free(notes);
	return ret;
}

/* ---- a snapshot */

/* All of a transaction but its frame. */
static int write_all(struct recording *self, const struct ft_snapshot *snapshot)
{
	int ret = write_rows(self, snapshot);

	if (ret == 0)
		ret = write_interval(self, snapshot);
	for (size_t i = 0; i < snapshot->scope_count && ret == 0; i++)
		ret = write_line(self, &snapshot->scopes[i]);
	if (ret == 0)
		ret = write_health(self, snapshot);
	if (ret == 0)
		ret = ft_recorder_keep(&self->keeper, self->db, self->interval, snapshot->end_ns,
				       self->base.remark, sizeof(self->base.remark));
	return ret;
}

/* What is remembered of a transaction that was rolled back is not so. */
static void forget(struct recording *self)
{
	sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
	memset(self->owners, 0, OWNERS * sizeof(*self->owners));
	memset(self->hosts, 0, HOSTS_KNOWN * sizeof(*self->hosts));
}

/* Snapshots that never came, or could not be written: their new flows are not in the file. */
static void note_gap(struct recording *self, uint64_t from, uint64_t to)
{
	if (from >= to)
		return;
	if (self->gap_to == 0)
		self->gap_from = from;
	self->gap_to = to;
}

static int recording_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	struct recording *self = self_of(output);
	int ret;

	ft_caller_enter(&self->caller);
	output->remark[0] = '\0';
	self->interval++;
	note_gap(self, self->generation, snapshot->generation - 1);
	ret = run_plain(self, BEGIN);
	if (ret == 0)
		ret = write_all(self, snapshot);
	if (ret == 0)
		ret = run_plain(self, COMMIT);
	if (ret < 0) {
		forget(self);
		note_gap(self, self->generation, snapshot->generation);
	}
	self->generation = snapshot->generation;
	ft_caller_leave(&self->caller);
	return ret;
}

/* ---- birth and death */

/* The file: new, the caller's, for nobody else. */
static int create_file(const char *path, char *err, size_t err_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), ret;

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	ret = -errno;
	if (ret == -EEXIST)
		snprintf(err, err_size, _("-w: %.200s is there already; nothing is overwritten"),
			 path);
	else
		snprintf(err, err_size, "-w: %.200s: %s", path, strerror(-ret));
	return ret;
}

/* Runs SQL text of our own. */
static int execute(sqlite3 *db, const char *sql, char *err, size_t err_size)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return ft_recording_error(db, "-w", err, err_size);
}

/* A line about the recording itself. */
static int write_about(struct recording *self, const char *name, const char *value, char *err,
		       size_t err_size)
{
	char *sql = sqlite3_mprintf("INSERT INTO recording VALUES(%Q,%Q)", name, value);
	int ret = sql ? execute(self->db, sql, err, err_size) : -ENOMEM;

	sqlite3_free(sql);
	return ret;
}

/* Tables, the rows of owners that are no process, what is said once. */
static int create_tables(struct recording *self, const struct ft_output_config *config, char *err,
			 size_t err_size)
{
	static const char *const owners[FT_OWNER_FIRST] = { "unknown", "kernel", "transit",
							    "foreign" };
	char pragmas[200];
	int ret;

	snprintf(pragmas, sizeof(pragmas),
		 "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=%d; PRAGMA "
		 "user_version=%d; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; BEGIN",
		 FT_RECORDING_APPLICATION, FT_RECORDING_VERSION);
	ret = execute(self->db, pragmas, err, err_size);
	for (size_t i = 0; ft_recording_tables[i].name && ret == 0; i++)
		ret = execute(self->db, ft_recording_tables[i].sql, err, err_size);
	for (int i = 0; i < FT_OWNER_FIRST && ret == 0; i++) {
		char sql[100];

		snprintf(sql, sizeof(sql), "INSERT INTO processes(id,owner) VALUES(%d,'%s')", i,
			 owners[i]);
		ret = execute(self->db, sql, err, err_size);
	}
	self->processes = FT_OWNER_FIRST;
	if (ret == 0)
		ret = write_about(self, "observer", config->observer, err, err_size);
	if (ret == 0)
		ret = write_about(self, "program", "flowtop " PACKAGE_VERSION, err, err_size);
	if (ret == 0)
		ret = write_about(self, "filter", self->filter ? ft_filter_text(self->filter) : "", err, err_size);
	return ret == 0 ? execute(self->db, "COMMIT", err, err_size) : ret;
}

static int prepare(struct recording *self, char *err, size_t err_size)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(self->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &self->statement[i], NULL) != SQLITE_OK)
			return ft_recording_error(self->db, "-w", err, err_size);
	return 0;
}

/* Frees; says whether the end could be written. */
static int recording_close(struct ft_output *output)
{
	struct recording *self = self_of(output);
	int ret = 0;

	ft_caller_enter(&self->caller);
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(self->statement[i]);
	/* One file; if it can't be (somebody reads it), the log stays beside it: nothing is lost. */
	sqlite3_exec(self->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	if (sqlite3_close(self->db) != SQLITE_OK)
		ret = -EIO;
	ft_caller_leave(&self->caller);
	ft_caller_done(&self->caller);
	free(self->owners);
	free(self->hosts);
	free(self);
	return ret;
}

/* Opens the new file and fills it so far that the first interval can come. */
static int open_database(struct recording *self, const struct ft_output_config *config, char *err,
			 size_t err_size)
{
	/* SQLite takes "file:x" and ":memory:" for more than names. */
	char *path = xasprintf("%s%s", config->target[0] == '/' ? "" : "./", config->target);
	int ret = create_file(path, err, err_size);

	if (ret < 0)
		goto cleanup;
	if (sqlite3_open_v2(path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		ret = ft_recording_error(self->db, "-w", err, err_size);
	if (ret == 0)
		ret = create_tables(self, config, err, err_size);
	if (ret == 0)
		ret = prepare(self, err, err_size);
	if (ret < 0)
		unlink(path);
cleanup:
	free(path);
	return ret;
}

static int recording_open(const struct ft_output_config *config, struct ft_output **ret_output,
			  char *err, size_t err_size)
{
	struct recording *self = xcalloc(1, sizeof(*self));
	int ret;

	self->base.ops = &ft_output_recording;
	self->filter = config->query.filter;
	self->names = config->query.show ? config->query.show->names : NULL;
	self->owners = xcalloc(OWNERS, sizeof(*self->owners));
	self->hosts = xcalloc(HOSTS_KNOWN, sizeof(*self->hosts));
	if (config->keep)
		ft_recording_parse_keep(config->keep, &self->keeper.keep); /* checked before */
	ft_caller_init(&self->caller);
	ft_caller_enter(&self->caller);
	ret = open_database(self, config, err, err_size);
	ft_caller_leave(&self->caller);
	if (ret < 0) {
		recording_close(&self->base);
		return ret;
	}
	*ret_output = &self->base;
	return 0;
}

const struct ft_output_ops ft_output_recording = {
	.name = "recording",
	.extension = ".flow",
	.open = recording_open,
	.write = recording_write,
	.close = recording_close,
};
