#!/usr/bin/env bash
# Who owns what: each scenario of tests/live/owners.list, by BPF and by sock_diag and /proc alone.
# The right process and the right bytes, or, where a row says so, an honest "unknown".
# FT_OWNER_MODES: only one of the two, "bpf" or "proc". FT_OWNER_ROWS: only these rows.
# timeout: 600
# alone: it makes thousands of connections, of which events tell everywhere, and walks through /proc
. "$(dirname "$0")/lib.sh"
ftsock=$top_builddir/tests/live/tools/ftsock
list=$top_srcdir/tests/live/owners.list
# Lists of a thousand sockets, every interval, would be most of what there is to read. Each interval
# has a budget of time for looking into /proc, so they are short on a slow machine too.
export FT_PANE=flows FT_INTERVAL=0.2

ns_pair a b
# AF_PACKET's rings with the kernel's word on segments don't get SCTP's super-packets: t_sctp.
for ns in a b; do in_ns $ns ethtool -K v0 tx-sctp-segmentation off >/dev/null; done
ns_addr a v0 fe80::1/64
in_ns a sysctl -qw net.ipv4.ping_group_range="0 2147483647" net.ipv4.ip_forward=1
# c is a container's: behind an interface of a.
ns_add c
ns_veth a vc c v0
ns_addr a vc 172.30.0.1/24
ns_addr c v0 172.30.0.2/24
ip -n c route add default via 172.30.0.1
ip -n b route add 172.30.0.0/24 via 10.0.0.1
# A slow machine would send again what is only late, or came in another order, and whole super-packets at
# that; the bytes of a row allow for headers. Nothing is lost here: what TCP waits for comes within half a
# minute, and no row has as many segments under way as would have to overtake one.
for ns in a b c; do
	in_ns $ns sysctl -qw net.ipv4.tcp_early_retrans=0 net.ipv4.tcp_recovery=0 net.ipv4.tcp_reordering=300
done
patient() { ip -n "$1" route change "${@:2}" rto_min 30s || bail "no route $2 in $1"; }
patient a 10.0.0.0/24 dev v0 src 10.0.0.1
patient b 10.0.0.0/24 dev v0 src 10.0.0.2
patient b 172.30.0.0/24 via 10.0.0.1
patient c default via 172.30.0.1
patient a fd00::/64 dev v0 proto kernel metric 256
patient b fd00::/64 dev v0 proto kernel metric 256
patient a fe80::/64 dev v0 proto kernel metric 256
patient a local 127.0.0.1 table local dev lo src 127.0.0.1
names=$(sed '/^#/d; /^$/d' "$list" | awk '{ print $1 }')
[ "$("$ftsock" | sort)" = "$(sort <<<"$names")" ]
is "$?" 0 "every scenario has a row, every row a scenario"
is "$(awk '$4 ~ /^s[0-9]+$/ { print $4 }' "$list" | sort | tr '\n' ' ')" "$(printf 's%02d ' {1..24})" \
	"the 24 of the benchmark are among them"
awk -v rows=" ${FT_OWNER_ROWS:-} " '
	/^#/ || /^$/ { next }
	rows == "  " || index(rows, " " $1 " ")' "$list" >"$work/list"
list=$work/list
names=$(awk '{ print $1 }' "$list")
[ -n "$names" ] || bail "no such rows"

# begin MODE SCENARIO PORT [GO-FILE]: runs it; its exit status goes to a file, since bash forgets
# those of children whose number is used again, which one of the scenarios brings about.
begin() {
	(
		ip netns exec a "$ftsock" "$2" "$3" "$work/$1.release" ${4:+"$4"} \
			>"$work/$1.$2.want" 2>"$work/$1.$2.err" </dev/null
		echo $? >"$work/$1.$2.status"
	) &
}

# have_acted MODE: every scenario has said all that has to be found, or ended.
have_acted() {
	[ "$({ grep -ls acted "$work/$1".*.want; grep -ls . "$work/$1".*.status; } |
		sed 's/\.[a-z]*$//' | sort -u | wc -l)" -eq "$(wc -w <<<"$names")" ]
}

# have_ended MODE
have_ended() {
	local name
	for name in $names; do
		[ -s "$work/$1.$name.status" ] || return 1
	done
}

# act MODE: runs all scenarios, those of "older" around the start of flowtop. They stay until it
# has looked at them for long enough: not by the clock, but in rounds of its own, since its
# records tell of a flow only when that counts something, so an owner found late is seen at its end.
act() {
	local mode=$1 at=10000 name bpf proc older
	rm -f "$work/go"
	while read -r name bpf proc older; do
		at=$((at + 10))
		[ "$older" = older ] || continue
		begin "$mode" "$name" $at "$work/go"
		wait_for "grep -qs ready '$work/$mode.$name.want'" || bail "$name: $(cat "$work/$mode.$name.err")"
	done < <(sed '/^#/d; /^$/d' "$list")
	start_"$mode"
	: >"$work/go"
	at=10000
	while read -r name bpf proc older; do
		at=$((at + 10))
		[ "$older" = older ] || begin "$mode" "$name" $at
	done < <(sed '/^#/d; /^$/d' "$list")
	wait_for "have_acted $mode" 60
	# A slow machine's rounds are longer, too.
	ft_rounds "$mode" $((${FT_SLOW:-1} > 4 ? 5 * FT_SLOW : 20))
	: >"$work/$mode.release"
	wait_for "have_ended $mode" 60
	ft_rounds "$mode" 1
	ft_stop "$mode"
}

