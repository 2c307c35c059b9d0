#!/usr/bin/env bash
# Two hosts send to one ClickHouse server, Debian's 18.16, through its death and its silence: what is
# there is what they counted, to the byte and once; README's commands work as they are written; -r
# opens the flows of both, with the filter in the query.
# timeout: 900
# seconds: 130
. "$(dirname "$0")/lib.sh"

"$flowtop" -V | grep -q libcurl || skip_all "built without libcurl"
need_collector clickhouse-server clickhouse-client
libs=$(collector_env)
real=$(realpath "$flowtop")

# ---- a server of the test's own, in a, by nobody

ch=$(mktemp -d)
mount -t tmpfs -o size=512m none "$ch" || bail "no tmpfs" # many small files, in a mount of our own
chown nobody: "$ch"
trap 'umount -l "$ch"; rmdir "$ch"; finish' EXIT
cat >"$ch/config.xml" <<-EOF2
	<yandex>
		<logger><level>warning</level><console>1</console></logger>
		<http_port>8123</http_port><tcp_port>9000</tcp_port>
		<listen_host>127.0.0.1</listen_host><listen_host>10.9.0.1</listen_host>
		<path>$ch/data/</path><tmp_path>$ch/tmp/</tmp_path>
		<mark_cache_size>5368709</mark_cache_size>
		<users_config>$ch/users.xml</users_config>
		<default_profile>default</default_profile><default_database>default</default_database>
		<query_log><database>system</database><table>query_log</table>
			<flush_interval_milliseconds>200</flush_interval_milliseconds></query_log>
	</yandex>
EOF2
cat >"$ch/users.xml" <<-'EOF2'
	<yandex>
		<profiles><default><log_queries>1</log_queries></default></profiles>
		<users>
			<default><password></password><networks><ip>::/0</ip></networks>
				<profile>default</profile><quota>default</quota></default>
			<ana><password>Ge:heim@nis/1</password><networks><ip>::/0</ip></networks>
				<profile>default</profile><quota>default</quota></ana>
		</users>
		<quotas><default></default></quotas>
	</yandex>
EOF2
ch_start() {
	ip netns exec a env "$libs" setpriv --reuid=nobody --regid=nogroup --clear-groups \
		"$(collector_path clickhouse-server)" --config-file="$ch/config.xml" \
		>>"$work/server.log" 2>&1 &
	ch_pid=$!
	wait_for '[ "$(ask "SELECT 1")" = 1 ]' 60 || bail "no server: $(grep -v "^[0-9]*\. " "$work/server.log" | tail -n 20)"
}
ch_kill() {
	kill -KILL $ch_pid
	wait $ch_pid 2>/dev/null
}
client() { ip netns exec a env "$libs" "$(collector_path clickhouse-client)" "$@" 2>&1; }
ask() { client -d "${2:-default}" -q "$1" </dev/null; }

# flowtop as if on a host of that name.
as_host() {
	cat >"$work/flowtop-$1" <<-EOF2
		#!/bin/sh
		exec unshare --uts sh -c 'hostname "\$0"; exec "\$@"' $1 "$real" "\$@"
	EOF2
	chmod +x "$work/flowtop-$1"
	echo "$work/flowtop-$1"
}
host_start() { # NAME NS URL
	local flowtop
	flowtop=$(as_host "$1")
	ft_start "$1" "$2" -i v0 --export "$3"
}

# "packets bytes l2_bytes" of all flows, by the records of a run and by the database.
sum_of() {
	ft_jq "$1" '[.[] | select(.type == "flow") | .interval] |
		["packets", "bytes", "l2_bytes"] as $k |
		[$k[] as $n | map(.["tx_" + $n] + .["rx_" + $n]) | add] | join(" ")'
}
sum_in() {
	ask "SELECT sum(tx_packets + rx_packets), sum(tx_bytes + rx_bytes),
		sum(tx_l2_bytes + rx_l2_bytes) FROM traffic ${2:-} WHERE observer = '$1'" flows | tr '\t' ' '
}

