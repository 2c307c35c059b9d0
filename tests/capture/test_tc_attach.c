/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tc backends on real hooks: tun and tap devices in a network namespace of the test's own.
 * Both ways of attaching go through the same tests: exact counts, foreign programs before and
 * after us, two flowtops at once, devices that go and come back, what is left behind after a
 * clean end and after kill -9.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/links.h"
#include "capture/tc_attach.h"
#include "capture/tc_filters.h"
#include "packets.h"
#include "tc_rig.h"

#define FRAME_LEN 60
#define SCOPE 5

/* UDP 10.0.0.1:1000 > 10.0.0.2:53. */
static const uint8_t udp_frame[FRAME_LEN] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, /* Ethernet */
	0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, /* IPv4 */
	3, 232, 0, 53, 0, 26, 0, 0, /* UDP */
};

/* ---- the watched set is what a test says ---- */

static struct ft_watch watched[4];
static size_t watched_count;

const struct ft_watch *ft_links_watched(const struct ft_links *links, size_t *ret_count)
{
	(void)links;
	*ret_count = watched_count;
	return watched;
}

static void watch_only(const char *name, bool l3)
{
	watched_count = 1;
	watched[0] = (struct ft_watch){
		.iface = {
			.ifindex = if_nametoindex(name),
			.scope = SCOPE,
			.flags = FT_IFACE_COUNT_RX | FT_IFACE_COUNT_TX | (l3 ? FT_IFACE_L3 : 0),
		},
	};
	snprintf(watched[0].name, sizeof(watched[0].name), "%s", name);
}

/* ---- devices ---- */

static int open_fd = -1; /* of the device; a failed test leaves it to the teardown */

static void close_device(int fd)
{
	assert_int_equal(close(fd), 0);
	open_fd = -1;
}

static int close_left_device(void **state)
{
	(void)state;
	if (open_fd >= 0)
		close(open_fd);
	open_fd = -1;
	return 0;
}

/* A tun or tap device that lives as long as its descriptor. */
static int open_device(const char *name, int mode)
{
	struct ifreq request = { .ifr_flags = (short)(mode | IFF_NO_PI) };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && control >= 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	request.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(control, SIOCSIFFLAGS, &request), 0);
	close(control);
	open_fd = fd;
	return fd;
}

/* Out through a device, as its stack would send it. */
static void send_out(const char *name, const void *octets, size_t len, uint16_t ethertype,
		     uint16_t gso_size)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ethertype),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	struct virtio_net_hdr header = { 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;
	uint8_t *buf = malloc(sizeof(header) + len);

	if (gso_size) { /* TCP over IPv4 without options */
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		header.hdr_len = 40;
		header.gso_size = gso_size;
		header.csum_start = 20;
		header.csum_offset = 16;
	}
	assert_true(fd >= 0 && buf);
	memcpy(buf, &header, sizeof(header));
	memcpy(buf + sizeof(header), octets, len);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	assert_int_equal(sendto(fd, buf, sizeof(header) + len, 0, (struct sockaddr *)&to,
				sizeof(to)), (ssize_t)(sizeof(header) + len));
	free(buf);
	close(fd);
}

/* ---- backends ---- */

/* clsact always, tcx where the kernel has it: that is asked of the kernel, not of ourselves. */
static const struct ft_backend_ops *ways[2] = { &ft_backend_clsact, &ft_backend_clsact };
static size_t way_count = 1;
#define FOR_EACH_WAY(ops) for (size_t w_ = 0; w_ < way_count && ((ops) = ways[w_]); w_++)

static void find_ways(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, " tcx_link_attach\n"))
			way_count = 2;
	if (file)
		fclose(file);
	if (way_count == 2)
		ways[1] = &ft_backend_tcx;
	else
		printf("# no tcx in this kernel: clsact alone\n");
}

static struct ft_backend *open_backend(const struct ft_backend_ops *ops)
{
	const struct ft_backend_config config = { .log_entries = 256, .spill_entries = 64 };
	struct ft_backend *backend = NULL;
	char err[FT_REASON_MAX];

