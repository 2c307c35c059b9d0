/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See ipfix.h. A record is a plain struct whose members stand in the order of one table of
 * elements; libfixbuf moves them into one of two templates, for IPv4 and IPv6, by name.
 *
 *   source       the end that began the flow, else the local one (biflowDirection tells which)
 *   octets       L3 bytes, as everywhere in flowtop; layer2OctetDeltaCount beside them
 *   process      ntop's published enterprise elements (PEN 35632), which its collectors know
 *   application  the service's name, IANA's applicationName
 *
 * A number that does not apply is 0 (user ids: 2^32 - 1), a text is empty.
 */
#include "output/ipfix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fixbuf/public.h>

#include "core/names.h"
#include "core/rows.h"
#include "core/xalloc.h"
#include "output/utf8.h"

#define PEN_NTOP 35632
#define TEXT_MAX 64
#define TEMPLATE_RECORD 300
#define TEMPLATE_V4 256
#define TEMPLATE_V6 257
#define MILLISECOND 1000000ULL

/* Which templates an element is in; the record has all. */
#define V4 (1U << 0)
#define V6 (1U << 1)
#define BIFLOW (1U << 2)
#define PADDING (1U << 3)

/* What an end of the flow is owned by. */
struct owner_texts {
	char name[TEXT_MAX], user[TEXT_MAX], container[TEXT_MAX];
};

struct record {
	uint64_t start_ms, end_ms;
	uint64_t octets, reverse_octets;
	uint64_t packets, reverse_packets;
	uint64_t l2_octets, reverse_l2_octets;
	uint64_t flow_id;
	uint32_t source_v4, destination_v4;
	uint8_t source_v6[16], destination_v6[16];
	uint32_t interface;
	uint32_t source_pid, destination_pid;
	uint32_t source_uid, destination_uid;
	uint16_t source_port, destination_port;
	uint16_t tcp_flags, reverse_tcp_flags;
	uint16_t vlan, vlan_inner;
	uint16_t icmp_v4, icmp_v6;
	uint8_t protocol, ip_version, end_reason, direction;
	fbVarfield_t interface_name, application;
	fbVarfield_t source_process, destination_process;
	fbVarfield_t source_user, destination_user;
	fbVarfield_t source_container, destination_container;
};

/* The members of struct record, in their order. */
static const struct {
	const char *name;
	uint16_t size;
	uint16_t flags;
} elements[] = {
	{ "flowStartMilliseconds", 8, 0 },
	{ "flowEndMilliseconds", 8, 0 },
	{ "octetDeltaCount", 8, 0 },
	{ "reverseOctetDeltaCount", 8, BIFLOW },
	{ "packetDeltaCount", 8, 0 },
	{ "reversePacketDeltaCount", 8, BIFLOW },
	{ "layer2OctetDeltaCount", 8, 0 },
	{ "reverseLayer2OctetDeltaCount", 8, BIFLOW },
	{ "flowId", 8, 0 },
	{ "sourceIPv4Address", 4, V4 },
	{ "destinationIPv4Address", 4, V4 },
	{ "sourceIPv6Address", 16, V6 },
	{ "destinationIPv6Address", 16, V6 },
	{ "ingressInterface", 4, 0 },
	{ "sourceProcessId", 4, 0 },
	{ "destinationProcessId", 4, 0 },
	{ "sourceProcessUserId", 4, 0 },
	{ "destinationProcessUserId", 4, 0 },
	{ "sourceTransportPort", 2, 0 },
	{ "destinationTransportPort", 2, 0 },
	{ "tcpControlBits", 2, 0 },
	{ "reverseTcpControlBits", 2, BIFLOW },
	{ "vlanId", 2, 0 },
	{ "dot1qCustomerVlanId", 2, 0 },
	{ "icmpTypeCodeIPv4", 2, V4 },
	{ "icmpTypeCodeIPv6", 2, V6 },
	{ "protocolIdentifier", 1, 0 },
	{ "ipVersion", 1, 0 },
	{ "flowEndReason", 1, 0 },
	{ "biflowDirection", 1, BIFLOW },
	{ "interfaceName", 0, 0 },
	{ "applicationName", 0, 0 },
	{ "sourceProcessName", 0, 0 },
	{ "destinationProcessName", 0, 0 },
	{ "sourceProcessUserName", 0, 0 },
	{ "destinationProcessUserName", 0, 0 },
	{ "sourceProcessContainerId", 0, 0 },
	{ "destinationProcessContainerId", 0, 0 },
};

