/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Cgroups of the v2 tree as they are made: a container may be gone before user space can ask
 * what the id in a record meant.
 */
#include "bpf/owner.bpf.h"

SEC("tp_btf/cgroup_mkdir")
int flowtop_cgroup(__u64 *ctx)
{
	const struct cgroup *cgroup = (const struct cgroup *)ctx[0];
	const char *path = (const char *)ctx[1];
	struct ft_owner_cgroup *news;

	if (cgroup->root->hierarchy_id != 0)
		return 0; /* a v1 tree: its ids are others */
	news = bpf_ringbuf_reserve(&ft_owner_ring, sizeof(*news), 0);
	if (!news)
		return 0;
	__builtin_memset(&news->head, 0, sizeof(news->head));
	news->head.type = FT_OWNER_CGROUP;
	news->id = cgroup->kn->id;
	if (bpf_probe_read_kernel_str(news->path, sizeof(news->path), path) < 0)
		news->path[0] = '\0';
	bpf_ringbuf_submit(news, ft_ring_flags(&ft_owner_ring));
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
