/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of what is watched, on made-up machines: a row says which interfaces there are,
 * what -i names, and which rows the watched set must have.
 */
#include <errno.h>
#include <net/if_arp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/links_select.h"

#define ETHER .type = ARPHRD_ETHER
#define UP .flags = IFF_UP
#define PHYSICAL .physical = true, ETHER, UP

/*
 * A router: eth0 plain, eth1 and eth2 in bond0, a bridge with two ports, VLANs on eth0 and on
 * bond0, a container's macvlan, tunnels up and down, a CAN bus.
 */
static const struct ft_link router[] = {
	{ 1, .name = "lo", .type = ARPHRD_LOOPBACK, .flags = IFF_UP | IFF_LOOPBACK },
	{ 2, .name = "eth0", PHYSICAL },
	{ 3, .name = "eth1", .master = 5, PHYSICAL },
	{ 4, .name = "eth2", .master = 5, PHYSICAL },
	{ 5, .name = "bond0", .kind = "bond", ETHER, UP },
	{ 6, .name = "br0", .kind = "bridge", ETHER, UP, .vlan_filtering = true, .pvid = 1 },
	{ 7, .name = "tap0", .kind = "tun", .master = 6, ETHER, UP, .pvid = 10 },
	{ 8, .name = "veth3", .kind = "veth", .master = 6, ETHER, UP, .lower = 40,
	  .lower_foreign = true },
	{ 9, .name = "eth0.5", .kind = "vlan", .lower = 2, ETHER, UP },
	{ 10, .name = "bond0.6", .kind = "vlan", .lower = 5, ETHER, UP },
	{ 11, .name = "wg0", .kind = "wireguard", .type = 0xfffe, UP },
	{ 12, .name = "tunl0", .kind = "ipip", .type = ARPHRD_TUNNEL },
	{ 13, .name = "can0", .type = 280, UP },
	{ 14, .name = "veth4", .kind = "veth", ETHER, UP, .lower = 41, .lower_foreign = true },
	{ 15, .name = "vx0", .kind = "vxlan", ETHER, UP },
	{ 16, .name = "mac0", .kind = "macvlan", ETHER, UP, .lower = 2, .lower_foreign = true },
	{ 17, .name = "dummy0", .kind = "dummy", ETHER, UP },
	{ 18, .name = "dum.7", .kind = "vlan", .lower = 17, ETHER, UP },
	{ 19, .name = "br1", .kind = "bridge", ETHER },
};

