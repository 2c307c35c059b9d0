/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See container.h. The path is read from its end, so that of nested containers the innermost
 * counts. What the directories of each runtime look like is one row of a table; what its files
 * say is one function a runtime.
 */
#include "capture/container.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/json_find.h"
#include "core/xalloc.h"

#define HEX_ID 64         /* length of the ids that engines make */
#define SHORT_ID 12       /* as they show it */
#define FILE_MAX (1 << 20)
#define REMEMBERED 256

/* ---- the path */

/* How a runtime names a container's directory: BEFORE id END, inside of PARENT. */
static const struct form {
	const char *runtime, *parent, *before, *end;
	bool hex; /* the id is of 64 hex digits, else any name */
} forms[] = {
	{ "docker", NULL, "docker-", ".scope", true },
	{ "docker", "docker", "", "", true },
	{ "containerd", NULL, "cri-containerd-", ".scope", true },
	{ "containerd", NULL, "nerdctl-", ".scope", true },
	{ "cri-o", NULL, "crio-", ".scope", true },
	{ "cri-o", NULL, "crio-", "", true },
	{ "podman", NULL, "libpod-", ".scope", true },
	{ "podman", NULL, "libpod-", "", true },
	{ "runc", NULL, "runc-", ".scope", false },
	{ "lxc", NULL, "lxc.payload.", "", false },
	{ "lxc", "lxc", "", "", false },
	{ "libvirt", NULL, "machine-qemu\\x2d", ".scope", false },
	{ "libvirt", NULL, "machine-lxc\\x2d", ".scope", false },
	{ "nspawn", NULL, "machine-", ".scope", false },
	{ "nspawn", NULL, "systemd-nspawn@", ".service", false },
};

