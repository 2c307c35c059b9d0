/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners from sock_diag and /proc: the parsers on text as kernels wrote it (and as a hostile
 * process may make it), the table of sockets, and the whole way on sockets of this process and
 * of a child of it, on loopback. Needs no privilege: one's own processes can be looked into.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "capture/owner_proc.h"
#include "capture/proc_info.h"
#include "capture/proc_scan.h"
#include "capture/sock_diag.h"
#include "capture/sock_table.h"
#include "core/addr.h"

#define SECOND UINT64_C(1000000000)
#define ROUNDS 200 /* of a second's budget each: more than any walk takes */
#define STEPS 200000 /* of a process or a bit of one: the same */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static void addr(const char *text, uint8_t to[16])
{
	assert_int_equal(ft_addr_parse(text, to), 0);
}

/* ---- parsers */

static void test_proc_net(void **state)
{
	static const struct {
		const char *line, *local, *remote;
		uint8_t protocol, as_protocol;
		bool raw;
		unsigned int local_port, remote_port, state, uid, inode, send, receive, drops;
	} rows[] = {
		{ "   0: 0100007F:0016 0200A8C0:8235 01 00000A00:0000000B 02:000AF0C1 00000000  1000        0 30412 4 ffff8880 20 4 30 10 -1",
		  "127.0.0.1", "192.168.0.2", 6, 6, false, 22, 33333, 1, 1000, 30412, 2560, 11,
		  0 },
		{ " 123: 00000000000000000000000000000000:15B3 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 117404 1 ffff8880",
		  "::", "::", 6, 6, false, 5555, 0, 10, 0, 117404, 0, 0, 0 },
		{ "    1: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000300 00:00000000 00000000   101        0 999 2 0000000000000000 77",
		  "2001:db8::1", "::", 17, 17, false, 53, 0, 7, 101, 999, 0, 768, 77 },
		{ "    1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 117409 2 0000000000000000 0",
		  "0.0.0.0", "0.0.0.0", 255, 1, true, 1, 0, 7, 0, 117409, 0, 0, 0 },
	};
	static const char *const bad[] = {
		"", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt",
		"   0: 0100007F:0016 0200A8C0:8235 01 00000000:00000000 02:000AF0C1",
		"   0: 0100007:0016 0200A8C0:8235 01 00000000:00000000 02:000AF0C1 00000000  1000        0 30412",
		"   0: 000000000000000000000000000000000:1 0:0 1 0:0 0:0 0 0 0 1",
	};
	struct ft_proc_queues queues;
	struct ft_sock sock;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[FT_ADDR_TEXT_MAX];

		assert_true(ft_proc_net_parse(rows[i].line, rows[i].protocol, rows[i].raw, &sock,
					      &queues));
		assert_string_equal(ft_addr_format(sock.local, text), rows[i].local);
		assert_string_equal(ft_addr_format(sock.remote, text), rows[i].remote);
		assert_int_equal(sock.protocol, rows[i].as_protocol);
		assert_int_equal(sock.raw, rows[i].raw);
		assert_int_equal(ntohs(sock.local_port_be), rows[i].local_port);
		assert_int_equal(ntohs(sock.remote_port_be), rows[i].remote_port);
		assert_int_equal(sock.state, rows[i].state);
		assert_int_equal(sock.uid, rows[i].uid);
		assert_int_equal(sock.inode, rows[i].inode);
		assert_int_equal(queues.send, rows[i].send);
		assert_int_equal(queues.receive, rows[i].receive);
		assert_int_equal(queues.drops, rows[i].drops);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ft_proc_net_parse(bad[i], 6, false, &sock, &queues));
}

static void test_stat(void **state)
{
	static const char tail[] =
		" 77 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 1000 200 18446744073709551615";
	static const char *const names[] = { "cat", "a) R 1 2 3 (b", "", "x\ny )", "(((" };
	char text[512];
	uint64_t ticks;
	int32_t ppid;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "812 (%s) S%s", names[i], tail);
		assert_int_equal(ft_proc_parse_stat(text, &ppid, &ticks), 0);
		assert_int_equal(ppid, 77);
		assert_int_equal(ticks, 4242);
	}
	assert_int_equal(ft_proc_parse_stat("", &ppid, &ticks), -EBADMSG);
	assert_int_equal(ft_proc_parse_stat("812 (cat", &ppid, &ticks), -EBADMSG);
	assert_int_equal(ft_proc_parse_stat("812 (cat) S 77 5", &ppid, &ticks), -EBADMSG);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_cgroup(void **state)
{
	static const struct {
		const char *text, *path, *unit, *container;
	} rows[] = {
		{ "0::/system.slice/ssh.service\n", "/system.slice/ssh.service", "ssh.service", "" },
		{ "0::/\n", "/", "", "" },
		{ "", "", "", "" },
		{ "no colon\n:\n", "", "", "" },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope\n",
		  "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope",
		  "app-x.scope", "" },
		{ "12:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/\n",
		  "/docker/" ID, "", "0123456789ab" },
		{ "1:name=systemd:/a\n0::/system.slice/docker-" ID ".scope\n",
		  "/system.slice/docker-" ID ".scope", "docker-" ID ".scope", "0123456789ab" },
		{ "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope",
		  "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope",
		  "cri-containerd-" ID ".scope", "0123456789ab" },
		{ "0::/x/" ID "0\n", "/x/" ID "0", "", "" },
		{ "0::/lxc.payload.web/init.scope\n", "/lxc.payload.web/init.scope", "init.scope",
		  "web" },
		{ "0::/machine.slice/machine-deb.scope\n", "/machine.slice/machine-deb.scope",
		  "machine-deb.scope", "deb" },
		{ "4:cpu,cpuacct:/grp:with:colons\n", "/grp:with:colons", "", "" },
	};
	char path[256], unit[128], container[64], small[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ft_proc_parse_cgroup(rows[i].text, path, sizeof(path));
		assert_string_equal(path, rows[i].path);
		ft_proc_unit_of(path, unit, sizeof(unit));
		assert_string_equal(unit, rows[i].unit);
		ft_proc_container_of(path, container, sizeof(container));
		assert_string_equal(container, rows[i].container);
	}
	ft_proc_parse_cgroup(rows[0].text, small, sizeof(small));
	assert_string_equal(small, "/system");
}