ns_pair a b
ns_veth a m0 b m0 # the way to the server, which nobody watches
ns_addr a m0 10.9.0.1/24
ns_addr b m0 10.9.0.2/24

# ---- it may come later, die, and fall silent

host_start web1 a 'clickhouse://127.0.0.1:8123/flows'
host_start web2 b 'clickhouse://ana:Ge%3aheim%40nis%2f1@10.9.0.1/flows'
sent=$(ft_send a v0 b -n 300 -s 200 --sport 7701 udp)
ok "a server that is away is said on the health line, with what waits for it" \
	wait_for "ft_last web1 .health.notes | grep -q 'clickhouse://127.0.0.1:8123/flows: .*intervals waiting: [1-9]'"
ch_start
ok "it is found when it comes" \
	wait_for "[ \"\$(sum_in web1 | cut -d' ' -f1)\" -ge 300 ] 2>/dev/null" 40
ok "by both" wait_for "[ \"\$(sum_in web2 | cut -d' ' -f1)\" -ge 300 ] 2>/dev/null" 40
ok "and the health line is empty again" wait_for "! ft_last web1 .health.notes | grep -q waiting"
in_ns a ping -c 3 -i 0.2 -q fd00::2 >/dev/null
ch_kill
ft_send a v0 b -n 400 -s 300 --sport 7702 udp >/dev/null
ft_rounds web1 5
ch_start
kill -STOP $ch_pid
ft_send a v0 b -n 500 -s 100 --sport 7703 udp >/dev/null
ft_rounds web1 5
kill -CONT $ch_pid
in_ns b timeout 30 bash -c 'exec 3<>/dev/tcp/10.0.0.1/9; true' 2>/dev/null # refused: an end by RST
# A socket that goes on for a while.
in_ns a iperf3 -s -1 -B 10.0.0.1 >"$work/iperf.log" 2>&1 &
wait_for "ss -N a -Htln 'sport = 5201' | grep -q ."
in_ns b iperf3 -c 10.0.0.1 -n 300K -b 2M >/dev/null 2>&1
ft_wait_seen web2 1200
wait_for "! ft_last web1 .health.notes | grep -q waiting" 60
wait_for "! ft_last web2 .health.notes | grep -q waiting" 60
is "$(ft_last web1 '[.health.lengthened, .health.missed]')" "[0,0]" "nothing waited for it"
ft_stop web1
is "$FT_STATUS" 0 "web1 ends well"
ft_stop web2
is "$FT_STATUS" 0 "web2 ends well"
for host in web1 web2; do
	is "$(sum_in $host)" "$(sum_of $host)" "$host: what it counted is there, to the byte, once"
	is "$(sum_in $host FINAL)" "$(sum_of $host)" "$host: and no row was there twice"
	is "$(ask "SELECT max(interval_id) - count(), sum(flows_packets) FROM intervals WHERE observer = '$host'" flows)" \
		"0"$'\t'"$(sum_of $host | cut -d' ' -f1)" "$host: no interval is missing"
	ft_line $host
done
is "$(ask "SELECT countIf(seen_packets != flows_packets + other_packets + not_ip_packets +
	malformed_packets + lost_packets) FROM intervals" flows)" 0 "the line adds up in each"
is "$(ask "SELECT DISTINCT local_address, remote_address, icmp_type FROM traffic
	WHERE protocol = 58 AND observer = 'web1' AND icmp_type = 128" flows)" \
	"fd00::1"$'\t'"fd00::2"$'\t'128 "IPv6 is IPv6"
is "$(ask "SELECT sum(tx_packets), sum(tx_bytes) FROM traffic WHERE observer = 'web1' AND local_port = 7701" flows)" \
	"$(sent "$sent" packets)"$'\t'"$(sent "$sent" bytes)" "one flow, to the byte"

