#!/usr/bin/env bash
# Two flowtops on one interface are both exact, whichever stops first and however; a flowtop that
# was killed counts nothing any more, and the next one takes away what it left.
# seconds: 35
. "$(dirname "$0")/lib.sh"
export FT_PANE=all # with all the programs that it may have

# programs NAME: the programs that a flowtop of this test holds, by their ids, which the kernel
# doesn't give twice.
programs() { sed -n 's/^prog_id:[[:space:]]*//p' "/proc/${ft_pids[$1]}/fdinfo/"* | sort -u; }
# start NAME BACKEND: a flowtop whose programs are remembered.
start() {
	ft_start "$1" a -i v0 --backend "$2"
	programs "$1" >>"$work/all-programs"
	ok "$2: it has programs" [ -n "$(left)" ]
}
# left: those of all of them that are still in the kernel.
left() {
	bpftool prog show -j | jq -r '.[].id' | grep -Fxf "$work/all-programs"
}
filters() { in_ns a tc filter show dev v0 "$1" | grep -c flowtop; }

ns_pair a b
for backend in $(backends tcx tc); do
	start one $backend
	start two $backend
	first=$(ft_send a v0 b -n 300 --sport 7101 udp)
	ft_wait_seen one 300
	ft_rounds one 2
	is "$(ft_last one '.interfaces[0].remark // ""')" "" "$backend: another flowtop ahead hides nothing"
	ft_stop one
	second=$(ft_send a v0 b -n 200 --sport 7102 udp)
	start three $backend
	third=$(ft_send a v0 b -n 100 --sport 7103 udp)
	ft_wait_seen two 600
	ft_kill two
	fourth=$(ft_send a v0 b -n 50 --sport 7104 udp)
	ft_wait_seen three 150
	ft_stop three
	is "$(ft_from one 10.0.0.1 | cut -d' ' -f1)" "$(sent "$first" packets)" "$backend: the first"
	is "$(ft_from two 10.0.0.1 | cut -d' ' -f1)" \
		$(($(sent "$first" packets) + $(sent "$second" packets) + $(sent "$third" packets))) \
		"$backend: the second, up to its death"
	is "$(ft_from three 10.0.0.1 | cut -d' ' -f1)" \
		$(($(sent "$third" packets) + $(sent "$fourth" packets))) "$backend: the third"
	ft_line one
	ft_line three
	# kill -9: nothing may count, from the first packet on. Of tcx nothing is left; of clsact the
	# stubs are, whose program array the kernel has emptied.
	is "$(in_ns a tc qdisc show dev v0 | grep -c clsact)" "$([ $backend = tc ] && echo 1 || echo 0)" \
		"$backend: what a killed flowtop leaves"
done
start after tc
ft_stop after
is "$(filters ingress) $(filters egress)" "0 0" "the next flowtop takes leftovers away"
clsacts() { in_ns a tc qdisc show dev v0 | grep -c clsact; }
is "$(clsacts)" 0 "and the qdisc, which a flowtop had made"
# Who made the qdisc leaves first, last, and at once with the other: nothing stays.
for order in "one two" "two one" both; do
	start one tc
	start two tc
	is "$(clsacts)" 1 "one qdisc for two"
	if [ "$order" = both ]; then
		kill -TERM "${ft_pids[one]}" "${ft_pids[two]}"
		order="one two"
	fi
	for name in $order; do ft_stop "$name"; done
	is "$(clsacts)" 0 "none is left: $order"
done
# Somebody else's stays.
in_ns a tc qdisc add dev v0 clsact
start one tc
start two tc
ft_stop one
ft_stop two
is "$(clsacts)" 1 "the qdisc of somebody else stays"
wait_for "[ -z \"\$(left)\" ]"
is "$(left)" "" "no program of flowtop's is left in the kernel"
done_testing
