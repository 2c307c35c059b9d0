#!/usr/bin/env bash
# Owners in both ways of capture: a client and a server on one machine each own their end. The
# other end of a wire is foreign, unless its packets show the socket that they come from: a veth
# keeps that, and the tc programs see it.
. "$(dirname "$0")/lib.sh"
export FT_PANE=all

ns_pair a b
ip -n a addr add 10.0.0.11/24 dev v0
in_ns b iperf3 -s -D -p 5201 >/dev/null 2>&1
in_ns a iperf3 -s -D -p 5202 >/dev/null 2>&1
for backend in tcx packet; do
	ft_start $backend a -i v0 --backend $backend -d 0.3
	ft_start lo-$backend a -i lo --backend $backend -d 0.3
	ip netns exec a iperf3 -c 10.0.0.2 -b 20M -n 5M -p 5201 >/dev/null 2>&1 &
	client=$!
	in_ns a iperf3 -c 10.0.0.11 -b 20M -n 5M -p 5202 >/dev/null 2>&1
	wait $client
	ft_stop $backend
	ft_stop lo-$backend
	case $backend in tcx) other="process iperf3" ;; *) other="foreign null" ;; esac
	is "$(ft_jq $backend 'map(select(.type == "flow" and .remote.port == 5201)) | max_by(.total.tx_bytes) | [.local, .remote][] | "\(.owner) \(.process.name)"')" \
		"process iperf3"$'\n'"$other" "$backend: the client owns its end, and who owns the other"
	is "$(ft_jq $backend 'map(select(.type == "flow" and .remote.port == 5201)) | max_by(.total.tx_bytes) | .local.process.pid')" \
		"$client" "$backend: by its process id"
	is "$(ft_jq lo-$backend 'map(select(.type == "flow" and (.remote.port == 5202 or .local.port == 5202))) | max_by(.total.tx_bytes + .total.rx_bytes) | [.local.process.name, .remote.process.name] | join(" ")')" \
		"iperf3 iperf3" "$backend: on loopback both ends have an owner"
	ok "$backend: and they are two processes" [ "$(ft_jq lo-$backend 'map(select(.type == "flow" and (.remote.port == 5202 or .local.port == 5202))) | max_by(.total.tx_bytes + .total.rx_bytes) | .local.process.pid != .remote.process.pid')" = true ]
	ok "$backend: the process pane has its total" [ "$(ft_jq $backend "map(select(.type == \"process\" and .process.pid == $client)) | last | .total.tx_bytes > 3000000")" = true ]
done

# The kernel asks for routers when a link comes up. A ping that holds a raw socket meanwhile is
# not who did: by BPF it is the kernel, without it nobody can know.
ip -n b addr add fe80::2/64 dev v0
ip netns exec a ping -q -i 0.5 10.0.0.2 >/dev/null 2>&1 &
ping=$!
in_ns a sysctl -qw net.ipv6.conf.v0.router_solicitations=3 net.ipv6.conf.v0.router_solicitation_delay=0 \
	net.ipv6.conf.v0.addr_gen_mode=0 net.ipv6.conf.v0.accept_ra=1
wait_for 'in_ns a ss -Hawn | grep -q :58'
for backend in tcx packet; do
	flowtop_was=$flowtop
	[ $backend = tcx ] || { printf '#!/bin/sh\nexec setpriv --bounding-set -bpf,-perfmon,-sys_admin %s "$@"\n' "$flowtop" >"$work/less"
		chmod +x "$work/less" && flowtop=$work/less; }
	ft_start rs-$backend a -i v0 --backend $backend -d 0.3
	flowtop=$flowtop_was
	ip netns exec b ping -q -c 3 -i 0.2 -I v0 ff02::1 >/dev/null 2>&1
	in_ns a ip link set v0 down
	in_ns a ip link set v0 up
	wait_for "[ \"\$(ft_jq rs-$backend 'any(.type == \"flow\" and .icmp.type == 133)')\" = true ]"
	wait_for "[ \"\$(ft_jq rs-$backend 'any(.type == \"flow\" and .icmp.type == 8)')\" = true ]"
	ft_stop rs-$backend
	case $backend in tcx) owner=kernel ;; *) owner=unknown ;; esac
	is "$(ft_jq rs-$backend 'map(select(.type == "flow" and .icmp.type == 133 and .path == "host") | .local.owner) | unique | join(" ")')" \
		$owner "$backend: a router solicitation is not ping's"
	is "$(ft_jq rs-$backend 'map(select(.type == "flow" and .remote.address == "fe80::2" and .icmp.type == 128)) | unique_by(.id)[] | "\(.initiator) \(.local.owner) \(.remote.owner)"')" \
		"remote kernel foreign" "$backend: what only answers was asked, and the kernel answers"
done
kill $ping
wait $ping 2>/dev/null
done_testing
