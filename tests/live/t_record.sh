#!/usr/bin/env bash
# A recording holds what was counted, to the byte; README's queries work as they are written;
# kill -9 at any moment and a full disk cost the interval in work and nothing else; it is the
# caller's file and nothing is overwritten; it opens in batch and in the panes.
# seconds: 30
. "$(dirname "$0")/lib.sh"

"$flowtop" -V | grep -q SQLite || skip_all "built without SQLite"
command -v sqlite3 >/dev/null || bail "sqlite3 is missing"
ns_pair a b
db=$work/rec.flow
tools=$top_builddir/tests/live/tools
ask() { sqlite3 -readonly -cmd '.timeout 10000' "$1" "$2" 2>>"$work/sqlite.err"; }

FT_PANE=all ft_start live b -i v0 -w "$db"
sent=$(ft_send a v0 b -n 500 -s 300 --sport 7601 udp)
in_ns a ping -c 3 -i 0.2 -q fd00::2 >/dev/null
# TCP out of the machine that is recorded: a handshake, a sample, sockets, events.
ip netns exec a "$tools/fttalk" listen 5000 >"$work/server.out" &
server=$!
wait_for "grep -q ready '$work/server.out'"
mkfifo "$work/talk"
ip netns exec b "$tools/fttalk" connect 10.0.0.1 5000 <"$work/talk" >"$work/client.out" &
exec 8>"$work/talk"
echo 100000 >&8
wait_for "grep -q sent '$work/client.out'"
tcp_there() { [ "$(ft_jq live 'map(select(.type == "flow" and .remote.port == 5000 and
	(.tcp.bytes_acked // 0) >= 100000 and .tcp.handshake_us)) | length')" -gt 0 ]; }
ok "TCP's health is told live" wait_for tcp_there 20
echo 50000 >&8
ft_rounds live 3
exec 8>&-
wait $server
ft_rounds live 2
ft_wait_seen live 503
ok "the recording can be read while it is written" \
	wait_for "[ \"\$(ask '$db' 'SELECT sum(seen_packets) >= 503 FROM intervals')\" = 1 ]"
ft_stop live
is "$(ls "$work"/rec.flow*)" "$db" "at the end it is one file"
is "$(stat -c %a "$db")" 600 "of mode 0600"
is "$(ask "$db" 'PRAGMA integrity_check')" ok "and whole"
is "$(ask "$db" "SELECT sum(rx_packets), sum(rx_bytes), sum(rx_l2_bytes) FROM counts JOIN flows
	ON flows.id = flow WHERE remote_port = 7601" | tr '|' ' ')" "$(sent_triple "$sent")" \
	"UDP to the byte"
is "$(ask "$db" "SELECT DISTINCT remote_address || ' ' || local_address FROM flows
	WHERE icmp_type = 128")" "fd00::1 fd00::2" "IPv6 is IPv6"
is "$(ask "$db" "SELECT count(*) FROM intervals WHERE seen_packets <> flows_packets +
	other_packets + not_ip_packets + malformed_packets + lost_packets")" 0 \
	"the line adds up in every interval"
is "$(ask "$db" "SELECT sum(seen_packets) FROM intervals")" "$(ft_total live seen | cut -d' ' -f1)" \
	"every packet that was seen is in it, from the first interval on"
refused() { ! in_ns b "$flowtop" -b -c 1 -i v0 -w "$db" >/dev/null 2>"$work/refused.err"; }
ok "a recording that is there is not overwritten" refused
ok "and this is said" grep -q "is there already" "$work/refused.err"

# ---- reading back
"$flowtop" -b -o ndjson --pane all -n -N -r "$db" >"$work/back.ndjson" 2>"$work/back.err"
is "$(ft_from back 10.0.0.1 '.remote.port == 7601 or .local.port == 7601')" \
	"$(ft_from live 10.0.0.1 '.remote.port == 7601 or .local.port == 7601')" \
	"read back it tells the same"
ft_line back
# What TCP said, which sockets there were, what happened: at each moment. Samples say again what they
# said last where nothing changed; when that was is not recorded again.
same() { is "$(ft_jq back "$1" | md5sum)" "$(ft_jq live "$1" | md5sum)" "$2"; }
same '[.[] | select(.type == "flow" and .remote.port == 5000) | [.time, .id, .state, (.tcp |
	.rtt_us, .cwnd, .mss, .retransmits, .bytes_acked, .congestion, .options, .handshake_us,
	.syn_ack_us, .ack_us, .socket, .segments_sent)]]' "TCP's health is the same at each moment"
