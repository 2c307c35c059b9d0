/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users, groups and containers, each asked for once: see struct ft_users in proc_info.h.
 * Local files come first: asking the name service may mean to wait for a network.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "capture/proc_info.h"

/* A user by the local file; false if it isn't there. */
static bool local_user(uint32_t uid, char *name, size_t name_size, char *home, size_t home_size)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char buf[2048];

	while (file && fgetpwent_r(file, &entry, buf, sizeof(buf), &found) == 0) {
		if (entry.pw_uid == uid) {
			snprintf(name, name_size, "%s", entry.pw_name);
			snprintf(home, home_size, "%s", entry.pw_dir);
			break;
		}
		found = NULL;
	}
	if (file)
		fclose(file);
	return found;
}

static void ask_user(uint32_t uid, char *name, size_t name_size, char *home, size_t home_size)
{
	struct passwd entry, *found = NULL;
	char buf[2048];

	home[0] = '\0';
	if (local_user(uid, name, name_size, home, home_size))
		return;
	if (getpwuid_r(uid, &entry, buf, sizeof(buf), &found) == 0 && found) {
		snprintf(name, name_size, "%s", found->pw_name);
		snprintf(home, home_size, "%s", found->pw_dir);
	} else {
		snprintf(name, name_size, "%u", uid);
	}
}

/* A group by the local file; false if it isn't there. */
static bool local_group(uint32_t gid, char *name, size_t size)
{
	FILE *file = fopen("/etc/group", "re");
	struct group entry, *found = NULL;
	char buf[8192];

	while (file && fgetgrent_r(file, &entry, buf, sizeof(buf), &found) == 0) {
		if (entry.gr_gid == gid) {
			snprintf(name, size, "%s", entry.gr_name);
			break;
		}
		found = NULL;
	}
	if (file)
		fclose(file);
	return found;
}

static void ask_group(uint32_t gid, char *name, size_t size)
{
	struct group entry, *found = NULL;
	char buf[8192];

	if (local_group(gid, name, size))
		return;
	if (getgrgid_r(gid, &entry, buf, sizeof(buf), &found) == 0 && found)
		snprintf(name, size, "%s", found->gr_name);
	else
		snprintf(name, size, "%u", gid);
}

/* The row of an id; a new one has no name yet. */
static size_t find_row(struct ft_names_kept *kept, uint32_t id)
{
	size_t i;

	for (i = 0; i < kept->count; i++)
		if (kept->row[i].id == id)
			return i;
	i = kept->next++ % FT_NAMES_KEPT;
	if (kept->count <= i)
		kept->count = i + 1;
	kept->row[i].id = id;
	kept->row[i].name[0] = '\0';
	return i;
}

/* The row of a user, asked for if need be. */
static size_t user_row(struct ft_users *users, uint32_t uid)
{
	size_t i = find_row(&users->users, uid);

	if (!users->users.row[i].name[0])
		ask_user(uid, users->users.row[i].name, sizeof(users->users.row[i].name),
			 users->users.row[i].home, sizeof(users->users.row[i].home));
	return i;
}

void ft_users_name(struct ft_users *users, uint32_t uid, char *name, size_t size)
{
	snprintf(name, size, "%s", users->users.row[user_row(users, uid)].name);
}

void ft_users_home(struct ft_users *users, uint32_t uid, char *home, size_t size)
{
	snprintf(home, size, "%s", users->users.row[user_row(users, uid)].home);
}

void ft_users_group(struct ft_users *users, uint32_t gid, char *name, size_t size)
{
	size_t i = find_row(&users->groups, gid);

	if (!users->groups.row[i].name[0])
		ask_group(gid, users->groups.row[i].name, sizeof(users->groups.row[i].name));
	snprintf(name, size, "%s", users->groups.row[i].name);
}

const struct ft_container *ft_users_container(struct ft_users *users, const char *cgroup,
					      const char *home)
{
	if (!users->containers)
		users->containers = ft_containers_new("");
	return ft_containers_find(users->containers, cgroup, home);
}

void ft_users_done(struct ft_users *users)
{
	ft_containers_free(users->containers);
	users->containers = NULL;
}
