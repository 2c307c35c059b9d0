/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clsact filters. They outlive their process, so what is attached is a stub whose jump array
 * the kernel empties when flowtop dies; the next flowtop removes such leftovers. A leftover is
 * told by that empty array, not by a pid, which means nothing from inside another container.
 *
 * A filter runs before those of a higher preference, and inside one preference a new BPF
 * filter runs before the older ones: so one below the lowest preference is taken, and at 1 the
 * place is shared.
 *
 * The qdisc is deleted only if a flowtop made it and nobody uses it any more. Who made it may
 * leave before another flowtop does: so a mark in the handle says that the qdisc is a
 * flowtop's, whoever sees it takes it over, and the last one to leave deletes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/tc_attach.h"
#include "capture/tc_filters.h"
#include "core/log.h"

#define FIRST_PREFERENCE 4096 /* on an empty hook: room on both sides */
#define MADE_QDISC (1U << 30)  /* in a handle, above pid and tries: by us or another flowtop */
#define MAPS_MAX 16
#define PREFERENCES_MAX 65535

static struct bpf_tc_hook make_hook(uint32_t ifindex, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);

	return hook;
}

static struct bpf_tc_hook one_way(uint32_t ifindex, bool egress)
{
	return make_hook(ifindex, egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
}

/* Whether a map is a jump array that still leads somewhere. */
static bool map_leads_on(uint32_t id, bool *is_jump)
{
	struct bpf_map_info info;
	uint32_t size = sizeof(info), target;
	int fd = bpf_map_get_fd_by_id(id);
	bool leads = false;

	if (fd < 0)
		return true; /* may not be asked: leave it alone */
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == BPF_MAP_TYPE_PROG_ARRAY) {
		*is_jump = true;
		for (uint32_t i = 0; i < info.max_entries; i++)
			leads |= bpf_map_lookup_elem(fd, &i, &target) == 0;
	}
	close(fd);
	return leads;
}

/* Whether a stub's process is gone: its jump array is there, and empty. */
static bool stub_is_dead(uint32_t program)
{
	uint32_t maps[MAPS_MAX] = { 0 };
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);
	bool alive = false, is_jump = false;
	int fd = bpf_prog_get_fd_by_id(program);

	if (fd < 0)
		return false;
	memset(&info, 0, sizeof(info));
	info.nr_map_ids = MAPS_MAX;
	info.map_ids = (uint64_t)(uintptr_t)maps;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		info.nr_map_ids = 0;
	close(fd);
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		alive |= map_leads_on(maps[i], &is_jump);
	return is_jump && !alive;
}

/* What is found of an interface's filters in one direction. */
struct survey {
	uint32_t lowest;     /* preference; 0 = none */
	bool lowest_is_bpf;  /* a place that BPF filters can share */
	uint32_t used_until; /* 1 .. this are all in use */
	bool made_qdisc;     /* a flowtop did */
	struct ft_tc_filter dead;
	bool found_dead;
};

static bool survey_one(void *arg, const struct ft_tc_filter *filter)
{
	struct survey *survey = arg;

	if (filter->handle && strncmp(filter->name, "flowtop_s_", 10) == 0) {
		survey->made_qdisc |= (filter->handle & MADE_QDISC) != 0;
		if (stub_is_dead(filter->program)) {
			survey->dead = *filter;
			survey->found_dead = true;
			return false;
		}
	}
	if (!survey->lowest || filter->preference < survey->lowest) {
		survey->lowest = filter->preference;
		survey->lowest_is_bpf = strcmp(filter->kind, "bpf") == 0 &&
					filter->protocol == ETH_P_ALL;
	}
	if (filter->preference == survey->used_until + 1)
		survey->used_until++;
	return true;
}

static int remove_filter(uint32_t ifindex, bool egress, uint32_t handle, uint32_t preference)
{
	struct bpf_tc_hook hook = one_way(ifindex, egress);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = preference);

	return bpf_tc_detach(&hook, &opts);
}

/* Surveys a hook; removes on the way what dead flowtops left there. */
static int survey_hook(uint32_t ifindex, bool egress, struct survey *survey)
{
	bool made_qdisc = false;
	int error;

	do {
		memset(survey, 0, sizeof(*survey));
		error = ft_tc_filters(ifindex, egress, survey_one, survey);
		survey->made_qdisc |= made_qdisc;
		made_qdisc = survey->made_qdisc;
		if (error || !survey->found_dead)
			return error;
		ft_log(FT_LOG_INFO, "tc: removing the leftover %s from interface %u",
		       survey->dead.name, ifindex);
		error = remove_filter(ifindex, egress, survey->dead.handle,
				      survey->dead.preference);
	} while (!error);
	return error;
}

