/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See cost_timer.h.
 *
 *   flowtop ──'1' or '0'──► the other process ──► BPF_ENABLE_STATS, or close
 *           ◄──an errno───
 *
 * It is forked when flowtop is small and has one thread, and keeps no descriptor but its end of the
 * pair: none of flowtop's programs, links and terminals lives longer for it.
 */
#include "capture/cost_timer.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/xalloc.h"

#define ANSWER_S 5 /* it is never busy */

struct ft_cost_timer {
	int fd; /* -1: it did not answer */
	pid_t pid;
};

int ft_cost_timer_open(void)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.enable_stats.type = BPF_STATS_RUN_TIME;
	fd = (int)syscall(__NR_bpf, BPF_ENABLE_STATS, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

/* ---- the other process */

/* Closes all descriptors but one. */
static void close_others(int fd)
{
	unsigned first = (unsigned)fd + 1;

	for (int i = 0; i < fd; i++)
		close(i);
	if (syscall(__NR_close_range, first, ~0U, 0) == 0)
		return;
	for (long i = first; i < sysconf(_SC_OPEN_MAX); i++)
		close((int)i);
}

/* Keeps CAP_SYS_ADMIN and no other right. */
static int keep_one_right(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	data[0].effective = data[0].permitted = 1U << CAP_SYS_ADMIN;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(__NR_capset, &header, data) < 0 ? -errno : 0;
}

/* Does as it is told until nobody is there to tell. */
static void serve(int fd)
{
	int stats = -1;
	char word;

	while (read(fd, &word, 1) == 1) {
		int32_t answer = 0;

		if (stats >= 0)
			close(stats);
		stats = -1;
		if (word == '1') {
			stats = ft_cost_timer_open();
			answer = stats < 0 ? -stats : 0;
		}
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
			break;
	}
}

/* The other process, from birth to death. Keys that stop or end flowtop are not for it. */
static void run(int fd)
{
	setsid();
	prctl(PR_SET_NAME, "flowtop-timer", 0, 0, 0);
	close_others(fd);
	if (keep_one_right() == 0)
		serve(fd);
	_exit(0);
}

/* ---- ours */

struct ft_cost_timer *ft_cost_timer_new(int *ret_error)
{
	const struct timeval patience = { .tv_sec = ANSWER_S };
	struct ft_cost_timer *timer;
	int pair[2], fd = ft_cost_timer_open();
	pid_t pid;

	/* Without the right there is nothing to keep. */
	*ret_error = fd < 0 ? -fd : 0;
	if (fd < 0)
		return NULL;
	close(fd);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		*ret_error = errno;
		return NULL;
	}
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		run(pair[1]);
	}
	*ret_error = pid < 0 ? errno : 0;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	(void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	timer = xcalloc(1, sizeof(*timer));
	timer->fd = pair[0];
	timer->pid = pid;
	return timer;
}

void ft_cost_timer_free(struct ft_cost_timer *timer)
{
	if (!timer)
		return;
	if (timer->fd >= 0)
		close(timer->fd);
	while (waitpid(timer->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(timer);
}

int ft_cost_timer_set(struct ft_cost_timer *timer, bool on)
{
	int32_t answer;
	ssize_t length;

	if (timer->fd < 0 || send(timer->fd, on ? "1" : "0", 1, MSG_NOSIGNAL) != 1)
		return -EPIPE;
	do
		length = recv(timer->fd, &answer, sizeof(answer), MSG_WAITALL);
	while (length < 0 && errno == EINTR);
	if (length != sizeof(answer)) {
		int error = length < 0 ? -errno : -EPIPE;

		/* Its answer would be taken for the next one's; without us it ends, with its timing. */
		close(timer->fd);
		timer->fd = -1;
		return error;
	}
	return answer > 0 ? -answer : 0;
}
