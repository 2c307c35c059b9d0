/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See words.h. */
#include "recording/words.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/event.h"

enum ft_state ft_word_state(const char *word)
{
	for (int i = 1; *word && i < FT_STATE_MAX; i++)
		if (strcmp(word, ft_state_name((enum ft_state)i)) == 0)
			return (enum ft_state)i;
	return FT_STATE_NONE;
}

enum ft_end_reason ft_word_reason(const char *word)
{
	for (int i = 1; *word && i < FT_ENDED_MAX; i++)
		if (strcmp(word, ft_end_reason_name((enum ft_end_reason)i)) == 0)
			return (enum ft_end_reason)i;
	return FT_ENDED_NOT;
}

enum ft_path ft_word_path(const char *word)
{
	for (int i = 0; i <= FT_PATH_TRANSIT; i++)
		if (strcmp(word, ft_path_name((enum ft_path)i)) == 0)
			return (enum ft_path)i;
	return FT_PATH_HOST;
}

bool ft_word_event(const char *word, uint8_t *ret_kind)
{
	for (int i = 0; i < FT_EVENT_MAX; i++)
		if (strcmp(word, ft_event_kind_name((enum ft_event_kind)i)) == 0) {
			*ret_kind = (uint8_t)i;
			return true;
		}
	return false;
}

uint8_t ft_word_close(const char *word)
{
	for (int i = 1; *word && i < FT_CLOSE_MAX; i++)
		if (strcmp(word, ft_close_name((enum ft_close)i)) == 0)
			return (uint8_t)i;
	return FT_CLOSE_NONE;
}

unsigned ft_word_end(const char *word)
{
	return strcmp(word, "local") == 0 ? FT_END_A :
	       strcmp(word, "remote") == 0 ? FT_END_B : FT_END_NONE;
}

bool ft_key_set_ends(struct ft_flow_key *key, const uint8_t local[16], const uint8_t remote[16],
		     const uint16_t ports[2])
{
	bool icmp = key->protocol == IPPROTO_ICMP || key->protocol == IPPROTO_ICMPV6;
	int order = memcmp(local, remote, 16);
	bool a = order < 0 || (order == 0 && (icmp || ports[0] <= ports[1]));

	memcpy(key->addr_a, a ? local : remote, 16);
	memcpy(key->addr_b, a ? remote : local, 16);
	key->port_a_be = htons(ports[a || icmp ? 0 : 1]);
	key->port_b_be = htons(ports[a || icmp ? 1 : 0]);
	return a;
}
