/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the owner programs tell, and who owns a socket by it.
 *
 *   cookie ──► owner_sockets ──► (tgid, start) ──► process ──► record in core/owner
 *                                                    ▲
 *             news of the ring: process, exec, exit ─┘
 *
 * A process that was told of is kept as the kernel told it, with what /proc has to add at that
 * moment, so that one that lived for a millisecond is named as well as any other. Its record
 * for the table is made when a flow needs it. Processes that hold sockets older than flowtop
 * are told of in the same way. News that find no room in the ring are counted by the kernel: then
 * what is known of a process may be out of date, and /proc is asked about it while it lives.
 *
 * Bounded: sockets by owner_sockets.h, and the kernel is asked again for those that had to be
 * forgotten; processes by PROCESSES_MAX, those that ended go first.
 */
#include "capture/owner_bpf.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/cgroup_paths.h"
#include "capture/clock.h"
#include "capture/owner_bpf_priv.h"
#include "capture/owner_sockets.h"
#include "capture/privileged.h"
#include "core/log.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define PROCESSES_MAX 16384
#define BUCKETS 4096U /* a power of two */
#define BYTES_SHARE 100 /* its cost times so much passes until the next reading of bytes */
#define SEED_AGAIN_NS (5 * UINT64_C(1000000000)) /* at least; and at most a hundredth of a CPU */

struct process {
	struct process *next;
	uint64_t start_ns;  /* since boot, as the kernel tells it */
	uint64_t exited_ns; /* CLOCK_REALTIME; 0 = it lives */
	uint32_t tgid;
	uint16_t owner;     /* its record, FT_OWNER_UNKNOWN = none yet, or out of date */
	bool told;          /* the kernel told; else /proc has to */
	bool outdated;      /* ... but news were lost since: /proc knows better, if it knows it at all */
	struct ft_owner_process news;
	char *exe, *cmdline, *cgroup; /* owned, of what was told */
};

struct ft_owner_bpf {
	struct ft_owners *owners; /* borrowed */
	struct ft_users *users;   /* borrowed */
	uint64_t boot_ns;
	struct ft_owner_programs programs;
	struct ring_buffer *ring;
	struct ft_owner_sockets *sockets;
	struct ft_cgroup_paths *paths;
	struct process *buckets[BUCKETS];
	size_t process_count;
	bool seeded;
	bool dozes;           /* until the ring's descriptor is readable */
	uint64_t introduced;  /* processes that were told of */
	uint32_t lost;        /* news of processes, as far as that was looked at */
	bool missing;         /* a socket was asked for that may have been forgotten */
	uint64_t seeded_ns, seed_cost_ns;
	uint64_t bytes_ns; /* not read before this (monotonic) */
	char text[160];
	struct ft_proc_info info; /* scratch */
};

/* ---- processes */

static struct process **chain_of(struct ft_owner_bpf *source, uint32_t tgid)
{
	return &source->buckets[tgid & (BUCKETS - 1)];
}

static struct process *find_process(struct ft_owner_bpf *source, uint32_t tgid, uint64_t start_ns)
{
	struct process *process = *chain_of(source, tgid);

	while (process && (process->tgid != tgid || process->start_ns != start_ns))
		process = process->next;
	return process;
}

static void free_process(struct process *process)
{
	free(process->exe);
	free(process->cmdline);
	free(process->cgroup);
	free(process);
}

/* Forgets processes that ended, or all of them. */
static void forget_processes(struct ft_owner_bpf *source, bool all)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct process **at = &source->buckets[i];

		while (*at) {
			struct process *process = *at;

			if (!all && !process->exited_ns) {
				at = &process->next;
				continue;
			}
			*at = process->next;
			free_process(process);
			source->process_count--;
		}
	}
}

/* The process, made known if it wasn't; NULL: there are too many. */
static struct process *know_process(struct ft_owner_bpf *source, uint32_t tgid, uint64_t start_ns)
{
	struct process *process = find_process(source, tgid, start_ns);
	struct process **chain = chain_of(source, tgid);

