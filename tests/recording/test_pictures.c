/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moments read back are those that were live: flows with their rates, what TCP says, sockets and
 * events, whichever way one comes to them; and recordings of the layout before still open.
 */
#include <arpa/inet.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/event.h"
#include "core/health.h"
#include "core/rows.h"
#include "core/snapshot_own.h"
#include "core/socket.h"
#include "core/xalloc.h"
#include "recording/recording.h"
#include "tests/core/feed.h"
#include "tests/recording/rig.h"

#define MOMENTS 60
#define FLOWS 40
#define SOCKETS 30

static char folder[] = "/tmp/flowtop-pictures-XXXXXX";
static char *path;
static const struct ft_snapshot *live[MOMENTS];
static uint64_t fresh_of[MOMENTS]; /* ids of events: the first one of a moment */

/* The same numbers at each run. */
static uint32_t next_random(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (uint32_t)(state >> 20);
}

/* ---- a life: flows that come, send now and then, and end */

/* One flow's part of a second: TCP with a handshake, silence, data, an end. */
static void live_on(struct feed *feed, unsigned flow, unsigned second)
{
	struct ft_flow_key key = feed_key(1 + flow % 3, (uint16_t)(1000 + flow), 50 + flow, 443,
					  flow % 4 == 3 ? 17 : 6);
	bool starts = second == flow, ends = flow % 5 == 0 && second == flow + 10;
	struct ft_entry *entry;

	if (second < flow || (flow % 5 == 0 && second > flow + 10) ||
	    (!starts && !ends && next_random() % 3))
		return;
	entry = feed_add(feed, 0, &key, 100 + next_random() % 9000, next_random() % 5000);
	entry->cookie[0] = flow % 2 ? 1000 + flow : 0;
	entry->tcp_flags[0] = key.protocol == 6 ? (starts ? 0x12 : 0x18) : 0;
	entry->tcp_flags[1] = key.protocol == 6 ? (starts ? 0x12 : 0x10) : 0;
	if (starts && key.protocol == 6) {
		entry->flags[0] = FT_ENTRY_SYN_AB;
		entry->shake[0] = 5000;
		entry->shake[1] = 5000 + flow * 7;
		entry->shake[FT_SHAKE_ACK] = 5000 + flow * 9;
	}
	if (ends)
		entry->tcp_flags[0] |= 0x04;
	if (entry->cookie[0])
		feed_socket(feed, (struct ft_health){
			.cookie = entry->cookie[0], .tick = feed->now_ns, .known = FT_HEALTH_MORE,
			.state = FT_HEALTH_ESTABLISHED, .srtt_us = 1000 + next_random() % 100,
			.min_rtt_us = 900, .cwnd = 10, .mss = 1448, .congestion = "cubic",
			.ssthresh = second % 2 ? FT_HEALTH_NO_SSTHRESH : 77,
			.pacing_rate = second % 2 ? FT_HEALTH_NO_PACING : 123456789012,
			.ca_state = second % 5, .options = FT_HEALTH_OPT_SACK, .snd_wscale = 7,
			.last_ack_received_ms = next_random() % 1000,
		});
}

