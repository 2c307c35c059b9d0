/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks up strings in JSON text that others wrote (container engines): a pure function of bytes,
 * for text of any content and depth. It checks as much of the grammar as it needs to find its
 * way; it never reads outside of the text, and takes time linear in its length.
 */
#ifndef FT_CAPTURE_JSON_FIND_H
#define FT_CAPTURE_JSON_FIND_H

#include <stdbool.h>
#include <stddef.h>

#define FT_JSON_PATH_MAX 6

/*
 * Copies the string at the end of a path of member names, ended by NULL, into buf (cut to size,
 * always ended): { "Config", "Image", NULL }. "*" is any one member or element: the first whose
 * rest of the path is there counts. Escapes are undone, \u0000 ends the copy. False: there is none.
 */
bool ft_json_find(const char *text, size_t length, const char *const path[], char *buf,
		  size_t size);

/*
 * Calls `each` for each element of the array that is the whole text, as text of its own; stops when
 * it returns true.
 */
bool ft_json_each(const char *text, size_t length,
		  bool (*each)(void *arg, const char *element, size_t length), void *arg);

#endif
