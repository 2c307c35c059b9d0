/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calling user, from SUDO_UID and SUDO_GID when we are root, else ourselves. The rights are
 * changed by the file-system uid and gid, which belong to one thread and take root's overriding
 * capabilities for files away while they are somebody else's. Called by main (config file) and
 * by the UI thread (key w).
 */
#include "output/caller.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "core/num.h"
#include "core/xalloc.h"

/* Fills id from an environment variable; false if it is not there or not a number. */
static bool id_from(const char *variable, uint64_t *ret_id)
{
	const char *text = getenv(variable);
	char err[128];

	return text && ft_num_u64(variable, text, 0, UINT32_MAX - 1, ret_id, err, sizeof(err)) == 0;
}

/* Finds out who called; the struct is the caller's to free. */
void ft_caller_init(struct ft_caller *caller)
{
	const struct passwd *pw;
	const char *home = NULL;
	uint64_t uid, gid;

	*caller = (struct ft_caller){ .uid = getuid(), .gid = getgid() };
	if (geteuid() == 0 && id_from("SUDO_UID", &uid) && id_from("SUDO_GID", &gid) && uid != 0) {
		caller->uid = (uid_t)uid;
		caller->gid = (gid_t)gid;
		caller->by_sudo = true;
	} else {
		home = getenv("HOME");
	}
	if (!home || !*home) {
		pw = getpwuid(caller->uid);
		home = pw ? pw->pw_dir : NULL;
	}
	if (home && *home == '/')
		caller->home = xstrdup(home);
}

/* Frees what init filled. */
void ft_caller_done(struct ft_caller *caller)
{
	free(caller->home);
	caller->home = NULL;
}

/* This thread opens files as the caller. */
void ft_caller_enter(const struct ft_caller *caller)
{
	if (!caller->by_sudo)
		return;
	setfsgid(caller->gid);
	setfsuid(caller->uid);
}

/* And as itself again. */
void ft_caller_leave(const struct ft_caller *caller)
{
	if (!caller->by_sudo)
		return;
	setfsuid(geteuid());
	setfsgid(getegid());
}