/* A process as it is: this one, under a name that wants to be mistaken. */
static void test_process(void **state)
{
	static struct ft_proc_info info;
	static struct ft_users users;
	uint64_t boot = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
	char exe[1024] = "";

	(void)state;
	assert_int_equal(pthread_setname_np(pthread_self(), "a) R (\x1b[2J"), 0);
	assert_int_equal(ft_proc_info_read(getpid(), boot, &users, &info), 0);
	assert_string_equal(info.process.name, "a) R (\x1b[2J");
	assert_int_equal(info.process.pid, getpid());
	assert_int_equal(info.process.ppid, getppid());
	assert_int_equal(info.process.uid, geteuid());
	assert_int_equal(info.process.gid, getegid());
	assert_true(info.process.start_ns <= clock_ns(CLOCK_REALTIME));
	assert_true(clock_ns(CLOCK_REALTIME) - info.process.start_ns < 3600 * SECOND);
	assert_int_equal(info.process.start_ns, ft_proc_info_start(getpid(), boot));
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_string_equal(info.process.exe, exe);
	assert_non_null(strstr(info.process.cmdline, "test_owner_proc"));
	assert_true(info.process.user[0] != '\0');
	assert_int_equal(ft_proc_info_read(0x3fffffff, boot, &users, &info), -ENOENT);
	assert_int_equal(ft_proc_info_start(0x3fffffff, boot), 0);
	pthread_setname_np(pthread_self(), "test_owner_proc");
}

/* ---- the table of sockets */

static struct ft_sock make_sock(const char *local, uint16_t local_port, const char *remote,
				uint16_t remote_port, uint32_t inode)
{
	struct ft_sock sock = { .protocol = 17, .inode = inode, .cookie = inode };

	addr(local, sock.local);
	addr(remote, sock.remote);
	sock.local_port_be = htons(local_port);
	sock.remote_port_be = htons(remote_port);
	return sock;
}

/* The inode that a packet from remote to local is for; 0 = none. */
static uint32_t match(const struct ft_sock_table *table, const char *local, uint16_t local_port,
		      const char *remote, uint16_t remote_port)
{
	struct ft_sock want = make_sock(local, local_port, remote, remote_port, 0);
	uint64_t seen;
	const struct ft_sock *sock = ft_sock_table_match(table, 17, want.local,
							 want.local_port_be, want.remote,
							 want.remote_port_be, &seen);

	return sock ? sock->inode : 0;
}

static void put(struct ft_sock_table *table, struct ft_sock sock, uint64_t now, uint64_t round)
{
	ft_sock_table_put(table, &sock, now, round);
}

static void test_match(void **state)
{
	struct ft_sock_table *table = ft_sock_table_new();

	(void)state;
	put(table, make_sock("10.0.0.1", 53, "10.0.0.9", 4000, 1), SECOND, 1);
	put(table, make_sock("10.0.0.1", 53, "0.0.0.0", 0, 2), SECOND, 1);
	put(table, make_sock("0.0.0.0", 53, "0.0.0.0", 0, 3), SECOND, 1);
	put(table, make_sock("::", 67, "::", 0, 4), SECOND, 1);
	put(table, make_sock("10.0.0.1", 99, "0.0.0.0", 0, 0), SECOND, 1); /* no file */
	assert_int_equal(ft_sock_table_count(table), 4);
	assert_int_equal(match(table, "10.0.0.1", 53, "10.0.0.9", 4000), 1);
	assert_int_equal(match(table, "10.0.0.1", 53, "10.0.0.9", 4001), 2);
	assert_int_equal(match(table, "10.0.0.2", 53, "10.0.0.9", 4000), 3);
	assert_int_equal(match(table, "2001:db8::1", 53, "2001:db8::2", 1), 0);
	assert_int_equal(match(table, "10.0.0.2", 67, "10.0.0.9", 1), 4);
	assert_int_equal(match(table, "2001:db8::1", 67, "2001:db8::2", 1), 4);
	assert_int_equal(match(table, "10.0.0.1", 99, "10.0.0.9", 1), 0);
	assert_int_equal(ft_sock_table_find_cookie(table, 3)->inode, 3);
	assert_null(ft_sock_table_find_cookie(table, 0));
	assert_null(ft_sock_table_find_cookie(table, 77));
	ft_sock_table_free(table);
	ft_sock_table_free(NULL);
}

/* Several with the same ends answer to none; one after another is the newer one. */
static void test_shared(void **state)
{
	struct ft_sock_table *table = ft_sock_table_new();

	(void)state;
	put(table, make_sock("10.0.0.1", 53, "10.0.0.9", 4000, 1), SECOND, 1);
	put(table, make_sock("10.0.0.1", 53, "10.0.0.9", 4000, 2), 2 * SECOND, 2);
	assert_int_equal(match(table, "10.0.0.1", 53, "10.0.0.9", 4000), 2);
	assert_null(ft_sock_table_find_cookie(table, 1));
	put(table, make_sock("10.0.0.1", 53, "10.0.0.9", 4000, 3), 2 * SECOND, 2);
	assert_int_equal(match(table, "10.0.0.1", 53, "10.0.0.9", 4000), 0);
	/* seen without a rival for long: it is alone now */
	put(table, make_sock("10.0.0.1", 53, "10.0.0.9", 4000, 3), 40 * SECOND, 40);
	assert_int_equal(match(table, "10.0.0.1", 53, "10.0.0.9", 4000), 3);
	put(table, make_sock("0.0.0.0", 80, "0.0.0.0", 0, 5), 41 * SECOND, 41);
	put(table, make_sock("0.0.0.0", 80, "0.0.0.0", 0, 6), 42 * SECOND, 42);
	assert_int_equal(match(table, "10.0.0.1", 80, "10.0.0.9", 1), 0);
	ft_sock_table_free(table);
}

static void test_forget(void **state)
{
	struct ft_sock_table *table = ft_sock_table_new();

	(void)state;
	for (uint32_t i = 1; i <= FT_SOCK_TABLE_MAX + 10; i++)
		put(table, make_sock("10.0.0.1", (uint16_t)i, "10.0.0.9", (uint16_t)(1 + i / 65536),
				     i), i % 2 ? SECOND : 2 * SECOND, 1);
	assert_int_equal(ft_sock_table_count(table), FT_SOCK_TABLE_MAX);
	assert_int_equal(ft_sock_table_refused(table), 10);
	ft_sock_table_forget(table, 2 * SECOND);
	assert_int_equal(ft_sock_table_count(table), FT_SOCK_TABLE_MAX / 2);
	assert_int_equal(match(table, "10.0.0.1", 4, "10.0.0.9", 1), 4);
	assert_int_equal(match(table, "10.0.0.1", 5, "10.0.0.9", 1), 0);
	assert_int_equal(ft_sock_table_find_cookie(table, 4)->inode, 4);
	assert_null(ft_sock_table_find_cookie(table, 5));
	put(table, make_sock("10.0.0.1", 5, "10.0.0.9", 1, 500000), 3 * SECOND, 2);
	assert_int_equal(match(table, "10.0.0.1", 5, "10.0.0.9", 1), 500000);
	ft_sock_table_free(table);
}