	if (process)
		return process;
	if (source->process_count >= PROCESSES_MAX)
		forget_processes(source, false);
	if (source->process_count >= PROCESSES_MAX)
		return NULL;
	process = xcalloc(1, sizeof(*process));
	process->tgid = tgid;
	process->start_ns = start_ns;
	process->next = *chain;
	*chain = process;
	source->process_count++;
	return process;
}

/* The whole path of the program, if /proc still has it; else its last part. */
static char *read_exe(const struct ft_owner_process *news)
{
	char path[1024];
	const char *slash;

	if (ft_privileged_exe((int32_t)news->head.tgid, path, sizeof(path)) == 0) {
		slash = strrchr(path, '/');
		if (slash && strncmp(slash + 1, news->exe, strlen(news->exe)) == 0)
			return xstrdup(path);
	}
	return xstrdup(news->exe);
}

/* The command line as told, or as /proc has it if that is longer, or who told could not see it. */
static char *read_cmdline(const struct ft_owner_process *news)
{
	size_t length = news->args_length < FT_OWNER_ARGS ? news->args_length : FT_OWNER_ARGS;
	char text[FT_CMDLINE_MAX + 1];

	if (length > 0 && length < FT_OWNER_ARGS) {
		memcpy(text, news->args, length);
		text[length] = '\0';
		ft_proc_join_args(text, length);
		return xstrdup(text);
	}
	ft_proc_read_cmdline((int32_t)news->head.tgid, text, sizeof(text));
	if (!text[0]) {
		memcpy(text, news->args, length);
		text[length] = '\0';
		ft_proc_join_args(text, length);
	}
	return xstrdup(text);
}

/* The path of its cgroup. Where only v1 trees are in use it is at the root of the v2 tree. */
static char *read_cgroup(struct ft_owner_bpf *source, const struct ft_owner_process *news)
{
	const char *path = ft_cgroup_paths_find(source->paths, news->cgroup_id);
	char text[1024];

	if (path && strcmp(path, "/") != 0)
		return xstrdup(path);
	if (ft_proc_read_cgroup((int32_t)news->head.tgid, text, sizeof(text)) == 0)
		return xstrdup(text);
	return xstrdup(path ? path : "");
}

/* ---- news */

/* News of processes that found no room so far. */
static uint32_t count_lost(const struct ft_owner_bpf *source)
{
	const struct ft_owner_reader *reader = source->programs.reader;

	return reader ? __atomic_load_n(&reader->lost, __ATOMIC_SEQ_CST) : 0;
}

/* News were lost, of anybody: an exec, a new name. */
static void outdate_processes(struct ft_owner_bpf *source)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct process *process = source->buckets[i]; process;
		     process = process->next) {
			process->outdated = !process->exited_ns;
			if (process->outdated)
				process->owner = FT_OWNER_UNKNOWN;
		}
	}
}

/* A process, new or anew. */
static void on_process(struct ft_owner_bpf *source, const struct ft_owner_process *news)
{
	struct process *process = know_process(source, news->head.tgid, news->head.start_ns);
	char home[128];

	source->introduced++;
	if (!process)
		return;
	process->told = true;
	process->outdated = news->lost != count_lost(source);
	process->owner = FT_OWNER_UNKNOWN;
	process->news = *news;
	process->news.comm[FT_OWNER_COMM - 1] = '\0';
	process->news.exe[FT_OWNER_EXE - 1] = '\0';
	free(process->exe);
	free(process->cmdline);
	free(process->cgroup);
	process->exe = read_exe(&process->news);
	process->cmdline = read_cmdline(&process->news);
	process->cgroup = read_cgroup(source, &process->news);
	/* Its files may be gone when a flow needs them: they are remembered. */
	ft_users_home(source->users, news->uid, home, sizeof(home));
	ft_users_container(source->users, process->cgroup, home);
}

