#!/usr/bin/env bash
# A bridge with three ports, watched as one: what it forwards, receives and sends counts once; a
# port that comes later counts too.
# seconds: 35
. "$(dirname "$0")/lib.sh"

ns_bridge h br0 x y z
ns_addr h br0 10.0.0.100/24 fd00::100/64
for ns in x y z; do
	ns_know $ns v0 h br0
	ns_know h br0 $ns v0
done
settle h br0

# More ports than get a ring each: the last round shares one.
many() {
	local i
	for i in $(seq 20); do
		ip -n h link add "m$i" type veth peer name "n$i"
		ip -n h link set "m$i" master br0 up
		ip -n h link set "n$i" up
	done
	settle h br0
}

for backend in $(backends tcx packet) packet-many; do
	case $backend in *-many) many ;; esac
	for port in x y; do in_ns $port ping -c 1 -q 10.0.0.100 >/dev/null; done
	settle h br0
	ft_start $backend h -i br0 --backend ${backend%-many}
	between=$(sent_triple "$(ft_send x v0 y -n 500 -s 300 --sport 6001 udp)")
	to_host=$(sent_triple "$(ft_send x v0 - -D "$(ns_mac h br0)" -n 100 \
		--src 10.0.0.1 --dst 10.0.0.100 --sport 6002 udp)")
	from_host=$(sent_triple "$(ft_send h br0 x -n 200 --src 10.0.0.100 --dst 10.0.0.1 \
		--sport 6003 udp)")

	# a port that is plugged in while flowtop runs
	ns_add w$backend
	ns_veth h p9 w$backend v0
	ip -n h link set p9 master br0
	wait_for "[ -n \"\$(ft_last $backend '.interfaces[].ports[]? | select(.name == \"p9\") | .name')\" ]"
	late=$(sent_triple "$(ft_send w$backend v0 x -n 150 --src 10.0.0.9 --sport 6004 udp)")
	ft_wait_seen $backend 950
	ft_stop $backend
	ip -n h link del p9

	is "$(ft_from $backend 10.0.0.1 '.local.port == 6001 or .remote.port == 6001')" "$between" \
		"$backend: forwarded from port to port, once"
	is "$(ft_from $backend 10.0.0.1 '.local.port == 6002 or .remote.port == 6002')" "$to_host" \
		"$backend: to the host, once"
	is "$(ft_from $backend 10.0.0.100 '.local.port == 6003 or .remote.port == 6003')" "$from_host" \
		"$backend: from the host, once"
	is "$(ft_from $backend 10.0.0.9 '.local.port == 6004 or .remote.port == 6004')" "$late" \
		"$backend: by a port that came later"
	is "$(ft_jq $backend 'map(select(.type == "flow" and (.local.port == 6001 or .remote.port == 6001)) | .path) | unique | join(" ")')" \
		transit "$backend: what the bridge forwards is transit"
	is "$(ft_jq $backend 'map(select(.type == "flow") | .interface) | unique | join(" ")')" \
		br0 "$backend: all of it is br0's"
	is "$(ft_last $backend .total.lost.packets)" 0 "$backend: nothing lost"
	ft_line $backend
done
done_testing
