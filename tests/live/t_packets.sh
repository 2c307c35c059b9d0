#!/usr/bin/env bash
# Packets out: -w FILE.pcapng holds every packet that was counted, to the byte, with process, user
# and container as comments, as tshark reads it; with a display filter only what passes; key x
# writes one flow's packets while tc counts. Nothing is overwritten; a kill or a full disk cost what
# was under way; a tag that the kernel keeps beside the frame is in the file.
# timeout: 600
# seconds: 70
. "$(dirname "$0")/lib.sh"
need_collector tshark
libs=$(collector_env)
fttalk=$top_builddir/tests/live/tools/fttalk

# tshark FILE OPTIONS...: as nobody in particular, without a home.
shark() {
	local file=$1
	shift
	env "$libs" HOME="$work" "$(collector_path tshark)" -n -r "$file" "$@" 2>"$work/tshark.err"
}
# packets FILE [FILTER]: "packets l2_bytes". What an ICMP error quotes is no packet of that port.
packets() { shark "$1" -Y "${2:-frame}" -T fields -e frame.len | awk '{ n++; bytes += $1 } END { print n + 0, bytes + 0 }'; }
comments() { shark "$1" -Y "$2" -T fields -e frame.comment | sort -u; }
l2() { cut -d' ' -f1,3; } # of ft_from's triple

ns_pair a b
# A super-packet is one packet in a file, and several on the wire: none, to compare bytes.
for ns in a b; do ns_offload $ns v0 off; done

# ---- two processes of two users, and what has none

ft_start all a -i v0 -w "$work/all.pcapng"
ft_start some a -i v0 -w "$work/some.pcapng" 'tcp and port 5001'
ft_start old a -i v0 -w "$work/old.pcap"
is "$(ft_last all '.interfaces[0].backend')" packet "-w of packets chooses AF_PACKET"
declare -A pid=()
# talk NAME PORT COMMAND...: a connection from a to b by that command's user; its words are fd 8, 9.
talk() {
	local name=$1 port=$2
	shift 2
	ip netns exec b "$fttalk" listen "$port" >"$work/$name.server" &
	wait_for "grep -q ready '$work/$name.server'" || bail "no server"
	mkfifo "$work/$name.talk"
	chmod 644 "$work/$name.talk"
	ip netns exec a "$@" "$fttalk" connect 10.0.0.2 "$port" <"$work/$name.talk" >"$work/$name.client" &
	pid[$name]=$!
}
chmod 711 "$work"
talk root 5000
exec 8>"$work/root.talk"
talk other 5001 setpriv --reuid=65534 --regid=65534 --clear-groups
exec 9>"$work/other.talk"
# Its owner is known before there is much to say of it.
for port in 5000 5001; do
	ok "port $port: its process is found" wait_for "[ \"\$(ft_jq all 'map(select(.type == \"flow\" and
		.remote.port == $port and .local.process.name == \"fttalk\")) | length')\" -gt 0 ]"
done
for round in 1 2 3; do
	echo $((round * 20000)) >&8
	echo $((round * 30000)) >&9
	wait_for "[ \"\$(grep -c sent '$work/root.client')\" = $round ]"
	wait_for "[ \"\$(grep -c sent '$work/other.client')\" = $round ]"
	ft_rounds all 1
done
ft_send a v0 b -n 50 -s 300 --sport 7700 udp >/dev/null
ft_send b v0 a -n 30 -s 200 --sport 7701 --src 10.0.0.2 --dst 10.0.0.1 udp >/dev/null
ft_send a v0 - -n 4 arp >/dev/null
in_ns a ping -c 2 -i 0.2 -q fd00::2 >/dev/null
exec 8>&- 9>&-
wait_for "[ \"\$(wc -l <'$work/root.server')\" = 2 ] && [ \"\$(wc -l <'$work/other.server')\" = 2 ]"
settle a v0
for name in all some old; do ft_stop $name; done
for name in all some old; do is "$(ft_last $name .health.notes)" null "$name: nothing to complain about"; done

is "$(stat -c %a "$work/all.pcapng")" 600 "the file is the caller's alone"
is "$(packets "$work/all.pcapng")" "$(ft_total all seen)" "every packet that was seen is in it, to the byte"
is "$(packets "$work/old.pcap")" "$(ft_total old seen)" "so it is in a .pcap"
is "$(packets "$work/all.pcapng" arp)" "$(ft_total all not_ip)" "what is not IP, too"
for port in 5000 5001; do
	for way in "10.0.0.1 dstport" "10.0.0.2 srcport"; do
		read -r from word <<<"$way"
		is "$(packets "$work/all.pcapng" "tcp.$word == $port")" \
			"$(ft_from all "$from" ".protocol == 6 and .remote.port == $port" | l2)" "port $port from $from: to the byte"
	done
