/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See sample.h. */
#include "recording/sample.h"

#include <stddef.h>
#include <string.h>

static const struct {
	uint16_t offset;
	uint8_t size;
} members[FT_HEALTH_NUMBER_MAX] = {
#define X(name, member, known, none) \
	{ offsetof(struct ft_health, member), sizeof(((struct ft_health *)0)->member) },
	FT_HEALTH_NUMBERS(X)
#undef X
};

void ft_sample_clear(struct ft_health *health)
{
	memset(health, 0, sizeof(*health));
	/* What would be a number if it were 0. */
	health->ssthresh = FT_HEALTH_NO_SSTHRESH;
	health->pacing_rate = health->max_pacing_rate = FT_HEALTH_NO_PACING;
}

void ft_sample_set(struct ft_health *health, enum ft_health_number number, uint64_t value)
{
	char *at = (char *)health + members[number].offset;
	uint32_t word = (uint32_t)value;
	uint8_t octet = (uint8_t)value;

	if (members[number].size == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else if (members[number].size == sizeof(word) && value <= UINT32_MAX)
		memcpy(at, &word, sizeof(word));
	else if (members[number].size == sizeof(octet) && value <= UINT8_MAX)
		memcpy(at, &octet, sizeof(octet));
}

uint8_t ft_sample_state(const char *word)
{
	struct ft_health health = { .state = 0 };

	if (strcmp(word, "unconnected") == 0)
		return 7;
	for (uint8_t state = 1; *word && state < 16; state++) {
		health.state = state;
		if (strcmp(word, ft_health_state(&health)) == 0)
			return state;
	}
	return 0;
}

uint8_t ft_sample_ca_state(const char *word)
{
	struct ft_health health = { .known = FT_HEALTH_MORE };

	for (uint8_t state = 0; *word && state < 8; state++) {
		health.ca_state = state;
		if (strcmp(word, ft_health_ca_state(&health)) == 0)
			return state;
	}
	return 0;
}

uint8_t ft_sample_timer(const char *word)
{
	struct ft_health health = { .known = FT_HEALTH_TIMER };

	for (uint8_t timer = 1; *word && timer < 8; timer++) {
		health.timer = timer;
		if (strcmp(word, ft_health_timer(&health)) == 0)
			return timer;
	}
	return 0;
}

/* So many units of the clock as give these microseconds again. */
static uint32_t units_of(uint32_t us)
{
	return (uint32_t)(((uint64_t)us * 1000 + FT_SHAKE_NS - 1) / FT_SHAKE_NS);
}

void ft_sample_handshake(struct ft_flow_tcp *tcp, unsigned first, uint32_t syn_ack_us,
			 uint32_t ack_us)
{
	if (first == FT_END_NONE || !syn_ack_us)
		return;
	tcp->shake[first] = 1;
	tcp->shake[!first] = 1 + units_of(syn_ack_us);
	if (ack_us)
		tcp->shake[FT_SHAKE_ACK] = tcp->shake[!first] + units_of(ack_us);
}
