/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which container a cgroup is, told in two steps: its path names runtime and id, files of the
 * runtime name the rest. Nothing is run; a daemon is asked only by option (docker.h). Paths and
 * files are others': any content is taken, cut to its field, and escaped where it is shown.
 */
#ifndef FT_CAPTURE_CONTAINER_H
#define FT_CAPTURE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

struct ft_container {
	char runtime[16];  /* docker, podman, containerd, cri-o, lxc, nspawn, libvirt, runc, ecs,
			    * kubernetes (a pod's, whose runtime the path doesn't tell); "" = none */
	char id[128];      /* whole */
	char name[128];    /* "" = not known */
	char image[256];
	char pod[256];     /* name, or uid if only that is known */
	char pod_namespace[128];
};

/* By the path alone: the innermost container. False, and all empty, if it is none. */
bool ft_container_of(const char *cgroup, struct ft_container *ret_container);

/* Adds what files say. root: "" (tests: another place); home: of the process' user, for rootless
 * engines, or "". A container of plain runc is only known by its files: true if it is one. */
bool ft_container_read(const char *cgroup, const char *root, const char *home,
		       struct ft_container *container);

/* True for 64 hex digits, as engines make them. */
bool ft_container_is_id(const char *id);
/* Adds what Docker says of a container, in its file or by its daemon: JSON. */
void ft_container_take_docker(const char *text, size_t length, struct ft_container *container);

/* "web-1", or the begin of the id, as engines show it. */
void ft_container_label(const struct ft_container *container, char *label, size_t size);

/* Both steps, remembered for a while: files are read once a container. */
struct ft_containers;
struct ft_containers *ft_containers_new(const char *root);
void ft_containers_free(struct ft_containers *containers); /* takes NULL */
/* What a daemon has to say when files say nothing: called for each container that has no name,
 * until it returns true: there is nothing to wait for any more. It must not wait itself. */
void ft_containers_ask(struct ft_containers *containers,
		       bool (*ask)(void *arg, struct ft_container *container), void *arg);
/* All empty if it is in none. Borrowed until the next call. */
const struct ft_container *ft_containers_find(struct ft_containers *containers, const char *cgroup,
					      const char *home);

#endif
