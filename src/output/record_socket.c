/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of what TCP says of a flow, and of sockets. */
#include "output/record_priv.h"

#include <arpa/inet.h>

#include "core/addr.h"
#include "core/health.h"
#include "core/socket.h"

/* ---- TCP: the socket at a side, and the handshake */

/* What a side's socket said last; NULL if it is not known. */
static const struct ft_health *socket_of(const struct ft_record *record, unsigned side)
{
	return ft_snapshot_socket(record->snapshot, record->flow, ft_record_end(record, side));
}

FT_FIELD_GET(tcp_number)
{
	const struct ft_health *health = socket_of(record, arg >> 8);
	uint64_t value;

	if (health && ft_health_get(health, (enum ft_health_number)(arg & 0xff), &value))
		ft_cell_uint(cell, value);
}

FT_FIELD_GET(tcp_cookie)
{
	const struct ft_health *health = socket_of(record, arg);

	if (!health)
		return;
	cell->kind = FT_CELL_ID;
	cell->number = health->cookie;
}

FT_FIELD_GET(tcp_time)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		ft_cell_time(cell, health->tick);
}

FT_FIELD_GET(tcp_state)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		ft_cell_text(cell, ft_health_state(health));
}

FT_FIELD_GET(tcp_ca_state)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		ft_cell_text(cell, ft_health_ca_state(health));
}

FT_FIELD_GET(tcp_congestion)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		ft_cell_text(cell, health->congestion);
}

FT_FIELD_GET(tcp_options)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		ft_cell_text(cell, ft_health_options(health, cell->buf, sizeof(cell->buf)));
}

FT_FIELD_GET(tcp_timer)
{
	const struct ft_health *health = socket_of(record, arg);

	if (health)
		ft_cell_text(cell, ft_health_timer(health));
}

FT_FIELD_GET(app_limited)
{
	const struct ft_health *health = socket_of(record, arg);

	if (!health || !(health->known & FT_HEALTH_APP_LIMITED))
		return;
	cell->kind = FT_CELL_BOOL;
	cell->number = 1;
}

FT_FIELD_GET(overhead)
{
	uint64_t per_mille;

	(void)arg;
	if (ft_flow_overhead(record->snapshot, record->flow, &per_mille))
		ft_cell_uint(cell, per_mille);
}

FT_FIELD_GET(handshake)
{
	struct ft_handshake shake = ft_snapshot_handshake(record->snapshot, record->flow);
	const uint32_t values[] = {
		ft_snapshot_handshake_us(record->snapshot, record->flow),
		shake.syn_ack_us,
		shake.ack_us,
	};

	if (values[arg])
		ft_cell_uint(cell, values[arg]);
}

FT_FIELD_GET(own)
{
	(void)arg;
	cell->kind = FT_CELL_BOOL;
	cell->number = record->group->own;
}

FT_FIELD_GET(flows)
{
	(void)arg;
	ft_cell_uint(cell, record->group->flows);
}

/* ---- a socket */

FT_FIELD_GET(socket_cookie)
{
	(void)arg;
	if (!record->socket->health.cookie)
		return;
	cell->kind = FT_CELL_ID;
	cell->number = record->socket->health.cookie;
}

FT_FIELD_GET(sampled)
{
	(void)arg;
	ft_cell_time(cell, record->socket->health.tick);
}

FT_FIELD_GET(socket_kind)
{
	(void)arg;
	if (record->socket->raw)
		ft_cell_text(cell, "raw");
	else
		ft_cell_text(cell, record->socket->protocol == IPPROTO_TCP ? "stream" : "datagram");
}

FT_FIELD_GET(socket_protocol)
{
	if (arg == 0)
		ft_cell_uint(cell, record->socket->protocol);
	else
		ft_cell_text(cell, ft_protocol_name(record->socket->protocol));
}

FT_FIELD_GET(socket_version)
{
	(void)arg;
	ft_cell_uint(cell, record->socket->ip_version);
}

FT_FIELD_GET(socket_iface)
{
	(void)arg;
	ft_cell_text(cell, record->socket->iface);
}

FT_FIELD_GET(socket_state)
{
	(void)arg;
	ft_cell_text(cell, ft_socket_state(record->socket));
}

/* Of an end that is nobody in particular there is nothing to say. */
FT_FIELD_GET(socket_address)
{
	if (arg == OWN || !ft_addr_is_any(record->socket->remote))
		ft_field_address(record, arg, cell);
}

FT_FIELD_GET(socket_name)
{
	if (!ft_addr_is_any(ft_record_address(record, arg)))
		ft_field_name(record, arg, cell);
}

FT_FIELD_GET(socket_name_source)
{
	if (!ft_addr_is_any(ft_record_address(record, arg)))
		ft_field_name_source(record, arg, cell);
}

FT_FIELD_GET(socket_port)
{
	const struct ft_socket *socket = record->socket;
	uint16_t port = ntohs(arg == OWN ? socket->local_port_be : socket->remote_port_be);

	if (!socket->raw && port)
		ft_cell_uint(cell, port);
}

FT_FIELD_GET(socket_uid)
{
	(void)arg;
	if (record->socket->inode)
		ft_cell_uint(cell, record->socket->uid);
}

FT_FIELD_GET(socket_inode)
{
	(void)arg;
	if (record->socket->inode)
		ft_cell_uint(cell, record->socket->inode);
}

FT_FIELD_GET(socket_number)
{
	uint64_t value;

	if (ft_socket_get(record->socket, (enum ft_health_number)arg, &value))
		ft_cell_uint(cell, value);
}

FT_FIELD_GET(socket_memory)
{
	if (record->socket->has_memory)
		ft_cell_uint(cell, record->socket->memory[arg]);
}

FT_FIELD_GET(socket_timer)
{
	(void)arg;
	ft_cell_text(cell, ft_health_timer(&record->socket->health));
}

FT_FIELD_GET(socket_word)
{
	const struct ft_health *health = &record->socket->health;

	if (!record->socket->tcp)
		return;
	if (arg == WORD_CONGESTION)
		ft_cell_text(cell, health->congestion);
	else if (arg == WORD_CA_STATE)
		ft_cell_text(cell, ft_health_ca_state(health));
	else
		ft_cell_text(cell, ft_health_options(health, cell->buf, sizeof(cell->buf)));
}

FT_FIELD_GET(socket_app_limited)
{
	(void)arg;
	if (!record->socket->tcp || !(record->socket->health.known & FT_HEALTH_APP_LIMITED))
		return;
	cell->kind = FT_CELL_BOOL;
	cell->number = 1;
}
