#!/usr/bin/env bash
# TCP's health over a slow and lossy line, on the sender, a router and the receiver: each number
# that ss tells of the very socket, retransmits as the kernel and iperf3 count them, round-trip
# times within iperf3's spread, and handshakes as long as the line.
#
#	a -- veth v0 -- r -- t0, 10 ms each way, every 150th segment lost -- b
# timeout: 600
# seconds: 45
. "$(dirname "$0")/lib.sh"

tools=$top_builddir/tests/live/tools
every=150
# Samples are tested here: nobody asks for lists of sockets, which flows would take news from.
export FT_PANE=flows
interval=${FT_INTERVAL:-0.2}

ns_add a r b
ns_veth a v0 r v0
ns_addr a v0 10.0.0.1/24
ns_addr r v0 10.0.0.254/24
ns_know a v0 r v0
ns_know r v0 a v0
mkfifo "$work/line"
"$tools/ftlossy" r t0 b t0 10 $every <"$work/line" >"$work/line.out" 2>"$work/line.log" &
line=$!
exec 7>"$work/line"
wait_for "grep -q ready '$work/line.out' || ! kill -0 $line 2>/dev/null"
grep -q ready "$work/line.out" || skip_all "$(cat "$work/line.log")"
for ns in r b; do
	ip -n $ns link set t0 up
	in_ns $ns sysctl -qw net.ipv4.tcp_slow_start_after_idle=0
done
in_ns a sysctl -qw net.ipv4.tcp_slow_start_after_idle=0 net.ipv4.tcp_no_metrics_save=1
in_ns b sysctl -qw net.ipv4.tcp_no_metrics_save=1
in_ns r sysctl -qw net.ipv4.ip_forward=1
ns_addr r t0 10.8.0.254/24
ns_addr b t0 10.8.0.2/24
ip -n a route add default via 10.0.0.254
ip -n b route add default via 10.8.0.254

# talk N: the client sends N octets; returns when all are acknowledged.
talk() {
	local before
	before=$(grep -c sent "$work/client.out")
	echo "$1" >&8
	wait_for "[ \$(grep -c sent '$work/client.out') -gt $before ]" 60
}

# ss_of NS DIRECTION: what ss says of the connection, as one line.
ss_of() { in_ns "$1" ss -tmieOHn state established "$2" = :5000 2>/dev/null; }
# ss_value LINE NAME: the value behind NAME: ("" if it is not there).
ss_value() { grep -o "[ (,]$2:[^ ,)]*" <<<"$1" | head -n 1 | cut -d: -f2; }
# us SECONDS-IN-MS: "20.5" -> 20500
us() { awk -v x="$1" 'BEGIN { printf "%d\n", x * 1000 + 0.5 }'; }
# What ss leaves out is nothing, and absent.
us_or_null() { if [ -n "$1" ]; then us "$1"; else echo null; fi; }
# octets LINE NAME: "pacing_rate 8000bps" -> 1000
octets() {
	local bits
	bits=$(grep -o " $2 [0-9]*" <<<"$1" | awk '{ printf "%.0f\n", $2 / 8 }')
	echo "${bits:-null}"
}
# part TEXT N: the N-th part of a text with slashes.
part() { cut -d/ -f"$2" <<<"$1"; }

# retransmits_of NS: segments that its kernel has sent again so far, of all connections.
retransmits_of() {
	in_ns "$1" cat /proc/net/snmp | awk '$1 == "Tcp:" && at { print $at; exit }
		$1 == "Tcp:" { for (at = NF; $at != "RetransSegs"; at--); }'
}

# tcp_read NAME: takes the newest record of the connection, for ft_tcp. One jq for all of its fields,
# for a machine on which starting it takes long.
tcp_read() {
	ft_jq "$1" 'map(select(.type == "flow" and (.local.port == 5000 or .remote.port == 5000)
		and .tcp)) | last | .tcp // {} | to_entries[] | "\(.key)=\(.value)"' >"$work/$1.tcp"
}

# ft_tcp NAME FIELD: of the record taken; null if it isn't there.
ft_tcp() {
	grep -q "^$2=" "$work/$1.tcp" || echo null
	sed -n "s/^$2=//p" "$work/$1.tcp"
}

