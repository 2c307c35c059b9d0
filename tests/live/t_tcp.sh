#!/usr/bin/env bash
# TCP and UDP by iperf3 with offloads on and off: packets equal the TCP segments that the kernel
# counts, L2 bytes those of a queueing discipline on the sender's device; both ends agree.
# seconds: 35
. "$(dirname "$0")/lib.sh"

# What the pfifo on v0 in namespace $1 has sent: "bytes packets drops".
pfifo() {
	in_ns "$1" tc -s -j qdisc show dev v0 |
		jq -r '.[] | select(.kind == "pfifo") | "\(.bytes) \(.packets) \(.drops)"'
}
segments() { in_ns "$1" cat /proc/net/snmp | awk '/^Tcp:/ { if (n++) print $12 + $13 }'; }

ns_pair a b
in_ns a tc qdisc replace dev v0 root pfifo limit 10000

# iperf3_run OPTIONS: once, with a server of its own: one that has just served may still be busy.
port=5200
iperf3_run() {
	port=$((port + 1))
	in_ns b iperf3 -s -1 -D -p $port >/dev/null 2>&1
	wait_for "[ -n \"\$(ip netns exec b ss -Hltn sport = :$port)\" ]"
	quiet in_ns a iperf3 -c 10.0.0.2 -p $port "$@"
}

slow=${FT_SLOW:-1}
tcx=$(backends tcx)
mapfile -t all < <(backends tcx tc packet)
for offload in on off; do
	ns_offload a v0 $offload
	ns_offload b v0 $offload
	for side in a b; do
		for backend in "${all[@]}"; do
			ft_start "$side-$backend" $side -i v0 --backend $backend
		done
	done
	read -r bytes0 _ drops0 <<<"$(pfifo a)"
	segments0=$(segments a)
	ok "iperf3 TCP, offloads $offload" iperf3_run -n $((60 / slow))M
	ok "iperf3 UDP, offloads $offload" iperf3_run -u -b $((200 / slow))M -n 5M -l 1400
	ok "ping" quiet in_ns a ping -c 3 -i 0.2 -q 10.0.0.2
	ok "ping -6" quiet in_ns a ping -c 3 -i 0.2 -q fd00::2
	settle a v0
	read -r bytes1 _ drops1 <<<"$(pfifo a)"
	segments1=$(segments a)
	for side in a b; do
		for backend in "${all[@]}"; do ft_stop "$side-$backend"; done
	done

	is "$drops1" "$drops0" "offloads $offload: the queueing discipline dropped nothing"
	for side in a b; do
		for backend in "${all[@]}"; do
			name=$side-$backend
			is "$(ft_last "$name" .total.lost.packets)" 0 "$name, offloads $offload: nothing lost"
			read -r packets _ l2 <<<"$(ft_from "$name" 10.0.0.1 '.protocol == 6')"
			is "$packets" $((segments1 - segments0)) \
				"$name, offloads $offload: TCP packets are the kernel's segments"
			l2=0
			for from in 10.0.0.1 fd00::1; do
				read -r _ _ more <<<"$(ft_from "$name" $from)"
				l2=$((l2 + more))
			done
			is "$l2" $((bytes1 - bytes0)) \
				"$name, offloads $offload: L2 bytes are the queueing discipline's"
			ft_line "$name"
		done
	done
	for from in 10.0.0.1 10.0.0.2 fd00::1 fd00::2; do
		is "$(ft_from b-$tcx $from)" "$(ft_from a-$tcx $from)" \
			"offloads $offload: both ends agree on what $from sent"
		is "$(ft_from a-packet $from)" "$(ft_from a-$tcx $from)" \
			"offloads $offload: both backends agree on what $from sent"
	done
done
done_testing