	if (ops->open(&config, NULL, &backend, err, sizeof(err)))
		fail_msg("%s: %s", ops->name, err);
	return backend;
}

static void collect(struct ft_backend *backend, struct tc_rig_sums *sums)
{
	struct ft_batch batch;

	assert_int_equal(backend->ops->collect(backend, &batch), 0);
	tc_rig_sum(&batch, sums);
}

/* `n` frames seen in all, all of them in flows. */
static void check_frames(const struct tc_rig_sums *sums, uint64_t n)
{
	assert_true(tc_rig_adds_up(sums));
	assert_int_equal(sums->counters.c[FT_C_SEEN].packets, n);
	assert_int_equal(sums->flows.packets, n);
	assert_int_equal(sums->flows.l2_bytes, n * FRAME_LEN);
	assert_int_equal(sums->hooks.rx.packets + sums->hooks.tx.packets, n);
}

/* Filters at both clsact hooks of a device. */
static bool count_filter(void *arg, const struct ft_tc_filter *filter)
{
	if (filter->handle)
		++*(int *)arg;
	return true;
}

static int count_filters(const char *name)
{
	uint32_t ifindex = if_nametoindex(name);
	int count = 0;

	ft_tc_filters(ifindex, false, count_filter, &count);
	ft_tc_filters(ifindex, true, count_filter, &count);
	return count;
}

/* Whether a device has a clsact qdisc: adding one tells. */
static bool has_clsact(const char *name)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(name),
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int error = bpf_tc_hook_create(&hook);

	if (!error)
		assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	return error == -EEXIST;
}

/* Nothing of ours, and no qdisc that we made, is on the device. */
static void check_clean(const char *name)
{
	assert_int_equal(count_filters(name), 0);
	assert_false(has_clsact(name));
	for (int type = 46; type <= 47 && way_count == 2; type++) { /* tcx ingress, egress */
		uint32_t ids[8], count = 8;

		assert_int_equal(bpf_prog_query((int)if_nametoindex(name),
						(enum bpf_attach_type)type, 0, NULL, ids, &count),
				 0);
		assert_int_equal(count, 0);
	}
}

/* A foreign program on a device's ingress: a tcx link, first or last. */
static int foreign_tcx(const char *name, int program_fd, bool first)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = first ? 1U << 3 : 0);
	int fd = bpf_link_create(program_fd, (int)if_nametoindex(name), (enum bpf_attach_type)46,
				 &opts);

	assert_true(fd >= 0);
	return fd;
}

/* The same as a clsact filter. */
static void foreign_filter(const char *name, int program_fd, uint32_t preference)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(name),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd, .handle = 1,
		    .priority = preference);
	int error = bpf_tc_hook_create(&hook);

	assert_true(error == 0 || error == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

static void remove_foreign_filter(const char *name, uint32_t preference)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(name),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = preference);

	assert_int_equal(bpf_tc_detach(&hook, &opts), 0);
}

static struct test_driver_bpf *driver;

static int program(const struct bpf_program *foreign)
{
	return bpf_program__fd(foreign);
}

static void inject(int device, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(write(device, udp_frame, FRAME_LEN), FRAME_LEN);
}

/* ---- tests ---- */

static void counts_both_directions(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft0", IFF_TAP);
		struct tc_rig_sums sums = { 0 };
		struct ft_backend *backend;
		struct ft_batch batch;
		char text[FT_REASON_MAX];

		watch_only("ft0", false);
		backend = open_backend(ops);
		inject(device, 3);
		send_out("ft0", udp_frame, FRAME_LEN, ETH_P_IP, 0);
		collect(backend, &sums);
		check_frames(&sums, 4);
		assert_int_equal(sums.hooks.rx.packets, 3);
		assert_int_equal(sums.hooks.tx.packets, 1);
		assert_int_equal(ops->remark(backend, watched[0].iface.ifindex, text, sizeof(text)),
				 0);
		assert_string_equal(text, "");
		/* Paused: a gap, not a loss. */
		assert_int_equal(ops->pause(backend, true), 0);
		inject(device, 5);
		assert_int_equal(ops->pause(backend, false), 0);
		inject(device, 2);
		assert_int_equal(ops->stop(backend, &batch), 0);
		tc_rig_sum(&batch, &sums);
		check_frames(&sums, 6);
		inject(device, 1);
		check_clean("ft0");
		ops->close(backend);
		close_device(device);
	}
}