/* ---- real sockets */

struct pair { /* a TCP connection on loopback */
	int listener, client, server;
	struct sockaddr_in client_addr, server_addr;
};

static uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

static int loopback_socket(int type, struct sockaddr_in *ret_addr, bool any)
{
	socklen_t length = sizeof(*ret_addr);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->sin_family = AF_INET;
	ret_addr->sin_addr.s_addr = htonl(any ? INADDR_ANY : INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)ret_addr, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret_addr, &length), 0);
	return fd;
}

static void connect_pair(struct pair *pair)
{
	socklen_t length = sizeof(pair->server_addr);

	pair->listener = loopback_socket(SOCK_STREAM, &pair->server_addr, true);
	assert_int_equal(listen(pair->listener, 8), 0);
	pair->server_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	pair->client = loopback_socket(SOCK_STREAM, &pair->client_addr, false);
	assert_int_equal(connect(pair->client, (struct sockaddr *)&pair->server_addr, length), 0);
	pair->server = accept4(pair->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(pair->server >= 0);
}

/* Closes and leaves nothing in TIME_WAIT. */
static void abort_socket(int fd)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

/* A flow between two ends of loopback, a = the first. */
static struct ft_flow flow_of(uint8_t protocol, uint16_t port_a_be, uint16_t port_b_be,
			      uint64_t first_ns)
{
	struct ft_flow flow = { .first_ns = first_ns, .initiator = FT_END_NONE };

	addr("127.0.0.1", flow.key.addr_a);
	addr("127.0.0.1", flow.key.addr_b);
	flow.key.port_a_be = port_a_be;
	flow.key.port_b_be = port_b_be;
	flow.key.protocol = protocol;
	flow.key.ip_version = 4;
	return flow;
}

static struct ft_owner_query query_of(const struct ft_flow *flow, enum ft_end initiator)
{
	return (struct ft_owner_query){ .flow = flow, .initiator = initiator,
					.end_is_own = { true, true } };
}

/* Asks until the answer is final or all ends are known; with rounds of plenty of time. */
static void resolve(struct ft_owner_proc *source, struct ft_owner_query *query)
{
	for (int i = 0; i < ROUNDS; i++) {
		ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), SECOND);
		ft_owner_proc_resolve(source, query);
		if (query->final)
			return;
	}
	fail_msg("no final answer");
}

/* Once, as the collector does. */
static void resolve_once(struct ft_owner_proc *source, struct ft_owner_query *query)
{
	ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), SECOND);
	ft_owner_proc_resolve(source, query);
}

struct found {
	uint32_t inode;
	size_t count;
};

static void count_inode(void *arg, const struct ft_sock *sock)
{
	struct found *found = arg;

	found->count += sock->inode == found->inode;
}

/* The kernel's look-up: the connected one, the listener, the wildcard; and dumps list them. */
static void test_sock_diag(void **state)
{
	struct ft_sock_diag *diag = ft_sock_diag_new();
	struct sockaddr_in udp_addr;
	int udp = loopback_socket(SOCK_DGRAM, &udp_addr, true);
	struct ft_sock sock;
	struct pair pair;
	uint8_t lo[16];
	const struct { uint8_t protocol; int fd; } dumps[] = {
		{ IPPROTO_TCP, -1 }, { IPPROTO_TCP, -2 }, { IPPROTO_UDP, udp },
	};

	(void)state;
	addr("127.0.0.1", lo);
	connect_pair(&pair);
	assert_int_equal(ft_sock_diag_look_up(diag, IPPROTO_TCP, lo, pair.client_addr.sin_port, lo,
					      pair.server_addr.sin_port, &sock), 0);
	assert_int_equal(sock.inode, inode_of(pair.client));
	assert_int_equal(sock.uid, geteuid());
	assert_int_equal(sock.state, 1);
	assert_true(sock.cookie != 0);
	assert_int_equal(ft_sock_diag_look_up(diag, IPPROTO_TCP, lo, pair.server_addr.sin_port, lo,
					      pair.client_addr.sin_port, &sock), 0);
	assert_int_equal(sock.inode, inode_of(pair.server));
	assert_int_equal(ft_sock_diag_look_up(diag, IPPROTO_TCP, lo, pair.server_addr.sin_port, lo,
					      htons(1), &sock), 0);
	assert_int_equal(sock.inode, inode_of(pair.listener));
	assert_int_equal(sock.state, FT_SOCK_LISTEN);
	assert_int_equal(ft_sock_diag_look_up(diag, IPPROTO_UDP, lo, udp_addr.sin_port, lo,
					      htons(1), &sock), 0);
	assert_int_equal(sock.inode, inode_of(udp));
	assert_int_equal(ft_sock_diag_look_up(diag, IPPROTO_TCP, lo, pair.client_addr.sin_port, lo,
					      htons(1), &sock), -ENOENT);
	for (size_t i = 0; i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		int fd = dumps[i].fd == -1 ? pair.client :
			 dumps[i].fd == -2 ? pair.listener : dumps[i].fd;
		struct found found = { .inode = inode_of(fd) };
		int ret;

		assert_int_equal(ft_sock_diag_dump(diag, dumps[i].protocol), 0);
		while ((ret = ft_sock_diag_step(diag, count_inode, &found)) > 0)
			;
		assert_int_equal(ret, 0);
		assert_int_equal(found.count, 1);
	}
	assert_int_equal(ft_sock_diag_step(diag, count_inode, NULL), 0);
	ft_sock_diag_free(diag);
	close(pair.client);
	close(pair.server);
	close(pair.listener);
	close(udp);
}

