/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes: every limit, loss and fault that the user should know, as sentences in one order, most
 * important first. The line below the header shows the first, the interfaces pane all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "core/nls.h"
#include "ui/pane.h"

/* Counts down to the note that was asked for. */
struct counter {
	size_t left;
	char *note;
	bool ascii;
};

/* Takes a sentence if it is the one asked for. Its parts come from outside: escaped. */
static bool take(struct counter *counter, const char *sentence)
{
	if (sentence[0] == '\0')
		return false;
	if (counter->left-- > 0)
		return false;
	ft_fmt_escape(sentence, strlen(sentence), counter->ascii, counter->note, FT_NOTE_MAX);
	return true;
}

/* What was not counted, or not told, as far as the snapshot's own notes don't say it. */
static bool loss_notes(const struct ft_snapshot *snapshot, struct counter *counter)
{
	char text[FT_NOTE_MAX];
	char age[16];

	if (!ft_line_adds_up(&snapshot->total) &&
	    take(counter, _("the counts do not add up: this is a fault of flowtop")))
		return true;
	if (snapshot->paused_watch && take(counter, _("counting is off")))
		return true;
	if (snapshot->not_watched_ns) {
		snprintf(text, sizeof(text), _("not watched for %s (suspended)"),
			 snapshot->not_watched_ns < 100000000 ?
				 "<0.1s" :
				 ft_fmt_age(snapshot->not_watched_ns, 8, age, sizeof(age)));
		if (take(counter, text))
			return true;
	}
	if (snapshot->store.sockets_missed) {
		snprintf(text, sizeof(text),
			 _("too many sockets at once: %" PRIu64 " samples of TCP were not kept"),
			 snapshot->store.sockets_missed);
		if (take(counter, text))
			return true;
	}
	if (snapshot->owners_unknown_full) {
		snprintf(text, sizeof(text),
			 _("too many processes: %" PRIu64 " could not be told"),
			 snapshot->owners_unknown_full);
		if (take(counter, text))
			return true;
	}
	return false;
}

/* What is to be known of interfaces. */
static bool interface_notes(const struct ft_snapshot *snapshot, struct counter *counter)
{
	char text[FT_NOTE_MAX];

	for (size_t i = 0; i < snapshot->iface_count; i++) {
		if (!snapshot->ifaces[i].remark[0])
			continue;
		snprintf(text, sizeof(text), "%s: %s", snapshot->ifaces[i].name,
			 snapshot->ifaces[i].remark);
		if (take(counter, text))
			return true;
	}
	return false;
}

/* Of the events' pane: what is missing in it, and why. */
static bool event_notes(const struct ft_scene *scene, struct counter *counter)
{
	static const char *const causes[FT_EVENT_LOST_MAX] = {
		[FT_EVENT_LOST_RING] = N_("the kernel's ring was full"),
		[FT_EVENT_LOST_BOUND] = N_("too many in one interval"),
		[FT_EVENT_LOST_NESTED] = N_("two at one moment on one CPU"),
	};
	const struct ft_snapshot *snapshot = scene->snapshot;
	char text[FT_NOTE_MAX];

	if (ft_view_list(scene->view) != FT_LIST_EVENTS)
		return false;
	for (int loss = 0; loss < FT_EVENT_LOST_MAX; loss++) {
		uint64_t count = ft_event_list_lost(snapshot->events, (enum ft_event_loss)loss);

		snprintf(text, sizeof(text), _("%" PRIu64 " events were dropped: %s"), count,
			 _(causes[loss]));
		if (count && take(counter, text))
			return true;
	}
	return snapshot->event_source && take(counter, snapshot->event_source);
}

/* Which backend, if it isn't the first choice, and why. */
static bool backend_note(const struct ft_scene *scene, struct counter *counter)
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	const char *backend = snapshot->backend ? snapshot->backend : "";
	const char *reason = snapshot->backend_reason ? snapshot->backend_reason : "";

	if (!scene->auto_backend || !reason[0] || strcmp(backend, "tcx") == 0 ||
	    strcmp(backend, "file") == 0)
		return false;
	return take(counter, reason);
}

/* Warnings of the start, one a line. */
static bool warning_notes(const char *warnings, struct counter *counter)
{
	char text[FT_NOTE_MAX];

	while (warnings && *warnings) {
		size_t length = strcspn(warnings, "\n");

		snprintf(text, sizeof(text), "%.*s",
			 (int)(length < sizeof(text) ? length : sizeof(text) - 1), warnings);
		if (take(counter, text))
			return true;
		warnings += length + (warnings[length] == '\n');
	}
	return false;
}

bool ft_note(const struct ft_scene *scene, size_t n, char note[FT_NOTE_MAX])
{
	const struct ft_snapshot *snapshot = scene->snapshot;
	struct counter counter = { .left = n, .note = note, .ascii = scene->view->show.ascii };

	if (scene->fault && take(&counter, scene->fault))
		return true;
	if (snapshot) {
		if (loss_notes(snapshot, &counter) || event_notes(scene, &counter))
			return true;
		for (size_t i = 0; i < snapshot->note_count; i++)
			if (take(&counter, snapshot->notes[i]))
				return true;
		if (interface_notes(snapshot, &counter) || backend_note(scene, &counter))
			return true;
	}
	return warning_notes(scene->warnings, &counter);
}

size_t ft_note_count(const struct ft_scene *scene)
{
	char note[FT_NOTE_MAX];
	size_t n = 0;

	while (ft_note(scene, n, note))
		n++;
	return n;
}
