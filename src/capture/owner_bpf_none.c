/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF owner source of a build without BPF: it is never there. See owner_bpf.h.
 */
#include "capture/owner_bpf.h"

#include <errno.h>

#include "core/nls.h"

struct ft_owner_bpf *ft_owner_bpf_new(struct ft_owners *owners, uint64_t boot_ns,
				      struct ft_users *users)
{
	(void)owners;
	(void)boot_ns;
	(void)users;
	return NULL;
}

void ft_owner_bpf_free(struct ft_owner_bpf *source)
{
	(void)source;
}

const struct ft_owner_maps *ft_owner_bpf_maps(const struct ft_owner_bpf *source)
{
	(void)source;
	return NULL;
}

bool ft_owner_bpf_drain(struct ft_owner_bpf *source)
{
	(void)source;
	return false;
}

int ft_owner_bpf_doze(struct ft_owner_bpf *source, bool on)
{
	(void)source, (void)on;
	return -1;
}

uint16_t ft_owner_bpf_find(struct ft_owner_bpf *source, uint64_t cookie)
{
	(void)source;
	(void)cookie;
	return FT_OWNER_UNKNOWN;
}

uint16_t ft_owner_bpf_process(struct ft_owner_bpf *source, uint32_t tgid, uint64_t start_ns)
{
	(void)source, (void)tgid, (void)start_ns;
	return FT_OWNER_UNKNOWN;
}

void ft_owner_bpf_read_bytes(struct ft_owner_bpf *source)
{
	(void)source;
}

bool ft_owner_bpf_bytes(struct ft_owner_bpf *source, uint64_t cookie, uint64_t *ret_sent,
			uint64_t *ret_received)
{
	(void)source;
	(void)cookie;
	(void)ret_sent;
	(void)ret_received;
	return false;
}

bool ft_owner_bpf_complete(const struct ft_owner_bpf *source)
{
	(void)source;
	return false;
}

const char *ft_owner_bpf_describe(const struct ft_owner_bpf *source)
{
	(void)source;
	return "";
}

void ft_owner_bpf_probe_all(void (*report)(void *arg, const char *name, int result,
					   const char *why), void *arg)
{
	report(arg, "BPF", -EOPNOTSUPP, _("not built in"));
}
