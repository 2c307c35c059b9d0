/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ClickHouse server that lies. The client is one of this file's (the linker takes it for
 * clickhouse/client.c's): it answers each question with the next piece of the input. A piece is an
 * octet for how, then either bytes as they are, or numbers of fields for as many columns as were
 * asked for, up to a 0xff; then every moment is read and listed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clickhouse/clickhouse.h"
#include "clickhouse/client.h"
#include "clickhouse/schema.h"
#include "core/filter.h"
#include "core/rows.h"
#include "core/snapshot.h"
#include "core/xalloc.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "clickhouse";

#define MOMENTS_MAX 3
#define QUESTIONS_MAX 64

static const uint8_t *input;
static size_t left;
static unsigned questions;

struct ft_client {
	struct ft_question question;
	int error;
};

int ft_client_new(const struct ft_url *url, struct ft_client **ret_client, char *err,
		  size_t err_size)
{
	(void)url, (void)err, (void)err_size;
	*ret_client = xcalloc(1, sizeof(**ret_client));
	return 0;
}

void ft_client_free(struct ft_client *client)
{
	free(client);
}

void ft_client_ask(struct ft_client *client, const struct ft_question *question)
{
	client->question = *question;
	client->error = 0;
}

/* How many columns the question has: those of the outermost SELECT. */
static size_t columns_of(const struct ft_question *question)
{
	static const char all[] = "SELECT * FROM (";
	size_t columns = 1, i = 0;
	int depth = 0;
	bool quoted = false;

	if (strncmp(question->body, all, sizeof(all) - 1) == 0)
		i = sizeof(all) - 1;
	for (; i < question->size; i++) {
		char c = question->body[i];

		quoted ^= c == '\'';
		depth += !quoted && c == '(' ? 1 : !quoted && c == ')' ? -1 : 0;
		if (depth == 0 && i + 6 < question->size && strncmp(question->body + i, " FROM ", 6) == 0)
			break;
		columns += depth == 0 && !quoted && c == ',';
	}
	return columns;
}

/* A field that may make sense where it stands. */
static void put_field(struct ft_sql *row, uint8_t what, bool event)
{
	static const char *const words[] = { "", "tcp", "process", "local", "remote", "established",
					     "idle", "fin", "flows", "seen", "arp", "loopback",
					     "v0", "web1", "unknown", "x\xff\x1b" };
	static const uint8_t address[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1 };

	if (what == 2 && event)
		ft_tsv_text(row, "connect");
	else if (what < 128)
		ft_tsv_u64(row, what);
	else if (what < 144)
		ft_tsv_text(row, words[what - 128]);
	else if (what < 160)
		ft_tsv_bytes(row, (const char *)address, 16);
	else if (what < 176)
		ft_tsv_u64(row, 1795255200123456789ULL + (what - 160) * 1000000000ULL);
	else if (what < 192)
		ft_tsv_u64(row, UINT64_MAX >> (what - 176));
	else if (what < 208) /* the steps of those moments */
		ft_tsv_u64(row, 1795255200ULL + (what - 192));
	else
		ft_sql_printf(row, "%u.5e%u", what, what & 63);
}

/* The columns that there should be, so that more is reached. */
static void put_layout(struct ft_sql *rows)
{
	for (int t = 0; t < FT_CH_TABLES; t++)
		for (size_t i = 0; i < ft_ch_tables[t].count; i++) {
			ft_tsv_text(rows, ft_ch_tables[t].name);
			ft_tsv_next(rows, false);
			ft_tsv_text(rows, ft_ch_tables[t].columns[i].name);
			ft_tsv_next(rows, false);
			ft_tsv_text(rows, ft_ch_tables[t].columns[i].type);
			ft_tsv_next(rows, true);
		}
}

