/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture file as a backend: pcap and pcapng through libpcap, into the same log as live
 * packets. Times are those of the packets, in the batches' ends too, so that rates and ages are
 * the capture's own. One scope, number 0, and one interface, number 0, since few files name any.
 *
 * What a file says is believed no more than a packet from the wire. Where reading stops early
 * (the file is cut off, or goes on with something foreign) the sentence is kept for remark()
 * and what was read stays. A pipe may be silent for long: see file_stream.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/file_stream.h"
#include "capture/packet_log.h"
#include "core/fmt.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define CHUNK_PACKETS 20000        /* between two looks at what else is to do */
#define CHUNK_OCTETS (4u << 20)
#define FULL 500                   /* per mille of the log; see backend.h */
#define MAX_SECONDS 17179869183ull /* the year 2514; times beyond are nonsense */

struct backend_file {
	struct ft_backend base;
	pcap_t *pcap; /* owned */
	struct ft_file_stream *stream; /* the pcap's; NULL = a file, which never lets wait */
	enum ft_packet_link link;
	struct ft_packet_log *log;
	uint64_t size; /* of the file; 0 = not known (a pipe) */
	uint64_t packets;
	uint64_t newest; /* time of the latest packet so far */
	uint64_t flips;
	uint64_t until; /* packets from here on wait */
	const struct pcap_pkthdr *header; /* of the one that waits; libpcap's until the next read */
	const u_char *data;               /* NULL = none waits */
	bool at_end;
	char remark[FT_REASON_MAX];
};

/* Link types that the parser knows. */
static const struct {
	int dlt;
	enum ft_packet_link link;
} link_types[] = {
	{ DLT_EN10MB, FT_PACKET_ETHERNET },
	{ DLT_RAW, FT_PACKET_RAW },
	{ 12, FT_PACKET_RAW },  /* DLT_RAW as some systems number it, */
	{ 14, FT_PACKET_RAW },  /* as others do, */
	{ 101, FT_PACKET_RAW }, /* and as it stands in files */
	{ DLT_IPV4, FT_PACKET_RAW },
	{ DLT_IPV6, FT_PACKET_RAW },
	{ DLT_LINUX_SLL, FT_PACKET_SLL },
	{ DLT_LINUX_SLL2, FT_PACKET_SLL2 },
	{ DLT_NULL, FT_PACKET_NULL },
	{ DLT_LOOP, FT_PACKET_NULL },
};

static struct backend_file *self_of(struct ft_backend *backend)
{
	return (struct backend_file *)backend;
}

/* Makes a text that may hold anything fit for a sentence. */
static const char *safe(const char *text, char *buf, size_t size)
{
	return ft_fmt_escape(text, strlen(text), false, buf, size);
}

/* Finds the parser for the file's link type. */
static int choose_link(struct backend_file *self, const char *name, char *err, size_t err_size)
{
	int dlt = pcap_datalink(self->pcap);
	const char *dlt_name = pcap_datalink_val_to_name(dlt);
	char shown[128];
	size_t i;

	for (i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++)
		if (link_types[i].dlt == dlt) {
			self->link = link_types[i].link;
			return 0;
		}
	snprintf(err, err_size,
		 _("%s holds packets of link type %s (%d); Ethernet, raw IP, Linux cooked and "
		   "loopback can be read"),
		 safe(name, shown, sizeof(shown)), dlt_name ? dlt_name : "?", dlt);
	return -EBADMSG;
}

/* -f: libpcap applies it while it reads. */
static int set_filter(struct backend_file *self, const char *expression, char *err,
		      size_t err_size)
{
	struct bpf_program program;
	char shown[200];
	int result = 0;

	if (pcap_compile(self->pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(err, err_size, _("-f: %s"),
			 safe(pcap_geterr(self->pcap), shown, sizeof(shown)));
		return -EINVAL;
	}
	if (pcap_setfilter(self->pcap, &program) < 0) {
		snprintf(err, err_size, _("-f: %s"),
			 safe(pcap_geterr(self->pcap), shown, sizeof(shown)));
		result = -EINVAL;
	}
	pcap_freecode(&program);
	return result;
}

/* Opens by name, or what standard input is; what may let us wait becomes a stream. */
static FILE *open_stream(struct backend_file *self, const char *name)
{
	/* not to wait in open for a pipe's other end */
	int fd = strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
					  open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	FILE *file = NULL;
	int error;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0) {
		if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) ||
		    S_ISCHR(status.st_mode)) {
			self->stream = ft_file_stream_new(fd, &file);
			return file;
		}
		self->size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
		file = fdopen(fd, "rb");
	}
	if (file)
		return file;
	error = errno;
	close(fd);
	errno = error;
	return NULL;
}

