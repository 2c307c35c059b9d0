/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reverse DNS in a thread of its own.
 *
 *   UI thread ── ask ──► asked (bounded, no address twice) ──► at most 16 under way in c-ares
 *             ◄─ take ── answers (bounded) ◄──────────────────┘
 *
 * The c-ares channel belongs to the thread; the list of addresses asked for is shared under
 * `lock`. Who asks keeps a list of its own: an address stays in it until its answer has been
 * taken, so that a row drawn ten times asks once. /etc/hosts is not c-ares' business here: core/names has it.
 */
#include "capture/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include <ares.h>

#include "capture/mailbox.h"
#include "capture/thread.h"
#include "core/addr.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define WAITING_MAX 256
#define UNDER_WAY_MAX 16
#define WANTED_MAX (WAITING_MAX + UNDER_WAY_MAX)
#define ANSWERS_MAX WANTED_MAX
#define TIMEOUT_MS 2000
#define TRIES 2
#define NAME_MAX_LENGTH 255

struct ft_resolver {
	pthread_t thread;
	int wake_fd;
	struct ft_queue *answers;

	pthread_mutex_t lock; /* guards what follows */
	bool stop;
	uint8_t asked[WANTED_MAX][16]; /* [0, under_way) are under way */
	size_t asked_count, under_way;

	/* the thread's own */
	ares_channel channel;

	/* the asker's own */
	uint8_t wanted[WANTED_MAX][16]; /* asked for, and the answer not taken */
	size_t wanted_count;
};

/* What a request under way carries. */
struct request {
	struct ft_resolver *resolver;
	uint8_t addr[16];
};

void ft_resolver_answer_free(struct ft_resolver_answer *answer)
{
	if (!answer)
		return;
	free(answer->name);
	free(answer);
}

static void drop_answer(void *item)
{
	ft_resolver_answer_free(item);
}

/* ---- the list of addresses asked for; the lock is held */

static size_t find_asked(const struct ft_resolver *resolver, const uint8_t addr[16])
{
	size_t i = 0;

	while (i < resolver->asked_count && memcmp(resolver->asked[i], addr, 16) != 0)
		i++;
	return i;
}

/* Takes one that was under way out: the last one under way fills its place, and the last of
 * all that one's. */
static void remove_asked(struct ft_resolver *resolver, const uint8_t addr[16])
{
	size_t i = find_asked(resolver, addr);

	if (i >= resolver->under_way)
		return;
	resolver->under_way--;
	resolver->asked_count--;
	memmove(resolver->asked[i], resolver->asked[resolver->under_way], 16);
	memmove(resolver->asked[resolver->under_way], resolver->asked[resolver->under_way + 1],
		(resolver->asked_count - resolver->under_way) * 16);
}

/* ---- the thread */

/* The name without its final dot, or NULL if it cannot be one. */
static char *copy_name(const struct hostent *host)
{
	size_t length = host && host->h_name ? strlen(host->h_name) : 0;

	if (length > 0 && host->h_name[length - 1] == '.')
		length--;
	if (length == 0 || length > NAME_MAX_LENGTH)
		return NULL;
	return xstrndup(host->h_name, length);
}

/* c-ares has an answer, or none. A server that is silent counts as "it has none". */
static void on_host(void *arg, int status, int timeouts, struct hostent *host)
{
	struct request *request = arg;
	struct ft_resolver *resolver = request->resolver;
	struct ft_resolver_answer *answer;

	(void)timeouts;
	if (status != ARES_EDESTRUCTION && status != ARES_ECANCELLED) {
		answer = xcalloc(1, sizeof(*answer));
		memcpy(answer->addr, request->addr, 16);
		answer->name = status == ARES_SUCCESS ? copy_name(host) : NULL;
		if (!ft_queue_put(resolver->answers, answer))
			ft_resolver_answer_free(answer); /* the queue has been closed */
	}
	pthread_mutex_lock(&resolver->lock);
	remove_asked(resolver, request->addr);
	pthread_mutex_unlock(&resolver->lock);
	free(request);
}

static void send_request(struct ft_resolver *resolver, const uint8_t addr[16])
{
	struct request *request = xcalloc(1, sizeof(*request));
	bool v4 = ft_addr_is_v4(addr);

	request->resolver = resolver;
	memcpy(request->addr, addr, 16);
	ares_gethostbyaddr(resolver->channel, v4 ? request->addr + 12 : request->addr,
			   v4 ? 4 : 16, v4 ? AF_INET : AF_INET6, on_host, request);
}

/* Starts what waits, as far as there is room; false when it is time to stop. */
static bool start_requests(struct ft_resolver *resolver)
{
	for (;;) {
		uint8_t addr[16];
		bool more;

		pthread_mutex_lock(&resolver->lock);
		if (resolver->stop) {
			pthread_mutex_unlock(&resolver->lock);
			return false;
		}
		more = resolver->under_way < resolver->asked_count &&
		       resolver->under_way < UNDER_WAY_MAX;
		if (more)
			memcpy(addr, resolver->asked[resolver->under_way++], 16);
		pthread_mutex_unlock(&resolver->lock);
		if (!more)
			return true;
		send_request(resolver, addr);
	}
}

