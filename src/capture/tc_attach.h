/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ways to hang a program on an interface's tc hooks: a tcx link (>= 6.6), which goes
 * with the process, and a clsact filter, which stays and therefore is only a stub (see
 * bpf/flow_tc.bpf.c). Each way tries to be first, because a foreign program ahead may return a
 * verdict that ends the walk and so hide packets.
 *
 * A port records what was created on an interface, at the moment it was; undoing goes by that
 * record alone. Ports are plain values that the backend owns.
 */
#ifndef FT_CAPTURE_TC_ATTACH_H
#define FT_CAPTURE_TC_ATTACH_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/flow_abi.h"

/* One direction of an interface. */
struct ft_tc_hook {
	bool attached;
	uint32_t program; /* id of what we attached */
	int link_fd;      /* tcx */
	uint32_t handle, preference; /* clsact */
};

struct ft_tc_port {
	struct ft_iface iface;
	char name[IFNAMSIZ];
	struct ft_tc_hook hook[2]; /* [egress] */
	bool made_qdisc;           /* clsact: the qdisc is a flowtop's, to delete once it is empty */
	bool was_taken_off;        /* somebody else did what only we should */
};

struct ft_tc_way {
	bool stub; /* attach the stub, not the program itself */
	/* Attaches in front; records it in the port. */
	int (*attach)(struct ft_tc_port *port, bool egress, int program_fd);
	/* Undoes what the record says and clears it; an interface that is gone is no error. */
	void (*detach)(struct ft_tc_port *port, bool egress);
	/* After both detaches. */
	void (*settle)(struct ft_tc_port *port);
	/* Whether what the record says is still there. */
	bool (*alive)(const struct ft_tc_port *port, bool egress);
	/* A foreign program ahead of ours: its id, and its name; 0 if there is none. */
	uint32_t (*ahead)(const struct ft_tc_port *port, bool egress, char *name, size_t size);
};

extern const struct ft_tc_way ft_tc_way_tcx;
extern const struct ft_tc_way ft_tc_way_clsact;

/* The first foreign tcx program before `own` (0: of all) at a hook; 0 if there is none. */
uint32_t ft_tcx_foreign(uint32_t ifindex, bool egress, uint32_t own, char *name, size_t size);

/* Name of a program by its id; "" if it may not be asked. */
void ft_tc_program_name(uint32_t id, char *name, size_t size);
/* Whether the name is one of flowtop's own programs, which hide nothing. */
bool ft_tc_name_is_ours(const char *name);
/* Id of a program by descriptor; 0 if it can't be told. */
uint32_t ft_tc_program_id(int fd);

#endif