/* A container: lo and one end of a veth. */
static const struct ft_link container[] = {
	{ 1, .name = "lo", .type = ARPHRD_LOOPBACK, .flags = IFF_UP | IFF_LOOPBACK },
	{ 2, .name = "eth0", .kind = "veth", ETHER, UP, .lower = 8, .lower_foreign = true },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One line a watch: "name=scope:RX,TX,VLAN,L3:pvid"; scopes by name. */
static void describe(const struct ft_watch *watches, size_t count,
		     const struct ft_scope_names *scopes, char *text, size_t size)
{
	size_t i, length = 0;

	*text = '\0';
	for (i = 0; i < count; i++) {
		const struct ft_iface *iface = &watches[i].iface;

		length += (size_t)snprintf(text + length, size - length, "%s%s=%s%s%s%s%s",
					   i ? " " : "", watches[i].name,
					   scopes->names[iface->scope],
					   iface->flags & FT_IFACE_COUNT_RX ? "+rx" : "",
					   iface->flags & FT_IFACE_COUNT_TX ? "+tx" : "",
					   iface->flags & FT_IFACE_VLAN_AWARE ? "+vlan" : "",
					   iface->flags & FT_IFACE_L3 ? "+l3" : "");
		if (iface->pvid)
			length += (size_t)snprintf(text + length, size - length, "@%u",
						   iface->pvid);
		assert_true(length < size);
	}
}

struct row {
	const struct ft_link *links;
	size_t count;
	const char *patterns[4]; /* up to the first NULL */
	bool later;              /* not strict */
	int result;
	const char *want; /* the set, or part of the sentence */
};

#define ROUTER router, COUNT(router)
#define CONTAINER container, COUNT(container)

static const struct row rows[] = {
	{ ROUTER, { "eth0" }, false, 0, "eth0=eth0+rx+tx" },
	{ ROUTER, { "lo" }, false, 0, "lo=lo+tx" },
	{ ROUTER, { "wg0" }, false, 0, "wg0=wg0+rx+tx+l3" },
	{ ROUTER, { "br0" }, false, 0,
	  "br0=br0+tx+vlan@1 tap0=br0+rx+vlan@10 veth3=br0+rx+vlan" },
	{ ROUTER, { "tap0" }, false, 0, "tap0=tap0+rx+tx" }, /* a port for itself */
	{ ROUTER, { "br1" }, false, 0, "br1=br1+tx" },       /* no ports yet */
	{ ROUTER, { "any" }, false, 0,
	  "lo=lo+tx eth0=eth0+rx+tx bond0=bond0+rx+tx br0=br0+tx+vlan@1 tap0=br0+rx+vlan@10 "
	  "veth3=br0+rx+vlan wg0=wg0+rx+tx+l3 mac0=mac0+rx+tx dum.7=dum.7+rx+tx br1=br1+tx" },
	{ CONTAINER, { "any" }, false, 0, "lo=lo+tx eth0=eth0+rx+tx" },
	{ ROUTER, { "eth[12]" }, false, 0, "eth1=eth1+rx+tx eth2=eth2+rx+tx" },
	{ ROUTER, { "eth*" }, false, 0, /* the VLAN's packets are eth0's */
	  "eth0=eth0+rx+tx eth1=eth1+rx+tx eth2=eth2+rx+tx" },
	{ ROUTER, { "eth*", "bond*" }, false, 0, "eth0=eth0+rx+tx bond0=bond0+rx+tx" },
	{ ROUTER, { "eth*", "bond0" }, false, 0, "eth0=eth0+rx+tx bond0=bond0+rx+tx" },
	{ ROUTER, { "eth0", "eth0.5" }, false, 0, /* wanted by name: both */
	  "eth0=eth0+rx+tx eth0.5=eth0.5+rx+tx" },
	{ ROUTER, { "eth0.5" }, false, 0, "eth0.5=eth0.5+rx+tx" },
	{ ROUTER, { "eth0", "eth0" }, false, 0, "eth0=eth0+rx+tx" },
	{ ROUTER, { "veth*", "br0" }, false, 0,
	  "br0=br0+tx+vlan@1 tap0=br0+rx+vlan@10 veth3=br0+rx+vlan veth4=veth4+rx+tx" },
	{ ROUTER, { "can*" }, false, 0, "" },
	{ ROUTER, { "zz*" }, false, 0, "" },
	{ ROUTER, { "can0" }, false, -EINVAL, "can0 carries neither Ethernet nor IP" },
	{ ROUTER, { "br0", "tap0" }, false, -EINVAL, "tap0 belongs to br0" },
	{ ROUTER, { "eth1", "bond0" }, false, -EINVAL, "eth1 belongs to bond0" },
	{ ROUTER, { "br0", "tap0" }, true, 0,
	  "br0=br0+tx+vlan@1 tap0=br0+rx+vlan@10 veth3=br0+rx+vlan" },
	{ ROUTER, { "ehh0" }, false, -ENODEV, "no interface ehh0; there are eth0" },
	{ ROUTER, { "a\x1b" }, false, -ENODEV, "a\\x1B" },
	{ ROUTER, { "gone0" }, true, 0, "" },
	{ CONTAINER, { "a-name-longer-than-any-interface" }, false, -ENODEV, "lo" },
};

static void test_rows(void **state)
{
	size_t i, patterns;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct ft_scope_names *scopes = calloc(1, sizeof(*scopes));
		struct ft_watch *watches = NULL;
		char err[400] = "", got[800];
		size_t count = 0;
		int result;

		assert_non_null(scopes);
		for (patterns = 0; patterns < 4 && row->patterns[patterns]; patterns++)
			;
		result = ft_links_select(row->links, row->count, row->patterns, patterns,
					 !row->later, scopes, &watches, &count, err, sizeof(err));
		if (result != row->result)
			fail_msg("row %zu (%s): %d %s", i, row->patterns[0], result, err);
		if (result < 0) {
			if (!strstr(err, row->want))
				fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err, row->want);
		} else {
			describe(watches, count, scopes, got, sizeof(got));
			if (strcmp(got, row->want) != 0)
				fail_msg("row %zu (%s):\n got %s\nwant %s", i, row->patterns[0],
					 got, row->want);
		}
		free(watches);
		free(scopes);
	}
}

