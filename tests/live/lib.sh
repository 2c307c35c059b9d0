# shellcheck shell=bash
# For live tests; a test is tests/live/t_NAME.sh:
#
#	#!/usr/bin/env bash
#	# What is tested, in a sentence.          (then for tests/live/run: "# seconds: 40" and the like)
#	. "$(dirname "$0")/lib.sh"
#	ns_pair a b                               # a: 10.0.0.1 fd00::1, b: 10.0.0.2 fd00::2, on v0
#	ft_start sender a -i v0                   # flowtop -b -o ndjson, counting once this returns
#	sent=$(ft_send a v0 b -n 1000 -s 200 udp) # sends frames, prints what it sent as JSON
#	ft_stop sender
#	is "$(ft_from sender 10.0.0.1 '.protocol == 17')" "$(sent_triple "$sent")" "UDP to the byte"
#	ft_line sender                            # the line adds up, in every summary
#	done_testing
#
# tests/live/run runs it (as root) in network and mount namespaces of its own and kills what it
# leaves. Namespaces made by ns_add vanish with it. Rules: no sleep instead of a condition
# (wait_for), bounded counts, no traffic outside of the namespaces.
# What may be missing on a machine: `need_link TYPE` or skip_all, and a line in tests/skips.

set -u
: "${top_builddir:?run it by tests/live/run}" "${top_srcdir:?}" "${FT_LIVE_MARK:?}"
flowtop=$top_builddir/flowtop
ftsend=$top_builddir/tests/live/tools/ftsend
work=$(mktemp -d)
tap_count=0
tap_failed=0
declare -A ft_pids=()
trap finish EXIT
trap 'exit 130' INT TERM HUP

# ---- TAP

# ok NAME COMMAND...: passes if the command succeeds.
ok() {
	local name=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@"; then
		echo "ok $tap_count - $name"
		return 0
	fi
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $name"
	return 1
}

# quiet COMMAND...: for ok, whose own line must get through.
quiet() { "$@" >"$work/quiet.log" 2>&1; }

# is GOT WANTED NAME
is() {
	ok "$3" [ "$1" = "$2" ] || {
		echo "#      got: $1"
		echo "#   wanted: $2"
		return 1
	}
}

# within GOT LOW HIGH NAME: an integer in a range.
within() {
	ok "$4" eval "[ '$1' -ge '$2' ] && [ '$1' -le '$3' ]" ||
		{ echo "#      got: $1, wanted: $2 to $3"; return 1; }
}

# skip NAME REASON: one test that cannot be made here.
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all REASON: ends the test; before any other result.
skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

bail() {
	echo "Bail out! $*"
	exit 1
}

# The last line of each test.
done_testing() {
	[ ${#ft_expected[@]} -eq 0 ] || ok "each is_from has an ft_line: ${!ft_expected[*]}" false
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
	exit
}

note() { printf '# %s\n' "$*"; }

# wait_for CONDITION [SECONDS]: evaluates the condition until it holds; a minute at most, or SECONDS if these
# are more, times FT_SLOW on a slow machine. A bound costs nothing while it isn't reached, and one that
# is short is reached on a machine that has other work. Nor may one be reached while nobody could work:
# of a machine that stood still, or whose clock was set, each try counts as five seconds at most.
wait_for() {
	local patience=${2:-60} looked_at=$SECONDS passed_s
	[ "$patience" -ge 60 ] || patience=60
	patience=$((patience * ${FT_SLOW:-1}))
	until eval "$1"; do
		passed_s=$((SECONDS - looked_at)) looked_at=$SECONDS
		patience=$((patience - (passed_s < 0 ? 0 : passed_s > 5 ? 5 : passed_s)))
		[ "$patience" -gt 0 ] || { note "waited in vain for: $1"; tell_flowtops; return 1; }
		sleep 0.05
	done
}

# empty NAME...: these files in $work are, from now on. What runs in the background opens its own a moment
# later; until then the words of the one before would be taken for its.
empty() {
	local name
	for name; do : >"$work/$name"; done
}

# How long the machine has been up, in hundredths of a second: a clock that nobody sets.
uptime_cs() {
	local up
	read -r up _ </proc/uptime
	echo "${up/./}"
}

# What this test's flowtops are at, for who has to find out why nothing came.
tell_flowtops() {
	local pid task
	for pid in $(pgrep -x "${flowtop##*/}"); do
		tr '\0' '\n' <"/proc/$pid/environ" | grep -qxF "FT_LIVE_MARK=$FT_LIVE_MARK" || continue
		note "$pid, for $(ps -o etimes= -p "$pid") s: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		for task in "/proc/$pid/task"/*; do
			note "  $(awk '/^(Name|State):/ { print $2 }' "$task/status" | xargs) $(head -n 4 "$task/stack" |
				awk '{ print $2 }' | xargs)"
		done
	done 2>/dev/null
}

# Runs on every exit: stops flowtops and names what they said on stderr.
finish() {
	local status=$? name
	trap - EXIT INT TERM HUP
	for name in "${!ft_pids[@]}"; do
		kill -KILL "${ft_pids[$name]}" 2>/dev/null
	done
	for name in $(ip netns list 2>/dev/null | cut -d' ' -f1); do
		ip netns pids "$name" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
		ip netns del "$name" 2>/dev/null
	done
	if [ "$status" -ne 0 ]; then
		for name in "$work"/*.err; do
			[ -s "$name" ] && sed "s|^|# ${name##*/}: |" "$name"
		done
	fi
	rm -rf "$work"
	exit "$status"
}

