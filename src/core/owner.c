/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache of processes; see owner.h.
 *
 *   by id    slots[id - FT_OWNER_FIRST]: the record, how many flow ends name it, hash chain
 *   by pid   buckets of chains through slots; few records a pid
 *
 * A record is one block: struct box, then its strings. Only the owner thread changes the cache;
 * a box's count of references is atomic because snapshots let go of records on any thread.
 */
#include "core/owner.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/xalloc.h"

#define BUCKETS 16384U /* a power of two */
#define NONE UINT16_MAX
#define REAP_STEP 2048U /* ids looked at in one reap */

struct box {
	struct ft_process process; /* first: a process is its box */
	atomic_uint refs;
	char text[];
};

struct slot {
	struct box *box; /* NULL = free */
	uint32_t flows;  /* ends that name it */
	uint16_t next;   /* in the chain of its pid */
	bool stale;      /* a younger record of the same pid took over (exec, new name) */
	uint64_t stale_ns; /* when a reap first saw that */
};

struct ft_owners {
	struct slot *slots;
	uint32_t space; /* slots there are memory for */
	uint32_t top;   /* slots from here on were never used */
	uint32_t turn;  /* where the search for a free one goes on */
	uint32_t reap;  /* where the next reap goes on */
	size_t count;
	uint64_t refused;
	uint16_t buckets[BUCKETS];
};

/* The strings of a record, in the order in which they are stored. */
static const size_t strings[] = {
	offsetof(struct ft_process, name),    offsetof(struct ft_process, exe),
	offsetof(struct ft_process, cmdline), offsetof(struct ft_process, user),
	offsetof(struct ft_process, cgroup),  offsetof(struct ft_process, unit),
	offsetof(struct ft_process, container), offsetof(struct ft_process, group),
	offsetof(struct ft_process, parents), offsetof(struct ft_process, container_id),
	offsetof(struct ft_process, runtime), offsetof(struct ft_process, image),
	offsetof(struct ft_process, pod), offsetof(struct ft_process, pod_namespace),
};
#define STRING_COUNT (sizeof(strings) / sizeof(strings[0]))

/* A record's string by its place in the table above; "" for NULL. */
static const char *get_string(const struct ft_process *process, size_t i)
{
	const char *text;

	memcpy(&text, (const char *)process + strings[i], sizeof(text));
	return text ? text : "";
}

/* A copy under an id, with one reference. */
static struct box *new_box(const struct ft_process *process, uint16_t id)
{
	size_t size = 0, i;
	struct box *box;
	char *at;

	for (i = 0; i < STRING_COUNT; i++)
		size += strlen(get_string(process, i)) + 1;
	box = xmalloc(sizeof(*box) + size);
	box->process = *process;
	box->process.id = id;
	atomic_init(&box->refs, 1);
	for (i = 0, at = box->text; i < STRING_COUNT; i++) {
		const char *text = get_string(process, i);
		const char *copy = at;
		size_t length = strlen(text) + 1;

		memcpy(at, text, length);
		memcpy((char *)&box->process + strings[i], &copy, sizeof(copy));
		at += length;
	}
	return box;
}

void ft_process_put(const struct ft_process *process)
{
	struct box *box = (struct box *)(uintptr_t)process;

	if (box && atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1)
		free(box);
}

const struct ft_process *ft_process_take(const struct ft_process *process)
{
	struct box *box = (struct box *)(uintptr_t)process;

	atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
	return process;
}

uint64_t ft_process_print(const struct ft_process *process)
{
	const char *const texts[] = { process->name, process->cmdline, process->container,
				      process->unit, process->user };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = (hash ^ (uint32_t)process->pid) * UINT64_C(0x100000001b3);
	hash = (hash ^ process->start_ns) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (const char *at = texts[i]; at && *at; at++)
			hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
		hash = hash * 31 + i;
	}
	return hash ? hash : 1;
}