/* Every case of the packet table without a link-layer header, on a tun device. */
static void l3_cases(void **state)
{
	static uint8_t octets[128 * 1024];
	const struct ft_backend_ops *ops;
	size_t count, ran = 0;
	const struct ft_packet_case *cases = ft_packet_cases(&count);

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft1", IFF_TUN);
		struct ft_backend *backend;

		watch_only("ft1", true);
		backend = open_backend(ops);
		for (size_t i = 0; i < count; i++) {
			const struct ft_packet_case *c = &cases[i];
			struct tc_rig_sums sums = { 0 };
			struct ft_flow_key key;
			struct ft_batch batch;
			size_t len;

			if (c->link != FT_CASE_L3 || !ft_packet_case_in_kernel(c))
				continue;
			len = ft_packet_case_bytes(c, octets, sizeof(octets));
			if (c->egress)
				send_out("ft1", octets, len,
					 octets[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP, c->gso_size);
			else
				assert_int_equal(write(device, octets, len), (ssize_t)len);
			assert_int_equal(ops->collect(backend, &batch), 0);
			tc_rig_sum(&batch, &sums);
			assert_true(tc_rig_adds_up(&sums));
			if (sums.counters.c[FT_C_SEEN].packets != c->packets ||
			    sums.counters.c[FT_C_SEEN].l2_bytes != c->l2_bytes)
				fail_msg("case \"%s\": seen", c->name);
			if (c->verdict != FT_CASE_FLOW) {
				assert_int_equal(sums.counters.c[c->verdict].packets, 1);
				continue;
			}
			assert_int_equal(sums.entries, 1);
			ft_packet_case_key(c, SCOPE, &key);
			if (memcmp(&batch.spans[0].entries[0].key, &key, sizeof(key)) ||
			    sums.flows.bytes != c->bytes)
				fail_msg("case \"%s\": flow", c->name);
			ran++;
		}
		ops->close(backend);
		close_device(device);
	}
	assert_true(ran >= 3 * way_count);
}

/* Whoever was there before us: we come first, and see what it hides. */
static void foreign_program_before_start(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft0", IFF_TAP), link = -1;
		bool tcx = ops == &ft_backend_tcx;
		struct tc_rig_sums sums = { 0 };
		struct ft_backend *backend;
		char text[FT_REASON_MAX];

		if (tcx)
			link = foreign_tcx("ft0", program(driver->progs.driver_drop), false);
		foreign_filter("ft0", program(driver->progs.driver_drop), 7);
		watch_only("ft0", false);
		backend = open_backend(ops);
		inject(device, 4);
		collect(backend, &sums);
		check_frames(&sums, 4);
		ops->remark(backend, watched[0].iface.ifindex, text, sizeof(text));
		assert_string_equal(text, "");
		ops->close(backend);
		/* What is not ours is still there. */
		assert_int_equal(count_filters("ft0"), 1);
		assert_true(has_clsact("ft0"));
		if (tcx) {
			char name[64];

			assert_int_not_equal(ft_tcx_foreign(watched[0].iface.ifindex, false, 0, name,
							    sizeof(name)), 0);
			close(link);
		}
		close_device(device);
	}
}

