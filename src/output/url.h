/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where to send: SCHEME://HOST:PORT/PATH?NAME=VALUE&... , read strictly. What is not understood
 * is an error with a sentence, never ignored. A plain value; nothing is looked up here.
 */
#ifndef FT_OUTPUT_URL_H
#define FT_OUTPUT_URL_H

#include <stddef.h>
#include <stdint.h>

#define FT_URL_PARAMETERS_MAX 8

struct ft_url {
	char *text;   /* all of it but user and password, for messages */
	char *scheme; /* "ipfix+tcp" */
	char *host;   /* name or address, without brackets; "" if there is none */
	uint16_t port; /* 0 if there is none */
	char *path;   /* decoded, with its first slash; "" if there is none */
	char *user, *password; /* decoded; NULL if there is none */
	struct {
		char *name, *value; /* decoded */
	} parameter[FT_URL_PARAMETERS_MAX];
	size_t parameter_count;
};

/* 0, or -EINVAL and a sentence; then there is nothing to free. Refuses users and passwords. */
int ft_url_parse(const char *text, struct ft_url *ret_url, char *err, size_t err_size);
/* The same, but takes them: SCHEME://USER:PASSWORD@HOST. */
int ft_url_parse_login(const char *text, struct ft_url *ret_url, char *err, size_t err_size);
/* A URL, or what is meant for one, without user and password: for whoever shows it. Caller frees. */
char *ft_url_public(const char *text);
/* Overwrites user and password: for the words that started the program, which others see. */
void ft_url_hide(char *text);
void ft_url_done(struct ft_url *url);

/* The value of a parameter, or NULL. */
const char *ft_url_get(const struct ft_url *url, const char *name);
/* A whole number within the bounds; *value stays as it is if there is no such parameter. */
int ft_url_number(const struct ft_url *url, const char *name, uint64_t min, uint64_t max,
		  uint64_t *value, char *err, size_t err_size);
/* Refuses parameters that are not in the NULL-ended list. */
int ft_url_check(const struct ft_url *url, const char *const *names, char *err, size_t err_size);
/* Refuses a URL without host and port, or with a path. */
int ft_url_need_peer(const struct ft_url *url, char *err, size_t err_size);

#endif
