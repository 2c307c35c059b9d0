/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See capture_file.h. `good` is how much of the file stands; everything is written behind it, so
 * that a torn write is written over, or cut off. What describes (header, interfaces) is put again
 * in front of what comes next when it was lost: packets name interfaces by number.
 */
#include "output/capture_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/xalloc.h"

#define BUFFER_MAX (1UL << 20) /* then it is written, whoever asks */
#define COMMENT_MAX 2048

/* Kinds of blocks, and of their options. */
enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, STATISTICS = 5, PACKET = 6 };
enum { END = 0, COMMENT = 1 };
enum { SECTION_HARDWARE = 2, SECTION_OS = 3, SECTION_PROGRAM = 4 };
enum { INTERFACE_NAME = 2, INTERFACE_RESOLUTION = 9, INTERFACE_FILTER = 11 };
enum { PACKET_FLAGS = 2 };
enum { STATISTICS_START = 2, STATISTICS_END = 3, STATISTICS_RECEIVED = 4, STATISTICS_DROPPED = 5,
       STATISTICS_ACCEPTED = 6, STATISTICS_OS_DROPPED = 7, STATISTICS_DELIVERED = 8 };
#define INBOUND 1U
#define OUTBOUND 2U
#define NANOSECONDS 9

struct iface {
	struct ft_packet_iface about; /* with its sums so far */
	uint64_t passed, written, waiting;
	uint64_t first_ns; /* of its first packet; 0 = none */
	bool described;    /* in the file, for good */
};

struct ft_capture_file {
	int fd;
	enum ft_capture_format format;
	char *hardware, *os, *program, *capture_filter; /* owned */
	uint8_t *buffer; /* owned */
	size_t used, space;
	uint64_t good;
	bool begun; /* the header is in the file, for good */
	struct iface *ifaces; /* owned */
	size_t iface_count;
	uint64_t waiting, written, lost;
	int error; /* of the last write that nobody has heard of */
};

bool ft_capture_format_of(const char *path, enum ft_capture_format *ret_format)
{
	static const struct {
		const char *end;
		enum ft_capture_format format;
	} ends[] = { { ".pcapng", FT_CAPTURE_PCAPNG }, { ".pcap", FT_CAPTURE_PCAP } };
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i].end);

		if (length >= end && strcmp(path + length - end, ends[i].end) == 0) {
			*ret_format = ends[i].format;
			return true;
		}
	}
	return false;
}

/* ---- octets */

static void put(struct ft_capture_file *file, const void *octets, size_t size)
{
	if (file->space - file->used < size) {
		file->space = (file->used + size) * 2;
		file->buffer = xrealloc(file->buffer, file->space);
	}
	if (size)
		memcpy(file->buffer + file->used, octets, size);
	file->used += size;
}

static void put16(struct ft_capture_file *file, uint16_t value)
{
	put(file, &value, sizeof(value));
}

static void put32(struct ft_capture_file *file, uint32_t value)
{
	put(file, &value, sizeof(value));
}

/* Zeroes to the next multiple of four. */
static void pad(struct ft_capture_file *file, size_t size)
{
	put(file, "\0\0\0", -size & 3);
}

/* Begins a block; where its length goes. */
static size_t begin_block(struct ft_capture_file *file, uint32_t kind)
{
	size_t at;

	put32(file, kind);
	at = file->used;
	put32(file, 0);
	return at;
}

static void end_block(struct ft_capture_file *file, size_t at)
{
	uint32_t length = (uint32_t)(file->used + 4 - (at - 4));

	put32(file, length);
	memcpy(file->buffer + at, &length, sizeof(length));
}

static void put_option(struct ft_capture_file *file, uint16_t kind, const void *value,
		       size_t size)
{
	put16(file, kind);
	put16(file, (uint16_t)size);
	put(file, value, size);
	pad(file, size);
}

/* A text, if there is one; cut before a character, not within. */
static void put_text(struct ft_capture_file *file, uint16_t kind, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	if (length > COMMENT_MAX)
		for (length = COMMENT_MAX; length > 0 && (text[length] & 0xc0) == 0x80; length--)
			;
	if (length)
		put_option(file, kind, text, length);
}

/* ---- what describes */

static void put_section(struct ft_capture_file *file)
{
	static const uint64_t unknown = UINT64_MAX; /* the section's length */
	size_t at = begin_block(file, SECTION);

	put32(file, 0x1a2b3c4d);
	put16(file, 1);
	put16(file, 0);
	put(file, &unknown, sizeof(unknown));
	put_text(file, SECTION_HARDWARE, file->hardware);
	put_text(file, SECTION_OS, file->os);
	put_text(file, SECTION_PROGRAM, file->program);
	put_option(file, END, NULL, 0);
	end_block(file, at);
}

