/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See schema.h. Owners that are no process have rows of processes too, with ids below 4. */
#include "recording/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/health.h"
#include "recording/recording.h"

/* The numbers of a socket's sample, by the names of records. */
#define NUMBER(name, member, known, zero_is_none) "  " #name " INTEGER,\n"

/* What else a sample says. */
#define SAMPLE_WORDS \
	"  socket INTEGER, -- its cookie\n" \
	"  sampled_ns INTEGER,\n" \
	"  known INTEGER, -- which numbers its source tells\n" \
	"  state TEXT, congestion, congestion_state TEXT,\n" \
	"  options INTEGER, -- 1 timestamps, 2 sack, 4 wscale, 8 ecn, 16 ecn seen, 32 syn data, ...\n" \
	"  timer TEXT, -- what it waits for\n"

const struct ft_recording_table ft_recording_tables[] = {
	{ "recording", "CREATE TABLE recording(\n"
	  "  name TEXT PRIMARY KEY,\n"
	  "  value\n"
	  ") WITHOUT ROWID", 1 },
	{ "intervals", "CREATE TABLE intervals(\n"
	  "  id INTEGER PRIMARY KEY,\n"
	  "  end_ns INTEGER NOT NULL,\n"
	  "  interval_ns INTEGER NOT NULL,\n"
	  "  live_flows INTEGER NOT NULL,\n"
	  "  seen_packets INTEGER, seen_l2_bytes INTEGER,\n"
	  "  flows_packets INTEGER, flows_bytes INTEGER, flows_l2_bytes INTEGER,\n"
	  "  other_packets INTEGER, other_bytes INTEGER, other_l2_bytes INTEGER,\n"
	  "  not_ip_packets INTEGER, not_ip_l2_bytes INTEGER,\n"
	  "  malformed_packets INTEGER, malformed_l2_bytes INTEGER,\n"
	  "  lost_packets INTEGER, lost_l2_bytes INTEGER,\n"
	  "  exact INTEGER, -- 0: lost has an estimate in it\n"
	  "  hidden_flows INTEGER, -- kept out by the display filter, with what they counted\n"
	  "  hidden_packets INTEGER, hidden_bytes INTEGER, hidden_l2_bytes INTEGER\n"
	  ")", 1 },
	{ "lines", "CREATE TABLE lines(\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  interface TEXT,\n"
	  "  term TEXT, -- seen, flows, other, or a cause: arp, bad_ip_header, log_full, ...\n"
	  "  packets INTEGER, bytes INTEGER, l2_bytes INTEGER,\n"
	  "  total_packets INTEGER, total_bytes INTEGER, total_l2_bytes INTEGER,\n"
	  "  PRIMARY KEY(interval, interface, term)\n"
	  ") WITHOUT ROWID", 1 },
	{ "health", "CREATE TABLE health(\n"
	  "  interval INTEGER PRIMARY KEY REFERENCES intervals(id),\n"
	  "  backend TEXT, backend_reason TEXT, capture_filter TEXT, owner_source TEXT,\n"
	  "  evicted INTEGER, lengthened INTEGER, missed INTEGER, not_watched_ns INTEGER,\n"
	  "  log_fill_per_mille INTEGER, spilled INTEGER, flips INTEGER, map_bytes INTEGER,\n"
	  "  sockets_missed INTEGER, max_flows INTEGER,\n"
	  "  notes TEXT -- one a line\n"
	  ")", 1 },
	{ "hosts", "CREATE TABLE hosts(\n"
	  "  address TEXT PRIMARY KEY,\n"
	  "  bytes BLOB NOT NULL, -- 16, IPv4 as ::ffff:a.b.c.d\n"
	  "  name TEXT\n"
	  ") WITHOUT ROWID", 1 },
	{ "processes", "CREATE TABLE processes(\n"
	  "  id INTEGER PRIMARY KEY,\n"
	  "  owner TEXT NOT NULL, -- process, or what owns flows that none does\n"
	  "  pid INTEGER, ppid INTEGER, uid INTEGER, gid INTEGER, netns INTEGER,\n"
	  "  start_ns INTEGER,\n"
	  "  name, user, command, executable, cgroup, unit, container, container_id,\n"
	  "  runtime, image, pod, pod_namespace, user_group, parents\n"
	  ")", 1 },
	{ "flows", "CREATE TABLE flows(\n"
	  "  id INTEGER PRIMARY KEY,\n"
	  "  interface TEXT NOT NULL,\n"
	  "  vlan INTEGER, vlan_inner INTEGER,\n"
	  "  ip_version INTEGER NOT NULL,\n"
	  "  protocol INTEGER NOT NULL,\n"
	  "  local_address TEXT NOT NULL, local_port INTEGER,\n"
	  "  remote_address TEXT NOT NULL, remote_port INTEGER,\n"
	  "  path TEXT NOT NULL, -- host, loopback, transit\n"
	  "  initiator TEXT, -- local, remote\n"
	  "  icmp_type INTEGER, icmp_code INTEGER, icmp_id INTEGER,\n"
	  "  spi INTEGER, gre_key INTEGER,\n"
	  "  first_ns INTEGER NOT NULL,\n"
	  "  ended INTEGER -- the interval it ended in\n"
	  ")", 1 },
	{ "counts", "CREATE TABLE counts(\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  flow INTEGER REFERENCES flows(id),\n"
	  "  tx_packets INTEGER, tx_bytes INTEGER, tx_l2_bytes INTEGER,\n"
	  "  rx_packets INTEGER, rx_bytes INTEGER, rx_l2_bytes INTEGER,\n"
	  "  total_tx_packets INTEGER, total_tx_bytes INTEGER, total_tx_l2_bytes INTEGER,\n"
	  "  total_rx_packets INTEGER, total_rx_bytes INTEGER, total_rx_l2_bytes INTEGER,\n"
	  "  last_ns INTEGER,\n"
	  "  state TEXT, ended TEXT,\n"
	  "  local_process INTEGER REFERENCES processes(id),\n"
	  "  remote_process INTEGER REFERENCES processes(id),\n"
	  "  tx_tcp_flags INTEGER, rx_tcp_flags INTEGER,\n"
	  "  marks INTEGER, -- 1 fragment, 2 inexact\n"
	  "  PRIMARY KEY(interval, flow)\n"
	  ") WITHOUT ROWID", 1 },
	{ "traffic", "CREATE VIEW traffic AS\n"
	  "  SELECT i.id AS interval, i.end_ns,\n"
	  "    strftime('%Y-%m-%dT%H:%M:%SZ', i.end_ns / 1000000000, 'unixepoch') AS time,\n"
	  "    f.interface, f.vlan, f.protocol, f.local_address, f.local_port,\n"
	  "    f.remote_address, f.remote_port, p.owner, p.pid, p.name AS process, p.user,\n"
	  "    p.container, c.tx_packets, c.tx_bytes, c.rx_packets, c.rx_bytes, c.state, c.ended\n"
	  "  FROM counts c JOIN intervals i ON i.id = c.interval JOIN flows f ON f.id = c.flow\n"
	  "    LEFT JOIN processes p ON p.id = c.local_process", 1 },
	{ "standing", "CREATE TABLE standing(\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  flow INTEGER REFERENCES flows(id),\n"
	  "  total_tx_packets INTEGER, total_tx_bytes INTEGER, total_tx_l2_bytes INTEGER,\n"
	  "  total_rx_packets INTEGER, total_rx_bytes INTEGER, total_rx_l2_bytes INTEGER,\n"
	  "  last_ns INTEGER,\n"
	  "  state TEXT, ended TEXT,\n"
	  "  local_process INTEGER REFERENCES processes(id),\n"
	  "  remote_process INTEGER REFERENCES processes(id),\n"
	  "  tx_tcp_flags INTEGER, rx_tcp_flags INTEGER,\n"
	  "  marks INTEGER,\n"
	  "  rates BLOB, -- 12 floats, low octet first: tx, rx of bytes/s, packets/s over 2, 10, 40 s\n"
	  "  PRIMARY KEY(interval, flow)\n"
	  ") WITHOUT ROWID", 2 },
	{ "flows_ended", "CREATE INDEX flows_ended ON flows(ended) WHERE ended IS NOT NULL", 2 },
	{ "pictures", "CREATE TABLE pictures(\n"
	  "  interval INTEGER PRIMARY KEY REFERENCES intervals(id),\n"
	  "  whole INTEGER NOT NULL, -- all that there was has rows: 1 in standing or counts, and tcp; 2 sockets\n"
	  "  health_source TEXT, event_source TEXT,\n"
	  "  events_total INTEGER, -- since start: the newest event's id\n"
	  "  events_lost_ring INTEGER, events_lost_bound INTEGER, events_lost_nested INTEGER,\n"
	  "  sockets_ns INTEGER, -- when they were listed\n"
	  "  sockets_left_out INTEGER, sockets_cut INTEGER\n"
	  ")", 2 },
	{ "handshakes", "CREATE TABLE handshakes(\n"
	  "  flow INTEGER PRIMARY KEY REFERENCES flows(id),\n"
	  "  syn_ack_us INTEGER NOT NULL,\n"
	  "  ack_us INTEGER -- from there to the first ACK\n"
	  ")", 2 },
	{ "tcp", "CREATE TABLE tcp(\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  flow INTEGER REFERENCES flows(id),\n"
	  "  side INTEGER, -- 0 the local end's socket, 1 the remote end's\n"
	  SAMPLE_WORDS
	  FT_HEALTH_NUMBERS(NUMBER)
	  "  PRIMARY KEY(interval, flow, side)\n"
	  ") WITHOUT ROWID", 2 },
	{ "sockets", "CREATE TABLE sockets(\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  id INTEGER, -- the cookie, else made of its ends\n"
	  "  gone INTEGER, -- 1: it is not there any more, the rest is NULL\n"
	  "  ip_version INTEGER, protocol INTEGER, raw INTEGER, interface,\n"
	  "  local_address TEXT, local_port INTEGER,\n"
	  "  remote_address TEXT, remote_port INTEGER,\n"
	  "  process INTEGER REFERENCES processes(id), uid INTEGER, inode INTEGER,\n"
	  "  memory_receive INTEGER, memory_receive_limit INTEGER,\n"
	  "  memory_send INTEGER, memory_send_limit INTEGER,\n"
	  "  memory_forward INTEGER, memory_queued INTEGER,\n"
	  "  memory_options INTEGER, memory_backlog INTEGER,\n"
	  "  tcp INTEGER, -- 0 it has no numbers of TCP's, 1 here, 2 in the table tcp\n"
	  SAMPLE_WORDS
	  FT_HEALTH_NUMBERS(NUMBER)
	  "  PRIMARY KEY(interval, id)\n"
	  ") WITHOUT ROWID", 2 },
	{ "events", "CREATE TABLE events(\n"
	  "  id INTEGER PRIMARY KEY,\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  time_ns INTEGER NOT NULL,\n"
	  "  event TEXT NOT NULL, -- connect, accept, connect_failed, close, retransmit, listen, udp\n"
	  "  source TEXT NOT NULL, -- kernel, packets\n"
	  "  interface TEXT, vlan INTEGER, vlan_inner INTEGER,\n"
	  "  ip_version INTEGER, protocol INTEGER,\n"
	  "  local_address TEXT NOT NULL, local_port INTEGER,\n"
	  "  remote_address TEXT NOT NULL, remote_port INTEGER,\n"
	  "  path TEXT NOT NULL, initiator TEXT,\n"
	  "  local_process INTEGER REFERENCES processes(id),\n"
	  "  remote_process INTEGER REFERENCES processes(id),\n"
	  "  flow INTEGER, socket INTEGER,\n"
	  "  latency_us INTEGER, duration_us INTEGER, segments INTEGER,\n"
	  "  app_tx_bytes INTEGER, app_rx_bytes INTEGER,\n"
	  "  tx_packets INTEGER, tx_bytes INTEGER, tx_l2_bytes INTEGER,\n"
	  "  rx_packets INTEGER, rx_bytes INTEGER, rx_l2_bytes INTEGER,\n"
	  "  errno INTEGER, error TEXT, reason TEXT, closed_by TEXT\n"
	  ")", 2 },
	{ NULL, NULL, 0 },
};

int ft_recording_error(sqlite3 *db, const char *what, char *err, size_t err_size)
{
	int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;

	snprintf(err, err_size, "%s%s%s", what, what[0] ? ": " : "",
		 db ? sqlite3_errmsg(db) : strerror(ENOMEM));
	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return -EACCES;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

const char *ft_recording_library(void)
{
	static char text[40];

	snprintf(text, sizeof(text), "SQLite %s", sqlite3_libversion());
	return text;
}
