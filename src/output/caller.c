/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calling user, from SUDO_UID and SUDO_GID when we are root, else ourselves. The rights are
 * changed by the file-system uid and gid, which belong to one thread and take root's overriding
 * capabilities for files away while they are somebody else's. Where the program's file has
 * capabilities (setcap) the caller is ourselves, but those aren't the caller's: they are put
 * aside. Called by main (config file) and by the UI thread (key w).
 */
#include "output/caller.h"

#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
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

/* This thread's effective capabilities: all that are permitted, or none. */
static void set_capabilities(bool all)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = all ? data[i].permitted : 0;
	(void)syscall(SYS_capset, &head, data);
}

void ft_caller_drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof(data));
	if (geteuid() != 0)
		(void)syscall(SYS_capset, &head, data);
}

/* Finds out who called; the struct is the caller's to free. */
void ft_caller_init(struct ft_caller *caller)
{
	const struct passwd *pw;
	const char *home = NULL;
	uint64_t uid, gid;

	*caller = (struct ft_caller){ .uid = getuid(), .gid = getgid() };
	if (id_from("SUDO_UID", &uid) && id_from("SUDO_GID", &gid) && uid != 0 &&
	    (geteuid() == 0 || uid == getuid())) {
		/* If we have become that user since, HOME is root's still. */
		caller->by_sudo = geteuid() == 0;
		caller->uid = (uid_t)uid;
		caller->gid = (gid_t)gid;
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
	if (geteuid() != 0)
		set_capabilities(false);
	if (!caller->by_sudo)
		return;
	setfsgid(caller->gid);
	setfsuid(caller->uid);
}

/* And as itself again. */
void ft_caller_leave(const struct ft_caller *caller)
{
	if (geteuid() != 0)
		set_capabilities(true);
	if (!caller->by_sudo)
		return;
	setfsuid(geteuid());
	setfsgid(getegid());
}