/* A list of sockets: listeners, one that changes, some that come and go, some that flows have. */
static const struct ft_socket_list *list_sockets(unsigned second, uint64_t now_ns)
{
	struct ft_socket_list *list = ft_socket_list_new();

	for (unsigned i = 0; i < SOCKETS; i++) {
		struct ft_socket socket = {
			.id = i < 4 ? 0x8000000000000000ULL + i : 1000 + i,
			.protocol = i % 4 == 3 ? IPPROTO_UDP : IPPROTO_TCP, .ip_version = 4,
			.owner = FT_OWNER_UNKNOWN, .uid = 1000, .inode = 7000 + i,
			.local_port_be = htons((uint16_t)(1000 + i)), .has_memory = i % 2,
		};

		if (i > 20 && (second / 7 + i) % 3 == 0)
			continue;
		socket.local[10] = socket.local[11] = 0xff;
		socket.local[15] = (uint8_t)i;
		socket.health.state = i < 4 ? FT_HEALTH_LISTEN : FT_HEALTH_ESTABLISHED;
		socket.health.known = FT_HEALTH_QUEUES;
		socket.health.rqueue = i == 5 ? second * 10 : 0;
		socket.health.tick = now_ns;
		socket.health.cookie = i < 4 ? 0 : 1000 + i;
		socket.memory[FT_MEMORY_SEND] = i % 2 ? 4096 * i : 0;
		if (i == 2)
			strcpy(socket.iface, "eth0");
		socket.tcp = i >= 4 && socket.protocol == IPPROTO_TCP;
		if (socket.tcp) {
			socket.health.known |= FT_HEALTH_MORE;
			socket.health.srtt_us = 500 + (i % 2 ? 0 : second / 20);
			socket.health.cwnd = 4;
			socket.health.last_data_sent_ms = second * 1000; /* no change */
		}
		ft_socket_list_add(list, &socket);
	}
	list->end_ns = now_ns - 1000;
	list->left_out = second == MOMENTS - 1 ? 5 : 0;
	return list;
}

/* One more event than the table has: of a socket, with all that an event can say. */
static void add_event(struct feed_bed *bed, unsigned second)
{
	struct ft_flow_event event = {
		.kind = FT_EVENT_CLOSE, .close = FT_CLOSE_RST, .closed_by = FT_END_B,
		.error = second % 2 ? 104 : 0, .segments = 3, .socket = 1000 + second,
		.latency_us = 11, .duration_us = 22, .app_tx_bytes = 33, .app_rx_bytes = 44,
		.known = FT_EVENT_LATENCY | FT_EVENT_DURATION | FT_EVENT_APP_BYTES,
	};

	event.flow.key = feed_key(1, (uint16_t)(1000 + second), 50, 443, 6);
	event.flow.key.scope = FT_EVENT_NO_SCOPE;
	event.flow.local = FT_END_B;
	event.flow.initiator = FT_END_A;
	event.hot.last_ns = bed->feed.now_ns;
	ft_events_add(ft_table_events(bed->table), &event);
}

static const struct ft_snapshot *next_moment(struct feed_bed *bed, unsigned second)
{
	struct ft_snapshot *snapshot;

	for (unsigned flow = 0; flow < FLOWS; flow++)
		live_on(&bed->feed, flow, second);
	if (second % 3 == 0)
		add_event(bed, second);
	snapshot = feed_bed_step(bed, 1);
	if (second >= 2)
		snapshot->socket_list = list_sockets(second, snapshot->end_ns);
	return snapshot;
}

/* Lives it, and writes it. */
static int begin(void **state)
{
	struct ft_output_config config = { .observer = "host" };
	struct ft_output *output = NULL;
	struct feed_bed bed;
	char err[300] = "";

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	path = xasprintf("%s/life.flow", folder);
	config.target = path;
	if (ft_output_recording.open(&config, &output, err, sizeof(err)) < 0)
		return -1;
	feed_bed_init(&bed, 0);
	for (unsigned i = 0; i < MOMENTS; i++) {
		const struct ft_snapshot *snapshot = next_moment(&bed, i);

		if (output->ops->write(output, snapshot) < 0)
			return -1;
		fresh_of[i] = ft_event_list_total(snapshot->events);
		/* Its events are the ring's. */
		live[i] = snapshot;
	}
	if (output->ops->close(output) < 0)
		return -1;
	/* The snapshots outlive the table: it frees what only they name with the last of them. */
	*state = xcalloc(1, sizeof(bed));
	memcpy(*state, &bed, sizeof(bed));
	return 0;
}

static int end(void **state)
{
	for (unsigned i = 0; i < MOMENTS; i++)
		ft_snapshot_put(live[i]);
	feed_bed_done(*state);
	free(*state);
	free(path);
	return rig_remove(folder);
}

/* ---- sameness */

static const struct ft_flow_hot *find_row(const struct ft_snapshot *snapshot, uint64_t id)
{
	for (size_t i = 0; i < snapshot->row_count; i++)
		if (snapshot->rows[i].flow->id == id)
			return &snapshot->rows[i];
	return NULL;
}

