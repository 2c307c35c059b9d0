/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The owner programs: one object each, because a kernel that refuses one must not take the others
 * with it. The object that is loaded first has the maps; all others are made to use those.
 */
#include "capture/owner_bpf_priv.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/owner_bytes.skel.h"
#include "bpf/owner_bytes_held.skel.h"
#include "bpf/owner_cgroup.skel.h"
#include "bpf/owner_create.skel.h"
#include "bpf/owner_fentry.skel.h"
#include "bpf/owner_maps.skel.h"
#include "bpf/owner_mptcp.skel.h"
#include "bpf/owner_seed.skel.h"
#include "bpf/owner_sock.skel.h"
#include "bpf/owner_task.skel.h"
#include "capture/cgroup_paths.h"
#include "core/log.h"
#include "core/nls.h"

static const struct {
	const char *name, *use;
	const void *(*bytes)(size_t *size);
} parts[FT_PARTS] = {
	[FT_PART_CREATE] = { "created", N_("sockets as they are made, in all network namespaces"),
			     owner_create_bpf__elf_bytes },
	[FT_PART_SOCK] = { "used", N_("sockets as they are used: forked workers, passed descriptors"),
			   owner_sock_bpf__elf_bytes },
	[FT_PART_FENTRY] = { "used-fentry", N_("the same on kernels before 6.3"),
			     owner_fentry_bpf__elf_bytes },
	[FT_PART_SEED] = { "held", N_("sockets older than flowtop"), owner_seed_bpf__elf_bytes },
	[FT_PART_TASK] = { "processes", N_("exec, new names and ends of processes"),
			   owner_task_bpf__elf_bytes },
	[FT_PART_CGROUP] = { "cgroups", N_("containers that are gone in a moment"),
			     owner_cgroup_bpf__elf_bytes },
	[FT_PART_BYTES] = { "bytes", N_("what programs write and read, beside what is on the wire"),
			    owner_bytes_bpf__elf_bytes },
	[FT_PART_BYTES_HELD] = { "bytes-held", N_("the same of sockets that processes hold open"),
				 owner_bytes_held_bpf__elf_bytes },
	[FT_PART_MPTCP] = { "mptcp", N_("subflows of MPTCP connections"),
			    owner_mptcp_bpf__elf_bytes },
};

/* libbpf's words go to the log: stderr belongs to the screen. */
static int print_to_log(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	ft_vlog(FT_LOG_DEBUG, format, args);
	return 0;
}

const char *ft_owner_part_name(enum ft_owner_part part)
{
	return parts[part].name;
}

const char *ft_owner_part_use(enum ft_owner_part part)
{
	return _(parts[part].use);
}

bool ft_owner_programs_has(const struct ft_owner_programs *programs, enum ft_owner_part part)
{
	return programs->part[part].object;
}

/* Makes an object use the maps of the first one. */
static int share_maps(const struct ft_owner_programs *programs, struct bpf_object *object)
{
	struct bpf_map *map;
	int error = 0;

	bpf_object__for_each_map(map, object) {
		const struct bpf_map *ours =
			bpf_object__find_map_by_name(programs->base, bpf_map__name(map));

		if (ours && !error)
			error = bpf_map__reuse_fd(map, bpf_map__fd(ours));
	}
	return error;
}

/* Opens an object's bytes. */
static struct bpf_object *open_bytes(const void *(*bytes)(size_t *size))
{
	size_t size;
	const void *data = bytes(&size);

	return bpf_object__open_mem(data, size, NULL);
}

/* Attaches one program to what its section says; an iterator's link is what it is opened from. */
static struct bpf_link *attach_one(const struct bpf_program *program,
				   const struct ft_owner_maps *maps, int cgroup_fd)
{
	union bpf_iter_link_info info = { .map.map_fd = (uint32_t)maps->sk_fd };
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));

	if (bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SOCK)
		return bpf_program__attach_cgroup(program, cgroup_fd);
	if (strcmp(bpf_program__section_name(program), "iter/bpf_sk_storage_map") == 0)
		return bpf_program__attach_iter(program, &opts);
	return bpf_program__attach(program);
}

