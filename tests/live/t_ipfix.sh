#!/usr/bin/env bash
# What --export sends by IPFIX is what nfdump and pmacct read, to the byte; a collector that is not
# there slows nothing, and is found when it comes.
. "$(dirname "$0")/lib.sh"
need_collector nfcapd nfdump nfacctd
libs=$(collector_env)
quiet env "$libs" "$(collector_path nfdump)" -V ||
	bail "nfdump does not run: $(cat "$work/quiet.log")"

# nf_start NAME PORT: nfcapd in a; nf_stop NAME ends it, and its file is complete.
declare -A nf_pids=()
nf_start() {
	mkdir -p "$work/$1"
	empty "$1.log"
	ip netns exec a env "$libs" "$(collector_path nfcapd)" -w "$work/$1" -p "$2" -b 127.0.0.1 \
		-t 3600 >"$work/$1.log" 2>&1 &
	nf_pids[$1]=$!
	wait_for "grep -q Startup '$work/$1.log'" 15 || bail "nfcapd does not start: $(cat "$work/$1.log")"
}
nf_stop() {
	kill -TERM "${nf_pids[$1]}"
	wait_for "grep -q Terminating '$work/$1.log'" 15
	wait "${nf_pids[$1]}" 2>/dev/null
}

# nf_sum NAME: "packets bytes" of both directions that nfdump reads; `nf_rows` a line a flow.
nf_rows() {
	env "$libs" "$(collector_path nfdump)" -q -R "$work/$1" -N -o 'fmt:%pr %sa %sp %da %dp %ipkt %ibyt %opkt %obyt' |
		sed 's/  */ /g; s/^ //; s/ $//' | sort
}
nf_sum() { nf_rows "$1" | awk '{ packets += $6 + $8; bytes += $7 + $9 } END { print packets + 0, bytes + 0 }'; }

# What flowtop says: the same of its records' flows.
flow_sum() { ft_last "$1" '.total.flows | "\(.packets) \(.bytes)"'; }

# pmacct writes what it got at each purge, and at its end.
pm_start() {
	cat >"$work/$1.conf" <<-EOF
		plugins: print[x]
		nfacctd_ip: 127.0.0.1
		nfacctd_port: $2
		aggregate[x]: src_host, dst_host, src_port, dst_port, proto
		print_output[x]: csv
		print_output_file[x]: $work/$1.csv
		print_output_file_append[x]: true
		print_refresh_time[x]: 1
		pidfile: $work/$1.pid
		logfile: $work/$1.log
	EOF
	ip netns exec a env "$libs" "$(collector_path nfacctd)" -f "$work/$1.conf" >"$work/$1.out" 2>&1 &
	nf_pids[$1]=$!
	wait_for "ss -N a -Huln 'sport = $2' | grep -q ." 15 ||
		bail "nfacctd does not start: $(cat "$work/$1.log" "$work/$1.out")"
}
pm_sum() { awk -F, '$1 != "SRC_IP" { packets += $6; bytes += $7 } END { print packets + 0, bytes + 0 }' "$work/$1.csv" 2>/dev/null; }

ns_pair a b
nf_start udp 4739
pm_start pm 4740
ft_start both a -i v0 --export ipfix://127.0.0.1:4739 --export 'ipfix://127.0.0.1:4740?biflow=no'
sent=$(ft_send a v0 b -n 700 -s 300 --sport 7001 udp)
in_ns a ping -c 3 -i 0.2 -q 10.0.0.2 >/dev/null
in_ns a ping -c 2 -i 0.2 -q fd00::2 >/dev/null
ft_wait_seen both 710
ft_stop both
is "$FT_STATUS" 0 "flowtop ends well"
nf_stop udp
is "$(nf_sum udp)" "$(flow_sum both)" "nfdump agrees with flowtop to the byte"
is "$(nf_rows udp | grep '^17 ')" "17 10.0.0.1 7001 10.0.0.2 5000 $(sent "$sent" packets) $(sent "$sent" bytes) 0 0" \
	"nfdump has the flow of UDP, to the byte"
is "$(nf_rows udp | grep '^1 10.0.0.1 ')" "1 10.0.0.1 0 10.0.0.2 8.0 3 252 3 252" \
	"nfdump has both directions of ping, the one that began first"
is "$(nf_rows udp | grep '^58 ')" "58 fd00::1 0 fd00::2 128.0 2 208 2 208" "and of IPv6"
ok "pmacct agrees with flowtop to the byte" wait_for "[ '$(flow_sum both)' = \"\$(pm_sum pm)\" ]" 20 ||
	note "flowtop $(flow_sum both), pmacct $(pm_sum pm)"
kill -INT "${nf_pids[pm]}"
wait "${nf_pids[pm]}" 2>/dev/null
ft_line both

# Collectors that are away: said, counted, and nothing waits for them.
ft_start away a -i v0 --export 'ipfix+tcp://127.0.0.1:4741?active=1&idle=1' \
	--export 'ipfix://127.0.0.1:4742?active=1&idle=1'
ft_send a v0 b -n 300 -s 100 --sport 7002 udp >/dev/null
ft_wait_seen away 300
ok "the health line says that a TCP collector is away" \
	wait_for "ft_last away .health.notes | grep -q 'ipfix+tcp://127.0.0.1:4741.*refused'"
ft_send a v0 b -n 1 -s 100 --sport 7003 udp >/dev/null
ok "and that what went to UDP's is lost" \
	wait_for "ft_last away .health.notes | grep -q 'ipfix://127.0.0.1:4742.*records lost: [1-9]'"
is "$(ft_last away '[.health.lengthened, .health.missed]')" "[0,0]" "nothing waits for them"
ft_stop away
is "$FT_STATUS" 4 "at the end it is an error"
ok "with a sentence" grep -q '^flowtop: cannot write: ipfix.*refused' "$work/away.err"
ft_line away
done_testing
