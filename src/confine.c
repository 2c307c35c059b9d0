/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See confine.h: the table of rights and that of the parts. Rights come first: changing the user
 * takes calls that are refused later, and files need no rights.
 */
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/nls.h"

/* Before Linux 5.13. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

const struct ft_right ft_rights[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", N_("attaches the tc programs; promiscuous mode") },
	{ CAP_BPF, "CAP_BPF", N_("loads the tc programs") },
	{ CAP_PERFMON, "CAP_PERFMON", N_("lets them read packets by pointer") },
	{ CAP_NET_RAW, "CAP_NET_RAW", N_("AF_PACKET") },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", N_("sees the sockets of other users' processes") },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", N_("reads /proc of other users") },
};
const size_t ft_right_count = sizeof(ft_rights) / sizeof(ft_rights[0]);

static const struct {
	const char *name, *use;
	int (*apply)(const struct ft_confine_plan *plan, char *why, size_t why_size);
} parts[FT_CONFINE_PARTS] = {
	[FT_CONFINE_RIGHTS] = { N_("capabilities"),
				N_("gives up all but those above, and sudo's root"),
				ft_confine_rights },
	[FT_CONFINE_CALLS] = { "seccomp", N_("gives up system calls that it never makes"),
			       ft_confine_calls },
	[FT_CONFINE_FILES] = { "Landlock", N_("writes only where its user asked for files"),
			       ft_confine_files },
};

const char *ft_confine_name(enum ft_confine_part part)
{
	return _(parts[part].name);
}

const char *ft_confine_use(enum ft_confine_part part)
{
	return _(parts[part].use);
}

int ft_confine_apply(enum ft_confine_part part, const struct ft_confine_plan *plan, char *why,
		     size_t why_size)
{
	int ret;

	why[0] = '\0';
	ret = parts[part].apply(plan, why, why_size);
	if (ret < 0 && !why[0])
		snprintf(why, why_size, "%s", strerror(-ret));
	return ret;
}

void ft_confine(const struct ft_confine_plan *plan, unsigned now, unsigned later, char *remark,
		size_t remark_size)
{
	char why[FT_CONFINE_PARTS][128];
	int ret[FT_CONFINE_PARTS] = { 0 };
	size_t used;

	/* Trying takes calls that may be refused afterwards. */
	for (int i = 0; i < FT_CONFINE_PARTS; i++)
		if (later & 1U << i)
			ret[i] = ft_confine_try((enum ft_confine_part)i, why[i], sizeof(why[i]));
	for (int i = 0; i < FT_CONFINE_PARTS; i++)
		if (now & 1U << i)
			ret[i] = ft_confine_apply((enum ft_confine_part)i, plan, why[i],
						  sizeof(why[i]));
	remark[0] = '\0';
	for (int i = 0; i < FT_CONFINE_PARTS; i++) {
		if (ret[i] == 0)
			continue;
		used = strlen(remark);
		snprintf(remark + used, remark_size - used, "%s%s (%s)",
			 used ? ", " : _("runs with more rights than it needs: "),
			 ft_confine_name((enum ft_confine_part)i), why[i]);
	}
}

/* The child: tells by its exit status and a pipe. */
static void try_in_child(enum ft_confine_part part, int pipe_fd)
{
	struct ft_confine_plan plan = { .live = true };
	char why[128];
	int ret = ft_confine_apply(part, &plan, why, sizeof(why));

	(void)!write(pipe_fd, why, strlen(why));
	_exit(-ret);
}

int ft_confine_try(enum ft_confine_part part, char *why, size_t why_size)
{
	int fds[2], status = 0;
	ssize_t got;
	pid_t child;

	why[0] = '\0';
	if (pipe(fds) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		try_in_child(part, fds[1]);
	close(fds[1]);
	got = child < 0 ? 0 : read(fds[0], why, why_size - 1);
	why[got > 0 ? got : 0] = '\0';
	close(fds[0]);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}
