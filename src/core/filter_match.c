/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a display filter says of one flow, socket or event, asked plainly: every text is made and
 * searched. This is what the grammar means; filter_run.c, which answers for a million rows a
 * keystroke, says the same.
 */
#include "core/filter_match.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/column_priv.h"
#include "core/event.h"
#include "core/health.h"
#include "core/names.h"
#include "core/socket.h"

/* src is who began the flow, the local end if that isn't known. */
unsigned ft_filter_ends(const struct ft_flow *flow, uint8_t end)
{
	unsigned local = 1U << ft_flow_tx(flow);
	unsigned src = flow->initiator == FT_END_NONE ? local : 1U << flow->initiator;

	switch (end) {
	case FT_TEST_LOCAL:
		return local;
	case FT_TEST_REMOTE:
		return 3 ^ local;
	case FT_TEST_SRC:
		return src;
	case FT_TEST_DST:
		return 3 ^ src;
	default:
		return 3;
	}
}

static bool match_net(const struct ft_test *test, const struct ft_flow *flow)
{
	unsigned ends = ft_filter_ends(flow, test->end);

	return (ends & 1 && ft_net_contains(&test->net, flow->key.addr_a)) ||
	       (ends & 2 && ft_net_contains(&test->net, flow->key.addr_b));
}

static bool in_range(const struct ft_test *test, __be16 port_be)
{
	uint16_t port = ntohs(port_be);

	return port >= test->low && port <= test->high;
}

static bool match_port(const struct ft_test *test, const struct ft_flow *flow)
{
	unsigned ends = ft_filter_ends(flow, test->end);

	if (!ft_protocol_has_ports(flow->key.protocol))
		return false;
	return (ends & 1 && in_range(test, flow->key.port_a_be)) ||
	       (ends & 2 && in_range(test, flow->key.port_b_be));
}

/* Nanoseconds of the socket's smoothed round-trip time; -1 if none is known. */
static double rtt_of(const struct ft_snapshot *snapshot, const struct ft_flow_hot *hot)
{
	const struct ft_health *health = ft_flow_socket(snapshot, hot);
	uint64_t us;

	return health && ft_health_get(health, FT_NUMBER_rtt_us, &us) ? 1000 * (double)us : -1;
}

/* The same of a socket, of which only TCP's numbers are known. */
static double socket_field(const struct ft_socket *socket, uint8_t field)
{
	uint64_t value, more;

	if (field == FT_FIELD_RTT && ft_socket_get(socket, FT_NUMBER_rtt_us, &value))
		return 1000 * (double)value;
	if (field == FT_FIELD_BYTES && ft_socket_get(socket, FT_NUMBER_bytes_acked, &value) &&
	    ft_socket_get(socket, FT_NUMBER_bytes_received, &more))
		return (double)(value + more);
	return -1;
}

/* A number of a flow, as the filter counts; -1 = not known. */
static double field_of(const struct ft_subject *subject, uint8_t field)
{
	const struct ft_flow_hot *hot = subject->hot;
	uint64_t end = subject->snapshot->end_ns, from = 0;

	if (subject->socket)
		return socket_field(subject->socket, field);
	switch (field) {
	case FT_FIELD_RATE:
	case FT_FIELD_BYTES:
	case FT_FIELD_PACKETS:
		return ft_filter_amount(hot, field);
	case FT_FIELD_AGE:
		from = subject->flow->first_ns;
		end = ft_flow_is_over(hot) ? hot->last_ns : end;
		break;
	case FT_FIELD_RTT:
		return rtt_of(subject->snapshot, hot);
	default:
		from = hot->last_ns;
		break;
	}
	return end > from ? (double)(end - from) : 0;
}

/* ---- texts */

bool ft_filter_has(const char *text, const char *word)
{
	return text && strcasestr(text, word) != NULL;
}

/* The word a pseudo owner has in the grammar, whatever the screen's language. */
static const char *owner_word(uint16_t owner)
{
	switch (owner) {
	case FT_OWNER_KERNEL:
		return "kernel";
	case FT_OWNER_UNKNOWN:
		return "unknown";
	default:
		return "transit";
	}
}

