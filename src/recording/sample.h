/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket's sample from what a row says of it, wherever the row comes from. */
#ifndef FT_RECORDING_SAMPLE_H
#define FT_RECORDING_SAMPLE_H

#include "core/health.h"

/* Nothing is known yet: numbers that are not set afterwards are none. */
void ft_sample_clear(struct ft_health *health);
/* A number into its member, if it fits. */
void ft_sample_set(struct ft_health *health, enum ft_health_number number, uint64_t value);
/* The kernel's numbers of the words of records. */
uint8_t ft_sample_state(const char *word);
uint8_t ft_sample_ca_state(const char *word);
uint8_t ft_sample_timer(const char *word);
/* The moments of a handshake that took so long, from any begin; nothing if it was not seen. */
void ft_sample_handshake(struct ft_flow_tcp *tcp, unsigned initiator, uint32_t syn_ack_us,
			 uint32_t ack_us);

#endif