/* To a float's precision, as sums of many. */
static void assert_near(float a, float b)
{
	if (fabsf(a - b) > 0.01F + 1e-3F * fabsf(a))
		fail_msg("%g is not %g", (double)b, (double)a);
}

static void assert_same_sample(const struct ft_health *a, const struct ft_health *b)
{
	uint64_t x = 0, y = 0;

	assert_non_null(b);
	assert_int_equal(a->cookie, b->cookie);
	assert_int_equal(a->known, b->known);
	assert_int_equal(a->state, b->state);
	assert_string_equal(ft_health_ca_state(a), ft_health_ca_state(b));
	assert_string_equal(a->congestion, b->congestion);
	assert_int_equal(a->options, b->options);
	for (int i = 0; i < FT_HEALTH_NUMBER_MAX; i++) {
		enum ft_health_number number = (enum ft_health_number)i;
		bool there = ft_health_get(a, number, &x);

		assert_int_equal(there, ft_health_get(b, number, &y));
		/* What only grows with time is that of the last sample that said something else. */
		if (there && number != FT_NUMBER_last_ack_received_ms &&
		    number != FT_NUMBER_last_data_sent_ms)
			assert_int_equal(x, y);
	}
}

static void assert_same_tcp(const struct ft_snapshot *a, const struct ft_flow_hot *left,
			    const struct ft_snapshot *b, const struct ft_flow_hot *right)
{
	struct ft_handshake x = ft_snapshot_handshake(a, left), y = ft_snapshot_handshake(b, right);

	assert_int_equal(x.syn_ack_us, y.syn_ack_us);
	assert_int_equal(x.ack_us, y.ack_us);
	for (int side = 0; side < 2; side++) {
		const struct ft_health *health = ft_snapshot_socket(a, left, side);

		if (health)
			assert_same_sample(health, ft_snapshot_socket(b, right, side));
		else
			assert_null(ft_snapshot_socket(b, right, side));
	}
}

static void assert_same_flow(const struct ft_snapshot *a, const struct ft_flow_hot *left,
			     const struct ft_snapshot *b, const struct ft_flow_hot *right)
{
	assert_non_null(right);
	assert_memory_equal(left->total, right->total, sizeof(left->total));
	assert_memory_equal(ft_snapshot_delta(a, left), ft_snapshot_delta(b, right),
			    2 * sizeof(struct ft_counts));
	assert_int_equal(left->state, right->state);
	assert_int_equal(left->ended, right->ended);
	assert_int_equal(left->ended_now, right->ended_now);
	assert_int_equal(left->last_ns, right->last_ns);
	for (int w = 0; w < FT_WINDOWS; w++)
		for (int dir = 0; dir < 2; dir++) {
			assert_near(left->rate_bytes[w][dir], right->rate_bytes[w][dir]);
			assert_near(left->rate_packets[w][dir], right->rate_packets[w][dir]);
		}
	assert_same_tcp(a, left, b, right);
}

static void assert_same_sockets(const struct ft_socket_list *a, const struct ft_socket_list *b,
				const struct ft_snapshot *read)
{
	if (!a) {
		assert_null(b);
		return;
	}
	assert_non_null(b);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->end_ns, b->end_ns);
	assert_int_equal(a->left_out, b->left_out);
	assert_int_equal(a->cut, b->cut);
	for (size_t i = 0; i < a->count; i++) {
		const struct ft_socket *left = &a->sockets[i];
		const struct ft_socket *right = ft_socket_list_find(b, left->id);
		struct ft_health health;

		assert_non_null(right);
		assert_memory_equal(left->local, right->local, 32);
		assert_int_equal(left->local_port_be, right->local_port_be);
		assert_int_equal(left->protocol, right->protocol);
		assert_int_equal(left->uid, right->uid);
		assert_int_equal(left->inode, right->inode);
		assert_string_equal(left->iface, right->iface);
		assert_int_equal(left->tcp, right->tcp);
		assert_int_equal(left->has_memory, right->has_memory);
		assert_memory_equal(left->memory, right->memory, sizeof(left->memory));
		assert_string_equal(ft_socket_state(left), ft_socket_state(right));
		assert_int_equal(left->health.rqueue, right->health.rqueue);
		/* Of one that a flow has, the flow's sample is shown: it is no older. */
		health = left->health;
		for (size_t k = 0; left->tcp && k < read->row_count; k++) {
			const struct ft_health *of = ft_snapshot_socket(read, &read->rows[k], 0);

			if (of && of->cookie == left->health.cookie)
				health = *of;
		}
		health.known |= left->health.known & FT_HEALTH_QUEUES;
		health.rqueue = left->health.rqueue;
		if (left->tcp)
			assert_same_sample(&health, &right->health);
	}
}

