#!/usr/bin/env bash
# TCP through GRE (with and without Ethernet inside), IPIP and 6in4, with super-packets: on the
# tunnel's device packets are the kernel's segments, without a link layer where it has none; below
# it the outer flow is the same packets, each with its own outer headers.
. "$(dirname "$0")/lib.sh"

# device | last byte of its ends | arguments | link layer | outer bytes | outer protocol
rows=(
	"tgre|1 2|type gre key 7|0|28|47"
	"tipip|1 2|type ipip|0|20|4"
	"tsit|1 2|type sit|0|20|41"
	"ttap|11 12|type gretap key 8|14|42|47"
)

ns_pair a b
ns_addr a v0 10.0.0.11/24
ns_addr b v0 10.0.0.12/24
ns_know a v0 b v0
ns_know b v0 a v0
n=0
for row in "${rows[@]}"; do
	IFS='|' read -r dev ends arguments _ <<<"$row"
	n=$((n + 1))
	for ns in a b; do
		[ $ns = a ] && local=${ends% *} remote=${ends#* } host=1
		[ $ns = b ] && local=${ends#* } remote=${ends% *} host=2
		# shellcheck disable=SC2086 # arguments are words
		ip -n $ns link add $dev $arguments local 10.0.0.$local remote 10.0.0.$remote 2>/dev/null ||
			skip_all "no tunnels here: $arguments"
		ip -n $ns link set $dev mtu 1400 up
		[ $dev = tsit ] || ns_addr $ns $dev 10.1$n.0.$host/24
		[ $dev != tsit ] || ns_addr $ns $dev fd1$n::$host/64
	done
done
ns_know a ttap b ttap
ns_know b ttap a ttap
settle a v0
settle b v0

tcx=$(backends tcx)
outer=("a-$tcx" a-packet "b-$tcx" b-packet)
for name in "${outer[@]}"; do ft_start "$name" "${name%-*}" -i v0 --backend "${name#*-}"; done
ft_start inner-$tcx a -i 't*' --backend "$tcx"
ft_start inner-packet a -i 't*' --backend packet
segments() { in_ns a awk '/^Tcp:/ { if (n++) print $12 + $13 }' /proc/net/snmp; }
declare -A segments=() from=()
n=0
for row in "${rows[@]}"; do
	IFS='|' read -r dev _ <<<"$row"
	n=$((n + 1))
	from[$dev]=10.1$n.0.1 to=10.1$n.0.2
	[ $dev != tsit ] || { from[$dev]=fd1$n::1; to=fd1$n::2; }
	in_ns b "$ftsend" --src $to --dst "${from[$dev]}" --sport 500$n -n 1 sink >/dev/null &
	wait_for "ip netns exec b ss -Hltn | grep -q ':500$n '"
	before=$(segments)
	quiet in_ns a "$ftsend" --src "${from[$dev]}" --dst $to --sport 600$n --dport 500$n \
		-n 20 -s 60000 tcpsock || bail "cannot send through $dev"
	wait $!
	settle a v0
	segments[$dev]=$(($(segments) - before))
done
for name in "${outer[@]}" inner-$tcx inner-packet; do ft_stop "$name"; done

mapfile -t inner < <(for row in "${rows[@]}"; do
	dev=${row%%|*}
	echo "${from[$dev]} .interface == \"$dev\""
done | ft_froms inner-$tcx)
for row in "${!rows[@]}"; do
	IFS='|' read -r dev ends _ link_layer outer_bytes protocol <<<"${rows[row]}"
	read -r packets bytes l2 <<<"${inner[row]}"
	is "$packets" "${segments[$dev]}" "$dev: packets are the kernel's segments"
	is "$l2" $((bytes + packets * link_layer)) "$dev: a link layer of $link_layer bytes"
	is_from inner-packet "${from[$dev]}" ".interface == \"$dev\"" "$packets $bytes $l2" \
		"$dev: both backends agree"
	for name in "${outer[@]}"; do
		is_from "$name" "10.0.0.${ends% *}" ".protocol == $protocol" \
			"$packets $((bytes + packets * outer_bytes)) $((bytes + packets * (outer_bytes + 14)))" \
			"$name: the flow around $dev"
	done
done
for name in "${outer[@]}" inner-$tcx inner-packet; do
	is "$(ft_lost "$name")" 0 "$name: nothing lost"
	ft_line "$name"
done
done_testing
