/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word among numbers, see filter_digits.h.
 *
 *   IPv4   The word's parts between dots fall on octets that follow each other: the first one is
 *          the end of an octet, the last one the beginning of one, those between are whole; a
 *          word without dots is a part of one octet. There are four places where it may begin.
 *          allowed[position][octet] has a bit for each place: set if the octet may stand there.
 *          An address has the word if a place allows all four octets.
 *   IPv6   A word of hexadecimal digits is a part of one group: has_group has a bit for each of
 *          the 65536. Zeros that :: stands for are not written, but only the word "0" is a part
 *          of zero. That one, and words with colons, are looked for in the text, and the answer
 *          is remembered by address: hosts come again and again.
 */
#include "core/filter_digits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/column_priv.h"
#include "core/filter_run.h"
#include "core/xalloc.h"

#define MEMO_ADDRESSES 65536 /* a power of two */
#define GROUPS 65536
#define NEVER 0x80 /* a need that no port has */

struct memo {
	uint8_t addr[16];
	uint8_t verdict; /* 0 = free, 1 = no, 2 = yes */
};

struct ft_digits {
	const struct ft_test *test;
	size_t before[2]; /* of IPv4, of IPv6: length of what the word has before the cut */
	uint8_t has[2];   /* facts about a port that are an answer */
	uint8_t need[2];  /* facts about a port without which no address has the word */
	uint8_t allowed[4][256];
	uint8_t *has_group;   /* NULL = look at texts */
	struct memo *memo;    /* made when a text is looked at */
};

enum { V4, V6 };

/* ---- IPv4 */

/* True if an octet may be where number `at` of the word's `count` parts falls. With `whole` the
 * last part has to be all of its octet: a port follows. */
static bool fits(const char *octet, const char *part, size_t length, size_t at, size_t count,
		 bool whole)
{
	size_t octet_length = strlen(octet);
	bool first = at == 0, last = at + 1 == count && !whole;

	if (length > octet_length)
		return false;
	if (first && last) {
		for (size_t i = 0; i + length <= octet_length; i++)
			if (memcmp(octet + i, part, length) == 0)
				return true;
		return false;
	}
	if (first)
		return memcmp(octet + octet_length - length, part, length) == 0;
	return memcmp(octet, part, length) == 0 && (last || length == octet_length);
}

/* Lets a part of the word restrict the octets where it falls, for a place of the first part. */
static void allow(struct ft_digits *digits, const char *part, size_t length, size_t at,
		  size_t count, size_t place)
{
	bool whole = digits->test->word[digits->before[V4]] != '\0';
	char octet[4];

	for (unsigned value = 0; value < 256; value++) {
		snprintf(octet, sizeof(octet), "%u", value);
		if (!fits(octet, part, length, at, count, whole))
			digits->allowed[place + at][value] &= (uint8_t)~(1U << place);
	}
}

/* Says which octets may stand where. */
static void make_octets(struct ft_digits *digits)
{
	const char *word = digits->test->word, *end = word + digits->before[V4];
	size_t count = 1;

	for (const char *at = word; at < end; at++)
		count += *at == '.';
	for (size_t place = 0; place + count <= 4; place++) {
		const char *part = word;

		/* What goes on in the port has to be the address' end. */
		if (*end && place + count < 4)
			continue;
		for (int position = 0; position < 4; position++)
			for (unsigned value = 0; value < 256; value++)
				digits->allowed[position][value] |= (uint8_t)(1U << place);
		for (size_t at = 0; at < count; at++) {
			size_t length = strcspn(part, ".:");

			allow(digits, part, length, at, count, place);
			part += length + 1;
		}
	}
}

/* ft_addr_is_v4, without a call. */
static inline bool is_v4(const uint8_t addr[16])
{
	static const uint8_t mapped[4] = { 0, 0, 0xff, 0xff };
	uint64_t zero;

	memcpy(&zero, addr, sizeof(zero));
	return zero == 0 && memcmp(addr + 8, mapped, sizeof(mapped)) == 0;
}

static inline bool has_v4(const struct ft_digits *digits, const uint8_t *octets)
{
	return (digits->allowed[0][octets[0]] & digits->allowed[1][octets[1]] &
		digits->allowed[2][octets[2]] & digits->allowed[3][octets[3]]) != 0;
}

/* ---- IPv6 */

/* True if a group, written without leading zeros, has the word's digits: with some digits below
 * them, four in all. A zero at their front is only written behind another digit. */
static bool group_has(unsigned group, unsigned digits, size_t length, bool zero)
{
	for (size_t below = 0; below + length <= 4; below++) {
		unsigned from = group >> 4 * below;

		if ((from & ((1U << 4 * length) - 1)) == digits &&
		    (!zero || from >> 4 * length != 0))
			return true;
	}
	return false;
}

/* Says which groups have the word. */
static void make_groups(struct ft_digits *digits)
{
	const struct ft_test *test = digits->test;
	unsigned value = test->length <= 4 ? (unsigned)strtoul(test->word, NULL, 16) : 0;

	digits->has_group = xcalloc(GROUPS / 8, 1);
	for (unsigned group = 0; group < GROUPS; group++)
		if (group_has(group, value, test->length, test->word[0] == '0'))
			digits->has_group[group / 8] |= (uint8_t)(1U << group % 8);
}

static bool has_groups(const struct ft_digits *digits, const uint8_t addr[16])
{
	unsigned any = 0;

	for (int i = 0; i < 16; i += 2) {
		unsigned group = (unsigned)addr[i] << 8 | addr[i + 1];

		any |= (unsigned)digits->has_group[group / 8] >> group % 8;
	}
	return any & 1;
}