/* True if the owner's name has the word. */
static bool owner_named(const struct ft_snapshot *snapshot, uint16_t owner, const char *word)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);
	char text[FT_CELL_TEXT];

	if (process)
		return ft_filter_has(process->name, word);
	if (ft_filter_has(owner_word(owner), word))
		return true;
	return ft_filter_has(ft_text_owner(snapshot, owner, false, text, sizeof(text)), word);
}

/* True for a user's whole name, or number. */
static bool is_user(const struct ft_process *process, const char *word)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", process->uid);
	return strcasecmp(process->user, word) == 0 || strcmp(number, word) == 0;
}

bool ft_filter_owner(const struct ft_test *test, const struct ft_snapshot *snapshot,
		     uint16_t owner)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);

	switch (test->kind) {
	case FT_TEST_PROCESS:
		return owner_named(snapshot, owner, test->word);
	case FT_TEST_PID:
		return process && (double)process->pid == test->value;
	case FT_TEST_USER:
		return process && is_user(process, test->word);
	case FT_TEST_CONTAINER:
		return process &&
		       (ft_filter_has(process->container, test->word) ||
			ft_filter_has(process->unit, test->word));
	default: /* any word */
		return owner_named(snapshot, owner, test->word) ||
		       (process &&
			(ft_filter_has(process->cmdline, test->word) || ft_filter_has(process->user, test->word) ||
			 ft_filter_has(process->container, test->word) || ft_filter_has(process->unit, test->word)));
	}
}

static bool match_owners(const struct ft_test *test, const struct ft_subject *subject)
{
	uint16_t owner[2];
	int count = ft_flow_owners(subject->hot, owner);

	return ft_filter_owner(test, subject->snapshot, owner[0]) ||
	       (count == 2 && ft_filter_owner(test, subject->snapshot, owner[1]));
}

bool ft_filter_iface_name(const struct ft_test *test, const char *name)
{
	return test->kind == FT_TEST_IFACE ? strcasecmp(name, test->word) == 0
					   : ft_filter_has(name, test->word);
}

/* True if the scope, or an interface that carried the flow, has the name. */
static bool match_iface(const struct ft_test *test, const struct ft_subject *subject)
{
	const struct ft_snapshot *snapshot = subject->snapshot;

	if (subject->socket)
		return subject->socket->iface[0] &&
		       ft_filter_iface_name(test, subject->socket->iface);
	if (ft_filter_iface_name(test, ft_snapshot_scope_name(snapshot, subject->flow->key.scope)))
		return true;
	for (int dir = 0; dir < 2; dir++) {
		const struct ft_snapshot_iface *iface =
			ft_snapshot_iface_of(snapshot, subject->hot, dir);

		if (iface && ft_filter_iface_name(test, iface->name))
			return true;
	}
	return false;
}

/* True if the host that saw the flow is called so, or has the word in its name. */
static bool match_observer(const struct ft_test *test, const struct ft_subject *subject)
{
	const char *name;

	if (subject->socket || !subject->snapshot->observer_count)
		return false;
	name = ft_snapshot_observer(subject->snapshot, subject->flow->key.scope);
	return test->kind == FT_TEST_OBSERVER ? strcasecmp(name, test->word) == 0
					      : ft_filter_has(name, test->word);
}

/* By hand: strstr's start-up costs more than this. */
bool ft_filter_contains(const char *text, size_t length, const struct ft_test *test)
{
	char last = test->word[test->length - 1];

	for (size_t i = 0; i + test->length <= length; i++)
		if (text[i] == test->word[0] && text[i + test->length - 1] == last &&
		    memcmp(text + i, test->word, test->length) == 0)
			return true;
	return false;
}

/* True if address:port, written as numbers, has a word that may reach beyond the address. */
static bool match_address_port(const struct ft_test *test, const uint8_t addr[16], uint16_t port)
{
	char text[FT_ADDR_TEXT_MAX + 10];
	bool brackets = !ft_addr_is_v4(addr);
	size_t length;

	text[0] = '[';
	ft_addr_format(addr, text + brackets);
	length = strlen(text);
	if (brackets)
		text[length++] = ']';
	text[length++] = ':';
	ft_text_number(port, text + length, sizeof(text) - length);
	return ft_filter_contains(text, length + strlen(text + length), test);
}