/* Opens the file itself; -EINTR: told to end while it waited for a pipe. */
static int open_file(struct backend_file *self, const char *name, char *err, size_t err_size)
{
	char text[PCAP_ERRBUF_SIZE] = "", shown[128], why[128];
	FILE *stream = open_stream(self, name);
	int result;

	if (strcmp(name, "-") == 0)
		name = "stdin";
	if (!stream) {
		result = -errno;
		snprintf(err, err_size, _("cannot read %s: %s"), safe(name, shown, sizeof(shown)),
			 strerror(-result));
		return result;
	}
	self->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO,
							      text);
	if (!self->pcap) {
		result = self->stream && ft_file_stream_called_off(self->stream) ? -EINTR :
										   -EBADMSG;
		snprintf(err, err_size, _("%s is not a capture file: %s"),
			 safe(name, shown, sizeof(shown)), safe(text, why, sizeof(why)));
		fclose(stream);
		self->stream = NULL;
		return result; /* not -EINVAL: the command line is right, the file isn't */
	}
	if (self->stream)
		ft_file_stream_opened(self->stream);
	return 0;
}

static void file_close(struct ft_backend *backend)
{
	struct backend_file *self = self_of(backend);

	if (!self)
		return;
	if (self->pcap)
		pcap_close(self->pcap); /* the stream too */
	ft_packet_log_free(self->log);
	free(self);
}

static int file_open(const struct ft_backend_config *config, const struct ft_links *links,
		     struct ft_backend **ret_backend, char *err, size_t err_size)
{
	struct backend_file *self = xcalloc(1, sizeof(*self));
	int result;

	(void)links;
	self->base.ops = &ft_backend_file;
	self->until = UINT64_MAX;
	self->log = ft_packet_log_new(config->log_entries);
	ft_packet_log_keep(self->log, config->packets);
	result = open_file(self, config->file, err, err_size);
	if (result == 0)
		result = choose_link(self, config->file, err, err_size);
	if (result == 0 && config->capture_filter)
		result = set_filter(self, config->capture_filter, err, err_size);
	if (result < 0) {
		file_close(&self->base);
		return result;
	}
	*ret_backend = &self->base;
	return 0;
}

/* The packet's time; never 0, which means none. */
static uint64_t packet_time(const struct pcap_pkthdr *header)
{
	uint64_t sec = (uint64_t)header->ts.tv_sec;
	uint64_t nsec = (uint64_t)header->ts.tv_usec; /* by the precision asked for */

	if (header->ts.tv_sec < 0 || sec > MAX_SECONDS)
		sec = 0;
	if (nsec >= 1000000000u)
		nsec = 0;
	return sec || nsec ? sec * 1000000000u + nsec : 1;
}

/* Cooked captures tell the direction; others count as received. */
static bool is_outgoing(enum ft_packet_link link, const uint8_t *data, uint32_t cap_len)
{
	if (link == FT_PACKET_SLL)
		return cap_len >= 2 && data[0] == 0 && data[1] == 4;
	return link == FT_PACKET_SLL2 && cap_len >= 11 && data[10] == 4;
}

/* One packet into the log. */
static void add_packet(struct backend_file *self, const struct pcap_pkthdr *header,
		       const uint8_t *data)
{
	struct ft_packet_meta meta = {
		.link = self->link,
		.wire_len = header->len,
		.cap_len = header->caplen < header->len ? header->caplen : header->len,
		.tick = packet_time(header),
	};

	meta.outgoing = is_outgoing(meta.link, data, meta.cap_len);
	if (meta.tick > self->newest)
		self->newest = meta.tick;
	self->packets++;
	ft_packet_log_add(self->log, data, &meta, true);
}

