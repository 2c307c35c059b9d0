/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words and keys as records and recordings hold them, back to values; what is no such word is the
 * least that can be said. */
#ifndef FT_RECORDING_WORDS_H
#define FT_RECORDING_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

enum ft_state ft_word_state(const char *word);
enum ft_end_reason ft_word_reason(const char *word);
enum ft_path ft_word_path(const char *word);
bool ft_word_event(const char *word, uint8_t *ret_kind); /* false if there is no such event */
uint8_t ft_word_close(const char *word);
/* "local", "remote" of one whose local end is a. */
unsigned ft_word_end(const char *word);

/* Puts both ends into the key (protocol and VLANs are set), in its canonical order; ports are those
 * of the local end and the remote one, of ICMP the id and type << 8 | code. True if the local end
 * is end a. */
bool ft_key_set_ends(struct ft_flow_key *key, const uint8_t local[16], const uint8_t remote[16],
		     const uint16_t ports[2]);

#endif
