/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An answer of HTTP/1.x, as much of it as has come: where its body is and whether that is whole.
 * Pure functions of bytes from outside; used by docker.c, and fed by tests/fuzz.
 */
#ifndef FT_CAPTURE_HTTP_ANSWER_H
#define FT_CAPTURE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define FT_HTTP_HEAD_MAX 16384

struct ft_http_answer {
	unsigned status;     /* 200 */
	size_t body, length; /* in the text; of a chunked one: with what is between its chunks */
	bool chunked;
	bool closes;         /* the other side ends the connection after it */
};

/* closed: nothing will follow. 1: whole; 0: more has to come; -EBADMSG: it is no answer. */
int ft_http_answer_parse(const char *text, size_t length, bool closed,
			 struct ft_http_answer *ret_answer);
/* Takes out what is between the chunks of a whole body, in place; the length that is left. */
size_t ft_http_answer_join(char *body, size_t length);

#endif