done
is "$(packets "$work/all.pcapng" 'udp.srcport == 7701 and not icmp')" "$(ft_from all 10.0.0.2 '.remote.port == 7701' | l2)" \
	"UDP that came in, too"
is "$(shark "$work/all.pcapng" -Y 'udp.srcport == 7700 and not icmp' -T fields -e frame.packet_flags_direction | sort -u)" \
	0x00000002 "what went out says so"
is "$(shark "$work/all.pcapng" -Y 'udp.srcport == 7701 and not icmp' -T fields -e frame.packet_flags_direction | sort -u)" \
	0x00000001 "what came in says so"
is "$(shark "$work/all.pcapng" -T fields -e frame.interface_name | sort -u)" v0 "the interface has its name"
is "$(shark "$work/all.pcapng" -T fields -e frame.time_delta | grep -c '^-')" 0 "packets are in the order of time"

# The first packets may be written before anybody knows whose they are.
for row in "root 5000 root" "other 5001 $(id -nu 65534)"; do
	read -r name port user <<<"$row"
	who="process fttalk (pid ${pid[$name]}), user $user"
	ok "comments of port $port: from $user's process" \
		grep -qx "from $who" <<<"$(comments "$work/all.pcapng" "tcp.dstport == $port")"
	ok "and to it" grep -qx "to $who" <<<"$(comments "$work/all.pcapng" "tcp.srcport == $port")"
	is "$(comments "$work/all.pcapng" "tcp.port == $port" | grep -c process)" 2 "and to nobody else"
	within "$(shark "$work/all.pcapng" -Y "tcp.port == $port and not frame.comment" -T fields -e frame.number | wc -l)" \
		0 6 "but for its first packets each has one"
done
is "$(comments "$work/all.pcapng" arp)" "" "ARP has no owner"

is "$(packets "$work/some.pcapng")" "$(ft_jq some 'map(select(.type == "flow") | .interval |
	[.tx_packets + .rx_packets, .tx_l2_bytes + .rx_l2_bytes]) | "\(map(.[0]) | add) \(map(.[1]) | add)"')" \
	"with a display filter: what passes it, to the byte"
is "$(packets "$work/some.pcapng" 'not tcp.port == 5001')" "0 0" "and nothing else"
for name in all some old; do ft_line $name; done

# ---- read back: the same packets, through -r and -w
"$flowtop" -b -o ndjson --pane all -n -N -r "$work/all.pcapng" -w "$work/again.pcapng" udp \
	>"$work/again.ndjson" 2>"$work/again.err"
is "$(packets "$work/again.pcapng")" "$(packets "$work/all.pcapng" 'udp and not icmp')" "-r FILE -w OTHER.pcapng udp: UDP alone"

# ---- several interfaces, whose packets are heard of one after the other
ft_start any a -i any -w "$work/any.pcapng"
in_ns a ping -q -f -c 300 127.0.0.1 >/dev/null &
pinging=$!
in_ns a ping -q -f -c 300 10.0.0.2 >/dev/null
wait $pinging
ft_wait_seen any 1200
ft_stop any
is "$(packets "$work/any.pcapng")" "$(ft_total any seen)" "any: every packet that was seen, to the byte"
is "$(shark "$work/any.pcapng" -T fields -e frame.interface_name | sort -u | xargs)" "lo v0" "of both interfaces"
is "$(shark "$work/any.pcapng" -T fields -e frame.time_delta | grep -c '^-')" 0 "in the order of time"

# ---- refusals
refuses() { ! in_ns a "$flowtop" -b -c 1 -d 0.1 -i v0 "$@" >/dev/null 2>"$work/refused.err"; }
before=$(sha256sum <"$work/all.pcapng")
ok "nothing is overwritten" refuses -w "$work/all.pcapng"
ok "and this is said" grep -q "is there already" "$work/refused.err"
is "$(sha256sum <"$work/all.pcapng")" "$before" "the file is as it was"
ln -s "$work/elsewhere.pcapng" "$work/link.pcapng"
ok "a link is no new file" refuses -w "$work/link.pcapng"
ok "nor what it leads to" [ ! -e "$work/elsewhere.pcapng" ]
ok "tc has no packets" refuses --backend tc -w "$work/tc.pcapng"
ok "and this is said" grep -q "does not work with --backend tc" "$work/refused.err"