# ---- namespaces

# ns_add NAME...: namespaces with lo up, without anything that sends by itself.
ns_add() {
	local ns
	for ns; do
		ip netns add "$ns" || bail "cannot make namespace $ns"
		in_ns "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.dad_transmits=0 net.ipv6.conf.default.accept_ra=0 \
			net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.all.addr_gen_mode=1 \
			net.ipv4.ip_forward=0 || bail "cannot set up namespace $ns"
		in_ns "$ns" ip link set lo up
	done
}

# in_ns NAME COMMAND...
in_ns() {
	local ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# ns_veth NS1 IF1 NS2 IF2: a veth pair, both ends up.
ns_veth() {
	ip -n "$1" link add "$2" type veth peer name "$4" netns "$3" || bail "cannot make a veth pair"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# ns_addr NS IF ADDRESS/LENGTH...
ns_addr() {
	local ns=$1 dev=$2 address
	shift 2
	for address; do
		case $address in
		*:*) ip -n "$ns" addr add "$address" dev "$dev" nodad ;;
		*) ip -n "$ns" addr add "$address" dev "$dev" ;;
		esac || bail "cannot add $address to $dev in $ns"
	done
}

ns_mac() { ip -n "$1" link show dev "$2" | awk '/link\/ether/ { print $2 }'; }
ns_index() { ip -n "$1" -o link show dev "$2" | cut -d: -f1; }

# ns_know NS IF NS2 IF2: NS knows all addresses of IF2 as neighbours on IF (no ARP, no ND).
ns_know() {
	local mac address
	mac=$(ns_mac "$3" "$4")
	for address in $(ip -n "$3" addr show dev "$4" | awk '/^ *inet/ { sub("/.*", "", $2); print $2 }'); do
		ip -n "$1" neigh replace "$address" lladdr "$mac" dev "$2" nud permanent
	done
}

# ns_pair A B: two namespaces joined by a veth named v0 on both sides, neighbours known.
ns_pair() {
	ns_add "$1" "$2"
	ns_veth "$1" v0 "$2" v0
	ns_addr "$1" v0 10.0.0.1/24 fd00::1/64
	ns_addr "$2" v0 10.0.0.2/24 fd00::2/64
	ns_know "$1" v0 "$2" v0
	ns_know "$2" v0 "$1" v0
	settle "$1" v0
	settle "$2" v0
}

# ns_bridge NS BRIDGE PORT-NS...: a bridge in NS with ports p1, p2, ...; port N leads to v0 in the
# N-th PORT-NS (made if need be), which gets 10.0.0.N/24 and fd00::N/64; all know each other.
ns_bridge() {
	local ns=$1 bridge=$2 i=0 other peer
	shift 2
	ip netns list | grep -qw "$ns" || ns_add "$ns"
	ip -n "$ns" link add "$bridge" type bridge stp_state 0 mcast_snooping 0 ||
		bail "cannot make a bridge"
	ip -n "$ns" link set "$bridge" up
	for other; do
		i=$((i + 1))
		ip netns list | grep -qw "$other" || ns_add "$other"
		ns_veth "$ns" "p$i" "$other" v0
		ip -n "$ns" link set "p$i" master "$bridge"
		ns_addr "$other" v0 "10.0.0.$i/24" "fd00::$i/64"
	done
	for other; do
		for peer; do
			[ "$other" = "$peer" ] || ns_know "$other" v0 "$peer" v0
		done
	done
	for other; do settle "$other" v0; done
}

