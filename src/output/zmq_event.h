/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows as the events that libebpfflow sends to ntopng: its header, its topic "flow", its names of
 * members. No ZeroMQ here. The counters have the names by which ntopng knows those of NetFlow;
 * libebpfflow has none.
 */
#ifndef FT_OUTPUT_ZMQ_EVENT_H
#define FT_OUTPUT_ZMQ_EVENT_H

#include <stdint.h>

#include "output/due.h"
#include "output/json_writer.h"

/* In front of each event; numbers in the machine's byte order, as ntopng takes them. */
struct ft_zmq_header {
	char topic[32];
	uint32_t version; /* 0 */
	uint32_t size;    /* of the JSON behind it */
};
_Static_assert(sizeof(struct ft_zmq_header) == 40, "as libebpfflow sends it");

/* The header of an event of so many bytes. */
struct ft_zmq_header ft_zmq_header(uint32_t size);
/* The event of a record, into an empty writer. */
void ft_zmq_event(struct ft_json *json, const struct ft_snapshot *snapshot,
		  const struct ft_due_record *record);

#endif
