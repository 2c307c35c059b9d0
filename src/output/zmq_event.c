/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See zmq_event.h. SRC is the end that began, else the local one; LOCAL_PROCESS the process at the
 * local end (else at the other, if that is ours too). Where libebpfflow is wrong it is not
 * followed: UID_NAME is the user's, PID the process's, NW_LATENCY_MS the handshake's round trip.
 * A flow is one event when it is there (CONNECT, ACCEPT; SEND, RECV), one when it ends (CLOSE,
 * CONNECT_FAILED), and one without a type for what was counted in between.
 */
#include "output/zmq_event.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/health.h"
#include "core/rows.h"

#define SECOND 1000000000ULL

struct ft_zmq_header ft_zmq_header(uint32_t size)
{
	struct ft_zmq_header header = { .topic = "flow", .size = size };

	return header;
}

/* The word of an event, NULL if it has none. */
static const char *type_of(const struct ft_due_record *record)
{
	const struct ft_flow *flow = record->flow->flow;
	bool outgoing = flow->initiator == FT_END_NONE || flow->initiator == flow->local;
	bool tcp = flow->key.protocol == IPPROTO_TCP;

	if (record->why == FT_DUE_NEW && tcp)
		return outgoing ? "CONNECT" : "ACCEPT";
	if (!tcp)
		return flow->key.protocol != IPPROTO_UDP ? NULL : outgoing ? "SEND" : "RECV";
	if (record->why != FT_DUE_ENDED)
		return NULL;
	if (record->flow->state == FT_STATE_SYN_SENT || record->flow->state == FT_STATE_NONE)
		return "CONNECT_FAILED";
	/* Refused: the first answer to the SYN was the reset. */
	if (record->flow->state == FT_STATE_RESET &&
	    !((record->flow->tcp_flags[0] & record->flow->tcp_flags[1]) & 0x02))
		return "CONNECT_FAILED";
	return "CLOSE";
}

/* An object's beginning. */
static void begin(struct ft_json *json, const char *name)
{
	ft_json_begin(json, name, name ? strlen(name) : 0);
}

/* An address and a port of an end, 0 = a. */
static void put_end(struct ft_json *json, const struct ft_flow_key *key, int end, const char *side)
{
	char name[24], text[FT_ADDR_TEXT_MAX];

	snprintf(name, sizeof(name), "IPV%d_%s_ADDR", key->ip_version == 6 ? 6 : 4, side);
	ft_json_string(json, name, ft_addr_format(end ? key->addr_b : key->addr_a, text));
}

/* Ports, 0 where there are none. */
static void put_ports(struct ft_json *json, const struct ft_flow_key *key, int source)
{
	bool ports = ft_protocol_has_ports(key->protocol);

	ft_json_uint(json, "L4_SRC_PORT",
		     ports ? ntohs(source ? key->port_b_be : key->port_a_be) : 0);
	ft_json_uint(json, "L4_DST_PORT",
		     ports ? ntohs(source ? key->port_a_be : key->port_b_be) : 0);
}

/* LOCAL_PROCESS. There is no thread: TID is the process's. */
static void put_process(struct ft_json *json, const struct ft_process *process)
{
	begin(json, "LOCAL_PROCESS");
	ft_json_uint(json, "PID", (uint64_t)(process->pid > 0 ? process->pid : 0));
	ft_json_uint(json, "UID", process->uid);
	if (process->user && *process->user)
		ft_json_string(json, "UID_NAME", process->user);
	ft_json_uint(json, "GID", process->gid);
	if (process->group && *process->group)
		ft_json_string(json, "GID_NAME", process->group);
	ft_json_uint(json, "TID", (uint64_t)(process->pid > 0 ? process->pid : 0));
	ft_json_string(json, "PROCESS_PATH",
		       process->exe && *process->exe ? process->exe : process->name);
	ft_json_string(json, "PROCESS_CMDLINE", process->cmdline ? process->cmdline : "");
	ft_json_end(json);
}

/* LOCAL_FATHER_PROCESS: what is known of it is its number and its name, "bash(812) sshd(77)". */
static void put_father(struct ft_json *json, const struct ft_process *process)
{
	size_t length = process->parents ? strcspn(process->parents, " ") : 0;

	if (process->ppid <= 0)
		return;
	begin(json, "LOCAL_FATHER_PROCESS");
	ft_json_uint(json, "PID", (uint64_t)process->ppid);
	if (length && process->parents[length - 1] == ')') {
		while (length && process->parents[length - 1] != '(')
			length--;
		if (length > 1)
			ft_json_text(json, "PROCESS_PATH", process->parents, length - 1);
	}
	ft_json_end(json);
}

