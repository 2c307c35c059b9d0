#!/usr/bin/env bash
# Prometheus scrapes the page of --export openmetrics:// and answers queries as flowtop itself would;
# the page is on loopback only, unless told.
. "$(dirname "$0")/lib.sh"
need_collector prometheus promtool

# get ADDRESS PORT PATH [METHOD]: an answer with its head, asked in a.
get() {
	# shellcheck disable=SC2016 # expanded inside
	timeout 10 ip netns exec a bash -c 'exec 3<>"/dev/tcp/$1/$2" &&
		printf "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" "$4" "$3" >&3 &&
		cat <&3' - "$1" "$2" "$3" "${4:-GET}" 2>/dev/null
}

# query EXPRESSION: the one number that Prometheus answers.
query() {
	timeout 10 ip netns exec a "$(collector_path promtool)" query instant \
		http://127.0.0.1:9090 "$1" 2>/dev/null | sed -n 's/.*=> *\([^ ]*\) @.*/\1/p'
}

ns_pair a b
ft_start page a -i v0 --export openmetrics://:9464 --export 'openmetrics://*:9465/metrics'
cat >"$work/prometheus.yml" <<-EOF
	global: { scrape_interval: 1s, scrape_timeout: 1s }
	scrape_configs:
	  - job_name: flowtop
	    static_configs: [ { targets: [ "127.0.0.1:9464" ] } ]
EOF
ip netns exec a "$(collector_path prometheus)" --config.file="$work/prometheus.yml" \
	--storage.tsdb.path="$work/prometheus" --web.listen-address=127.0.0.1:9090 \
	>"$work/prometheus.log" 2>&1 &
prometheus=$!
sent=$(ft_send a v0 b -n 700 -s 300 --sport 7001 udp)
in_ns a ping -c 3 -i 0.2 -q 10.0.0.2 >/dev/null
ft_wait_seen page 706
ok "Prometheus scrapes it" wait_for "[ \"\$(query 'up{job=\"flowtop\"}')\" = 1 ]" 30 ||
	sed 's/^/# /' "$work/prometheus.log"
# Packets of the page's own are on lo, which is not watched: the numbers stand still.
ok "and answers what flowtop saw" \
	wait_for "[ \"\$(query 'flowtop_seen_packets_total{interface=\"v0\"}')\" = \"\$(ft_seen page)\" ]" 20
is "$(query 'sum(flowtop_packets_total) - sum(flowtop_seen_packets_total)')" 0 "the terms add up there"
is "$(query 'sum(flowtop_l2_bytes_total) - sum(flowtop_seen_l2_bytes_total)')" 0 "in bytes too"
is "$(query 'flowtop_protocol_bytes_total{protocol="udp"}')" "$(sent "$sent" bytes)" "UDP to the byte"
is "$(query 'sum(flowtop_process_bytes_total{process!="x"}) > bool 0')" 1 "processes are there"
kill -TERM $prometheus
wait $prometheus 2>/dev/null

get 127.0.0.1 9464 /metrics >"$work/page"
ok "it is OpenMetrics" grep -q '^Content-Type: application/openmetrics-text; version=1.0.0' "$work/page"
is "$(tail -n 1 "$work/page")" "# EOF" "whole"
ok "HEAD is answered" grep -q '200 OK' <(get 127.0.0.1 9464 /metrics HEAD)
ok "nothing else is there" grep -q ' 404 ' <(get 127.0.0.1 9464 /)
ok "nothing else can be done" grep -q ' 405 ' <(get 127.0.0.1 9464 /metrics POST)
is "$(get 10.0.0.1 9464 /metrics)" "" "not from elsewhere"
ok "but where told" grep -q '^# EOF' <(get 10.0.0.1 9465 /metrics)

quiet ip netns exec a "$flowtop" -b -c 1 -i v0 --export openmetrics://127.0.0.1:9464
is $? 4 "a port that is taken ends it"
ok "with a sentence" grep -q 'cannot listen: openmetrics://127.0.0.1:9464: Address already in use' "$work/quiet.log"
ft_stop page
is "$FT_STATUS" 0 "flowtop ends well"
ft_line page
done_testing
