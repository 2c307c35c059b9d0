#!/usr/bin/env bash
# A capture file read back has the flows and totals that were counted live; a truncated one shows
# what could be read and says so; a foreign one gets a sentence.
. "$(dirname "$0")/lib.sh"

command -v tcpdump >/dev/null || bail "tcpdump is missing"
ns_pair a b
ft_start live b -i v0
ip netns exec b tcpdump -i v0 -w "$work/x.pcap" -U -B 8192 2>"$work/tcpdump.err" &
tcpdump=$!
wait_for "grep -q listening '$work/tcpdump.err'"
ft_send a v0 b -n 300 -s 500 --sport 7401 udp >/dev/null
ft_send a v0 b -n 50 --vlan 5 --sport 7402 udp >/dev/null
ft_send a v0 b -n 9 arp >/dev/null
ft_wait_seen live 359
in_ns a ping -c 2 -i 0.2 -q fd00::2 >/dev/null
ft_wait_seen live 363
# Not all that is there counts: IPv6 never rests, and the last of what was sent here may not be written yet.
ours='arp or udp or (icmp6 and (ip6[40] = 128 or ip6[40] = 129)) or vlan 5'
wait_for "[ \"\$(tcpdump -r '$work/x.pcap' '$ours' 2>/dev/null | wc -l)\" -ge 363 ]"
kill -TERM $tcpdump
wait $tcpdump
ft_stop live

# As nobody: reading needs no privilege.
chmod 755 "$work"
read_file() {
	setpriv --reuid=65534 --regid=65534 --clear-groups -- env HOME=/ "$flowtop" -b -o ndjson --pane all -n -N \
		-r "$1" >"$work/file.ndjson" 2>"$work/file.err"
}
ok "a file is read without privilege" read_file "$work/x.pcap"
# Only what was sent here: the two are not stopped at the same moment, and IPv6 never rests.
sent_here='.protocol == 17 or .icmp.type == 128'
for from in 10.0.0.1 fd00::1 fd00::2; do
	is "$(ft_from file $from "$sent_here")" "$(ft_from live $from "$sent_here")" \
		"the file tells what $from sent"
done
is "$(ft_total file not_ip)" "$(ft_total live not_ip)" "not IP agrees"
ft_line file
is "$(ft_jq file 'map(select(.type == "flow" and .vlan == [5])) | length')" 1 "the VLAN is told"

# What the program may, its caller may not: somebody else's capture stays closed.
if command -v setcap >/dev/null && cp "$flowtop" "$work/lent" &&
	setcap cap_dac_read_search,cap_dac_override+ep "$work/lent" 2>/dev/null; then
	cp "$work/x.pcap" "$work/secret.pcap"
	chmod 600 "$work/secret.pcap"
	setpriv --reuid=65534 --regid=65534 --clear-groups -- env HOME=/ "$work/lent" -b -r \
		"$work/secret.pcap" >"$work/secret.out" 2>"$work/secret.err"
	is "$?" 2 "a file of somebody else's is not read with lent capabilities"
	setpriv --reuid=65534 --regid=65534 --clear-groups -- env HOME=/ "$work/lent" -b --config \
		"$work/secret.pcap" -r "$work/x.pcap" >"$work/secret.out" 2>"$work/secret.err"
	is "$?" 2 "nor taken for a config file"
	rm -f "$work/secret.pcap"
fi

whole=$(ft_last file .total.seen.packets)
head -c $(($(stat -c %s "$work/x.pcap") - 10)) "$work/x.pcap" >"$work/cut.pcap"
chmod 644 "$work"/*.pcap
read_file "$work/cut.pcap"
status=$?
ok "a truncated file: all but the last packet is there" \
	[ "$(ft_last file .total.seen.packets)" -eq $((whole - 1)) ]
ok "a truncated file: a sentence says so (exit $status)" grep -qi 'truncated\|cut' "$work/file.err" "$work/file.ndjson"
echo "not a capture" >"$work/foreign.pcap"
chmod 644 "$work"/*.pcap
read_file "$work/foreign.pcap"
is "$?" 4 "a foreign file: exit status"
is "$(wc -l <"$work/file.err")" 1 "a foreign file: one sentence"
read_file "$work/nosuch.pcap"
is "$?" 3 "no such file: exit status"
done_testing