/* True if the text up to the cut has the word, or ends with what it has before the cut. */
static bool ask_text(const struct ft_digits *digits, const uint8_t addr[16])
{
	const char *word = digits->test->word;
	char text[FT_ADDR_TEXT_MAX + 1] = "[";
	size_t length, before = digits->before[V6];

	ft_addr_format(addr, text + 1);
	length = strlen(text);
	if (!word[before])
		return ft_filter_contains(text, length, digits->test);
	return before <= length && memcmp(text + length - before, word, before) == 0;
}

/* The same, remembered by address. */
static bool has_v6_text(struct ft_digits *digits, const uint8_t addr[16])
{
	struct memo *memo;
	uint64_t half[2];

	if (!digits->memo)
		digits->memo = xcalloc(MEMO_ADDRESSES, sizeof(*digits->memo));
	memcpy(half, addr, sizeof(half));
	memo = &digits->memo[(half[0] ^ half[1]) * 0x9e3779b97f4a7c15ULL >> 40 &
			     (MEMO_ADDRESSES - 1)];
	if (!memo->verdict || memcmp(memo->addr, addr, 16) != 0) {
		memcpy(memo->addr, addr, 16);
		memo->verdict = ask_text(digits, addr) ? 2 : 1;
	}
	return memo->verdict == 2;
}

static bool has_v6(struct ft_digits *digits, const uint8_t addr[16])
{
	return digits->has_group ? has_groups(digits, addr) : has_v6_text(digits, addr);
}

/* ---- what the run calls */

struct ft_digits *ft_digits_new(const struct ft_test *test)
{
	struct ft_digits *digits;

	if (!test->v4_like && !test->v6_like && !test->port_like)
		return NULL;
	digits = xcalloc(1, sizeof(*digits));
	digits->test = test;
	digits->before[V4] = strcspn(test->word, ":");
	digits->before[V6] = strcspn(test->word, "]");
	digits->has[V4] = FT_DIGITS_HAS;
	digits->has[V6] = FT_DIGITS_HAS | FT_DIGITS_HAS_V6;
	if (!test->v4_like)
		digits->need[V4] = NEVER;
	else if (test->word[digits->before[V4]])
		digits->need[V4] = FT_DIGITS_GOES_ON_V4;
	if (!test->v6_like)
		digits->need[V6] = NEVER;
	else if (test->word[digits->before[V6]])
		digits->need[V6] = FT_DIGITS_GOES_ON_V6;
	else if (strchr(test->word, '['))
		digits->need[V6] = FT_DIGITS_PORT;
	if (test->v4_like)
		make_octets(digits);
	if (test->v6_like && !test->beyond && strcmp(test->word, "0") != 0)
		make_groups(digits);
	return digits;
}

/* NULL is fine. */
void ft_digits_free(struct ft_digits *digits)
{
	if (!digits)
		return;
	free(digits->has_group);
	free(digits->memo);
	free(digits);
}

/* True if the text begins with what there is of the word from a place on, and that is something. */
static bool goes_on(const char *text, const char *rest)
{
	return *rest && strncmp(text, rest, strlen(rest)) == 0;
}

bool ft_digits_ask_ports(const struct ft_digits *digits)
{
	uint8_t need = digits->need[V4] | digits->need[V6];

	return digits->test->port_like || need & ~NEVER;
}

/* What a port's text says. */
static uint8_t ask_port(const struct ft_digits *digits, const char *text, size_t length)
{
	const struct ft_test *test = digits->test;
	uint8_t facts = FT_DIGITS_PORT;

	if (test->port_like && ft_filter_contains(text + 2, length - 2, test))
		facts |= FT_DIGITS_HAS;
	if (test->v6_like && test->word[0] == ':' && goes_on(text + 1, test->word))
		facts |= FT_DIGITS_HAS_V6;
	if (goes_on(text + 1, test->word + digits->before[V4]))
		facts |= FT_DIGITS_GOES_ON_V4;
	if (goes_on(text, test->word + digits->before[V6]))
		facts |= FT_DIGITS_GOES_ON_V6;
	return facts;
}

uint8_t ft_digits_port(const struct ft_digits *digits, uint16_t port)
{
	char text[10] = "]:";

	ft_text_number(port, text + 2, sizeof(text) - 2);
	return ask_port(digits, text, strlen(text));
}

/* Counts in text: quicker than to divide. */
void ft_digits_all_ports(const struct ft_digits *digits, uint8_t ret_facts[UINT16_MAX + 1])
{
	char text[10] = "]:0";
	size_t length = 3;

	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		size_t at = length - 1;

		ret_facts[port] = ask_port(digits, text, length);
		while (at > 1 && text[at] == '9')
			text[at--] = '0';
		if (at > 1) {
			text[at]++;
		} else { /* all nines */
			text[2] = '1';
			text[length++] = '0';
			text[length] = '\0';
		}
	}
}

/* True if the end has the word. */
static inline bool has_end(struct ft_digits *digits, const uint8_t addr[16], uint8_t facts)
{
	bool v4 = is_v4(addr);
	int family = v4 ? V4 : V6;

	if (facts & digits->has[family])
		return true;
	if ((facts & digits->need[family]) != digits->need[family])
		return false;
	return v4 ? has_v4(digits, addr + 12) : has_v6(digits, addr);
}

uint64_t ft_digits_match(struct ft_digits *digits, const struct ft_flow_hot *rows, uint64_t set,
			 const uint8_t (*facts)[2])
{
	uint64_t yes = 0;

	for_each_row(i, set) {
		const struct ft_flow_key *key = &rows[i].flow->key;
		uint8_t a = facts ? facts[i][0] : 0, b = facts ? facts[i][1] : 0;

		yes |= ft_row_bit(has_end(digits, key->addr_a, a) ||
				  has_end(digits, key->addr_b, b), i);
	}
	return yes;
}