# tells_all: the newest records of both ends are what ss has told.
tells_all() {
	tcp_read a-$backend
	tcp_read b-$backend
	[ "$(ft_tcp a-$backend segments_sent)" = "$(ss_value "$after_a" segs_out)" ] &&
		[ "$(ft_tcp b-$backend segments_sent)" = "$(ss_value "$after_b" segs_out)" ]
}

# compare NAME SS-LINE SENT: each number that both have; SENT octets in one segment were sent
# after ss looked, by the packet with which flowtop looked.
compare() {
	local name=$1 line=$2 more=$3 extra=0 got wanted field key
	[ "$more" -gt 0 ] && extra=1
	is "$(printf '%x' "$(ft_tcp "$name" socket)")" "$(ss_value "$line" sk)" "$name: the same socket"
	for field in bytes_acked:bytes_acked bytes_received:bytes_received mss:mss rcv_mss:rcvmss \
		advmss:advmss pmtu:pmtu cwnd:cwnd ssthresh:ssthresh segments_received:segs_in \
		data_segments_received:data_segs_in bytes_retransmitted:bytes_retrans \
		reordering:reordering reordering_seen:reord_seen dsack_dups:dsack_dups \
		delivered:delivered rcv_space:rcv_space rcv_ssthresh:rcv_ssthresh snd_wnd:snd_wnd \
		rcv_wnd:rcv_wnd lost:lost sacked:sacked rcv_out_of_order:rcv_ooopack backoff:backoff \
		delivered_ce:delivered_ce; do
		key=${field#*:}
		wanted=$(ss_value "$line" "$key")
		got=$(ft_tcp "$name" "${field%:*}")
		# What is not worth telling ss leaves out.
		case $key:$wanted:$got in
		*::0 | *::null | reordering::3 | rcv_wnd::*) continue ;;
		esac
		is "$got" "$wanted" "$name: $field"
	done
	for field in bytes_sent:bytes_sent:$more segments_sent:segs_out:$extra \
		data_segments_sent:data_segs_out:$extra; do
		IFS=: read -r got key wanted <<<"$field"
		wanted=$(($(ss_value "$line" "$key") + wanted))
		is "$(ft_tcp "$name" "$got")" "$wanted" "$name: $key"
	done
	is "$(ft_tcp "$name" rtt_us)" "$(us "$(part "$(ss_value "$line" rtt)" 1)")" "$name: rtt"
	is "$(ft_tcp "$name" rttvar_us)" "$(us "$(part "$(ss_value "$line" rtt)" 2)")" "$name: rttvar"
	is "$(ft_tcp "$name" min_rtt_us)" "$(us "$(ss_value "$line" minrtt)")" "$name: min rtt"
	is "$(ft_tcp "$name" rto_us)" "$(us "$(ss_value "$line" rto)")" "$name: time-out"
	is "$(ft_tcp "$name" ato_us)" "$(us_or_null "$(ss_value "$line" ato)")" "$name: delayed acknowledgement"
	is "$(ft_tcp "$name" rcv_rtt_us)" "$(us_or_null "$(ss_value "$line" rcv_rtt)")" \
		"$name: the receiver's round trip"
	is "$(ft_tcp "$name" snd_wscale),$(ft_tcp "$name" rcv_wscale)" \
		"$(grep -o ' wscale:[0-9,]*' <<<"$line" | cut -d: -f2)" "$name: window scales"
	is "$(ft_tcp "$name" delivery_bytes_per_s)" "$(octets "$line" delivery_rate)" "$name: delivery rate"
	# BBR sets it anew when it begins again after a pause, just before flowtop looks.
	[ $algorithm = bbr ] ||
		is "$(ft_tcp "$name" pacing_bytes_per_s)" "$(octets "$line" pacing_rate)" "$name: pacing rate"
	wanted=$(ss_value "$line" busy)
	wanted=${wanted%%ms*}
	# The packet that it looked with made it busy, a tick or more ago on a loaded machine.
	within "$(ft_tcp "$name" busy_us)" $((wanted * 1000)) $((wanted * 1000 + 100000)) "$name: time busy"
	is "$(ft_tcp "$name" app_limited)" "$(grep -q ' app_limited ' <<<"$line " && echo true || echo null)" \
		"$name: limited by the program"
	is "$(ft_tcp "$name" tos)" 0 "$name: type of service"
	bbr=$(sed -n 's/.*bbr:(bw:\([0-9]*\)bps,mrtt:\([0-9.]*\),pacing_gain:\([0-9.]*\),cwnd_gain:\([0-9.]*\)).*/\1 \2 \3 \4/p' <<<"$line")
	if [ $algorithm = bbr ]; then
		is "$(ft_tcp "$name" bbr_bytes_per_s) $(ft_tcp "$name" bbr_min_rtt_us) \
$(ft_tcp "$name" bbr_pacing_gain_per_mille) $(ft_tcp "$name" bbr_cwnd_gain_per_mille)" \
			"$(awk '{ printf "%.0f %d %d %d\n", $1 / 8, $2 * 1000 + 0.5, $3 * 1000, $4 * 1000 }' <<<"$bbr")" \
			"$name: what BBR tells of itself"
	else
		is "$(ft_tcp "$name" bbr_bytes_per_s)" null "$name: only BBR tells that"
	fi
	wanted=$(ss_value "$line" retrans)
	is "$(ft_tcp "$name" retransmits)" "$(part "${wanted:-0/0}" 2)" "$name: retransmits"
	is "$(ft_tcp "$name" congestion)" $algorithm "$name: congestion algorithm"
	is "$(ft_tcp "$name" options)" "timestamps sack wscale" "$name: options"
}