/* True if the end, written as numbers, has the word. */
static bool match_numbers(const struct ft_test *test, const uint8_t addr[16], uint16_t port,
			  bool ports)
{
	char text[FT_ADDR_TEXT_MAX];

	if (ft_addr_is_v4(addr) ? test->v4_like : test->v6_like) {
		if (ports && test->beyond)
			return match_address_port(test, addr, port);
		ft_addr_format(addr, text);
		if (ft_filter_contains(text, strlen(text), test))
			return true;
	}
	if (!ports || !test->port_like)
		return false;
	ft_text_number(port, text, sizeof(text));
	return ft_filter_contains(text, strlen(text), test);
}

/* True if an end as it may be shown has the word: address:port, name, service. */
static bool match_end(const struct ft_test *test, const struct ft_subject *subject, bool b)
{
	const struct ft_flow_key *key = &subject->flow->key;
	const struct ft_names *names = subject->names;
	const uint8_t *addr = b ? key->addr_b : key->addr_a;
	uint16_t port = ntohs(b ? key->port_b_be : key->port_a_be);
	bool ports = ft_protocol_has_ports(key->protocol);

	if (match_numbers(test, addr, port, ports))
		return true;
	return names && (ft_filter_has(ft_names_host(names, addr, NULL), test->word) ||
			 (ports && ft_filter_has(ft_names_service(names, port, key->protocol), test->word)));
}

static const char *state_of(const struct ft_subject *subject)
{
	return subject->socket ? ft_socket_state(subject->socket) : ft_text_state(subject->hot);
}

/* True if the event's name begins with the word, or what the pane shows of it ("failed"), or if the
 * word means many of them. */
static bool match_event(const struct ft_test *test, const struct ft_flow_event *event)
{
	const char *name, *shown;
	size_t length = strlen(test->word);

	if (!event)
		return false;
	name = ft_event_kind_name((enum ft_event_kind)event->kind);
	shown = strchr(name, '_');
	if (strncmp(name, test->word, length) == 0 ||
	    (shown && strncmp(shown + 1, test->word, length) == 0))
		return true;
	return length == strlen(name) + 1 && test->word[length - 1] == 's' &&
	       strncmp(name, test->word, length - 1) == 0;
}

/* True if the event's name, or what is said of it, has the word. */
static bool match_event_word(const struct ft_test *test, const struct ft_flow_event *event)
{
	return event && (ft_filter_has(ft_event_kind_name((enum ft_event_kind)event->kind), test->word) ||
			 ft_filter_has(ft_close_name((enum ft_close)event->close), test->word) ||
			 (event->error && ft_filter_has(ft_event_error_name(event->error), test->word)));
}

bool ft_filter_rest(const struct ft_test *test, const struct ft_subject *subject)
{
	static const struct ft_show numbers;
	const struct ft_flow_key *key = &subject->flow->key;
	char text[FT_CELL_TEXT];

	if (key->vlan_outer && ft_filter_has(ft_text_vlan(key->vlan_outer, key->vlan_inner, text,
						sizeof(text)), test->word))
		return true;
	return !subject->socket && !ft_protocol_has_ports(key->protocol) &&
	       ft_filter_has(ft_text_service(&numbers, subject->hot, text, sizeof(text)), test->word);
}

bool ft_filter_word_elsewhere(const struct ft_test *test, const struct ft_subject *subject)
{
	return ft_filter_has(ft_protocol_name(subject->flow->key.protocol), test->word) ||
	       ft_filter_has(state_of(subject), test->word) || match_iface(test, subject) ||
	       match_observer(test, subject) || match_end(test, subject, false) ||
	       match_end(test, subject, true) || ft_filter_rest(test, subject) ||
	       match_event_word(test, subject->event);
}

