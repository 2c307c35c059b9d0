/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tc rungs of a flowtop built with --disable-bpf: they are there, and say that they are
 * not. open always fails, so that nothing below it is ever called.
 */
#include <errno.h>
#include <stdio.h>

#include "capture/backend.h"
#include "capture/tc_health.h"
#include "core/nls.h"

static int none_probe(char *why, size_t why_size)
{
	snprintf(why, why_size, _("this flowtop was built without BPF (--disable-bpf)"));
	return -EOPNOTSUPP;
}

static int none_open(const struct ft_backend_config *config, const struct ft_links *links,
		     struct ft_backend **ret_backend, char *err, size_t err_size)
{
	(void)config;
	(void)links;
	(void)ret_backend;
	return none_probe(err, err_size);
}

static int none_fd(const struct ft_backend *backend)
{
	(void)backend;
	return -1;
}

static int none_dispatch(struct ft_backend *backend)
{
	(void)backend;
	return -EOPNOTSUPP;
}

static int none_collect(struct ft_backend *backend, struct ft_batch *ret_batch)
{
	(void)backend;
	(void)ret_batch;
	return -EOPNOTSUPP;
}

static int none_watch(struct ft_backend *backend, const struct ft_links *links, char *err,
		      size_t err_size)
{
	(void)backend;
	(void)links;
	return none_probe(err, err_size);
}

static int none_pause(struct ft_backend *backend, bool paused)
{
	(void)backend;
	(void)paused;
	return -EOPNOTSUPP;
}

static int none_remark(const struct ft_backend *backend, uint32_t ifindex, char *text, size_t size)
{
	(void)backend;
	(void)ifindex;
	if (size)
		text[0] = '\0';
	return 0;
}

static void none_close(struct ft_backend *backend)
{
	(void)backend;
}

void ft_tc_health_probe_all(void (*each)(void *arg, const char *name, int result,
					 const char *why), void *arg)
{
	each(arg, "tcp_sock", -EOPNOTSUPP, 
	     _("this flowtop was built without BPF (--disable-bpf)"));
}

const struct ft_backend_ops ft_backend_tcx = {
	.name = "tcx",
	.probe = none_probe,
	.open = none_open,
	.fd = none_fd,
	.patience = ft_backend_is_told,
	.dispatch = none_dispatch,
	.call_off = ft_backend_never_waits,
	.limit = ft_backend_has_no_limit,
	.collect = none_collect,
	.watch = none_watch,
	.pause = none_pause,
	.stop = none_collect,
	.remark = none_remark,
	.progress = none_fd,
	.close = none_close,
};

const struct ft_backend_ops ft_backend_clsact = {
	.name = "tc",
	.probe = none_probe,
	.open = none_open,
	.fd = none_fd,
	.patience = ft_backend_is_told,
	.dispatch = none_dispatch,
	.call_off = ft_backend_never_waits,
	.limit = ft_backend_has_no_limit,
	.collect = none_collect,
	.watch = none_watch,
	.pause = none_pause,
	.stop = none_collect,
	.remark = none_remark,
	.progress = none_fd,
	.close = none_close,
};