static void assert_same_events(const struct ft_event_list *a, const struct ft_event_list *b)
{
	assert_int_equal(ft_event_list_count(a), ft_event_list_count(b));
	assert_int_equal(ft_event_list_fresh(a), ft_event_list_fresh(b));
	assert_int_equal(ft_event_list_total(a), ft_event_list_total(b));
	for (size_t i = 0; i < ft_event_list_count(a); i++) {
		const struct ft_flow_event *x = ft_event_list_at(a, i), *y = ft_event_list_at(b, i);
		int tx = ft_flow_tx(&x->flow);

		assert_int_equal(x->flow.id, y->flow.id);
		assert_int_equal(x->hot.last_ns, y->hot.last_ns);
		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->from_packets, y->from_packets);
		assert_int_equal(x->flow_id, y->flow_id);
		assert_int_equal(x->socket, y->socket);
		assert_int_equal(x->known, y->known);
		assert_int_equal(x->error, y->error);
		assert_int_equal(x->close, y->close);
		assert_int_equal(x->closed_by == x->flow.local, y->closed_by == y->flow.local);
		assert_int_equal(ft_flow_is_in(&x->flow), ft_flow_is_in(&y->flow));
		assert_int_equal(x->flow.key.scope == FT_EVENT_NO_SCOPE,
				 y->flow.key.scope == FT_EVENT_NO_SCOPE);
		assert_memory_equal(tx ? x->flow.key.addr_b : x->flow.key.addr_a,
				    y->flow.key.addr_a, 16);
		assert_int_equal(tx ? x->flow.key.port_b_be : x->flow.key.port_a_be,
				 y->flow.key.port_a_be);
		if (x->known & FT_EVENT_LATENCY)
			assert_int_equal(x->latency_us, y->latency_us);
		if (x->known & FT_EVENT_DURATION)
			assert_int_equal(x->duration_us, y->duration_us);
		if (x->known & FT_EVENT_WIRE_BYTES)
			assert_int_equal(x->hot.total[tx].bytes, y->hot.total[0].bytes);
		if (x->known & FT_EVENT_APP_BYTES)
			assert_int_equal(x->app_rx_bytes, y->app_rx_bytes);
	}
}

/* The moment read is the moment that was. */
static void assert_moment(struct ft_recording *recording, size_t i)
{
	struct ft_snapshot *read = NULL;
	char err[200] = "";

	assert_int_equal(ft_recording_moment(recording, i, &read, err, sizeof(err)), 0);
	assert_int_equal(read->row_count, live[i]->row_count);
	for (size_t k = 0; k < live[i]->row_count; k++)
		assert_same_flow(live[i], &live[i]->rows[k], read,
				 find_row(read, live[i]->rows[k].flow->id));
	assert_same_sockets(live[i]->socket_list, read->socket_list, read);
	assert_same_events(live[i]->events, read->events);
	ft_snapshot_put(read);
}

static struct ft_recording *open_reader(void)
{
	struct ft_recording *recording = NULL;
	char err[400] = "";
	int ret = ft_recording_open(path, &recording, err, sizeof(err));

	assert_string_equal(err, "");
	assert_int_equal(ret, 0);
	assert_int_equal(ft_recording_refresh(recording), MOMENTS);
	return recording;
}

/* ---- tests */

static void one_after_the_other(void **state)
{
	struct ft_recording *recording = open_reader();

	(void)state;
	for (size_t i = 0; i < MOMENTS; i++)
		assert_moment(recording, i);
	ft_recording_close(recording);
}