start_bpf() { ft_start bpf a -i v0,vc,lo --backend auto; }
start_proc() {
	# Without the rights to load anything.
	saved=$flowtop
	printf '#!/bin/sh\nexec setpriv --bounding-set -bpf,-perfmon,-sys_admin %s "$@"\n' \
		"$saved" >"$work/flowtop-proc"
	chmod +x "$work/flowtop-proc"
	flowtop=$work/flowtop-proc
	ft_start proc a -i v0,vc,lo --backend packet
	flowtop=$saved
}

# flows MODE: the last word about each flow: protocol, our port, their port, id, then owner, pid,
# name and bytes of our end and of theirs.
flows() {
	ft_jq "$1" 'map(select(.type == "flow")) | group_by(.id) | map(last)[] |
		def who: [.owner // "none", .process.pid // 0, .process.name // "-"];
		[.protocol, .local.port // 0, .remote.port // 0, .icmp.id // 0] + (.local | who) +
		[.total.tx_bytes] + (.remote | who) + [.total.rx_bytes] | join(" ")'
}

# judge MODE SCENARIO MUST: "owner bytes wrong": is each wanted flow there, under the right owner,
# with the right bytes; is any of its flows under a wrong one?
judge() {
	awk -v must="$3" -v m=0 '
	FNR == NR { if (must == "pid") $5 = "-"; want[n++] = $0; who[$4, $5] = 1; next }
	{
		flow[m] = $0
		protocol[m] = $1; port[0, m] = $2; port[1, m] = $3; id[m] = $4
		for (side = 0; side < 2; side++) {
			owner_of[side, m] = $(5 + 4 * side); pid_of[side, m] = $(6 + 4 * side)
			name_of[side, m] = $(7 + 4 * side); bytes_of[side, m] = $(8 + 4 * side)
		}
		m++
	}
	END {
		owner = bytes = n > 0; wrong = 0
		for (i = 0; i < n; i++) {
			split(want[i], w, " ")
			found = exact = 0
			for (j = 0; j < m; j++) {
				if (protocol[j] != w[2]) continue
				mine = (w[2] == 1) ? id[j] == w[3] : w[3] == 0 || port[0, j] == w[3]
				theirs = port[1, j] == w[3]
				if (w[1] == "peer") mine = theirs
				if (w[1] == "any" && !mine && theirs || w[1] == "remote" && mine) side = 1
				else if (mine) side = 0
				else continue
				about[++abouts] = flow[j]
				o = owner_of[side, j]; p = pid_of[side, j]
				name = name_of[side, j]
				right = bytes_of[side, j] >= w[6] && bytes_of[side, j] <= w[7] &&
					bytes_of[1 - side, j] >= w[8] && bytes_of[1 - side, j] <= w[9]
				if (must == "pid") name = "-"
				if (w[4] == 0 ? o == "kernel" : o == "process" && p == w[4] && name == w[5]) {
					found = 1
					if (right) exact = 1
				} else if (o == "process" && !((p, name) in who) || o == "kernel" && w[4] != 0)
					{ wrong = 1; print "# '"$2"': wrong:", flow[j] }
				else if (right) exact = 1
			}
			if (!found) { owner = 0; print "# '"$2"': wanted", want[i] }
			if (!exact) { bytes = 0; if (found) print "# '"$2"': bytes", want[i] }
		}
		for (i = 1; i <= abouts && owner + bytes < 2; i++)
			print "# '"$2"': it says", about[i]
		print owner, bytes, wrong
	}' <(sed '/^ready$/d; /^acted$/d' "$work/$1.$2.want") "$work/$1.flows"
}

for mode in ${FT_OWNER_MODES:-bpf proc}; do
	if [ $mode = proc ] && ! setpriv --bounding-set -bpf,-perfmon,-sys_admin true 2>/dev/null; then
		skip "$mode" "no setpriv that knows these capabilities"
		continue
	fi
	act $mode
	flows $mode >"$work/$mode.flows"
	rows=0 owners=0 bytes=0 missing=
	all=yes
	[ $mode = bpf ] || quiet readlink /proc/1/fd/0 || all=maybe
	while read -r name bpf proc older; do
		must=$bpf
		[ $mode = bpf ] || must=$proc
		[ "$must" != all ] || must=$all
		case $(cat "$work/$mode.$name.status") in
		0) ;;
		77)
			skip "$mode: $name" "this kernel does not have it"
			missing="$missing $name"
			continue
			;;
		*)
			ok "$mode: $name: acted: $(cat "$work/$mode.$name.err")" false
			continue
			;;
		esac
		rows=$((rows + 1))
		result=$(judge $mode "$name" "$must")
		read -r owner exact wrong <<<"${result##*$'\n'}"
		[ "$must" = maybe ] || [ "$owner$exact" = 11 ] || head -n 9 <<<"$result"
		owners=$((owners + owner))
		bytes=$((bytes + exact))
		if [ "$must" != maybe ]; then
			is "$owner $exact" "1 1" "$mode: $name: the right owner, the right bytes"
		else
			is "$exact $wrong" "1 0" "$mode: $name: the right bytes, no wrong owner"
		fi
	done < <(sed '/^#/d; /^$/d' "$list")
	echo "# $mode: owners $owners/$rows, bytes $bytes/$rows${missing:+; not in this kernel:$missing}"
	ft_line $mode
done
done_testing