same '[.[] | select(.type == "event") | [.time, .id, .event, .source, .direction, .local.address,
	.local.port, .local.process.pid, .local.process.name, .remote.address, .remote.port,
	.latency_us, .duration_us, .reason, .closed_by, .flow, .socket]]' "so are the events"
same '[.[] | select(.type == "socket") | [.time, .cookie, .kind, .protocol, .state,
	.local.address, .local.port, .local.process.pid, .remote.address, .remote.port, .uid,
	.inode, .receive_queue, .send_queue, .memory, .tcp.bytes_acked, .tcp.cwnd]] |
	sort' "and the sockets"
ok "there were some" [ "$(ft_jq back 'map(select(.type == "socket" and .remote.port == 5000)) |
	length')" -gt 0 ]
within "$(ask "$db" "SELECT max(bytes_acked) FROM tcp JOIN flows ON flows.id = flow
	WHERE remote_port = 5000")" 150000 150002 "SQL tells the same"
is "$(ask "$db" "SELECT group_concat(event, ' ') FROM (SELECT event FROM events
	WHERE remote_port = 5000 AND source = 'kernel' ORDER BY id)")" \
	"$(ft_jq live 'map(select(.type == "event" and .remote.port == 5000 and
		.source == "kernel") | .event) | join(" ")')" "and what happened"

# ---- whose it is, and where
chmod 755 "$work"
mkdir "$work/theirs"
chown 65534:65534 "$work/theirs"
ft_start theirs b -i v0 -w "$work/theirs/x.flow" --export "ndjson://$work/theirs/x.ndjson"
ft_stop theirs
is "$(stat -c '%u %a' "$work/theirs/x.flow" "$work/theirs/x.ndjson" | tr '\n' ' ')" \
	"0 600 0 600 " "without sudo files are root's"
ip netns exec b env FT_LIVE_MARK="$FT_LIVE_MARK" SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody \
	"$flowtop" -b -c 2 -d 0.2 -i v0 -w "$work/theirs/y.flow" \
	--export "ndjson://$work/theirs/y.ndjson" >"$work/sudo.out" 2>"$work/sudo.err"
is "$(stat -c '%u %a' "$work/theirs/y.flow" "$work/theirs/y.ndjson" | tr '\n' ' ')" \
	"65534 600 65534 600 " "with sudo they are the caller's"
mkdir "$work/gone"
ft_start gone b -i v0 -w "$work/gone/x.flow" --export "ndjson://$work/gone/x.ndjson"
rm -r "$work/gone"
ok "a recording whose directory vanished: the health line says so" \
	wait_for "grep -q 'x.flow: .*moved or removed' '$work/gone.ndjson'" 20
ok "records whose directory vanished: it says so" \
	wait_for "grep -q 'x.ndjson: the file was removed' '$work/gone.ndjson'" 20
ft_stop gone
is "$FT_STATUS" 4 "and so does the exit status"
ft_line gone

# ---- README's queries, as they are written
queries=$(awk '/^    sqlite3 /' "$top_srcdir/README.md")
is "$(wc -l <<<"$queries")" 4 "README has four queries"
while read -r query; do
	answer=$(cd "$work" && eval "$query" 2>&1 | head -1)
	ok "it works: ${query:0:60}" [ -n "$answer" ]
	ok "and answers: ${answer:0:60}" eval "! grep -qi error <<<'${answer//\'/}'"
done <<<"$queries"

