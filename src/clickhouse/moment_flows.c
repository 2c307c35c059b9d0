/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of a moment: one row each, summed by the server. See moment.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clickhouse/picture.h"
#include "clickhouse/where.h"
#include "core/addr.h"
#include "core/xalloc.h"
#include "recording/words.h"

#define RATES (FT_WINDOWS * 4)

/* Columns that are the same in all rows of a flow, and those whose newest counts; in the order of
 * enum field. */
static const char *const same[] = {
	"observer", "interface", "vlan", "vlan_inner", "ip_version", "protocol", "local_port",
	"local_bytes", "remote_port", "remote_bytes", "path", "initiator", "icmp_type",
	"icmp_code", "icmp_id", "spi", "gre_key", "first_ns",
};
static const char *const newest[] = {
	"total_tx_packets", "total_tx_bytes", "total_tx_l2_bytes", "total_rx_packets",
	"total_rx_bytes", "total_rx_l2_bytes", "last_ns", "state", "ended", "tx_tcp_flags",
	"rx_tcp_flags", "marks", "syn_ack_us", "ack_us", "local_process", "remote_process",
	"owner", "pid", "process", "user", "uid", "container", "unit", "remote_owner", "remote_pid", "remote_process_name",
	"remote_user", "remote_uid", "remote_container", "remote_unit",
};
#define SAME (sizeof(same) / sizeof(same[0]))
#define NEWEST (sizeof(newest) / sizeof(newest[0]))

enum field {
	F_RUN, F_FLOW, F_END_NS,
	F_SAME,
	F_OBSERVER = F_SAME, F_INTERFACE, F_VLAN, F_VLAN_INNER, F_IP_VERSION, F_PROTOCOL,
	F_LOCAL_PORT, F_LOCAL, F_REMOTE_PORT, F_REMOTE, F_PATH, F_INITIATOR, F_ICMP_TYPE,
	F_ICMP_CODE, F_ICMP_ID, F_SPI, F_GRE_KEY, F_FIRST_NS,
	F_NEWEST,
	F_TOTAL = F_NEWEST, F_LAST_NS = F_TOTAL + 6, F_STATE, F_ENDED, F_TX_FLAGS, F_RX_FLAGS,
	F_MARKS, F_SYN_ACK, F_ACK, F_LOCAL_PROCESS, F_REMOTE_PROCESS,
	F_OWNER, F_PID, F_NAME, F_USER, F_UID, F_CONTAINER, F_UNIT, /* local; then remote */
	F_DELTA = F_OWNER + 14,
	F_RATE = F_DELTA + 6,
	F_FIELDS = F_RATE + RATES
};
_Static_assert(F_NEWEST == F_SAME + SAME, "columns have their places");
_Static_assert(F_DELTA == F_NEWEST + NEWEST, "columns have their places");

/* sum of x_i (1 - exp(-d_i/T)) exp(-(t - t_i)/T) / d_i, for each window and way. */
static void put_rates(struct ft_sql *sql, const struct ft_ch_picture *picture)
{
	static const char *const ways[] = { "tx_bytes", "rx_bytes", "tx_packets", "rx_packets" };

	for (int w = 0; w < FT_WINDOWS; w++)
		for (int way = 0; way < 4; way++)
			ft_sql_printf(sql,
				      ", sum(%s * (1 - exp(-interval_ns / %.1f)) * "
				      "exp(-greatest(toInt64(%llu) - toInt64(end_ns), 0) / %.1f) * "
				      "1e9 / greatest(interval_ns, 1)) AS n_rate%d",
				      ways[way], ft_window_seconds[w] * 1e9,
				      (unsigned long long)picture->end_ns,
				      ft_window_seconds[w] * 1e9, w * 4 + way);
}

