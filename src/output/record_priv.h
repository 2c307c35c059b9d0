/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by record.c, which has the tables of fields, and record_*.c, which have their getters. */
#ifndef FT_OUTPUT_RECORD_PRIV_H
#define FT_OUTPUT_RECORD_PRIV_H

#include "output/record.h"

/* Sides of a flow, and the owner of a group; sides of a socket. */
enum { LOCAL, REMOTE, GROUP, OWN, PEER };

/* Counters: interval or total, tx or rx, which. */
#define COUNT(total, rx, which) ((total)*6 + (rx)*3 + (which))
/* Side and number, of what a side's socket says. */
#define TCP_ARG(side, number) ((side) << 8 | (number))
/* Words of a socket. */
enum { WORD_CONGESTION, WORD_CA_STATE, WORD_OPTIONS };

/* record.c: a number; a text that outlives the cell (NULL and "" do not apply); a time (0 does not
 * apply). */
void ft_cell_uint(struct ft_cell *cell, uint64_t value);
void ft_cell_text(struct ft_cell *cell, const char *text);
void ft_cell_time(struct ft_cell *cell, uint64_t ns);
/* Index of a side's end in the key: 0 = a, 1 = b. The same index is the direction it sends. */
int ft_record_end(const struct ft_record *record, unsigned side);
/* record_flow.c: the address of a side, or of the group. */
const uint8_t *ft_record_address(const struct ft_record *record, unsigned side);

#define FT_FIELD_GET(name) \
	void ft_field_##name(const struct ft_record *record, unsigned arg, struct ft_cell *cell)
/* record_flow.c */
FT_FIELD_GET(type);
FT_FIELD_GET(schema);
FT_FIELD_GET(observer);
FT_FIELD_GET(time);
FT_FIELD_GET(interval_ns);
FT_FIELD_GET(id);
FT_FIELD_GET(interface);
FT_FIELD_GET(vlan);
FT_FIELD_GET(ip_version);
FT_FIELD_GET(protocol);
FT_FIELD_GET(protocol_name);
FT_FIELD_GET(path);
FT_FIELD_GET(initiator);
FT_FIELD_GET(pair);
FT_FIELD_GET(nat_address);
FT_FIELD_GET(nat_port);
FT_FIELD_GET(address);
FT_FIELD_GET(port);
FT_FIELD_GET(name);
FT_FIELD_GET(name_source);
FT_FIELD_GET(bridge_port);
FT_FIELD_GET(first_seen);
FT_FIELD_GET(last_seen);
FT_FIELD_GET(state);
FT_FIELD_GET(tcp_flags);
FT_FIELD_GET(icmp);
FT_FIELD_GET(ended_time);
FT_FIELD_GET(ended_reason);
FT_FIELD_GET(flag);
FT_FIELD_GET(extra);
/* record_owner.c */
FT_FIELD_GET(owner);
FT_FIELD_GET(owner_reason);
FT_FIELD_GET(pid);
FT_FIELD_GET(ppid);
FT_FIELD_GET(process_name);
FT_FIELD_GET(user);
FT_FIELD_GET(uid);
FT_FIELD_GET(gid);
FT_FIELD_GET(exe);
FT_FIELD_GET(cmdline);
FT_FIELD_GET(cgroup);
FT_FIELD_GET(unit);
FT_FIELD_GET(start);
FT_FIELD_GET(exited);
FT_FIELD_GET(group);
FT_FIELD_GET(parents);
FT_FIELD_GET(netns);
FT_FIELD_GET(container_id);
FT_FIELD_GET(runtime);
FT_FIELD_GET(container_name);
FT_FIELD_GET(image);
FT_FIELD_GET(pod);
FT_FIELD_GET(pod_namespace);
/* record_group.c */
FT_FIELD_GET(group_by);
FT_FIELD_GET(group_address);
FT_FIELD_GET(group_name);
FT_FIELD_GET(group_name_source);
FT_FIELD_GET(group_prefix);
FT_FIELD_GET(group_protocol);
FT_FIELD_GET(group_protocol_name);
FT_FIELD_GET(group_port);
FT_FIELD_GET(group_user);
FT_FIELD_GET(group_uid);
FT_FIELD_GET(group_pid);
FT_FIELD_GET(group_process);
FT_FIELD_GET(group_owner);
FT_FIELD_GET(group_interface);
FT_FIELD_GET(group_vlan);
/* record_amount.c */
FT_FIELD_GET(flow_count);
FT_FIELD_GET(group_count);
FT_FIELD_GET(change);
FT_FIELD_GET(since);
FT_FIELD_GET(flow_more);
FT_FIELD_GET(group_more);
FT_FIELD_GET(flows_more);
/* record_socket.c */
FT_FIELD_GET(tcp_number);
FT_FIELD_GET(tcp_cookie);
FT_FIELD_GET(tcp_time);
FT_FIELD_GET(tcp_state);
FT_FIELD_GET(tcp_ca_state);
FT_FIELD_GET(tcp_congestion);
FT_FIELD_GET(tcp_options);
FT_FIELD_GET(tcp_timer);
FT_FIELD_GET(app_limited);
FT_FIELD_GET(overhead);
FT_FIELD_GET(handshake);
FT_FIELD_GET(own);
FT_FIELD_GET(flows);
FT_FIELD_GET(socket_cookie);
FT_FIELD_GET(sampled);
FT_FIELD_GET(socket_kind);
FT_FIELD_GET(socket_protocol);
FT_FIELD_GET(socket_version);
FT_FIELD_GET(socket_iface);
FT_FIELD_GET(socket_state);
FT_FIELD_GET(socket_address);
FT_FIELD_GET(socket_name);
FT_FIELD_GET(socket_name_source);
FT_FIELD_GET(socket_port);
FT_FIELD_GET(socket_uid);
FT_FIELD_GET(socket_inode);
FT_FIELD_GET(socket_number);
FT_FIELD_GET(socket_memory);
FT_FIELD_GET(socket_timer);
FT_FIELD_GET(socket_word);
FT_FIELD_GET(socket_app_limited);
/* record_event.c */
FT_FIELD_GET(event_time);
FT_FIELD_GET(event_kind);
FT_FIELD_GET(source);
FT_FIELD_GET(direction);
FT_FIELD_GET(event_remote);
FT_FIELD_GET(event_flow);
FT_FIELD_GET(event_socket);
FT_FIELD_GET(event_number);
FT_FIELD_GET(app_bytes);
FT_FIELD_GET(wire_count);
FT_FIELD_GET(event_error);
FT_FIELD_GET(errno);
FT_FIELD_GET(close);
FT_FIELD_GET(closed_by);

#endif