for backend in $(backends tcx tc packet); do
	# What an algorithm tells of itself, by one of the backends whose programs read it.
	algorithm=cubic
	[ $backend = tc ] && grep -qw bbr /proc/sys/net/ipv4/tcp_available_congestion_control && algorithm=bbr
	again=$(retransmits_of a)
	# A dump of the kernel's sockets costs some milliseconds and may take a hundredth of the time: with
	# intervals of a fifth of a second one in four has its own.
	FT_INTERVAL=$interval
	[ $backend != packet ] || FT_INTERVAL=1
	ft_start a-$backend a -i v0 --backend $backend
	ft_start r-$backend r -i v0 --backend $backend
	ft_start b-$backend b -i t0 --backend $backend
	empty server.out client.out
	in_ns b "$tools/fttalk" listen 5000 >"$work/server.out" &
	wait_for "grep -q ready '$work/server.out'"
	rm -f "$work/talk"
	mkfifo "$work/talk"
	in_ns a "$tools/fttalk" connect 10.8.0.2 5000 $algorithm <"$work/talk" >"$work/client.out" &
	exec 8>"$work/talk"
	wait_for "grep -q ready '$work/client.out'"
	in_ns b sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null
	ok "$backend: two megabytes arrive" talk 2000000
	# Quiet: what delayed acknowledgements there were are there.
	settle a v0
	before_a=$(ss_of a dport)
	before_b=$(ss_of b sport)
	# A dump that the kernel was asked for before the hundred octets left shows what was until then,
	# and nothing later is told of a connection that is quiet: once more, then, and not always at the same
	# moment of flowtop's beat.
	for try in {1..24}; do
		sleep "0.$((100 + try * 7 % 20 * 10))"
		talk 100
		settle a v0
		after_a=$(ss_of a dport)
		after_b=$(ss_of b sport)
		ft_rounds a-$backend 1
		ft_rounds b-$backend 1
		tells_all && break
		before_a=$after_a
		before_b=$after_b
	done
	note "$backend: told at look $try"
	total=$((2000000 + try * 100))
	tcp_read r-$backend
	if [ $backend = packet ]; then
		compare a-$backend "$after_a" 0
	else
		# It looked with the packet that carried the hundred octets.
		compare a-$backend "$before_a" 100
	fi
	# The receiver looked when it acknowledged them.
	is "$(ft_tcp b-$backend bytes_received)" "$(ss_value "$after_b" bytes_received)" \
		"b-$backend: bytes received"
	is "$(ft_tcp b-$backend segments_received)" "$(ss_value "$after_b" segs_in)" \
		"b-$backend: segments received"
	is "$(ft_tcp b-$backend segments_sent)" "$(ss_value "$after_b" segs_out)" \
		"b-$backend: segments sent"
	is "$(printf '%x' "$(ft_tcp b-$backend socket)")" "$(ss_value "$before_b" sk)" \
		"b-$backend: the same socket"
	is "$(ft_tcp a-$backend retransmits)" $(($(retransmits_of a) - again)) \
		"a-$backend: retransmits are its kernel's"
	ok "$backend: the line lost segments" [ "$(ft_tcp a-$backend retransmits)" -ge $((2000000 / 1448 / every / 2)) ]
	is "$(ft_tcp r-$backend rtt_us)" null "r-$backend: a router has no socket"

	# 20 ms there and back, wherever one stands; the loads of a test machine come on top.
	within "$(ft_tcp a-$backend handshake_us)" 20000 1000000 "a-$backend: handshake to the SYN-ACK"
	within "$(ft_tcp r-$backend handshake_us)" 20000 1000000 "r-$backend: the same in transit"
	within "$(ft_tcp b-$backend handshake_us)" 20000 1000000 "b-$backend: handshake to the ACK"
	within "$(ft_tcp b-$backend syn_ack_us)" 1 $(($(ft_tcp a-$backend handshake_us) - 20000)) \
		"b-$backend: it took no part of that"
	ok "r-$backend: from the middle it is no longer than from the end" \
		[ "$(ft_tcp r-$backend syn_ack_us)" -le "$(ft_tcp a-$backend syn_ack_us)" ]
	ok "a-$backend: the round trip is the line's" [ "$(ft_tcp a-$backend min_rtt_us)" -ge 20000 ]
	exec 8>&-
	wait_for "[ \$(wc -l <'$work/server.out') -eq 2 ]"
	is "$(tail -n 1 "$work/server.out")" $total "$backend: all of it arrived"
	for ns in a r b; do ft_stop $ns-$backend; done