/* Flows with what their rows come to, in brackets; rows that the filter lets through. */
static void put_flows(struct ft_sql *sql, const struct ft_ch_picture *picture,
		      const struct ft_filter *filter)
{
	static const char *const counts[] = { "tx_packets", "tx_bytes", "tx_l2_bytes",
					      "rx_packets", "rx_bytes", "rx_l2_bytes" };

	ft_sql_printf(sql, "(SELECT run, flow, max(end_ns) AS n_end_ns");
	for (size_t i = 0; i < SAME; i++)
		ft_sql_printf(sql, ", any(%s) AS n_%s", same[i], same[i]);
	for (size_t i = 0; i < NEWEST; i++)
		ft_sql_printf(sql, ", argMax(%s, end_ns) AS n_%s", newest[i], newest[i]);
	for (size_t i = 0; i < 6; i++)
		ft_sql_printf(sql, ", sumIf(%s, end_ns > %llu) AS n_delta%zu", counts[i],
			      (unsigned long long)picture->from_ns, i);
	put_rates(sql, picture);
	ft_sql_printf(sql, " FROM ");
	ft_ch_table_name(sql, picture->ch->database, FT_CH_TRAFFIC);
	ft_sql_printf(sql, " FINAL WHERE time >= toDateTime(%llu) AND time <= toDateTime(%llu) AND "
			   "end_ns > %llu AND end_ns <= %llu AND ",
		      (unsigned long long)(picture->look_back_ns / SECOND),
		      (unsigned long long)(picture->to_ns / SECOND),
		      (unsigned long long)picture->look_back_ns,
		      (unsigned long long)picture->to_ns);
	ft_ch_where(sql, filter, FT_CH_ROWS, picture->end_ns);
	/* What counted or ended in the step, and what the live screen would show still. */
	ft_sql_printf(sql, " GROUP BY observer, run, flow) WHERE (n_ended = '' OR n_end_ns > %llu OR "
			   "n_end_ns + %llu > %llu) AND ",
		      (unsigned long long)picture->from_ns, (unsigned long long)CLOSED_NS,
		      (unsigned long long)picture->end_ns);
	ft_ch_where(sql, filter, FT_CH_NEWEST, picture->end_ns);
}

uint64_t ft_ch_flow_id(const struct ft_tsv_field *observer, uint64_t run, uint64_t flow)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < observer->length; i++)
		hash = (hash ^ (uint8_t)observer->text[i]) * UINT64_C(0x100000001b3);
	hash = (hash ^ run) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 32 ^ flow) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 29) & (UINT64_MAX >> 9);
	return hash ? hash : 1;
}

/* The owner of a side, as the flow's own row tells it. */
static uint16_t short_owner(struct ft_clickhouse *ch, const struct ft_tsv_field *fields)
{
	if (strcmp(fields[0].text, "process") != 0)
		return FT_OWNER_UNKNOWN;
	return ft_owners_add_process(ch->owners, &(struct ft_process){
		.pid = (int32_t)ft_tsv_number(&fields[F_PID - F_OWNER], INT32_MAX),
		.uid = (uint32_t)ft_tsv_number(&fields[F_UID - F_OWNER], UINT32_MAX),
		.name = fields[F_NAME - F_OWNER].text,
		.user = fields[F_USER - F_OWNER].text,
		.container = fields[F_CONTAINER - F_OWNER].text,
		.unit = fields[F_UNIT - F_OWNER].text,
		.cmdline = "", .exe = "", .cgroup = "", .group = "", .parents = "",
		.container_id = "", .runtime = "", .image = "", .pod = "", .pod_namespace = "",
	});
}

/* Ports, or what stands in their slots; SPI or GRE key. */
static void get_ports(struct ft_ch_work *work, const struct ft_tsv_field *fields, uint16_t ports[2])
{
	uint8_t protocol = work->flow.key.protocol;
	uint64_t marks = ft_tsv_number(&fields[F_MARKS], UINT8_MAX);

	ports[0] = (uint16_t)ft_tsv_number(&fields[F_LOCAL_PORT], UINT16_MAX);
	ports[1] = (uint16_t)ft_tsv_number(&fields[F_REMOTE_PORT], UINT16_MAX);
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		ports[0] = (uint16_t)ft_tsv_number(&fields[F_ICMP_ID], UINT16_MAX);
		ports[1] = (uint16_t)(ft_tsv_number(&fields[F_ICMP_TYPE], UINT8_MAX) << 8 |
				      ft_tsv_number(&fields[F_ICMP_CODE], UINT8_MAX));
	}
	work->hot.entry_flags = (uint8_t)((marks & 1 ? FT_ENTRY_FRAGMENT : 0) |
					  (marks & 2 ? FT_ENTRY_INEXACT : 0) |
					  (marks & 4 ? FT_ENTRY_EXTRA_SPI : 0) |
					  (marks & 8 ? FT_ENTRY_EXTRA_GRE : 0));
	if (marks & 12)
		work->flow.extra = (uint32_t)ft_tsv_number(&fields[marks & 4 ? F_SPI : F_GRE_KEY],
							   UINT32_MAX);
}