struct ft_owners *ft_owners_new(void)
{
	struct ft_owners *owners = xcalloc(1, sizeof(*owners));

	memset(owners->buckets, 0xff, sizeof(owners->buckets)); /* NONE */
	return owners;
}

void ft_owners_free(struct ft_owners *owners)
{
	uint32_t i;

	if (!owners)
		return;
	for (i = 0; i < owners->top; i++)
		if (owners->slots[i].box)
			ft_process_put(&owners->slots[i].box->process);
	free(owners->slots);
	free(owners);
}

/* The chain of a pid. Pids are given out by the kernel one by one: no need for a hash. */
static uint16_t *find_chain(struct ft_owners *owners, int32_t pid)
{
	return &owners->buckets[(uint32_t)pid & (BUCKETS - 1)];
}

/* The slot of an id that is in use, or NULL. */
static struct slot *find_slot(const struct ft_owners *owners, uint16_t id)
{
	uint32_t i = (uint32_t)id - FT_OWNER_FIRST;

	if (id < FT_OWNER_FIRST || i >= owners->top || !owners->slots[i].box)
		return NULL;
	return &owners->slots[i];
}

/* Takes a record out of the cache. */
static void drop(struct ft_owners *owners, uint32_t i)
{
	struct slot *slot = &owners->slots[i];
	uint16_t *at = find_chain(owners, slot->box->process.pid);

	while (*at != i)
		at = &owners->slots[*at].next;
	*at = slot->next;
	ft_process_put(&slot->box->process);
	*slot = (struct slot){ .box = NULL };
	owners->count--;
}

/* True if nothing needs the record: its process is gone and no flow is its own. */
static bool is_droppable(const struct slot *slot)
{
	return slot->box && slot->flows == 0 && (slot->box->process.exited_ns || slot->stale);
}

/* Makes room by dropping what exited first; all at once what is as old as half of it, so that
 * a full cache isn't searched for each newcomer. False if every record is needed. */
static bool make_room(struct ft_owners *owners)
{
	uint64_t first = UINT64_MAX, last = 0, limit;
	bool found = false;
	uint32_t i;

	for (i = 0; i < owners->top; i++) {
		if (!is_droppable(&owners->slots[i]))
			continue;
		uint64_t exited = owners->slots[i].box->process.exited_ns;

		found = true;
		first = exited < first ? exited : first;
		last = exited > last ? exited : last;
	}
	if (!found)
		return false;
	limit = first + (last - first) / 2;
	for (i = 0; i < owners->top; i++)
		if (is_droppable(&owners->slots[i]) &&
		    owners->slots[i].box->process.exited_ns <= limit)
			drop(owners, i);
	return true;
}

/* A free slot's number; ids are given out round and round. */
static uint32_t take_slot(struct ft_owners *owners)
{
	uint32_t tried;

	if (owners->top < FT_OWNER_MAX) {
		if (owners->top == owners->space) {
			owners->space = owners->space ? owners->space * 2 : 64;
			owners->slots = xreallocarray(owners->slots, owners->space,
						      sizeof(*owners->slots));
		}
		owners->slots[owners->top] = (struct slot){ .box = NULL };
		return owners->top++;
	}
	for (tried = 0; tried < FT_OWNER_MAX; tried++) {
		uint32_t i = owners->turn;

		owners->turn = (i + 1) % FT_OWNER_MAX;
		if (!owners->slots[i].box)
			return i;
	}
	return NONE;
}

/* True if a record says the same of the same process. */
static bool is_same(const struct ft_process *a, const struct ft_process *b)
{
	return a->pid == b->pid && a->start_ns == b->start_ns && !a->exited_ns &&
	       strcmp(a->name, b->name ? b->name : "") == 0 &&
	       strcmp(a->cmdline, b->cmdline ? b->cmdline : "") == 0;
}

