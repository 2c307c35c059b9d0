#!/usr/bin/env bash
# --docker-socket: a container whose files are not to be read is named by Docker's daemon, asked over a
# socket that only root may write to, by a flowtop that is nobody by then. Each container is asked about
# once, a daemon that hangs stops nothing, and without the option it is not asked at all.
. "$(dirname "$0")/lib.sh"
ftdocker=$top_builddir/tests/live/tools/ftdocker
ftsock=$top_builddir/tests/live/tools/ftsock

# The tests' own /sys hides the cgroups.
umount /sys
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$tree" ] || skip_all "no cgroups here"
top=$tree/ft-docker-$$
mkdir -p "$top/docker" 2>"$work/mkdir.err" || skip_all "no cgroups here: $(cat "$work/mkdir.err")"
ids=()
for i in 1 2 3; do
	ids[i]=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
	mkdir "$top/docker/${ids[i]}" || bail "cannot make a cgroup"
done
# They go when their processes have.
clean_up() {
	local i
	kill -CONT "$daemon" 2>/dev/null
	touch "$work/hold"
	wait_for "! cat '$top'/docker/*/cgroup.procs | grep -q ." 20
	for i in 1 2 3; do rmdir "$top/docker/${ids[i]}"; done
	rmdir "$top/docker" "$top"
}
trap 'clean_up; finish' EXIT

ns_pair a b
chmod 711 "$work"

# box N: a process of container N sends, and stays.
box() {
	local port=$((9980 + 10 * $1))
	(
		echo "$BASHPID" >"$top/docker/${ids[$1]}/cgroup.procs" || exit
		exec ip netns exec a "$ftsock" udp-unconnected $port "$work/hold"
	) >"$work/box.$1" 2>&1 </dev/null &
	wait_for "grep -qs acted '$work/box.$1'" || bail "box $1: $(cat "$work/box.$1")"
}

# named NAME N: what flowtop NAME says of container N in the end: runtime, id, name, image. (An answer
# that came after all was counted is in the record of the flow's end.)
named() {
	ft_jq "$1" "map(select(.type == \"flow\" and .local.container.id == \"${ids[$2]}\")) | last |
		.local.container | \"\\(.runtime) \\(.id) \\(.name) \\(.image)\""
}

# asked N: it was asked about container N.
asked() { grep -q "${ids[$1]}" "$work/asked"; }

ip netns exec a "$flowtop" -b -c 1 -i v0 --docker-socket "$work/nothing" >"$work/none" 2>&1
is "$? $(cat "$work/none")" "3 flowtop: --docker-socket $work/nothing: No such file or directory" \
	"no such socket: a sentence"

mkfifo "$work/in"
"$ftdocker" "$work/docker.sock" boxed reg/box:7 <"$work/in" >"$work/asked" &
daemon=$!
exec 9>"$work/in"
wait_for "grep -q ready '$work/asked'"
saved=$flowtop
printf '#!/bin/sh\nexec env SUDO_UID=65534 SUDO_GID=65534 %s "$@"\n' "$saved" >"$work/flowtop-sudo"
chmod +x "$work/flowtop-sudo"
flowtop=$work/flowtop-sudo
ft_start one a -i v0 --docker-socket "$work/docker.sock"
flowtop=$saved
ft_start without a -i v0

for i in 1 2; do
	box $i
	ok "it is asked about container $i" wait_for "asked $i" 20
	ft_rounds one 2
done

# A daemon that hangs.
kill -STOP $daemon
box 3
ft_rounds one 15
ok "it hangs: intervals go on" ft_alive one
ft_stop one
is "$FT_STATUS" 0 "it ends while the daemon hangs"
ft_stop without
for i in 1 2; do
	is "$(named one $i)" "docker ${ids[i]} boxed reg/box:7" "container $i: runtime, id, name, image"
done
is "$(named one 3)" "docker ${ids[3]} null null" "it hangs: what the path says is there"
is "$(named without 1)" "docker ${ids[1]} null null" "without the option"
is "$(sort "$work/asked")" "$(printf '%s\n' "GET /containers/${ids[1]}/json HTTP/1.1" \
	"GET /containers/${ids[2]}/json HTTP/1.1" ready | sort)" "each was asked about once, and nothing else"
ft_line one
done_testing
