/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Columns that only flows and sockets have: both ends, protocol, state. An end is a host and a port; when
 * it doesn't fit, the host is cut and the port stays, because the port is what tells flows
 * of one host apart.
 */
#include "core/column_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/event.h"
#include "core/socket.h"

/* ---- ends */

/* The end of a flow or socket that a column shows. */
struct end {
	const uint8_t *addr;
	uint16_t port;
	uint8_t protocol;
	bool has_port;
	bool any; /* a socket that talks to nobody in particular */
};

static struct end end_of_socket(const struct ft_socket *socket, const struct ft_show *show,
				bool local)
{
	uint16_t port = ntohs(local ? socket->local_port_be : socket->remote_port_be);
	const uint8_t *addr = local ? socket->local : socket->remote;

	return (struct end){
		.addr = addr,
		.port = port,
		.protocol = socket->protocol,
		.has_port = !socket->raw && !show->hide_ports,
		.any = !local && !port && ft_addr_is_any(addr),
	};
}

static struct end end_of(const struct ft_row *row, const struct ft_show *show, bool local)
{
	const struct ft_flow *flow;
	bool b;

	if (row->socket)
		return end_of_socket(row->socket, show, local);
	flow = row->flow->flow;
	b = (flow->local == FT_END_B) == local;
	return (struct end){
		.addr = b ? flow->key.addr_b : flow->key.addr_a,
		.port = ntohs(b ? flow->key.port_b_be : flow->key.port_a_be),
		.protocol = flow->key.protocol,
		.has_port = ft_protocol_has_ports(flow->key.protocol) && !show->hide_ports &&
			    !(row->flow->entry_flags & FT_ENTRY_FRAGMENT),
		.any = !local && row->event && row->event->kind == FT_EVENT_LISTEN,
	};
}