/* Somebody pushes in front of us later: it hides packets, and the remark names it. */
static void foreign_program_pushes_in(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft0", IFF_TAP), link = -1;
		struct tc_rig_sums sums = { 0 };
		struct ft_backend *backend;
		char text[FT_REASON_MAX];

		watch_only("ft0", false);
		backend = open_backend(ops);
		if (way_count == 2)
			link = foreign_tcx("ft0", program(driver->progs.driver_pass), true);
		else
			foreign_filter("ft0", program(driver->progs.driver_pass), 1);
		inject(device, 4);
		collect(backend, &sums);
		assert_int_equal(sums.counters.c[FT_C_SEEN].packets, 0);
		ops->remark(backend, watched[0].iface.ifindex, text, sizeof(text));
		assert_non_null(strstr(text, "driver_pass"));
		assert_null(strstr(text, "ft0")); /* whoever shows it has said that */
		if (way_count == 2)
			close(link);
		else
			remove_foreign_filter("ft0", 1);
		inject(device, 4);
		collect(backend, &sums);
		check_frames(&sums, 4);
		ops->close(backend);
		check_clean("ft0");
		close_device(device);
	}
}

/* On clsact: one below the lowest preference, and at 1 inside the same preference. */
static void clsact_preferences(void **state)
{
	const uint32_t preferences[] = { 1, 2, 49152 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int device = open_device("ft0", IFF_TAP);
		struct tc_rig_sums sums = { 0 };
		struct ft_backend *backend;

		foreign_filter("ft0", program(driver->progs.driver_pass), preferences[i]);
		watch_only("ft0", false);
		backend = open_backend(&ft_backend_clsact);
		inject(device, 2);
		collect(backend, &sums);
		check_frames(&sums, 2);
		ft_backend_clsact.close(backend);
		assert_int_equal(count_filters("ft0"), 1);
		close_device(device);
	}
}

/* Two at once, of either way, whichever goes first. */
static void two_at_once(void **state)
{
	(void)state;
	for (int turn = 0; turn < 8; turn++) {
		const struct ft_backend_ops *first = ways[turn & 1];
		const struct ft_backend_ops *second = ways[turn >> 1 & 1];
		int device = open_device("ft0", IFF_TAP);
		struct tc_rig_sums sums[2] = { { .entries = 0 } };
		struct ft_backend *backends[2];
		int leaves = turn >> 2, stays = !leaves;

		watch_only("ft0", false);
		backends[0] = open_backend(first);
		inject(device, 1);
		backends[1] = open_backend(second);
		inject(device, 2);
		collect(backends[leaves], &sums[leaves]);
		backends[leaves]->ops->close(backends[leaves]);
		inject(device, 4);
		collect(backends[stays], &sums[stays]);
		backends[stays]->ops->close(backends[stays]);
		check_frames(&sums[leaves], leaves == 0 ? 3 : 2);
		check_frames(&sums[stays], stays == 0 ? 7 : 6);
		assert_int_equal(count_filters("ft0"), 0);
		close_device(device);
	}
}

/* A device goes and comes back under its name; a new one joins. */
static void devices_come_and_go(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft0", IFF_TAP);
		struct tc_rig_sums sums = { 0 };
		struct ft_backend *backend;
		char err[FT_REASON_MAX];

		watch_only("ft0", false);
		backend = open_backend(ops);
		inject(device, 1);
		close_device(device);
		watched_count = 0;
		assert_int_equal(ops->watch(backend, NULL, err, sizeof(err)), 0);
		collect(backend, &sums);
		check_frames(&sums, 1); /* its last counts were not lost */
		device = open_device("ft0", IFF_TAP);
		watch_only("ft0", false);
		assert_int_equal(ops->watch(backend, NULL, err, sizeof(err)), 0);
		inject(device, 2);
		collect(backend, &sums);
		check_frames(&sums, 3);
		/* Unchanged: nothing happens to what is attached. */
		assert_int_equal(ops->watch(backend, NULL, err, sizeof(err)), 0);
		/* No longer wanted: nothing of it is counted, nothing is left on it. */
		watched_count = 0;
		assert_int_equal(ops->watch(backend, NULL, err, sizeof(err)), 0);
		inject(device, 4);
		check_clean("ft0");
		collect(backend, &sums);
		check_frames(&sums, 3);
		ops->close(backend);
		close_device(device);
	}
}

