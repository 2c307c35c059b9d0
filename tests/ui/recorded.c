/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing and reading mirror each other, object by object. */
#include "tests/ui/recorded.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/xalloc.h"

#define ROOM 4096

/* ---- writing */

static void put_text(FILE *stream, const char *text)
{
	fputc(' ', stream);
	if (!text || !text[0])
		fputc('-', stream);
	for (; text && *text; text++) {
		if (isgraph((unsigned char)*text) && *text != '%' && *text != '-')
			fputc(*text, stream);
		else
			fprintf(stream, "%%%02X", (unsigned char)*text);
	}
}

static void put_number(FILE *stream, uint64_t number)
{
	fprintf(stream, " %" PRIu64, number);
}

static void put_counts(FILE *stream, const struct ft_counts counts[2])
{
	for (int dir = 0; dir < 2; dir++) {
		put_number(stream, counts[dir].packets);
		put_number(stream, counts[dir].bytes);
		put_number(stream, counts[dir].l2_bytes);
	}
}

static void put_line(FILE *stream, const char *word, const struct ft_line *line)
{
	fprintf(stream, "%s", word);
	put_number(stream, line->seen.packets);
	put_number(stream, line->seen.l2_bytes);
	put_number(stream, line->flows.packets);
	put_number(stream, line->flows.bytes);
	put_number(stream, line->flows.l2_bytes);
	put_number(stream, line->other.packets);
	put_number(stream, line->other.bytes);
	put_number(stream, line->other.l2_bytes);
	put_number(stream, line->inexact);
	for (int c = 0; c < FT_C_MAX; c++) {
		put_number(stream, line->by.c[c].packets);
		put_number(stream, line->by.c[c].l2_bytes);
	}
	fputc('\n', stream);
}

static void put_flow(FILE *stream, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *hot)
{
	const struct ft_flow *flow = hot->flow;
	const struct ft_flow_key *key = &flow->key;
	char a[FT_ADDR_TEXT_MAX], b[FT_ADDR_TEXT_MAX];
	const uint64_t numbers[] = {
		key->protocol, key->ip_version, key->vlan_outer, key->vlan_inner, key->scope,
		flow->id, flow->local, flow->initiator, flow->path, flow->extra, flow->first_ns,
		hot->last_ns, hot->owner[0], hot->owner[1], hot->iface_slot[0],
		hot->iface_slot[1], hot->tcp_flags[0], hot->tcp_flags[1], hot->state, hot->ended,
		hot->entry_flags, hot->delta != 0,
	};

	fprintf(stream, "flow %s %u %s %u", ft_addr_format(key->addr_a, a),
		ntohs(key->port_a_be), ft_addr_format(key->addr_b, b), ntohs(key->port_b_be));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		put_number(stream, numbers[i]);
	put_counts(stream, hot->total);
	put_counts(stream, ft_snapshot_delta(snapshot, hot));
	for (int w = 0; w < FT_WINDOWS; w++)
		for (int dir = 0; dir < 2; dir++)
			fprintf(stream, " %.9g %.9g", (double)hot->rate_bytes[w][dir],
				(double)hot->rate_packets[w][dir]);
	fputc('\n', stream);
}

static void put_process(FILE *stream, const struct ft_process *process)
{
	fprintf(stream, "process");
	put_number(stream, process->id);
	put_number(stream, (uint64_t)process->pid);
	put_number(stream, (uint64_t)process->ppid);
	put_number(stream, process->uid);
	put_number(stream, process->gid);
	put_number(stream, process->start_ns);
	put_number(stream, process->exited_ns);
	put_text(stream, process->name);
	put_text(stream, process->exe);
	put_text(stream, process->cmdline);
	put_text(stream, process->user);
	put_text(stream, process->cgroup);
	put_text(stream, process->unit);
	put_text(stream, process->container);
	fputc('\n', stream);
}

static void put_scope(FILE *stream, const struct ft_snapshot_scope *scope)
{
	fprintf(stream, "scope");
	put_text(stream, scope->name);
	put_number(stream, scope->scope);
	put_number(stream, scope->present);
	for (int w = 0; w < FT_WINDOWS; w++)
		fprintf(stream, " %.9g %.9g %.9g %.9g", scope->tx_bytes_per_s[w],
			scope->rx_bytes_per_s[w], scope->tx_packets_per_s[w],
			scope->rx_packets_per_s[w]);
	fputc('\n', stream);
	put_line(stream, "scope_interval", &scope->interval);
	put_line(stream, "scope_total", &scope->total);
}