static void on_end(struct ft_owner_bpf *source, const struct ft_owner_exit *news)
{
	struct process *process = find_process(source, news->head.tgid, news->head.start_ns);

	if (!process)
		return;
	process->exited_ns = source->boot_ns + news->exit_ns;
	if (process->owner != FT_OWNER_UNKNOWN)
		ft_owners_exited(source->owners, (int32_t)process->tgid, process->exited_ns);
}

static void on_socket(void *arg, const struct ft_owner_socket *news)
{
	struct ft_owner_bpf *source = arg;

	ft_owner_sockets_put(source->sockets, &(struct ft_owner_socket_of){
		.cookie = news->cookie,
		.start_ns = news->head.start_ns,
		.tgid = news->head.tgid,
		.how = news->how,
	});
}

static void on_bytes(void *arg, const struct ft_owner_bytes *news)
{
	struct ft_owner_bpf *source = arg;

	if (news->cookie)
		ft_owner_sockets_put_bytes(source->sockets, news->cookie, news->sent,
					   news->received);
}

static void on_cgroup(struct ft_owner_bpf *source, const struct ft_owner_cgroup *news)
{
	if (news->path[0] && memchr(news->path, '\0', sizeof(news->path)))
		ft_cgroup_paths_put(source->paths, news->id, news->path);
}

/* One record of the ring. */
static int on_news(void *arg, void *data, size_t size)
{
	const struct ft_owner_head *head = data;

	if (size < sizeof(*head))
		return 0;
	if (head->type == FT_OWNER_SOCKET && size >= sizeof(struct ft_owner_socket))
		on_socket(arg, data);
	else if (head->type == FT_OWNER_PROCESS && size >= sizeof(struct ft_owner_process))
		on_process(arg, data);
	else if (head->type == FT_OWNER_EXIT && size >= sizeof(struct ft_owner_exit))
		on_end(arg, data);
	else if (head->type == FT_OWNER_BYTES && size >= sizeof(struct ft_owner_bytes))
		on_bytes(arg, data);
	else if (head->type == FT_OWNER_CGROUP && size >= sizeof(struct ft_owner_cgroup))
		on_cgroup(arg, data);
	return 0;
}

/* Reads all sockets that processes hold. */
static int seed(struct ft_owner_bpf *source)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC);
	int error = ft_owner_programs_seed(&source->programs, on_socket, source);

	source->seeded_ns = ft_clock_read(CLOCK_MONOTONIC);
	source->seed_cost_ns = source->seeded_ns - begun;
	source->missing = false;
	return error;
}

/* Programs look at it whenever they please. */
static void set_dozes(struct ft_owner_bpf *source)
{
	if (source->programs.reader)
		__atomic_store_n(&source->programs.reader->dozes, source->dozes, __ATOMIC_SEQ_CST);
}

int ft_owner_bpf_doze(struct ft_owner_bpf *source, bool on)
{
	if (!source || !source->programs.reader)
		return -1;
	if (source->dozes != on) {
		source->dozes = on;
		set_dozes(source);
	}
	return on ? ring_buffer__epoll_fd(source->ring) : -1;
}

bool ft_owner_bpf_drain(struct ft_owner_bpf *source)
{
	uint64_t before, seen;

	if (!source)
		return false;
	before = source->introduced;
	/* A process that is read by the way has perhaps used up the wake-up. Anew, and before a look that
	 * finds none: who comes between the two is read, or wakes. */
	do {
		seen = source->introduced;
		if (source->dozes)
			set_dozes(source);
		ring_buffer__consume(source->ring);
	} while (source->dozes && source->introduced != seen);
	if (source->lost != count_lost(source)) {
		source->lost = count_lost(source);
		outdate_processes(source);
	}
	if (source->missing &&
	    ft_clock_read(CLOCK_MONOTONIC) - source->seeded_ns >
		    SEED_AGAIN_NS + 100 * source->seed_cost_ns)
		seed(source);
	return source->introduced != before;
}