/* Reading can't go on: says why. */
static void note_error(struct backend_file *self)
{
	const char *text = pcap_geterr(self->pcap);
	char shown[160];

	safe(text, shown, sizeof(shown));
	if (strstr(text, "truncated"))
		snprintf(self->remark, sizeof(self->remark),
			 _("the file is cut off after %llu packets: %s"),
			 (unsigned long long)self->packets, shown);
	else
		snprintf(self->remark, sizeof(self->remark),
			 _("the file could be read up to packet %llu only: %s"),
			 (unsigned long long)self->packets, shown);
}

/* The next packet becomes the one that waits; false at the end. */
static bool read_packet(struct backend_file *self)
{
	struct pcap_pkthdr *header;
	int result = pcap_next_ex(self->pcap, &header, &self->data);

	if (result == 1) {
		self->header = header;
		return true;
	}
	self->data = NULL;
	if (result == PCAP_ERROR &&
	    !(self->stream && ft_file_stream_called_off(self->stream)))
		note_error(self);
	self->at_end = true;
	return false;
}

static int file_dispatch(struct ft_backend *backend)
{
	struct backend_file *self = self_of(backend);
	unsigned int packets;
	size_t octets = 0;

	if (self->at_end)
		return -ENODATA;
	for (packets = 0; packets < CHUNK_PACKETS && octets < CHUNK_OCTETS; packets++) {
		if (ft_packet_log_fill(self->log) >= FULL)
			break;
		if (!self->data && self->stream && ft_file_stream_is_dry(self->stream))
			break;
		if (!self->data && !read_packet(self))
			return -ENODATA;
		if (packet_time(self->header) >= self->until)
			break;
		octets += self->header->caplen;
		add_packet(self, self->header, self->data);
		self->data = NULL;
	}
	return (int)ft_packet_log_fill(self->log);
}

static uint64_t file_limit(struct ft_backend *backend, uint64_t until_ns)
{
	struct backend_file *self = self_of(backend);

	self->until = until_ns;
	return self->data && packet_time(self->header) >= until_ns ? packet_time(self->header) : 0;
}

static void file_call_off(struct ft_backend *backend)
{
	if (self_of(backend)->stream)
		ft_file_stream_call_off(self_of(backend)->stream);
}

static int file_collect(struct ft_backend *backend, struct ft_batch *ret_batch)
{
	struct backend_file *self = self_of(backend);

	ft_packet_log_collect(self->log, ret_batch);
	ret_batch->end_ns = self->newest;
	ret_batch->mono_ns = self->newest;
	ret_batch->health.flips = ++self->flips;
	return 0;
}

/* A pipe to wait for; a file, and what was read ahead, is there. */
static int file_fd(const struct ft_backend *backend)
{
	const struct backend_file *self = (const struct backend_file *)backend;

	return self->stream && !self->data ? ft_file_stream_fd(self->stream) : -1;
}

static int file_watch(struct ft_backend *backend, const struct ft_links *links, char *err,
		      size_t err_size)
{
	(void)backend;
	(void)links;
	(void)err;
	(void)err_size;
	return 0; /* interfaces don't matter to a file */
}

static int file_pause(struct ft_backend *backend, bool paused)
{
	(void)backend;
	(void)paused;
	return 0; /* nothing is missed */
}

static int file_remark(const struct ft_backend *backend, uint32_t ifindex, char *text,
		       size_t size)
{
	(void)ifindex;
	snprintf(text, size, "%s", ((const struct backend_file *)backend)->remark);
	return 0;
}

static int file_progress(const struct ft_backend *backend)
{
	const struct backend_file *self = (const struct backend_file *)backend;
	off_t at;

	if (self->at_end)
		return 1000;
	at = self->size ? ftello(pcap_file(self->pcap)) : 0;
	if (at <= 0)
		return 0;
	return (uint64_t)at >= self->size ? 999 : (int)((uint64_t)at * 1000 / self->size);
}

static int file_probe(char *why, size_t why_size)
{
	snprintf(why, why_size, "%s", pcap_lib_version());
	return 0;
}

const struct ft_backend_ops ft_backend_file = {
	.name = "file",
	.probe = file_probe,
	.open = file_open,
	.fd = file_fd,
	.patience = ft_backend_is_told,
	.dispatch = file_dispatch,
	.call_off = file_call_off,
	.limit = file_limit,
	.collect = file_collect,
	.watch = file_watch,
	.pause = file_pause,
	.stop = file_collect, /* counts nothing further once nobody calls dispatch */
	.remark = file_remark,
	.progress = file_progress,
	.close = file_close,
};