static void put_iface(FILE *stream, const struct ft_snapshot_iface *iface)
{
	const struct ft_tally *tallies[] = { &iface->interval.rx, &iface->interval.tx,
					     &iface->total.rx, &iface->total.tx };

	fprintf(stream, "iface");
	put_text(stream, iface->name);
	put_number(stream, iface->ifindex);
	put_number(stream, iface->scope);
	put_number(stream, iface->present);
	put_text(stream, iface->remark);
	for (int i = 0; i < 4; i++) {
		put_number(stream, tallies[i]->packets);
		put_number(stream, tallies[i]->l2_bytes);
	}
	put_number(stream, iface->drops_rx);
	put_number(stream, iface->drops_tx);
	put_number(stream, iface->qdisc_drops);
	fputc('\n', stream);
}

void recorded_write(FILE *stream, const struct ft_snapshot *s)
{
	fprintf(stream, "snapshot");
	put_number(stream, s->generation);
	put_number(stream, s->end_ns);
	put_number(stream, s->interval_ns);
	put_number(stream, s->start_ns);
	put_number(stream, s->live_flows);
	put_number(stream, s->max_flows);
	put_number(stream, s->evicted);
	put_text(stream, s->backend);
	put_text(stream, s->backend_reason);
	put_text(stream, s->owner_source);
	put_number(stream, s->store.log_fill);
	put_number(stream, s->store.spilled);
	put_number(stream, s->store.flips);
	put_number(stream, s->store.map_bytes);
	fputc('\n', stream);
	put_line(stream, "interval", &s->interval);
	put_line(stream, "total", &s->total);
	for (size_t i = 0; i < s->scope_count; i++)
		put_scope(stream, &s->scopes[i]);
	for (size_t i = 0; i < s->iface_count; i++)
		put_iface(stream, &s->ifaces[i]);
	for (size_t i = 0; i < s->process_count; i++)
		if (s->processes[i])
			put_process(stream, s->processes[i]);
	for (size_t i = 0; i < s->row_count; i++)
		put_flow(stream, s, &s->rows[i]);
}

/* ---- reading */

struct reader {
	const char *path;
	unsigned number; /* of the line */
	char *rest;
	struct ft_flow *flows;
	struct ft_flow_hot *rows;
	struct ft_delta *deltas;
	struct ft_process **processes;
	struct ft_snapshot_scope *scopes;
	struct ft_snapshot_iface *ifaces;
};

static char *word(struct reader *reader)
{
	char *text = strsep(&reader->rest, " ");

	if (!text) {
		fprintf(stderr, "%s:%u: too few words\n", reader->path, reader->number);
		exit(99);
	}
	return text;
}

static uint64_t number(struct reader *reader)
{
	return strtoull(word(reader), NULL, 10);
}

static double real(struct reader *reader)
{
	return strtod(word(reader), NULL);
}

