#!/usr/bin/env bash
# What goes wrong on other people's machines, made to go wrong here: a kernel that refuses each rung
# of the ladder or has no memory for maps, an interface that dies again and again under load, no
# descriptors left, no /proc, kill -9 at any moment, a long stop, a full disk, a terminal that
# vanishes, more flows than anything can hold. Each time: right numbers, or a clear word.
# timeout: 900
# seconds: 100
. "$(dirname "$0")/lib.sh"
export FT_PANE=all # each fault meets all that it may load

tools=$top_builddir/tests/live/tools
saved=$flowtop
ns_pair a b

# refusing RULE...: the flowtop that the following starts use.
refusing() {
	printf '#!/bin/sh\nexec %s/ftrefuse %s -- %s "$@"\n' "$tools" "$*" "$saved" >"$work/flowtop-refused"
	chmod +x "$work/flowtop-refused"
	flowtop=$work/flowtop-refused
}
# fails WITH NAME OPTIONS...: exit status, and one sentence on stderr that begins as all do.
fails() {
	local status=$1 name=$2 got
	shift 2
	ip netns exec a timeout 60 "$flowtop" -b -c 1 -i v0 "$@" >"$work/refused.out" 2>"$work/refused.err"
	got=$?
	is "$got $(wc -l <"$work/refused.err") $(cut -c1-9 "$work/refused.err")" "$status 1 flowtop: " "$name" ||
		sed 's/^/# /' "$work/refused.err"
}
# counts NAME BACKEND: it runs on that rung, says why, and counts to the byte.
counts() {
	local name=$1 sent
	sent=$(ft_send a v0 b -n 500 -s 300 --sport 7600 udp)
	ft_wait_seen "$name" 500
	ft_stop "$name"
	is "$(ft_last "$name" '.interfaces[0].backend')" "$2" "$name: which rung"
	is "$(ft_from "$name" 10.0.0.1 '.local.port == 7600 or .remote.port == 7600')" \
		"$(sent_triple "$sent")" "$name: to the byte"
	ft_line "$name"
}
# The numbers of bpf(2): 0 makes a map, 5 loads a program, 28 makes a link; of sockets: 17 is
# AF_PACKET; 263 and 5 are its ring.
no_maps=bpf,0=0,ENOMEM no_programs=bpf,0=5,EPERM no_links=bpf,0=28,EINVAL no_bpf=bpf,ENOSYS
no_packets=socket,0=17,EPERM no_ring=setsockopt,1=263,2=5,ENOMEM

# Stopped for a minute while more comes than the log holds at once; it goes on far below, when the
# minute is over.
ns_pair c d
for backend in $(backends tcx packet); do
	ft_start stopped-$backend c -i v0 --backend $backend
	kill -STOP "${ft_pids[stopped-$backend]}"
done
stopped_at=$(uptime_cs)
sent_to_stopped=$(ft_send c v0 d -n 20000 --sport 10000 --flows 2000 udp)

# Each rung refused: the next one counts, and says why it is that one.
if have_tcx; then
	refusing $no_links
	ft_start no-links a -i v0
	counts no-links tc
	ok "no links: the reason is told" [ -n "$(ft_last no-links '.interfaces[0].backend_reason // empty')" ]
fi
for fault in "$no_maps" "$no_programs" "$no_bpf"; do
	refusing "$fault"
	ft_start "fault-$fault" a -i v0
	counts "fault-$fault" packet
	ok "$fault: the reason is told" [ -n "$(ft_last "fault-$fault" '.interfaces[0].backend_reason // empty')" ]
done
refusing $no_maps
fails 4 "no memory for maps, asked for tc" --backend tc
refusing $no_programs $no_packets
fails 2 "every rung refused for want of rights"
refusing $no_maps $no_ring
fails 4 "every rung refused for want of memory"
refusing $no_ring
fails 4 "no ring, asked for packets" --backend packet
# What it cannot give up it says, and goes on.
refusing landlock,ENOSYS
ft_start no-landlock a -i v0
counts no-landlock "$(backends tcx)"
flowtop=$saved

