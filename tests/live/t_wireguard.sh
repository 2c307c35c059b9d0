#!/usr/bin/env bash
# WireGuard: inside, packets without a link layer, super-packets by their segments; outside, one
# UDP flow with a datagram for each.
. "$(dirname "$0")/lib.sh"

ns_pair a b
for ns in a b; do
	ip -n $ns link add w0 type wireguard 2>/dev/null || skip_all "no wireguard here"
	(umask 077 && wg genkey >"$work/$ns.key")
done
for ns in a b; do
	if [ $ns = a ]; then local=1 remote=2 peer=b; else local=2 remote=1 peer=a; fi
	in_ns $ns wg set w0 listen-port 51820 private-key "$work/$ns.key" \
		peer "$(wg pubkey <"$work/$peer.key")" endpoint 10.0.0.$remote:51820 \
		allowed-ips 10.7.0.0/24 || bail "cannot set up wireguard"
	ip -n $ns link set w0 mtu 1420 up
	ns_addr $ns w0 10.7.0.$local/24
done
# UDP payload that a has sent, the tunnel's own messages too.
transfer() { in_ns a wg show w0 transfer | awk '{ print $3 }'; }
# own_messages OCTETS: how many messages of the tunnel's own have so many in all: asking for new keys,
# answering that, keeping alive.
own_messages() {
	local ask answer alive
	for ask in 0 1 2 3 4; do
		for answer in 0 1 2 3 4; do
			for alive in 0 1 2 3 4 5 6 7 8; do
				[ $((148 * ask + 92 * answer + 32 * alive)) -ne "$1" ] ||
					{ echo $((ask + answer + alive)); return; }
			done
		done
	done
	echo none
}
# The first handshake comes before the count. Keys are renewed every two minutes, which a slow machine takes.
ok "the tunnel works" quiet in_ns a ping -c 1 -W 20 -q 10.7.0.2

mapfile -t all < <(backends tcx tc packet)
for backend in "${all[@]}"; do ft_start w0-$backend a -i w0 --backend $backend; done
before=$(transfer)
ft_start v0 a -i v0 --backend tc
plain=$(in_ns a "$ftsend" -n 100 -s 500 --src 10.7.0.1 --dst 10.7.0.2 --sport 6201 udpsock)
super=$(in_ns a "$ftsend" -n 10 -s 10000 --gso 1000 --src 10.7.0.1 --dst 10.7.0.2 --sport 6202 udpsock)
packets=$(($(sent "$plain" packets) + $(sent "$super" packets)))
ft_wait_seen v0 $packets
for backend in "${all[@]}"; do
	name=w0-$backend
	ft_stop $name
	is_from $name 10.7.0.1 '.local.port == 6201' \
		"$(sent "$plain" packets) $(sent "$plain" bytes) $(sent "$plain" bytes)" "$backend: datagrams"
	# Linux 6.2 made AF_PACKET pass on UDP super-packets: before, the ring drops and counts them.
	want="$(sent "$super" packets) $(sent "$super" bytes) $(sent "$super" bytes)" lost=0
	if [ $backend = packet ] && [ "$(ft_lost $name)" -gt 0 ]; then
		[ "$(printf '6.2\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.2 ] || want="0 0 0" lost=10
	fi
	is_from $name 10.7.0.1 '.local.port == 6202' "$want" "$backend: super-packets"
	is "$(ft_lost $name)" $lost "$backend: $lost lost"
	ft_line $name
done
ft_stop v0
# 32 bytes around each, the inside padded to 16; then 20 + 8.
payload=$(($(transfer) - before))
own=$(own_messages $((payload - 100 * (32 + 528) - 100 * (32 + 1040))))
note "messages of the tunnel's own: $own"
ok "what went through the tunnel besides are messages of its own" [ "$own" != none ] || own=0
packets=$((packets + own))
bytes=$((payload + packets * 28))
is_from v0 10.0.0.1 '.protocol == 17' "$packets $bytes $((bytes + packets * 14))" \
	"outside: a datagram for each, with its own headers"
ft_line v0
done_testing