/* A connection within this process: both ends are ours; found by the first round. */
static void test_both_ends(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	const struct ft_process *process;
	struct ft_owner_query query;
	struct ft_flow flow;
	struct pair pair;

	(void)state;
	connect_pair(&pair);
	flow = flow_of(IPPROTO_TCP, pair.client_addr.sin_port, pair.server_addr.sin_port,
		       clock_ns(CLOCK_REALTIME));
	query = query_of(&flow, FT_END_A);
	resolve(source, &query);
	process = ft_owners_process(owners, query.owner[0]);
	assert_non_null(process);
	assert_int_equal(process->pid, getpid());
	assert_int_equal(query.owner[1], query.owner[0]);
	assert_ptr_equal(strstr(ft_owner_proc_describe(source), "sock_diag, /proc"),
			 ft_owner_proc_describe(source)); /* others may be out of reach */

	/* closed: the client's socket is remembered, the server's end falls to its listener */
	abort_socket(pair.client);
	close(pair.server);
	query = query_of(&flow, FT_END_A);
	resolve_once(source, &query);
	assert_true(query.final);
	assert_int_equal(query.owner[0], process->id);
	assert_int_equal(query.owner[1], process->id);
	close(pair.listener);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* More connections that wait than are asked about in a round: the rest is unknown, not the kernel's. */
static void test_many_waiting(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	struct sockaddr_in addr;
	int listener = loopback_socket(SOCK_STREAM, &addr, false);
	struct ft_sock sock = {
		.local = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 },
		.local_port_be = addr.sin_port,
		.protocol = IPPROTO_TCP,
		.state = FT_SOCK_ESTABLISHED,
	};
	size_t ours = 0, unknown = 0;
	uint16_t owner;

	(void)state;
	assert_int_equal(listen(listener, 8), 0);
	assert_true(ft_owner_proc_is_waiting(&sock));
	ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), SECOND);
	for (int i = 0; i < 2000; i++) {
		owner = ft_owner_proc_of_listener(source, &sock);
		ours += ft_owners_process(owners, owner) &&
			ft_owners_process(owners, owner)->pid == getpid();
		unknown += owner == FT_OWNER_UNKNOWN;
	}
	assert_true(ours > 0 && unknown > 0);
	assert_int_equal(ours + unknown, 2000);
	/* Nobody listens there any more. */
	close(listener);
	ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC) + SECOND, SECOND);
	assert_int_equal(ft_owner_proc_of_listener(source, &sock), FT_OWNER_KERNEL);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* A connection is its listener's where nobody accepts it, but not before there was time to: with
 * two processes at the listener, it is whoever's accepts it. */
static void test_accepted_by(void **state)
{
	static const bool accepted[] = { true, false };

	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct ft_owners *owners = ft_owners_new();
		struct ft_owner_proc *source = ft_owner_proc_new(owners);
		struct sockaddr_in server_addr, client_addr;
		int listener = loopback_socket(SOCK_STREAM, &server_addr, false);
		int client = loopback_socket(SOCK_STREAM, &client_addr, false), go[2], up[2];
		struct ft_owner_query query;
		struct ft_flow flow;
		pid_t child;
		char byte;

		assert_int_equal(listen(listener, 8), 0);
		assert_int_equal(pipe(go) | pipe(up), 0);
		child = fork();
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)!read(go[0], &byte, 1);
			(void)!accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			(void)!write(up[1], "", 1);
			for (;;)
				pause();
		}
		assert_int_equal(connect(client, (struct sockaddr *)&server_addr,
					 sizeof(server_addr)), 0);
		flow = flow_of(IPPROTO_TCP, client_addr.sin_port, server_addr.sin_port,
			       clock_ns(CLOCK_REALTIME));
		query = query_of(&flow, FT_END_A);
		resolve_once(source, &query);
		assert_false(query.final);
		assert_int_equal(query.owner[1], FT_OWNER_UNKNOWN);
		if (accepted[i]) {
			assert_int_equal(write(go[1], "", 1), 1);
			assert_int_equal(read(up[0], &byte, 1), 1);
		}
		resolve(source, &query);
		assert_non_null(ft_owners_process(owners, query.owner[0]));
		assert_int_equal(ft_owners_process(owners, query.owner[0])->pid, getpid());
		assert_non_null(ft_owners_process(owners, query.owner[1]));
		assert_int_equal(ft_owners_process(owners, query.owner[1])->pid,
				 accepted[i] ? child : getpid());
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		abort_socket(client);
		close(listener);
		for (int j = 0; j < 2; j++) {
			close(go[j]);
			close(up[j]);
		}
		ft_owner_proc_free(source);
		ft_owners_free(owners);
	}
}

/* A foreign end is left alone; what is known already too. */
static void test_other_ends(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	struct sockaddr_in addr_in;
	int udp = loopback_socket(SOCK_DGRAM, &addr_in, true);
	struct ft_flow flow = flow_of(IPPROTO_UDP, addr_in.sin_port, htons(1),
				      clock_ns(CLOCK_REALTIME));
	struct ft_owner_query query = query_of(&flow, FT_END_B);

	(void)state;
	query.end_is_own[1] = false;
	query.owner[1] = FT_OWNER_FOREIGN;
	resolve(source, &query);
	assert_int_equal(ft_owners_process(owners, query.owner[0])->pid, getpid());
	assert_int_equal(query.owner[1], FT_OWNER_FOREIGN);
	close(udp);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* Nobody has such a socket: unknown, asked again until its protocol's sockets were read four times
 * since the flow began, then never more. Time alone ends nothing. */
static void test_never_guessed(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	struct sockaddr_in server_addr;
	int listener = loopback_socket(SOCK_STREAM, &server_addr, true);
	struct ft_flow flow = flow_of(IPPROTO_TCP, server_addr.sin_port, htons(9),
				      clock_ns(CLOCK_REALTIME));
	struct ft_owner_query query = query_of(&flow, FT_END_A);

	(void)state;
	assert_int_equal(listen(listener, 1), 0);
	/* a listener opens no connections: this one, opened from its port, isn't its own */
	resolve_once(source, &query);
	assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);
	assert_int_equal(query.owner[1], FT_OWNER_UNKNOWN);
	assert_false(query.final);
	/* as old as may be, and no time for reading: nothing is concluded */
	flow.first_ns -= 60 * SECOND;
	for (int i = 0; i < 10; i++) {
		query = query_of(&flow, FT_END_A);
		ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), 0);
		ft_owner_proc_resolve(source, &query);
		assert_false(query.final);
	}
	for (int i = 0; i < 4; i++) {
		assert_false(query.final);
		query = query_of(&flow, FT_END_A);
		resolve_once(source, &query);
	}
	assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);
	assert_true(query.final);
	/* one that began just now was in none of those */
	flow.first_ns = clock_ns(CLOCK_REALTIME);
	query = query_of(&flow, FT_END_A);
	resolve_once(source, &query);
	assert_false(query.final);
	close(listener);

	/* fragments have no ports, hence no socket */
	flow = flow_of(IPPROTO_UDP, 0, 0, clock_ns(CLOCK_REALTIME));
	query = query_of(&flow, FT_END_A);
	resolve_once(source, &query);
	assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);
	assert_true(query.final);
	assert_int_equal(ft_owners_count(owners), 0);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* What has no socket is the kernel's: echo replies, errors; not the request nobody sent. */