static char *text(struct reader *reader)
{
	char *in = word(reader), *copy = xstrdup(in), *out = copy;
	unsigned octet;

	if (strcmp(in, "-") == 0) {
		copy[0] = '\0';
		return copy;
	}
	while (*in) {
		if (*in == '%' && sscanf(in + 1, "%2x", &octet) == 1) {
			*out++ = (char)octet;
			in += 3;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
	return copy;
}

static void get_name(struct reader *reader, char *to, size_t size)
{
	char *name = text(reader);

	snprintf(to, size, "%s", name);
	free(name);
}

static void get_counts(struct reader *reader, struct ft_counts counts[2])
{
	for (int dir = 0; dir < 2; dir++) {
		counts[dir].packets = number(reader);
		counts[dir].bytes = number(reader);
		counts[dir].l2_bytes = number(reader);
	}
}

static void get_line(struct reader *reader, struct ft_line *line)
{
	line->seen.packets = number(reader);
	line->seen.l2_bytes = number(reader);
	line->flows.packets = number(reader);
	line->flows.bytes = number(reader);
	line->flows.l2_bytes = number(reader);
	line->other.packets = number(reader);
	line->other.bytes = number(reader);
	line->other.l2_bytes = number(reader);
	line->inexact = number(reader);
	for (int c = 0; c < FT_C_MAX; c++) {
		line->by.c[c].packets = number(reader);
		line->by.c[c].l2_bytes = number(reader);
	}
}

static void get_address(struct reader *reader, uint8_t to[16])
{
	if (ft_addr_parse(word(reader), to) < 0) {
		fprintf(stderr, "%s:%u: no address\n", reader->path, reader->number);
		exit(99);
	}
}

static void get_flow(struct reader *reader, struct ft_snapshot *s)
{
	struct ft_flow *flow = &reader->flows[s->row_count];
	struct ft_flow_hot *hot = &reader->rows[s->row_count];
	struct ft_delta *delta = &reader->deltas[s->delta_count];
	bool counted;

	hot->flow = flow;
	get_address(reader, flow->key.addr_a);
	flow->key.port_a_be = htons((uint16_t)number(reader));
	get_address(reader, flow->key.addr_b);
	flow->key.port_b_be = htons((uint16_t)number(reader));
	flow->key.protocol = (uint8_t)number(reader);
	flow->key.ip_version = (uint8_t)number(reader);
	flow->key.vlan_outer = (uint16_t)number(reader);
	flow->key.vlan_inner = (uint16_t)number(reader);
	flow->key.scope = (uint16_t)number(reader);
	flow->id = number(reader);
	flow->local = number(reader);
	flow->initiator = number(reader);
	flow->path = number(reader);
	flow->extra = (uint32_t)number(reader);
	flow->first_ns = number(reader);
	hot->last_ns = number(reader);
	hot->owner[0] = (uint16_t)number(reader);
	hot->owner[1] = (uint16_t)number(reader);
	hot->iface_slot[0] = (uint16_t)number(reader);
	hot->iface_slot[1] = (uint16_t)number(reader);
	hot->tcp_flags[0] = (uint8_t)number(reader);
	hot->tcp_flags[1] = (uint8_t)number(reader);
	hot->state = (uint8_t)number(reader) & 0xf;
	hot->ended = (uint8_t)number(reader) & 0xf;
	hot->entry_flags = (uint8_t)number(reader);
	counted = number(reader);
	get_counts(reader, hot->total);
	get_counts(reader, delta->count);
	for (int w = 0; w < FT_WINDOWS; w++) {
		for (int dir = 0; dir < 2; dir++) {
			hot->rate_bytes[w][dir] = (float)real(reader);
			hot->rate_packets[w][dir] = (float)real(reader);
		}
	}
	if (counted) {
		delta->row = (uint32_t)s->row_count;
		hot->delta = (uint32_t)++s->delta_count;
	}
	s->row_count++;
}

static void get_process(struct reader *reader, struct ft_snapshot *s)
{
	struct ft_process *process = xcalloc(1, sizeof(*process));
	size_t slot;

	process->id = (uint16_t)number(reader);
	process->pid = (int32_t)number(reader);
	process->ppid = (int32_t)number(reader);
	process->uid = (uint32_t)number(reader);
	process->gid = (uint32_t)number(reader);
	process->start_ns = number(reader);
	process->exited_ns = number(reader);
	process->name = text(reader);
	process->exe = text(reader);
	process->cmdline = text(reader);
	process->user = text(reader);
	process->cgroup = text(reader);
	process->unit = text(reader);
	process->container = text(reader);
	slot = process->id - FT_OWNER_FIRST;
	if (slot >= ROOM)
		abort();
	reader->processes[slot] = process;
	if (s->process_count <= slot)
		s->process_count = slot + 1;
}

static void get_scope(struct reader *reader, struct ft_snapshot *s)
{
	struct ft_snapshot_scope *scope = &reader->scopes[s->scope_count++];

	get_name(reader, scope->name, sizeof(scope->name));
	scope->scope = (uint16_t)number(reader);
	scope->present = number(reader);
	for (int w = 0; w < FT_WINDOWS; w++) {
		scope->tx_bytes_per_s[w] = real(reader);
		scope->rx_bytes_per_s[w] = real(reader);
		scope->tx_packets_per_s[w] = real(reader);
		scope->rx_packets_per_s[w] = real(reader);
	}
}

static void get_iface(struct reader *reader, struct ft_snapshot *s)
{
	struct ft_snapshot_iface *iface = &reader->ifaces[s->iface_count++];
	struct ft_tally *tallies[] = { &iface->interval.rx, &iface->interval.tx,
				       &iface->total.rx, &iface->total.tx };

	get_name(reader, iface->name, sizeof(iface->name));
	iface->ifindex = (uint32_t)number(reader);
	iface->scope = (uint16_t)number(reader);
	iface->present = number(reader);
	get_name(reader, iface->remark, sizeof(iface->remark));
	for (int i = 0; i < 4; i++) {
		tallies[i]->packets = number(reader);
		tallies[i]->l2_bytes = number(reader);
	}
	iface->drops_rx = number(reader);
	iface->drops_tx = number(reader);
	iface->qdisc_drops = number(reader);
}

static void get_head(struct reader *reader, struct ft_snapshot *s)
{
	s->generation = number(reader);
	s->end_ns = number(reader);
	s->interval_ns = number(reader);
	s->start_ns = number(reader);
	s->live_flows = number(reader);
	s->max_flows = (uint32_t)number(reader);
	s->evicted = number(reader);
	s->backend = text(reader);
	s->backend_reason = text(reader);
	s->owner_source = text(reader);
	s->store.log_fill = (uint32_t)number(reader);
	s->store.spilled = number(reader);
	s->store.flips = number(reader);
	s->store.map_bytes = number(reader);
	s->capture_filter = xstrdup("");
	s->progress = -1;
}

static void get_object(struct reader *reader, struct ft_snapshot *s)
{
	const char *kind = word(reader);

	if (strcmp(kind, "snapshot") == 0)
		get_head(reader, s);
	else if (strcmp(kind, "interval") == 0)
		get_line(reader, &s->interval);
	else if (strcmp(kind, "total") == 0)
		get_line(reader, &s->total);
	else if (strcmp(kind, "scope") == 0)
		get_scope(reader, s);
	else if (strcmp(kind, "scope_interval") == 0)
		get_line(reader, &reader->scopes[s->scope_count - 1].interval);
	else if (strcmp(kind, "scope_total") == 0)
		get_line(reader, &reader->scopes[s->scope_count - 1].total);
	else if (strcmp(kind, "iface") == 0)
		get_iface(reader, s);
	else if (strcmp(kind, "process") == 0)
		get_process(reader, s);
	else if (strcmp(kind, "flow") == 0)
		get_flow(reader, s);
}

struct ft_snapshot *recorded_load(const char *path)
{
	struct ft_snapshot *s = xcalloc(1, sizeof(*s));
	struct reader reader = {
		.path = path,
		.flows = xcalloc(ROOM, sizeof(struct ft_flow)),
		.rows = xcalloc(ROOM, sizeof(struct ft_flow_hot)),
		.deltas = xcalloc(ROOM, sizeof(struct ft_delta)),
		.processes = xcalloc(ROOM, sizeof(struct ft_process *)),
		.scopes = xcalloc(FT_MAX_SCOPES, sizeof(struct ft_snapshot_scope)),
		.ifaces = xcalloc(FT_MAX_SCOPES, sizeof(struct ft_snapshot_iface)),
	};
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (!file) {
		perror(path);
		exit(99);
	}
	while ((length = getline(&line, &size, file)) > 0) {
		reader.number++;
		line[length - 1] = '\0';
		reader.rest = line;
		if (line[0] != '#' && s->row_count < ROOM)
			get_object(&reader, s);
	}
	free(line);
	fclose(file);
	s->rows = reader.rows;
	s->deltas = reader.deltas;
	s->processes = (const struct ft_process *const *)reader.processes;
	s->scopes = reader.scopes;
	s->ifaces = reader.ifaces;
	return s;
}

/* What was allocated here is ours to free, const or not. */
static void drop(const void *memory)
{
	union {
		const void *borrowed;
		void *owned;
	} cast = { .borrowed = memory };

	free(cast.owned);
}

void recorded_free(struct ft_snapshot *s)
{
	for (size_t i = 0; i < s->process_count; i++) {
		const struct ft_process *process = s->processes[i];

		if (!process)
			continue;
		drop(process->name);
		drop(process->exe);
		drop(process->cmdline);
		drop(process->user);
		drop(process->cgroup);
		drop(process->unit);
		drop(process->container);
		drop(process);
	}
	if (s->rows)
		drop(s->rows[0].flow);
	drop(s->rows);
	drop(s->deltas);
	drop(s->processes);
	drop(s->scopes);
	drop(s->ifaces);
	free(s->backend);
	free(s->backend_reason);
	free(s->owner_source);
	free(s->capture_filter);
	free(s);
}
