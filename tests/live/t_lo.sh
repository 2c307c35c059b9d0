#!/usr/bin/env bash
# Loopback: a packet passes the hooks of lo twice and counts once, in every backend.
. "$(dirname "$0")/lib.sh"
export FT_PANE=all # with all that it may look at

ns_add a
mapfile -t all < <(backends tcx tc packet)
for backend in "${all[@]}"; do ft_start $backend a -i lo --backend $backend; done
sent=$(in_ns a "$ftsend" -i lo -n 500 -s 100 --src 127.0.0.1 --dst 127.0.0.1 --sport 7001 udpsock)
in_ns a ping -c 2 -i 0.2 -q ::1 >/dev/null
for backend in "${all[@]}"; do
	ft_wait_seen $backend 504
	ft_stop $backend
	read -r packets bytes _ <<<"$(ft_from $backend 127.0.0.1 '.protocol == 17 and (.local.port == 7001 or .remote.port == 7001)')"
	is "$packets $bytes" "$(sent "$sent" packets) $(sent "$sent" bytes)" "$backend: UDP, once"
	is "$(ft_jq $backend 'map(select(.type == "flow" and .protocol == 58) | .interval | .tx_packets + .rx_packets) | add')" \
		4 "$backend: two echo requests and two replies, once each"
	is "$(ft_jq $backend 'map(select(.type == "flow") | .path) | unique | join(" ")')" loopback \
		"$backend: the path is loopback"
	ft_line $backend
done
done_testing