# kill -9 at random moments, from before the first map to long after the last filter: nothing of it
# counts on, the next one counts to the byte and leaves nothing. FT_SEED makes the same ones again.
RANDOM=${FT_SEED:=$$}
note "FT_SEED=$FT_SEED"
for backend in $(backends tcx tc); do
	for round in 1 2 3 4 5 6 7 8 9 10; do
		# Most of what is made is made early: half of the moments lie within 0.3 s.
		moment=$(awk -v r=$RANDOM -v n=$round 'BEGIN { print (n % 2 ? 0.3 : 1.2) * r / 32768 }')
		ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" "$saved" -b -o ndjson -i v0 -d 0.1 \
			--backend "$backend" >"$work/killed" 2>/dev/null </dev/null &
		sleep $moment # the moment itself is what is tested
		kill -KILL $!
		wait $! 2>/dev/null
	done
	ft_start after-$backend a -i v0 --backend $backend
	counts after-$backend $backend
	is "$(in_ns a tc filter show dev v0 ingress 2>/dev/null | grep -c flowtop)
$(in_ns a tc filter show dev v0 egress 2>/dev/null | grep -c flowtop)" $'0\n0' "$backend: no filter is left"
done

export FT_PANE=flows

# An interface that dies under load, five times, under its own name: what is sent when it is back
# for good counts to the byte.
for backend in $(backends tcx tc packet); do
	ft_start churn-$backend a -i 'v0,q*' --backend $backend
	for round in 1 2 3 4 5; do
		ip -n a link add q0 type veth peer name v1 netns b
		ip -n a link set q0 up
		ip -n b link set v1 up
		in_ns a "$ftsend" -i q0 -D ff:ff:ff:ff:ff:ff -n 200000 --src 10.2.0.1 --dst 10.2.0.2 \
			--sport 7700 --flows 500 udp >/dev/null 2>&1 &
		sender=$!
		wait_for "[ \$(ns_sent a q0) -gt $((round * 500)) ]"
		ip -n a link del q0
		wait $sender
	done
	ip -n a link add q0 type veth peer name v1 netns b
	ip -n a link set q0 up
	ip -n b link set v1 up
	settle a q0
	wait_for "[ \"\$(ft_last churn-$backend '[.interfaces[] | select(.name == \"q0\")] | length')\" = 1 ]"
	sent=$(ft_send a q0 - -n 300 --src 10.2.0.3 --dst 10.2.0.4 --sport 7701 udp)
	wait_for "[ \"\$(ft_from churn-$backend 10.2.0.3 | cut -d' ' -f1)\" = 300 ]"
	ft_stop churn-$backend
	is "$FT_STATUS" 0 "churn: $backend ends well"
	is "$(ft_from churn-$backend 10.2.0.3)" "$(sent_triple "$sent")" "churn: $backend: to the byte in the end"
	ft_line churn-$backend
	ip -n a link del q0
done

# No descriptor left: a new interface can't be watched, the old one goes on; once there are some,
# it is watched after all.
ft_start fds a -i 'v0,q*'
pid=${ft_pids[fds]}
# shellcheck disable=SC2012 # numbers
highest=$(ls "/proc/$pid/fd" | sort -n | tail -n 1)
prlimit --pid "$pid" --nofile=$((highest + 1)):1048576
ip -n a link add q0 type veth peer name v1 netns b
ip -n a link set q0 up
ip -n b link set v1 up
settle a q0
sent=$(ft_send a v0 b -n 400 --sport 7800 udp)
wait_for "[ \"\$(ft_from fds 10.0.0.1 '.local.port == 7800' | cut -d' ' -f1)\" = 400 ]"
is "$(ft_from fds 10.0.0.1 '.local.port == 7800')" "$(sent_triple "$sent")" "no descriptors: what is watched counts on"
prlimit --pid "$pid" --nofile=1024:1048576
ok "with descriptors again it watches the new one" wait_for \
	"ft_send a q0 - -n 1 --src 10.2.0.5 --dst 10.2.0.6 --sport 7801 udp >/dev/null; [ \"\$(ft_from fds 10.2.0.5 | cut -d' ' -f1)\" -gt 0 ]" 30