/* What never changes of a flow. */
static void get_flow(struct ft_clickhouse *ch, struct ft_ch_work *work, const struct ft_tsv_field *fields)
{
	const uint8_t *local = (const uint8_t *)fields[F_LOCAL].text;
	const uint8_t *remote = (const uint8_t *)fields[F_REMOTE].text;
	struct ft_flow *flow = &work->flow;
	uint16_t ports[2];
	bool a;

	flow->id = ft_ch_flow_id(&fields[F_OBSERVER], work->run,
			 ft_tsv_number(&fields[F_FLOW], UINT64_MAX));
	flow->key.scope = ft_ch_scope_of(ch, work->observer, &fields[F_INTERFACE]);
	flow->key.vlan_outer = (uint16_t)ft_tsv_number(&fields[F_VLAN], 4095);
	flow->key.vlan_inner = (uint16_t)ft_tsv_number(&fields[F_VLAN_INNER], 4095);
	flow->key.ip_version = ft_addr_is_v4(local) ? 4 : 6;
	flow->key.protocol = (uint8_t)ft_tsv_number(&fields[F_PROTOCOL], UINT8_MAX);
	get_ports(work, fields, ports);
	a = ft_key_set_ends(&flow->key, local, remote, ports);
	flow->local = a ? FT_END_A : FT_END_B;
	flow->path = ft_word_path(fields[F_PATH].text) & 3;
	flow->initiator = FT_END_NONE;
	if (strcmp(fields[F_INITIATOR].text, "local") == 0)
		flow->initiator = flow->local;
	else if (strcmp(fields[F_INITIATOR].text, "remote") == 0)
		flow->initiator = a ? FT_END_B : FT_END_A;
	flow->first_ns = ft_tsv_number(&fields[F_FIRST_NS], INT64_MAX);
}

static int take_flow(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_picture *picture = arg;
	struct ft_ch_work *work;

	(void)count;
	if (fields[F_LOCAL].length != 16 || fields[F_REMOTE].length != 16)
		return 0;
	if (picture->count == FLOWS_MAX) {
		picture->cut = true;
		return 0;
	}
	if (picture->count == picture->room) {
		picture->room = picture->room ? picture->room * 2 : 1024;
		picture->works = xreallocarray(picture->works, picture->room, sizeof(*work));
	}
	work = &picture->works[picture->count++];
	memset(work, 0, sizeof(*work));
	work->run = ft_tsv_number(&fields[F_RUN], UINT64_MAX);
	work->observer = ft_ch_observer(picture->ch, &fields[F_OBSERVER]);
	get_flow(picture->ch, work, fields);
	for (int side = 0; side < 2; side++) {
		work->hot.total[side] = ft_ch_counts(&fields[F_TOTAL + 3 * side]);
		work->delta[side] = ft_ch_counts(&fields[F_DELTA + 3 * side]);
		work->process[side] = ft_tsv_number(&fields[F_LOCAL_PROCESS + side], UINT64_MAX);
		work->short_owner[side] = short_owner(picture->ch, &fields[F_OWNER + 7 * side]);
		work->hot.tcp_flags[side] =
			(uint8_t)ft_tsv_number(&fields[F_TX_FLAGS + side], UINT8_MAX);
	}
	work->shake_us[0] = (uint32_t)ft_tsv_number(&fields[F_SYN_ACK], UINT32_MAX);
	work->shake_us[1] = (uint32_t)ft_tsv_number(&fields[F_ACK], UINT32_MAX);
	work->hot.last_ns = ft_tsv_number(&fields[F_LAST_NS], INT64_MAX);
	work->hot.state = (uint8_t)ft_word_state(fields[F_STATE].text) & 15;
	work->hot.ended = (uint8_t)ft_word_reason(fields[F_ENDED].text) & 7;
	work->hot.ended_now = work->hot.ended != FT_ENDED_NOT &&
			      ft_tsv_number(&fields[F_END_NS], INT64_MAX) > picture->from_ns;
	for (int i = 0; i < RATES; i++)
		work->rate[i / 4][i % 4] = (float)ft_tsv_real(&fields[F_RATE + i]);
	return 0;
}

