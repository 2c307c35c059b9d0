/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the BPF owner source: owner_bpf_load.c gets programs into the kernel, owner_bpf.c
 * understands what they tell. Nobody else includes this.
 */
#ifndef FT_CAPTURE_OWNER_BPF_PRIV_H
#define FT_CAPTURE_OWNER_BPF_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "bpf/owner_abi.h"
#include "capture/owner_bpf.h"

struct bpf_object;
struct bpf_link;

/* The programs, in the order in which they are loaded. */
enum ft_owner_part {
	FT_PART_CREATE, /* sockets as they are made */
	FT_PART_SOCK,   /* sockets as they are used, by tracepoints */
	FT_PART_FENTRY, /* the same by functions, only if those aren't there */
	FT_PART_SEED,   /* sockets that there were before */
	FT_PART_TASK,   /* exec, names, ends of processes */
	FT_PART_CGROUP, /* cgroups as they are made */
	FT_PART_BYTES,  /* what programs wrote and read */
	FT_PART_BYTES_HELD, /* the same of sockets that processes hold, only if that can't be had */
	FT_PART_MPTCP,  /* sockets that the kernel makes below a process' one */
	FT_PARTS,
};

#define FT_PART_LINKS 4
struct ft_owner_program {
	struct bpf_object *object; /* owned; NULL = not loaded */
	struct bpf_link *link[FT_PART_LINKS];
	int error;                 /* why not; 0 = it works, or was not needed */
};

struct ft_owner_programs {
	struct bpf_object *base; /* owned: the maps */
	struct ft_owner_program part[FT_PARTS];
	struct ft_owner_maps maps;
	struct ft_owner_reader *reader; /* the kernel's memory; NULL = it cannot be had */
};

/* Loads and attaches what this kernel takes. cgroup_fd: root of the v2 tree, or -errno.
 * -errno: not even the maps. */
int ft_owner_programs_load(struct ft_owner_programs *programs, int cgroup_fd);
void ft_owner_programs_unload(struct ft_owner_programs *programs);
bool ft_owner_programs_has(const struct ft_owner_programs *programs, enum ft_owner_part part);

/* "created", as ft_owner_bpf_describe and --doctor name it. */
const char *ft_owner_part_name(enum ft_owner_part part);
/* What the part is good for. */
const char *ft_owner_part_use(enum ft_owner_part part);

/* Reads of all open sockets what was written and read since it was told last; 0 or -errno. */
int ft_owner_programs_bytes(const struct ft_owner_programs *programs,
			    void (*each)(void *arg, const struct ft_owner_bytes *news), void *arg);

/* Reads all sockets that processes hold; 0 or -errno. */
int ft_owner_programs_seed(const struct ft_owner_programs *programs,
			   void (*each)(void *arg, const struct ft_owner_socket *news), void *arg);

#endif