# ---- kill -9
ft_start killed a -i v0 -w "$work/killed.pcapng"
ft_send a v0 b -n 500 -s 100 --sport 7702 udp >/dev/null
ft_wait_seen killed 500
ft_rounds killed 1
ft_kill killed
is "$(packets "$work/killed.pcapng" 'udp.srcport == 7702 and not icmp' | cut -d' ' -f1)" 500 "kill -9: what was written stays"
is "$(grep -c 'cut short' "$work/tshark.err")" 0 "in a file that is whole"

# ---- a full disk, a file that is removed
mkdir "$work/small"
mount -t tmpfs -o size=1m none "$work/small" || bail "no tmpfs"
ft_start full a -i v0 -w "$work/small/full.pcapng"
ft_send a v0 b -n 100 -s 1000 --sport 7703 udp >/dev/null
ft_wait_seen full 100
ft_rounds full 1
dd if=/dev/zero of="$work/small/fill" bs=4k 2>/dev/null
ft_send a v0 b -n 400 -s 1000 --sport 7704 udp >/dev/null
ok "a full disk is said on the health line" \
	wait_for "ft_last full .health.notes | grep -q 'full.pcapng: .*packets not written'" 20
ft_wait_seen full 500
ft_rounds full 1
rm "$work/small/fill"
ft_send a v0 b -n 60 -s 1000 --sport 7705 udp >/dev/null
ft_wait_seen full 560
ft_stop full
is "$(packets "$work/small/full.pcapng" 'udp.srcport == 7703 and not icmp' | cut -d' ' -f1)" 100 "what was before is in it"
is "$(packets "$work/small/full.pcapng" 'udp.srcport == 7705 and not icmp' | cut -d' ' -f1)" 60 "what came when there was room again, too"
is "$(grep -c 'cut short\|malformed' "$work/tshark.err")" 0 "and the file is whole"
umount "$work/small"

mkdir "$work/going"
ft_start gone a -i v0 -w "$work/going/gone.pcapng"
rm -r "$work/going"
ok "a file that was removed is said on the health line" \
	wait_for "ft_send a v0 b -n 5 -s 100 --sport 7706 udp >/dev/null
		ft_last gone .health.notes | grep -q 'removed while'" 20
ft_stop gone

# ---- a tag that the kernel keeps beside the frame
ft_start tagged b -i v0 -w "$work/tagged.pcapng"
sent=$(ft_send a v0 b -n 20 -s 200 --sport 7707 --vlan 100 udp)
ft_wait_seen tagged 20
ft_stop tagged
is "$(packets "$work/tagged.pcapng" 'vlan.id == 100 and udp.srcport == 7707')" \
	"$(ft_from tagged 10.0.0.1 '.vlan == [100]' | l2)" "a VLAN tag is in the file, to the byte"
is "$(packets "$work/tagged.pcapng" 'vlan.id == 100' | cut -d' ' -f1)" 20 "in each packet"
is "$(packets "$work/tagged.pcapng" 'vlan.id == 100' | cut -d' ' -f2)" "$(sent "$sent" l2_bytes)" "as it was sent"

# ---- a container
if have_runc && in_box a "ft-probe-$$" /build/tests/live/tools/fttalk >/dev/null 2>"$work/box.err" </dev/null ||
	grep -q usage: "$work/box.err"; then
	ft_start boxed a -i v0 -w "$work/boxed.pcapng"
	ip netns exec b "$fttalk" listen 5003 >"$work/boxed.server" &
	wait_for "grep -q ready '$work/boxed.server'" || bail "no server"
	mkfifo "$work/boxed.talk"
	in_box a "ft-box-$$" /build/tests/live/tools/fttalk connect 10.0.0.2 5003 \
		<"$work/boxed.talk" >"$work/boxed.client" 2>"$work/boxed.err" &
	exec 8>"$work/boxed.talk"
	ok "its container is found" wait_for "echo 100 >&8; [ \"\$(ft_jq boxed 'map(select(.type == \"flow\" and
		.local.container.name == \"ft-box-$$\")) | length')\" -gt 0 ]" 20
	exec 8>&-
	ft_rounds boxed 1
	ft_stop boxed
	ok "the comments name the container" \
		grep -qx "from process fttalk (pid [0-9]*), user root, container ft-box-$$" <<<"$(comments "$work/boxed.pcapng" 'tcp.dstport == 5003')"
else
	skip "the comments name the container" "runc runs no container here: $(head -c 300 "$work/box.err")"
fi