static bool is_hex_id(const char *text, size_t length)
{
	if (length != HEX_ID)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

bool ft_container_is_id(const char *id)
{
	return is_hex_id(id, strlen(id));
}

static bool is_part(const char *part, size_t length, const char *text)
{
	return part && strlen(text) == length && memcmp(part, text, length) == 0;
}

static void copy(char *to, size_t size, const char *from, size_t length)
{
	snprintf(to, size, "%.*s", (int)(length < INT_MAX ? length : INT_MAX), from);
}

/* Undoes systemd's \xNN in a unit's name, in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		char hex[3] = { 0 };

		if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
		    isxdigit((unsigned char)text[3])) {
			memcpy(hex, text + 2, 2);
			*to++ = (char)strtol(hex, NULL, 16);
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* True if a directory of the path is a container's in this form. */
static bool fits(const struct form *form, const char *part, size_t length, const char *parent,
		 size_t parent_length, struct ft_container *container)
{
	size_t before = strlen(form->before), end = strlen(form->end);

	if (form->parent && !is_part(parent, parent_length, form->parent))
		return false;
	if (length <= before + end || memcmp(part, form->before, before) != 0 ||
	    memcmp(part + length - end, form->end, end) != 0)
		return false;
	part += before;
	length -= before + end;
	if (form->hex && !is_hex_id(part, length))
		return false;
	copy(container->runtime, sizeof(container->runtime), form->runtime, strlen(form->runtime));
	copy(container->id, sizeof(container->id), part, length);
	if (!form->hex) {
		unescape(container->id);
		/* libvirt: "1-name", by its number first */
		if (strcmp(form->runtime, "libvirt") == 0) {
			size_t digits = strspn(container->id, "0123456789");

			if (digits > 0 && container->id[digits] == '-')
				memmove(container->id, container->id + digits + 1,
					strlen(container->id + digits + 1) + 1);
		}
		copy(container->name, sizeof(container->name), container->id,
		     strlen(container->id));
	}
	return true;
}

/* The pod's uid from kubelet's directory: kubepods-burstable-podUID.slice (its '-' written as
 * '_') or podUID. */
static bool read_pod(const char *part, size_t length, struct ft_container *container)
{
	static const char slice[] = ".slice";
	const char *at = part, *end = part + length;
	char *c;

	if (length > strlen(slice) && memcmp(end - strlen(slice), slice, strlen(slice)) == 0) {
		if (length < 8 || memcmp(part, "kubepods", 8) != 0)
			return false;
		end -= strlen(slice);
		at = memmem(part, (size_t)(end - part), "-pod", 4);
		if (!at)
			return false;
		at += 4;
	} else if (length > 3 && memcmp(part, "pod", 3) == 0) {
		at += 3;
	} else {
		return false;
	}
	copy(container->pod, sizeof(container->pod), at, (size_t)(end - at));
	for (c = container->pod; *c; c++)
		if (*c == '_')
			*c = '-';
	return true;
}

/* A directory whose name is an id and nothing more: kubelet's and others' by what is around it;
 * cri-containerd's in systemd's hierarchy of old is "kubepods...:cri-containerd:ID". */
static bool fits_bare(const char *cgroup, const char *part, size_t length,
		      struct ft_container *container)
{
	const char *colon = memrchr(part, ':', length);
	const char *id = colon ? colon + 1 : part;
	const char *runtime = "";

	if (!is_hex_id(id, length - (size_t)(id - part)))
		return false;
	if (colon && memmem(part, length, ":cri-containerd:", 16))
		runtime = "containerd";
	else if (strstr(cgroup, "kubepods"))
		runtime = "kubernetes";
	else if (strstr(cgroup, "/ecs/"))
		runtime = "ecs";
	else
		runtime = "container";
	copy(container->runtime, sizeof(container->runtime), runtime, strlen(runtime));
	copy(container->id, sizeof(container->id), id, HEX_ID);
	return true;
}

/* Splits the path at its last slash before *end; the part, its length in *ret_length. */
static const char *last_part(const char *cgroup, const char *end, size_t *ret_length)
{
	const char *slash = end > cgroup ? memrchr(cgroup, '/', (size_t)(end - cgroup)) : NULL;

	*ret_length = slash ? (size_t)(end - slash - 1) : 0;
	return slash ? slash + 1 : NULL;
}

/* Finds the container in one directory's name. */
static bool fits_any(const char *cgroup, const char *part, size_t length, const char *parent,
		     size_t parent_length, struct ft_container *container)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (fits(&forms[i], part, length, parent, parent_length, container))
			return true;
	return fits_bare(cgroup, part, length, container);
}

bool ft_container_of(const char *cgroup, struct ft_container *ret_container)
{
	const char *end = cgroup + strlen(cgroup), *part, *parent;
	size_t length, parent_length;
	bool found = false;

	memset(ret_container, 0, sizeof(*ret_container));
	while ((part = last_part(cgroup, end, &length))) {
		end = part - 1;
		parent = last_part(cgroup, end, &parent_length);
		if (!found)
			found = fits_any(cgroup, part, length, parent, parent_length,
					 ret_container);
		else if (read_pod(part, length, ret_container))
			break;
	}
	return found;
}

/* ---- files */

/* A file's bytes, owned by the caller, or NULL. Only regular files of a sane size. */
static char *read_whole(const char *path, size_t *ret_length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *text = NULL;
	size_t have = 0;
	ssize_t got = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_MAX) {
		text = xmalloc(FILE_MAX);
		while (have < FILE_MAX && (got = read(fd, text + have, FILE_MAX - have)) > 0)
			have += (size_t)got;
	}
	close(fd);
	if (text && got < 0) {
		free(text);
		text = NULL;
	}
	*ret_length = have;
	return text;
}

/* A string of a file; what is already known stays if it isn't there. */
struct wish {
	const char *path[FT_JSON_PATH_MAX];
	char *to;
	size_t size;
};