bool ft_filter_test(const struct ft_test *test, const struct ft_subject *subject)
{
	const struct ft_flow_key *key = &subject->flow->key;

	switch (test->kind) {
	case FT_TEST_NET:
		return match_net(test, subject->flow);
	case FT_TEST_PORT:
		return match_port(test, subject->flow);
	case FT_TEST_PROTOCOL:
		return key->protocol == test->low;
	case FT_TEST_IP:
		return key->ip_version == test->low;
	case FT_TEST_VLAN:
		return key->vlan_outer == test->low || (test->low && key->vlan_inner == test->low);
	case FT_TEST_IFACE:
		return match_iface(test, subject);
	case FT_TEST_OBSERVER:
		return match_observer(test, subject);
	case FT_TEST_WAY:
		return test->low == FT_TEST_IN ? ft_flow_is_in(subject->flow)
					       : ft_flow_is_out(subject->flow);
	case FT_TEST_EVENT:
		return match_event(test, subject->event);
	case FT_TEST_STATE:
		return !subject->event &&
		       strncasecmp(state_of(subject), test->word, strlen(test->word)) == 0;
	case FT_TEST_COMPARE:
		return ft_filter_compares(test, field_of(subject, test->field));
	case FT_TEST_WORD:
		return match_owners(test, subject) || ft_filter_word_elsewhere(test, subject);
	default:
		return match_owners(test, subject);
	}
}

bool ft_filter_shows(unsigned shown, const struct ft_flow_key *key)
{
	unsigned version = key->ip_version == 4 ? FT_SHOW_V4 : FT_SHOW_V6;
	unsigned protocol = FT_SHOW_OTHER;

	switch (key->protocol) {
	case IPPROTO_TCP:
		protocol = FT_SHOW_TCP;
		break;
	case IPPROTO_UDP:
		protocol = FT_SHOW_UDP;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		protocol = FT_SHOW_ICMP;
		break;
	}
	return (shown & version) && (shown & protocol);
}

/* Follows the program's jumps. */
static bool match(const struct ft_filter *filter, struct ft_subject subject)
{
	const struct ft_filter_program *program = filter->program;
	uint16_t at;

	subject.flow = subject.hot->flow;
	if (!ft_filter_shows(filter->shown, &subject.flow->key))
		return false;
	if (!program)
		return true;
	subject.names = program->names;
	at = program->start;
	while (at < program->count) {
		const struct ft_test *test = &program->tests[at];

		at = ft_filter_test(test, &subject) ? test->yes : test->no;
	}
	return at == FT_FILTER_ACCEPT;
}

bool ft_filter_match(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
		     const struct ft_flow_hot *flow)
{
	return match(filter, (struct ft_subject){ .snapshot = snapshot, .hot = flow });
}

void ft_filter_stand_in(const struct ft_socket *socket, struct ft_stand_in *ret_flow)
{
	struct ft_flow *cold = &ret_flow->cold;

	*cold = (struct ft_flow){
		.key = {
			.port_a_be = socket->local_port_be,
			.port_b_be = socket->remote_port_be,
			.protocol = socket->protocol,
			.ip_version = socket->ip_version,
			.scope = UINT16_MAX,
		},
		.local = FT_END_A,
		.initiator = FT_END_NONE,
		.path = FT_PATH_HOST,
	};
	memcpy(cold->key.addr_a, socket->local, sizeof(cold->key.addr_a));
	memcpy(cold->key.addr_b, socket->remote, sizeof(cold->key.addr_b));
	ret_flow->hot = (struct ft_flow_hot){
		.flow = cold,
		.owner = { socket->owner, FT_OWNER_FOREIGN },
	};
}

bool ft_filter_match_event(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			   const struct ft_flow_event *event)
{
	return match(filter, (struct ft_subject){ .snapshot = snapshot, .hot = &event->hot,
						  .event = event });
}

bool ft_filter_match_socket(const struct ft_filter *filter, const struct ft_snapshot *snapshot,
			    const struct ft_socket *socket)
{
	struct ft_stand_in flow;

	ft_filter_stand_in(socket, &flow);
	return match(filter, (struct ft_subject){ .snapshot = snapshot, .hot = &flow.hot,
						  .socket = socket });
}