/* One that is named but gone when its turn comes is no failure. */
static void vanished_before_attach(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft0", IFF_TAP);

		watch_only("ft0", false);
		close_device(device);
		ops->close(open_backend(ops));
	}
}

/* Whoever else detached us: the next look at the watched set attaches anew. */
static void attached_anew(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int device = open_device("ft0", IFF_TAP);
	struct tc_rig_sums sums = { 0 };
	struct ft_backend *backend;
	char err[FT_REASON_MAX];

	(void)state;
	watch_only("ft0", false);
	backend = open_backend(&ft_backend_clsact);
	hook.ifindex = (int)watched[0].iface.ifindex;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	assert_int_equal(count_filters("ft0"), 0);
	assert_int_equal(ft_backend_clsact.watch(backend, NULL, err, sizeof(err)), 0);
	inject(device, 2);
	collect(backend, &sums);
	check_frames(&sums, 2);
	ft_backend_clsact.close(backend);
	check_clean("ft0");
	close_device(device);
}

/* Without any notice too, and said. */
static void put_back(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int device = open_device("ft0", IFF_TAP);
	struct tc_rig_sums sums = { 0 };
	struct ft_backend *backend;
	char text[FT_REASON_MAX];

	(void)state;
	watch_only("ft0", false);
	backend = open_backend(&ft_backend_clsact);
	hook.ifindex = (int)watched[0].iface.ifindex;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	while (count_filters("ft0") == 0) { /* looked for once a second */
		usleep(50000);
		collect(backend, &sums);
	}
	inject(device, 2);
	send_out("ft0", udp_frame, FRAME_LEN, ETH_P_IP, 0);
	collect(backend, &sums);
	check_frames(&sums, 3);
	assert_int_equal(ft_backend_clsact.remark(backend, watched[0].iface.ifindex, text,
						  sizeof(text)), 0);
	assert_non_null(strstr(text, "was put back"));
	ft_backend_clsact.close(backend);
	check_clean("ft0");
	close_device(device);
}

/* Programs by their ids, which the kernel doesn't give twice. */
struct programs {
	uint32_t count;
	uint32_t ids[16];
};

/* The accounting programs that this process holds. */
static void find_programs(struct programs *ret_programs)
{
	*ret_programs = (struct programs){ 0 };
	for (int fd = 0; fd < 1024 && ret_programs->count < 16; fd++) {
		char path[64], line[256], name[64];
		uint32_t id;
		FILE *info;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		info = fopen(path, "re");
		while (info && fgets(line, sizeof(line), info)) {
			if (sscanf(line, "prog_id: %u", &id) != 1)
				continue;
			ft_tc_program_name(id, name, sizeof(name));
			if (strncmp(name, "flowtop_l2_", 11) == 0)
				ret_programs->ids[ret_programs->count++] = id;
			break;
		}
		if (info)
			fclose(info);
	}
}

/* Starts a flowtop that is killed once it counts; returns when it is gone, and which programs it
 * had. */
