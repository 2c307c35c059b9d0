/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records a real snapshot for the screen's tests: runs the collector on the interfaces named
 * for so many intervals of a second and writes the newest snapshot to stdout. By hand, when a
 * fixture is to be made anew: tests/ui/record 5 br0 lo > tests/ui/recorded.txt
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/collector.h"
#include "tests/ui/recorded.h"

int main(int argc, char *argv[])
{
	struct ft_collector_config config = { .interval_ns = 1000000000, .backend_name = "auto" };
	struct ft_links_config watched = { .pattern_count = argc > 2 ? (size_t)argc - 2 : 0 };
	const struct ft_snapshot *snapshot = NULL;
	struct ft_collector *collector = NULL;
	struct ft_links *links = NULL;
	char err[FT_REASON_MAX] = "";
	struct pollfd poll_fd = { .events = POLLIN };

	if (argc < 3) {
		fprintf(stderr, "record INTERVALS INTERFACE ...\n");
		return 1;
	}
	watched.patterns = (const char *const *)(argv + 2);
	ft_table_config_init(&config.table);
	config.mailbox = ft_mailbox_new();
	if (ft_links_open(&watched, &links, err, sizeof(err)) < 0 ||
	    ft_collector_start(&config, links, &collector, err, sizeof(err)) < 0) {
		fprintf(stderr, "record: %s\n", err);
		return 2;
	}
	poll_fd.fd = ft_mailbox_fd(config.mailbox);
	while (!snapshot || snapshot->generation <= strtoull(argv[1], NULL, 10)) {
		ft_snapshot_put(snapshot);
		snapshot = NULL;
		while (!snapshot) {
			poll(&poll_fd, 1, -1);
			snapshot = ft_mailbox_take(config.mailbox);
		}
	}
	recorded_write(stdout, snapshot);
	ft_snapshot_put(snapshot);
	ft_collector_stop(collector);
	ft_collector_free(collector);
	ft_mailbox_free(config.mailbox);
	return 0;
}