/* The preference that comes first, or the first that is free where that can't be had. */
static uint32_t choose_preference(const struct survey *survey)
{
	if (!survey->lowest)
		return FIRST_PREFERENCE;
	if (survey->lowest > 1)
		return survey->lowest - 1;
	return survey->lowest_is_bpf ? 1 : survey->used_until + 1;
}

static int clsact_attach(struct ft_tc_port *port, bool egress, int program_fd)
{
	struct bpf_tc_hook both = make_hook(port->iface.ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	struct bpf_tc_hook hook = one_way(port->iface.ifindex, egress);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd);
	struct survey survey;
	int error = bpf_tc_hook_create(&both);

	if (!error)
		port->made_qdisc = true;
	else if (error != -EEXIST)
		return error;
	error = survey_hook(port->iface.ifindex, egress, &survey);
	if (error)
		return error;
	port->made_qdisc |= survey.made_qdisc;
	opts.handle = (uint32_t)getpid() | (port->made_qdisc ? MADE_QDISC : 0);
	opts.priority = choose_preference(&survey);
	if (opts.priority > PREFERENCES_MAX)
		return -ENOSPC;
	/* A handle may be taken by a flowtop of the same pid in another container. */
	for (int i = 0; i < 8; i++, opts.handle += 1U << 24) {
		error = bpf_tc_attach(&hook, &opts);
		if (error != -EEXIST)
			break;
	}
	if (error)
		return error;
	port->hook[egress] = (struct ft_tc_hook){
		.attached = true,
		.program = ft_tc_program_id(program_fd),
		.handle = opts.handle,
		.preference = opts.priority,
	};
	return 0;
}

/* Looks for our own filter. */
struct search {
	const struct ft_tc_hook *hook;
	bool found;
	uint32_t foreign; /* the first foreign filter before it */
	char name[64];
};

static bool search_one(void *arg, const struct ft_tc_filter *filter)
{
	struct search *search = arg;

	if (!filter->handle)
		return true;
	if (filter->preference == search->hook->preference &&
	    filter->handle == search->hook->handle && filter->program == search->hook->program) {
		search->found = true;
		return false;
	}
	if (!search->foreign && !ft_tc_name_is_ours(filter->name)) {
		/* Any filter may end the walk, BPF or not; a handle names those that have no id. */
		search->foreign = filter->program ? filter->program : filter->handle;
		snprintf(search->name, sizeof(search->name), "%s",
			 filter->name[0] ? filter->name : filter->kind);
	}
	return true;
}

static bool clsact_alive(const struct ft_tc_port *port, bool egress)
{
	struct search search = { .hook = &port->hook[egress] };

	return port->hook[egress].attached &&
	       ft_tc_filters(port->iface.ifindex, egress, search_one, &search) == 0 && search.found;
}

static void clsact_detach(struct ft_tc_port *port, bool egress)
{
	struct ft_tc_hook *hook = &port->hook[egress];

	/* Only what is still ours: the place may have been taken by somebody else. */
	if (clsact_alive(port, egress))
		remove_filter(port->iface.ifindex, egress, hook->handle, hook->preference);
	*hook = (struct ft_tc_hook){ 0 };
}

static bool note_one(void *arg, const struct ft_tc_filter *filter)
{
	(void)filter;
	*(bool *)arg = true;
	return false;
}

static void clsact_settle(struct ft_tc_port *port)
{
	struct bpf_tc_hook both = make_hook(port->iface.ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	bool used = false;

	if (port->made_qdisc && ft_tc_filters(port->iface.ifindex, false, note_one, &used) == 0 &&
	    ft_tc_filters(port->iface.ifindex, true, note_one, &used) == 0 && !used)
		bpf_tc_hook_destroy(&both);
	port->made_qdisc = false;
}

static uint32_t clsact_ahead(const struct ft_tc_port *port, bool egress, char *name, size_t size)
{
	struct search search = { .hook = &port->hook[egress] };
	uint32_t foreign = ft_tcx_foreign(port->iface.ifindex, egress, 0, name, size);

	if (foreign)
		return foreign; /* every tcx program runs before clsact */
	if (ft_tc_filters(port->iface.ifindex, egress, search_one, &search) || !search.found)
		return 0;
	snprintf(name, size, "%s", search.name);
	return search.foreign;
}

const struct ft_tc_way ft_tc_way_clsact = {
	.stub = true,
	.attach = clsact_attach,
	.detach = clsact_detach,
	.settle = clsact_settle,
	.alive = clsact_alive,
	.ahead = clsact_ahead,
};