# ns_offload NS IF on|off: segmentation and receive offloads.
ns_offload() {
	in_ns "$1" ethtool -K "$2" tso "$3" gso "$3" gro "$3" tx-udp-segmentation "$3" >/dev/null
}

# settle NS IF: waits until the interface has sent nothing for a second (MLD reports die down).
settle() {
	local before now tries=0
	now=$(ns_sent "$1" "$2")
	while [ "$((tries++))" -lt 8 ]; do
		before=$now
		sleep 1
		now=$(ns_sent "$1" "$2")
		[ "$now" != "$before" ] || return 0
	done
}

# ns_sent NS IF: packets that the device counts as sent.
ns_sent() { ip -n "$1" -s link show dev "$2" | awk '/^ *TX:/ { getline; print $2 }'; }

# need_link TYPE...: skips the test where the kernel has no such link type.
need_link() {
	local type
	for type; do
		unshare -n ip link add ft0 type "$type" 2>/dev/null || skip_all "no link type $type here"
	done
}

# ---- containers, by runc

# Call it once: the tests' own /sys, which it takes away, hides the cgroups that runc needs.
have_runc() {
	runc=$(command -v runc) || return 1
	umount /sys
	grep -q cgroup /proc/self/mounts
}
need_runc() { have_runc || skip_all "no runc, or no cgroups here"; }

# in_box NS NAME COMMAND...: runs it in a container in that namespace, which sees the build as /build.
# LeakSanitizer must trace its process, which nothing may in there.
in_box() {
	local ns=$1 name=$2 dir=$work/$2
	shift 2
	mkdir -p "$dir/rootfs"/{usr,bin,lib,lib64,proc,dev,sys,build}
	(cd "$dir" && "$runc" spec)
	jq --arg ns "$ns" --arg build "$top_builddir" --args '
		.process.terminal = false | .root.readonly = false | .process.args = $ARGS.positional |
		.process.env += ["ASAN_OPTIONS=detect_leaks=0"] |
		.linux.namespaces |= map(if .type == "network" then .path = "/run/netns/" + $ns else . end) |
		.mounts += [{destination: "/build", source: $build, type: "bind", options: ["rbind", "ro"]}] +
			(["/usr", "/bin", "/lib", "/lib64"] |
			 map({destination: ., source: ., type: "bind", options: ["rbind", "ro"]}))
		' "$@" <"$dir/config.json" >"$dir/new.json" && mv "$dir/new.json" "$dir/config.json"
	"$runc" run --bundle "$dir" "$name"
}

# ---- collectors: what tools/collectors unpacked, or what is installed

collectors=${FT_COLLECTORS:-$top_srcdir/build/collectors}

# need_collector PROGRAM...: skips the test where one is missing.
need_collector() {
	local program
	for program; do
		collector_path "$program" >/dev/null || skip_all "no $program here"
	done
}

collector_path() {
	local path
	for path in "$collectors/usr/bin/$1" "$collectors/usr/sbin/$1" "$(command -v "$1")"; do
		if [ -x "$path" ]; then echo "$path"; return; fi
	done
	return 1
}

# collector_env: for env, in front of a collector's path.
collector_env() {
	local lib=$collectors/usr/lib
	echo "LD_LIBRARY_PATH=$lib/$(gcc -dumpmachine 2>/dev/null || echo x86_64-linux-gnu):$lib"
}

# ---- flowtop

# True where the kernel has tcx links, whatever flowtop thinks.
have_tcx() { unshare -n "$top_builddir/tests/live/tools/ftforeign" lo last NEXT </dev/null >/dev/null 2>&1; }

# backends NAME...: those names, one a line, with tc in tcx's place where the kernel has no tcx.
# (t_doctor holds that flowtop finds tcx wherever the kernel has it.)
backends() {
	if have_tcx; then printf '%s\n' "$@"; else printf '%s\n' "${@/#tcx/tc}" | awk '!seen[$0]++'; fi
}