/* The whole text, raw: "10.0.0.1:443", "[2001:db8::1]:https", "router". */
static void end_text(const struct ft_row *row, const struct ft_show *show, bool local, char *buf,
		     size_t size)
{
	struct end end = end_of(row, show, local);
	char host[FT_CELL_TEXT], port[FT_CELL_TEXT];

	if (end.any) {
		snprintf(buf, size, "*");
		return;
	}
	ft_text_host(show, end.addr, host, sizeof(host));
	if (!end.has_port) {
		snprintf(buf, size, "%s", host);
		return;
	}
	ft_text_port(show, end.port, end.protocol, port, sizeof(port));
	snprintf(buf, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* The cell: the host cut if need be, the port whole if there is room for both. */
static void put_end(const struct ft_row *row, const struct ft_show *show, bool local,
		    unsigned width, char *buf, size_t size)
{
	struct end end = end_of(row, show, local);
	char raw[FT_CELL_TEXT], host[4 * FT_CELL_TEXT], port[4 * FT_CELL_TEXT] = "";
	char cut[4 * FT_CELL_TEXT];
	unsigned port_width = 0;
	bool brackets;

	if (end.any) {
		ft_put_text("*", show, width, buf, size);
		return;
	}
	ft_text_host(show, end.addr, raw, sizeof(raw));
	brackets = end.has_port && strchr(raw, ':');
	ft_fmt_escape(raw, strlen(raw), show->ascii, host, sizeof(host));
	if (end.has_port) {
		ft_text_port(show, end.port, end.protocol, raw, sizeof(raw));
		ft_fmt_escape(raw, strlen(raw), show->ascii, port, sizeof(port));
		port_width = 1 + ft_fmt_width(port) + (brackets ? 2 : 0);
	}
	if (!end.has_port || port_width + 4 > width) {
		ft_fmt_fit(host, width, FT_ALIGN_LEFT, false, show->ascii, buf, size);
		return;
	}
	ft_fmt_fit(host, width - port_width, FT_ALIGN_LEFT, false, show->ascii, cut, sizeof(cut));
	snprintf(buf, size, "%s%s%s:%s", brackets ? "[" : "", cut, brackets ? "]" : "", port);
}

/* Both end columns, from which end they show. Sorted by address and port, not by name: names
 * come and go while one looks. */
#define END_COLUMN(name, is_local) \
	FT_COLUMN_RANK(name) \
	{ \
		struct end end = end_of(row, show, is_local); \
\
		(void)snapshot; \
		return ft_rank_addr(end.addr, end.port); \
	} \
	FT_COLUMN_COMPARE(name) \
	{ \
		struct end x = end_of(a, show, is_local), y = end_of(b, show, is_local); \
\
		(void)snapshot; \
		return ft_compare_addr(x.addr, x.port, y.addr, y.port); \
	} \
	FT_COLUMN_TOKEN(name) \
	{ \
		struct end end = end_of(row, show, is_local); \
\
		(void)snapshot; \
		if (ft_addr_is_v4(end.addr)) \
			return false; /* all of it is in the rank */ \
		memcpy(ret_token->word, end.addr, sizeof(ret_token->word)); \
		ret_token->minor = end.port; \
		return true; \
	} \
	FT_COLUMN_GET(name) \
	{ \
		(void)snapshot; \
		ret_value->kind = FT_VALUE_TEXT; \
		end_text(row, show, is_local, ret_value->text, sizeof(ret_value->text)); \
	} \
	FT_COLUMN_FORMAT(name) \
	{ \
		(void)snapshot; \
		put_end(row, show, is_local, width, buf, size); \
	}

END_COLUMN(local, true)
END_COLUMN(remote, false)

/* ---- who began it */

/* 2 = the local end, 1 = the remote one, 0 = not known. */
static unsigned began(const struct ft_flow *flow)
{
	if (flow->initiator == FT_END_NONE)
		return 0;
	return flow->initiator == flow->local ? 2 : 1;
}

FT_COLUMN_RANK(dir)
{
	(void)snapshot;
	(void)show;
	return began(row->flow->flow);
}

FT_COLUMN_GET(dir)
{
	static const char *const words[] = { "-", "<", ">" };

	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	snprintf(ret_value->text, sizeof(ret_value->text), "%s", words[began(row->flow->flow)]);
}

FT_COLUMN_FORMAT(dir)
{
	static const char *const ascii[] = { "-", "<", ">" };
	static const char *const arrows[] = { "–", "←", "→" };

	(void)snapshot;
	ft_fmt_fit((show->ascii ? ascii : arrows)[began(row->flow->flow)], width, FT_ALIGN_LEFT,
		   false, show->ascii, buf, size);
}

/* ---- protocol */

static uint8_t protocol_of(const struct ft_row *row)
{
	return row->socket ? row->socket->protocol : row->flow->flow->key.protocol;
}

FT_COLUMN_RANK(protocol)
{
	const char *name = ft_protocol_name(protocol_of(row));

	(void)snapshot;
	(void)show;
	return name ? ft_rank_text(name) : protocol_of(row);
}

FT_COLUMN_GET(protocol)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	ft_text_protocol(protocol_of(row), ret_value->text, sizeof(ret_value->text));
}

FT_COLUMN_FORMAT(protocol)
{
	char text[FT_CELL_TEXT];

	(void)snapshot;
	ft_text_protocol(protocol_of(row), text, sizeof(text));
	if (width < 6 && protocol_of(row) == IPPROTO_ICMPV6)
		snprintf(text, sizeof(text), width < 5 ? "icm6" : "icmp6");
	ft_put_text(text, show, width, buf, size);
}

/* ---- VLAN and flags */

FT_COLUMN_RANK(vlan)
{
	const struct ft_flow_key *key = &row->flow->flow->key;

	(void)snapshot;
	(void)show;
	return (uint64_t)key->vlan_outer << 16 | key->vlan_inner;
}

FT_COLUMN_GET(vlan)
{
	const struct ft_flow_key *key = &row->flow->flow->key;

	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	ft_text_vlan(key->vlan_outer, key->vlan_inner, ret_value->text, sizeof(ret_value->text));
}

FT_COLUMN_FORMAT(vlan)
{
	const struct ft_flow_key *key = &row->flow->flow->key;
	char text[FT_CELL_TEXT];

	(void)snapshot;
	ft_text_vlan(key->vlan_outer, key->vlan_inner, text, sizeof(text));
	ft_put_text(text, show, width, buf, size);
}

/* "SPA/SA": what the local end set, what the remote end set. */
static void flags_text(const struct ft_flow_hot *flow, char *buf, size_t size)
{
	static const char letters[] = "FSRPAUEC";
	size_t fill = 0;

	buf[0] = '\0';
	if (flow->flow->key.protocol != IPPROTO_TCP)
		return;
	for (int side = 0; side < 2; side++) {
		int dir = side == 0 ? ft_flow_tx(flow->flow) : !ft_flow_tx(flow->flow);

		if (side == 1 && fill + 1 < size)
			buf[fill++] = '/';
		for (int bit = 0; bit < 8; bit++)
			if (flow->tcp_flags[dir] & 1U << bit && fill + 1 < size)
				buf[fill++] = letters[bit];
	}
	buf[fill] = '\0';
}

FT_COLUMN_RANK(flags)
{
	int tx = ft_flow_tx(row->flow->flow);

	(void)snapshot;
	(void)show;
	return (uint64_t)row->flow->tcp_flags[tx] << 8 | row->flow->tcp_flags[!tx];
}

FT_COLUMN_GET(flags)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	flags_text(row->flow, ret_value->text, sizeof(ret_value->text));
}

