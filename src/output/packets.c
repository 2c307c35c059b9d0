/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets out: -w FILE.pcapng or .pcap, and the files of single flows (key x). Lists of packets
 * come through a queue of their own (capture/packet_store.h), each before the snapshot that shows
 * its flows; with that snapshot they are written: those whose flow passes the display filter, and
 * with whom the flow belongs to at that moment as their comment.
 *
 *   list ─► who: key -> rows of the snapshot ─► filter, comment ─► capture_file
 *
 * A tuple may have had several connections: the one that had begun by the packet's time counts.
 * What belongs to no flow (ARP, malformed ones), or to one that the table had to let go, can't be
 * judged by a display filter: with one it isn't written. All of it is the writer's thread's.
 */
#include "output/outputs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/mailbox.h"
#include "core/filter.h"
#include "core/hash.h"
#include "core/nls.h"
#include "core/packets.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "output/capture_file.h"
#include "output/new_file.h"

#define COMMENT_MAX 1024

/* A file that is open. */
struct packet_file {
	uint64_t number;
	uint64_t flow; /* only this one; 0 = all */
	struct ft_capture_file *file; /* owned; NULL = this place is free */
};
#define FILES_MAX (2 * FT_TAPS_MAX + 1) /* one that has ended may wait for its turn */

struct packets_output {
	struct ft_output base;
	struct ft_queue *queue;         /* borrowed */
	const struct ft_filter *filter; /* borrowed */
	struct utsname system;
	char *capture_filter;           /* owned */
	struct packet_file files[FILES_MAX]; /* [0]: that of -w */
	struct ft_seed seed;
	struct ft_packets *next;        /* owned: it waits for its snapshot; NULL = none */
	/* packets, since start; unjudged: of flows that the table had let go, with a filter */
	uint64_t no_room, lost, other_link, unjudged;
	bool gone;                      /* somebody removed a file that is written */
	uint64_t end_ns;                /* of the last snapshot */
};

/* A row of a key, and what was found out of it. */
struct candidate {
	const struct ft_flow_hot *row;
	size_t place;      /* of its key */
	int8_t passes;     /* -1 = not asked yet */
	char *comment[2];  /* owned; by direction; NULL = not made yet */
};

/* The flows of one list. */
struct who {
	const struct ft_snapshot *snapshot;
	struct ft_filter_run *filter; /* NULL = all pass */
	struct ft_seed seed;
	struct place {
		const struct ft_flow_key *key; /* NULL = free */
		size_t first, count; /* candidates */
	} *places; /* owned; a power of two */
	size_t mask;
	struct candidate *candidates; /* owned; those of a key together, the oldest first */
	size_t count, space;
	char text[COMMENT_MAX + 64]; /* of the packet in work, if it has a comment of its own */
};

/* ---- which flow */

static struct place *place_of(const struct who *who, const struct ft_flow_key *key)
{
	size_t at = (size_t)ft_hash(&who->seed, key, sizeof(*key)) & who->mask;

	while (who->places[at].key &&
	       memcmp(who->places[at].key, key, sizeof(*key)) != 0)
		at = (at + 1) & who->mask;
	return &who->places[at];
}

/* The keys of a list. */
static void enter_keys(struct who *who, const struct ft_packets *packets)
{
	const struct ft_flow_key *last = NULL;
	size_t size = 64;

	while (size < 2 * packets->count + 2)
		size *= 2;
	who->mask = size - 1;
	who->places = xcalloc(size, sizeof(*who->places));
	for (size_t i = 0; i < packets->count; i++) {
		const struct ft_packet *packet = packets->packet[i];
		struct place *place;

		if (!(packet->flags & FT_PACKET_HAS_FLOW) ||
		    (last && memcmp(last, &packet->key, sizeof(*last)) == 0))
			continue;
		last = &packet->key;
		place = place_of(who, last);
		if (!place->key)
			place->key = last;
	}
}

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	const struct ft_flow *left = x->row->flow, *right = y->row->flow;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	if (left->first_ns != right->first_ns)
		return left->first_ns < right->first_ns ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

/* The snapshot's rows of these keys. Who opens and resets a tuple again and again makes many of
 * one key. */
