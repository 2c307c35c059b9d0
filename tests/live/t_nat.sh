#!/usr/bin/env bash
# A connection before and after NAT is one conversation, whoever translates what: a container's
# that is masqueraded, one from outside to a forwarded port, a ping. Both sides name the process in
# the container, a proxy on the forwarded port owns nothing, and no total changes.
# timeout: 600
# seconds: 30
. "$(dirname "$0")/lib.sh"
fttalk=$top_builddir/tests/live/tools/fttalk

# c is the container, behind the bridge of r; s is outside.
ns_bridge r br0 c
ip -n c addr flush dev v0
ns_addr c v0 172.30.0.2/24
ns_addr r br0 172.30.0.1/24
ns_add s
ns_veth r v1 s v0
ns_addr r v1 10.9.0.1/24
ns_addr s v0 10.9.0.2/24
ip -n c route add default via 172.30.0.1
ip -n s route add 172.30.0.0/24 via 10.9.0.1
in_ns r sysctl -qw net.ipv4.ip_forward=1
command -v nft >/dev/null || skip_all "no nft"
in_ns r nft -f - 2>"$work/nft.err" <<'END' || skip_all "no NAT here: $(head -n 1 "$work/nft.err")"
table ip nat {
	chain pre { type nat hook prerouting priority -100;
		ip daddr 10.9.0.1 tcp dport 8080 dnat to 172.30.0.2:5000; }
	chain post { type nat hook postrouting priority 100;
		ip saddr 172.30.0.0/24 oifname "v1" tcp sport 1-65535 masquerade to :40000-40999;
		ip saddr 172.30.0.0/24 oifname "v1" masquerade; }
}
END

# talk NAME NS ADDRESS PORT LISTENING-NS PORT: a connection that waits for what to send on fd
# of $work/NAME.in; sets pid and listener.
talk() {
	local name=$1
	ip netns exec "$5" "$fttalk" listen "$6" >"$work/$name.listen" 2>&1 </dev/null &
	listener=$!
	wait_for "grep -qs ready '$work/$name.listen'" || bail "no listener: $(cat "$work/$name.listen")"
	mkfifo "$work/$name.in"
	ip netns exec "$2" "$fttalk" connect "$3" "$4" <"$work/$name.in" >"$work/$name.said" 2>&1 &
	pid=$!
	exec {talk}>"$work/$name.in"
	wait_for "grep -qs ready '$work/$name.said'" || bail "no connection: $(cat "$work/$name.said")"
}

# say NAME FD OCTETS
say() {
	local said
	said=$(grep -c sent "$work/$1.said")
	echo "$3" >&"$2"
	wait_for "[ \$(grep -c sent '$work/$1.said') -gt $said ]"
}

# flow NAME SCOPE PORT: the last record of the flow in the scope that has the port.
flow() {
	ft_jq "$1" "map(select(.type == \"flow\" and .interface == \"$2\" and
		(.local.port == $3 or .remote.port == $3))) | last"
}

# judge NAME LISTEN-PORT-INSIDE LISTEN-PORT-OUTSIDE: both sides know each other.
judge() {
	flow "$1" br0 "$2" >"$work/in.json"
	flow "$1" v1 "$3" >"$work/out.json"
	is "$(jq -c .pair "$work/in.json")" "$(jq -c '[.id]' "$work/out.json")" "$4: inside names outside"
	is "$(jq -c .pair "$work/out.json")" "$(jq -c '[.id]' "$work/in.json")" "$4: outside names inside"
	is "$(jq -c '[.nat.local, .nat.remote] | sort' "$work/in.json")" \
		"$(jq -c '[.local, .remote] | map({address, port}) | sort' "$work/out.json")" \
		"$4: what its ends are called outside"
	is "$(jq -c '[.nat.local, .nat.remote] | sort' "$work/out.json")" \
		"$(jq -c '[.local, .remote] | map({address, port}) | sort' "$work/in.json")" \
		"$4: what its ends are called inside"
	is "$(jq -c '.total | [.tx_bytes, .rx_bytes] | sort' "$work/in.json")" \
		"$(jq -c '.total | [.tx_bytes, .rx_bytes] | sort' "$work/out.json")" "$4: the same bytes"
}