/* Enterprise elements: ntop's numbers. */
static const struct {
	const char *name;
	uint16_t number, size;
} of_ntop[] = {
	{ "sourceProcessId", 168, 4 },
	{ "sourceProcessName", 169, FB_IE_VARLEN },
	{ "sourceProcessUserName", 372, FB_IE_VARLEN },
	{ "sourceProcessUserId", 425, 4 },
	{ "sourceProcessContainerId", 558, FB_IE_VARLEN },
	{ "destinationProcessId", 375, 4 },
	{ "destinationProcessName", 376, FB_IE_VARLEN },
	{ "destinationProcessUserName", 377, FB_IE_VARLEN },
	{ "destinationProcessUserId", 426, 4 },
	{ "destinationProcessContainerId", 559, FB_IE_VARLEN },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(sizeof(struct record) % 8 == 0 && offsetof(struct record, interface_name) % 8 == 0,
	       "no hidden padding");
_Static_assert(offsetof(struct record, interface_name) ==
		       9 * 8 + 2 * 4 + 2 * 16 + 5 * 4 + 8 * 2 + 4,
	       "members stand without gaps");

struct ft_ipfix {
	struct ft_ipfix_config config;
	fbInfoModel_t *model;     /* owned */
	fBuf_t *buf;              /* owned; owns session and exporter */
	fbSession_t *session;
	fbExporter_t *exporter;
	uint8_t *message;         /* owned; libfixbuf copies each message to here */
	unsigned records;         /* in the message at work */
	bool templates;           /* are in it */
	uint32_t now;             /* export time, seconds */
	struct owner_texts source, destination;
	char interface[TEXT_MAX], application[TEXT_MAX];
};

/* libfixbuf's words in the caller's buffer. */
static int say(GError **error, char *err, size_t err_size)
{
	snprintf(err, err_size, "IPFIX: %s", *error ? (*error)->message : "?");
	g_clear_error(error);
	return -EPROTO;
}

/* libfixbuf takes names that it does not change as char *. */
static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* IANA's elements and ntop's. */
static fbInfoModel_t *make_model(void)
{
	fbInfoModel_t *model = fbInfoModelAlloc();
	fbInfoElement_t element;

	for (size_t i = 0; i < COUNT(of_ntop); i++) {
		memset(&element, 0, sizeof(element));
		element.ref.name = of_ntop[i].name;
		element.ent = PEN_NTOP;
		element.num = of_ntop[i].number;
		element.len = of_ntop[i].size;
		element.flags = of_ntop[i].size == 4 ? FB_IE_F_ENDIAN : 0;
		element.type = of_ntop[i].size == 4 ? FB_UINT_32 : FB_STRING;
		fbInfoModelAddElement(model, &element);
	}
	return model;
}

/* A template of the elements whose flags are all among `flags`. */
static bool add_template(struct ft_ipfix *ipfix, bool internal, uint16_t id, uint32_t flags,
			 GError **error)
{
	fbTemplate_t *made = fbTemplateAlloc(ipfix->model);

	for (size_t i = 0; i < COUNT(elements); i++) {
		fbInfoElementSpec_t spec = {
			.name = unconst(elements[i].name),
			.len_override = elements[i].size,
			.flags = elements[i].flags,
		};

		if (!fbTemplateAppendSpec(made, &spec, flags, error)) {
			fbTemplateFreeUnused(made);
			return false;
		}
	}
	return fbSessionAddTemplate(ipfix->session, internal, id, made, error) != 0;
}

/* Session, templates, buffer. */
static bool set_up(struct ft_ipfix *ipfix, GError **error)
{
	uint32_t both = ipfix->config.biflow ? BIFLOW : 0;

	ipfix->session = fbSessionAlloc(ipfix->model);
	fbSessionSetDomain(ipfix->session, ipfix->config.domain);
	/* Before there is a buffer: with one they would be written into it at once. */
	if (!add_template(ipfix, true, TEMPLATE_RECORD, V4 | V6 | BIFLOW, error) ||
	    !add_template(ipfix, false, TEMPLATE_V4, V4 | both, error) ||
	    !add_template(ipfix, false, TEMPLATE_V6, V6 | both, error))
		return false;
	ipfix->exporter = fbExporterAllocBuffer(ipfix->message, ipfix->config.message_max);
	ipfix->buf = fBufAllocForExport(ipfix->session, ipfix->exporter);
	fBufSetAutomaticMode(ipfix->buf, FALSE);
	return true;
}

struct ft_ipfix *ft_ipfix_new(const struct ft_ipfix_config *config)
{
	struct ft_ipfix *ipfix = xcalloc(1, sizeof(*ipfix));
	GError *error = NULL;

	ipfix->config = *config;
	ipfix->message = xmalloc(config->message_max);
	ipfix->model = make_model();
	if (!set_up(ipfix, &error))
		abort(); /* the tables above are wrong: every test sees it */
	return ipfix;
}

void ft_ipfix_free(struct ft_ipfix *ipfix)
{
	if (!ipfix)
		return;
	fBufFree(ipfix->buf);
	fbInfoModelFree(ipfix->model);
	free(ipfix->message);
	free(ipfix);
}

/* Hands the message at work to the caller. */
static bool emit(struct ft_ipfix *ipfix, GError **error)
{
	if (!fBufEmit(ipfix->buf, error))
		return false;
	ipfix->config.emit(ipfix->config.arg, ipfix->message, fbExporterGetMsgLen(ipfix->exporter),
			   ipfix->records);
	ipfix->records = 0;
	ipfix->templates = false;
	fBufSetExportTime(ipfix->buf, ipfix->now);
	return true;
}

/* libfixbuf writes the time when it begins a message, and forgets it with the message. */
static void set_time(struct ft_ipfix *ipfix, uint64_t now_ns)
{
	ipfix->now = (uint32_t)(now_ns / 1000000000);
	fBufSetExportTime(ipfix->buf, ipfix->now);
}

int ft_ipfix_templates(struct ft_ipfix *ipfix, uint64_t now_ns, char *err, size_t err_size)
{
	GError *error = NULL;
	bool done;

	set_time(ipfix, now_ns);
	if ((ipfix->records || ipfix->templates) && !emit(ipfix, &error))
		return say(&error, err, err_size);
	done = fbSessionExportTemplates(ipfix->session, &error);
	if (!done && g_error_matches(error, FB_ERROR_DOMAIN, FB_ERROR_EOM)) {
		/* It wants a message of their own: the empty one before it goes nowhere. */
		g_clear_error(&error);
		done = fBufEmit(ipfix->buf, &error);
		fBufSetExportTime(ipfix->buf, ipfix->now);
		done = done && fbSessionExportTemplates(ipfix->session, &error);
	}
	if (!done)
		return say(&error, err, err_size);
	ipfix->templates = true;
	return 0;
}

/* A text of ours: cut, and valid UTF-8, as IPFIX wants it. */
static void put_text(fbVarfield_t *field, char buf[TEXT_MAX], const char *text)
{
	size_t length = text ? strlen(text) : 0, used = 0, step;

	for (size_t at = 0; at < length && used < TEXT_MAX; at += step) {
		step = ft_utf8_length(text + at, length - at);
		if (step > TEXT_MAX - used)
			break;
		if (step == 0)
			buf[used++] = '?';
		else
			memcpy(buf + used, text + at, step);
		used += step;
		step += step == 0;
	}
	field->buf = (uint8_t *)buf;
	field->len = used;
}

/* Who owns an end. */
static void put_owner(const struct ft_snapshot *snapshot, uint16_t owner, uint32_t *ret_pid,
		      uint32_t *ret_uid, fbVarfield_t *fields[3], struct owner_texts *texts)
{
	const struct ft_process *process = ft_snapshot_process(snapshot, owner);
	const char *container = NULL;

	if (process)
		container = process->container_id && process->container_id[0] ?
				    process->container_id :
				    process->container;
	*ret_pid = process && process->pid > 0 ? (uint32_t)process->pid : 0;
	*ret_uid = process ? process->uid : UINT32_MAX;
	put_text(fields[0], texts->name, process ? process->name : NULL);
	put_text(fields[1], texts->user, process ? process->user : NULL);
	put_text(fields[2], texts->container, container);
}

/* The addresses of an end, 0 = a. */
static void put_address(const struct ft_flow_key *key, int end, uint32_t *ret_v4, uint8_t *ret_v6)
{
	const uint8_t *addr = end ? key->addr_b : key->addr_a;
	uint32_t v4_be;

	memcpy(ret_v6, addr, 16);
	memcpy(&v4_be, addr + 12, 4);
	*ret_v4 = ntohl(v4_be);
}

/* Ports, or type and code. */
static void put_ports(const struct ft_flow_key *key, int source, struct record *record)
{
	if (key->protocol == IPPROTO_ICMP)
		record->icmp_v4 = ntohs(key->port_b_be);
	else if (key->protocol == IPPROTO_ICMPV6)
		record->icmp_v6 = ntohs(key->port_b_be);
	else if (ft_protocol_has_ports(key->protocol)) {
		record->source_port = ntohs(source ? key->port_b_be : key->port_a_be);
		record->destination_port = ntohs(source ? key->port_a_be : key->port_b_be);
	}
}

/* flowEndReason of IANA's registry. */
static uint8_t end_reason(const struct ft_due_record *due)
{
	if (due->why == FT_DUE_ACTIVE)
		return 2;
	if (due->why == FT_DUE_IDLE)
		return 1;
	switch ((enum ft_end_reason)due->flow->ended) {
	case FT_ENDED_FIN:
	case FT_ENDED_RST:
		return 3;
	case FT_ENDED_IDLE:
		return 1;
	case FT_ENDED_EVICTED:
		return 5;
	default:
		return 4;
	}
}

/* What one direction counted. */
static void put_counts(const struct ft_due_record *due, int forward, struct record *record)
{
	const struct ft_counts *there = &due->count[forward], *back = &due->count[!forward];

	record->octets = there->bytes;
	record->packets = there->packets;
	record->l2_octets = there->l2_bytes;
	record->reverse_octets = back->bytes;
	record->reverse_packets = back->packets;
	record->reverse_l2_octets = back->l2_bytes;
	record->tcp_flags = due->flow->tcp_flags[forward];
	record->reverse_tcp_flags = due->flow->tcp_flags[!forward];
}

/* The whole record, seen from one end: 0 = a is the source. */
static void fill(struct ft_ipfix *ipfix, const struct ft_snapshot *snapshot,
		 const struct ft_due_record *due, int source, struct record *record)
{
	const struct ft_flow *flow = due->flow->flow;
	const struct ft_snapshot_iface *iface =
		ft_snapshot_iface_of(snapshot, due->flow, source);
	const char *scope = ft_snapshot_scope_name(snapshot, flow->key.scope);
	fbVarfield_t *sources[] = { &record->source_process, &record->source_user,
				    &record->source_container };
	fbVarfield_t *destinations[] = { &record->destination_process, &record->destination_user,
					 &record->destination_container };

	memset(record, 0, sizeof(*record));
	record->start_ms = due->start_ns / MILLISECOND;
	record->end_ms = due->end_ns / MILLISECOND;
	put_counts(due, source, record);
	record->flow_id = flow->id;
	put_address(&flow->key, source, &record->source_v4, record->source_v6);
	put_address(&flow->key, !source, &record->destination_v4, record->destination_v6);
	record->interface = iface ? iface->ifindex : 0;
	put_ports(&flow->key, source, record);
	record->vlan = flow->key.vlan_outer;
	record->vlan_inner = flow->key.vlan_inner;
	record->protocol = flow->key.protocol;
	record->ip_version = flow->key.ip_version;
	record->end_reason = end_reason(due);
	record->direction = flow->initiator == FT_END_NONE ? 0 : 1;
	put_text(&record->interface_name, ipfix->interface, scope);
	put_text(&record->application, ipfix->application,
		 ipfix->config.names ?
			 ft_names_service(ipfix->config.names, ft_flow_service_port(flow),
					  flow->key.protocol) :
			 NULL);
	put_owner(snapshot, due->flow->owner[source], &record->source_pid, &record->source_uid,
		  sources, &ipfix->source);
	put_owner(snapshot, due->flow->owner[!source], &record->destination_pid,
		  &record->destination_uid, destinations, &ipfix->destination);
}

/* Into the message; one that is full is emitted first. */
static bool append(struct ft_ipfix *ipfix, uint16_t template, struct record *record,
		   GError **error)
{
	for (int tries = 0; tries < 2; tries++) {
		g_clear_error(error);
		if (fBufSetInternalTemplate(ipfix->buf, TEMPLATE_RECORD, error) &&
		    fBufSetExportTemplate(ipfix->buf, template, error) &&
		    fBufAppend(ipfix->buf, (uint8_t *)record, sizeof(*record), error)) {
			ipfix->records++;
			return true;
		}
		if (!g_error_matches(*error, FB_ERROR_DOMAIN, FB_ERROR_EOM))
			return false;
		g_clear_error(error);
		if (!emit(ipfix, error))
			return false;
	}
	return false;
}

int ft_ipfix_add(struct ft_ipfix *ipfix, const struct ft_snapshot *snapshot,
		 const struct ft_due_record *due, char *err, size_t err_size)
{
	const struct ft_flow *flow = due->flow->flow;
	unsigned first = flow->initiator == FT_END_NONE ? flow->local : flow->initiator;
	int source = first == FT_END_B;
	struct record record;
	GError *error = NULL;

	set_time(ipfix, snapshot->end_ns);
	for (int way = 0; way < (ipfix->config.biflow ? 1 : 2); way++, source = !source) {
		if (!ipfix->config.biflow && !due->count[source].packets)
			continue;
		fill(ipfix, snapshot, due, source, &record);
		if (!append(ipfix, flow->key.ip_version == 4 ? TEMPLATE_V4 : TEMPLATE_V6, &record,
			    &error))
			return say(&error, err, err_size);
	}
	return 0;
}

int ft_ipfix_flush(struct ft_ipfix *ipfix, char *err, size_t err_size)
{
	GError *error = NULL;

	if ((ipfix->records || ipfix->templates) && !emit(ipfix, &error))
		return say(&error, err, err_size);
	return 0;
}
