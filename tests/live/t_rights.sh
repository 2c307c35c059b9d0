#!/usr/bin/env bash
# What flowtop may do: with the capabilities that --doctor names and no root it counts exactly, on
# interfaces that come later too; all that it has beyond those it gives up, in every thread;
# under sudo it becomes the calling user. What it cannot give up it says. The collector's thread alone is
# ahead of others, and may change no file.
# seconds: 45
. "$(dirname "$0")/lib.sh"
export FT_PANE=all # all that it does needs no more rights than it has

"$flowtop" --doctor >"$work/doctor.out" 2>&1
# The rights that it names, as setpriv wants them: net_admin bpf ...
mapfile -t rights < <(awk '$1 ~ /^CAP_/ { print tolower(substr($1, 5)) }' "$work/doctor.out")
ok "--doctor names rights" [ ${#rights[@]} -gt 0 ]
# part NAME: yes or no, of what it says that it gives up.
part() { awk -v name="$1" '$1 == name && ($2 == "yes" || $2 == "no") { print $2; exit }' "$work/doctor.out"; }
for name in capabilities seccomp Landlock; do
	ok "--doctor tells of $name" grep -qE "^  $name +(yes|no) +[^ ]" "$work/doctor.out"
done

# Both libraries come with tools/test, and no kernel that flowtop runs on is without seccomp.
is "$(part capabilities) $(part seccomp)" "yes yes" "it can give up capabilities and calls"

# each_thread NAME FIELD: what /proc says of each of flowtop's threads, once if it is the same.
each_thread() {
	local pid
	# The process itself, not the env or setpriv that became it.
	pid=${ft_pids[$1]}
	awk -v field="$2:" '$1 == field { $1 = ""; print substr($0, 2) }' "/proc/$pid/task"/*/status | sort -u
}
mask() { # the rights as /proc prints them
	local bits=0 right
	for right in "${rights[@]}"; do
		case $right in
		dac_read_search) bits=$((bits | 1 << 2)) ;;
		net_admin) bits=$((bits | 1 << 12)) ;;
		net_raw) bits=$((bits | 1 << 13)) ;;
		sys_ptrace) bits=$((bits | 1 << 19)) ;;
		perfmon) bits=$((bits | 1 << 38)) ;;
		bpf) bits=$((bits | 1 << 39)) ;;
		*) bail "a right that this test does not know: $right" ;;
		esac
	done
	printf '%016x\n' $bits
}

# confined NAME: the checks that every start must pass.
confined() {
	if [ "$(part capabilities)" = yes ]; then
		is "$(each_thread "$1" CapEff)" "$(mask)" "$1: every thread has those rights and no other"
		is "$(each_thread "$1" CapPrm)" "$(mask)" "$1: nor could it take any"
		is "$(each_thread "$1" NoNewPrivs)" 1 "$1: nor would a program that it starts"
	fi
	[ "$(part seccomp)" != yes ] || is "$(each_thread "$1" Seccomp)" 2 "$1: every thread's calls are filtered"
}

# of_threads NAME FIELD LIKE: field 2 (filters of calls) or 3 (nice), one line for the collector's thread and
# one for all others if they agree; the one that it starts to look names up is LIKE one of these.
of_threads() {
	local task name
	for task in "/proc/${ft_pids[$1]}/task"/*; do
		name=others
		case $(cat "$task/comm") in
		flowtop-collect) name=collector ;;
		flowtop-lookup) name=$3 ;;
		esac
		echo "$name $(awk '/^Seccomp_filters:/ { print $2 }' "$task/status")" \
			"$(awk '{ sub(/.*\) /, ""); print $17 }' "$task/stat")"
	done | sort -u | awk -v field="$2" '{ print $1, $field }' | sort -u
}
# The thread that Landlock can't hold is held by one filter more.
reads_only() {
	local had
	had=$(of_threads "$1" 2 collector | awk '$1 == "others" { print $2 }')
	[ "$(part seccomp)" != yes ] || is "$(of_threads "$1" 2 collector)" "collector $((had + 1))
others $had" "$1: the thread that reads /proc may change no file"
}

# As nobody in particular, with what --doctor names.
caps=$(printf ',+%s' "${rights[@]}")
caps=${caps#,}
saved=$flowtop
printf '#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=%s --ambient-caps=%s -- %s "$@"\n' \
	"$caps" "$caps" "$saved" >"$work/flowtop-nobody"
chmod +x "$work/flowtop-nobody"
chmod 711 "$work"
setpriv --inh-caps="$caps" --ambient-caps="$caps" true || bail "setpriv does not know these rights"
ns_pair a b
for backend in $(backends tcx tc packet); do
	flowtop=$work/flowtop-nobody
	ft_start $backend a -i 'v0,q*' --backend $backend
	flowtop=$saved
	is "$(each_thread $backend Uid)" "65534 65534 65534 65534" "$backend: it is not root"
	confined $backend
	reads_only $backend
	is "$(of_threads $backend 3 others)" $'collector 0\nothers 0' "$backend: without the right no thread is ahead"
	sent=$(ft_send a v0 b -n 1000 -s 200 --sport 7501 udp)
	ft_wait_seen $backend 1000
	ip -n a link add q0 type veth peer name v1 netns b
	ip -n a link set q0 up
	ip -n b link set v1 up
	wait_for "[ \"\$(ft_last $backend '[.interfaces[] | select(.name == \"q0\")] | length')\" = 1 ]"
	settle a q0
	late=$(ft_send a q0 - -n 60 --src 10.2.0.1 --dst 10.2.0.2 --sport 7502 udp)
	wait_for "[ \"\$(ft_from $backend 10.2.0.1 | cut -d' ' -f1)\" = 60 ]"
	ft_stop $backend
	is "$FT_STATUS" 0 "$backend: ends well"
	is "$(ft_from $backend 10.0.0.1 '.local.port == 7501')" "$(sent_triple "$sent")" "$backend: to the byte"
	is "$(ft_from $backend 10.2.0.1)" "$(sent_triple "$late")" "$backend: an interface that came later, too"
	ft_line $backend
	is "$(ip netns exec a tc qdisc show dev v0 clsact | wc -l)" 0 "$backend: nothing is left behind"
	ip -n a link del q0
done

# As root: it has more, and gives it up.
# An output's own threads are no exception.
exports=()
for url in openmetrics://127.0.0.1:9470 zmq://127.0.0.1:9471; do
	# Not if it was built without.
	quiet in_ns a "$flowtop" -b -c 1 -d 0.1 -i lo --export "$url" && exports+=(--export "$url")
done
ft_start root a -i v0 "${exports[@]}"
confined root
reads_only root
is "$(of_threads root 3 others)" $'collector -10\nothers 0' "root: the thread that counts comes before all others"
is "$(each_thread root Uid)" "0 0 0 0" "root who starts it stays the user root"
ft_stop root

printf '#!/bin/sh\nexec nice -n 5 %s "$@"\n' "$flowtop" >"$work/flowtop-nice"
chmod +x "$work/flowtop-nice"
saved=$flowtop
flowtop=$work/flowtop-nice
ft_start nice a -i v0
flowtop=$saved
is "$(of_threads nice 3 others)" $'collector 5\nothers 5' "who starts it by nice has no thread ahead of that"
ft_stop nice

# As sudo starts it. Another user's process is still found: its socket is a stranger's.
printf '#!/bin/sh\nexec env SUDO_UID=65534 SUDO_GID=65534 %s "$@"\n' "$saved" >"$work/flowtop-sudo"
chmod +x "$work/flowtop-sudo"
flowtop=$work/flowtop-sudo
ft_start sudo a -i v0
ft_start sudo-proc a -i v0 --backend packet
flowtop=$saved
if [ "$(part capabilities)" = yes ]; then
	is "$(each_thread sudo Uid)" "65534 65534 65534 65534" "sudo: it becomes who called"
	is "$(each_thread sudo Gid)" "65534 65534 65534 65534" "sudo: and their group"
fi
confined sudo
ip netns exec b "$top_builddir/tests/live/tools/fttalk" listen 5000 >"$work/server.out" &
wait_for "grep -q ready '$work/server.out'"
mkfifo "$work/talk"
ip netns exec a "$top_builddir/tests/live/tools/fttalk" connect 10.0.0.2 5000 cubic \
	<"$work/talk" >"$work/client.out" &
exec 8>"$work/talk"
# found NAME: it says something, and looks whether its owner is known by now.
found() {
	echo 100 >&8
	[ "$(ft_jq "$1" 'map(select(.type == "flow" and .local.process.name == "fttalk" and
		.local.process.exe)) | length')" -ge 1 ]
}
for name in sudo sudo-proc; do
	ok "$name: finds the owner of root's socket" wait_for "found $name" 20
done
exec 8>&-
ft_stop sudo
ft_stop sudo-proc

# A file needs no right at all.
mkfifo "$work/fifo"
chmod 644 "$work/fifo"
"$flowtop" -b -o ndjson -r - <"$work/fifo" >"$work/file.ndjson" 2>"$work/file.err" &
ft_pids[file]=$!
exec 7>"$work/fifo"
head -c 24 "$top_srcdir/tests/captures/ethernet.pcap" >&7
if [ "$(part capabilities)" = yes ]; then
	wait_for "[ \"\$(each_thread file CapPrm)\" = 0000000000000000 ]"
	is "$(each_thread file CapPrm)" 0000000000000000 "a file: no right is kept"
fi
exec 7>&-
wait "${ft_pids[file]}"
unset "ft_pids[file]"
done_testing
