/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes and the kernel write in /proc: stat, cgroup, cmdline, net. An input's first
 * octet says which; the sizes of buffers are those of the callers and small ones.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/proc_info.h"
#include "capture/sock_diag.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "proc";

static void read_cgroup(const char *text)
{
	char path[1024], cut[8], unit[256], container[128];

	ft_proc_parse_cgroup(text, path, sizeof(path));
	ft_proc_parse_cgroup(text, cut, sizeof(cut));
	FUZZ_CHECK(strlen(cut) < sizeof(cut) && strncmp(path, cut, strlen(cut)) == 0);
	FUZZ_CHECK(!strchr(path, '\n'));
	ft_proc_unit_of(path, unit, sizeof(unit));
	FUZZ_CHECK(!unit[0] || strstr(path, unit));
	ft_proc_container_of(path, container, sizeof(container));
	FUZZ_CHECK(strlen(container) < sizeof(container));
}

/* The whole text as the path of a cgroup: BPF tells paths without /proc. */
static void read_path(const char *text)
{
	struct ft_container container;
	char label[128];
	bool found = ft_container_of(text, &container);

	FUZZ_CHECK(found == (container.runtime[0] != '\0'));
	FUZZ_CHECK(memchr(container.id, 0, sizeof(container.id)));
	FUZZ_CHECK(memchr(container.name, 0, sizeof(container.name)));
	FUZZ_CHECK(memchr(container.pod, 0, sizeof(container.pod)));
	ft_container_label(&container, label, sizeof(label));
	FUZZ_CHECK(found || !label[0]);
}

static void read_stat(const char *text)
{
	int32_t ppid = -77;
	uint64_t ticks = 77;

	if (ft_proc_parse_stat(text, &ppid, &ticks) < 0)
		FUZZ_CHECK(ppid == -77 && ticks == 77);
}

static void read_net(const char *text)
{
	struct ft_proc_queues queues;
	struct ft_sock sock;

	memset(&sock, 0xee, sizeof(sock));
	ft_proc_net_parse(text, 6, false, &sock, &queues);
	ft_proc_net_parse(text, 17, true, &sock, &queues);
}

static void read_arguments(const uint8_t *data, size_t size)
{
	char *args = fuzz_text(data, size);

	ft_proc_join_args(args, size);
	FUZZ_CHECK(args[size] == '\0');
	/* nothing but zeros at the end is left of them */
	for (size_t i = strlen(args); i < size; i++)
		FUZZ_CHECK(args[i] == '\0');
	free(args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t which = fuzz_take(&data, &size, 1);
	char *text = fuzz_text(data, size);

	switch (which % 5) {
	case 0:
		read_cgroup(text);
		break;
	case 1:
		read_path(text);
		break;
	case 2:
		read_stat(text);
		break;
	case 3:
		read_net(text);
		break;
	default:
		read_arguments(data, size);
	}
	free(text);
	return 0;
}