# ft_start NAME NS OPTIONS...: starts flowtop in batch ndjson; returns once it has printed its
# first summary, so that it counts from then on. Without a -d the interval is FT_INTERVAL, or
# 0.2 s. FT_PANE (flows) says what is printed: events tell of all namespaces, so that a test that
# prints them reads those of the tests beside it, too.
ft_start() {
	local name=$1 ns=$2
	shift 2
	case " $* " in *' -d '*) ;; *) set -- -d "${FT_INTERVAL:-0.2}" "$@" ;; esac
	empty "$name.ndjson"
	# Not by in_ns: $! would be the shell that runs the function.
	ip netns exec "$ns" env FT_LIVE_MARK="$FT_LIVE_MARK" "$flowtop" -b -o ndjson --pane "${FT_PANE:-flows}" -n -N "$@" \
		>"$work/$name.ndjson" 2>"$work/$name.err" </dev/null &
	ft_pids[$name]=$!
	wait_for "grep -q '\"type\":\"summary\"' '$work/$name.ndjson' || ! ft_alive $name" 15 ||
		bail "$name printed no summary"
	ft_alive "$name" || bail "$name ended: $(cat "$work/$name.err")"
}

ft_alive() { kill -0 "${ft_pids[$1]}" 2>/dev/null; }

# ft_stop NAME: SIGTERM; waits for the end; FT_STATUS is its exit status.
ft_stop() {
	local pid=${ft_pids[$1]}
	kill -TERM "$pid" 2>/dev/null
	wait_for "! ft_alive $1" 15 || { kill -KILL "$pid"; ok "$1 ends on SIGTERM" false; }
	wait "$pid"
	# shellcheck disable=SC2034 # for the test
	FT_STATUS=$?
	unset "ft_pids[$1]"
}

# ft_kill NAME: kill -9.
ft_kill() {
	kill -KILL "${ft_pids[$1]}"
	wait "${ft_pids[$1]}" 2>/dev/null
	unset "ft_pids[$1]"
}

# Where its records are, one a line.
ft_out() { echo "$work/$1.ndjson"; }

# ft_jq NAME JQ-PROGRAM [JQ-OPTIONS]: over all complete records as one array.
ft_jq() {
	local name=$1 program=$2
	shift 2
	grep -a '}$' "$(ft_out "$name")" | jq -rcs "$@" "$program"
}

# ft_from NAME ADDRESS [CONDITION]: what ADDRESS sent in all flows that meet the jq condition:
# "packets bytes l2_bytes", summed over the intervals.
ft_from() { ft_froms "$1" <<<"$2 ${3:-true}"; }

