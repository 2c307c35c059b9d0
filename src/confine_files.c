/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files, by Landlock: nothing can be made, changed, removed or run, but below the places that the
 * plan names; what is open stays open. Reading is left alone: it is what capabilities are for.
 *
 * Kernels know more and more kinds of access; those that a kernel doesn't know may not be asked
 * of it, so the set is cut to its version. The calls have no wrappers in libc.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/nls.h"

/* By version: 1 has these. */
#define VERSION_1                                                                               \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                            \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                        \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                            \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                          \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
/* 2: moving files between folders; 3: cutting them short. Numbers: headers may be older. */
#define MOVE (UINT64_C(1) << 13)
#define TRUNCATE (UINT64_C(1) << 14)
/* What a place is for. */
#define IN_PLACE                                                                                \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                        \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR |                           \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | MOVE | TRUNCATE)

/* Devices that are written to without leaving a trace, and the terminal. */
static const char *const devices[] = { "/dev/null", "/dev/tty" };

/* Lets a file or all below a folder be accessed; one that is not there is no loss. */
static int add(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = access };
	int fd = open(path, O_PATH | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return 0;
	beneath.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* All that the plan lets be changed. */
static int add_all(int ruleset, const struct ft_confine_plan *plan, uint64_t known)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(devices) / sizeof(devices[0]); i++)
		ret = add(ruleset, devices[i], known & (LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE));
	for (size_t i = 0; ret == 0 && i < plan->place_count; i++)
		if (plan->places[i] && plan->places[i][0])
			ret = add(ruleset, plan->places[i], known & IN_PLACE);
	return ret;
}

int ft_confine_files(const struct ft_confine_plan *plan, char *why, size_t why_size)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { .handled_access_fs = VERSION_1 };
	int ruleset, ret;

	if (version < 1) {
		ret = -errno;
		snprintf(why, why_size, "%s",
			 ret == -EOPNOTSUPP ? _("switched off at the kernel's start: lsm=landlock") :
					      _("the kernel does not have it"));
		return ret;
	}
	attr.handled_access_fs |= (version >= 2 ? MOVE : 0) | (version >= 3 ? TRUNCATE : 0);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs),
			       0);
	if (ruleset < 0)
		return -errno;
	ret = add_all(ruleset, plan, attr.handled_access_fs);
	if (ret == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
			 syscall(SYS_landlock_restrict_self, ruleset, 0) < 0))
		ret = -errno;
	close(ruleset);
	return ret;
}
