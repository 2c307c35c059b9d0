#!/usr/bin/env bash
# VLAN devices over a watched device: the tag, in metadata or in band, is told and counted once a
# segment; the VLAN device alone has no tag; `any` counts a packet once.
. "$(dirname "$0")/lib.sh"

ns_pair a b
for ns in a b; do
	[ $ns = a ] && host=1 || host=2
	ip -n $ns link add link v0 name v0.100 type vlan id 100 2>/dev/null ||
		skip_all "no VLAN devices here"
	ip -n $ns link add link v0 name v0.200 type vlan proto 802.1ad id 200
	ip -n $ns link add link v0.200 name v0.200.300 type vlan id 300
	for dev in v0.100 v0.200 v0.200.300; do ip -n $ns link set $dev up; done
	ns_addr $ns v0.100 10.5.0.$host/24
	ns_addr $ns v0.200.300 10.6.0.$host/24
done
for dev in v0.100 v0.200.300; do
	ns_know a $dev b $dev
	ns_know b $dev a $dev
done
settle a v0
settle b v0

tcx=$(backends tcx)
names=("a-$tcx" a-packet "b-$tcx" b-packet)
for name in "${names[@]}"; do ft_start "$name" "${name%-*}" -i v0 --backend "${name#*-}"; done
ft_start upper a -i v0.100 --backend "$tcx"
ft_start any a -i any
total=0
rows=()
for offload in on off; do
	in_ns a ethtool -K v0 txvlan $offload >/dev/null
	port=$((${#rows[@]} + 6100))
	for row in "100 5 -n 100 -s 300" "200,300 6 -n 100 -s 300"; do
		read -r vlan net options <<<"$row"
		# shellcheck disable=SC2086 # options are words
		sent=$(in_ns a "$ftsend" $options --src 10.$net.0.1 --dst 10.$net.0.2 --sport $port udpsock) ||
			bail "cannot send"
		rows+=("$vlan 10.$net.0.1 $port $offload $sent")
		total=$((total + $(sent "$sent" packets)))
		port=$((port + 1))
	done
done
for name in "${names[@]}" any; do ft_wait_seen "$name" $total; done
for name in "${names[@]}" any upper; do ft_stop "$name"; done

for name in "${names[@]}" any; do
	for row in "${rows[@]}"; do
		read -r vlan from port offload sent <<<"$row"
		tags=$(tr , '\n' <<<"$vlan" | wc -l)
		packets=$(sent "$sent" packets)
		is_from "$name" "$from" ".vlan == [$vlan] and (.local.port == $port or .remote.port == $port)" \
			"$packets $(sent "$sent" bytes) $(($(sent "$sent" l2_bytes) + 4 * tags * packets))" \
			"$name: VLAN $vlan, txvlan $offload"
	done
	ft_line "$name"
done
is_from upper 10.5.0.1 '.vlan | not' \
	"$((2 * 100)) $((2 * 100 * 328)) $((2 * 100 * 342))" "the VLAN device alone: no tag"
is "$(ft_jq any 'map(select(.type == "flow" and .protocol == 17) | .interface) | unique | join(" ")')" v0 \
	"any: by the lower device only"
ft_line upper
done_testing
