#!/usr/bin/env bash
# README's commands of "Sending it on", as written and with a screen, reach who collects; a collector
# that comes late is told what went on before; one that is stuck slows nothing.
# seconds: 30
. "$(dirname "$0")/lib.sh"
need_collector nfcapd nfdump nfacctd
libs=$(collector_env)
ftlisten=$top_builddir/tests/live/tools/ftlisten
ftzmq=$top_builddir/tests/live/tools/ftzmq
records=/tmp/flows.ndjson
[ -e $records ] && bail "$records is there: README's command would not overwrite it"
[ -e /run/flows.sock ] && bail "/run/flows.sock is there"
declare -A pids=()

# run_in_a NAME COMMAND...: in the background, until end_of NAME; its stdout is $work/NAME.out.
run_in_a() {
	local name=$1
	shift
	empty "$name.out"
	ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" "$libs" "$@" \
		>"$work/$name.out" 2>"$work/$name.log" &
	pids[$name]=$!
}
end_of() {
	kill "-${2:-TERM}" "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null
}
listens() { wait_for "ss -N a -H$1ln 'sport = $2' | grep -q ." 15 || bail "nobody listens on $2"; }

# nfcapd, and what nfdump reads of it: "packets bytes" of the flow from a port, or of all.
nf_start() {
	mkdir "$work/$1"
	run_in_a "$1" "$(collector_path nfcapd)" -w "$work/$1" -p "$2" -b 127.0.0.1 -t 3600
	listens u "$2"
}
nf_sum() {
	env "$libs" "$(collector_path nfdump)" -q -R "$work/$1" -N -o 'fmt:%sp %ipkt %ibyt %opkt %obyt' |
		awk -v port="${2-}" 'port == "" || $1 == port { packets += $2 + $4; bytes += $3 + $5 }
			END { print packets + 0, bytes + 0 }'
}

ns_pair a b

# ---- README's commands

mkdir "$work/bin"
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
chmod +x "$work/bin/sudo"
ln -s "$flowtop" "$work/bin/flowtop"
export LC_ALL=C.UTF-8 TERM=xterm-256color
tm() { tmux -L "ft$$" "$@"; }
sees() { wait_for "tm capture-pane -p -t t | grep -qF -- '$1'" 15 || { tm capture-pane -p -t t | sed 's/^/# |/'; return 1; }; }
ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" PATH="$work/bin:$PATH" \
	PS1='status-$?-end ' tmux -L "ft$$" -f /dev/null new-session -d -s t -x 150 -y 30 bash --norc

# readme SCHEME: the line of README with this URL.
readme() { sed -n '/^## Sending it on/,/^## What/p' "$top_srcdir/README.md" | grep -- "--export ['\"]\\{0,1\\}$1" | sed 's/^ *//'; }

