/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users, groups and containers, each asked for once: see struct ft_users in proc_info.h.
 * Local files come first: asking the name service may mean to wait for a network, and is done
 * elsewhere.
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

/* A user by the name service. */
static void ask_user(struct ft_lookup_answer *answer)
{
	struct passwd entry, *found = NULL;
	char buf[2048];

	if (getpwuid_r(answer->id, &entry, buf, sizeof(buf), &found) != 0 || !found)
		return;
	snprintf(answer->name, sizeof(answer->name), "%s", found->pw_name);
	snprintf(answer->home, sizeof(answer->home), "%s", found->pw_dir);
	answer->found = true;
}

static void ask_group(struct ft_lookup_answer *answer)
{
	struct group entry, *found = NULL;
	char buf[8192];

	if (getgrgid_r(answer->id, &entry, buf, sizeof(buf), &found) != 0 || !found)
		return;
	snprintf(answer->name, sizeof(answer->name), "%s", found->gr_name);
	answer->found = true;
}

void ft_users_ask(void *arg, struct ft_lookup_answer *answer)
{
	(void)arg;
	if (answer->kind == FT_LOOKUP_USER)
		ask_user(answer);
	else
		ask_group(answer);
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
	memset(&kept->row[i], 0, sizeof(kept->row[i]));
	kept->row[i].id = id;
	return i;
}

/* The answer about one that no local file has; false: it has to be waited for. */
static bool look_up(struct ft_users *users, enum ft_lookup_kind kind, uint32_t id,
		    struct ft_lookup_answer *ret_answer)
{
	*ret_answer = (struct ft_lookup_answer){ .kind = kind, .id = id };
	if (users->names)
		return ft_lookup_find(users->names, kind, id, "", ret_answer);
	ft_users_ask(NULL, ret_answer);
	return true;
}

/* The row of a user or group; its name is empty while it is waited for. */
static size_t row_of(struct ft_users *users, enum ft_lookup_kind kind, uint32_t id)
{
	struct ft_names_kept *kept = kind == FT_LOOKUP_USER ? &users->users : &users->groups;
	size_t i = find_row(kept, id);
	char *name = kept->row[i].name, *home = kept->row[i].home;
	struct ft_lookup_answer answer;

	if (name[0])
		return i;
	if (!kept->row[i].elsewhere) {
		bool local = kind == FT_LOOKUP_USER ?
			     local_user(id, name, sizeof(kept->row[i].name), home,
					sizeof(kept->row[i].home)) :
			     local_group(id, name, sizeof(kept->row[i].name));

		if (local)
			return i;
		kept->row[i].elsewhere = true;
	}
	if (!look_up(users, kind, id, &answer))
		return i;
	if (answer.found && answer.name[0])
		snprintf(name, sizeof(kept->row[i].name), "%s", answer.name);
	else
		snprintf(name, sizeof(kept->row[i].name), "%u", id);
	snprintf(home, sizeof(kept->row[i].home), "%s", answer.home);
	return i;
}

/* A row's name, or its number. */
static void copy_name(const struct ft_names_kept *kept, size_t i, char *name, size_t size)
{
	if (kept->row[i].name[0])
		snprintf(name, size, "%s", kept->row[i].name);
	else
		snprintf(name, size, "%u", kept->row[i].id);
}

void ft_users_name(struct ft_users *users, uint32_t uid, char *name, size_t size)
{
	copy_name(&users->users, row_of(users, FT_LOOKUP_USER, uid), name, size);
}

void ft_users_home(struct ft_users *users, uint32_t uid, char *home, size_t size)
{
	size_t i = row_of(users, FT_LOOKUP_USER, uid);

	snprintf(home, size, "%s", users->users.row[i].home);
}

void ft_users_group(struct ft_users *users, uint32_t gid, char *name, size_t size)
{
	copy_name(&users->groups, row_of(users, FT_LOOKUP_GROUP, gid), name, size);
}

/* For the containers that files don't name; arg is users. */
static bool ask_docker(void *arg, struct ft_container *container)
{
	struct ft_users *users = arg;
	struct ft_lookup_answer answer;

	if (!users->docker || !ft_container_is_id(container->id) ||
	    (strcmp(container->runtime, "docker") != 0 &&
	     strcmp(container->runtime, "container") != 0))
		return true;
	if (!ft_lookup_find(users->docker, FT_LOOKUP_CONTAINER, 0, container->id, &answer))
		return false;
	if (answer.found)
		*container = answer.container;
	return true;
}

const struct ft_container *ft_users_container(struct ft_users *users, const char *cgroup,
					      const char *home)
{
	if (!users->containers) {
		users->containers = ft_containers_new("");
		ft_containers_ask(users->containers, ask_docker, users);
	}
	return ft_containers_find(users->containers, cgroup, home);
}

void ft_users_done(struct ft_users *users)
{
	ft_containers_free(users->containers);
	users->containers = NULL;
}
