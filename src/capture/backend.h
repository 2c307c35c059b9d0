/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where samples come from. Three implementations behind one const table of operations:
 * backend_tc (tcx links or clsact filters), backend_packet (AF_PACKET ring), backend_file
 * (a capture file). The registry below is ordered: it is the ladder that `auto` climbs down,
 * and it keeps for every rung the sentence that says why it was or was not taken.
 *
 * Only the collector thread calls a backend after open.
 */
#ifndef FT_CAPTURE_BACKEND_H
#define FT_CAPTURE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"

struct ft_links;
struct ft_backend;
struct ft_owner_maps;
struct ft_packet_store;

/* Long enough for any reason or remedy sentence. */
#define FT_REASON_MAX 320

struct ft_backend_config {
	const char *capture_filter; /* -f, pcap-filter syntax; NULL = none; borrowed */
	const char *file;           /* -r; NULL = live; borrowed */
	bool promiscuous;           /* -p */
	uint32_t log_entries;       /* entries per CPU and epoch; 0 = by memory (tests set it) */
	uint32_t spill_entries;     /* 0 = default (tests set it); */
	uint32_t sample_every;      /* packets between two looks at a sender, a power of two; 0 =
				     * default, 1 = nobody is looked at (bench sets it) */
	const struct ft_owner_maps *owner_maps; /* shared with the owner programs; NULL = none */
	size_t ring_bytes;          /* AF_PACKET, all interfaces together; 0 = 64 MiB */
	struct ft_packet_store *packets; /* where what counts is kept: AF_PACKET and files only;
				      * borrowed; NULL = nowhere */
	int scope;                  /* AF_PACKET: this one only, + 1; 0 = all */
};

struct ft_backend_ops {
	const char *name; /* "tcx", "tc", "packet", "file": as in --backend and in records */

	/*
	 * Whether this rung can work here, by trying (loads a program, opens a socket, undoes
	 * it). 0 or -errno; `why` gets one sentence either way, with the remedy if it failed.
	 */
	int (*probe)(char *why, size_t why_size);

	/* Opens and attaches to all of links' watched set. On failure nothing is left behind. */
	int (*open)(const struct ft_backend_config *config, const struct ft_links *links,
		    struct ft_backend **ret_backend, char *err, size_t err_size);

	/* A descriptor that becomes readable when dispatch has work; -1 = none. */
	int (*fd)(const struct ft_backend *backend);

	/* How many milliseconds at most may go by until dispatch is called, news of the descriptor
	 * or not; -1 = any number: the descriptor tells all. */
	int (*patience)(const struct ft_backend *backend);

	/*
	 * Does what is due between collects (walks the ring, reads part of a file, looks at the
	 * fill of the log). Returns the fill in per mille: at 500 and more the collector
	 * collects at once. -ENODATA: a file is at its end (collect once more, then stop).
	 */
	int (*dispatch)(struct ft_backend *backend);

	/*
	 * Any thread: dispatch is not to wait any more for what somebody else has to do (write
	 * into a pipe); it says -ENODATA instead. Others don't wait.
	 */
	void (*call_off)(struct ft_backend *backend);

	/*
	 * Of a file: from now on dispatch takes packets before this time only (UINT64_MAX: all).
	 * When the next one is, if it waits for that; else 0: dispatch has more to say.
	 */
	uint64_t (*limit)(struct ft_backend *backend, uint64_t until_ns);

	/*
	 * Ends the period: flips, waits the grace period, and hands out all that was counted.
	 * The batch borrows from the backend until the next collect, stop or close.
	 */
	int (*collect)(struct ft_backend *backend, struct ft_batch *ret_batch);

	/* The watched set changed: attach to new interfaces, let go of those that went. */
	int (*watch)(struct ft_backend *backend, const struct ft_links *links, char *err,
		     size_t err_size);

	/* Counting off (before Ctrl-Z stops us) and on again; if that fails, watch tries again. */
	int (*pause)(struct ft_backend *backend, bool paused);

	/* Detaches, waits, drains what is left: after it nothing counts any more. */
	int (*stop)(struct ft_backend *backend, struct ft_batch *ret_batch);

	/*
	 * A sentence for the screen about what the user should know of this interface ("a
	 * foreign program runs ahead"), "" if nothing; per interface.
	 */
	int (*remark)(const struct ft_backend *backend, uint32_t ifindex, char *text, size_t size);

	/* Per mille of a file that is read; -1 for live backends. */
	int (*progress)(const struct ft_backend *backend);

	void (*close)(struct ft_backend *backend); /* takes NULL; stops first if need be */
};

/* patience of backends whose descriptor tells all; call_off of those whose dispatch never waits;
 * limit of those that count as it comes. */
int ft_backend_is_told(const struct ft_backend *backend);
void ft_backend_never_waits(struct ft_backend *backend);
uint64_t ft_backend_has_no_limit(struct ft_backend *backend, uint64_t until_ns);

/* Every backend embeds this first. */
struct ft_backend {
	const struct ft_backend_ops *ops;
};

extern const struct ft_backend_ops ft_backend_tcx;    /* backend_tc.c, or backend_tc_none.c */
extern const struct ft_backend_ops ft_backend_clsact; /* the same file; name "tc" */
extern const struct ft_backend_ops ft_backend_packet;
extern const struct ft_backend_ops ft_backend_file;

/*
 * Opens the backend named (`auto`, `tcx`, `tc`, `packet`; config->file selects `file`).
 * `auto` climbs down the ladder. ret_reason gets the sentence for the screen: which rung and
 * why not a better one. -EPERM/-EACCES: every rung lacked permission, err names the capability
 * and how to give it.
 */
int ft_backend_choose(const char *name, const struct ft_backend_config *config,
		      const struct ft_links *links, struct ft_backend **ret_backend,
		      char *ret_reason, size_t reason_size, char *err, size_t err_size);

/* --doctor: calls `each` for every rung in order with its probe's answer. */
void ft_backend_probe_all(void (*each)(void *arg, const char *name, int result, const char *why),
			  void *arg);

#endif
