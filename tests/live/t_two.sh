#!/usr/bin/env bash
# Two flowtops on one interface are both exact, whichever stops first and however; a flowtop that
# was killed counts nothing any more, and the next one takes away what it left.
. "$(dirname "$0")/lib.sh"

# Those of another flowtop on this machine are held by a process.
programs() {
	bpftool prog show -j | jq '[.[] | select((.name // "") | startswith("flowtop")) | select(.pids | not)] | length'
}
filters() { in_ns a tc filter show dev v0 "$1" | grep -c flowtop; }

ns_pair a b
before=$(programs)
for backend in $(backends tcx tc); do
	ft_start one a -i v0 --backend $backend
	ft_start two a -i v0 --backend $backend
	first=$(ft_send a v0 b -n 300 --sport 7101 udp)
	ft_wait_seen one 300
	ft_stop one
	second=$(ft_send a v0 b -n 200 --sport 7102 udp)
	ft_start three a -i v0 --backend $backend
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
ft_start after a -i v0 --backend tc
ft_stop after
is "$(filters ingress) $(filters egress)" "0 0" "the next flowtop takes leftovers away"
wait_for "[ \"\$(programs)\" = $before ]" 5
is "$(programs)" "$before" "no program of flowtop's is left in the kernel"
done_testing
