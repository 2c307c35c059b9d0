/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file being written: pcapng, or classic pcap. Both with nanoseconds, in this machine's
 * byte order. Knows blocks, not flows.
 *
 *   pcapng: section header | interface | packet packet interface packet ... | statistics
 *   pcap:   header | packet packet ...                 one kind of link layer, no comments
 *
 * Blocks gather in memory and go out whole: what could not be written (a full disk) is cut off
 * again, counted, and the file stays one that can be read; later packets are written again once
 * there is room. One thread uses it.
 */
#ifndef FT_OUTPUT_CAPTURE_FILE_H
#define FT_OUTPUT_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/packets.h"

struct ft_capture_file;

enum ft_capture_format { FT_CAPTURE_PCAPNG, FT_CAPTURE_PCAP };
/* By the file's name: true if it is one of packets. */
bool ft_capture_format_of(const char *path, enum ft_capture_format *ret_format);

/* What the section's header says; texts borrowed during the call, NULL or "" = not said. */
struct ft_capture_about {
	const char *hardware, *os, *program;
	const char *capture_filter; /* -f: stands with each interface */
};

/* fd is taken over: an empty regular file. */
struct ft_capture_file *ft_capture_file_new(int fd, enum ft_capture_format format,
					    const struct ft_capture_about *about);
/* The number of an interface in this file, described at first sight; -1: a pcap has another link
 * layer already. */
int ft_capture_file_iface(struct ft_capture_file *file, const struct ft_packet_iface *iface);
/* Adds to an interface's statistics: what list and period say, and how many passed the filter. */
void ft_capture_file_count(struct ft_capture_file *file, int number,
			   const struct ft_packet_iface *iface, uint64_t passed);
/* One packet; comment: UTF-8, "" = none. */
void ft_capture_file_packet(struct ft_capture_file *file, int number,
			    const struct ft_packet *packet, const char *comment);
/* Writes what has gathered; -errno: it is lost. */
int ft_capture_file_flush(struct ft_capture_file *file);
/* Packets that were written, and those that could not be. */
uint64_t ft_capture_file_written(const struct ft_capture_file *file);
uint64_t ft_capture_file_lost(const struct ft_capture_file *file);
/* True if nobody finds the file any more: its name was taken away. */
bool ft_capture_file_is_gone(const struct ft_capture_file *file);
/* The end: statistics, of this time; frees. -errno if it could not be written. NULL is fine. */
int ft_capture_file_close(struct ft_capture_file *file, uint64_t end_ns);

#endif