/* Attaches all programs of a part. */
static int attach(struct ft_owner_program *part, const struct ft_owner_maps *maps, int cgroup_fd)
{
	struct bpf_program *program;
	size_t i = 0;

	bpf_object__for_each_program(program, part->object) {
		bool cgroup = bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SOCK;

		if (cgroup && cgroup_fd < 0)
			return cgroup_fd;
		if (i == FT_PART_LINKS)
			return -E2BIG;
		part->link[i] = attach_one(program, maps, cgroup_fd);
		if (!part->link[i])
			return -errno;
		i++;
	}
	return 0;
}

/* Takes a part back. */
static void unload_part(struct ft_owner_program *part)
{
	for (size_t i = 0; i < FT_PART_LINKS; i++) {
		bpf_link__destroy(part->link[i]);
		part->link[i] = NULL;
	}
	bpf_object__close(part->object);
	part->object = NULL;
}

/* Loads and attaches one; its error says how it went. */
static void load_part(struct ft_owner_programs *programs, enum ft_owner_part which, int cgroup_fd)
{
	struct ft_owner_program *part = &programs->part[which];

	part->object = open_bytes(parts[which].bytes);
	part->error = part->object ? share_maps(programs, part->object) : -errno;
	if (!part->error)
		part->error = bpf_object__load(part->object);
	if (!part->error)
		part->error = attach(part, &programs->maps, cgroup_fd);
	if (part->error)
		unload_part(part);
}

/* Maps where we say whether we sleep. Without it we just don't. */
static struct ft_owner_reader *map_reader(const struct bpf_object *base)
{
	int fd = bpf_object__find_map_fd_by_name(base, "ft_owner_reader");
	void *at = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			0);

	return at == MAP_FAILED ? NULL : at;
}

/* True if a part hands on what FT_PART_SOCK counts. */
static bool hands_on_bytes(enum ft_owner_part part)
{
	return part == FT_PART_BYTES || part == FT_PART_BYTES_HELD;
}

/* The part in whose place this one stands; FT_PARTS if there is none. */
static enum ft_owner_part better_part(enum ft_owner_part part)
{
	return part == FT_PART_FENTRY ? FT_PART_SOCK :
	       part == FT_PART_BYTES_HELD ? FT_PART_BYTES :
					    FT_PARTS;
}

/* True if a part is of no use beside a better one. */
static bool is_spare(const struct ft_owner_programs *programs, enum ft_owner_part part)
{
	enum ft_owner_part better = better_part(part);

	return better != FT_PARTS && ft_owner_programs_has(programs, better);
}

int ft_owner_programs_load(struct ft_owner_programs *programs, int cgroup_fd)
{
	int error;

	libbpf_set_print(print_to_log);
	memset(programs, 0, sizeof(*programs));
	programs->base = open_bytes(owner_maps_bpf__elf_bytes);
	error = programs->base ? bpf_object__load(programs->base) : -errno;
	if (error) {
		bpf_object__close(programs->base);
		programs->base = NULL;
		return error;
	}
	programs->maps.sk_fd = bpf_object__find_map_fd_by_name(programs->base, "ft_owner_sk");
	programs->maps.ring_fd = bpf_object__find_map_fd_by_name(programs->base, "ft_owner_ring");
	programs->reader = map_reader(programs->base);
	for (enum ft_owner_part i = 0; i < FT_PARTS; i++) {
		bool sock = ft_owner_programs_has(programs, FT_PART_SOCK);

		if (is_spare(programs, i))
			continue;
		/* There is nothing to hand on where nobody counts. */
		if (hands_on_bytes(i) && !sock)
			programs->part[i].error = programs->part[FT_PART_SOCK].error;
		else
			load_part(programs, i, cgroup_fd);
	}
	return 0;
}