/* False if no program has read or written since the last time. */
static bool bytes_moved(struct ft_owner_bpf *source)
{
	struct ft_owner_reader *reader = source->programs.reader;

	return !reader || __atomic_exchange_n(&reader->moved, 0, __ATOMIC_SEQ_CST);
}

void ft_owner_bpf_read_bytes(struct ft_owner_bpf *source)
{
	uint64_t begun = ft_clock_read(CLOCK_MONOTONIC);

	if (!source || begun < source->bytes_ns ||
	    !ft_owner_programs_has(&source->programs, FT_PART_SOCK) || !bytes_moved(source))
		return;
	if (ft_owner_programs_bytes(&source->programs, on_bytes, source) < 0 &&
	    source->programs.reader)
		__atomic_store_n(&source->programs.reader->moved, 1, __ATOMIC_SEQ_CST);
	source->bytes_ns = begun + (ft_clock_read(CLOCK_MONOTONIC) - begun) * BYTES_SHARE;
}

/* ---- answers */

/* A record from what the kernel told. */
static uint16_t add_told(struct ft_owner_bpf *source, struct process *process)
{
	const struct ft_owner_process *news = &process->news;
	struct ft_proc_info *info = &source->info;

	info->process = (struct ft_process){
		.pid = (int32_t)process->tgid,
		.ppid = (int32_t)news->ppid,
		.uid = news->uid,
		.gid = news->gid,
		.netns = news->netns,
		.start_ns = ft_proc_start_ns(process->start_ns, source->boot_ns),
		.name = news->comm,
		.exe = process->exe,
		.cmdline = process->cmdline,
	};
	snprintf(info->cgroup, sizeof(info->cgroup), "%s", process->cgroup);
	ft_proc_info_place(source->users, info);
	return ft_owners_add_process(source->owners, &info->process);
}

/* A record from /proc, of a process that the kernel could not tell of. */
static uint16_t add_from_proc(struct ft_owner_bpf *source, const struct process *process)
{
	uint64_t start_ns = ft_proc_start_ns(process->start_ns, source->boot_ns);

	if (ft_proc_info_read((int32_t)process->tgid, source->boot_ns, source->users,
			      &source->info) < 0 ||
	    source->info.process.start_ns != start_ns)
		return FT_OWNER_UNKNOWN;
	return ft_owners_add_process(source->owners, &source->info.process);
}

/* The process' record; a new one if it has none, or if that was dropped. */
static uint16_t record_of(struct ft_owner_bpf *source, struct process *process)
{
	const struct ft_process *record = ft_owners_process(source->owners, process->owner);
	uint64_t start_ns = ft_proc_start_ns(process->start_ns, source->boot_ns);

	if (record && record->pid == (int32_t)process->tgid && record->start_ns == start_ns)
		return process->owner;
	process->owner = FT_OWNER_UNKNOWN;
	if (!process->told || process->outdated)
		process->owner = add_from_proc(source, process);
	if (process->told && process->owner == FT_OWNER_UNKNOWN)
		process->owner = add_told(source, process);
	if (process->owner != FT_OWNER_UNKNOWN && process->exited_ns)
		ft_owners_exited(source->owners, (int32_t)process->tgid, process->exited_ns);
	return process->owner;
}

uint16_t ft_owner_bpf_find(struct ft_owner_bpf *source, uint64_t cookie)
{
	const struct ft_owner_socket_of *socket;
	struct process *process;

	if (!source)
		return FT_OWNER_UNKNOWN;
	socket = ft_owner_sockets_find(source->sockets, cookie);
	if (!socket) {
		source->missing |= cookie && ft_owner_sockets_forgotten(source->sockets) > 0;
		return FT_OWNER_UNKNOWN;
	}
	if (!socket->how)
		return FT_OWNER_UNKNOWN;
	if (!socket->start_ns)
		return FT_OWNER_KERNEL;
	process = know_process(source, socket->tgid, socket->start_ns);
	return process ? record_of(source, process) : FT_OWNER_UNKNOWN;
}

