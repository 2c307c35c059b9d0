#!/usr/bin/env bash
# Super-packets inside a VXLAN tunnel: the outer flow has as many packets as the inner device
# sent segments, and each carries the inner headers and 50 bytes of outer ones.
. "$(dirname "$0")/lib.sh"

ns_pair a b
for ns in a b; do
	[ $ns = a ] && other=10.0.0.2 || other=10.0.0.1
	ip -n $ns link add vx0 mtu 1450 type vxlan id 42 dstport 4789 remote $other dev v0 ||
		skip_all "no vxlan here"
	ip -n $ns link set vx0 up
done
ns_addr a vx0 10.1.0.1/24
ns_addr b vx0 10.1.0.2/24
ns_know a vx0 b vx0
ns_know b vx0 a vx0
settle a vx0
in_ns b iperf3 -s -D -p 5201 >/dev/null 2>&1
segments() { in_ns "$1" cat /proc/net/snmp | awk '/^Tcp:/ { if (n++) print $12 + $13 }'; }
tcx=$(backends tcx)
for name in a-$tcx a-packet; do ft_start $name a -i v0 --backend ${name#*-}; done
for name in b-$tcx b-packet; do ft_start $name b -i v0 --backend ${name#*-}; done
ft_start inner a -i vx0 --backend $tcx
before=$(segments a)
ok "iperf3 through the tunnel" quiet in_ns a iperf3 -c 10.1.0.2 -n 30M -p 5201
settle a v0
segments=$(($(segments a) - before))
for name in a-$tcx a-packet b-$tcx b-packet inner; do ft_stop $name; done
read -r packets _ l2 <<<"$(ft_from inner 10.1.0.1)"
is "$packets" "$segments" "inner: packets are the kernel's segments"
for name in a-$tcx a-packet b-$tcx b-packet; do
	is "$(ft_from $name 10.0.0.1 '.protocol == 17')" \
		"$packets $((l2 + packets * 36)) $((l2 + packets * 50))" \
		"$name: the outer flow is the inner frames and their outer headers"
	ft_line $name
done
done_testing
