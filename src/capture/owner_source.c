/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See owner_source.h. While BPF knows every socket there is no need to look into /proc all the
 * time for processes that may be gone soon: /proc is walked only for what BPF doesn't know.
 */
#include "capture/owner_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "bpf/owner_abi.h"
#include "capture/owner_proc.h"
#include "core/xalloc.h"

#define DRAIN_NS (100 * UINT64_C(1000000)) /* news are read so often: /proc may add to them */

struct ft_owner_source {
	struct ft_owner_bpf *bpf; /* NULL: not here */
	struct ft_owner_proc *proc;
	struct ft_users users;
	char text[400];
};

/* For owner_proc: it found a socket, BPF may know its process. */
static uint16_t find_by_cookie(void *arg, uint64_t cookie)
{
	struct ft_owner_source *source = arg;

	return ft_owner_bpf_find(source->bpf, cookie);
}

struct ft_owner_source *ft_owner_source_new(struct ft_owners *owners)
{
	struct ft_owner_source *source = xcalloc(1, sizeof(*source));

	source->proc = ft_owner_proc_new(owners);
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
	ft_owner_bpf_read_bytes(source->bpf);
	ft_owner_bpf_drain(source->bpf);
	if (source->bpf)
		ft_table_add_app_bytes(table, ft_owner_source_bytes, source);
	if (source->bpf)
		ft_table_move_owners(table, find_by_cookie, source);
	ft_owner_proc_refresh(source->proc, addresses, now_ns, budget_ns);
	ft_table_resolve_owners(table, max, resolve, source);
}

uint64_t ft_owner_source_glance(struct ft_owner_source *source)
{
	uint64_t wait = DRAIN_NS;

	ft_owner_bpf_drain(source->bpf);
	if (!ft_owner_bpf_complete(source->bpf))
		wait = ft_owner_proc_glance(source->proc);
	return source->bpf && wait > DRAIN_NS ? DRAIN_NS : wait;
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