static void start_and_kill(const struct ft_backend_ops *ops, struct programs *ret_programs)
{
	int ready[2], status;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		const struct ft_backend_config config = { .log_entries = 64, .spill_entries = 64 };
		struct ft_backend *backend;
		struct programs programs;
		char err[FT_REASON_MAX];

		close(ready[0]);
		if (ops->open(&config, NULL, &backend, err, sizeof(err)) == 0) {
			find_programs(&programs);
			if (write(ready[1], &programs, sizeof(programs)) == sizeof(programs))
				pause();
		}
		_exit(1);
	}
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], ret_programs, sizeof(*ret_programs)),
			 sizeof(*ret_programs));
	close(ready[0]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* The stub that was left behind, and whether it still leads to a program that counts. */
struct leftover {
	int count;
	uint32_t program;
};

static bool find_leftover(void *arg, const struct ft_tc_filter *filter)
{
	struct leftover *leftover = arg;

	if (filter->handle && strncmp(filter->name, "flowtop_s_", 10) == 0) {
		leftover->count++;
		leftover->program = filter->program;
	}
	return true;
}

/* Waits until the kernel has freed a program; false after twenty seconds. */
static bool is_freed(uint32_t id)
{
	for (int i = 0; i < 2000; i++) {
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			return errno == ENOENT;
		close(fd);
		usleep(10000);
	}
	return false;
}

/* After kill -9 nothing counts any more, and the next flowtop clears up what stayed. */
static void killed(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		int device = open_device("ft0", IFF_TAP);
		struct programs programs;
		struct leftover leftover = { 0 };
		struct tc_rig_sums sums = { 0 };
		struct ft_backend *backend;

		watch_only("ft0", false);
		start_and_kill(ops, &programs);
		/* The kernel frees a program when nothing can reach it: it counts nothing then. */
		assert_true(programs.count > 0);
		for (uint32_t i = 0; i < programs.count; i++)
			assert_true(is_freed(programs.ids[i]));
		ft_tc_filters(watched[0].iface.ifindex, false, find_leftover, &leftover);
		assert_int_equal(leftover.count, ops == &ft_backend_clsact);
		inject(device, 1); /* a dead stub lets packets pass */
		backend = open_backend(&ft_backend_clsact);
		assert_int_equal(count_filters("ft0"), 2); /* ours alone */
		inject(device, 2);
		collect(backend, &sums);
		check_frames(&sums, 2);
		ft_backend_clsact.close(backend);
		assert_int_equal(count_filters("ft0"), 0);
		close_device(device);
	}
}

static void probes_leave_nothing(void **state)
{
	const struct ft_backend_ops *ops;

	(void)state;
	FOR_EACH_WAY(ops) {
		char why[FT_REASON_MAX] = "";

		assert_int_equal(ops->probe(why, sizeof(why)), 0);
		assert_string_not_equal(why, "");
		check_clean("lo");
	}
}

static void capture_filter_is_refused(void **state)
{
	const struct ft_backend_config config = { .capture_filter = "tcp" };
	const struct ft_backend_ops *ops;

	(void)state;
	watched_count = 0;
	FOR_EACH_WAY(ops) {
		struct ft_backend *backend = NULL;
		char err[FT_REASON_MAX] = "";

		assert_int_equal(ops->open(&config, NULL, &backend, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, "packet"));
		assert_null(backend);
	}
}

/* A namespace of our own, quiet: no IPv6 of its own accord. */
static int enter_namespace(void)
{
	FILE *file;

	if (unshare(CLONE_NEWNET))
		return -errno;
	file = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "we");
	if (file) {
		fputs("1", file);
		fclose(file);
	}
	return 0;
}

static int load_driver(void **state)
{
	(void)state;
	driver = test_driver_bpf__open_and_load();
	return driver ? 0 : -1;
}

static int free_driver(void **state)
{
	(void)state;
	test_driver_bpf__destroy(driver);
	return 0;
}

#define TEST(test) cmocka_unit_test_teardown(test, close_left_device)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_both_directions),
		TEST(l3_cases),
		TEST(foreign_program_before_start),
		TEST(foreign_program_pushes_in),
		TEST(clsact_preferences),
		TEST(two_at_once),
		TEST(devices_come_and_go),
		TEST(vanished_before_attach),
		TEST(attached_anew),
		TEST(put_back),
		TEST(killed),
		TEST(probes_leave_nothing),
		TEST(capture_filter_is_refused),
	};

	if (tc_rig_skips())
		return 0;
	if (access("/dev/net/tun", R_OK | W_OK)) {
		printf("1..0 # SKIP no /dev/net/tun\n");
		return 0;
	}
	if (enter_namespace()) {
		printf("1..0 # SKIP needs root: no network namespace of its own\n");
		return 0;
	}
	find_ways();
	return cmocka_run_group_tests_name("tc attach", tests, load_driver, free_driver);
}
