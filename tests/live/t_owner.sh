#!/usr/bin/env bash
# Owners in both ways of capture: a client and a server on one machine each own their end. The
# other end of a wire is foreign, unless its packets show the socket that they come from: a veth
# keeps that, and the tc programs see it.
. "$(dirname "$0")/lib.sh"

ns_pair a b
ip -n a addr add 10.0.0.11/24 dev v0
in_ns b iperf3 -s -D -p 5201 >/dev/null 2>&1
in_ns a iperf3 -s -D -p 5202 >/dev/null 2>&1
for backend in tcx packet; do
	ft_start $backend a -i v0 --backend $backend -d 0.3
	ft_start lo-$backend a -i lo --backend $backend -d 0.3
	ip netns exec a iperf3 -c 10.0.0.2 -b 20M -t 2 -p 5201 >/dev/null 2>&1 &
	client=$!
	in_ns a iperf3 -c 10.0.0.11 -b 20M -t 2 -p 5202 >/dev/null 2>&1
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
done_testing
