/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See owner_source.h. While BPF knows every socket there is no need to look into /proc all the
 * time for processes that may be gone soon: /proc is walked only for what BPF doesn't know.
 */
#include "capture/owner_source.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/owner_abi.h"
#include "capture/docker.h"
#include "capture/owner_proc.h"
#include "capture/proc_info.h"
#include "core/xalloc.h"

#define DRAIN_NS (100 * UINT64_C(1000000)) /* news are read so often: /proc may add to them ... */
#define DOZE_NS UINT64_MAX /* ... unless nothing came: then the first new process wakes us */

struct ft_owner_source {
	struct ft_owner_bpf *bpf; /* NULL: not here */
	struct ft_owner_proc *proc;
	struct ft_owners *owners; /* borrowed */
	struct ft_users users;
	struct ft_lookup *names, *docker; /* owned; docker: NULL = not asked */
	int doze_fd;              /* to be woken by; -1 = we are not asleep */
	char text[400];
};

/* For owner_proc: it found a socket, BPF may know its process. */
static uint16_t find_by_cookie(void *arg, uint64_t cookie)
{
	struct ft_owner_source *source = arg;

	return ft_owner_bpf_find(source->bpf, cookie);
}

/* On the thread for questions to Docker. */
static void ask_docker(void *arg, struct ft_lookup_answer *answer)
{
	struct ft_container *container = &answer->container;

	snprintf(container->runtime, sizeof(container->runtime), "docker");
	snprintf(container->id, sizeof(container->id), "%s", answer->container_id);
	answer->found = ft_docker_ask(arg, answer->container_id, container) == 0;
}

static void close_docker(void *arg)
{
	ft_docker_close(arg);
}

/* Tells all who read names whom to ask. */
static void set_lookups(struct ft_owner_source *source)
{
	source->users.names = source->names;
	source->users.docker = source->docker;
	ft_owner_proc_ask_names(source->proc, source->names, source->docker);
}

int ft_owner_source_open_docker(struct ft_owner_source *source, const char *path, char *err,
				size_t err_size)
{
	struct ft_docker *docker;
	int ret = ft_docker_open(path, &docker, err, err_size);

	if (ret < 0)
		return ret;
	source->docker = ft_lookup_new(ask_docker, close_docker, docker);
	set_lookups(source);
	return 0;
}

struct ft_lookup *ft_owner_source_ask_by(struct ft_owner_source *source,
					 void (*ask)(void *arg, struct ft_lookup_answer *answer),
					 void *arg)
{
	ft_lookup_free(source->names);
	source->names = ft_lookup_new(ask, NULL, arg);
	set_lookups(source);
	return source->names;
}

/* What was learned, and room for what is read because of it. */
struct news {
	struct ft_owner_source *source;
	struct ft_lookup_answer answer;
	char label[128];
};

/* A user's home may have the files of its containers. */
static bool name_user(struct news *news, struct ft_process *process)
{
	const struct ft_lookup_answer *answer = &news->answer;

	if (process->uid != answer->id || !strcmp(process->user, answer->name))
		return false;
	process->user = answer->name;
	if (process->container_id[0])
		ft_proc_info_contain(ft_users_container(&news->source->users, process->cgroup,
							answer->home),
				     news->label, sizeof(news->label), process);
	return true;
}

/* For ft_owners_update. */
static bool take_news(void *arg, struct ft_process *process)
{
	struct news *news = arg;
	const struct ft_lookup_answer *answer = &news->answer;

	switch (answer->kind) {
	case FT_LOOKUP_USER:
		return name_user(news, process);
	case FT_LOOKUP_GROUP:
		if (process->gid != answer->id || !strcmp(process->group, answer->name))
			return false;
		process->group = answer->name;
		return true;
	case FT_LOOKUP_CONTAINER:
	default:
		if (strcmp(process->container_id, answer->container_id) != 0)
			return false;
		ft_proc_info_contain(&answer->container, news->label, sizeof(news->label),
				     process);
		return true;
	}
}

/* Takes the answers that have come into the records that are there. */
static void take_answers(struct ft_owner_source *source, struct ft_lookup *lookup)
{
	struct news news = { .source = source };

	while (lookup && ft_lookup_news(lookup, &news.answer))
		if (news.answer.found)
			ft_owners_update(source->owners, take_news, &news);
}

struct ft_owner_source *ft_owner_source_new(struct ft_owners *owners)
{
	struct ft_owner_source *source = xcalloc(1, sizeof(*source));

	source->owners = owners;
	source->doze_fd = -1;
	source->proc = ft_owner_proc_new(owners);
	source->names = ft_lookup_new(ft_users_ask, NULL, NULL);
	set_lookups(source);
	source->bpf = ft_owner_bpf_new(owners, ft_owner_proc_boot_ns(source->proc), &source->users);
	if (source->bpf)
		ft_owner_proc_ask_first(source->proc, find_by_cookie, source,
					ft_owner_bpf_complete(source->bpf));
	return source;
}

