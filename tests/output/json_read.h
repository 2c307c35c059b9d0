/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict little JSON reader for tests: one document into a flat list of leaves. */
#ifndef FT_TESTS_JSON_READ_H
#define FT_TESTS_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* kind: 'n' unsigned integer, 's' string, 'b' bool, '{' empty object, '[' empty array. */
struct leaf {
	char path[128]; /* "local.process.pid", "interfaces[0].rx.packets", "vlan[1]" */
	char kind;
	uint64_t number;
	char *text; /* owned */
};

struct leaves {
	struct leaf *list;
	size_t count;
};

/*
 * Reads one document; *at moves behind it. false if the text is no JSON, has a name twice in an
 * object, a null, a number that is no unsigned integer, or bytes that are no UTF-8.
 */
bool json_read(const char **at, struct leaves *ret_leaves);
void leaves_done(struct leaves *leaves);
const struct leaf *leaf_find(const struct leaves *leaves, const char *path);
/* The number at path; fails the test if there is none. */
uint64_t leaf_number(const struct leaves *leaves, const char *path);
/* The text at path; fails the test if there is none. */
const char *leaf_text(const struct leaves *leaves, const char *path);

#endif
