#!/usr/bin/env bash
# Interfaces that vanish and come back, that a glob catches later, and what `any` takes.
# seconds: 30
. "$(dirname "$0")/lib.sh"
export FT_PANE=all # with all that it may look at

ns_pair a b
for backend in $(backends tcx tc packet); do
	ft_start $backend a -i 'v0,q*' --backend $backend
	ft_send a v0 b -n 100 --sport 7301 udp >/dev/null
	ft_wait_seen $backend 100
	# a new one under the glob
	ip -n a link add q0 type veth peer name v1 netns b
	ip -n a link set q0 up
	ip -n b link set v1 up
	wait_for "[ \"\$(ft_last $backend '[.interfaces[] | select(.name == \"q0\")] | length')\" = 1 ]"
	settle a q0
	ft_send a q0 - -n 60 --src 10.2.0.1 --dst 10.2.0.2 --sport 7302 udp >/dev/null
	wait_for "[ \"\$(ft_from $backend 10.2.0.1 | cut -d' ' -f1)\" = 60 ]"
	is "$(ft_from $backend 10.2.0.1 | cut -d' ' -f1)" 60 "$backend: an interface that came later"
	# gone, and back under its name
	ip -n a link del q0
	wait_for "[ \"\$(ft_jq $backend 'map(select(.type == \"flow\" and .ended.reason == \"interface\")) | length')\" -ge 1 ]"
	is "$(ft_jq $backend 'map(select(.type == "flow" and .ended.reason == "interface") | .interface) | unique | join(" ")')" \
		q0 "$backend: its flows end with it"
	ip -n a link add q0 type veth peer name v1 netns b
	ip -n a link set q0 up
	ip -n b link set v1 up
	settle a q0
	ft_send a q0 - -n 40 --src 10.2.0.1 --dst 10.2.0.3 --sport 7303 udp >/dev/null
	wait_for "[ \"\$(ft_from $backend 10.2.0.1 '.remote.port == 7303 or .local.port == 7303' | cut -d' ' -f1)\" = 40 ]"
	is "$(ft_from $backend 10.2.0.1 '.remote.port == 7303 or .local.port == 7303' | cut -d' ' -f1)" 40 \
		"$backend: the same name again"
	ft_send a v0 b -n 10 --sport 7304 udp >/dev/null
	wait_for "[ \"\$(ft_from $backend 10.0.0.1 '.local.port == 7304' | cut -d' ' -f1)\" = 10 ]"
	ft_stop $backend
	is "$(ft_from $backend 10.0.0.1 '.local.port == 7304' | cut -d' ' -f1)" 10 \
		"$backend: the other interface never stopped"
	ft_line $backend
	ip -n a link del q0
done

# any: lo, the bridge by its ports, the veth that is in no bridge; nothing twice
ip -n a link add br0 type bridge stp_state 0 mcast_snooping 0
ip -n a link set br0 up
ns_add c
ns_veth a p1 c v0
ip -n a link set p1 master br0
settle a br0
is "$(in_ns a "$flowtop" -i br0,p1 -b -c 1 2>&1 >/dev/null | wc -l); $(in_ns a "$flowtop" -i br0,p1 -b -c 1 >/dev/null 2>&1; echo $?)" \
	"1; 1" "a master named together with its slave is refused, in one sentence"
is "$(in_ns a "$flowtop" -i nosuch0 -b -c 1 >/dev/null 2>&1; echo $?)" 3 "no such interface: exit 3"
ft_start any a -i any
ft_send c v0 - -n 30 --src 10.3.0.1 --dst 10.3.0.2 --sport 7305 udp >/dev/null
in_ns a "$ftsend" -i lo -n 20 --src 127.0.0.1 --dst 127.0.0.1 --sport 7306 udpsock >/dev/null
ft_wait_seen any 50
ft_stop any
is "$(ft_from any 10.3.0.1 | cut -d' ' -f1)" 30 "any: a bridge by its ports, once"
is "$(ft_from any 127.0.0.1 '.local.port == 7306 or .remote.port == 7306' | cut -d' ' -f1)" 20 "any: lo, once"
ft_line any
done_testing
