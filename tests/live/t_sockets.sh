#!/usr/bin/env bash
# The list of all sockets against ss, socket by socket (the same cookie): kind, state, queues, ends,
# user, inode, interface, memory and all of TCP's numbers that ss tells; whose they are; and that a
# hundred thousand of them hold nobody up.
# alone: a hundred thousand sockets are a long way through /proc for everybody, and an interval's length is tested
. "$(dirname "$0")/lib.sh"

tools=$top_builddir/tests/live/tools
ns_add a

# hold NAME [COUNT]: sockets of every kind, until the descriptor is closed.
hold() {
	mkfifo "$work/$1.in"
	ip netns exec a "$tools/ftsockets" "${@:2}" <"$work/$1.in" >"$work/$1.out" 2>"$work/$1.err" &
	holder=$!
	exec 9>"$work/$1.in"
	wait_for "grep -q ready '$work/$1.out'" 60 || bail "$(cat "$work/$1.err")"
}

# From ss: cookie, then "field=value" pairs, one socket a line, sorted. Where the kernel has no
# raw_diag, raw sockets have no cookie, for ss and for flowtop: "-".
ss_sockets() {
	in_ns a ss -tuwamieOHno --tos 2>/dev/null | awk '
	function number(name,   at) {
		at = match(line, "[ (,]" name ":[^ ,)]*")
		return at ? substr(line, RSTART + length(name) + 2, RLENGTH - length(name) - 2) : ""
	}
	# "0x1f" and "0"
	function hex(text,   i, value) {
		sub(/^0x/, "", text)
		for (i = 1; i <= length(text); i++) value = 16 * value + index("0123456789abcdef", substr(text, i, 1)) - 1
		return text == "" ? "" : value + 0
	}
	# "324140850000bps": octets
	function octets(text) { sub(/bps$/, "", text); return text == "" ? "" : sprintf("%.0f", text / 8) }
	# What TCP agreed upon, in the order of records.
	function options(   out) {
		if (line ~ / ts /) out = out ",timestamps"
		if (line ~ / sack /) out = out ",sack"
		if (line ~ / wscale:/) out = out ",wscale"
		if (line ~ / ecn /) out = out ",ecn"
		if (line ~ / ecnseen /) out = out ",ecn-seen"
		if (line ~ / fastopen /) out = out ",syn-data"
		return substr(out, 2)
	}
	function algorithm(   text, bbr) {
		if (!match(line, /bbr:\([^)]*\)/)) return
		text = substr(line, RSTART + 5, RLENGTH - 6)
		split(text, bbr, /[:,]/)
		put("bbr_bytes_per_s", octets(bbr[2])); put("bbr_min_rtt_us", us(bbr[4]))
		put("bbr_pacing_gain_per_mille", int(bbr[6] * 1000)); put("bbr_cwnd_gain_per_mille", int(bbr[8] * 1000))
	}
	function timer(   part, kinds) {
		if (!match(line, /timer:\([^)]*\)/)) return
		split(substr(line, RSTART + 7, RLENGTH - 8), part, ",")
		kinds["on"] = "retransmit"; kinds["keepalive"] = "keepalive"; kinds["timewait"] = "time-wait"; kinds["persist"] = "probe"
		put("timer", kinds[part[1]]); put("timer_retransmits", part[3])
	}
	function put(name, value) { if (value != "") out = out " " name "=" value }
	function us(ms) { return ms == "" ? "" : sprintf("%d", ms * 1000 + 0.5) }
	# "127.0.0.1%lo:7014", "[::1]:7002", "*:7003", "0.0.0.0:*"
	function end(name, text,   port) {
		port = text; sub(/.*:/, "", port); sub(/:[^:]*$/, "", text)
		iface = ""
		if (match(text, /%.*/)) { iface = substr(text, RSTART + 1); text = substr(text, 1, RSTART - 1) }
		gsub(/[][]/, "", text)
		if (text == "*") text = "::"
		if (name == "remote" && (text == "::" || text == "0.0.0.0") && port == "*") return
		put(name, text)
		if ($1 != "raw" && $1 !~ /icmp/ && port != "*") put(name "_port", port)
		if (name == "local" && ($1 == "raw" || $1 ~ /icmp/)) put("protocol", port)
	}
	{
		line = " " $0; out = ""
		state = tolower($2)
		sub(/^estab$/, "established", state); sub(/^unconn$/, "unconnected", state)
		sub(/^fin-wait-/, "fin-wait-", state)
		put("state", state); put("receive_queue", $3); put("send_queue", $4)
		end("local", $5); put("iface", iface); end("remote", $6)
		if (number("ino") > 0) { put("inode", number("ino")); uid = number("uid"); put("uid", uid == "" ? 0 : uid) }
		if (match(line, /skmem:\([^)]*\)/)) {
			split(substr(line, RSTART + 7, RLENGTH - 8), mem, ",")
			put("memory", substr(mem[1], 2) + 0 "/" substr(mem[2], 3) + 0 "/" substr(mem[3], 2) + 0 "/" substr(mem[4], 3) + 0)
			drops = mem[9]; sub(/^d/, "", drops); put("drops", drops + 0)
		}
		timer()
		put("tos", hex(number("tos"))); put("traffic_class", hex(number("tclass")))
		if ($1 == "tcp" && state != "listen" && number("rto") != "") {
			algorithm()
			put("options", options())
			if (match(line, / wscale:[0-9]+,[0-9]+/)) put("wscale", substr(line, RSTART + 8, RLENGTH - 8))
			put("pacing_bytes_per_s", octets(substr(line, match(line, /pacing_rate [0-9]+/) ? RSTART + 12 : length(line) + 1, RLENGTH - 12)))
			put("delivery_bytes_per_s", octets(substr(line, match(line, /delivery_rate [0-9]+/) ? RSTART + 14 : length(line) + 1, RLENGTH - 14)))
			put("busy_us", number("busy") == "" ? "" : us(number("busy") + 0))
			put("rcv_rtt_us", us(number("rcv_rtt")))
			if (number("retrans") != "") { split(number("retrans"), again, "/"); put("retransmits_in_flight", again[1]); put("retransmits", again[2]) }
			put("app_limited", line ~ / app_limited /  ? "true" : "")
			split(number("rtt"), rtt, "/")
			put("rtt_us", us(rtt[1])); put("rttvar_us", us(rtt[2])); put("rto_us", us(number("rto")))
			put("min_rtt_us", us(number("minrtt")))
			n = split("mss:mss pmtu:pmtu rcvmss:rcv_mss advmss:advmss cwnd:cwnd ssthresh:ssthresh bytes_sent:bytes_sent bytes_acked:bytes_acked bytes_received:bytes_received segs_out:segments_sent segs_in:segments_received data_segs_out:data_segments_sent data_segs_in:data_segments_received rcv_space:rcv_space rcv_ssthresh:rcv_ssthresh snd_wnd:snd_wnd rcv_wnd:rcv_wnd delivered:delivered bytes_retrans:bytes_retransmitted unacked:unacked ato:ato_ms sacked:sacked lost:lost dsack_dups:dsack_dups reordering:reordering reord_seen:reordering_seen rcv_ooopack:rcv_out_of_order backoff:backoff notsent:bytes_not_sent delivered_ce:delivered_ce", keys, " ")
			for (i = 1; i <= n; i++) { split(keys[i], key, ":"); put(key[2], number(key[1])) }
		}
		sk = number("sk")
		print sk == "" ? "-" : sk, $1 out
	}' | sort
}

