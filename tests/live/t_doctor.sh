#!/usr/bin/env bash
# What --doctor says of the ways to capture is so: tcx where the kernel has it, asked of the
# kernel itself; the others everywhere, as root. `auto` takes the first of them.
. "$(dirname "$0")/lib.sh"
export FT_PANE=all # with all that it may look at

# Says whether a rung works: "yes" or "no".
rung() { awk -v name="$1" '$1 == name { print $2; exit }' "$work/doctor.out"; }

"$flowtop" --doctor >"$work/doctor.out" 2>"$work/doctor.err"
is "$?" 0 "exit status"
is "$(wc -l <"$work/doctor.err")" 0 "nothing on stderr"
if have_tcx; then tcx=yes; else tcx=no; fi
# Linux 6.6 brought tcx: a kernel that should have it must not hide it from the probe above.
major=$(uname -r | cut -d. -f1) minor=$(uname -r | cut -d. -f2)
[ "$tcx" = yes ] || ok "this kernel is older than tcx" [ $((major * 100 + minor)) -lt 606 ]
is "$(rung tcx) $(rung tc) $(rung packet)" "$tcx yes yes" "tcx, tc, packet"
# shellcheck disable=SC2046 # a line each
ok "no rung without a sentence" [ $(grep -cE '^  (tcx|tc|packet) +(yes|no) +[A-Za-z]' "$work/doctor.out") -eq 3 ]
# Sockets as they are used: by tracepoints (Linux 6.3 has them) or by functions, and what goes through
# them only where the tracepoints count.
owner() { awk -v name="$1" '$1 == "BPF" && $2 == name { print $3; exit }' "$work/doctor.out"; }
used=no
! grep -qa btf_trace_sock_send_length /sys/kernel/btf/vmlinux || used=yes
is "$(owner created) $(owner used) $(owner used-fentry) $(owner held) $(owner bytes-held)" \
	"yes $used yes yes $used" "the programs that tell owners"
# What they counted is read from the storage of all sockets, where the kernel allows that.
ok "a kernel that refuses the best way to read bytes says why" \
	[ -n "$(awk '$1 == "BPF" && $2 == "bytes" { $1 = $2 = $3 = ""; print }' "$work/doctor.out")" ]
ok "a kernel that lacks something is no process that is missing" \
	eval "! grep -q 'No such process' '$work/doctor.out'"

ns_pair a b
ft_start auto a -i v0
ft_send a v0 b -n 50 --sport 7501 udp >/dev/null
ft_wait_seen auto 50
ft_stop auto
is "$(ft_last auto '.interfaces[0].backend')" "$(backends tcx)" "auto takes the first that works"
ft_line auto
if [ $tcx = no ]; then
	in_ns a "$flowtop" -i v0 -b -c 1 --backend tcx >"$work/tcx.out" 2>"$work/tcx.err"
	is "$? $(wc -l <"$work/tcx.err")" "1 1" "asking for tcx where there is none: exit 1, one sentence"
fi
done_testing