static void backwards(void **state)
{
	struct ft_recording *recording = open_reader();

	(void)state;
	for (size_t i = MOMENTS; i-- > 0;)
		assert_moment(recording, i);
	ft_recording_close(recording);
}

static void here_and_there(void **state)
{
	struct ft_recording *recording = open_reader();

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_moment(recording, next_random() % MOMENTS);
	for (int i = 0; i < 3; i++)
		assert_moment(recording, 33); /* again the same */
	ft_recording_close(recording);
}

/* The number that a statement yields. */
static int64_t ask(const char *sql)
{
	return rig_ask(path, sql);
}

/* What an owner's flows have in total, those that left included. */
static uint64_t total_of(const struct ft_snapshot *snapshot, uint16_t owner)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];

		if (ft_flow_owner(row, ft_flow_tx(row->flow)) == owner)
			sum += row->total[0].bytes + row->total[1].bytes;
	}
	if (owner < snapshot->past_count)
		sum += snapshot->past[owner].tx.bytes + snapshot->past[owner].rx.bytes;
	return sum;
}

/* What they counted in a live moment. */
static uint64_t counted_of(const struct ft_snapshot *snapshot, uint16_t owner)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &snapshot->rows[i];
		const struct ft_counts *delta = ft_snapshot_delta(snapshot, row);

		if (ft_flow_owner(row, ft_flow_tx(row->flow)) == owner)
			sum += delta[0].bytes + delta[1].bytes;
	}
	return sum;
}

/* Two moments to be compared: totals of owners differ by all that was counted in between, to the
 * byte, whatever came and left. */
static void totals_differ_by_what_was_counted(void **state)
{
	struct ft_recording *recording = open_reader();
	unsigned left = 0;

	(void)state;
	for (size_t from = 0; from < MOMENTS; from += 9)
		for (size_t to = from; to < MOMENTS; to += 13) {
			struct ft_snapshot *two[2];
			char err[200] = "";

			assert_int_equal(ft_recording_moments(recording, from, to, two, err,
							      sizeof(err)), 0);
			assert_int_equal(two[0]->row_count, live[from]->row_count);
			assert_int_equal(two[1]->row_count, live[to]->row_count);
			for (uint16_t owner = 0; owner < FT_OWNER_FIRST; owner++) {
				uint64_t counted = 0;

				for (size_t i = from + 1; i <= to; i++)
					counted += counted_of(live[i], owner);
				assert_int_equal(total_of(two[1], owner) - total_of(two[0], owner),
						 counted);
				left += owner < two[1]->past_count &&
					two[1]->past[owner].tx.packets > 0;
			}
			ft_snapshot_put(two[0]);
			ft_snapshot_put(two[1]);
		}
	assert_true(left > 3);
	ft_recording_close(recording);
}

/* Whole intervals come now and then, not each time; what did not change has no row. */
static void only_what_changed_is_written(void **state)
{
	int64_t whole = ask("SELECT count(*) FROM pictures WHERE whole & 1");

	(void)state;
	assert_true(whole > 2 && whole < MOMENTS / 3);
	assert_int_equal(ask("SELECT count(*) FROM events"), (int64_t)fresh_of[MOMENTS - 1]);
	/* A listener has a row each time that all sockets are written. */
	assert_int_equal(ask("SELECT count(*) FROM sockets WHERE id = -9223372036854775808"),
			 ask("SELECT count(*) FROM pictures WHERE whole & 2"));
	assert_true(ask("SELECT count(*) FROM pictures WHERE whole & 2") < MOMENTS / 3);
	assert_true(ask("SELECT count(*) FROM sockets WHERE gone") > 5);
	/* Even ones have numbers of their own that change every 20 s; odd ones are flows'. */
	assert_true(ask("SELECT count(*) FROM sockets WHERE id = 1010 AND tcp = 1 AND interval "
			"NOT IN (SELECT interval FROM pictures WHERE whole & 2)") <= 4);
	assert_int_equal(ask("SELECT count(*) FROM sockets WHERE tcp = 2 AND rtt_us IS NOT NULL"),
			 0);
	assert_true(ask("SELECT count(*) FROM tcp WHERE rtt_us BETWEEN 1000 AND 1099") > 50);
	assert_int_equal(ask("SELECT count(*) FROM tcp WHERE rtt_us NOT BETWEEN 1000 AND 1099"), 0);
	assert_int_equal(ask("SELECT count(*) FROM tcp WHERE ssthresh NOT IN (77) OR "
			     "pacing_bytes_per_s NOT IN (123456789012)"), 0);
	assert_int_equal(ask("SELECT count(*) FROM handshakes WHERE ack_us IS NULL"), 0);
	assert_true(ask("SELECT count(*) FROM handshakes") > 20);
	assert_int_equal(ask("SELECT (SELECT sum(tx_bytes + rx_bytes) FROM counts) - "
			     "(SELECT sum(flows_bytes) FROM intervals)"), 0);
}

