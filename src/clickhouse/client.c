/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See client.h. libcurl's multi interface, with one transfer; names are looked up by a thread of
 * libcurl's own. A proxy of the environment is for the web: collectors are asked directly.
 */
#include "clickhouse/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "clickhouse/sql.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define CONNECT_MS 3000
#define ANSWER_MAX 65536 /* of those that are not received in parts */
#define PORT 8123
#define PORT_TLS 8443

struct ft_client {
	CURLM *multi;            /* owned */
	CURL *easy;              /* owned */
	struct curl_slist *head; /* owned */
	char *base;              /* owned: http://HOST:PORT/ */
	bool asking;
	struct ft_question question;
	struct ft_sql answer;
	bool told;               /* the answer's first part was looked at */
	bool good;               /* status 200, and no page for people */
	bool page;               /* a web page: ClickHouse has none for a question */
	int error;               /* of receive, or why it failed */
	char why[256];
	char curl_why[CURL_ERROR_SIZE];
};

/* A part of the answer. */
static size_t take(char *data, size_t size, size_t count, void *arg)
{
	struct ft_client *client = arg;
	size_t length = size * count, room;
	const char *type = NULL;
	long status = 0;

	if (!client->told) {
		curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(client->easy, CURLINFO_CONTENT_TYPE, &type);
		client->page = type && strncasecmp(type, "text/html", 9) == 0;
		client->good = status == 200 && !client->page;
		client->told = true;
	}
	if (client->good && client->question.receive) {
		client->error = client->question.receive(client->question.arg, data, length);
		return client->error < 0 ? 0 : length;
	}
	room = ANSWER_MAX - client->answer.used;
	ft_sql_bytes(&client->answer, data, length < room ? length : room);
	return length;
}

/* What is the same for all questions. */
static void set_up(struct ft_client *client, const struct ft_url *url)
{
	CURL *easy = client->easy;

	client->head = curl_slist_append(NULL, "Expect:"); /* no round trip before the rows */
	client->head = curl_slist_append(client->head, "Content-Type: text/plain");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->head);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "flowtop/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, client->curl_why);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, client);
	if (!url->user)
		return;
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, url->user);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, url->password ? url->password : "");
}

int ft_client_new(const struct ft_url *url, struct ft_client **ret_client, char *err,
		  size_t err_size)
{
	struct ft_client *client = xcalloc(1, sizeof(*client));
	bool tls = strcmp(url->scheme, "clickhouses") == 0;
	unsigned port = url->port ? url->port : tls ? PORT_TLS : PORT;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
		client->multi = curl_multi_init();
		client->easy = curl_easy_init();
	}
	if (!client->multi || !client->easy) {
		snprintf(err, err_size, _("libcurl does not start"));
		ft_client_free(client);
		return -ENOMEM;
	}
	client->base = xasprintf(strchr(url->host, ':') ? "%s://[%s]:%u/" : "%s://%s:%u/",
				 tls ? "https" : "http", url->host, port);
	set_up(client, url);
	*ret_client = client;
	return 0;
}

void ft_client_free(struct ft_client *client)
{
	if (!client)
		return;
	ft_client_drop(client);
	curl_easy_cleanup(client->easy);
	if (client->multi)
		curl_multi_cleanup(client->multi);
	curl_slist_free_all(client->head);
	ft_sql_done(&client->answer);
	free(client->base);
	free(client);
}

void ft_client_ask(struct ft_client *client, const struct ft_question *question)
{
	CURL *easy = client->easy;
	/* Without waiting for the end, an error would come in the middle of an answer. */
	char *url = xasprintf("%s?wait_end_of_query=1%s%s", client->base,
			      question->id ? "&query_id=" : "", question->id ? question->id : "");

	client->question = *question;
	client->answer.used = 0;
	client->told = client->good = client->page = false;
	client->error = 0;
	client->why[0] = client->curl_why[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, question->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)question->size);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)question->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, question->id ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, question->id ? 1L : 0L);
	free(url);
	curl_multi_add_handle(client->multi, easy);
	client->asking = true;
}

