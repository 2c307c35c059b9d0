#!/usr/bin/env bash
# A bridge that knows VLANs: an untagged frame has its port's VLAN, a tagged one on a trunk is of
# the same.
. "$(dirname "$0")/lib.sh"

ns_bridge h br0 x y z
# VLAN filtering: p1 and p2 are access ports of VLAN 10, p3 is a trunk.
ip -n h link set br0 type bridge vlan_filtering 1 2>/dev/null ||
	skip_all "this kernel's bridges know no VLANs"
for port in p1 p2; do
	in_ns h bridge vlan add dev $port vid 10 pvid untagged
	in_ns h bridge vlan del dev $port vid 1
done
in_ns h bridge vlan add dev p3 vid 10
for backend in $(backends tcx packet); do
	ft_start vlan-$backend h -i br0 --backend $backend
	access=$(sent_triple "$(ft_send x v0 y -n 100 --sport 6010 udp)")
	trunk=$(sent_triple "$(ft_send z v0 x -n 100 --src 10.0.0.3 --dst 10.0.0.1 --vlan 10 \
		--sport 6011 udp)")
	ft_wait_seen vlan-$backend 200
	ft_stop vlan-$backend
	is_from vlan-$backend 10.0.0.1 '(.local.port == 6010 or .remote.port == 6010) and .vlan == [10]' \
		"$access" "$backend: an untagged frame takes its port's VLAN, and no byte more"
	is_from vlan-$backend 10.0.0.3 '(.local.port == 6011 or .remote.port == 6011) and .vlan == [10]' \
		"$trunk" "$backend: a tagged frame on the trunk is of the same VLAN"
	ft_line vlan-$backend
done
done_testing