is "$(ask "SELECT countIf(rtt_us > 0) > 0, min(sampled_ns) > 0 FROM tcp" flows)" "1"$'\t'"1" "sockets tell how they fare"
ok "and what happened is there" [ "$(ask "SELECT count() FROM events WHERE observer = 'web2' AND remote_port = 9" flows)" -gt 0 ]

# ---- no password anywhere

ok "the password is in no record" eval "! grep -qaE 'heim|nis/1' '$work/web2.ndjson' '$work/web2.err'"
quiet in_ns b "$flowtop" -b -c 1 -i v0 --export 'clickhouse://ana:wrong@10.9.0.1/flows'
is $? 2 "a wrong password is an error in the end"
ok "which is said" grep -q 'clickhouse://10.9.0.1/flows: Wrong password for user ana' "$work/quiet.log"
ok "without it" eval "! grep -q wrong@ '$work/quiet.log'"
quiet in_ns b "$flowtop" -b -c 1 -i v0 --export 'clickhouse://ana:wrong@10.9.0.1/'
ok "nor is it in a sentence about the URL" eval "grep -q HOST:PORT/DATABASE '$work/quiet.log' && ! grep -q wrong '$work/quiet.log'"
ip netns exec b "$flowtop" -b -i v0 --export 'clickhouse://ana:Gurke@10.9.0.1/flows' >/dev/null 2>&1 &
pid=$!
ok "nor in the list of processes" wait_for "grep -qa 'clickhouse://x*@10.9' /proc/$pid/cmdline"
kill $pid
wait $pid 2>/dev/null

# ---- a database of somebody else's

ask "CREATE DATABASE other" >/dev/null
ask "CREATE TABLE traffic (time DateTime) ENGINE = Memory" other >/dev/null
quiet in_ns a "$flowtop" -b -c 1 -i v0 --export 'clickhouse://127.0.0.1/other'
ok "a table that is not ours is left alone" grep -q "its table .* is another flowtop's" "$work/quiet.log"
is "$(ask "SELECT count() FROM traffic" other)" 0 "nothing is written to it"

# ---- reading back

URL=clickhouse://127.0.0.1:8123/flows
read_back() { # NAME URL FILTER...
	local name=$1
	shift
	in_ns a "$flowtop" -b -o ndjson -n -N -r "$@" >"$work/$name.ndjson" 2>"$work/$name.err"
}
read_back all $URL
for host in web1 web2; do
	is "$(ft_jq all '[.[] | select(.type == "flow" and .observer == "'$host'") | .interval |
		.tx_bytes + .rx_bytes] | add')" "$(sum_of $host | cut -d' ' -f2)" \
		"-r: the flows of $host, to the byte"
done
is "$(ft_jq all '[.[] | .interfaces // empty | .[] | .observer + ":" + .name] | unique | join(" ")')" \
	"web1:v0 web2:v0" "and whose interfaces they passed"
ft_line all

# One step for all: what ended in it long before its end counted in it all the same.
read_back hour $URL?step=3600
is "$(ft_jq hour '[.[] | select(.type == "summary") | .hidden.packets] | add')" 0 "all that counted in a long step has a row"
is "$(ft_jq hour '[.[] | select(.type == "flow") | .id] | unique | length')" \
	"$(ask "SELECT uniqExact(observer, run, flow) FROM traffic" flows)" "each flow is one"
# Records of several hosts are records.
ft_jq hour '.[] | select(.time == $t)' --arg t "$(ft_last hour .time | tr -d '"')" >"$work/one.json"
quiet "$flowtop" -b --diff "$work/one.json" "$work/one.json"
is $? 0 "records of several hosts are read back"