ft_stop fds
ft_line fds
ip -n a link del q0

# No /proc at all.
ft_proc() {
	local name=$1 how=$2
	shift 2
	printf '#!/bin/sh\nexec unshare -m sh -c '\''mount -t %s && exec "$@"'\'' sh %s "$@"\n' "$how" "$saved" \
		>"$work/flowtop-$name"
	chmod +x "$work/flowtop-$name"
	flowtop=$work/flowtop-$name
	ft_start "$name" a -i v0 "$@"
	flowtop=$saved
}
for backend in "$(backends tcx)" packet; do
	ft_proc noproc-$backend 'tmpfs none /proc' --backend $backend
	counts noproc-$backend $backend
	# BPF needs no /proc; without it nobody is known.
	is "$(ft_jq noproc-$backend 'map(select(.type == "flow") | .local.process.name // .remote.process.name //
		"ftsend") | unique | join(" ")')" ftsend "no /proc: $backend: no owner is made up"
done

# One whose files of other processes may not be read, for want of the rights: owners are what BPF says, or
# unknown, and the packets count all the same.
printf '#!/bin/sh\nexec setpriv --bounding-set=-sys_ptrace,-dac_read_search,-dac_override --securebits=+noroot --inh-caps=-all,+net_admin,+net_raw,+bpf,+perfmon --ambient-caps=-all,+net_admin,+net_raw,+bpf,+perfmon -- %s "$@"\n' \
	"$saved" >"$work/flowtop-blind"
chmod +x "$work/flowtop-blind"
for backend in "$(backends tcx)" packet; do
	flowtop=$work/flowtop-blind
	ft_start blind-$backend a -i v0 --backend $backend
	flowtop=$saved
	ok "unreadable /proc: $backend: other processes are closed to it" \
		[ "$(($(awk '/^CapEff:/ { print "0x" $2 }' "/proc/${ft_pids[blind-$backend]}/status") & (1 << 19 | 1 << 2)))" = 0 ]
	counts blind-$backend $backend
	is "$(ft_jq blind-$backend 'map(select(.type == "flow") | .local.process.name // .remote.process.name //
		"ftsend") | unique | join(" ")')" ftsend "unreadable /proc: $backend: no owner is made up"
done

# A million new flows as fast as one sender can, ten thousand of them shown: none goes untold.
ft_start flood a -i v0 --max-flows 10000 -d 1
total=0
for net in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	in_ns a "$ftsend" -i v0 -D "$(ns_mac b v0)" -n 62500 --src 10.9.0.$net --dst 10.0.0.2 \
		--sport 1000 --flows 62500 udp >"$work/flood.json"
	total=$((total + $(jq .packets "$work/flood.json")))
done
is "$total" 1000000 "a million flows were sent"
ft_wait_seen flood 1000000 60
ft_stop flood
is "$FT_STATUS" 0 "flood: it ends well"
read -r packets _ <<<"$(ft_total flood seen)"
ok "flood: all were seen: $packets" [ "$packets" -ge 1000000 ]
ok "flood: no more rows than asked for" [ "$(ft_jq flood 'map(select(.type == "summary") | .live_flows) | max')" -le 10000 ]
is "$(ft_last flood '(.total.lost.by // {} | add // 0) - .total.lost.packets')" 0 "flood: no loss without a cause"
ft_line flood