# ft_froms NAME: the same for many: reads lines "ADDRESS CONDITION" and prints a line for each. One
# jq does it all, for a machine on which starting it takes long.
ft_froms() {
	local name=$1 from condition program=
	while read -r from condition; do
		program+="${program:+, }from(\"$from\"; $condition)"
	done
	ft_jq "$name" "$ft_jq_from map(select(.type == \"flow\")) | $program"
}
# shellcheck disable=SC2016 # jq's variables
ft_jq_from='def from($from; condition): [.[] | select(condition) |
	if .local.address == $from then .interval | [.tx_packets, .tx_bytes, .tx_l2_bytes]
	elif .remote.address == $from then .interval | [.rx_packets, .rx_bytes, .rx_l2_bytes]
	else empty end] | [range(3) as $i | map(.[$i] // 0) | add // 0] | join(" ");'

# is_from NAME ADDRESS CONDITION WANTED TEXT: tests what ft_from tells, but later: by the next
# ft_line of NAME, together with all others, for that machine's sake.
is_from() { ft_expected[$1]+="$2"$'\t'"$3"$'\t'"$4"$'\t'"$5"$'\n'; }
declare -A ft_expected=()

# ft_total NAME TERM: "packets l2_bytes" of a term of the line (seen flows other not_ip malformed
# lost), from the last summary.
ft_total() {
	ft_last "$1" ".total.$2 | \"\\(.packets) \\(.l2_bytes)\""
}

# ft_last NAME PATH: a value of the last summary (.interfaces[0].backend).
ft_last() {
	{ grep -a '"type":"summary".*}$' "$(ft_out "$1")" || echo null; } | tail -n 1 | jq -rc "$2"
}

# ft_wait_seen NAME N [SECONDS]: until it has seen N packets or more.
ft_wait_seen() {
	wait_for "[ \"\$(ft_seen $1)\" -ge $2 ]" "${3:-10}"
}

# ft_rounds NAME N: until it has printed N more summaries: began so many intervals from now on.
ft_rounds() {
	local wanted=$(($(ft_summaries "$1") + $2 + 1))
	wait_for "[ \$(ft_summaries $1) -ge $wanted ]" $((10 + $2)) || bail "$1 prints no more summaries"
}
ft_summaries() { grep -c '"type":"summary".*}$' "$(ft_out "$1")"; }

# ft_seen NAME: ft_last NAME .total.seen.packets, for polling: it is cheap.
ft_seen() {
	awk '/"type":"summary"/ && match($0, /"total":[{]"seen":[{]"packets":[0-9]+/) {
			seen = substr($0, RSTART, RLENGTH)
			sub(/.*:/, "", seen)
		}
		END { print seen + 0 }' "$(ft_out "$1")"
}

# ft_lost NAME: packets lost, of the last summary. Cheap, too.
ft_lost() {
	awk '/"type":"summary"/ {
			total = substr($0, index($0, "\"total\":{\"seen\""))
			n = 0
			if (match(total, /"lost":[{]"packets":[0-9]+/)) {
				n = substr(total, RSTART, RLENGTH)
				sub(/.*:/, "", n)
			}
		}
		END { print n + 0 }' "$(ft_out "$1")"
}

# ft_line NAME: what is_from has put off; then tests that the line adds up in every summary, for
# the sum and each interface, over intervals and totals, in packets and l2_bytes; and that the flow
# records with `hidden` add up to the interval's flows. A name of its own, "NAME: ", begins both.
ft_line() {
	local from condition wanted text program= got=() row=0
	while IFS=$'\t' read -r from condition wanted text; do
		[ -z "$from" ] || program+="from(\"$from\"; $condition), "
	done <<<"${ft_expected[$1]-}"
	mapfile -t got < <(ft_jq "$1" "$ft_jq_from
		(map(select(.type == \"flow\")) | $program empty), $ft_jq_line")
	while IFS=$'\t' read -r from condition wanted text; do
		[ -z "$from" ] || is "${got[row++]-}" "$wanted" "$text"
	done <<<"${ft_expected[$1]-}"
	unset "ft_expected[$1]"
	is "${got[row]-}" true "$1: seen = flows + other + not IP + malformed + lost, always"
	is "${got[row + 1]-none}" "" "$1: flow records add up to the flows of their interval"
}
# shellcheck disable=SC2016 # jq's variables
ft_jq_line='(def adds: . as $l | ["packets", "l2_bytes"] | all(.[]; . as $k |
		$l.seen[$k] == ([$l | .flows, .other, .not_ip, .malformed, .lost | .[$k] // 0] | add));
	map(select(.type == "summary")) | [length > 0,
		(map([., (.interfaces // [])[]])[] | map(.interval, .total)[] |
		 select(.seen) | adds)] | all),
	(def sum($k): map(.interval["tx_" + $k] // 0, .interval["rx_" + $k] // 0) | add // 0;
	[group_by(.time)[] | (map(select(.type == "summary")) | first) as $s | select($s) |
		map(select(.type == "flow")) |
		{packets: sum("packets"), bytes: sum("bytes"), l2_bytes: sum("l2_bytes")} as $f |
		["packets", "bytes", "l2_bytes"][] | . as $k |
		select($s.interval.flows[$k] != $f[$k] + ($s.hidden[$k] // 0)) |
		"\($s.time) \($k): \($s.interval.flows[$k]), records \($f[$k])"] | join("; "))'

# ---- traffic

# ft_send NS IF PEER-NS OPTIONS... KIND: ftsend from NS on IF, to the MAC of v0 in PEER-NS
# ("-": broadcast). Prints the JSON of what was sent.
ft_send() {
	local ns=$1 dev=$2 peer=$3 mac=ff:ff:ff:ff:ff:ff
	shift 3
	[ "$peer" = - ] || mac=$(ns_mac "$peer" v0)
	in_ns "$ns" "$ftsend" -i "$dev" -D "$mac" "$@"
}

# sent_triple JSON: "packets bytes l2_bytes" of what ftsend printed, to compare with ft_from.
sent_triple() { echo "$(sent "$1" packets) $(sent "$1" bytes) $(sent "$1" l2_bytes)"; }

# sent JSON NAME: a number of what ftsend printed. Not by jq, which takes long to start.
sent() { [[ $1 =~ \"$2\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"; }