/* True if a ClickHouse server says so that something below it has failed. */
static bool is_from_below(const char *text)
{
	static const char *const begins[] = { "Poco::Exception. Code: ", "std::exception. Code: " };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(text, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* The server's sentence, without what is around it. All that ClickHouse refuses with is an exception:
 * what has none comes from something else, whose words help only if they are few. False then. */
static bool read_refusal(struct ft_client *client, long status)
{
	char *text, *end;

	ft_sql_bytes(&client->answer, "", 1);
	client->answer.used--;
	text = client->answer.data;
	end = strstr(text, ", e.what()");
	if (end)
		*end = '\0';
	end = strstr(text, "DB::Exception: ");
	if (end)
		text = end + strlen("DB::Exception: ");
	text[strcspn(text, "\r\n")] = '\0';
	if (end || is_from_below(text))
		snprintf(client->why, sizeof(client->why), "%s", text);
	else if (client->page || !text[0] || text[0] == '<')
		snprintf(client->why, sizeof(client->why),
			 _("this does not look like a ClickHouse server (HTTP status %ld)"), status);
	else
		snprintf(client->why, sizeof(client->why),
			 _("this does not look like a ClickHouse server (HTTP status %ld): %s"),
			 status, text);
	return end || is_from_below(text);
}

/* What the end of a transfer means. */
static enum ft_outcome judge(struct ft_client *client, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == 200 && !client->page)
		return FT_OUTCOME_GOOD;
	if (client->error < 0) { /* who receives it had enough */
		snprintf(client->why, sizeof(client->why), "%s",
			 client->error == -EBADMSG ? _("the answer makes no sense") :
						     strerror(-client->error));
		return FT_OUTCOME_REFUSED;
	}
	if (code == CURLE_OK) {
		client->error = status == 401 || status == 403 ? -EACCES : -EREMOTEIO;
		/* What a proxy says while its server is away is not the server's no. */
		return read_refusal(client, status) ? FT_OUTCOME_REFUSED : FT_OUTCOME_UNKNOWN;
	}
	client->error = code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -ECONNREFUSED;
	snprintf(client->why, sizeof(client->why), "%s",
		 client->curl_why[0] ? client->curl_why : curl_easy_strerror(code));
	return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
			       code == CURLE_SSL_CONNECT_ERROR ||
			       code == CURLE_PEER_FAILED_VERIFICATION ?
		       FT_OUTCOME_NOT_SENT : FT_OUTCOME_UNKNOWN;
}

void ft_client_drop(struct ft_client *client)
{
	if (client->asking)
		curl_multi_remove_handle(client->multi, client->easy);
	client->asking = false;
}

enum ft_outcome ft_client_work(struct ft_client *client, unsigned wait_ms)
{
	CURLMsg *message;
	CURLcode code;
	int running = 0, left;

	curl_multi_perform(client->multi, &running);
	if (running) {
		curl_multi_poll(client->multi, NULL, 0, (int)wait_ms, NULL);
		curl_multi_perform(client->multi, &running);
	}
	if (running)
		return FT_OUTCOME_NONE;
	message = curl_multi_info_read(client->multi, &left);
	code = message ? message->data.result : CURLE_RECV_ERROR;
	ft_client_drop(client);
	return judge(client, code);
}

void ft_client_wake(struct ft_client *client)
{
	curl_multi_wakeup(client->multi);
}

const char *ft_client_answer(const struct ft_client *client, size_t *ret_size)
{
	struct ft_sql *answer = (struct ft_sql *)(uintptr_t)&client->answer;

	ft_sql_bytes(answer, "", 1);
	*ret_size = --answer->used;
	return answer->data;
}

int ft_client_error(const struct ft_client *client, const char **ret_why)
{
	*ret_why = client->why;
	return client->error;
}