# What the server leaves out is what the filter would leave out: the same from a recording, whose
# rows are all looked at. (Not rates: those of longer steps are others.)
in_ns a "$flowtop" -b -r $URL?step=10 -w "$work/all.flow" >/dev/null 2>"$work/all.err"
# One jq a filter: are the flows the same, and is what was left out counted?
same='def flows: [.[] | select(.type == "flow") | [.time, .id, .interval.tx_bytes, .interval.rx_bytes,
		.state, .local.process.pid]] | sort;
	def packets: [.[] | if .type == "flow" then .interval.tx_packets + .interval.rx_packets
		elif .type == "summary" then .hidden.packets else 0 end] | add;
	[($p | flows) == ($l | flows),
	 ($p | packets) == ([$p[] | select(.type == "summary") | .interval.flows.packets] | add)] | all'
differ=
filters=0
while read -r filter; do
	read_back pushed $URL?step=10 "$filter"
	"$flowtop" -b -o ndjson -n -N -r "$work/all.flow" "$filter" >"$work/local.ndjson" 2>&1
	filters=$((filters + 1))
	[ "$(jq -n --slurpfile p "$work/pushed.ndjson" --slurpfile l "$work/local.ndjson" "$same" 2>&1)" = true ] ||
		differ+="[$filter] "
done <<-'EOF2'
	udp
	not udp
	host 10.0.0.1
	local 10.0.0.1
	src host fd00::1
	not src fd00::1
	net 10.0.0.0/8
	net fd00::/64
	not (net 10.0.0.0/30 or ip6)
	port 7701 or port 7702
	src portrange 7701-7702
	local port 7703 and udp
	ip6
	vlan 0
	iface V0
	iface v
	in
	not in and not out
	process ftsend
	process FTSE
	process kernel
	process unknown
	not process ftsend
	not pid 1
	user 0
	user nobody
	state est
	state idle
	state reset
	not state a
	bytes > 10k
	packets = 300
	age > 1s
	idle >= 1s
	not rtt > 1ms
	event close
	not 7701
	ftsend and udp
	(udp or ping) and not 7702
	process "it's" or udp
	process "\\' OR 1=1 --" or icmp6
	udp and (port 7701 or 7702) and not (state idle or process nosuch)
