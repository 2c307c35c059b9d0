#!/usr/bin/env bash
# Connections of some milliseconds, that nobody could ask about in time: the record of each has how
# its sockets were when they ended, to the last octet, at both ends and in both backends; and
# what finds no room is counted.
# seconds: 45
. "$(dirname "$0")/lib.sh"

tools=$top_builddir/tests/live/tools
export FT_PANE=flows
ns_add a
count=5

# One after the other, on ports that no other one had.
port=5000
connections() {
	for _ in $(seq $count); do
		port=$((port + 1))
		empty server.out
		ip netns exec a "$tools/fttalk" listen $port >"$work/server.out" &
		wait_for "grep -q ready '$work/server.out'"
		echo 5000 | ip netns exec a "$tools/fttalk" connect 127.0.0.1 $port >"$work/client.out"
		wait_for "[ \$(wc -l <'$work/server.out') -eq 2 ]"
	done
}

# closed: none of them waits for anything any more.
closed() { wait_for "! ip netns exec a ss -Htan exclude listening exclude time-wait | grep -q ." 20; }

# ends NAME: one line of each connection, from its newest record: what its client, then its server had. The
# client may have ended before the server's FIN, which counts as an octet received, came.
ends() {
	ft_jq "$1" 'map(select(.type == "flow" and .protocol == 6)) | group_by(.id) | map(last) |
		.[] | (if .local.port < 6000 then [.tcp.remote, .tcp] else [.tcp, .tcp.remote] end) |
		.[0].bytes_received |= (if . == 1 then 0 else . end) |
		map("\(.state) \(.bytes_acked) \(.bytes_received) \(.data_segments_sent > 0)") | join(", ")'
}
both="close 5002 0 true, close 1 5001 false"

for backend in $(backends tcx tc packet); do
	ft_start lo a -i lo --backend "$backend"
	connections
	# Sockets are closed a moment after the last packet, when a delayed acknowledgement came.
	settle a lo
	ft_rounds lo 2
	ft_stop lo
	ends lo >"$work/ends"
	is "$(sort -u "$work/ends")" "$both" "$backend: both ends are known to the last octet"
	is "$(wc -l <"$work/ends")" $count "$backend: of each connection"
	is "$(ft_last lo .health.sockets_missed)" 0 "$backend: nothing was missed"

	# In the last interval, which the end cuts short.
	ft_start cut a -i lo --backend "$backend" -d 8
	connections
	closed
	ft_stop cut
	is "$(ends cut | sort | uniq -c | sed 's/^ *//')" "$count $both" "$backend: also when flowtop ends with them"
done
done_testing
