#!/usr/bin/env bash
# Interfaces that come and go, twice as many as there are numbers for scopes, as with containers: each
# one is watched, all that it carried is counted, and what is gone stays in the sums.
# timeout: 900
# seconds: 160
. "$(dirname "$0")/lib.sh"

batch=60 batches=9 # 540 pairs, more than twice FT_MAX_SCOPES

ns_pair a b
in_ns a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
in_ns b sysctl -qw net.ipv6.conf.default.disable_ipv6=1
backend=$(backends tcx)
ft_start one a -i 'v0,q*' --backend "$backend"

# present: how many of the pairs are watched, by the last summary.
present() { ft_last one '[.interfaces[] | select(.present and (.name | startswith("q")))] | length'; }

most=0
for ((n = 0; n < batches; n++)); do
	first=$((n * batch))
	for ((i = first; i < first + batch; i++)); do
		echo "link add q$i type veth peer name r$i"
		echo "link set q$i up"
		echo "link set r$i up"
	done >"$work/add"
	ip -n a -batch "$work/add" || bail "cannot make a batch of pairs"
	wait_for "[ \"\$(present)\" = $batch ]" 60 || bail "batch $n is not watched: $(present)"
	for ((i = first; i < first + batch; i++)); do
		in_ns a "$ftsend" -i q$i -n 3 --src 10.2.0.1 --dst 10.2.0.2 --sport $((10000 + i)) udp >/dev/null
	done
	ft_wait_seen one $((3 * (first + batch))) 30
	for ((i = first; i < first + batch; i++)); do echo "link del q$i"; done >"$work/del"
	ip -n a -batch "$work/del" || bail "cannot delete a batch of pairs"
	wait_for "[ \"\$(present)\" = 0 ]" 60 || bail "batch $n does not go: $(present)"
	now=$(ft_last one '.interfaces | length')
	[ "$now" -le "$most" ] || most=$now
done
ft_send a v0 b -n 10 --sport 7304 udp >/dev/null
wait_for "[ \"\$(ft_from one 10.0.0.1 '.local.port == 7304' | cut -d' ' -f1)\" = 10 ]"
ft_stop one
is "$(ft_from one 10.2.0.1 | cut -d' ' -f1)" $((3 * batch * batches)) "every packet is some flow's"
is "$(ft_jq one 'map(select(.type == "flow" and (.interface | startswith("q"))) |
	select(.interface[1:] != ((if .local.address == "10.2.0.1" then .local.port else .remote.port end) - 10000 | tostring))) |
	length')" 0 "and of the interface that carried it, never of another that had its number"
is "$(ft_jq one 'map(select(.type == "flow" and (.interface | startswith("q"))).interface) | unique | length')" \
	$((batch * batches)) "each interface had some"
is "$(ft_last one '[.interfaces[] | select(.name == "(gone)")] | length')" 1 "those that were forgotten are in the sums"
is "$(ft_last one '[.interfaces[].total.flows.packets] | add')" "$(ft_last one .total.flows.packets)" \
	"the interfaces' totals are the whole's"
within "$most" 61 257 "as many scopes as there may be at once"
ft_line one
done_testing