# type_it SCHEME [WHILE...]: types the line, sends a flow from port 47001, waits until it is on the
# screen and WHILE holds, and quits.
type_it() {
	local line name=$1
	line=$(readme "$1")
	shift
	[ "$(wc -l <<<"$line")" = 1 ] && [ -n "$line" ] || { ok "$name: README has one line" false; return; }
	note "$line"
	tm send-keys -t t -l "clear; $line"
	tm send-keys -t t Enter
	sees 'seen ' || bail "no screen"
	sent=$(ft_send a v0 b -n 40 -s 300 --sport 47001 udp)
	sees ':47001' || bail "no flow"
	[ $# -eq 0 ] || ok "$name: $1" wait_for "$2" 20
	tm send-keys -t t q
	ok "$name: ends well" sees 'status-0-end'
}

nf_start udp 4739
type_it ipfix://127.0.0.1:4739
end_of udp
is "$(nf_sum udp 47001)" "$(sent "$sent" packets) $(sent "$sent" bytes)" "nfdump has the flow to the byte"

nf_start relayed 4799
run_in_a tcp "$ftlisten" tcp 4739 4799
listens t 4739
type_it ipfix+tcp://
end_of relayed
end_of tcp
is "$(nf_sum relayed 47001)" "$(sent "$sent" packets) $(sent "$sent" bytes)" "over TCP, too"

cat >"$work/pm.conf" <<-EOF
	plugins: print[x]
	nfacctd_ip: 127.0.0.1
	nfacctd_port: 4740
	aggregate[x]: src_port
	print_output[x]: csv
	print_output_file[x]: $work/pm.csv
	print_output_file_append[x]: true
	print_refresh_time[x]: 1
	logfile: $work/pm.log
EOF
: >"$work/pm.csv"
run_in_a pm "$(collector_path nfacctd)" -f "$work/pm.conf"
listens u 4740
type_it ipfix://127.0.0.1:4740
ok "pmacct has it" wait_for "grep -q '^47001,$(sent "$sent" packets),$(sent "$sent" bytes)' '$work/pm.csv'" 20
end_of pm INT

# shellcheck disable=SC2016 # expanded inside
type_it openmetrics 'the page is there' \
	"timeout 10 ip netns exec a bash -c 'exec 3<>/dev/tcp/127.0.0.1/9464; printf \"GET /metrics HTTP/1.0\r\n\r\n\" >&3; cat <&3' |
		grep -q '^flowtop_protocol_bytes_total{protocol=\"udp\"} [1-9]'"

type_it ndjson:///
is "$(stat -c '%a %u' $records)" "600 0" "the file is the caller's alone"
is "$(jq -sc 'map(select(.type == "flow" and .local.port == 47001) | .interval) |
	"\(map(.tx_packets) | add) \(map(.tx_bytes) | add)"' $records)" \
	"\"$(sent "$sent" packets) $(sent "$sent" bytes)\"" "its records have the flow to the byte"
rm -f $records

run_in_a unix "$ftlisten" unix /run/flows.sock
wait_for "[ -S /run/flows.sock ]"
type_it ndjson+unix
end_of unix
rm -f /run/flows.sock
is "$(jq -sc 'map(select(.type == "flow" and .local.port == 47001) | .interval) |
	"\(map(.tx_packets) | add) \(map(.tx_bytes) | add)"' "$work/unix.out")" \
	"\"$(sent "$sent" packets) $(sent "$sent" bytes)\"" "so have those of the socket"

run_in_a zmq "$ftzmq" connect tcp://127.0.0.1:5556
type_it zmq: 'the flow is told of' "grep -q 47001 '$work/zmq.out'"
is "$(jq -sc 'map(select(.L4_SRC_PORT == 47001 and .IN_PKTS)) | "\(map(.IN_PKTS) | add) \(map(.IN_BYTES) | add)"' "$work/zmq.out")" \
	"\"$(sent "$sent" packets) $(sent "$sent" bytes)\"" "and what it counted, to the byte"
end_of zmq
tm kill-server

# ---- a collector that comes late, one that is stuck

mkfifo "$work/fifo"
exec 5<>"$work/fifo" # somebody has it open, and never reads
ft_start late a -i v0 --export 'ipfix+tcp://127.0.0.1:4741?active=1&idle=1' --export "ndjson://$work/fifo"
ft_send a v0 b -n 300 -s 100 --sport 7002 udp >/dev/null
ft_wait_seen late 300
ok "the health line says that one is away" \
	wait_for "ft_last late .health.notes | grep -q 'ipfix+tcp://127.0.0.1:4741.*refused'"
nf_start away 4742
run_in_a relay "$ftlisten" tcp 4741 4742
listens t 4741
ok "once it is there, it is not any more" \
	wait_for "! ft_last late .health.notes | grep -q 'ipfix+tcp://127.0.0.1:4741'" 20
ok "the health line says that the other is stuck" \
	wait_for "ft_send a v0 b -n 5 -s 100 --sport 7003 udp >/dev/null;
		ft_last late .health.notes | grep -q 'ndjson://.*fifo.*intervals lost'" 60
is "$(ft_last late .health.lengthened)" 0 "nothing waited for it"
exec 5<&-
ft_stop late
end_of relay
end_of away
is "$(nf_sum away)" "$(ft_last late '.total.flows | "\(.packets) \(.bytes)"')" \
	"the late one has all that went on, to the byte"
ft_line late
done_testing
