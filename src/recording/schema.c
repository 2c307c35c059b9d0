/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See schema.h. Owners that are no process have rows of processes too, with ids below 4. */
#include "recording/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "recording/recording.h"

const struct ft_recording_table ft_recording_tables[] = {
	{ "recording", "CREATE TABLE recording(\n"
	  "  name TEXT PRIMARY KEY,\n"
	  "  value\n"
	  ") WITHOUT ROWID" },
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
	  ")" },
	{ "lines", "CREATE TABLE lines(\n"
	  "  interval INTEGER REFERENCES intervals(id),\n"
	  "  interface TEXT,\n"
	  "  term TEXT, -- seen, flows, other, or a cause: arp, bad_ip_header, log_full, ...\n"
	  "  packets INTEGER, bytes INTEGER, l2_bytes INTEGER,\n"
	  "  total_packets INTEGER, total_bytes INTEGER, total_l2_bytes INTEGER,\n"
	  "  PRIMARY KEY(interval, interface, term)\n"
	  ") WITHOUT ROWID" },
	{ "health", "CREATE TABLE health(\n"
	  "  interval INTEGER PRIMARY KEY REFERENCES intervals(id),\n"
	  "  backend TEXT, backend_reason TEXT, capture_filter TEXT, owner_source TEXT,\n"
	  "  evicted INTEGER, lengthened INTEGER, missed INTEGER, not_watched_ns INTEGER,\n"
	  "  log_fill_per_mille INTEGER, spilled INTEGER, flips INTEGER, map_bytes INTEGER,\n"
	  "  sockets_missed INTEGER, max_flows INTEGER,\n"
	  "  notes TEXT -- one a line\n"
	  ")" },
	{ "hosts", "CREATE TABLE hosts(\n"
	  "  address TEXT PRIMARY KEY,\n"
	  "  bytes BLOB NOT NULL, -- 16, IPv4 as ::ffff:a.b.c.d\n"
	  "  name TEXT\n"
	  ") WITHOUT ROWID" },
	{ "processes", "CREATE TABLE processes(\n"
	  "  id INTEGER PRIMARY KEY,\n"
	  "  owner TEXT NOT NULL, -- process, or what owns flows that none does\n"
	  "  pid INTEGER, ppid INTEGER, uid INTEGER, gid INTEGER, netns INTEGER,\n"
	  "  start_ns INTEGER,\n"
	  "  name, user, command, executable, cgroup, unit, container, container_id,\n"
	  "  runtime, image, pod, pod_namespace, user_group, parents\n"
	  ")" },
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
	  ")" },
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
	  ") WITHOUT ROWID" },
	{ "traffic", "CREATE VIEW traffic AS\n"
	  "  SELECT i.id AS interval, i.end_ns,\n"
	  "    strftime('%Y-%m-%dT%H:%M:%SZ', i.end_ns / 1000000000, 'unixepoch') AS time,\n"
	  "    f.interface, f.vlan, f.protocol, f.local_address, f.local_port,\n"
	  "    f.remote_address, f.remote_port, p.owner, p.pid, p.name AS process, p.user,\n"
	  "    p.container, c.tx_packets, c.tx_bytes, c.rx_packets, c.rx_bytes, c.state, c.ended\n"
	  "  FROM counts c JOIN intervals i ON i.id = c.interval JOIN flows f ON f.id = c.flow\n"
	  "    LEFT JOIN processes p ON p.id = c.local_process" },
	{ NULL, NULL },
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
