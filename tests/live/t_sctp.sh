#!/usr/bin/env bash
# SCTP by iperf3: the same packets counted as super-packets before they are cut, and one by one
# behind; their number is what the receiving kernel counts.
. "$(dirname "$0")/lib.sh"

ns_pair a b
in_ns b iperf3 -s -1 -D -p 5201 >/dev/null 2>&1
wait_for "ip netns exec b ss -Hltn | grep -q ':5201 '"
in_ns a sh -c 'exec 3</proc/net/sctp/snmp' 2>/dev/null ||
	skip_all "no SCTP here"
packets() { in_ns b awk '$1 == "SctpInSCTPPacks" { print $2 }' /proc/net/sctp/snmp; }
# Packets are cut behind the hook of a, so that it alone sees super-packets.
in_ns a ethtool -K v0 tx-sctp-segmentation off >/dev/null
tcx=$(backends tcx)
names=("a-$tcx" a-packet "b-$tcx" b-packet)
for name in "${names[@]}"; do ft_start "$name" "${name%-*}" -i v0 --backend "${name#*-}"; done
before=$(packets)
ok "iperf3 SCTP" quiet in_ns a iperf3 --sctp -c 10.0.0.2 -p 5201 -n 2M
settle a v0
got=$(($(packets) - before))
for name in "${names[@]}"; do ft_stop "$name"; done
mapfile -t sides < <(printf '%s .protocol == 132\n' 10.0.0.1 10.0.0.2 | ft_froms b-packet)
read -r packets bytes l2 <<<"${sides[0]}"
is "$packets" "$got" "packets are what the kernel got"
is "$l2" $((bytes + 14 * packets)) "14 bytes a packet around them"
for name in "${names[@]}"; do
	is_from "$name" 10.0.0.1 '.protocol == 132' "$packets $bytes $l2" "$name: from the client"
	is_from "$name" 10.0.0.2 '.protocol == 132' "${sides[1]}" "$name: from the server"
	ft_line "$name"
done

device_bytes() { in_ns a cat /sys/class/net/v0/statistics/{rx,tx}_bytes | awk '{ n += $1 } END { print n }'; }

# Where the device takes super-packets whole, the kernel has no word for their segments and gives
# them to no ring that asks for it: they are lost to AF_PACKET, which says so, and to nobody else.
in_ns a ethtool -K v0 tx-sctp-segmentation on >/dev/null
in_ns b iperf3 -s -1 -D -p 5202 >/dev/null 2>&1
wait_for "ip netns exec b ss -Hltn | grep -q ':5202 '"
for name in whole-$tcx whole-packet; do ft_start "$name" a -i v0 --backend "${name#*-}"; done
before=$(packets)
before_bytes=$(device_bytes)
ok "iperf3 SCTP, super-packets whole" quiet in_ns a iperf3 --sctp -c 10.0.0.2 -p 5202 -n 500K
settle a v0
got=$(($(packets) - before))
passed=$(($(device_bytes) - before_bytes))
for name in whole-$tcx whole-packet; do ft_stop "$name"; done
# The receiver takes each as one; we count what it would be on a wire. The device counts all bytes of
# a super-packet, and headers once: ours are more by a frame's, IP's and SCTP's for each segment.
read -r packets _ <<<"$(ft_from whole-$tcx 10.0.0.1 '.protocol == 132')"
ok "$tcx: super-packets count as what they would be cut into" [ "$packets" -gt "$got" ]
read -r packets bytes <<<"$(ft_total whole-$tcx seen)"
within "$bytes" "$passed" $((passed + packets * (14 + 20 + 12))) "$tcx: with all that was sent"
is "$(ft_last whole-$tcx .total.lost.packets)" 0 "$tcx: nothing lost"
ok "packet: what the ring did not get is lost" [ "$(ft_last whole-packet .total.lost.by.ring)" -gt 0 ]
for name in whole-$tcx whole-packet; do ft_line "$name"; done
done_testing