void ft_owner_source_free(struct ft_owner_source *source)
{
	if (!source)
		return;
	ft_owner_bpf_free(source->bpf);
	ft_owner_proc_free(source->proc);
	ft_users_done(&source->users);
	ft_lookup_free(source->names);
	ft_lookup_free(source->docker);
	free(source);
}

const struct ft_owner_maps *ft_owner_source_maps(const struct ft_owner_source *source)
{
	return ft_owner_bpf_maps(source->bpf);
}

/* For ft_table_resolve_owners: the sockets of flows that had no packet of late are remembered
 * with them. */
static void resolve(void *arg, struct ft_owner_query *query)
{
	struct ft_owner_source *source = arg;

	for (int side = 0; side < 2; side++)
		if (query->end_is_own[side] && query->owner[side] == FT_OWNER_UNKNOWN)
			query->owner[side] = find_by_cookie(source, query->cookie[side]);
	ft_owner_proc_resolve(source->proc, query);
}

void ft_owner_source_apply(struct ft_owner_source *source, struct ft_table *table,
			   const struct ft_addr_set *addresses, uint64_t now_ns,
			   uint64_t budget_ns, unsigned max)
{
	take_answers(source, source->names);
	take_answers(source, source->docker);
	ft_owner_bpf_read_bytes(source->bpf);
	ft_owner_bpf_drain(source->bpf);
	if (source->bpf)
		ft_table_add_app_bytes(table, ft_owner_source_bytes, source);
	if (source->bpf)
		ft_table_move_owners(table, find_by_cookie, source);
	ft_owner_proc_refresh(source->proc, addresses, now_ns, budget_ns);
	ft_table_resolve_owners(table, max, resolve, source);
}

/* Whoever was woken stays up for a while: the descriptor is readable as long as there is news, and
 * one that is asked all the time would hold the thread up for good. */
uint64_t ft_owner_source_glance(struct ft_owner_source *source, bool woken)
{
	bool new = ft_owner_bpf_drain(source->bpf);
	uint64_t wait = DOZE_NS;

	source->doze_fd = ft_owner_bpf_doze(source->bpf, !new && !woken);
	/* Whoever came before that was said has woken nobody. */
	if (source->doze_fd >= 0 && ft_owner_bpf_drain(source->bpf))
		source->doze_fd = ft_owner_bpf_doze(source->bpf, false);
	if (!ft_owner_bpf_complete(source->bpf))
		wait = ft_owner_proc_glance(source->proc);
	if (source->bpf && source->doze_fd < 0 && wait > DRAIN_NS)
		wait = DRAIN_NS;
	return wait;
}

int ft_owner_source_fd(const struct ft_owner_source *source)
{
	return source->doze_fd;
}

uint16_t ft_owner_source_of_socket(struct ft_owner_source *source, const struct ft_socket *socket)
{
	struct ft_sock sock = {
		.local_port_be = socket->local_port_be,
		.remote_port_be = socket->remote_port_be,
		.protocol = socket->protocol,
		.state = socket->health.state,
		.raw = socket->raw,
		.uid = socket->uid,
		.inode = socket->inode,
		.cookie = socket->health.cookie,
	};
	uint16_t owner;

	if (socket->inode)
		return ft_owner_proc_of_socket(source->proc, &sock);
	owner = find_by_cookie(source, sock.cookie);
	if (owner == FT_OWNER_UNKNOWN && ft_owner_proc_is_waiting(&sock)) {
		memcpy(sock.local, socket->local, sizeof(sock.local));
		return ft_owner_proc_of_listener(source->proc, &sock);
	}
	return owner == FT_OWNER_UNKNOWN ? FT_OWNER_KERNEL : owner;
}

void ft_owner_source_drain(struct ft_owner_source *source)
{
	ft_owner_bpf_drain(source->bpf);
}

uint16_t ft_owner_source_whose(struct ft_owner_source *source, const struct ft_owner_whose *whose)
{
	uint16_t owner = FT_OWNER_UNKNOWN;

	if (whose->how == FT_HOW_KERNEL)
		return FT_OWNER_KERNEL;
	if (whose->start_ns)
		owner = ft_owner_bpf_process(source->bpf, whose->tgid, whose->start_ns);
	return owner == FT_OWNER_UNKNOWN ? find_by_cookie(source, whose->cookie) : owner;
}

bool ft_owner_source_bytes(void *arg, uint64_t cookie, uint64_t *ret_sent, uint64_t *ret_received)
{
	struct ft_owner_source *source = arg;

	return ft_owner_bpf_bytes(source->bpf, cookie, ret_sent, ret_received);
}

const char *ft_owner_source_describe(struct ft_owner_source *source)
{
	if (!source->bpf)
		return ft_owner_proc_describe(source->proc);
	snprintf(source->text, sizeof(source->text), "%s, %s",
		 ft_owner_bpf_describe(source->bpf), ft_owner_proc_describe(source->proc));
	return source->text;
}