static void test_kernel(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	struct ft_flow flow = flow_of(IPPROTO_ICMP, htons(0xbeef), htons(8 << 8),
				      clock_ns(CLOCK_REALTIME));
	struct ft_owner_query query = query_of(&flow, FT_END_B);

	(void)state;
	query.end_is_own[1] = false;
	query.owner[1] = FT_OWNER_FOREIGN;
	resolve_once(source, &query);
	assert_true(query.final);
	assert_int_equal(query.owner[0], FT_OWNER_KERNEL);

	query = query_of(&flow, FT_END_NONE);
	resolve_once(source, &query);
	assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);

	flow = flow_of(IPPROTO_ICMP, 0, htons(3 << 8 | 3), clock_ns(CLOCK_REALTIME));
	query = query_of(&flow, FT_END_A);
	resolve_once(source, &query);
	assert_true(query.final);
	assert_int_equal(query.owner[0], FT_OWNER_KERNEL);
	assert_int_equal(query.owner[1], FT_OWNER_KERNEL);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* A child's socket is the child's, and still is when the child has ended. */
static void test_child(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	const struct ft_process *process;
	struct ft_owner_query query;
	struct ft_flow flow;
	int pipe_fds[2];
	in_port_t port;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	if (child == 0) {
		struct sockaddr_in addr_in;

		loopback_socket(SOCK_DGRAM, &addr_in, false);
		(void)!write(pipe_fds[1], &addr_in.sin_port, sizeof(port));
		for (;;)
			pause();
	}
	assert_int_equal(read(pipe_fds[0], &port, sizeof(port)), (ssize_t)sizeof(port));
	flow = flow_of(IPPROTO_UDP, port, htons(1), clock_ns(CLOCK_REALTIME));
	query = query_of(&flow, FT_END_A);
	query.end_is_own[1] = false;
	resolve(source, &query);
	process = ft_owners_process(owners, query.owner[0]);
	assert_non_null(process);
	assert_int_equal(process->pid, child);
	assert_int_equal(process->ppid, getpid());
	assert_int_equal(process->exited_ns, 0);

	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	query = query_of(&flow, FT_END_A);
	query.end_is_own[1] = false;
	resolve_once(source, &query);
	assert_int_equal(query.owner[0], process->id);
	/* its end is noticed when /proc is listed again, some seconds later */
	for (int i = 0; i < ROUNDS && process->exited_ns == 0; i++) {
		usleep(100000);
		ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), SECOND);
		process = ft_owners_process(owners, query.owner[0]);
		assert_non_null(process);
	}
	assert_true(process->exited_ns >= flow.first_ns);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* A program that another one has become under its pid owns what it opens from then on. */
static void test_renamed(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	const char *const names[] = { "before", "after" };
	const struct ft_process *process;
	struct ft_owner_query query;
	int up[2], down[2];
	in_port_t port;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(up) | pipe(down), 0);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 2; i++) {
			struct sockaddr_in addr_in;
			char go;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, names[i]);
			loopback_socket(SOCK_DGRAM, &addr_in, false);
			(void)!write(up[1], &addr_in.sin_port, sizeof(port));
			(void)!read(down[0], &go, 1);
		}
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		struct ft_flow flow;

		assert_int_equal(read(up[0], &port, sizeof(port)), (ssize_t)sizeof(port));
		flow = flow_of(IPPROTO_UDP, port, htons(1), clock_ns(CLOCK_REALTIME));
		query = query_of(&flow, FT_END_A);
		query.end_is_own[1] = false;
		resolve(source, &query);
		process = ft_owners_process(owners, query.owner[0]);
		assert_non_null(process);
		assert_int_equal(process->pid, child);
		assert_string_equal(process->name, names[i]);
		assert_int_equal(write(down[1], "x", 1), 1);
	}
	waitpid(child, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(down[i]);
		close(up[i]);
	}
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* True if there is a record of a process. */
static bool has_pid(const struct ft_owners *owners, pid_t pid)
{
	for (uint16_t id = FT_OWNER_FIRST; id < 1000; id++) {
		const struct ft_process *process = ft_owners_process(owners, id);

		if (process && process->pid == pid)
			return true;
	}
	return false;
}

/* Two processes that are older than flowtop hold a socket, and whichever is looked at first: a copy's
 * is its parent's, one that became another program holds it in its own right. */
static void test_inherited_before(void **state)
{
	static const bool other_program[] = { false, true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct ft_owners *owners = ft_owners_new();
		struct ft_owner_proc *source;
		const struct ft_process *process;
		struct ft_owner_query query;
		struct sockaddr_in addr_in;
		struct ft_flow flow;
		int up[2], ours;
		pid_t child;
		char byte;

		assert_int_equal(pipe(up), 0);
		ours = loopback_socket(SOCK_DGRAM, &addr_in, false);
		child = fork();
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			fcntl(ours, F_SETFD, 0);
			fcntl(up[1], F_SETFD, FD_CLOEXEC); /* closed: it is what it will be */
			if (other_program[i])
				execlp("sleep", "sleep", "60", NULL);
			(void)!write(up[1], "", 1);
			pause();
			_exit(0);
		}
		close(up[1]);
		assert_int_equal(read(up[0], &byte, 1), !other_program[i]);
		close(up[0]);
		source = ft_owner_proc_new(owners);
		flow = flow_of(IPPROTO_UDP, addr_in.sin_port, htons(1), clock_ns(CLOCK_REALTIME));
		query = query_of(&flow, FT_END_A);
		query.end_is_own[1] = false;
		resolve(source, &query);
		process = ft_owners_process(owners, query.owner[0]);
		assert_non_null(process);
		assert_int_equal(process->pid, other_program[i] ? child : getpid());
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(ours);
		ft_owner_proc_free(source);
		ft_owners_free(owners);
	}
}

