#!/usr/bin/env bash
# --export zmq://: what a subscriber of ntopng's kind gets of flows, field by field; flows that
# began before somebody subscribed are told of then; a subscriber that listens is found.
. "$(dirname "$0")/lib.sh"
ftzmq=$top_builddir/tests/live/tools/ftzmq
[ -x "$ftzmq" ] || skip_all "built without libzmq"

# events NAME JQ: over all events as one array.
events() { grep -a '}$' "$work/$1.events" | jq -rcs "$2"; }

# subscribe NAME bind|connect ENDPOINT
declare -A subscribers=()
subscribe() {
	ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" "$ftzmq" "$2" "$3" \
		>"$work/$1.events" 2>"$work/$1.zmq.err" &
	subscribers[$1]=$!
}

ns_pair a b
# A flow that goes on: begun before anybody subscribed.
ft_start zmq a -i v0 --export 'zmq://:5556?idle=1&active=1' --export zmq+connect://127.0.0.1:5557
sent=$(ft_send a v0 b -n 40 -s 300 --sport 7001 udp)
ft_wait_seen zmq 40
ok "the health line says that nobody has subscribed" \
	wait_for "ft_last zmq .health.notes | grep -q 'zmq://:5556.*nobody has subscribed'"
subscribe first connect tcp://127.0.0.1:5556
subscribe second bind tcp://127.0.0.1:5557
for name in first second; do
	ok "$name: the flow that was there before is told of" \
		wait_for "grep -q 7001 '$work/$name.events'" 20
done
ok "and nothing is said any more" \
	wait_for "! ft_last zmq .health.notes | grep -q 'nobody has subscribed'"
ok "what it counted is told once it is idle" \
	wait_for "events first 'map(select(.L4_SRC_PORT == 7001 and .IN_PKTS)) | length' | grep -qx 1"
is "$(events first 'map(select(.L4_SRC_PORT == 7001))[1] | "\(.IN_PKTS) \(.IN_BYTES) \(.OUT_PKTS) \(.OUT_BYTES)"')" \
	"$(sent "$sent" packets) $(sent "$sent" bytes) 0 0" "to the byte"

# A connection, whose process is known.
ip netns exec b iperf3 -s -1 -p 7003 >/dev/null 2>&1 &
wait_for "ss -N b -Htln 'sport = 7003' | grep -q ." || bail "iperf3 does not listen"
in_ns a iperf3 -c 10.0.0.2 -p 7003 -b 2M -t 2 >"$work/quiet.log" 2>&1 || bail "iperf3: $(cat "$work/quiet.log")"
ok "its end is an event" \
	wait_for "events first 'map(select(.TCP_EVENT_TYPE == \"CLOSE\" and .L4_DST_PORT == 7003)) | length' | grep -qx 2" 20
is "$(events first 'map(select(.L4_DST_PORT == 7003)) | map(.TCP_EVENT_TYPE // "-") | group_by(.) |
	map(select(.[0] != "-") | "\(.[0]) \(length)") | join(" ")')" "CLOSE 2 CONNECT 2" "connect, then close"
is "$(events first 'map(select(.L4_DST_PORT == 7003)) | map([.INTERFACE_NAME, .IP_PROTOCOL_VERSION, .PROTOCOL,
	.IPV4_SRC_ADDR, .IPV4_DST_ADDR, (.timestamp | test("^[0-9]+[.][0-9]{6}$"))]) | unique')" \
	'[["v0",4,6,"10.0.0.1","10.0.0.2",true]]' "the ends, the interface, the time"
is "$(events first 'map(select(.L4_DST_PORT == 7003) | (.NW_LATENCY_MS // 0) > 0) | unique')" "[true]" \
	"how long the handshake took"
is "$(events first 'map(select(.L4_DST_PORT == 7003 and .TCP_EVENT_TYPE == "CLOSE")) | map(.LOCAL_PROCESS |
	[.UID, .UID_NAME, .GID, .GID_NAME, (.PROCESS_PATH | test("iperf3$")), (.PROCESS_CMDLINE | test("-p 7003")),
	.PID == .TID, .PID > 1]) | unique')" '[[0,"root",0,"root",true,true,true,true]]' "the process"
ft_stop zmq
is "$FT_STATUS" 0 "flowtop ends well"
sum='map(select(.IN_PKTS)) | "\(map(.IN_PKTS + .OUT_PKTS) | add) \(map(.IN_BYTES + .OUT_BYTES) | add)"'
for name in first second; do
	ok "$name: all events sum to the flows of the line, to the byte" \
		wait_for "[ \"\$(events $name '$sum')\" = '$(ft_last zmq '.total.flows | "\(.packets) \(.bytes)"')' ]"
	is "$(cat "$work/$name.zmq.err")" "" "$name: each message is one"
	kill "${subscribers[$name]}"
done
ft_line zmq
done_testing
