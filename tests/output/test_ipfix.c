/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPFIX messages, read by a parser of our own straight from RFC 7011 and 5103: numbers of elements
 * are the registries', not libfixbuf's.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/names.h"
#include "moment.h"
#include "output/due.h"
#include "output/ipfix.h"
#include "output/utf8.h"

#define MESSAGE_MAX 1400
#define PEN_REVERSE 29305
#define PEN_NTOP 35632
#define FIELDS_MAX 64
#define RECORDS_MAX 4000

struct field {
	uint32_t pen;
	uint16_t id, length;
};

struct template {
	struct field fields[FIELDS_MAX];
	unsigned count;
};

struct value {
	struct field field;
	uint8_t data[256];
	size_t length;
};

struct record {
	unsigned template;
	struct value values[FIELDS_MAX];
	unsigned count;
};

static struct template templates[2];
static struct record records[RECORDS_MAX];
static unsigned record_count, told, messages, sequence, template_sets;

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* A template set: all of its templates. */
static void read_templates(const uint8_t *at, const uint8_t *end)
{
	template_sets++;
	while (end - at >= 4) {
		unsigned id = get16(at), count = get16(at + 2);
		struct template *template = &templates[id - 256];

		assert_in_range(id, 256, 257);
		assert_true(count <= FIELDS_MAX);
		template->count = count;
		at += 4;
		for (unsigned i = 0; i < count; i++) {
			struct field *field = &template->fields[i];

			*field = (struct field){ .id = get16(at) & 0x7fff, .length = get16(at + 2) };
			if (get16(at) & 0x8000) {
				field->pen = get32(at + 4);
				at += 4;
			}
			at += 4;
			assert_true(at <= end);
		}
	}
}

/* A data set of one template. */
static void read_records(unsigned id, const uint8_t *at, const uint8_t *end)
{
	const struct template *template = &templates[id - 256];

	assert_in_range(id, 256, 257);
	assert_true(template->count > 0);
	while (end - at > 3) {
		struct record *record = &records[record_count++];

		assert_true(record_count < RECORDS_MAX);
		record->template = id;
		record->count = template->count;
		for (unsigned i = 0; i < template->count; i++) {
			struct value *value = &record->values[i];

			value->field = template->fields[i];
			value->length = value->field.length;
			if (value->length == 65535) {
				assert_true(*at < 255);
				value->length = *at++;
			}
			assert_true(at + value->length <= end);
			memcpy(value->data, at, value->length);
			at += value->length;
		}
	}
}

/* One message. */
static void take(void *arg, const void *message, size_t size, unsigned count)
{
	const uint8_t *at = message, *end = at + size, *next;
	unsigned before = record_count;

	(void)arg;
	assert_int_equal(get16(at), 10);
	assert_int_equal(get16(at + 2), size);
	assert_true(size <= MESSAGE_MAX);
	assert_int_equal(get32(at + 4), MOMENT_END_NS / 1000000000);
	assert_int_equal(get32(at + 8), sequence);
	assert_int_equal(get32(at + 12), 4711);
	for (at += 16; at < end; at = next) {
		next = at + get16(at + 2);
		assert_true(next > at + 3 && next <= end);
		if (get16(at) == 2)
			read_templates(at + 4, next);
		else
			read_records(get16(at), at + 4, next);
	}
	assert_int_equal(record_count - before, count);
	sequence += count;
	told += count;
	messages++;
}

/* An element of a record; NULL if it hasn't got it. */
static const struct value *find(const struct record *record, uint32_t pen, unsigned id)
{
	for (unsigned i = 0; i < record->count; i++)
		if (record->values[i].field.pen == pen && record->values[i].field.id == id)
			return &record->values[i];
	return NULL;
}

static uint64_t number(const struct record *record, uint32_t pen, unsigned id)
{
	const struct value *value = find(record, pen, id);
	uint64_t sum = 0;

	if (!value)
		fail_msg("no element %u of %u", id, pen);
	for (size_t i = 0; i < value->length; i++)
		sum = sum << 8 | value->data[i];
	return sum;
}

static const char *text(const struct record *record, uint32_t pen, unsigned id)
{
	static char texts[4][256];
	static unsigned turn;
	const struct value *value = find(record, pen, id);
	char *copy = texts[turn++ % 4];

	if (!value)
		fail_msg("no element %u of %u", id, pen);
	memcpy(copy, value->data, value->length);
	copy[value->length] = '\0';
	assert_true(ft_utf8_valid(copy, value->length));
	return copy;
}

/* The record of a row of the moment. */
static const struct record *of_row(int row)
{
	for (unsigned i = 0; i < record_count; i++)
		if (number(&records[i], 0, 148) == (uint64_t)row + 1)
			return &records[i];
	fail_msg("no record of row %d", row);
	return NULL;
}