static int compare_works(const void *a, const void *b)
{
	const struct ft_ch_work *left = a, *right = b;

	return left->flow.id < right->flow.id ? -1 : left->flow.id > right->flow.id;
}

struct ft_ch_work *ft_ch_find_work(const struct ft_ch_picture *picture, uint64_t id)
{
	struct ft_ch_work key = { .flow = { .id = id } };

	return picture->count ? bsearch(&key, picture->works, picture->count,
					sizeof(*picture->works), compare_works) : NULL;
}

int ft_ch_ask_flows(struct ft_ch_picture *picture, const struct ft_filter *filter, char *err,
		     size_t err_size)
{
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT run, flow, n_end_ns");
	for (size_t i = 0; i < SAME; i++)
		ft_sql_printf(&sql, ", n_%s", same[i]);
	for (size_t i = 0; i < NEWEST; i++)
		ft_sql_printf(&sql, ", n_%s", newest[i]);
	for (size_t i = 0; i < 6; i++)
		ft_sql_printf(&sql, ", n_delta%zu", i);
	for (size_t i = 0; i < RATES; i++)
		ft_sql_printf(&sql, ", n_rate%zu", i);
	ft_sql_printf(&sql, " FROM ");
	put_flows(&sql, picture, filter);
	ft_sql_printf(&sql, " LIMIT %u FORMAT TabSeparated", FLOWS_MAX + 1);
	ret = ft_ch_query(picture->ch, &sql, F_FIELDS, take_flow, picture, err, err_size);
	ft_sql_done(&sql);
	if (picture->count > 0)
		qsort(picture->works, picture->count, sizeof(*picture->works), compare_works);
	return ret;
}

/* An interface's flows, whatever the filter: how many, and how fast. */
static int take_all(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_ch_picture *picture = arg;
	struct ft_clickhouse *ch = picture->ch;
	struct ft_snapshot_scope *scope =
		&picture->scopes[ft_ch_scope_of(ch, ft_ch_observer(ch, &fields[0]), &fields[1])];

	(void)count;
	picture->flows += ft_tsv_number(&fields[2], UINT32_MAX);
	for (int w = 0; w < FT_WINDOWS; w++) {
		scope->tx_bytes_per_s[w] += ft_tsv_real(&fields[3 + w * 4]);
		scope->rx_bytes_per_s[w] += ft_tsv_real(&fields[4 + w * 4]);
		scope->tx_packets_per_s[w] += ft_tsv_real(&fields[5 + w * 4]);
		scope->rx_packets_per_s[w] += ft_tsv_real(&fields[6 + w * 4]);
	}
	return 0;
}

int ft_ch_ask_all(struct ft_ch_picture *picture, const struct ft_filter *all, char *err, size_t err_size)
{
	struct ft_sql sql = { NULL };
	int ret;

	ft_sql_printf(&sql, "SELECT n_observer, n_interface, count()");
	for (int i = 0; i < RATES; i++)
		ft_sql_printf(&sql, ", sum(n_rate%d / (1 - exp(-greatest(toInt64(%llu) - "
				    "toInt64(n_first_ns), toInt64(%llu)) / %.1f)))",
			      i, (unsigned long long)picture->end_ns,
			      (unsigned long long)picture->snapshot->interval_ns,
			      ft_window_seconds[i / 4] * 1e9);
	ft_sql_printf(&sql, " FROM ");
	put_flows(&sql, picture, all);
	ft_sql_printf(&sql, " GROUP BY n_observer, n_interface LIMIT 65536 FORMAT TabSeparated");
	ret = ft_ch_query(picture->ch, &sql, 3 + RATES, take_all, picture, err, err_size);
	ft_sql_done(&sql);
	picture->unfiltered = ret == 0;
	return ret;
}