uint16_t ft_owners_add_process(struct ft_owners *owners, const struct ft_process *process)
{
	uint16_t *chain = find_chain(owners, process->pid);
	uint32_t i;

	for (i = *chain; i != NONE; i = owners->slots[i].next)
		if (is_same(&owners->slots[i].box->process, process)) {
			owners->slots[i].stale = false;
			return owners->slots[i].box->process.id;
		}
	if (owners->count == FT_OWNER_MAX && !make_room(owners)) {
		owners->refused++;
		return FT_OWNER_UNKNOWN;
	}
	for (i = *chain; i != NONE; i = owners->slots[i].next)
		if (owners->slots[i].box->process.pid == process->pid)
			owners->slots[i].stale = true;
	i = take_slot(owners);
	owners->slots[i].box = new_box(process, (uint16_t)(i + FT_OWNER_FIRST));
	owners->slots[i].next = *chain;
	*chain = (uint16_t)i;
	owners->count++;
	return (uint16_t)(i + FT_OWNER_FIRST);
}

void ft_owners_exited(struct ft_owners *owners, int32_t pid, uint64_t when_ns)
{
	uint32_t i;

	for (i = *find_chain(owners, pid); i != NONE; i = owners->slots[i].next) {
		struct box *old = owners->slots[i].box, *box;

		if (old->process.pid != pid || old->process.exited_ns)
			continue;
		/* Snapshots keep the old record as it was. */
		box = new_box(&old->process, old->process.id);
		box->process.exited_ns = when_ns ? when_ns : 1;
		owners->slots[i].box = box;
		ft_process_put(&old->process);
	}
}

void ft_owners_update(struct ft_owners *owners,
		      bool (*change)(void *arg, struct ft_process *process), void *arg)
{
	for (uint32_t i = 0; i < owners->top; i++) {
		struct box *old = owners->slots[i].box;
		struct ft_process process;

		if (!old)
			continue;
		process = old->process;
		if (!change(arg, &process))
			continue;
		owners->slots[i].box = new_box(&process, old->process.id);
		ft_process_put(&old->process);
	}
}

const struct ft_process *ft_owners_process(const struct ft_owners *owners, uint16_t id)
{
	const struct slot *slot = find_slot(owners, id);

	return slot ? &slot->box->process : NULL;
}

void ft_owners_hold(struct ft_owners *owners, uint16_t id)
{
	struct slot *slot = find_slot(owners, id);

	if (slot)
		slot->flows++;
}

void ft_owners_release(struct ft_owners *owners, uint16_t id)
{
	struct slot *slot = find_slot(owners, id);

	if (slot && slot->flows > 0)
		slot->flows--;
}

void ft_owners_reap(struct ft_owners *owners, uint64_t now_ns)
{
	uint32_t step;

	for (step = 0; step < REAP_STEP && step < owners->top; step++) {
		struct slot *slot;
		uint64_t since;

		owners->reap = owners->reap + 1 < owners->top ? owners->reap + 1 : 0;
		slot = &owners->slots[owners->reap];
		if (!is_droppable(slot))
			continue;
		if (slot->stale && !slot->stale_ns)
			slot->stale_ns = now_ns;
		since = slot->stale ? slot->stale_ns : slot->box->process.exited_ns;
		/* Capture remembers ids of closed sockets for a while. */
		if (now_ns >= since + FT_OWNER_KEEP_NS)
			drop(owners, owners->reap);
	}
}

const struct ft_process **ft_owners_list(const struct ft_owners *owners, size_t *ret_count)
{
	const struct ft_process **list = xcalloc(owners->top, sizeof(*list));
	uint32_t i;

	for (i = 0; i < owners->top; i++) {
		struct box *box = owners->slots[i].box;

		if (!box)
			continue;
		atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
		list[i] = &box->process;
	}
	*ret_count = owners->top;
	return list;
}

uint64_t ft_owners_refused(const struct ft_owners *owners)
{
	return owners->refused;
}

size_t ft_owners_count(const struct ft_owners *owners)
{
	return owners->count;
}