/* All of the moment, as messages; twice the templates. */
static void send_moment(bool biflow)
{
	struct ft_names *names = ft_names_new(NULL, "https 443/tcp\n");
	struct ft_ipfix_config config = { .domain = 4711, .message_max = MESSAGE_MAX,
					  .biflow = biflow, .names = names, .emit = take };
	struct ft_due *due = ft_due_new(1, 1, false);
	struct ft_ipfix *ipfix = ft_ipfix_new(&config);
	struct ft_due_record record;
	char err[128] = "";

	record_count = told = messages = sequence = template_sets = 0;
	assert_int_equal(ft_ipfix_templates(ipfix, MOMENT_END_NS, err, sizeof(err)), 0);
	ft_due_begin(due, moment());
	while (ft_due_next(due, &record))
		assert_int_equal(ft_ipfix_add(ipfix, moment(), &record, err, sizeof(err)), 0);
	assert_int_equal(ft_ipfix_flush(ipfix, err, sizeof(err)), 0);
	assert_int_equal(ft_ipfix_templates(ipfix, MOMENT_END_NS, err, sizeof(err)), 0);
	assert_int_equal(ft_ipfix_flush(ipfix, err, sizeof(err)), 0);
	assert_int_equal(ft_ipfix_flush(ipfix, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	ft_ipfix_free(ipfix);
	ft_due_free(due);
	ft_names_free(names);
}

static void test_biflow(void **state)
{
	const struct record *record;

	(void)state;
	send_moment(true);
	assert_int_equal(record_count, MOMENT_ROWS);
	assert_int_equal(template_sets, 2);
	record = of_row(MOMENT_CURL);
	assert_int_equal(record->template, 256);
	assert_int_equal(number(record, 0, 8), 0x0a000002);  /* source */
	assert_int_equal(number(record, 0, 12), 0xc0000207); /* destination */
	assert_null(find(record, 0, 27));
	assert_int_equal(number(record, 0, 7), 51234);
	assert_int_equal(number(record, 0, 11), 443);
	assert_int_equal(number(record, 0, 4), 6);
	assert_int_equal(number(record, 0, 60), 4);
	assert_int_equal(number(record, 0, 2), 1000);
	assert_int_equal(number(record, 0, 1), 50000);
	assert_int_equal(number(record, 0, 352), 64000);
	assert_int_equal(number(record, PEN_REVERSE, 2), 1000);
	assert_int_equal(number(record, PEN_REVERSE, 1), 50000);
	assert_int_equal(number(record, PEN_REVERSE, 352), 64000);
	assert_int_equal(number(record, 0, 6), 0x1a);
	assert_int_equal(number(record, PEN_REVERSE, 6), 0x1a);
	assert_int_equal(number(record, 0, 152), MOMENT_END_NS / 1000000 - 10000);
	assert_int_equal(number(record, 0, 153), (MOMENT_END_NS - 500000000) / 1000000);
	assert_int_equal(number(record, 0, 239), 1);
	assert_string_equal(text(record, 0, 82), "br0");
	assert_string_equal(text(record, 0, 96), "https");
	assert_int_equal(number(record, PEN_NTOP, 168), 812);
	assert_string_equal(text(record, PEN_NTOP, 169), "curl");
	assert_string_equal(text(record, PEN_NTOP, 372), "alice");
	assert_int_equal(number(record, PEN_NTOP, 425), 1000);
	assert_int_equal(number(record, PEN_NTOP, 375), 0);
	assert_int_equal(number(record, PEN_NTOP, 426), UINT32_MAX);
	assert_string_equal(text(record, PEN_NTOP, 376), "");
}

/* What is not TCP over IPv4, of one that began elsewhere, with names that are no UTF-8. */
static void test_kinds(void **state)
{
	const struct record *record;

	(void)state;
	send_moment(true);
	record = of_row(MOMENT_PING);
	assert_int_equal(number(record, 0, 32), 8 << 8);
	assert_int_equal(number(record, 0, 7), 0);
	assert_string_equal(text(record, PEN_NTOP, 376), "p?ing?(");
	assert_string_equal(text(record, PEN_NTOP, 558), "0123456789abcdef");
	record = of_row(MOMENT_GRE);
	assert_int_equal(number(record, 0, 58), 100);
	assert_int_equal(number(record, 0, 245), 20);
	record = of_row(MOMENT_ESP);
	assert_int_equal(record->template, 257);
	assert_null(find(record, 0, 8));
	assert_int_equal(find(record, 0, 27)->length, 16);
	assert_int_equal(find(record, 0, 27)->data[15], 1);
	assert_int_equal(find(record, 0, 28)->data[15], 2);
	assert_int_equal(number(record, 0, 60), 6);
	record = of_row(MOMENT_DELAYED);
	assert_int_equal(number(record, 0, 8), 0x0a00000e); /* it began: the source */
	assert_int_equal(number(record, 0, 7), 40000);
	assert_int_equal(number(record, 0, 11), 3868);
	assert_string_equal(text(record, 0, 82), "eth?");
	assert_int_equal(number(of_row(MOMENT_EVICTED), 0, 136), 5);
	assert_int_equal(number(of_row(MOMENT_ENDED), 0, 136), 3);
	assert_int_equal(number(of_row(MOMENT_CLOSED), 0, 136), 3);
	assert_int_equal(number(of_row(MOMENT_QUIET), 0, 239), 0);
}

/* For collectors that know nothing of RFC 5103: a record each way. */
static void test_uniflow(void **state)
{
	uint64_t octets = 0;

	(void)state;
	send_moment(false);
	assert_int_equal(record_count, 2 * MOMENT_ROWS);
	for (unsigned i = 0; i < record_count; i++) {
		octets += number(&records[i], 0, 1);
		assert_null(find(&records[i], PEN_REVERSE, 1));
		assert_null(find(&records[i], 0, 239));
	}
	assert_int_equal(octets, 2 * MOMENT_ROWS * 50000);
	assert_true(messages > 3);
	assert_int_equal(told, record_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_biflow),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_uniflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