# A program whose name is a terminal's command and no UTF-8: each record is text, and JSON.
evil=$'\033]0;evil\007\033[2J\377\200'
cp "$tools/fttalk" "$work/$evil"
ft_start evil a -i v0
ip netns exec b "$tools/fttalk" listen 5000 >"$work/server.out" &
wait_for "grep -q ready '$work/server.out'"
mkfifo "$work/talk"
ip netns exec a "$work/$evil" connect 10.0.0.2 5000 cubic <"$work/talk" >"$work/client.out" &
exec 8>"$work/talk"
ok "evil: its owner is found" wait_for "echo 100 >&8
	[ \"\$(ft_jq evil 'map(select(.type == \"flow\" and .local.process.name_hex)) | length')\" -ge 1 ]" 30
ft_stop evil
ok "evil: the records are UTF-8" quiet iconv -f UTF-8 -t UTF-8 "$(ft_out evil)"
is "$(tr -d '\n' <"$(ft_out evil)" | tr -d '[:print:]\200-\377' | wc -c)" 0 "evil: no control character in them"
is "$(ft_jq evil 'map(select(.type == "flow") | .local.process.name_hex // empty) | unique | join(" ")')" \
	"$(head -c 15 <<<"$evil" | od -An -v -tx1 | tr -d ' \n')" "evil: the true name is told in hexadecimal"
ft_line evil

# The minute is over: all is told, in one long interval.
wait_for "[ \$((\$(uptime_cs) - $stopped_at)) -gt 6000 ]" 70
for backend in $(backends tcx packet); do
	kill -CONT "${ft_pids[stopped-$backend]}"
	ft_wait_seen stopped-$backend 20000
	ft_stop stopped-$backend
	is "$(ft_from stopped-$backend 10.0.0.1 '.local.port >= 10000')" \
		"$(sent_triple "$sent_to_stopped")" "stopped: $backend: to the byte"
	ok "stopped: $backend: the interval says how long it was" [ "$(ft_jq stopped-$backend \
		'map(select(.type == "summary") | .interval_ns) | max')" -ge 59900000000 ]
	ft_line stopped-$backend
done

# The screen, on a disk that is full; then a terminal that goes away, with and without SIGHUP.
export LC_ALL=C.UTF-8 TERM=xterm-256color
tm() { tmux -L "ft$$" "$@"; }
screen() { tm capture-pane -p -t t; }
shows() { screen | grep -qF -- "$1"; }
sees() { wait_for "shows '$1'" "${2:-8}" || { screen | sed 's/^/# |/'; return 1; }; }
mkdir "$work/full"
mount -t tmpfs -o size=4k,nr_inodes=8 ft-full "$work/full"
head -c 4096 /dev/zero >"$work/full/stuff" 2>/dev/null
terminal() {
	ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" HOME="$work/full" \
		tmux -L "ft$$" -f /dev/null new-session -d -s t -x 100 -y 30 sh
	tm send-keys -t t "cd $work/full; clear; $1 $saved -n -N -i v0 -d 0.3; echo left-\$?" Enter
	sees "($(backends tcx))" 30 || bail "no screen"
}
terminal ''
ft_send a v0 b -n 50 --sport 7900 udp >/dev/null
sees 10.0.0.1:7900
tm send-keys -t t w
ok "a full disk: key w says so" sees 'No space left'
is "$(ls "$work/full")" stuff "a full disk: no half a file is left"
tm send-keys -t t Q
sees left-0 30 || bail "it does not quit"
tm send-keys -t t "clear; $tools/ftrefuse landlock,ENOSYS -- $saved -n -N -i v0 -d 0.3; echo left-\$?" Enter
ok "what could not be given up is said" sees 'more rights than it needs: Landlock' 30
tm send-keys -t t Q
sees left-0 30 || bail "it does not quit"
tm send-keys -t t "clear; $saved -n -N -i v0 -d 0.3" Enter
sees "($(backends tcx))" 30 || bail "no screen"
pid=$(ip netns pids a | while read -r p; do [ "$(cat "/proc/$p/comm")" = flowtop ] && echo "$p"; done)
tm send-keys -t t 1
echo 100 >&8
ok "a name of escape sequences is shown as text" sees '\x1B]0;evil'
exec 8>&-
for how in hangup ignored; do
	[ $how = hangup ] || {
		terminal 'trap "" HUP; exec'
		pid=$(ip netns pids a | while read -r p; do [ "$(cat "/proc/$p/comm")" = flowtop ] && echo "$p"; done)
	}
	tm kill-server
	ok "$how: a terminal that is gone ends it" wait_for "! kill -0 $pid 2>/dev/null"
	ok "$how: and nothing is left on the interface" quiet wait_for \
		"! ip netns exec a bpftool net show dev v0 | grep -q flowtop"
done
umount "$work/full"
done_testing