# ---- kill -9
round=0
for wait in 0.37 0.81 1.23; do
	round=$((round + 1))
	one=$work/killed$round.flow
	ip netns exec b "$flowtop" -b -d 0.1 -i v0 -w "$one" >"$work/killed.out" 2>&1 &
	pid=$!
	ok "killed after $wait s: it had recorded" \
		wait_for "[ \"\$(ask '$one' 'SELECT count(*) > 2 FROM intervals')\" = 1 ]" ||
		sed 's/^/# |/' "$work/killed.out"
	ft_send a v0 b -n 2000 -s 100 --sport 7602 udp >/dev/null
	sleep "$wait" # a moment like any other: what holds must hold at each
	before=$(ask "$one" 'SELECT max(id) FROM intervals')
	kill -KILL $pid
	wait $pid 2>/dev/null
	# The first to open it may have to put the log in order: flowtop does.
	ok "killed after $wait s: -r opens it" quiet "$flowtop" -b -r "$one"
	is "$(ask "$one" 'PRAGMA integrity_check')" ok "killed after $wait s: the file is whole"
	ok "and has every interval that was committed" \
		[ "$(ask "$one" 'SELECT max(id) FROM intervals')" -ge "$before" ]
	is "$(ask "$one" 'SELECT count(*) - max(id) FROM intervals')" 0 "without a hole"
done

# ---- --until
ip netns exec b "$flowtop" -b -o ndjson -n -N -d 0.2 -i v0 --until 'port 7605' >"$work/until.ndjson" 2>&1 &
pid=$!
wait_for "[ -s '$work/until.ndjson' ]"
ft_send a v0 b -n 5 -s 100 --sport 7605 udp >/dev/null
ok "--until ends when it holds" wait_for "! kill -0 $pid 2>/dev/null"
wait $pid
is $? 0 "with status 0"
ok "and has printed what it waited for" grep -q 7605 "$work/until.ndjson"

# ---- the end, while somebody does not read
mkfifo "$work/stuck"
exec 7<>"$work/stuck"
stuck_start() { # NAME: its stdout takes nothing
	ip netns exec b timeout 2 dd if=/dev/zero bs=4k >&7 2>/dev/null
	ip netns exec b "$flowtop" -b -i v0 -d 0.2 -w "$work/$1.flow" >&7 2>"$work/$1.err" &
	pid=$!
	wait_for "[ \"\$(ask '$work/$1.flow' 'SELECT count(*) > 0 FROM intervals' 2>/dev/null)\" = 1 ]"
}
term() { # and waits until it has read that
	kill -TERM $pid 2>/dev/null
	wait_for "! grep -q 'ShdPnd:.*[1-9a-f]' /proc/$pid/status 2>/dev/null"
}
# As timeout(1) does. Within a second they are one request: where this test was not that quick it asked
# for more, and begins anew.
for try in {1..20}; do
	stuck_start both
	asked=$(uptime_cs)
	term
	term
	[ $(($(uptime_cs) - asked)) -ge 90 ] || break
	kill -KILL $pid
	wait $pid 2>/dev/null
	rm -f "$work"/both.flow*
done
note "quick enough at try $try"
ok "two signals at once are one request to end" eval "sleep 0.3; kill -0 $pid"
cat <&7 >/dev/null &
drain=$!
wait $pid
is "$? $(ls "$work"/both.flow*)" "0 $work/both.flow" "what is recorded is whole then"
kill $drain
wait $drain 2>/dev/null
stuck_start later
term
ok "who asks again later does not wait" wait_for "kill -TERM $pid; ! kill -0 $pid 2>/dev/null"
wait $pid
is $? 4 "which is an error"
exec 7<&-

# ---- a full disk
mkdir "$work/small"
mount -t tmpfs -o size=1m none "$work/small" || bail "no tmpfs"
ft_start full b -i v0 -d 0.2 -w "$work/small/rec.flow"
fill() { dd if=/dev/zero of="$work/small/fill" bs=4k 2>/dev/null; true; }
fill
ft_send a v0 b -n 300 -s 100 --sport 7603 udp >/dev/null
ok "a full disk is said on the health line" \
	wait_for "grep -q 'rec.flow: .*full' '$work/full.ndjson'" 20