static void take_strings(const char *text, size_t length, const struct wish *wishes, size_t count)
{
	char found[256];

	for (size_t i = 0; i < count; i++)
		if (ft_json_find(text, length, wishes[i].path, found, sizeof(found)) && found[0])
			copy(wishes[i].to, wishes[i].size, found, strlen(found));
}

/* Reads a file and takes what is wished for; false if it isn't there. */
static bool take_file(const char *path, const struct wish *wishes, size_t count)
{
	size_t length;
	char *text = read_whole(path, &length);

	if (!text)
		return false;
	take_strings(text, length, wishes, count);
	free(text);
	return true;
}

#define INTO(field) .to = container->field, .size = sizeof(container->field)
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

void ft_container_take_docker(const char *text, size_t length, struct ft_container *container)
{
	const struct wish wishes[] = {
		{ .path = { "Name" }, INTO(name) },
		{ .path = { "Config", "Image" }, INTO(image) },
		{ .path = { "Config", "Labels", "io.kubernetes.container.name" }, INTO(name) },
		{ .path = { "Config", "Labels", "io.kubernetes.pod.name" }, INTO(pod) },
		{ .path = { "Config", "Labels", "io.kubernetes.pod.namespace" },
		  INTO(pod_namespace) },
	};

	take_strings(text, length, wishes, COUNT(wishes));
	if (container->name[0] == '/')
		memmove(container->name, container->name + 1, strlen(container->name));
}

/* What Docker keeps of a container below its folder. */
static bool read_docker_at(const char *root, const char *folder, struct ft_container *container)
{
	char path[PATH_MAX], *text;
	size_t length;

	snprintf(path, sizeof(path), "%s%s/containers/%s/config.v2.json", root, folder,
		 container->id);
	text = read_whole(path, &length);
	if (!text)
		return false;
	ft_container_take_docker(text, length, container);
	free(text);
	return true;
}

/* Its folder is the usual one, another by its own configuration, or in a user's home. */
static bool read_docker(const char *root, const char *home, struct ft_container *container)
{
	char path[PATH_MAX], folder[512] = "";
	const struct wish wishes[] = {
		{ .path = { "data-root" }, .to = folder, .size = sizeof(folder) },
	};

	if (read_docker_at(root, "/var/lib/docker", container))
		return true;
	snprintf(path, sizeof(path), "%s/etc/docker/daemon.json", root);
	if (take_file(path, wishes, COUNT(wishes)) && folder[0] == '/' &&
	    read_docker_at(root, folder, container))
		return true;
	snprintf(folder, sizeof(folder), "%s/.local/share/docker", home);
	return home[0] && read_docker_at(root, folder, container);
}

/* Annotations of the OCI bundle that containerd keeps, in each of its namespaces. */
static bool read_containerd(const char *root, struct ft_container *container)
{
	static const char *const places[] = { "/run/containerd", "/run/k3s/containerd",
					      "/var/snap/microk8s/common/run/containerd" };
	static const char *const spaces[] = { "k8s.io", "default", "moby", "buildkit" };
	const struct wish wishes[] = {
		{ .path = { "annotations", "nerdctl/name" }, INTO(name) },
		{ .path = { "annotations", "io.kubernetes.cri.container-name" }, INTO(name) },
		{ .path = { "annotations", "io.kubernetes.cri.image-name" }, INTO(image) },
		{ .path = { "annotations", "io.kubernetes.cri.sandbox-name" }, INTO(pod) },
		{ .path = { "annotations", "io.kubernetes.cri.sandbox-namespace" },
		  INTO(pod_namespace) },
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(places) * COUNT(spaces); i++) {
		snprintf(path, sizeof(path),
			 "%s%s/io.containerd.runtime.v2.task/%s/%s/config.json", root,
			 places[i / COUNT(spaces)], spaces[i % COUNT(spaces)], container->id);
		if (take_file(path, wishes, COUNT(wishes)))
			return true;
	}
	return false;
}

/* One entry of containers.json. */
struct storage {
	struct ft_container *container;
};