uint16_t ft_owner_bpf_process(struct ft_owner_bpf *source, uint32_t tgid, uint64_t start_ns)
{
	struct process *process = source ? know_process(source, tgid, start_ns) : NULL;

	return process ? record_of(source, process) : FT_OWNER_UNKNOWN;
}

bool ft_owner_bpf_bytes(struct ft_owner_bpf *source, uint64_t cookie, uint64_t *ret_sent,
			uint64_t *ret_received)
{
	const struct ft_owner_socket_of *socket;

	socket = source ? ft_owner_sockets_find(source->sockets, cookie) : NULL;
	if (!socket || !(socket->sent | socket->received))
		return false;
	*ret_sent = socket->sent;
	*ret_received = socket->received;
	return true;
}

/* ---- birth and death */

/* True if some of the programs tell whose sockets are. */
static bool names_sockets(const struct ft_owner_programs *programs)
{
	return ft_owner_programs_has(programs, FT_PART_CREATE) ||
	       ft_owner_programs_has(programs, FT_PART_SOCK) ||
	       ft_owner_programs_has(programs, FT_PART_FENTRY) ||
	       ft_owner_programs_has(programs, FT_PART_SEED);
}

static void describe(struct ft_owner_bpf *source)
{
	size_t at = (size_t)snprintf(source->text, sizeof(source->text), "BPF (");
	const char *before = "";

	for (enum ft_owner_part i = 0; i <= FT_PART_SEED; i++) {
		if (!ft_owner_programs_has(&source->programs, i))
			continue;
		at += (size_t)snprintf(source->text + at, sizeof(source->text) - at, "%s%s",
				       before, ft_owner_part_name(i));
		before = ", ";
	}
	snprintf(source->text + at, sizeof(source->text) - at, ")");
}

struct ft_owner_bpf *ft_owner_bpf_new(struct ft_owners *owners, uint64_t boot_ns,
				      struct ft_users *users)
{
	struct ft_owner_bpf *source = xcalloc(1, sizeof(*source));
	int root = ft_cgroup_open_root(), error;

	source->owners = owners;
	source->users = users;
	source->boot_ns = boot_ns;
	source->sockets = ft_owner_sockets_new(0);
	source->paths = ft_cgroup_paths_new(root);
	error = ft_owner_programs_load(&source->programs, root);
	if (!error && !names_sockets(&source->programs))
		error = -EOPNOTSUPP;
	if (error)
		goto cleanup;
	source->ring = ring_buffer__new(source->programs.maps.ring_fd, on_news, source, NULL);
	if (!source->ring) {
		error = -errno;
		goto cleanup;
	}
	source->seeded = seed(source) == 0;
	describe(source);
	return source;

cleanup:
	ft_log(FT_LOG_INFO, "owners by BPF: %s", strerror(-error));
	ft_owner_bpf_free(source);
	return NULL;
}

void ft_owner_bpf_free(struct ft_owner_bpf *source)
{
	if (!source)
		return;
	ring_buffer__free(source->ring);
	ft_owner_programs_unload(&source->programs);
	forget_processes(source, true);
	ft_owner_sockets_free(source->sockets);
	ft_cgroup_paths_free(source->paths);
	free(source);
}

const struct ft_owner_maps *ft_owner_bpf_maps(const struct ft_owner_bpf *source)
{
	return source ? &source->programs.maps : NULL;
}

bool ft_owner_bpf_complete(const struct ft_owner_bpf *source)
{
	return source && source->seeded &&
	       ft_owner_programs_has(&source->programs, FT_PART_CREATE);
}

const char *ft_owner_bpf_describe(const struct ft_owner_bpf *source)
{
	return source ? source->text : "";
}