/* The next answer. */
static void put_answer(struct ft_sql *rows, const struct ft_question *question)
{
	uint64_t how = fuzz_take(&input, &left, 1);
	size_t columns = columns_of(question), field = 0;
	bool events = strncmp(question->body, "SELECT * FROM (", 15) == 0;

	if (how < 200 && strncmp(question->body, "SELECT table,", 13) == 0) {
		put_layout(rows);
		return;
	}
	while (left > 0) {
		uint8_t what = (uint8_t)fuzz_take(&input, &left, 1);

		if (what == 0xff)
			break;
		if (how >= 200) {
			ft_sql_bytes(rows, (const char *)&what, 1);
			continue;
		}
		put_field(rows, what, events && field == 4);
		field = (field + 1) % columns;
		ft_tsv_next(rows, field == 0);
	}
	/* What is missing of a row. */
	while (how < 200 && field) {
		put_field(rows, (uint8_t)(field * 7), false);
		field = (field + 1) % columns;
		ft_tsv_next(rows, field == 0);
	}
}

enum ft_outcome ft_client_work(struct ft_client *client, unsigned wait_ms)
{
	struct ft_sql rows = { NULL };

	(void)wait_ms;
	client->error = -EREMOTEIO;
	if (++questions > QUESTIONS_MAX)
		return FT_OUTCOME_REFUSED;
	put_answer(&rows, &client->question);
	client->error = 0;
	/* In pieces, as a network gives them. */
	for (size_t at = 0; client->error == 0 && at < rows.used; at += 100)
		client->error = client->question.receive(client->question.arg, rows.data + at,
							 rows.used - at < 100 ? rows.used - at : 100);
	ft_sql_done(&rows);
	return client->error < 0 ? FT_OUTCOME_REFUSED : FT_OUTCOME_GOOD;
}

void ft_client_drop(struct ft_client *client)
{
	(void)client;
}

void ft_client_wake(struct ft_client *client)
{
	(void)client;
}

const char *ft_client_answer(const struct ft_client *client, size_t *ret_size)
{
	(void)client;
	*ret_size = 0;
	return "";
}

int ft_client_error(const struct ft_client *client, const char **ret_why)
{
	*ret_why = "no";
	return client->error;
}

/* Every list of a picture. */
static void look_at(const struct ft_snapshot *snapshot)
{
	struct ft_show show = { .layer = 3, .observers = true };
	struct ft_rows *rows = ft_rows_new();

	FUZZ_CHECK(snapshot->observer_count <= FT_MAX_SCOPES);
	FUZZ_CHECK(snapshot->scope_count <= FT_MAX_SCOPES);
	for (int list = 0; list < FT_LIST_MAX; list++) {
		struct ft_query query = {
			.list = (enum ft_list)list,
			.group_by = list == FT_LIST_PROCESSES ? FT_GROUP_PROCESS : FT_GROUP_HOST,
			.show = &show,
		};

		ft_rows_fill(rows, snapshot, &query, SIZE_MAX);
		if (list == FT_LIST_FLOWS)
			FUZZ_CHECK(ft_rows_count(rows) == snapshot->row_count);
	}
	for (size_t i = 0; i < snapshot->row_count; i++)
		FUZZ_CHECK(strlen(ft_snapshot_observer(snapshot,
						       snapshot->rows[i].flow->key.scope)) < 256);
	ft_rows_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ft_clickhouse *clickhouse = NULL;
	struct ft_filter *filter = NULL;
	uint8_t *copy = fuzz_copy(data, size);
	char err[500];
	size_t count;

	input = copy;
	left = size;
	questions = 0;
	if (ft_clickhouse_open("clickhouse://h/d", &clickhouse, err, sizeof(err)) < 0) {
		FUZZ_CHECK(err[0] && !clickhouse);
		free(copy);
		return 0;
	}
	count = ft_source_clickhouse.refresh(clickhouse);
	FUZZ_CHECK(count > 0);
	ft_filter_parse("tcp", NULL, &filter, NULL, err, sizeof(err));
	for (size_t i = 0; i < count && i < MOMENTS_MAX; i++) {
		struct ft_snapshot *snapshot = NULL;

		if (i == 1)
			ft_source_clickhouse.filter(clickhouse, filter);
		if (ft_source_clickhouse.moment(clickhouse, i, &snapshot, err, sizeof(err)) == 0)
			look_at(snapshot);
		ft_snapshot_put(snapshot);
	}
	ft_filter_free(filter);
	ft_source_clickhouse.close(clickhouse);
	free(copy);
	return 0;
}