# ---- key x, as sudo starts flowtop, beside tc
command -v tmux >/dev/null || bail "no tmux"
export LC_ALL=C.UTF-8 TERM=xterm-256color
mkdir "$work/here"
chown 65534:65534 "$work/here"
tm() { tmux -L "ft$$" "$@"; }
screen() { tm capture-pane -p -t t; }
sees() { wait_for "screen | grep -qF -- '$1'" "${2:-15}" || { screen | sed 's/^/# |/'; return 1; }; }
misses() { wait_for "! screen | grep -qF -- '$1'" "${2:-15}" || { screen | sed 's/^/# |/'; return 1; }; }
file() { screen | sed -n 's/^its packets [a-z ]*\(to\|in\) //p'; }
talk shown 5002
exec 8>"$work/shown.talk"
wait_for "grep -q ready '$work/shown.client'"
(cd "$work/here" && ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" SUDO_UID=65534 SUDO_GID=65534 \
	tmux -L "ft$$" -f /dev/null new-session -d -s t -x 150 -y 24 "$flowtop" -n -N -d 0.2 -i v0 'port 5002' 8>&-)
asked=0
ok "a flow, counted by tc" wait_for "echo 100 >&8; asked=\$((asked + 1)); sleep 0.2; screen | grep -q ':5002'"
sent_all() { wait_for "[ \"\$(grep -c sent '$work/shown.client')\" = $asked ]"; }
sent_all
ok "by which backend" eval "screen | head -n 1 | grep -qE '\((tcx|tc)\)'"
tm send-keys -t t x
ok "x: a menu" sees 'write its packets to a file'
tm send-keys -t t Enter
ok "the screen names the file" sees "$work/here/flowtop-"
ok "and shows that it is written" sees 'PACKETS TO A FILE'
one=$(file)
is "$(stat -c '%a %u' "$one")" "600 65534" "it is the calling user's alone"
echo 20000 >&8
asked=$((asked + 1))
sent_all
ft_send a v0 b -n 25 -s 100 --sport 7708 udp >/dev/null
# What is written is in the file with the next interval.
ok "the flow's packets are in the file, to the byte" wait_for "[ \"\$(shark '$one' -Y tcp.len -T fields -e tcp.len |
	awk '{ sum += \$1 } END { print sum + 0 }')\" = 20000 ]" 20
tm send-keys -t t Home
tm send-keys -t t x
ok "x again: the other way" sees 'stop writing its packets'
tm send-keys -t t x
ok "and again: it stops" misses 'PACKETS TO A FILE'
ok "which is said" sees "its packets are in $one"
is "$(packets "$one" 'not tcp.port == 5002')" "0 0" "nothing but that flow is in it"
ok "with whose it is" grep -q "process fttalk (pid ${pid[shown]}), user root" <<<"$(comments "$one" 'tcp.srcport == 5002')"
sum=$(packets "$one")
echo 3000 >&8
asked=$((asked + 1))
sent_all
is "$(packets "$one")" "$sum" "what comes later isn't"

# The flow's end ends the file, by itself.
tm send-keys -t t Home
tm send-keys -t t x
sees 'write its packets to a file'
tm send-keys -t t x
ok "a second file" wait_for "[ -n \"\$(file)\" ] && [ \"\$(file)\" != '$one' ]"
two=$(file)
ok "is begun" sees 'PACKETS TO A FILE'
exec 8>&-
ok "the end of the flow ends it" sees "its packets are in $two" 30
ok "with the connection's end in it" [ "$(packets "$two" tcp.flags.fin==1 | cut -d' ' -f1)" = 2 ]
tm send-keys -t t Q
wait_for '! tm has-session -t t 2>/dev/null'
is "$(find "$work/here" -type f | wc -l)" 2 "no other file was made"

# Without the right to open a ring: said, and no file stays.
talk refused 5004
exec 8>"$work/refused.talk"
wait_for "grep -q ready '$work/refused.client'"
(cd "$work/here" && ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" setpriv --bounding-set -net_raw \
	tmux -L "ft$$" -f /dev/null new-session -d -s t -x 150 -y 24 "$flowtop" -n -N -d 0.2 -i v0 'port 5004' 8>&-)
ok "a flow, without CAP_NET_RAW" wait_for "echo 100 >&8; sleep 0.2; screen | grep -q ':5004'"
tm send-keys -t t x
sees 'write its packets to a file'
tm send-keys -t t x
ok "x says that it can't be" sees 'its packets are not written: see the notes'
ok "and why" sees 'AF_PACKET needs CAP_NET_RAW'
exec 8>&-
tm send-keys -t t Q
wait_for '! tm has-session -t t 2>/dev/null'
is "$(find "$work/here" -type f | wc -l)" 2 "and no file stays"
tm kill-server 2>/dev/null
done_testing