EOF2
is "$differ" "" "what a filter in the query leaves out is what it leaves out here, of $filters filters"
read_back one $URL 'observer WEB2 and net 10.0.0.0/8'
is "$(ft_jq one '[.[] | select(.type == "flow") | .observer] | unique | join(" ")')" web2 "observer web2: of web2 alone"
ok "the filter is in the query" wait_for \
	'ask "SELECT count() > 0 FROM query_log WHERE query LIKE '\''%lower(\`n_observer\`)%web2%unhex(%'\'' AND type = 2" system | grep -qx 1' 20
is "$(ask "SELECT max(result_rows) < $(ft_jq all '[.[] | select(.type == "flow")] | length') FROM query_log
	WHERE query LIKE '%lower(\`n_observer\`)%web2%unhex(%' AND type = 2" system)" 1 "and keeps rows there"
# The first moment may be one of events alone, without an interface.
in_ns a "$flowtop" -b -r $URL >"$work/text" 2>&1
ok "text: interfaces with their hosts" grep -qE '^[^ ]+Z  [0-9.]+ s ( web[12]:v0)+ \(' "$work/text"
ok "and no empty name of events without one" eval '! grep -E "^[^ ]+Z  [0-9.]+ s .*v0  +[(w]" "$work/text"'
quiet in_ns a "$flowtop" -b -r clickhouse://127.0.0.1:8123/nosuch
is "$? $(cat "$work/quiet.log")" "3 flowtop: -r: clickhouse://127.0.0.1:8123/nosuch: no flowtop has written to this database, or it isn't there" \
	"a database that is not there is said to be that"
quiet in_ns a "$flowtop" -b -r clickhouse://127.0.0.1:8124/flows
is $? 4 "a server that is not there is an error"
ok "which is said" grep -q '^flowtop: -r: clickhouse://127.0.0.1:8124/flows: .*[Cc]onnect' "$work/quiet.log"

# ---- README's commands, as they are written

mkdir "$work/bin"
printf '#!/bin/sh\nexec env %s %s "$@"\n' "$libs" "$(collector_path clickhouse-client)" >"$work/bin/clickhouse-client"
printf '#!/bin/sh\nexec %s -b "$@"\n' "$real" >"$work/bin/flowtop"
chmod +x "$work/bin"/*
commands=$(awk '/^    clickhouse-client |^    flowtop -r clickhouse/' "$top_srcdir/README.md")
is "$(wc -l <<<"$commands")" 4 "README has four commands"
while read -r command; do
	answer=$(cd "$work" && ip netns exec a env PATH="$work/bin:$PATH" bash -c "$command" 2>"$work/readme.err" | head -n 2)
	ok "it answers: ${command:0:70}" [ -n "$answer" ]
	ok "without a complaint" [ ! -s "$work/readme.err" ] || sed 's/^/# /' "$work/readme.err"
done <<<"$commands"

# ---- the panes

if command -v tmux >/dev/null; then
	export LC_ALL=C.UTF-8 TERM=xterm-256color TZ=UTC
	tm() { tmux -L "ft$$" "$@"; }
	screen() { tm capture-pane -p -t t; }
	sees() { wait_for "screen | grep -qE -- '$1'" "${2:-15}" || { screen | sed 's/^/# |/'; return 1; }; }
	keys() { tm send-keys -t t "$@"; }
	ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" tmux -L "ft$$" -f /dev/null new-session -d \
		-s t -x 130 -y 30 "$flowtop" -n -N -r $URL
	ok "it opens in the panes, at its end" sees 'RECORDING ([0-9]+)/\1 '
	ok "with the host as a column" sees 'Observer'
	keys :
	keys -l -- '-1h'
	keys Enter
	ok ":-1h is its beginning" sees 'RECORDING 1/'
	keys .
	ok ".: the next moment" sees 'RECORDING 2/'
	moment() { screen | grep -o 'RECORDING [0-9]*/'; }
	# next: goes on by a moment, once it is on the screen.
	next() {
		local was
		was=$(moment)
		keys .
		wait_for "[ \"\$(moment)\" != '$was' ]"
	}
	ok "moments with flows of both hosts" wait_for \
		"next; screen | grep -q '7701.* web1 ' && screen | grep -q '7701.* web2 '" 30
	keys /
	keys -l 'observer web2'
	keys Enter
	ok "/observer web2: not the other" wait_for "screen | grep -q ' web2 ' && ! screen | grep -q '77.* web1 '"
	keys '='
	ok "=: both again" sees '7701.* web1 '
	keys 0
	host_start web3 b 'clickhouse://10.9.0.1:8123/flows'
	ft_send a v0 b -n 50 -s 100 --sport 7704 udp >/dev/null
	ok "at its end it follows what comes" sees '7704.*web3' 30
	ch_kill
	ok "a server that goes away is said" sees '127.0.0.1.*[Cc]onnect|flows at 127.0.0.1: ' 30
	ch_start
	ft_send a v0 b -n 50 -s 100 --sport 7705 udp >/dev/null
	ok "and found again when it comes back" sees '7705.*web3' 60
	keys Q
	ok "it ends" wait_for '! tm has-session -t t 2>/dev/null'
	tm kill-server 2>/dev/null
	ft_stop web3
fi

# ---- a server that hangs does not hold up the end

ft_start hung a -i v0 --export $URL
ft_rounds hung 3
kill -STOP $ch_pid
ft_send a v0 b -n 10 -s 100 --sport 7706 udp >/dev/null
ft_rounds hung 3
ft_stop hung
is "$FT_STATUS" 4 "a server that hangs: the end comes, and is an error"
ok "which counts what is lost" grep -q 'intervals waiting: 0, lost: [1-9]' "$work/hung.err"
kill -CONT $ch_pid
ft_line hung
ch_kill
done_testing
