/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See url.h. One pass from left to right; each part is cut off at the character that ends it.
 * The text may have come from anywhere, so it is quoted shortened, and escaped by who prints it.
 */
#include "output/url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nls.h"
#include "core/num.h"
#include "core/xalloc.h"

#define SMALL "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* One hexadecimal digit, or -1. */
static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* A part without its %XX; NULL if one of them is none, or is NUL. Caller frees. */
static char *decode(const char *text, size_t length)
{
	char *plain = xmalloc(length + 1), *out = plain;
	int high, low;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '%') {
			*out++ = text[i];
			continue;
		}
		high = i + 2 < length ? hex(text[i + 1]) : -1;
		low = i + 2 < length ? hex(text[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0)) {
			free(plain);
			return NULL;
		}
		*out++ = (char)(high << 4 | low);
		i += 2;
	}
	*out = '\0';
	return plain;
}

/* HOST:PORT, [ADDRESS]:PORT, HOST or nothing; false if it is none of them. */
static bool read_peer(struct ft_url *url, const char *text, size_t length)
{
	const char *end = text + length, *colon, *close;
	uint64_t port = 0;
	char *digits, why[160];
	bool fine;

	if (length && text[0] == '[') {
		close = memchr(text, ']', length);
		if (!close || close == text + 1)
			return false;
		url->host = xstrndup(text + 1, (size_t)(close - text - 1));
		colon = close + 1;
		fine = strspn(url->host, "0123456789abcdefABCDEF:.") == strlen(url->host);
	} else {
		colon = memchr(text, ':', length);
		if (!colon)
			colon = end;
		url->host = xstrndup(text, (size_t)(colon - text));
		fine = strspn(url->host, SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._*") ==
		       strlen(url->host);
	}
	if (!fine || colon == end)
		return fine;
	if (*colon != ':')
		return false;
	digits = xstrndup(colon + 1, (size_t)(end - colon - 1));
	fine = ft_num_u64("", digits, 1, UINT16_MAX, &port, why, sizeof(why)) == 0;
	free(digits);
	url->port = (uint16_t)port;
	return fine;
}

/* NAME=VALUE&...; false if something is none, or comes twice. */
static bool read_parameters(struct ft_url *url, const char *text)
{
	size_t length, name;

	for (; *text; text += length + (text[length] == '&')) {
		length = strcspn(text, "&");
		name = strcspn(text, "=&");
		if (name == 0 || name >= length ||
		    url->parameter_count == FT_URL_PARAMETERS_MAX)
			return false;
		url->parameter[url->parameter_count].name = xstrndup(text, name);
		url->parameter[url->parameter_count].value =
			decode(text + name + 1, length - name - 1);
		url->parameter_count++;
		if (!url->parameter[url->parameter_count - 1].value)
			return false;
		for (size_t i = 0; i + 1 < url->parameter_count; i++)
			if (!strcmp(url->parameter[i].name,
				    url->parameter[url->parameter_count - 1].name))
				return false;
		if (text[length] == '&' && !text[length + 1])
			return false;
	}
	return true;
}

/* Where user and password begin and end, the @ included; false if there are none. */
static bool find_login(const char *text, const char **ret_from, const char **ret_to)
{
	const char *from = strstr(text, "://"), *at = NULL;

	from = from ? from + 3 : text;
	/* The last @ before the path: who does not encode one in a password shows none of it. */
	for (const char *c = from; *c && !strchr("/?", *c); c++)
		if (*c == '@')
			at = c;
	*ret_from = from;
	*ret_to = at ? at + 1 : from;
	return at != NULL;
}

char *ft_url_public(const char *text)
{
	const char *from, *to, *at = strrchr(text, '@');

	/* A password with a slash in it that should have been encoded is one all the same. */
	if (find_login(text, &from, &to) || !at || at < from)
		at = to - 1;
	else if (!memchr(from, ':', strcspn(from, "/?")))
		return xstrdup(text);
	return at < from ? xstrdup(text) : xasprintf("%.*s%s", (int)(from - text), text, at + 1);
}

void ft_url_hide(char *text)
{
	const char *from, *to;

	if (strstr(text, "://") && find_login(text, &from, &to))
		memset(text + (from - text), 'x', (size_t)(to - from) - 1);
}

/* USER:PASSWORD or USER; false if it is neither. */
static bool read_login(struct ft_url *url, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon ? (size_t)(colon - text) : length;

	if (user == 0 || memchr(text, '@', length))
		return false;
	url->user = decode(text, user);
	if (colon)
		url->password = decode(colon + 1, length - user - 1);
	return url->user && (!colon || url->password);
}

static int parse(const char *text, bool login, struct ft_url *ret_url, char *err, size_t err_size)
{
	struct ft_url url = { .text = ft_url_public(text) };
	size_t length = strspn(text, SMALL DIGITS "+");
	const char *rest = text + length, *wrong = NULL, *from, *to;

	if (length == 0 || strncmp(rest, "://", 3) != 0) {
		wrong = N_("it does not begin with SCHEME://");
		goto fail;
	}
	url.scheme = xstrndup(text, length);
	rest += 3;
	if (find_login(text, &from, &to)) {
		if (!login) {
			wrong = N_("users and passwords do not belong into it");
			goto fail;
		}
		if (!read_login(&url, from, (size_t)(to - from) - 1)) {
			wrong = N_("before the host comes USER:PASSWORD@, with @ as %40");
			goto fail;
		}
		rest = to;
	}
	length = strcspn(rest, "/?");
	if (!read_peer(&url, rest, length)) {
		wrong = N_("behind :// comes HOST:PORT, [ADDRESS]:PORT or nothing");
		goto fail;
	}
	rest += length;
	length = strcspn(rest, "?");
	url.path = decode(rest, length);
	if (!url.path) {
		wrong = N_("two hexadecimal digits, not both 0, follow a percent sign");
		goto fail;
	}
	rest += length;
	if (*rest == '?' && !read_parameters(&url, rest + 1)) {
		wrong = N_("behind the ? come different NAME=VALUE, joined by &");
		goto fail;
	}
	*ret_url = url;
	return 0;
fail:
	snprintf(err, err_size, _("URL \"%.128s\": %s"), url.text, _(wrong));
	ft_url_done(&url);
	return -EINVAL;
}

int ft_url_parse(const char *text, struct ft_url *ret_url, char *err, size_t err_size)
{
	return parse(text, false, ret_url, err, err_size);
}

int ft_url_parse_login(const char *text, struct ft_url *ret_url, char *err, size_t err_size)
{
	return parse(text, true, ret_url, err, err_size);
}

/* Frees what parse filled. */
void ft_url_done(struct ft_url *url)
{
	for (size_t i = 0; i < url->parameter_count; i++) {
		free(url->parameter[i].name);
		free(url->parameter[i].value);
	}
	free(url->text);
	free(url->scheme);
	free(url->host);
	free(url->path);
	free(url->user);
	/* Not left lying in memory. */
	if (url->password)
		explicit_bzero(url->password, strlen(url->password));
	free(url->password);
	*url = (struct ft_url){ 0 };
}

const char *ft_url_get(const struct ft_url *url, const char *name)
{
	for (size_t i = 0; i < url->parameter_count; i++)
		if (!strcmp(url->parameter[i].name, name))
			return url->parameter[i].value;
	return NULL;
}

int ft_url_number(const struct ft_url *url, const char *name, uint64_t min, uint64_t max,
		  uint64_t *value, char *err, size_t err_size)
{
	const char *text = ft_url_get(url, name);

	return text ? ft_num_u64(name, text, min, max, value, err, err_size) : 0;
}

int ft_url_check(const struct ft_url *url, const char *const *names, char *err, size_t err_size)
{
	size_t known;

	for (size_t i = 0; i < url->parameter_count; i++) {
		for (known = 0; names[known]; known++)
			if (!strcmp(names[known], url->parameter[i].name))
				break;
		if (names[known])
			continue;
		snprintf(err, err_size, _("URL \"%.128s\": %s:// has no parameter \"%.32s\""),
			 url->text, url->scheme, url->parameter[i].name);
		return -EINVAL;
	}
	return 0;
}

int ft_url_need_peer(const struct ft_url *url, char *err, size_t err_size)
{
	const char *wrong = NULL;

	if (!*url->host || !url->port)
		wrong = N_("it needs HOST:PORT");
	else if (*url->path && strcmp(url->path, "/") != 0)
		wrong = N_("it has no path");
	if (!wrong)
		return 0;
	snprintf(err, err_size, _("URL \"%.128s\": %s"), url->text, _(wrong));
	return -EINVAL;
}