static void enter_rows(struct who *who)
{
	for (size_t i = 0; i < who->snapshot->row_count; i++) {
		const struct ft_flow_hot *row = &who->snapshot->rows[i];
		struct place *place = place_of(who, &row->flow->key);

		if (!place->key)
			continue;
		if (who->count == who->space) {
			who->space = who->space ? who->space * 2 : 64;
			who->candidates = xreallocarray(who->candidates, who->space,
							sizeof(*who->candidates));
		}
		who->candidates[who->count++] = (struct candidate){
			.row = row, .place = (size_t)(place - who->places), .passes = -1,
		};
		place->count++;
	}
	if (who->count > 1)
		qsort(who->candidates, who->count, sizeof(*who->candidates), compare_candidates);
	for (size_t i = who->count; i > 0; i--)
		who->places[who->candidates[i - 1].place].first = i - 1;
}

static void who_init(struct who *who, const struct packets_output *self,
		     const struct ft_packets *packets, const struct ft_snapshot *snapshot)
{
	*who = (struct who){ .snapshot = snapshot, .seed = self->seed };
	if (packets->file.flow == 0 && self->filter && !ft_filter_is_all(self->filter))
		who->filter = ft_filter_run_new(self->filter, snapshot);
	enter_keys(who, packets);
	enter_rows(who);
}

static void who_done(struct who *who)
{
	for (size_t i = 0; i < who->count; i++) {
		free(who->candidates[i].comment[0]);
		free(who->candidates[i].comment[1]);
	}
	if (who->filter)
		ft_filter_run_free(who->filter);
	free(who->candidates);
	free(who->places);
}

/* The flow that a packet belongs to, NULL if it isn't in the snapshot: the youngest that had begun
 * by then, else the oldest. */
static struct candidate *find(const struct who *who, const struct ft_packet *packet)
{
	const struct place *place;
	size_t low, high;

	if (!(packet->flags & FT_PACKET_HAS_FLOW))
		return NULL;
	place = place_of(who, &packet->key);
	if (!place->count)
		return NULL;
	/* Those before `low` had begun; the first counts as if it had. */
	low = place->first + 1;
	high = place->first + place->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (who->candidates[middle].row->flow->first_ns <= packet->time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return &who->candidates[low - 1];
}

/* ---- whose */

/* Appends to a comment. */
__attribute__((format(printf, 3, 4)))
static void say(char *text, size_t *used, const char *format, ...)
{
	va_list args;
	int length;

	if (*used >= COMMENT_MAX)
		return;
	va_start(args, format);
	length = vsnprintf(text + *used, COMMENT_MAX - *used, format, args);
	va_end(args);
	if (length > 0)
		*used += (size_t)length;
}

/* "process curl (pid 812), user alice, container web": names as they are on a screen, since a
 * comment ends on one. Words are not translated: they are for programs too. */
static void say_process(const struct ft_process *process, char *text, size_t *used)
{
	char safe[256];

	ft_fmt_escape(process->name, strlen(process->name), false, safe, sizeof(safe));
	say(text, used, "process %s (pid %d)", safe, process->pid);
	ft_fmt_escape(process->user, strlen(process->user), false, safe, sizeof(safe));
	if (*safe)
		say(text, used, ", user %s", safe);
	ft_fmt_escape(process->container, strlen(process->container), false, safe, sizeof(safe));
	if (*safe)
		say(text, used, ", container %s", safe);
}

/* Who sent, who receives: as far as they are of this machine and known. */
static char *make_comment(const struct who *who, const struct ft_flow_hot *row, int dir)
{
	static const char *const words[2] = { "from ", "to " };
	char text[COMMENT_MAX] = "";
	size_t used = 0;

	for (int i = 0; i < 2; i++) {
		uint16_t owner = ft_flow_owner(row, i == 0 ? dir : !dir);
		const struct ft_process *process = ft_snapshot_process(who->snapshot, owner);

		if (!process && owner != FT_OWNER_KERNEL)
			continue;
		say(text, &used, "%s%s", used ? "; " : "", words[i]);
		if (process)
			say_process(process, text, &used);
		else
			say(text, &used, "the kernel");
	}
	return xstrdup(text);
}

/* The comment of a packet; lasts until the list is done, or the next call. */
static const char *comment_of(struct who *who, struct candidate *flow,
			      const struct ft_packet *packet)
{
	const char *whose = "";

	if (flow && !flow->comment[packet->dir])
		flow->comment[packet->dir] = make_comment(who, flow->row, packet->dir);
	if (flow)
		whose = flow->comment[packet->dir];
	if (packet->segments <= 1)
		return whose;
	snprintf(who->text, sizeof(who->text), "%s%s%u packets on the wire", whose,
		 *whose ? "; " : "", packet->segments);
	return who->text;
}

/* ---- lists */

static struct packet_file *file_of(struct packets_output *self, uint64_t number)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (self->files[i].file && self->files[i].number == number)
			return &self->files[i];
	return NULL;
}

