/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and words of a socket's sample; see health.h. */
#include "core/health.h"

#include <stdio.h>
#include <string.h>

#include "core/nls.h"

struct number {
	const char *name;
	uint32_t known;
	uint16_t offset;
	uint8_t size;
	bool zero_is_none;
};

static const struct number numbers[FT_HEALTH_NUMBER_MAX] = {
#define X(name_, member, known_, none) \
	[FT_NUMBER_##name_] = { \
		.name = #name_, .known = known_, .offset = offsetof(struct ft_health, member), \
		.size = sizeof(((struct ft_health *)0)->member), .zero_is_none = none, \
	},
	FT_HEALTH_NUMBERS(X)
#undef X
};

/* The member, whatever its width. */
static uint64_t read_member(const struct ft_health *health, const struct number *number)
{
	const char *at = (const char *)health + number->offset;
	uint64_t wide;
	uint32_t word;

	if (number->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	if (number->size == sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		return word;
	}
	return *(const uint8_t *)at;
}

bool ft_health_get(const struct ft_health *health, enum ft_health_number number,
		   uint64_t *ret_value)
{
	const struct number *row = &numbers[number];
	uint64_t value = read_member(health, row);

	if ((row->known & health->known) != row->known || (row->zero_is_none && !value))
		return false;
	/* Of equal round trips the variance is 0; of none there is none. */
	if (number == FT_NUMBER_rttvar_us && !health->srtt_us)
		return false;
	if (number == FT_NUMBER_ssthresh && value >= FT_HEALTH_NO_SSTHRESH)
		return false;
	if ((number == FT_NUMBER_pacing_bytes_per_s ||
	     number == FT_NUMBER_max_pacing_bytes_per_s) && value == FT_HEALTH_NO_PACING)
		return false;
	*ret_value = value;
	return true;
}

bool ft_health_is_common(enum ft_health_number number)
{
	const uint32_t common = FT_HEALTH_QUEUES | FT_HEALTH_APP | FT_HEALTH_TIMER |
				FT_HEALTH_TOS | FT_HEALTH_TCLASS;

	return numbers[number].known & common;
}

const char *ft_health_number_name(enum ft_health_number number)
{
	return numbers[number].name;
}

const char *ft_health_state(const struct ft_health *health)
{
	static const char *const names[] = {
		"", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait",
		"close", "close-wait", "last-ack", "listen", "closing", "syn-recv",
	};

	return health->state < sizeof(names) / sizeof(names[0]) ? names[health->state] : "";
}

const char *ft_health_ca_state(const struct ft_health *health)
{
	static const char *const names[] = { "open", "disorder", "cwr", "recovery", "loss" };

	if (!(health->known & FT_HEALTH_MORE) ||
	    health->ca_state >= sizeof(names) / sizeof(names[0]))
		return "";
	return names[health->ca_state];
}

const char *ft_health_timer(const struct ft_health *health)
{
	static const char *const names[] = {
		[FT_HEALTH_TIMER_RETRANSMIT] = "retransmit",
		[FT_HEALTH_TIMER_KEEPALIVE] = "keepalive",
		[FT_HEALTH_TIMER_TIME_WAIT] = "time-wait",
		[FT_HEALTH_TIMER_PROBE] = "probe",
	};

	if (!(health->known & FT_HEALTH_TIMER) || !health->timer ||
	    health->timer >= sizeof(names) / sizeof(names[0]))
		return "";
	return names[health->timer];
}

char *ft_health_options(const struct ft_health *health, char *buf, size_t size)
{
	static const char *const names[] = { "timestamps", "sack", "wscale", "ecn", "ecn-seen",
					     "syn-data", "usec-ts", "fastopen" };
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (health->options & 1U << i && used < size)
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " " : "",
						 names[i]);
	return buf;
}

double ft_health_retransmitted(const struct ft_health *health)
{
	if (!health->data_segs_out)
		return -1;
	return 100.0 * health->total_retrans / health->data_segs_out;
}

/* ---- why it is slow */

/* A part of the time that there was something to send, in percent. */
static double share(const struct ft_health *health, uint64_t us)
{
	return health->busy_us ? 100.0 * (double)us / (double)health->busy_us : 0;
}

static char *next_text(struct ft_health_words *words)
{
	return words->text[words->count++];
}

/* What the kernel measured while there was something to send. */
static void explain_time(const struct ft_health *health, struct ft_health_words *words)
{
	double rwnd = share(health, health->rwnd_limited_us);
	double sndbuf = share(health, health->sndbuf_limited_us);
	const size_t size = sizeof(words->text[0]);

	if (!(health->known & FT_HEALTH_MORE))
		return;
	if (rwnd >= 1)
		snprintf(next_text(words), size,
			 _("limited by the receiver's window %.0f %% of the time"), rwnd);
	if (sndbuf >= 1)
		snprintf(next_text(words), size,
			 _("limited by its send buffer %.0f %% of the time"), sndbuf);
}

/* What is lost on the way, and what that does. */
static void explain_loss(const struct ft_health *health, struct ft_health_words *words)
{
	double lost = ft_health_retransmitted(health);
	const size_t size = sizeof(words->text[0]);

	if (health->retransmits)
		snprintf(next_text(words), size,
			 _("no answer: %u time-outs in a row"), health->retransmits);
	if (lost >= 0.05)
		snprintf(next_text(words), size, _("%.1f %% of segments retransmitted"), lost);
	if (health->delivered_ce)
		snprintf(next_text(words), size,
			 _("the network marks congestion (%u segments)"), health->delivered_ce);
}

void ft_health_explain(const struct ft_health *health, struct ft_health_words *ret_words)
{
	const size_t size = sizeof(ret_words->text[0]);

	ret_words->count = 0;
	explain_time(health, ret_words);
	explain_loss(health, ret_words);
	if (health->known & FT_HEALTH_APP_LIMITED)
		snprintf(next_text(ret_words), size, "%s",
			 _("the program gives it too little to send"));
}

const struct ft_health *ft_flow_socket(const struct ft_snapshot *snapshot,
				       const struct ft_flow_hot *flow)
{
	int local = ft_flow_tx(flow->flow);
	const struct ft_health *health = ft_snapshot_socket(snapshot, flow, local);

	return health ? health : ft_snapshot_socket(snapshot, flow, !local);
}

bool ft_flow_overhead(const struct ft_snapshot *snapshot, const struct ft_flow_hot *flow,
		      uint64_t *ret_per_mille)
{
	const struct ft_health *health = ft_flow_socket(snapshot, flow);
	uint64_t wire = flow->total[0].bytes + flow->total[1].bytes, app;

	if (!health || !(health->known & FT_HEALTH_APP))
		return false;
	app = health->app_sent + health->app_received;
	/* What waits in a queue is not on the wire yet: less than nothing is not known. */
	if (!app || wire < app)
		return false;
	*ret_per_mille = (wire - app) * 1000 / app;
	return true;
}
