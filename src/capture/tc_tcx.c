/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcx links. libbpf 1.1 knows no tcx, the kernel's numbers are used as they are: its
 * bpf_link_create passes attach types and flags through, and the query is a system call of our
 * own, with the layout of Linux 6.6.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/tc_attach.h"

#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3) /* BPF_F_BEFORE without a relative: the very first */
#define PROGRAMS_MAX 64       /* BPF_MPROG_MAX */

/* union bpf_attr of BPF_PROG_QUERY since 6.6. */
struct query {
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags;
	uint64_t prog_ids;
	uint32_t count;
	uint32_t zero;
	uint64_t prog_attach_flags;
	uint64_t link_ids;
	uint64_t link_attach_flags;
	uint64_t revision;
};

/* struct bpf_link_info of a tcx link. */
struct link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	uint32_t zero;
	uint32_t ifindex; /* 0: detached, with its device */
	uint32_t attach_type;
	uint64_t room[8];
};

static uint32_t attach_type(bool egress)
{
	return egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS;
}

bool ft_tc_name_is_ours(const char *name)
{
	return strncmp(name, "flowtop_", 8) == 0;
}

uint32_t ft_tc_program_id(int fd)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

void ft_tc_program_name(uint32_t id, char *name, size_t size)
{
	struct bpf_prog_info info;
	uint32_t info_size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	name[0] = '\0';
	if (fd < 0)
		return;
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info, &info_size) == 0)
		snprintf(name, size, "%.*s", (int)sizeof(info.name), info.name);
	close(fd);
}

/* True if one of the process' descriptors is the program, or a link of it. */
static bool holds_program(const char *pid, uint32_t id)
{
	char path[64], line[128];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fdinfo", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%.20s/fdinfo/%.20s", pid, entry->d_name);
		file = isdigit((unsigned char)entry->d_name[0]) ? fopen(path, "re") : NULL;
		while (file && !found && fgets(line, sizeof(line), file))
			found = strncmp(line, "prog_id:", 8) == 0 &&
				strtoul(line + 8, NULL, 10) == id;
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* True if another flowtop is at work with this program: asked of /proc, since to ask for a program's
 * name takes CAP_SYS_ADMIN, which is given up once all is open. */
static bool is_of_a_flowtop(uint32_t id)
{
	char path[64], comm[32];
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	bool found = false;

	while (proc && !found && (entry = readdir(proc))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		file = isdigit((unsigned char)entry->d_name[0]) ? fopen(path, "re") : NULL;
		if (file && fgets(comm, sizeof(comm), file) && strncmp(comm, "flowtop", 7) == 0)
			found = holds_program(entry->d_name, id);
		if (file)
			fclose(file);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* The same, from what was found before: the kernel gives no number twice, and this is asked each
 * interval. The collector's thread only. */
static bool is_nameless_ours(uint32_t id)
{
	static struct {
		uint32_t id;
		bool ours;
	} known[PROGRAMS_MAX];
	static unsigned next;
	unsigned at;

	for (unsigned i = 0; i < PROGRAMS_MAX; i++)
		if (known[i].id == id)
			return known[i].ours;
	at = next++ % PROGRAMS_MAX;
	known[at].id = id;
	known[at].ours = is_of_a_flowtop(id);
	return known[at].ours;
}

uint32_t ft_tcx_foreign(uint32_t ifindex, bool egress, uint32_t own, char *name, size_t size)
{
	uint32_t ids[PROGRAMS_MAX] = { 0 };
	struct query query = {
		.target_ifindex = ifindex,
		.attach_type = attach_type(egress),
		.prog_ids = (uint64_t)(uintptr_t)ids,
		.count = PROGRAMS_MAX,
	};

	if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof(query)))
		return 0;
	for (uint32_t i = 0; i < query.count && i < PROGRAMS_MAX; i++) {
		if (ids[i] == own)
			return 0;
		ft_tc_program_name(ids[i], name, size);
		if (!ft_tc_name_is_ours(name) && (name[0] || !is_nameless_ours(ids[i])))
			return ids[i];
	}
	return 0;
}

static int tcx_attach(struct ft_tc_port *port, bool egress, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = FLAG_BEFORE);
	int fd = bpf_link_create(program_fd, (int)port->iface.ifindex,
				 (enum bpf_attach_type)attach_type(egress), &opts);

	if (fd < 0)
		return fd;
	port->hook[egress] = (struct ft_tc_hook){
		.attached = true,
		.program = ft_tc_program_id(program_fd),
		.link_fd = fd,
	};
	return 0;
}

static void tcx_detach(struct ft_tc_port *port, bool egress)
{
	struct ft_tc_hook *hook = &port->hook[egress];

	if (!hook->attached)
		return;
	/* A forked child may hold the link too: closing alone would not detach it. */
	bpf_link_detach(hook->link_fd);
	close(hook->link_fd);
	*hook = (struct ft_tc_hook){ 0 };
}

/* A link leaves nothing behind. */
static void tcx_settle(struct ft_tc_port *port)
{
	(void)port;
}

static bool tcx_alive(const struct ft_tc_port *port, bool egress)
{
	const struct ft_tc_hook *hook = &port->hook[egress];
	struct link_info info;
	uint32_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return hook->attached && bpf_obj_get_info_by_fd(hook->link_fd, &info, &size) == 0 &&
	       info.ifindex == port->iface.ifindex;
}

static uint32_t tcx_ahead(const struct ft_tc_port *port, bool egress, char *name, size_t size)
{
	return ft_tcx_foreign(port->iface.ifindex, egress, port->hook[egress].program, name, size);
}

const struct ft_tc_way ft_tc_way_tcx = {
	.stub = false,
	.attach = tcx_attach,
	.detach = tcx_detach,
	.settle = tcx_settle,
	.alive = tcx_alive,
	.ahead = tcx_ahead,
};