FT_COLUMN_FORMAT(flags)
{
	char text[FT_CELL_TEXT];

	(void)snapshot;
	flags_text(row->flow, text, sizeof(text));
	ft_put_text(text, show, width, buf, size);
}

/* ---- service, interface, state */

static void text_service(const struct ft_snapshot *snapshot, const struct ft_row *row,
			 const struct ft_show *show, char *buf, size_t size)
{
	(void)snapshot;
	ft_text_service(show, row->flow, buf, size);
}

/* The port of a bridge that carried the flow last, rather the one it came in by; NULL if no
 * other interface than the scope's own did. */
static const char *port_of(const struct ft_snapshot *snapshot, const struct ft_flow_hot *flow,
			   const char *scope)
{
	int tx = ft_flow_tx(flow->flow);

	for (int i = 0; i < 2; i++) {
		const struct ft_snapshot_iface *iface =
			ft_snapshot_iface_of(snapshot, flow, i == 0 ? !tx : tx);

		if (iface && strcmp(iface->name, scope) != 0)
			return iface->name;
	}
	return NULL;
}

/* The scope; of a bridge also the port. Of a socket the interface that it is bound to. */
static void text_iface(const struct ft_snapshot *snapshot, const struct ft_row *row,
		       const struct ft_show *show, char *buf, size_t size)
{
	const char *scope, *port;
	size_t length;

	(void)show;
	if (row->socket) {
		ft_text_copy(row->socket->iface, buf, size);
		return;
	}
	scope = ft_snapshot_scope_name(snapshot, row->flow->flow->key.scope);
	port = port_of(snapshot, row->flow, scope);
	length = strlen(ft_text_copy(scope, buf, size));
	if (port && length + 2 < size) {
		buf[length] = '/';
		ft_text_copy(port, buf + length + 1, size - length - 1);
	}
}

static const char *state_of(const struct ft_row *row)
{
	return row->socket ? ft_socket_state(row->socket) : ft_text_state(row->flow);
}

FT_COLUMN_RANK(state)
{
	(void)snapshot;
	(void)show;
	return ft_rank_text(state_of(row));
}

FT_COLUMN_GET(state)
{
	(void)snapshot;
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	snprintf(ret_value->text, sizeof(ret_value->text), "%s", state_of(row));
}