/* Changes the file. */
static void change(const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Somebody's ids that are another flow's once they are shifted, or cut to a flow's bits: these are
 * no flows, and nothing is read twice, or into too little memory. */
static void ids_that_no_flow_has(void **state)
{
	static const char *const ids[] = { "id - 9223372036854775807 - 1", "id + (1 << 56)", "-id" };
	struct ft_recording *recording;
	struct ft_snapshot *read = NULL;
	char err[200] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		char *sql = xasprintf(
			"CREATE TEMP TABLE f AS SELECT * FROM flows; UPDATE f SET id = %s;"
			"CREATE TEMP TABLE c AS SELECT counts.*, flow AS id FROM counts;"
			"UPDATE c SET flow = %s; ALTER TABLE c DROP COLUMN id;"
			"INSERT INTO flows SELECT * FROM f; INSERT INTO counts SELECT * FROM c",
			ids[i], ids[i]);

		change(sql);
		free(sql);
		recording = open_reader();
		for (size_t k = 0; k < MOMENTS; k += 7) {
			assert_int_equal(ft_recording_moment(recording, k, &read, err, sizeof(err)),
					 0);
			assert_int_equal(read->row_count, live[k]->row_count);
			ft_snapshot_put(read);
		}
		ft_recording_close(recording);
		change("DELETE FROM flows WHERE id <= 0 OR id >> 56;"
		       "DELETE FROM counts WHERE flow <= 0 OR flow >> 56");
	}
}

/* The layout before this one: the same without what it lacks. */
static void the_layout_before_opens(void **state)
{
	struct ft_recording *recording;
	struct ft_snapshot *read = NULL;
	char err[200] = "";

	(void)state;
	ask("SELECT count(*) FROM flows");
	change("PRAGMA user_version=1; DROP TABLE standing; DROP INDEX flows_ended; "
	       "DROP TABLE pictures; DROP TABLE handshakes; DROP TABLE tcp; DROP TABLE sockets; "
	       "DROP TABLE events");
	recording = open_reader();
	for (size_t i = 0; i < MOMENTS; i += 7) {
		assert_int_equal(ft_recording_moment(recording, i, &read, err, sizeof(err)), 0);
		assert_int_equal(read->row_count, live[i]->row_count);
		for (size_t k = 0; k < live[i]->row_count; k++) {
			const struct ft_flow_hot *left = &live[i]->rows[k];
			const struct ft_flow_hot *right = find_row(read, left->flow->id);

			assert_non_null(right);
			assert_memory_equal(left->total, right->total, sizeof(left->total));
			for (int w = 0; w < FT_WINDOWS; w++)
				assert_near(left->rate_bytes[w][0], right->rate_bytes[w][0]);
		}
		assert_null(read->socket_list);
		assert_int_equal(ft_event_list_count(read->events), 0);
		ft_snapshot_put(read);
	}
	ft_recording_close(recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(backwards),
		cmocka_unit_test(here_and_there),
		cmocka_unit_test(totals_differ_by_what_was_counted),
		cmocka_unit_test(only_what_changed_is_written),
		cmocka_unit_test(ids_that_no_flow_has),
		cmocka_unit_test(the_layout_before_opens), /* the last: it changes the file */
	};

	return cmocka_run_group_tests(tests, begin, end);
}