/* A process that lived between two rounds: a glance saw it, so its flow finds it. And a flow
 * that began long after its socket was closed does not. */
static void test_glance(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	uint64_t begun = clock_ns(CLOCK_REALTIME);
	struct ft_owner_query query;
	struct ft_flow flow;
	int down[2], up[2];
	in_port_t port;
	pid_t child;

	(void)state;
	ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), SECOND);
	assert_in_range(ft_owner_proc_glance(source), SECOND / 10, SECOND);
	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	child = fork();
	if (child == 0) {
		struct sockaddr_in addr_in;
		char go;

		loopback_socket(SOCK_DGRAM, &addr_in, true);
		(void)!write(up[1], &addr_in.sin_port, sizeof(port));
		(void)!read(down[0], &go, 1);
		_exit(0);
	}
	assert_int_equal(read(up[0], &port, sizeof(port)), (ssize_t)sizeof(port));
	for (int i = 0; i < ROUNDS && !has_pid(owners, child); i++) {
		ft_owner_proc_glance(source);
		usleep(10000);
	}
	for (int i = 0; i < 20; i++) /* the list of sockets may take a few */
		ft_owner_proc_glance(source);
	assert_int_equal(write(down[1], "x", 1), 1);
	waitpid(child, NULL, 0);

	flow = flow_of(IPPROTO_UDP, port, htons(9), begun);
	query = query_of(&flow, FT_END_A);
	query.end_is_own[1] = false;
	resolve_once(source, &query);
	assert_true(query.final);
	assert_non_null(ft_owners_process(owners, query.owner[0]));
	assert_int_equal(ft_owners_process(owners, query.owner[0])->pid, child);

	sleep(2); /* seen for the last time more than a second ago, then */
	flow.first_ns = clock_ns(CLOCK_REALTIME);
	query = query_of(&flow, FT_END_A);
	query.end_is_own[1] = false;
	resolve_once(source, &query);
	assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);
	for (int i = 0; i < 2; i++) {
		close(down[i]);
		close(up[i]);
	}
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* What a process that was just forked has from its parent is the parent's; what somebody let go of
 * is whoever's holds it then. */
static void test_inherited(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	const struct ft_process *process;
	struct ft_owner_query query;
	struct sockaddr_in addr_in;
	int go[2], up[2], ours;
	pid_t child, ids[2];
	struct ft_flow flow;
	in_port_t port;
	char byte;

	(void)state;
	ft_owner_proc_glance(source); /* what is listed from now on is young */
	assert_int_equal(pipe(go) | pipe(up), 0);
	ours = loopback_socket(SOCK_DGRAM, &addr_in, false);
	child = fork();
	if (child == 0) {
		struct sockaddr_in own;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		loopback_socket(SOCK_DGRAM, &own, false);
		(void)!write(up[1], &own.sin_port, sizeof(port));
		(void)!read(go[0], &byte, 1);
		ids[0] = fork();
		ids[1] = getpid();
		if (ids[0] == 0) {
			prctl(PR_SET_PDEATHSIG, 0);
			(void)!read(go[0], &byte, 1);
			_exit(0);
		}
		(void)!write(up[1], ids, sizeof(ids));
		_exit(0);
	}
	assert_int_equal(read(up[0], &port, sizeof(port)), (ssize_t)sizeof(port));
	for (int i = 0; i < ROUNDS && !has_pid(owners, child); i++) {
		ft_owner_proc_glance(source);
		usleep(10000);
	}
	assert_true(has_pid(owners, child));
	flow = flow_of(IPPROTO_UDP, addr_in.sin_port, htons(1), clock_ns(CLOCK_REALTIME));
	query = query_of(&flow, FT_END_A);
	query.end_is_own[1] = false;
	resolve(source, &query);
	process = ft_owners_process(owners, query.owner[0]);
	assert_non_null(process);
	assert_int_equal(process->pid, getpid());

	/* the child's own goes to its child */
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(read(up[0], ids, sizeof(ids)), (ssize_t)sizeof(ids));
	assert_int_equal(ids[1], child);
	waitpid(child, NULL, 0);
	flow = flow_of(IPPROTO_UDP, port, htons(1), clock_ns(CLOCK_REALTIME));
	query = query_of(&flow, FT_END_A);
	query.end_is_own[1] = false;
	resolve(source, &query);
	process = ft_owners_process(owners, query.owner[0]);
	assert_non_null(process);
	assert_int_equal(process->pid, ids[0]);
	assert_int_equal(write(go[1], "x", 1), 1);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(up[i]);
	}
	close(ours);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* Sends a socket on its way to another process, so that none holds it, or takes it from there. */
static int hand_on(const int way[2], int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	if (fd < 0) {
		assert_int_equal(recvmsg(way[1], &msg, MSG_CMSG_CLOEXEC), 1);
		memcpy(&fd, CMSG_DATA(head), sizeof(int));
		return fd;
	}
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	assert_int_equal(sendmsg(way[0], &msg, 0), 1);
	close(fd);
	return -1;
}

/* A socket on its way from one process to another, held by none for a whole walk: it is searched
 * again, and found where it arrives. */
static void test_handed_on(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	struct sockaddr_in addr_in;
	int fd = loopback_socket(SOCK_DGRAM, &addr_in, false), way[2];
	struct ft_flow flow = flow_of(IPPROTO_UDP, addr_in.sin_port, htons(9),
				      clock_ns(CLOCK_REALTIME));
	struct ft_owner_query query = query_of(&flow, FT_END_A);

	(void)state;
	query.end_is_own[1] = false;
	query.owner[1] = FT_OWNER_FOREIGN;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, way), 0);
	hand_on(way, fd);
	resolve_once(source, &query); /* a walk through all */
	assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);
	assert_false(query.final);
	fd = hand_on(way, -1);
	resolve(source, &query);
	assert_non_null(ft_owners_process(owners, query.owner[0]));
	assert_int_equal(ft_owners_process(owners, query.owner[0])->pid, getpid());
	close(fd);
	close(way[0]);
	close(way[1]);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* Flows whose sockets are gone may use up a round's look-ups, each time: that a socket which nobody
 * holds is still there is asked all the same, and the search comes to an end. */