/* Begins a file on a descriptor, which is taken over. */
static struct packet_file *begin(struct packets_output *self, const struct ft_packet_file *about,
				 int fd, enum ft_capture_format format)
{
	struct ft_capture_about what = { .hardware = self->system.machine,
					 .program = "flowtop " PACKAGE_VERSION,
					 .capture_filter = self->capture_filter };
	char os[2 * sizeof(self->system.sysname)];
	struct packet_file *file = NULL;

	for (size_t i = about->number ? 1 : 0; i < FILES_MAX && !file; i++)
		if (!self->files[i].file)
			file = &self->files[i];
	if (!file) {
		close(fd);
		return NULL;
	}
	snprintf(os, sizeof(os), "%.64s %.64s", self->system.sysname, self->system.release);
	what.os = os;
	*file = (struct packet_file){
		.number = about->number,
		.flow = about->flow,
		.file = ft_capture_file_new(fd, format, &what),
	};
	(void)ft_capture_file_flush(file->file); /* what fails now is tried again with packets */
	return file;
}

/* True if a packet is to be in the file. */
static bool passes(struct packets_output *self, const struct who *who,
		   const struct packet_file *file, const struct ft_packet *packet,
		   struct candidate *flow)
{
	/* Its key is the flow's; a flow that left is none other either. */
	if (file->flow)
		return !flow || flow->row->flow->id == file->flow;
	if (!who->filter)
		return true;
	if (!flow) {
		self->unjudged += packet->flags & FT_PACKET_HAS_FLOW ? 1 : 0;
		return false;
	}
	if (flow->passes < 0)
		flow->passes = ft_filter_run_match(who->filter, flow->row);
	return flow->passes;
}

/* All packets of a list into its file. */
static void write_packets(struct packets_output *self, struct packet_file *file,
			  const struct ft_packets *packets, const struct ft_snapshot *snapshot)
{
	int *numbers = xreallocarray(NULL, packets->iface_count + 1, sizeof(*numbers));
	uint64_t *passed = xcalloc(packets->iface_count + 1, sizeof(*passed));
	struct who who;

	for (size_t i = 0; i < packets->iface_count; i++)
		numbers[i] = ft_capture_file_iface(file->file, &packets->ifaces[i]);
	who_init(&who, self, packets, snapshot);
	for (size_t i = 0; i < packets->count; i++) {
		const struct ft_packet *packet = packets->packet[i];
		struct candidate *flow = find(&who, packet);

		if (!passes(self, &who, file, packet, flow))
			continue;
		passed[packet->iface]++;
		if (numbers[packet->iface] < 0)
			self->other_link++;
		else
			ft_capture_file_packet(file->file, numbers[packet->iface], packet,
					       comment_of(&who, flow, packet));
	}
	who_done(&who);
	for (size_t i = 0; i < packets->iface_count; i++) {
		self->no_room += packets->ifaces[i].no_room;
		if (numbers[i] >= 0)
			ft_capture_file_count(file->file, numbers[i], &packets->ifaces[i],
					      passed[i]);
	}
	free(passed);
	free(numbers);
}

/* Ends a file. */
static int end_file(struct packets_output *self, struct packet_file *file)
{
	int ret = ft_capture_file_close(file->file, self->end_ns);

	*file = (struct packet_file){ .number = 0 };
	return ret;
}