# From flowtop the same of the fields that ss tells of that socket (a file with its lines): so many
# as it says, and no socket less or more.
ft_sockets() {
	jq -rc --rawfile ss "$1" 'def hex: tonumber | [while(. > 0; (. / 16 | floor)) | . % 16 |
			if . < 10 then 48 + . else 87 + . end] | reverse | implode;
		($ss | split("\n") | map(select(. != "") | split(" ") |
			{key: .[0], value: (.[2:] | map(split("=")[0]))}) | from_entries) as $told |
		select(.type == "socket") | (if .cookie then .cookie | hex else "-" end) as $sk |
		(if .kind == "raw" then "raw" elif .protocol == 6 then "tcp" else "udp" end) as $net |
		{state, receive_queue, send_queue, drops, uid, inode, tos, traffic_class, timer, timer_retransmits, iface: .bound_interface,
		 local: .local.address, local_port: .local.port, remote: .remote.address,
		 remote_port: .remote.port, protocol,
		 memory: (.memory | "\(.receive)/\(.receive_limit)/\(.send)/\(.send_limit)")}
		+ (.tcp // {}) | .wscale = "\(.snd_wscale),\(.rcv_wscale)" | .ato_ms = (.ato_us // 0) / 1000 |
		.options = (.options // "" | gsub(" "; ",")) | . as $all |
		"\($sk) \($net)" + ([$told[$sk] // ["state"] | .[] | " \(.)=\($all[.])"] | add)' | sort
}

run() { ip netns exec a timeout 60 "$flowtop" -i lo -b -n -N "$@"; }

hold kinds
# A first look makes delayed acknowledgements late enough: nothing changes after that.
settle a lo
ss_sockets >"$work/ss"
ok "ss knows the sockets that were made" [ "$(wc -l <"$work/ss")" -ge 22 ]
for state in listen established time-wait close-wait fin-wait-2 unconnected; do
	ok "one of them is in $state" grep -q "state=$state" "$work/ss"
done
# strangers: sockets with an inode that flowtop does not say are the holder's.
strangers() { jq -r 'select(.type == "socket" and .inode and .local.process.pid != '$holder') | "\(.local.port) \(.cookie)"' "$work/ft"; }

for backend in $(backends tcx packet); do
	# On a busy machine one walk through /proc takes longer than half a second.
	for length in 0.5 4 16; do
		run --backend "$backend" -c 1 -d $length --pane sockets -o ndjson >"$work/ft" 2>"$work/ft.err"
		[ -n "$(strangers)" ] || break
	done
	ss_sockets >"$work/ss"
	ft_sockets "$work/ss" <"$work/ft" >"$work/ft.lines"
	ok "$backend: all that ss tells of each socket is the same" diff "$work/ss" "$work/ft.lines"
	is "$(jq -rc 'select(.type == "summary") | .sockets | "\(.listed) \(.partial)"' "$work/ft")" \
		"$(grep -c '"type":"socket"' "$work/ft") null" "$backend: the summary says how many, and that none is missing"
	is "$(strangers)" "" "$backend: each belongs to the process that made it"
	is "$(jq -r 'select(.type == "socket" and .state == "established" and .local.port == 7001 and (.inode | not)) |
		.local.process.pid == '$holder'' "$work/ft" | sort | uniq -c | xargs)" "2 true" \
		"$backend: the two that were not accepted are the listener's"
	is "$(jq -r 'select(.type == "socket" and .state == "time-wait") | .local.owner' "$work/ft" | sort -u)" \
		kernel "$backend: what waits to be forgotten is the kernel's"
done
# What must not be absent from both by a mistake of this test.
for told in timer=keepalive timer=time-wait tos=16 traffic_class=184 options=timestamps,sack,wscale pacing_bytes_per_s; do
	ok "ss told $told" grep -q " $told" "$work/ss"
done
if grep -qw bbr /proc/sys/net/ipv4/tcp_available_congestion_control; then
	ok "BBR told of itself" grep -q "bbr_bytes_per_s=[1-9]" "$work/ss"
fi
is "$(jq -r 'select(.type == "socket" and .state == "listen" and .local.port == 7001) | "\(.receive_queue) \(.send_queue) \(.tcp)"' "$work/ft")" \
	"2 7 null" "a listener has two waiting of seven, and no numbers of a connection"
ok "a full socket has dropped" [ "$(jq -r 'select(.local.port == 7011 and .state == "unconnected") | .drops' "$work/ft")" -gt 10 ]

# The other formats, and what the rows are.
run -c 1 -d 0.3 --pane sockets -o csv >"$work/csv" 2>/dev/null
is "$(head -n 1 "$work/csv" | tr ',' '\n' | grep -cxE 'cookie|state|local.port|receive_queue|tcp.rtt_us|memory.receive.?')" \
	6 "csv has the fields as columns"
ok "csv has as many rows" [ "$(tail -n +2 "$work/csv" | wc -l)" -ge 22 ]
run -c 1 -d 0.3 --pane sockets -o json >"$work/json" 2>/dev/null
is "$(jq -s 'flatten | map(select(.type == "socket" and .state == "listen")) | length' "$work/json")" 3 \
	"json has them in its array"
run -c 1 -d 0.3 --pane sockets -s recvq -L 3 >"$work/text" 2>/dev/null
is "$(grep -cE '127\.0\.0\.1|::1' "$work/text")" 3 "text has as many rows as asked for"
ok "text is sorted by what is asked for" eval "sed -n 3p '$work/text' | grep -q 29.0k"
run -c 1 -d 0.3 --pane sockets -o ndjson tcp and state listen >"$work/filter" 2>/dev/null
is "$(jq -r 'select(.type == "socket") | .local.port' "$work/filter" | sort | xargs)" "7001 7002 7003" \
	"the display filter applies"
run -c 1 -d 0.3 -o ndjson >"$work/none" 2>/dev/null
is "$(jq -c 'select(.type == "summary") | .sockets' "$work/none")" null "who doesn't ask for sockets gets none"

exec 9>&-
wait "$holder"

# Very many: intervals stay as long as they are, no packet is missed, and the list becomes whole.
ip -n a addr add 127.1.0.1/8 dev lo 2>/dev/null
hold many 100000
ip netns exec a "$flowtop" -i lo -b -d 0.5 -o ndjson -n -N --pane sockets proto 253 >"$work/many" 2>"$work/many.err" </dev/null &
many=$!
wait_for "[ \"\$(grep -c '\"sockets\":{\"listed\":1000[0-9][0-9]' '$work/many')\" -ge 3 ]" 60
ok "a list of a hundred thousand becomes whole, again and again" \
	[ "$(grep -c '"sockets":{"listed":1000[0-9][0-9]' "$work/many")" -ge 3 ]
kill -TERM $many
wait $many
is "$(jq -c 'select(.type == "summary" and .sockets.partial)' "$work/many")" "" "none of the lists is partial"
# A list that holds up intervals holds up some of each list; a machine that stood still, those of one. So:
# the longest interval of a list in the making, of the list in the middle.
within "$(jq -s 'map(select(.type == "summary" and (.last | not))) |
	reduce .[] as $one ([[]]; .[-1] += [$one.interval_ns / 1000000 | round] |
		if $one.sockets.listed >= 100000 then . + [[]] else . end) |
	.[:-1] | map(max) | sort | .[length / 2 | floor]' "$work/many")" \
	400 $((1500 * ${FT_SLOW:-1})) "no interval is much longer for it"
exec 9>&-
wait "$holder"
done_testing
