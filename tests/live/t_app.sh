#!/usr/bin/env bash
# What programs write and read, beside what is on the wire: exactly what our own sender wrote and
# our own receiver got, on both ends of a wire and on loopback, for connections that are open and
# for those that are closed; and of datagrams by the list of sockets.
. "$(dirname "$0")/lib.sh"

tools=$top_builddir/tests/live/tools
export FT_PANE=flows

# app NAME FIELD: of the newest record of the connection.
app() {
	ft_jq "$1" "map(select(.type == \"flow\" and .tcp and (.local.port == 5000 or .remote.port == 5000))) | last | $2"
}

# talk NAME TO-NS ADDRESS FIRST MORE...: octets by a connection from a to there. The first ones have to be
# known to flowtop NAME while it is open; what comes then, when it is closed.
talk() {
	local name=$1 ns=$2 address=$3 first=$4 n
	shift 4
	empty server.out client.out
	ip netns exec "$ns" "$tools/fttalk" listen 5000 >"$work/server.out" &
	wait_for "grep -q ready '$work/server.out'"
	rm -f "$work/talk"
	mkfifo "$work/talk"
	ip netns exec a "$tools/fttalk" connect "$address" 5000 <"$work/talk" >"$work/client.out" &
	exec 8>"$work/talk"
	wait_for "grep -q ready '$work/client.out'"
	echo "$first" >&8
	# Records tell of what moves: now and then an octet, that a later picture has the rest.
	extra=0
	wait_for "[ \"\$(app $name '[.tcp.app_bytes_sent, .tcp.app_bytes_received] | max')\" -ge $first ] 2>/dev/null ||
		{ echo 1 >&8; extra=\$((extra + 1)); sleep 0.2; false; }"
	ok "$backend $name: known while it is open" [ "$(app "$name" '.ended')" = null ]
	for n; do echo "$n" >&8; done
	exec 8>&-
	wait_for "[ \$(wc -l <'$work/server.out') -eq 2 ]"
}

ns_pair a b
for backend in $(backends tcx packet); do
	ft_start a a -i v0 --backend "$backend"
	ft_start b b -i v0 --backend "$backend"
	ft_start lo a -i lo --backend "$backend"
	talk a b 10.0.0.2 1234567 1 70000
	all=$((1304568 + extra))
	is "$(tail -n 1 "$work/server.out")" $all "$backend: all of it arrived"
	wait_for "[ \"\$(app a .ended.reason)\" = fin ] && [ \"\$(app b .ended.reason)\" = fin ]"
	talk lo a 127.0.0.1 500 600
	wait_for "[ \"\$(app lo .ended.reason)\" = fin ]"
	small=$((1100 + extra))
	for name in a b lo; do ft_stop $name; done
	is "$(app a '"\(.tcp.app_bytes_sent) \(.tcp.app_bytes_received)"')" "$all 0" \
		"$backend: the sender's own count is what it wrote"
	is "$(app b '"\(.tcp.app_bytes_sent) \(.tcp.app_bytes_received)"')" "0 $all" \
		"$backend: the receiver's what it read"
	is "$(app lo '[.tcp, .tcp.remote] | map(.app_bytes_sent + .app_bytes_received) | join(" ")')" \
		"$small $small" "$backend: on loopback both ends have theirs"
	is "$(app a .tcp.overhead_per_mille)" \
		"$(app a '((.total.tx_bytes + .total.rx_bytes - '$all') * 1000 / '$all' | floor)')" \
		"$backend: the overhead is what the wire took beyond that"
	ok "$backend: and there is some" [ "$(app a .tcp.overhead_per_mille)" -gt 10 ]
done

# Datagrams, and what was peeked at or not read: by the sockets themselves.
FT_PANE=sockets ft_start sockets a -i lo
mkfifo "$work/in"
ip netns exec a "$tools/ftsockets" <"$work/in" >"$work/out" &
exec 9>"$work/in"
wait_for "grep -q ready '$work/out'"
sum() { # CONDITION: "sent received" of the sockets in the newest list
	ft_jq sockets "map(select(.type == \"socket\")) | (map(.time) | max) as \$t |
		map(select(.time == \$t and ($1))) | \"\\(map(.app_bytes_sent // 0) | add) \\(map(.app_bytes_received // 0) | add)\""
}
wait_for "[ \"\$(sum '.remote.port == 7011')\" = '25000 0' ]"
is "$(sum '.remote.port == 7011')" "25000 0" "datagrams that were sent, though most were dropped"
is "$(sum '.remote.port == 7012')" "1500 0" "datagrams that nobody has read yet"
is "$(sum '.remote.port == 7001 and .state == "established"')" "30000 0" "a stream's client wrote so much"
is "$(sum '.local.port == 7001 and .state == "established"')" "1234 1000" "its server wrote and read so much"
exec 9>&-
ft_stop sockets
done_testing