done
FT_INTERVAL=$interval

# iperf3's own JSON. It looks for the last time when all is written, not when all has arrived: what
# is sent again after that only the kernel counts, and flowtop as far as it looked. So flowtop has at
# least what iperf3 had counted when it had written no more than flowtop had seen sent, and at
# most what the kernel counts.
again=$(retransmits_of a)
ft_start iperf a -i v0 --backend "$(backends tcx)" rtt ">" 1ms
in_ns b iperf3 -s -1 -D -p 5001 >/dev/null 2>&1
wait_for "[ -n \"\$(ip netns exec b ss -Hltn sport = :5001)\" ]"
ok "iperf3" in_ns a iperf3 -c 10.8.0.2 -p 5001 -n 3M -i 0.2 -w 64K -C cubic -J --logfile "$work/iperf.json"
settle a v0
ft_stop iperf
# The data connection is the later one, with the most sent.
data='map(select(.type == "flow" and .remote.port == 5001)) | max_by(.total.tx_bytes).id as $id |
	map(select(.id == $id and .tcp.rtt_us))'
sent=$(ft_jq iperf "$data | last | .tcp | .bytes_sent - .bytes_retransmitted")
cookie=37 # octets, before those that it counts
low=$(jq "[foreach .intervals[].streams[0] as \$part ([0, 0];
	[.[0] + \$part.bytes, .[1] + \$part.retransmits]; select(.[0] < $sent - $cookie) | .[1])] |
	last // 0" "$work/iperf.json")
within "$(ft_jq iperf "$data | last | .tcp.retransmits")" "$low" $(($(retransmits_of a) - again)) \
	"retransmits are iperf3's, and no more than the kernel's"
note "$low at $sent octets, $(jq .end.streams[0].sender.retransmits "$work/iperf.json") of iperf3's, \
$(ft_jq iperf "$data | last | .tcp.retransmits") of flowtop's, $(($(retransmits_of a) - again)) of the kernel's"
ok "and there were some" [ "$low" -gt 0 ]
# Both look five times a second, but not at once: a spread of its own samples, widened by a half.
within "$(ft_jq iperf "$data | map(.tcp.rtt_us) | add / length | round")" \
	"$(jq '.end.streams[0].sender.min_rtt / 2 | round' "$work/iperf.json")" \
	"$(jq '.end.streams[0].sender.max_rtt * 3 / 2 | round' "$work/iperf.json")" \
	"round-trip times lie in iperf3's spread"
is "$(ft_jq iperf 'map(select(.type == "flow" and (.tcp.rtt_us | not))) | length')" 0 \
	"the filter lets through only what has a round-trip time"
exec 7>&-
done_testing
