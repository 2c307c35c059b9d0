/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities, by libcap-ng. Under sudo we become the user who called, with what is kept: their
 * files are then made by them, and they may end us. Root who calls by himself stays the user
 * root, for the same reason, but one without root's powers.
 */
#include "confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/nls.h"
#include "output/caller.h"

/* Fills libcap-ng's state with what is to be kept: never more than there is. */
static void choose(const struct ft_confine_plan *plan)
{
	bool has[64] = { false };

	capng_get_caps_process();
	for (size_t i = 0; i < ft_right_count; i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, ft_rights[i].bit);
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; plan->live && i < ft_right_count; i++)
		if (has[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				     ft_rights[i].bit);
}

/* True if nothing but the table's is left. */
static bool is_applied(const struct ft_confine_plan *plan)
{
	for (unsigned bit = 0; bit <= CAP_LAST_CAP; bit++) {
		bool kept = false;

		for (size_t i = 0; plan->live && i < ft_right_count; i++)
			kept |= ft_rights[i].bit == bit;
		if (!kept && (capng_have_capability(CAPNG_PERMITTED, bit) ||
			      capng_have_capability(CAPNG_EFFECTIVE, bit)))
			return false;
	}
	return true;
}

/* Becomes the user whom sudo lent root; the groups as well, if that user is known here. */
static int become(const struct ft_caller *caller)
{
	capng_flags_t groups = getpwuid(caller->uid) ? CAPNG_INIT_SUPP_GRP : CAPNG_DROP_SUPP_GRP;

	return capng_change_id((int)caller->uid, (int)caller->gid,
			       (capng_flags_t)(groups | CAPNG_CLEAR_BOUNDING)) == 0 ?
		       0 :
		       -EPERM;
}

int ft_confine_rights(const struct ft_confine_plan *plan, char *why, size_t why_size)
{
	struct ft_caller caller;
	int ret = 0;

	ft_caller_init(&caller);
	choose(plan);
	if (caller.by_sudo)
		ret = become(&caller);
	/* The bounding set is left alone where we may not change it: judged by what is left. */
	if (ret == 0)
		capng_apply(CAPNG_SELECT_ALL);
	ft_caller_done(&caller);
	if (ret == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		ret = -errno;
	capng_get_caps_process();
	if (ret == 0 && !is_applied(plan)) {
		snprintf(why, why_size, "%s", _("the kernel does not let go of them"));
		ret = -EPERM;
	}
	return ret;
}
