/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners of a moment's flows: rows of processes, read once each. See moment.c.
 */
#include <stdlib.h>

#include "clickhouse/picture.h"
#include "core/xalloc.h"

#define PROCESSES_MAX (4U * FT_OWNER_MAX)
#define ASKED_AT_ONCE 500

/* Where a row of processes is remembered, or would be. */
static struct ft_ch_process *find_process(const struct ft_clickhouse *ch, uint16_t observer,
					  uint64_t run, uint64_t id)
{
	size_t mask = ch->process_room - 1;
	const uint64_t identity[] = { run, id, observer }; /* who writes the table chooses them */
	size_t at = (size_t)ft_hash(&ch->seed, identity, sizeof(identity)) & mask;
	struct ft_ch_process *entry;

	while ((entry = &ch->process_of[at])->id &&
	       (entry->id != id || entry->run != run || entry->observer != observer))
		at = (at + 1) & mask;
	return entry;
}

/* Remembers one. */
static void note_process(struct ft_clickhouse *ch, const struct ft_ch_process *process)
{
	struct ft_ch_process *old = ch->process_of, *entry;
	size_t room = ch->process_room;

	if (2 * (ch->process_count + 1) > room) {
		ch->process_room = room ? room * 2 : 4096;
		ch->process_of = xcalloc(ch->process_room, sizeof(*ch->process_of));
		for (size_t i = 0; i < room; i++)
			if (old[i].id)
				*find_process(ch, old[i].observer, old[i].run, old[i].id) = old[i];
		free(old);
	}
	entry = find_process(ch, process->observer, process->run, process->id);
	ch->process_count += !entry->id;
	*entry = *process;
}

#define PROCESS_FIELDS 23
static int take_process(void *arg, const struct ft_tsv_field *fields, size_t count)
{
	struct ft_clickhouse *ch = arg;
	struct ft_ch_process process = {
		.observer = ft_ch_observer(ch, &fields[0]),
		.run = ft_tsv_number(&fields[1], UINT64_MAX),
		.id = ft_tsv_number(&fields[2], UINT64_MAX),
	};

	(void)count;
	if (!process.id || ch->process_count >= PROCESSES_MAX)
		return 0;
	process.owner = ft_owners_add_process(ch->owners, &(struct ft_process){
		.pid = (int32_t)ft_tsv_number(&fields[3], INT32_MAX),
		.ppid = (int32_t)ft_tsv_number(&fields[4], INT32_MAX),
		.uid = (uint32_t)ft_tsv_number(&fields[5], UINT32_MAX),
		.gid = (uint32_t)ft_tsv_number(&fields[6], UINT32_MAX),
		.netns = (uint32_t)ft_tsv_number(&fields[7], UINT32_MAX),
		.start_ns = ft_tsv_number(&fields[8], UINT64_MAX),
		.name = fields[9].text, .user = fields[10].text, .cmdline = fields[11].text,
		.exe = fields[12].text, .cgroup = fields[13].text, .unit = fields[14].text,
		.container = fields[15].text, .container_id = fields[16].text,
		.runtime = fields[17].text, .image = fields[18].text, .pod = fields[19].text,
		.pod_namespace = fields[20].text, .group = fields[21].text,
		.parents = fields[22].text,
	});
	note_process(ch, &process);
	return 0;
}

/* The question for owners of works from *at on, ASKED_AT_ONCE of them; how many it asks for. */
static size_t put_owners(struct ft_sql *sql, struct ft_ch_picture *picture, size_t *at)
{
	struct ft_clickhouse *ch = picture->ch;
	size_t asked = 0;

	ft_sql_printf(sql, "SELECT observer, run, id, pid, ppid, uid, gid, netns, start_ns, name, "
			   "user, command, executable, cgroup, unit, container, container_id, "
			   "runtime, image, pod, pod_namespace, user_group, parents FROM ");
	ft_ch_table_name(sql, ch->database, FT_CH_PROCESSES);
	for (; *at < picture->count && asked < ASKED_AT_ONCE; (*at)++) {
		const struct ft_ch_work *work = &picture->works[*at];

		for (int side = 0; side < 2; side++) {
			struct ft_ch_process process = { .observer = work->observer,
							 .run = work->run,
							 .id = work->process[side] };

			if (process.id < FT_OWNER_FIRST || ch->process_count >= PROCESSES_MAX ||
			    (ch->process_room &&
			     find_process(ch, process.observer, process.run, process.id)->id))
				continue;
			/* If there is no such row, the flow's own tells. */
			process.owner = work->short_owner[side];
			note_process(ch, &process);
			ft_sql_printf(sql, asked++ ? "," : " WHERE (observer, run, id) IN (");
			ft_sql_printf(sql, "(");
			ft_sql_text(sql, ch->observers[work->observer - 1]);
			ft_sql_printf(sql, ",%llu,%llu)", (unsigned long long)process.run,
				      (unsigned long long)process.id);
		}
	}
	ft_sql_printf(sql, asked == 1 ? ",('',0,0)) FORMAT TabSeparated" : ") FORMAT TabSeparated");
	return asked;
}

int ft_ch_ask_owners(struct ft_ch_picture *picture, char *err, size_t err_size)
{
	size_t at = 0;
	int ret = 0;

	while (ret == 0 && at < picture->count) {
		struct ft_sql sql = { NULL };

		if (put_owners(&sql, picture, &at) > 0)
			ret = ft_ch_query(picture->ch, &sql, PROCESS_FIELDS, take_process,
					  picture->ch, err, err_size);
		ft_sql_done(&sql);
	}
	if (ret < 0) {
		/* Some were asked for in vain: the next moment asks for all anew. */
		free(picture->ch->process_of);
		picture->ch->process_of = NULL;
		picture->ch->process_count = picture->ch->process_room = 0;
	}
	return ret;
}

uint16_t ft_ch_owner(const struct ft_clickhouse *ch, const struct ft_ch_work *work, int side)
{
	uint64_t id = work->process[side];

	if (id < FT_OWNER_FIRST)
		return (uint16_t)id;
	return ch->process_room ? find_process(ch, work->observer, work->run, id)->owner :
				  FT_OWNER_UNKNOWN;
}