/* What a state is called where there is no room for its name; ss has the same words. */
static const char *brief_socket_state(const char *name)
{
	static const struct {
		const char *name, *brief;
	} brief[] = {
		{ "established", "estab" }, { "unconnected", "unconn" }, { "time-wait", "t-wait" },
		{ "close-wait", "c-wait" }, { "fin-wait-1", "fin1" },	 { "fin-wait-2", "fin2" },
		{ "last-ack", "l-ack" },    { "syn-sent", "syn-s" },	 { "syn-recv", "syn-r" },
		{ "closing", "closng" },
	};

	for (size_t i = 0; i < sizeof(brief) / sizeof(brief[0]); i++)
		if (strcmp(brief[i].name, name) == 0)
			return brief[i].brief;
	return name;
}

static const char *brief_state(const struct ft_flow_hot *flow)
{
	static const char *const brief[FT_STATE_MAX] = {
		[FT_STATE_SYN_SENT] = "syn",
		[FT_STATE_SYN_ACK] = "synack",
		[FT_STATE_ESTABLISHED] = "estab",
		[FT_STATE_CLOSING] = "fin",
	};
	const char *name = ft_text_state(flow);

	if (name == ft_state_name((enum ft_state)flow->state) && brief[flow->state])
		return brief[flow->state];
	return name;
}

FT_COLUMN_FORMAT(state)
{
	const char *name = state_of(row);

	(void)snapshot;
	if (name == ft_state_name(FT_STATE_NONE))
		name = "-";
	else if (strlen(name) > width)
		name = row->socket ? brief_socket_state(name) : brief_state(row->flow);
	ft_put_text(name, show, width, buf, size);
}

static void text_observer(const struct ft_snapshot *snapshot, const struct ft_row *row,
			  const struct ft_show *show, char *buf, size_t size)
{
	(void)show;
	ft_text_copy(ft_snapshot_observer(snapshot, row->flow->flow->key.scope), buf, size);
}

FT_TEXT_FUNCTIONS(observer)
FT_TEXT_FUNCTIONS(service)

/* All that ft_text_service looks at. */
FT_COLUMN_TOKEN(service)
{
	const struct ft_flow *flow = row->flow->flow;
	uint16_t port = ft_protocol_has_ports(flow->key.protocol) ? ft_flow_service_port(flow) :
								    ntohs(flow->key.port_b_be);

	(void)snapshot;
	(void)show;
	ret_token->word[0] = (uint64_t)flow->key.protocol << 32 |
			     (uint64_t)row->flow->entry_flags << 16 | port;
	ret_token->word[1] = flow->extra;
	ret_token->minor = 0;
	return true;
}

FT_TEXT_RANK(iface)
FT_TEXT_CELL(iface)

/* Of a flow the scope and where it went; of a socket the interface's name. */
FT_COLUMN_TOKEN(iface)
{
	const struct ft_flow_hot *flow = row->flow;

	(void)snapshot;
	(void)show;
	ret_token->minor = 0;
	if (row->socket) {
		memcpy(ret_token->word, row->socket->iface, sizeof(ret_token->word));
		return true;
	}
	ret_token->word[0] = (uint64_t)flow->flow->key.scope << 8 | flow->flow->local;
	ret_token->word[1] = (uint64_t)flow->iface_slot[0] << 16 | flow->iface_slot[1];
	return true;
}

/* Most flows went the same way: that is seen without making texts. */
FT_COLUMN_COMPARE(iface)
{
	char x[FT_CELL_TEXT], y[FT_CELL_TEXT];

	if (a->flow && a->flow->flow->key.scope == b->flow->flow->key.scope &&
	    memcmp(a->flow->iface_slot, b->flow->iface_slot, sizeof(a->flow->iface_slot)) == 0 &&
	    a->flow->flow->local == b->flow->flow->local)
		return 0;
	text_iface(snapshot, a, show, x, sizeof(x));
	text_iface(snapshot, b, show, y, sizeof(y));
	return ft_compare_text(x, y);
}