static void put_interface(struct ft_capture_file *file, const struct iface *iface)
{
	uint8_t resolution = NANOSECONDS;
	char filter[COMMENT_MAX] = ""; /* its first octet 0: an expression */
	size_t length = file->capture_filter ? strlen(file->capture_filter) : 0, at;

	at = begin_block(file, INTERFACE);
	put16(file, iface->about.link_type);
	put16(file, 0);
	put32(file, FT_PACKETS_SNAPLEN);
	put_text(file, INTERFACE_NAME, iface->about.name);
	put_option(file, INTERFACE_RESOLUTION, &resolution, 1);
	if (length && length < sizeof(filter)) {
		memcpy(filter + 1, file->capture_filter, length);
		put_option(file, INTERFACE_FILTER, filter, length + 1);
	}
	put_option(file, END, NULL, 0);
	end_block(file, at);
}

/* The header of a pcap: it tells of the one link layer, so that it waits for it. */
static void put_pcap_header(struct ft_capture_file *file, uint16_t link_type)
{
	put32(file, 0xa1b23c4d); /* nanoseconds */
	put16(file, 2);
	put16(file, 4);
	put32(file, 0);
	put32(file, 0);
	put32(file, FT_PACKETS_SNAPLEN);
	put32(file, link_type);
}

/* What the buffer has to begin with, since the file doesn't have it. */
static void describe(struct ft_capture_file *file)
{
	if (file->format == FT_CAPTURE_PCAP) {
		if (!file->begun && file->iface_count > 0)
			put_pcap_header(file, file->ifaces[0].about.link_type);
		return;
	}
	if (!file->begun)
		put_section(file);
	for (size_t i = 0; i < file->iface_count; i++)
		if (!file->ifaces[i].described)
			put_interface(file, &file->ifaces[i]);
}

struct ft_capture_file *ft_capture_file_new(int fd, enum ft_capture_format format,
					    const struct ft_capture_about *about)
{
	struct ft_capture_file *file = xcalloc(1, sizeof(*file));

	file->fd = fd;
	file->format = format;
	file->hardware = xstrdup(about->hardware ? about->hardware : "");
	file->os = xstrdup(about->os ? about->os : "");
	file->program = xstrdup(about->program ? about->program : "");
	file->capture_filter = xstrdup(about->capture_filter ? about->capture_filter : "");
	describe(file);
	return file;
}

int ft_capture_file_iface(struct ft_capture_file *file, const struct ft_packet_iface *iface)
{
	for (size_t i = 0; i < file->iface_count; i++) {
		const struct ft_packet_iface *known = &file->ifaces[i].about;

		if (known->link_type != iface->link_type)
			continue;
		if (file->format == FT_CAPTURE_PCAP ||
		    (known->ifindex == iface->ifindex && strcmp(known->name, iface->name) == 0))
			return (int)i;
	}
	if (file->format == FT_CAPTURE_PCAP && file->iface_count > 0)
		return -1;
	file->ifaces = xreallocarray(file->ifaces, file->iface_count + 1, sizeof(*file->ifaces));
	file->ifaces[file->iface_count] = (struct iface){ .about = *iface };
	file->ifaces[file->iface_count].about.seen = 0;
	file->ifaces[file->iface_count].about.no_room = 0;
	file->ifaces[file->iface_count].about.ring = 0;
	if (file->format == FT_CAPTURE_PCAP)
		put_pcap_header(file, iface->link_type);
	else
		put_interface(file, &file->ifaces[file->iface_count]);
	return (int)file->iface_count++;
}

void ft_capture_file_count(struct ft_capture_file *file, int number,
			   const struct ft_packet_iface *iface, uint64_t passed)
{
	struct iface *to = &file->ifaces[number];

	to->about.seen += iface->seen;
	to->about.no_room += iface->no_room;
	to->about.ring += iface->ring;
	to->passed += passed;
}

/* ---- packets */

static void put_packet(struct ft_capture_file *file, int number, const struct ft_packet *packet,
		       const char *comment)
{
	uint32_t flags = packet->flags & FT_PACKET_OUTGOING ? OUTBOUND : INBOUND;
	size_t at = begin_block(file, PACKET);

	put32(file, (uint32_t)number);
	put32(file, (uint32_t)(packet->time_ns >> 32));
	put32(file, (uint32_t)packet->time_ns);
	put32(file, packet->cap_len);
	put32(file, packet->wire_len);
	put(file, packet->octets, packet->cap_len);
	pad(file, packet->cap_len);
	put_text(file, COMMENT, comment);
	if (packet->flags & FT_PACKET_DIRECTED)
		put_option(file, PACKET_FLAGS, &flags, sizeof(flags));
	if (*comment || packet->flags & FT_PACKET_DIRECTED)
		put_option(file, END, NULL, 0);
	end_block(file, at);
}