static bool read_entry(void *arg, const char *element, size_t length)
{
	struct ft_container *container = ((struct storage *)arg)->container;
	const struct wish inner[] = {
		{ .path = { "image-name" }, INTO(image) },
		{ .path = { "pod-name" }, INTO(pod) },
	};
	static const char *const id_path[] = { "id", NULL };
	static const char *const names_path[] = { "names", "*", NULL };
	static const char *const metadata_path[] = { "metadata", NULL };
	char text[4096];

	if (!ft_json_find(element, length, id_path, text, sizeof(text)) ||
	    strcmp(text, container->id) != 0)
		return false;
	if (ft_json_find(element, length, names_path, text, sizeof(text)))
		copy(container->name, sizeof(container->name), text, strlen(text));
	if (ft_json_find(element, length, metadata_path, text, sizeof(text)))
		take_strings(text, strlen(text), inner, COUNT(inner));
	return true;
}

/* What podman and CRI-O keep of their containers, below the storage's folder. */
static bool read_storage(const char *storage, struct ft_container *container)
{
	const struct wish wishes[] = {
		{ .path = { "annotations", "io.kubernetes.container.name" }, INTO(name) },
		{ .path = { "annotations", "io.kubernetes.cri-o.ImageName" }, INTO(image) },
		{ .path = { "annotations", "io.kubernetes.pod.name" }, INTO(pod) },
		{ .path = { "annotations", "io.kubernetes.pod.namespace" }, INTO(pod_namespace) },
	};
	struct storage arg = { container };
	char path[PATH_MAX], *text;
	size_t length;
	bool found = false;

	snprintf(path, sizeof(path), "%s/overlay-containers/containers.json", storage);
	text = read_whole(path, &length);
	if (text)
		found = ft_json_each(text, length, read_entry, &arg);
	free(text);
	snprintf(path, sizeof(path), "%s/overlay-containers/%s/userdata/config.json", storage,
		 container->id);
	return take_file(path, wishes, COUNT(wishes)) || found;
}

static bool read_storages(const char *root, const char *home, struct ft_container *container)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/var/lib/containers/storage", root);
	if (read_storage(path, container))
		return true;
	if (!home[0])
		return false;
	snprintf(path, sizeof(path), "%s%s/.local/share/containers/storage", root, home);
	return read_storage(path, container);
}

/* Kubelet's links: POD_NAMESPACE_CONTAINER-ID.log. */
static void read_kubelet(const char *root, struct ft_container *container)
{
	char path[PATH_MAX], end[HEX_ID + 8];
	size_t end_length = (size_t)snprintf(end, sizeof(end), "-%.64s.log", container->id);
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/var/log/containers", root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);
		const char *space = strchr(entry->d_name, '_'), *name;

		if (length <= end_length ||
		    strcmp(entry->d_name + length - end_length, end) != 0 || !space)
			continue;
		name = strchr(space + 1, '_');
		if (!name)
			continue;
		copy(container->pod, sizeof(container->pod), entry->d_name,
		     (size_t)(space - entry->d_name));
		copy(container->pod_namespace, sizeof(container->pod_namespace), space + 1,
		     (size_t)(name - space - 1));
		copy(container->name, sizeof(container->name), name + 1,
		     length - end_length - (size_t)(name + 1 - entry->d_name));
		break;
	}
	if (dir)
		closedir(dir);
}

/* Plain runc names a cgroup like its container, and that like nothing: its state says so. */
static bool read_runc(const char *cgroup, const char *root, struct ft_container *container)
{
	const char *end = cgroup + strlen(cgroup);
	size_t length;
	const char *part = last_part(cgroup, end, &length);
	char path[PATH_MAX];
	struct stat st;

	if (container->runtime[0] || !part || length == 0 || length >= sizeof(container->id) ||
	    is_part(part, length, "..") || is_part(part, length, "."))
		return false;
	snprintf(path, sizeof(path), "%s/run/runc/%.*s/state.json", root, (int)length, part);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	copy(container->runtime, sizeof(container->runtime), "runc", 4);
	copy(container->id, sizeof(container->id), part, length);
	copy(container->name, sizeof(container->name), part, length);
	return true;
}

