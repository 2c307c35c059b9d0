#!/usr/bin/env bash
# Other people's programs, ahead or behind, there before flowtop or coming later: it sees every
# packet all the same, changes nothing for them, and leaves theirs alone.
# seconds: 30
. "$(dirname "$0")/lib.sh"

foreign=$top_builddir/tests/live/tools/ftforeign

# foreign_start WHERE VERDICT: somebody's tcx program on v0 in b, until fd 8 closes.
foreign_start() {
	empty foreign.out
	rm -f "$work/foreign.in"
	mkfifo "$work/foreign.in"
	ip netns exec b "$foreign" v0 "$1" "$2" <"$work/foreign.in" >"$work/foreign.out" 2>&1 &
	foreign_pid=$!
	exec 8>"$work/foreign.in"
	wait_for "[ -s '$work/foreign.out' ]"
	grep -q ready "$work/foreign.out"
}
foreign_stop() {
	exec 8>&-
	wait "$foreign_pid"
}

ns_pair a b

# ping_is STATUS NAME: whether an echo gets through.
ping_is() {
	local status=0 patience=20
	[ "$1" = 0 ] || patience=1 # nothing is to come
	in_ns a ping -c 1 -W $patience -q 10.0.0.2 >/dev/null 2>&1 || status=1
	is $status "$1" "$2"
}

# clsact: a filter of theirs at the highest preference stays, and ours goes in front of it.
in_ns b tc qdisc add dev v0 clsact
in_ns b tc filter add dev v0 ingress pref 10 protocol all bpf bytecode '1,6 0 0 4294967295' \
	flowid 1:1
before=$(in_ns b tc filter show dev v0 ingress)
ft_start x b -i v0 --backend tc
sent=$(sent_triple "$(ft_send a v0 b -n 200 --sport 7203 udp)")
ft_wait_seen x 200
ft_stop x
is "$(ft_from x 10.0.0.1 '.protocol == 17')" "$sent" "tc: ahead of a filter that accepts"
is "$(in_ns b tc filter show dev v0 ingress)" "$before" "tc: their filter is as it was"
is "$(in_ns b tc qdisc show dev v0 | grep -c clsact)" 1 "tc: their clsact is still there"
in_ns b tc qdisc del dev v0 clsact

have_tcx || { skip "tcx" "no tcx in this kernel"; done_testing; }
for backend in tcx packet; do
	for where in first last; do
		foreign_start $where PASS
		ft_start x b -i v0 --backend $backend
		sent=$(sent_triple "$(ft_send a v0 b -n 200 --sport 7201 udp)")
		ft_wait_seen x 200
		ft_stop x
		is "$(ft_from x 10.0.0.1 '.protocol == 17')" "$sent" \
			"$backend: a program $where that passes, there before"
		foreign_stop

		ft_start x b -i v0 --backend $backend
		foreign_start $where NEXT
		sent=$(sent_triple "$(ft_send a v0 b -n 200 --sport 7202 udp)")
		ft_wait_seen x 200
		ft_stop x
		is "$(ft_from x 10.0.0.1 '.protocol == 17')" "$sent" \
			"$backend: a program $where that goes on, coming later"
		foreign_stop
	done
	foreign_start last DROP
	ft_start x b -i v0 --backend $backend
	ping_is 1 "$backend: their program goes on dropping"
	ft_wait_seen x 1
	ft_stop x
	is "$(ft_from x 10.0.0.1 '.protocol == 1' | cut -d' ' -f1)" 1 \
		"$backend: what they drop was seen before"
	ping_is 1 "$backend: their program drops after flowtop ended, too"
	foreign_stop
	ping_is 0 "$backend: and nothing else does"
done

# A program that came later and stands ahead hides what it keeps: flowtop says so.
ft_start x b -i v0 --backend tcx
foreign_start first PASS
wait_for "[ -n \"\$(ft_last x '.interfaces[0].remark // \"\"')\" ]"
ft_last x '.interfaces[0].remark // ""' >"$work/remark"
ok "a program ahead is told of, by a word and once: $(cat "$work/remark")" \
	grep -qE '^the program [^ ]+ \([0-9]+\) runs ahead at ' "$work/remark"
ft_stop x
foreign_stop

done_testing