ft_wait_seen full 300
rm "$work/small/fill"
room=$(ask "$work/small/rec.flow" 'SELECT max(id) FROM intervals')
ok "with room again it goes on" \
	wait_for "[ \"\$(ask '$work/small/rec.flow' 'SELECT max(id) > $room FROM intervals')\" = 1 ]" 20
ok "and the health line says for good how many intervals are missing" \
	wait_for "ft_last full .health.notes | grep -q 'rec.flow: intervals lost: [1-9]'"
ft_stop full
is "$(ask "$work/small/rec.flow" 'SELECT max(id) - count(*) FROM intervals')" \
	"$(ft_last full .health.notes | sed 's/.*intervals lost: \([0-9]*\).*/\1/')" \
	"as many as the numbers of the intervals leave out"
is "$(ask "$work/small/rec.flow" 'PRAGMA integrity_check')" ok "the file is whole"
is "$(ask "$work/small/rec.flow" "SELECT max(total_rx_packets) FROM counts JOIN flows ON flows.id = flow
	WHERE remote_port = 7603")" 300 "and its totals have what was counted meanwhile"
ft_line full
umount "$work/small"

# ---- the panes
if command -v tmux >/dev/null; then
	export LC_ALL=C.UTF-8 TERM=xterm-256color TZ=UTC
	tm() { tmux -L "ft$$" "$@"; }
	screen() { tm capture-pane -p -t t; }
	sees() { wait_for "screen | grep -qF -- '$1'" "${2:-10}" || { screen | sed 's/^/# |/'; return 1; }; }
	keys() { tm send-keys -t t "$@"; }
	count=$(ask "$db" 'SELECT count(*) FROM intervals')
	ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" tmux -L "ft$$" -f /dev/null new-session -d \
		-s t -x 100 -y 30 "$flowtop" -n -N -r "$db"
	ok "a recording opens in the panes" sees "RECORDING 1/$count"
	keys .
	ok ".: the next moment" sees "RECORDING 2/$count"
	keys ,
	ok ",: the one before" sees "RECORDING 1/$count"
	keys 0
	ok "0: its end" sees "RECORDING $count/$count"
	ok "with the flow that was sent" sees "10.0.0.1:7601"
	keys 2
	ok "its talkers" sees "fd00::1"
	# A moment in which the connection was there.
	moment=$(ask "$db" "SELECT max(interval) FROM tcp JOIN flows ON flows.id = flow
		WHERE remote_port = 5000")
	keys : -1h Enter
	sees "RECORDING 1/$count"
	for ((i = 1; i < moment; i++)); do keys .; done
	keys / 'port 5000' Enter
	ok "the moment of a connection" sees "RECORDING $moment/$count"
	keys 4
	ok "its sockets" sees "10.0.0.1:5000"
	keys 5
	ok "its events" sees "connect"
	keys 1 Enter
	ok "its details, with what TCP said" sees "Socket of the local end"
	keys Escape q
	wait_for '! tm has-session -t t 2>/dev/null'

	ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" tmux -L "ft$$" -f /dev/null new-session -d \
		-s t -x 100 -y 30 "$flowtop" -n -N -d 0.2 -i v0
	ok "live" sees '(tcx)'
	# Two moments without the flow: the first one back is from before it.
	ok "a past" wait_for "keys ,; sleep 0.1; screen | grep -qF 'PAST -'"
	keys 0
	ok "and the present" wait_for "! screen | grep -q 'PAST -'"
	ft_send a v0 b -n 100 -s 100 --sport 7604 udp >/dev/null
	ok "a flow" sees 10.0.0.1:7604
	keys :
	keys -l -- '-1h'
	keys Enter
	ok ":-1h is the oldest moment" sees 'PAST -'
	ok "without the flow" wait_for "! screen | grep -q 7604"
	keys 0
	ok "0: live again" wait_for "! screen | grep -q 'PAST -'"
	ok "the flow is there" sees 10.0.0.1:7604
	keys Q
	wait_for '! tm has-session -t t 2>/dev/null'
	tm kill-server 2>/dev/null
fi
done_testing