void ft_capture_file_packet(struct ft_capture_file *file, int number,
			    const struct ft_packet *packet, const char *comment)
{
	struct iface *iface = &file->ifaces[number];
	int ret;

	if (file->format == FT_CAPTURE_PCAPNG) {
		put_packet(file, number, packet, comment);
	} else {
		put32(file, (uint32_t)(packet->time_ns / 1000000000));
		put32(file, (uint32_t)(packet->time_ns % 1000000000));
		put32(file, packet->cap_len);
		put32(file, packet->wire_len);
		put(file, packet->octets, packet->cap_len);
	}
	if (iface->first_ns == 0)
		iface->first_ns = packet->time_ns;
	iface->waiting++;
	file->waiting++;
	if (file->used < BUFFER_MAX)
		return;
	ret = ft_capture_file_flush(file);
	if (ret < 0)
		file->error = ret;
}

/* ---- the file */

/* All of the buffer behind what is good. */
static int write_out(const struct ft_capture_file *file)
{
	size_t done = 0;

	while (done < file->used) {
		ssize_t n = pwrite(file->fd, file->buffer + done, file->used - done,
				   (off_t)(file->good + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done += (size_t)n;
	}
	return 0;
}

/* The buffer is in the file. */
static void keep(struct ft_capture_file *file)
{
	file->good += file->used;
	file->begun = file->begun || file->used > 0;
	for (size_t i = 0; i < file->iface_count; i++) {
		file->ifaces[i].described = true;
		file->ifaces[i].written += file->ifaces[i].waiting;
		file->ifaces[i].waiting = 0;
	}
	file->written += file->waiting;
	file->waiting = 0;
	file->used = 0;
}

/* It isn't, and what it described is to be described again. */
static void forget(struct ft_capture_file *file)
{
	(void)!ftruncate(file->fd, (off_t)file->good);
	file->lost += file->waiting;
	for (size_t i = 0; i < file->iface_count; i++)
		file->ifaces[i].waiting = 0;
	file->waiting = 0;
	file->used = 0;
	describe(file);
}

int ft_capture_file_flush(struct ft_capture_file *file)
{
	int ret = file->error, now = file->used ? write_out(file) : 0;

	file->error = 0;
	if (now < 0)
		forget(file);
	else
		keep(file);
	return now < 0 ? now : ret;
}

uint64_t ft_capture_file_written(const struct ft_capture_file *file)
{
	return file->written;
}

uint64_t ft_capture_file_lost(const struct ft_capture_file *file)
{
	return file->lost;
}

bool ft_capture_file_is_gone(const struct ft_capture_file *file)
{
	struct stat there;

	return fstat(file->fd, &there) == 0 && there.st_nlink == 0;
}

/* A number of 64 bits; times are two halves, the upper one first. */
static void put_number(struct ft_capture_file *file, uint16_t kind, uint64_t value)
{
	put_option(file, kind, &value, sizeof(value));
}

static void put_time(struct ft_capture_file *file, uint16_t kind, uint64_t time_ns)
{
	const uint32_t halves[2] = { (uint32_t)(time_ns >> 32), (uint32_t)time_ns };

	put_option(file, kind, halves, sizeof(halves));
}

static void put_statistics(struct ft_capture_file *file, int number, uint64_t end_ns)
{
	const struct iface *iface = &file->ifaces[number];
	size_t at = begin_block(file, STATISTICS);

	put32(file, (uint32_t)number);
	put32(file, (uint32_t)(end_ns >> 32));
	put32(file, (uint32_t)end_ns);
	if (iface->first_ns)
		put_time(file, STATISTICS_START, iface->first_ns);
	put_time(file, STATISTICS_END, end_ns);
	put_number(file, STATISTICS_RECEIVED, iface->about.seen);
	put_number(file, STATISTICS_DROPPED, iface->about.no_room + iface->about.ring);
	put_number(file, STATISTICS_ACCEPTED, iface->passed);
	put_number(file, STATISTICS_OS_DROPPED, iface->about.ring);
	put_number(file, STATISTICS_DELIVERED, iface->written);
	put_option(file, END, NULL, 0);
	end_block(file, at);
}

int ft_capture_file_close(struct ft_capture_file *file, uint64_t end_ns)
{
	static const struct ft_packet_iface ethernet = { .link_type = 1 };
	int ret, end;

	if (!file)
		return 0;
	ret = ft_capture_file_flush(file);
	/* Without any interface readers take it for no capture file: nothing was heard. */
	if (file->iface_count == 0)
		(void)ft_capture_file_iface(file, &ethernet);
	if (file->format == FT_CAPTURE_PCAPNG)
		for (size_t i = 0; i < file->iface_count; i++)
			put_statistics(file, (int)i, end_ns);
	end = ft_capture_file_flush(file);
	if (close(file->fd) < 0 && end == 0)
		end = -errno;
	if (ret == 0)
		ret = end;
	free(file->hardware);
	free(file->os);
	free(file->program);
	free(file->capture_filter);
	free(file->buffer);
	free(file->ifaces);
	free(file);
	return ret;
}