static void test_many_lost(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_owner_proc *source = ft_owner_proc_new(owners);
	struct sockaddr_in addr_in;
	int fd = loopback_socket(SOCK_DGRAM, &addr_in, false), way[2], rounds = 0;
	struct ft_flow flow = flow_of(IPPROTO_UDP, addr_in.sin_port, htons(9),
				      clock_ns(CLOCK_REALTIME));
	struct ft_owner_query query;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, way), 0);
	hand_on(way, fd);
	do {
		ft_owner_proc_refresh(source, NULL, clock_ns(CLOCK_MONOTONIC), SECOND);
		for (uint16_t i = 1; i <= 2000; i++) {
			struct ft_flow lost = flow_of(IPPROTO_TCP, htons(1), htons(i),
						      clock_ns(CLOCK_REALTIME));

			query = query_of(&lost, FT_END_B);
			query.end_is_own[1] = false;
			ft_owner_proc_resolve(source, &query);
			assert_int_equal(query.owner[0], FT_OWNER_UNKNOWN);
			assert_false(query.final);
		}
		query = query_of(&flow, FT_END_A);
		query.end_is_own[1] = false;
		ft_owner_proc_resolve(source, &query);
	} while (!query.final && ++rounds < ROUNDS);
	assert_true(query.final);
	close(hand_on(way, -1));
	close(way[0]);
	close(way[1]);
	ft_owner_proc_free(source);
	ft_owners_free(owners);
}

/* Scan alone: an inode that nobody holds is searched once through all processes. */
static void test_scan(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_proc_scan *scan = ft_proc_scan_new(owners);
	enum ft_holder holder = FT_HOLDER_SEARCHING;
	struct sockaddr_in addr_in;
	int fd = loopback_socket(SOCK_DGRAM, &addr_in, false), rounds = 0;
	uint16_t owner = FT_OWNER_UNKNOWN;
	uint64_t now;

	(void)state;
	while (holder == FT_HOLDER_SEARCHING && rounds++ < ROUNDS) {
		now = clock_ns(CLOCK_MONOTONIC);
		ft_proc_scan_begin(scan, now, SECOND);
		holder = ft_proc_scan_find(scan, 0xfffffff0, &owner);
	}
	assert_int_equal(holder, FT_HOLDER_NOBODY);
	assert_int_equal(owner, FT_OWNER_UNKNOWN);
	/* that walk saw all of ours */
	assert_int_equal(ft_proc_scan_find(scan, inode_of(fd), &owner), FT_HOLDER_FOUND);
	assert_int_equal(ft_owners_process(owners, owner)->pid, getpid());

	/* no time at all: nothing is found, nothing is concluded */
	close(fd);
	fd = loopback_socket(SOCK_DGRAM, &addr_in, false);
	now = clock_ns(CLOCK_MONOTONIC);
	ft_proc_scan_begin(scan, now, 0);
	assert_int_equal(ft_proc_scan_find(scan, inode_of(fd), &owner), FT_HOLDER_SEARCHING);
	for (rounds = 0; rounds < ROUNDS; rounds++) {
		now = clock_ns(CLOCK_MONOTONIC);
		ft_proc_scan_begin(scan, now, SECOND);
		holder = ft_proc_scan_find(scan, inode_of(fd), &owner);
		if (holder != FT_HOLDER_SEARCHING)
			break;
	}
	assert_int_equal(holder, FT_HOLDER_FOUND);
	close(fd);
	ft_proc_scan_free(scan);
	ft_owners_free(owners);
}

/* Ends the last one that came, if one did; another one comes. */
static pid_t come_and_go(pid_t last)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (last) {
		kill(last, SIGKILL);
		waitpid(last, NULL, 0);
	}
	return child;
}

/* A walk goes on over as many rounds as it takes, also where each has time for one process only and
 * others come and go: who holds a socket is found, and that nobody does, each time anew. */
static void test_walks(void **state)
{
	static const struct {
		uint64_t budget_ns;
		int others; /* in so many rounds one comes and goes, 0 = none does */
	} rows[] = { { SECOND, 0 }, { 1, 0 }, { 1, 64 } };
	struct sockaddr_in addr_in;
	int fd = loopback_socket(SOCK_DGRAM, &addr_in, false), up[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(pipe(up), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 200; i++)
			loopback_socket(SOCK_DGRAM, &addr_in, false);
		(void)!write(up[1], "", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(up[0], &byte, 1), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint32_t wanted[] = { 0xfffffff0, 0xfffffff0, inode_of(fd), 0xfffffff0 };
		static const bool in_vain[] = { false, true, true, true };
		struct ft_owners *owners = ft_owners_new();
		struct ft_proc_scan *scan = ft_proc_scan_new(owners);
		uint16_t owner = FT_OWNER_UNKNOWN;
		pid_t other = 0;

		for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++) {
			enum ft_holder holder = FT_HOLDER_SEARCHING;

			for (int n = 0; n < STEPS && holder == FT_HOLDER_SEARCHING; n++) {
				if (rows[i].others && n % rows[i].others == 0)
					other = come_and_go(other);
				ft_proc_scan_begin(scan, clock_ns(CLOCK_MONOTONIC),
						   rows[i].budget_ns);
				holder = ft_proc_scan_find(scan, wanted[j], &owner);
			}
			if (wanted[j] == inode_of(fd)) {
				assert_int_equal(holder, FT_HOLDER_FOUND);
				assert_int_equal(ft_owners_process(owners, owner)->pid, getpid());
				continue;
			}
			assert_int_equal(holder, FT_HOLDER_NOBODY);
			assert_int_equal(ft_proc_scan_was_in_vain(scan, wanted[j], 2), in_vain[j]);
		}
		if (other) {
			kill(other, SIGKILL);
			waitpid(other, NULL, 0);
		}
		ft_proc_scan_free(scan);
		ft_owners_free(owners);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(up[0]);
	close(up[1]);
	close(fd);
}

/* That nobody holds a socket is worth something for a minute: nothing is looked at in that time.
 * Then it is searched again, as often. */
static void test_nobodys(void **state)
{
	static const struct {
		uint64_t after_ns, budget_ns;
		enum ft_holder holder;
		bool in_vain;
	} rows[] = {
		{ 0, SECOND, FT_HOLDER_NOBODY, false },
		{ 0, 0, FT_HOLDER_SEARCHING, false },
		{ 0, SECOND, FT_HOLDER_NOBODY, true },
		{ 0, 0, FT_HOLDER_NOBODY, true },
		{ 50 * SECOND, 0, FT_HOLDER_NOBODY, true },
		{ 61 * SECOND, 0, FT_HOLDER_NOBODY, false },
		{ 61 * SECOND, 0, FT_HOLDER_SEARCHING, false },
	};
	struct ft_owners *owners = ft_owners_new();
	struct ft_proc_scan *scan = ft_proc_scan_new(owners);
	uint16_t owner;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum ft_holder holder = FT_HOLDER_SEARCHING;
		int rounds = rows[i].budget_ns ? ROUNDS : 1;

		while (rounds-- > 0 && holder == FT_HOLDER_SEARCHING) {
			ft_proc_scan_begin(scan, clock_ns(CLOCK_MONOTONIC) + rows[i].after_ns,
					   rows[i].budget_ns);
			holder = ft_proc_scan_find(scan, 0xfffffff0, &owner);
		}
		assert_int_equal(holder, rows[i].holder);
		if (holder == FT_HOLDER_NOBODY)
			assert_int_equal(ft_proc_scan_was_in_vain(scan, 0xfffffff0, 2),
					 rows[i].in_vain);
	}
	ft_proc_scan_free(scan);
	ft_owners_free(owners);
}