/* Waits for wishes, packets or a time-out, and lets c-ares work. */
static void wait_round(struct ft_resolver *resolver)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct pollfd fds[ARES_GETSOCK_MAXNUM + 1] = {
		{ .fd = resolver->wake_fd, .events = POLLIN },
	};
	/* c-ares' own macros shift a one into the sign */
	unsigned int bits = (unsigned int)ares_getsock(resolver->channel, sockets,
						       ARES_GETSOCK_MAXNUM);
	struct timeval tv, *timeout = ares_timeout(resolver->channel, NULL, &tv);
	nfds_t count = 1;
	eventfd_t value;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		unsigned int in = bits >> i & 1, out = bits >> (i + ARES_GETSOCK_MAXNUM) & 1;
		short events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0));

		if (events)
			fds[count++] = (struct pollfd){ .fd = sockets[i], .events = events };
	}
	poll(fds, count, timeout ? (int)(tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1) : -1);
	if (fds[0].revents)
		(void)!eventfd_read(resolver->wake_fd, &value);
	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* time-outs */
	for (nfds_t i = 1; i < count; i++) {
		bool in = fds[i].revents & (POLLIN | POLLERR | POLLHUP);
		bool out = fds[i].revents & POLLOUT;

		if (in || out)
			ares_process_fd(resolver->channel, in ? fds[i].fd : ARES_SOCKET_BAD,
					out ? fds[i].fd : ARES_SOCKET_BAD);
	}
}

static void *run(void *arg)
{
	struct ft_resolver *resolver = arg;

	pthread_setname_np(pthread_self(), "flowtop-resolve");
	while (start_requests(resolver))
		wait_round(resolver);
	ares_destroy(resolver->channel);
	return NULL;
}

/* ---- the other threads' side */

/* Opens the channel: DNS only, its own time-outs, other servers if asked for. */
static int open_channel(struct ft_resolver *resolver, const char *servers)
{
	char lookups[] = "b";
	struct ares_options options = { .timeout = TIMEOUT_MS, .tries = TRIES,
					.lookups = lookups };
	int ret = ares_library_init(ARES_LIB_INIT_ALL);

	if (ret != ARES_SUCCESS)
		return ret;
	ret = ares_init_options(&resolver->channel, &options,
				ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
	if (ret == ARES_SUCCESS && servers) {
		ret = ares_set_servers_ports_csv(resolver->channel, servers);
		if (ret != ARES_SUCCESS)
			ares_destroy(resolver->channel);
	}
	if (ret != ARES_SUCCESS)
		ares_library_cleanup();
	return ret;
}

static void release(struct ft_resolver *resolver)
{
	ft_queue_free(resolver->answers);
	if (resolver->wake_fd >= 0)
		close(resolver->wake_fd);
	pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

struct ft_resolver *ft_resolver_start_at(const char *servers, char *err, unsigned err_size)
{
	struct ft_resolver *resolver = xcalloc(1, sizeof(*resolver));
	int ret;

	pthread_mutex_init(&resolver->lock, NULL);
	resolver->answers = ft_queue_new(ANSWERS_MAX, drop_answer);
	resolver->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = !resolver->answers || resolver->wake_fd < 0 ? ARES_ENOMEM : open_channel(resolver, servers);
	if (ret != ARES_SUCCESS) {
		snprintf(err, err_size, _("no reverse DNS: %s"), ares_strerror(ret));
		release(resolver);
		return NULL;
	}
	ret = ft_thread_start(&resolver->thread, run, resolver);
	if (ret) {
		snprintf(err, err_size, _("no reverse DNS: %s"), strerror(-ret));
		ares_destroy(resolver->channel);
		ares_library_cleanup();
		release(resolver);
		return NULL;
	}
	return resolver;
}

struct ft_resolver *ft_resolver_start(char *err, unsigned err_size)
{
	return ft_resolver_start_at(NULL, err, err_size);
}

void ft_resolver_stop(struct ft_resolver *resolver)
{
	if (!resolver)
		return;
	pthread_mutex_lock(&resolver->lock);
	resolver->stop = true;
	pthread_mutex_unlock(&resolver->lock);
	(void)!eventfd_write(resolver->wake_fd, 1);
	pthread_join(resolver->thread, NULL);
	ares_library_cleanup();
	release(resolver);
}

/* Where an address is among those wanted. */
static size_t find_wanted(const struct ft_resolver *resolver, const uint8_t addr[16])
{
	size_t i = 0;

	while (i < resolver->wanted_count && memcmp(resolver->wanted[i], addr, 16) != 0)
		i++;
	return i;
}

void ft_resolver_ask(struct ft_resolver *resolver, const uint8_t addr[16])
{
	bool taken = false;

	if (resolver->wanted_count == WANTED_MAX ||
	    find_wanted(resolver, addr) < resolver->wanted_count)
		return;
	pthread_mutex_lock(&resolver->lock);
	if (resolver->asked_count - resolver->under_way < WAITING_MAX &&
	    find_asked(resolver, addr) == resolver->asked_count) {
		memcpy(resolver->asked[resolver->asked_count++], addr, 16);
		taken = true;
	}
	pthread_mutex_unlock(&resolver->lock);
	if (!taken)
		return;
	memcpy(resolver->wanted[resolver->wanted_count++], addr, 16);
	(void)!eventfd_write(resolver->wake_fd, 1);
}

struct ft_resolver_answer *ft_resolver_take(struct ft_resolver *resolver)
{
	struct ft_resolver_answer *answer = ft_queue_take(resolver->answers);
	size_t i = answer ? find_wanted(resolver, answer->addr) : resolver->wanted_count;

	if (i < resolver->wanted_count)
		memmove(resolver->wanted[i], resolver->wanted[--resolver->wanted_count], 16);
	return answer;
}

int ft_resolver_fd(const struct ft_resolver *resolver)
{
	return ft_queue_fd(resolver->answers);
}