bool ft_container_read(const char *cgroup, const char *root, const char *home,
		       struct ft_container *container)
{
	const char *runtime = container->runtime;

	if (!runtime[0])
		return read_runc(cgroup, root, container);
	if (!ft_container_is_id(container->id))
		return true;
	if (strcmp(runtime, "docker") == 0)
		read_docker(root, home, container);
	if (strcmp(runtime, "containerd") == 0 || strcmp(runtime, "kubernetes") == 0) {
		if (read_containerd(root, container))
			copy(container->runtime, sizeof(container->runtime), "containerd", 10);
		else if (strcmp(runtime, "kubernetes") == 0 && read_docker(root, home, container))
			copy(container->runtime, sizeof(container->runtime), "docker", 6);
	}
	if (strcmp(runtime, "podman") == 0 || strcmp(runtime, "cri-o") == 0)
		read_storages(root, home, container);
	if (container->pod[0])
		read_kubelet(root, container);
	return true;
}

void ft_container_label(const struct ft_container *container, char *label, size_t size)
{
	if (container->name[0])
		copy(label, size, container->name, strlen(container->name));
	else if (ft_container_is_id(container->id))
		copy(label, size, container->id, SHORT_ID);
	else
		copy(label, size, container->id, strlen(container->id));
}

/* ---- remembered ones */

struct remembered {
	char *cgroup; /* owned; NULL = free */
	bool homeless; /* read before the user's home was known */
	bool asked;    /* and answered, or nobody is to be asked */
	struct ft_container container;
};

struct ft_containers {
	char *root;
	struct remembered *remembered; /* [REMEMBERED], by a hash of the path */
	bool (*ask)(void *arg, struct ft_container *container); /* NULL: nobody */
	void *arg;
};

struct ft_containers *ft_containers_new(const char *root)
{
	struct ft_containers *containers = xcalloc(1, sizeof(*containers));

	containers->root = xstrdup(root);
	containers->remembered = xcalloc(REMEMBERED, sizeof(*containers->remembered));
	return containers;
}

void ft_containers_free(struct ft_containers *containers)
{
	if (!containers)
		return;
	for (size_t i = 0; i < REMEMBERED; i++)
		free(containers->remembered[i].cgroup);
	free(containers->remembered);
	free(containers->root);
	free(containers);
}

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash;
}

void ft_containers_ask(struct ft_containers *containers,
		       bool (*ask)(void *arg, struct ft_container *container), void *arg)
{
	containers->ask = ask;
	containers->arg = arg;
}

/* True if what is remembered is of this cgroup and need not be read again. What is no container
 * may become one by a file; what has no name may have one in a home that wasn't known. */
static bool is_known(const struct remembered *at, const char *cgroup, const char *home)
{
	return at->cgroup && strcmp(at->cgroup, cgroup) == 0 && at->container.runtime[0] &&
	       (!at->homeless || !home[0] || at->container.name[0]);
}

const struct ft_container *ft_containers_find(struct ft_containers *containers, const char *cgroup,
					      const char *home)
{
	struct remembered *at = &containers->remembered[hash_of(cgroup) % REMEMBERED];

	if (!is_known(at, cgroup, home)) {
		free(at->cgroup);
		at->cgroup = xstrdup(cgroup);
		at->homeless = !home[0];
		at->asked = false;
		ft_container_of(cgroup, &at->container);
		ft_container_read(cgroup, containers->root, home, &at->container);
	}
	if (!at->asked && containers->ask && at->container.runtime[0] && !at->container.name[0])
		at->asked = containers->ask(containers->arg, &at->container);
	return &at->container;
}