/* Where there are many sockets, those that aren't asked for are forgotten; what is searched all the
 * time is not, however long that takes. */
static void test_long_search(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_proc_scan *scan = ft_proc_scan_new(owners);
	enum ft_holder holder = FT_HOLDER_SEARCHING;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint16_t owner;

	(void)state;
	for (int i = 0; i < ROUNDS && holder == FT_HOLDER_SEARCHING; i++) {
		ft_proc_scan_begin(scan, clock_ns(CLOCK_MONOTONIC), SECOND);
		holder = ft_proc_scan_find(scan, 0xfffffff0, &owner);
	}
	assert_int_equal(holder, FT_HOLDER_NOBODY);
	assert_false(ft_proc_scan_was_in_vain(scan, 0xfffffff0, 2));
	ft_proc_scan_begin(scan, now, 0);
	for (uint32_t i = 1; i < FT_SCAN_SOCKETS_MAX * 3 / 4; i++)
		(void)ft_proc_scan_find(scan, 0xf0000000 + i, &owner);
	for (int i = 0; i < 5; i++) {
		now += 20 * SECOND;
		ft_proc_scan_begin(scan, now, 0);
		assert_int_equal(ft_proc_scan_find(scan, 0xfffffff0, &owner),
				 FT_HOLDER_SEARCHING);
	}
	assert_true(ft_proc_scan_was_in_vain(scan, 0xfffffff0, 2));
	ft_proc_scan_free(scan);
	ft_owners_free(owners);
}

/* Takes CAP_SYS_PTRACE from this thread, or gives it back. */
static void may_look(bool may)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &head, data), 0);
	data[0].effective &= ~(1U << CAP_SYS_PTRACE);
	if (may)
		data[0].effective |= data[0].permitted & 1U << CAP_SYS_PTRACE;
	assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

/* A process whose descriptors may be listed, by root, but not looked at: it may hold anything. */
static void test_denied(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_proc_scan *scan = ft_proc_scan_new(owners);
	enum ft_holder holder = FT_HOLDER_SEARCHING;
	uint16_t owner = FT_OWNER_UNKNOWN;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	uint32_t inode = 0;
	int up[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(up), 0);
	child = fork();
	if (child == 0) {
		struct sockaddr_in own;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 0);
		inode = inode_of(loopback_socket(SOCK_DGRAM, &own, false));
		(void)!write(up[1], &inode, sizeof(inode));
		for (;;)
			pause();
	}
	assert_int_equal(read(up[0], &inode, sizeof(inode)), (ssize_t)sizeof(inode));
	may_look(false);
	for (int i = 0; i < ROUNDS && holder == FT_HOLDER_SEARCHING; i++) {
		now += SECOND;
		ft_proc_scan_begin(scan, now, SECOND);
		holder = ft_proc_scan_find(scan, inode, &owner);
	}
	may_look(true);
	assert_int_equal(holder, FT_HOLDER_NOBODY);
	assert_true(ft_proc_scan_denied(scan) > 0);
	assert_false(ft_proc_scan_sees_all(scan));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(up[0]);
	close(up[1]);
	ft_proc_scan_free(scan);
	ft_owners_free(owners);
}

/* With no descriptor left nothing can be looked at: nobody ended, and nothing is concluded. */
static void test_without_descriptors(void **state)
{
	struct ft_owners *owners = ft_owners_new();
	struct ft_proc_scan *scan = ft_proc_scan_new(owners);
	enum ft_holder holder = FT_HOLDER_SEARCHING;
	struct sockaddr_in addr_in;
	int fd = loopback_socket(SOCK_DGRAM, &addr_in, false), next = dup(fd), rounds = 0;
	uint16_t owner = FT_OWNER_UNKNOWN, nobody = FT_OWNER_UNKNOWN;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct rlimit limit, none;

	(void)state;
	while (holder != FT_HOLDER_FOUND && rounds++ < ROUNDS) {
		now += SECOND;
		ft_proc_scan_begin(scan, now, SECOND);
		holder = ft_proc_scan_find(scan, inode_of(fd), &owner);
	}
	assert_int_equal(holder, FT_HOLDER_FOUND);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (rounds = 0; rounds < 5; rounds++) {
		now += 60 * SECOND;
		ft_proc_scan_begin(scan, now, SECOND);
		(void)ft_proc_scan_find(scan, 0xfffffff0, &nobody);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_non_null(ft_owners_process(owners, owner));
	assert_int_equal(ft_owners_process(owners, owner)->exited_ns, 0);
	assert_false(ft_proc_scan_sees_all(scan));
	assert_true(ft_proc_scan_denied(scan) > 0);
	close(fd);
	ft_proc_scan_free(scan);
	ft_owners_free(owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc_net),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_sock_diag),
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_accepted_by),
		cmocka_unit_test(test_many_waiting),
		cmocka_unit_test(test_other_ends),
		cmocka_unit_test(test_never_guessed),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_inherited_before),
		cmocka_unit_test(test_glance),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_handed_on),
		cmocka_unit_test(test_many_lost),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_nobodys),
		cmocka_unit_test(test_long_search),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_without_descriptors),
	};

	return cmocka_run_group_tests_name("owner_proc", tests, NULL, NULL);
}