/* Scopes are numbered in the order of -i, and keep their numbers when interfaces go. */
static void test_scope_numbers(void **state)
{
	static const char *const patterns[] = { "wg0", "br0", "eth*" };
	struct ft_scope_names *scopes = calloc(1, sizeof(*scopes));
	struct ft_watch *watches;
	struct ft_link fewer[2];
	size_t count;
	char err[400];

	(void)state;
	assert_non_null(scopes);
	assert_int_equal(ft_links_select(router, COUNT(router), patterns, 3, true, scopes,
					 &watches, &count, err, sizeof(err)), 0);
	free(watches);
	assert_int_equal(scopes->count, 5);
	assert_string_equal(scopes->names[0], "wg0");
	assert_string_equal(scopes->names[1], "br0");
	assert_string_equal(scopes->names[2], "eth0");

	/* all gone but eth0; br0 is back with another number */
	fewer[0] = router[1];
	fewer[1] = router[5];
	fewer[1].ifindex = 77;
	assert_int_equal(ft_links_select(fewer, 2, patterns, 3, false, scopes, &watches, &count,
					 err, sizeof(err)), 0);
	assert_int_equal(count, 2);
	assert_int_equal(watches[0].iface.ifindex, 2);
	assert_int_equal(watches[0].iface.scope, 2);
	assert_int_equal(watches[1].iface.ifindex, 77);
	assert_int_equal(watches[1].iface.scope, 1);
	assert_int_equal(scopes->count, 5);
	free(watches);
	free(scopes);
}

/* More interfaces than scopes: the rest isn't watched, nothing is written beyond. */
static void test_too_many(void **state)
{
	static const char *const patterns[] = { "*" };
	struct ft_link *many = calloc(400, sizeof(*many));
	struct ft_scope_names *scopes = calloc(1, sizeof(*scopes));
	struct ft_watch *watches;
	size_t count, i;
	char err[400];

	(void)state;
	assert_non_null(many);
	assert_non_null(scopes);
	for (i = 0; i < 400; i++) {
		many[i] = router[1];
		many[i].ifindex = (uint32_t)i + 1;
		snprintf(many[i].name, IFNAMSIZ, "e%zu", i);
	}
	assert_int_equal(ft_links_select(many, 400, patterns, 1, true, scopes, &watches, &count,
					 err, sizeof(err)), 0);
	assert_int_equal(count, FT_MAX_SCOPES);
	assert_int_equal(scopes->count, FT_MAX_SCOPES);
	assert_int_equal(scopes->left_out, 400 - FT_MAX_SCOPES);
	free(watches);
	/* A few go: those that are left have their numbers, others get none until some are released. */
	assert_int_equal(ft_links_select(many, FT_MAX_SCOPES, patterns, 1, false, scopes, &watches,
					 &count, err, sizeof(err)), 0);
	assert_int_equal(count, FT_MAX_SCOPES);
	assert_int_equal(scopes->left_out, 0);
	free(watches);
	/* Number 7 is released: who comes next gets it, all others keep theirs. */
	scopes->names[7][0] = '\0';
	snprintf(many[7].name, IFNAMSIZ, "new");
	assert_int_equal(ft_links_select(many, FT_MAX_SCOPES, patterns, 1, false, scopes, &watches,
					 &count, err, sizeof(err)), 0);
	assert_int_equal(count, FT_MAX_SCOPES);
	assert_int_equal(scopes->left_out, 0);
	assert_string_equal(scopes->names[7], "new");
	for (i = 0; i < count; i++)
		assert_int_equal(watches[i].iface.scope, i);
	free(watches);
	free(scopes);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_scope_numbers),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