# One that is older than flowtop: it is in the listing.
talk old c 10.9.0.2 7001 s 7001
old=$talk old_pid=$pid
for backend in tcx packet; do
	one=one-$backend
	ft_start $one r -i br0,v1 --backend $backend -d 0.3
	# The proxy listens where nothing will ever arrive. It is here first: what is started later has
	# the other connections' input open, and would keep them from ending.
	ip netns exec r "$fttalk" listen 8080 >"$work/proxy.$backend" 2>&1 </dev/null &
	proxy=$!
	wait_for "grep -qs ready '$work/proxy.$backend'"
	talk out-$backend c 10.9.0.2 7000 s 7000
	out=$talk out_pid=$pid
	talk in-$backend s 10.9.0.1 8080 c 5000
	in=$talk in_listener=$listener
	in_ns c ping -q -c 2 -i 0.2 10.9.0.2 >"$work/ping" 2>&1
	ok "$backend: the ping got through" [ $? -eq 0 ]
	say out-$backend $out 50000
	say in-$backend $in 30000
	say old $old 20000
	exec {out}>&- {in}>&-
	wait_for "[ \"\$(ft_jq $one 'map(select(.type == \"flow\" and .ended)) | length')\" -ge 4 ]"
	seen=$(ft_last $one .time)
	wait_for "[ \"\$(ft_last $one .time)\" != '$seen' ]"
	ft_stop $one
	kill $proxy
	wait $proxy 2>/dev/null

	judge $one 7000 7000 "$backend: masqueraded"
	ok "$backend: its port is another one" \
		[ "$(jq '[.local, .remote][] | select(.address == "10.9.0.1").port' "$work/out.json")" -ge 40000 ]
	case $backend in
	tcx) who="process $out_pid" ;;
	*) who="transit null" ;; # nobody can know: its socket is in another namespace
	esac
	is "$(jq -r '[.local, .remote][] | select(.address == "10.9.0.1") | "\(.owner) \(.process.pid)"' "$work/out.json")" \
		"$who" "$backend: masqueraded: whom our address is lent to"
	judge $one 5000 8080 "$backend: forwarded port"
	case $backend in tcx) who="process $in_listener" ;; esac
	is "$(jq -r '[.local, .remote][] | select(.port == 8080) | "\(.owner) \(.process.pid)"' "$work/out.json")" \
		"$who" "$backend: forwarded port: who serves it, not the proxy"
	is "$(ft_jq $one 'map(select(.type == "flow" and .protocol == 1 and .icmp.type == 8)) |
		group_by(.id) | map(last) | [.[0].pair[0] == .[1].id, .[1].pair[0] == .[0].id, length == 2] | all')" \
		true "$backend: a ping knows itself outside"
	judge $one 7001 7001 "$backend: older than flowtop"
	[ $backend = packet ] ||
		is "$(jq -r '[.local, .remote][] | select(.address == "10.9.0.1") | "\(.owner) \(.process.pid)"' "$work/out.json")" \
			"process $old_pid" "$backend: older than flowtop: whom our address is lent to"
	ft_line $one
done
exec {old}>&-

# Whose bytes they are, in the list of processes: the container's process has those of one flow, behind
# the bridge where that is all that is watched, at our own address where that is watched, too.
for scopes in br0 br0,v1; do
	name=whose-$scopes
	FT_PANE=all ft_start $name r -i $scopes --backend tcx -d 0.3
	talk $name c 10.9.0.2 7002 s 7002
	say $name $talk 40000
	at=$talk
	wait_for "echo 100 >&$at; [ \"\$(ft_jq $name 'any(.type == \"process\" and .process.pid == $pid)')\" = true ]"
	exec {at}>&-
	wait_for "[ \"\$(ft_jq $name 'any(.type == \"flow\" and .ended and .remote.port == 7002)')\" = true ]"
	ft_rounds $name 1
	ft_stop $name
	scope=${scopes#*,}
	is "$(ft_jq $name "map(select(.type == \"process\" and .process.pid == $pid)) | last | .total | [.tx_bytes, .rx_bytes] | sort")" \
		"$(flow $name $scope 7002 | jq -c '.total | [.tx_bytes, .rx_bytes] | sort')" \
		"$scopes: the process in the container has the bytes of the flow on $scope, once"
	ft_line $name
done

# A router's own listener on any address has the port that others talk on through it: it owns none of that.
ip netns exec r "$fttalk" listen 7003 >"$work/any" 2>&1 </dev/null &
wait_for "grep -qs ready '$work/any'"
for backend in tcx packet; do
	name=any-$backend
	FT_PANE=all ft_start $name r -i v1 --backend $backend -d 0.3
	talk $name s 172.30.0.2 7003 c 7003
	say $name $talk 30000
	ft_rounds $name 3
	exec {talk}>&-
	ft_stop $name
	is "$(ft_jq $name 'map(select(.type == "flow") | [.local, .remote][] | select(.port == 7003).owner) | unique | join(" ")')" \
		transit "$backend: a listener on any address owns nothing that passes by"
	ft_line $name
done

# --doctor says so.
ok "the doctor knows that addresses are translated" \
	[ "$(in_ns r "$flowtop" --doctor | awk '$1 == "conntrack" { print $2 }')" = yes ]
done_testing
