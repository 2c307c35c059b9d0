#!/usr/bin/env bash
# Hand-made frames of every kind: each flow's packets, L3 and L2 bytes equal the sender's, in
# both directions of the veth pair and in every backend.
. "$(dirname "$0")/lib.sh"

ns_pair a b
tcx=$(backends tcx)
ft_start a-$tcx a -i v0 --backend $tcx
ft_start a-packet a -i v0 --backend packet
ft_start b-tc b -i v0 --backend tc
ft_start b-packet b -i v0 --backend packet

# Linux 6.2 lets AF_PACKET send UDP super-packets; sockets could before.
uso=udp
ft_send a v0 b -n 1 -s 2800 --gso 1400 --sport 4018 udp >/dev/null 2>&1 || uso=udpsock

# name | sender's options | which flows are meant (jq)
port() { echo "(.local.port == $1 or .remote.port == $1)"; }
rows=(
	"UDP|-n 1000 -s 200 --sport 4001 udp|$(port 4001)"
	"UDP, many flows|-n 2000 -s 10 --sport 20000 --flows 500 --dport 5055 udp|$(port 5055)"
	"UDP with IPv4 options|-n 50 --ipopt 12 --sport 4002 udp|$(port 4002)"
	"UDP padded to 60 bytes|-n 50 -s 1 --pad 60 --sport 4003 udp|$(port 4003)"
	"TCP|-n 300 -s 1000 --sport 4004 tcp|$(port 4004)"
	"TCP super-packets|-n 20 -s 30000 --gso 1448 --sport 4005 tcp|$(port 4005)"
	"UDP super-packets|-n 20 -s 14000 --gso 1400 --sport 4006 $uso|$(port 4006)"
	"UDP over IPv6|-n 100 --src fd00::1 --dst fd00::2 --sport 4007 udp|$(port 4007)"
	"TCP super-packets over IPv6|-n 20 -s 20000 --gso 1428 --src fd00::1 --dst fd00::2 --sport 4008 tcp|$(port 4008)"
	"hop-by-hop, routing and destination headers|-n 40 --src fd00::1 --dst fd00::2 --ext hop,routing,dest --sport 4009 udp|$(port 4009)"
	"an authentication header|-n 40 --src fd00::1 --dst fd00::2 --ext ah --sport 4010 udp|$(port 4010)"
	"fragments|-n 30 -s 4000 --frag 1400 --sport 4011 udp|$(port 4011)"
	"fragments over IPv6|-n 30 -s 4000 --frag 1400 --src fd00::1 --dst fd00::2 --sport 4012 udp|$(port 4012)"
	"VLAN|-n 60 --vlan 100 --sport 4013 udp|$(port 4013) and .vlan == [100]"
	"QinQ|-n 60 --vlan 0x88a8:200 --vlan 100 --sport 4014 udp|$(port 4014) and .vlan == [200, 100]"
	"a priority tag|-n 60 --vlan 0xe000 --sport 4015 udp|$(port 4015) and (.vlan | not)"
	"SCTP|-n 70 --sport 4016 sctp|.protocol == 132 and $(port 4016)"
	"GRE|-n 30 --number 99 gre|.protocol == 47 and .gre_key == 99"
	"ESP|-n 30 --number 4711 esp|.protocol == 50 and .spi == 4711"
	"protocol 253|-n 30 --number 253 proto|.protocol == 253"
	"ICMP|-n 20 --number 77 icmp|.protocol == 1 and .icmp.id == 77"
	"ICMPv6|-n 20 --number 78 --src fd00::1 --dst fd00::2 icmpv6|.protocol == 58 and .icmp.id == 78"
)
# Fragments without their first have no ports: a flow of their own, flagged.
orphans='-n 5 -s 3000 --frag 1000 --orphans --src 10.0.0.9 --sport 4017 udp'

packets=0
declare -A wanted=()
for row in "${rows[@]}"; do
	IFS='|' read -r name options condition <<<"$row"
	# shellcheck disable=SC2086 # options are words
	sent=$(ft_send a v0 b $options) || bail "cannot send $name"
	wanted[$name]=$(sent_triple "$sent")
	packets=$((packets + $(sent "$sent" packets)))
done
# shellcheck disable=SC2086
wanted[orphans]=$(sent_triple "$(ft_send a v0 b $orphans)")

# Not IP and malformed have terms of their own.
arp=$(ft_send a v0 b -n 7 arp)
stp=$(ft_send a v0 - -n 3 stp)
lldp=$(ft_send a v0 - -n 2 lldp)
bad=0
for what in version ihl length short; do
	bad=$((bad + $(sent "$(ft_send a v0 b -n 4 --bad "$what" udp)" packets)))
done
for name in a-$tcx a-packet b-tc b-packet; do
	ft_wait_seen "$name" "$packets"
	ft_stop "$name"
	is "$FT_STATUS" 0 "$name: exit status"
done

for name in a-$tcx a-packet b-tc b-packet; do
	for row in "${!rows[@]}"; do
		IFS='|' read -r kind options condition <<<"${rows[row]}"
		from=10.0.0.1
		[[ $options != *fd00::1* ]] || from=fd00::1
		want=${wanted[$kind]}
		[[ $name$kind$uso != *-packetUDP\ super-packetsudpsock ]] || want="0 0 0"
		is_from "$name" $from "$condition" "$want" "$name: $kind"
	done
	is_from "$name" 10.0.0.9 '.fragment' "${wanted[orphans]}" "$name: orphaned fragments"
	is "$(ft_last "$name" '.total.not_ip.by | "\(.arp) \(.llc) \(.lldp)"')" \
		"$(sent "$arp" packets) $(sent "$stp" packets) $(sent "$lldp" packets)" \
		"$name: not IP, by type"
	is "$(ft_last "$name" .total.malformed.packets)" "$bad" "$name: malformed"
	# The same Linux 6.2 made AF_PACKET pass on those of others: before, the ring drops them.
	lost=0
	[[ $name$uso != *-packetudpsock ]] || lost=20
	is "$(ft_lost "$name")" $lost "$name: $lost lost"
	ft_line "$name"
done
done_testing
