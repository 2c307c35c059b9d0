/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of container engines: the input is what each of them reads, by links in a folder that
 * looks like their root, and what Docker's daemon answers over HTTP. Strings come out whole or not
 * at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/container.h"
#include "capture/http_answer.h"
#include "capture/json_find.h"
#include "core/xalloc.h"
#include "tests/fuzz/fuzz.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const char fuzz_name[] = "container";

static const char *const cgroups[] = {
	"/system.slice/docker-" ID ".scope",
	"/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-" ID ".scope",
	"/machine.slice/libpod-" ID ".scope",
	"/user.slice/box",
};

static const char *const files[] = {
	"/var/lib/docker/containers/" ID "/config.v2.json",
	"/etc/docker/daemon.json",
	"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
	"/var/lib/containers/storage/overlay-containers/containers.json",
	"/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json",
};

static char root[] = "/tmp/flowtop-fuzz-XXXXXX";

/* Takes away a made path, then the folders that are empty without it. */
static void take_away(char *path)
{
	unlink(path);
	for (char *slash; (slash = strrchr(path, '/')) && slash != path;) {
		*slash = '\0';
		if (rmdir(path) < 0 || strcmp(path, root) == 0)
			return;
	}
}

static void clean(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = xasprintf("%s%s", root, files[i]);

		take_away(path);
		free(path);
	}
}

/* Makes the folders and links, all to the one file. */
static void prepare(const char *target)
{
	FUZZ_CHECK(mkdtemp(root));
	atexit(clean);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = xasprintf("%s%s", root, files[i]);

		for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/'));) {
			*slash = '\0';
			mkdir(path, 0700);
			*slash = '/';
		}
		FUZZ_CHECK(symlink(target, path) == 0);
		free(path);
	}
}

static bool count_element(void *arg, const char *element, size_t length)
{
	static const char *const any[] = { "*", "*", NULL };
	char text[16];

	(void)ft_json_find(element, length, any, text, sizeof(text));
	return ++*(size_t *)arg == 1000;
}

/* What a daemon answers: whatever comes, its body lies within it, and a longer begin of a text that
 * was whole stays what it was. */
static void answer(uint8_t *text, size_t size)
{
	struct ft_http_answer whole = { 0 }, part = { 0 };
	struct ft_container container = { 0 };
	const char *bytes = (const char *)text;

	if (ft_http_answer_parse(bytes, size, true, &whole) != 1)
		return;
	FUZZ_CHECK(whole.body <= size && whole.length <= size - whole.body);
	if (ft_http_answer_parse(bytes, size, false, &part) == 1)
		FUZZ_CHECK(part.body == whole.body && part.length == whole.length);
	if (whole.chunked)
		whole.length = ft_http_answer_join((char *)text + whole.body, whole.length);
	FUZZ_CHECK(whole.length <= size - whole.body);
	ft_container_take_docker(bytes + whole.body, whole.length, &container);
	FUZZ_CHECK(memchr(container.name, 0, sizeof(container.name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const path[] = { "Config", "Image", NULL };
	const char *file = fuzz_file(data, size);
	static bool prepared;
	uint8_t *text = fuzz_copy(data, size);
	char found[8] = "";
	size_t elements = 0;

	if (!prepared)
		prepare(file);
	prepared = true;
	if (ft_json_find((const char *)text, size, path, found, sizeof(found)))
		FUZZ_CHECK(memchr(found, 0, sizeof(found)));
	ft_json_each((const char *)text, size, count_element, &elements);
	FUZZ_CHECK(elements <= 1000);
	answer(text, size);
	free(text);
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		struct ft_container container;

		ft_container_of(cgroups[i], &container);
		ft_container_read(cgroups[i], root, "", &container);
		FUZZ_CHECK(memchr(container.name, 0, sizeof(container.name)));
		FUZZ_CHECK(memchr(container.image, 0, sizeof(container.image)));
		FUZZ_CHECK(memchr(container.pod, 0, sizeof(container.pod)));
	}
	return 0;
}
