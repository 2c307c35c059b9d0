/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of the TCP sockets of flows: a row when a sample says something else than
 * the one before (what only grows with time, like the age of the last ACK, is nothing new), and
 * in whole intervals. How long a handshake took: once a flow.
 */
#include "recording/write.h"

#include <string.h>

#include "core/health.h"

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

uint64_t ft_sample_print(const struct ft_health *health)
{
	struct ft_health same = *health;
	uint64_t words[sizeof(same) / sizeof(uint64_t)], hash = 1;

	same.tick = 0;
	same.timer_expires_ms = 0;
	same.last_data_sent_ms = same.last_data_received_ms = same.last_ack_received_ms = 0;
	memcpy(words, &same, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		hash = mix(hash, words[i]);
	return hash ? hash : 1;
}

void ft_bind_sample(struct ft_binder *to, const struct ft_health *health, const char *state,
		    bool common)
{
	const char *ca_state = ft_health_ca_state(health), *timer = ft_health_timer(health);
	size_t length = strnlen(health->congestion, sizeof(health->congestion));
	uint64_t value;

	ft_bind_if(to, health->cookie, health->cookie);
	ft_bind_int(to, health->tick);
	ft_bind_int(to, health->known);
	ft_bind_word(to, state);
	ft_bind_span(to, health->congestion, common ? 0 : length);
	ft_bind_word(to, ca_state[0] && !common ? ca_state : NULL);
	ft_bind_if(to, !common && health->known & FT_HEALTH_MORE, health->options);
	ft_bind_word(to, timer[0] ? timer : NULL);
	for (int i = 0; i < FT_HEALTH_NUMBER_MAX; i++) {
		enum ft_health_number number = (enum ft_health_number)i;
		bool there = !(common && !ft_health_is_common(number)) &&
			     ft_health_get(health, number, &value);

		ft_bind_if(to, there, value);
	}
}

/* A place in a memory of FT_RECORDER_SAMPLES. */
static size_t place_of(uint64_t id)
{
	return (size_t)(mix(7, id) >> 20) & (FT_RECORDER_SAMPLES - 1);
}

static int write_sample(struct ft_recorder *self, const struct ft_flow *flow, unsigned side,
			const struct ft_health *health)
{
	uint64_t id = flow->id << 1 | side, print = ft_sample_print(health);
	struct ft_known_print *known = &self->samples[place_of(id)];
	struct ft_binder to;

	if (known->id == id && known->print == print && !(self->whole & FT_WHOLE_FLOWS))
		return 0;
	*known = (struct ft_known_print){ id, print };
	self->rows_since += !(self->whole & FT_WHOLE_FLOWS);
	to = ft_recorder_begin(self, FT_TCP);
	ft_bind_int(&to, (uint64_t)self->interval);
	ft_bind_int(&to, flow->id);
	ft_bind_int(&to, side);
	ft_bind_sample(&to, health, ft_health_state(health), false);
	return ft_recorder_run(self, &to);
}

/* Once it is complete, or at least answered. */
static int write_handshake(struct ft_recorder *self, const struct ft_snapshot *snapshot,
			   const struct ft_flow_hot *row)
{
	struct ft_handshake shake = ft_snapshot_handshake(snapshot, row);
	uint64_t *known = &self->shakes[place_of(row->flow->id)];
	uint64_t now = row->flow->id << 1 | (shake.ack_us != 0);
	struct ft_binder to;

	if (!shake.syn_ack_us || *known == now)
		return 0;
	*known = now;
	to = ft_recorder_begin(self, FT_HANDSHAKE);
	ft_bind_int(&to, row->flow->id);
	ft_bind_int(&to, shake.syn_ack_us);
	ft_bind_if(&to, shake.ack_us, shake.ack_us);
	return ft_recorder_run(self, &to);
}

int ft_recorder_tcp(struct ft_recorder *self, const struct ft_snapshot *snapshot,
		    const struct ft_flow_hot *row)
{
	size_t at = (size_t)(row - snapshot->rows);
	int tx = ft_flow_tx(row->flow), ret;

	if (at >= snapshot->tcp_of_count || !snapshot->tcp_of[at])
		return 0;
	ret = write_handshake(self, snapshot, row);
	for (unsigned side = 0; side < 2 && ret == 0; side++) {
		const struct ft_health *health =
			ft_snapshot_socket(snapshot, row, side == 0 ? tx : !tx);

		if (health)
			ret = write_sample(self, row->flow, side, health);
	}
	return ret;
}