/* LOCAL_CONTAINER: of Kubernetes if it has a pod, else as of Docker. */
static void put_container(struct ft_json *json, const struct ft_process *process)
{
	bool pod = process->pod && *process->pod;

	if (!process->container || (!*process->container && !pod))
		return;
	begin(json, "LOCAL_CONTAINER");
	begin(json, pod ? "K8S" : "DOCKER");
	if (process->container_id && *process->container_id)
		ft_json_string(json, "ID", process->container_id);
	ft_json_string(json, "NAME", process->container);
	if (pod)
		ft_json_string(json, "POD", process->pod);
	if (pod && process->pod_namespace && *process->pod_namespace)
		ft_json_string(json, "NS", process->pod_namespace);
	ft_json_end(json);
	ft_json_end(json);
}

/* What was counted, if the record counts. */
static void put_counts(struct ft_json *json, const struct ft_due_record *record, int source)
{
	if (record->why == FT_DUE_NEW)
		return;
	ft_json_uint(json, "IN_BYTES", record->count[source].bytes);
	ft_json_uint(json, "IN_PKTS", record->count[source].packets);
	ft_json_uint(json, "OUT_BYTES", record->count[!source].bytes);
	ft_json_uint(json, "OUT_PKTS", record->count[!source].packets);
	ft_json_uint(json, "FIRST_SWITCHED", record->start_ns / SECOND);
	ft_json_uint(json, "LAST_SWITCHED", record->end_ns / SECOND);
}

/* How TCP fares: the handshake, segments sent again. */
static void put_tcp(struct ft_json *json, const struct ft_snapshot *snapshot,
		    const struct ft_due_record *record)
{
	uint32_t us = ft_snapshot_handshake_us(snapshot, record->flow);
	const struct ft_health *health = ft_flow_socket(snapshot, record->flow);
	uint64_t again;

	if (us)
		ft_json_thousandths(json, "NW_LATENCY_MS", us);
	/* The socket's sum: once a flow. */
	if (record->why == FT_DUE_ENDED && health &&
	    ft_health_get(health, FT_NUMBER_retransmits, &again) && again)
		ft_json_uint(json, "RETRAN_PKTS", again);
}

/* The process at the local end, else at the other. */
static const struct ft_process *process_of(const struct ft_snapshot *snapshot,
					   const struct ft_flow_hot *flow)
{
	int local = ft_flow_tx(flow->flow);
	const struct ft_process *process = ft_snapshot_process(snapshot, flow->owner[local]);

	return process ? process : ft_snapshot_process(snapshot, flow->owner[!local]);
}

void ft_zmq_event(struct ft_json *json, const struct ft_snapshot *snapshot,
		  const struct ft_due_record *record)
{
	const struct ft_flow *flow = record->flow->flow;
	unsigned first = flow->initiator == FT_END_NONE ? flow->local : flow->initiator;
	int source = first == FT_END_B;
	const struct ft_process *process = process_of(snapshot, record->flow);
	const char *scope = ft_snapshot_scope_name(snapshot, flow->key.scope);
	const char *type = type_of(record);
	char text[40];

	begin(json, NULL);
	snprintf(text, sizeof(text), "%llu.%06llu", (unsigned long long)(record->end_ns / SECOND),
		 (unsigned long long)(record->end_ns % SECOND / 1000));
	ft_json_string(json, "timestamp", text);
	ft_json_string(json, "INTERFACE_NAME", scope ? scope : "");
	ft_json_uint(json, "IP_PROTOCOL_VERSION", flow->key.ip_version);
	if (type)
		ft_json_string(json, flow->key.protocol == IPPROTO_TCP ? "TCP_EVENT_TYPE" :
									 "UDP_EVENT_TYPE",
			       type);
	put_end(json, &flow->key, source, "SRC");
	put_end(json, &flow->key, !source, "DST");
	ft_json_uint(json, "PROTOCOL", flow->key.protocol);
	put_ports(json, &flow->key, source);
	put_counts(json, record, source);
	put_tcp(json, snapshot, record);
	if (process) {
		put_process(json, process);
		put_father(json, process);
		put_container(json, process);
	}
	ft_json_end(json);
}