/* One list. */
static int write_list(struct packets_output *self, struct ft_packets *packets,
		      const struct ft_snapshot *snapshot)
{
	struct packet_file *file = file_of(self, packets->file.number);
	uint64_t lost;
	int ret;

	if (packets->file.path) {
		file = begin(self, &packets->file, packets->file.fd, FT_CAPTURE_PCAPNG);
		packets->file.fd = -1;
	}
	if (!file)
		return 0;
	lost = ft_capture_file_lost(file->file);
	write_packets(self, file, packets, snapshot);
	ret = ft_capture_file_flush(file->file);
	self->lost += ft_capture_file_lost(file->file) - lost;
	self->gone = self->gone || ft_capture_file_is_gone(file->file);
	if (packets->file.ends && packets->file.number) {
		int end = end_file(self, file);

		ret = ret < 0 ? ret : end;
	}
	return ret;
}

/* The next list that has its snapshot; the caller frees. */
static struct ft_packets *take(struct packets_output *self, uint64_t generation)
{
	struct ft_packets *packets = self->next;

	if (!packets)
		packets = ft_queue_take(self->queue);
	self->next = NULL;
	if (packets && packets->generation > generation) {
		self->next = packets;
		return NULL;
	}
	return packets;
}

/* What the user is to know, the worst first. */
static void remark(struct packets_output *self, int error)
{
	char *text = self->base.remark;
	const size_t size = sizeof(self->base.remark);

	text[0] = '\0';
	if (self->gone && error == 0)
		snprintf(text, size, "%s", _("the file was removed while it was written"));
	else if (error < 0)
		snprintf(text, size, _("%s; packets not written: %llu"), strerror(-error),
			 (unsigned long long)self->lost);
	else if (self->lost)
		snprintf(text, size, _("packets not written: %llu"),
			 (unsigned long long)self->lost);
	else if (self->no_room)
		snprintf(text, size, _("packets that found no room before they were written: %llu"),
			 (unsigned long long)self->no_room);
	else if (self->other_link)
		snprintf(text, size,
			 _("packets of another link layer, which .pcap can't hold: %llu; .pcapng can"),
			 (unsigned long long)self->other_link);
	else if (self->unjudged)
		snprintf(text, size, _("packets that the filter could not be asked about: %llu"),
			 (unsigned long long)self->unjudged);
}

static int packets_write(struct ft_output *output, const struct ft_snapshot *snapshot)
{
	struct packets_output *self = (struct packets_output *)output;
	uint64_t no_room = self->no_room;
	struct ft_packets *packets;
	int error = 0, ret;

	self->end_ns = snapshot->end_ns;
	while ((packets = take(self, snapshot->generation)) != NULL) {
		ret = write_list(self, packets, snapshot);
		ft_packets_free(packets);
		error = error < 0 ? error : ret;
	}
	remark(self, error);
	/* The last one's remark is seen by nobody, a failure is. */
	return error == 0 && self->no_room > no_room ? -ENOBUFS : error;
}

/* Ends all files. */
static int packets_close(struct ft_output *output)
{
	struct packets_output *self = (struct packets_output *)output;
	int error = 0, ret;

	for (size_t i = 0; i < FILES_MAX; i++) {
		ret = end_file(self, &self->files[i]);
		error = error < 0 ? error : ret;
	}
	if (self->next && self->next->file.fd >= 0)
		close(self->next->file.fd);
	ft_packets_free(self->next);
	free(self->capture_filter);
	free(self);
	return error;
}

static int packets_open(const struct ft_output_config *config, struct ft_output **ret_output,
			char *err, size_t err_size)
{
	const struct ft_packet_file all = { .number = 0 };
	enum ft_capture_format format = FT_CAPTURE_PCAPNG;
	struct packets_output *self;
	int fd = -1;

	if (config->target) {
		(void)ft_capture_format_of(config->target, &format);
		fd = ft_new_file_named("-w", config->target, err, err_size);
		if (fd < 0)
			return fd;
	}
	self = xcalloc(1, sizeof(*self));
	self->base.ops = &ft_output_packets;
	self->seed = ft_seed_random();
	self->queue = config->packets;
	self->filter = config->query.filter;
	self->capture_filter = config->capture_filter ? xstrdup(config->capture_filter) : NULL;
	if (uname(&self->system) < 0)
		self->system = (struct utsname){ .sysname = "Linux" };
	if (fd >= 0)
		begin(self, &all, fd, format);
	*ret_output = &self->base;
	return 0;
}

const struct ft_output_ops ft_output_packets = {
	.name = "packets",
	.extension = ".pcapng",
	.open = packets_open,
	.write = packets_write,
	.close = packets_close,
};
