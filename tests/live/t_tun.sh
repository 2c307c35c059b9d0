#!/usr/bin/env bash
# A tun device has no link-layer header: its packets count without one, in every backend. And what comes
# from no socket of this machine: another's broadcast counts for the process that listens to it.
. "$(dirname "$0")/lib.sh"

[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"
ns_add a
mapfile -t all < <(backends tcx tc packet)
mkfifo "$work/tun.in"
ip netns exec a "$top_builddir/tests/live/tools/fttun" t0 400 100 <"$work/tun.in" >"$work/tun.out" 2>&1 &
exec 7>"$work/tun.in"
wait_for "[ -s '$work/tun.out' ]"
grep -q ready "$work/tun.out" || skip_all "$(cat "$work/tun.out")"
ns_addr a t0 10.9.0.1/24
ip -n a link set t0 up
settle a t0
for backend in "${all[@]}"; do ft_start $backend a -i t0 --backend $backend; done
echo go >&7
wait_for "grep -q packets '$work/tun.out'"
out=$(in_ns a "$ftsend" -i t0 -n 300 -s 50 --src 10.9.0.1 --dst 10.9.0.2 --sport 4000 --dport 5000 udpsock)
for backend in "${all[@]}"; do
	ft_wait_seen $backend 700
	ft_stop $backend
	is "$(ft_from $backend 10.9.0.2 '.protocol == 17')" "$(sent_triple "$(tail -n 1 "$work/tun.out")")" \
		"$backend: what comes in"
	is "$(ft_from $backend 10.9.0.1 '.protocol == 17' | cut -d' ' -f1,2)" \
		"$(sent "$out" packets) $(sent "$out" bytes)" "$backend: what goes out"
	is "$(ft_jq $backend 'map(select(.type == "flow" and .interval.tx_bytes != .interval.tx_l2_bytes)) | length')" \
		0 "$backend: L2 bytes are L3 bytes where there is no link layer"
	ft_line $backend
done
for backend in "${all[@]}"; do ft_start $backend-all a -i t0 --backend $backend; done
# Which end is local is settled when a flow is first shown: until then they must know the listener.
for backend in "${all[@]}"; do ft_rounds $backend-all 10; done
echo go >&7
for backend in "${all[@]}"; do
	ft_wait_seen $backend-all 400
	ft_rounds $backend-all 1
	ft_stop $backend-all
	is "$(ft_jq $backend-all 'map(select(.type == "flow" and .protocol == 17)) | last |
		[.local.address, .local.process.name, .remote.address, .total.rx_packets, .total.rx_bytes, .total.tx_packets] | join(" ")')" \
		"10.9.0.255 fttun 10.9.0.2 400 51200 0" "$backend: a broadcast is received, by whoever listens"
	is "$(ft_last $backend-all '.interfaces[0].rx.packets')" 400 "$backend: as the device has it"
done
exec 7>&-
done_testing