void ft_owner_programs_unload(struct ft_owner_programs *programs)
{
	for (enum ft_owner_part i = 0; i < FT_PARTS; i++)
		unload_part(&programs->part[i]);
	if (programs->reader)
		munmap(programs->reader, (size_t)sysconf(_SC_PAGESIZE));
	programs->reader = NULL;
	bpf_object__close(programs->base);
	programs->base = NULL;
}

/* Walks through an iterator, whose records have a size, and hands out each. */
static int read_records(const struct ft_owner_program *part, size_t size,
			void (*each)(void *arg, const void *record), void *arg)
{
	uint64_t buffer[512];
	char *bytes = (char *)buffer;
	size_t have = 0;
	ssize_t got;
	int fd;

	if (!part->object)
		return -EOPNOTSUPP;
	fd = bpf_iter_create(bpf_link__fd(part->link[0]));
	if (fd < 0)
		return -errno;
	/* EAGAIN: it has walked for long without meeting a socket, and goes on from there. */
	while ((got = read(fd, bytes + have, sizeof(buffer) - have)) > 0 ||
	       (got < 0 && (errno == EAGAIN || errno == EINTR))) {
		size_t at = 0;

		if (got < 0)
			continue;
		have += (size_t)got;
		for (; have - at >= size; at += size)
			each(arg, bytes + at);
		have -= at;
		memmove(bytes, bytes + at, have);
	}
	close(fd);
	return got < 0 ? -errno : 0;
}

/* What each record is handed to, by its own type. */
struct reader {
	void (*socket)(void *arg, const struct ft_owner_socket *news);
	void (*bytes)(void *arg, const struct ft_owner_bytes *news);
	void *arg;
};

static void give_socket(void *arg, const void *record)
{
	const struct reader *reader = arg;

	reader->socket(reader->arg, record);
}

static void give_bytes(void *arg, const void *record)
{
	const struct reader *reader = arg;

	reader->bytes(reader->arg, record);
}

int ft_owner_programs_seed(const struct ft_owner_programs *programs,
			   void (*each)(void *arg, const struct ft_owner_socket *news), void *arg)
{
	struct reader reader = { .socket = each, .arg = arg };

	return read_records(&programs->part[FT_PART_SEED], sizeof(struct ft_owner_socket),
			    give_socket, &reader);
}

int ft_owner_programs_bytes(const struct ft_owner_programs *programs,
			    void (*each)(void *arg, const struct ft_owner_bytes *news), void *arg)
{
	struct reader reader = { .bytes = each, .arg = arg };
	enum ft_owner_part part = ft_owner_programs_has(programs, FT_PART_BYTES) ?
					  FT_PART_BYTES : FT_PART_BYTES_HELD;

	return read_records(&programs->part[part], sizeof(struct ft_owner_bytes), give_bytes,
			    &reader);
}

/* Why a part isn't there. libbpf's error for a function or tracepoint that the kernel does not have
 * is the one for a process. */
static const char *why_not(enum ft_owner_part part, int error)
{
	if (error != -ESRCH)
		return strerror(-error);
	if (part == FT_PART_SOCK || hands_on_bytes(part))
		return _("this kernel has no such tracepoints (Linux 6.3 has)");
	return _("this kernel has no function to attach it to");
}

void ft_owner_bpf_probe_all(void (*report)(void *arg, const char *name, int result,
					   const char *why), void *arg)
{
	struct ft_owner_programs programs;
	int cgroup_fd = ft_cgroup_open_root();
	int error = ft_owner_programs_load(&programs, cgroup_fd);

	for (enum ft_owner_part i = 0; i < FT_PARTS; i++) {
		int result = error ? error : programs.part[i].error;

		if (is_spare(&programs, i))
			report(arg, parts[i].name, 0, _("not needed here"));
		else
			report(arg, parts[i].name, result,
			       result ? why_not(i, result) : _(parts[i].use));
	}
	ft_owner_programs_unload(&programs);
	if (cgroup_fd >= 0)
		close(cgroup_fd);
}
