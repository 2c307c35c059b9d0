#!/usr/bin/env bash
# Key 6 in a real terminal: flowtop, which gave up its rights, has its programs timed while the pane is
# there and no longer; a process of its own does that, and ends with flowtop, however that ends.
. "$(dirname "$0")/lib.sh"

export LC_ALL=C.UTF-8 TERM=xterm-256color
tm() { tmux -L "ft$$" "$@"; }
shows() { tm capture-pane -p -t t | grep -qF -- "$1"; }
sees() { wait_for "shows '$1'" 20 || { tm capture-pane -p -t t | sed 's/^/# |/'; return 1; }; }
lacks() { wait_for "! shows '$1'" 20; }
keys() { tm send-keys -t t "$@"; }

ns_pair a b
ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" \
	tmux -L "ft$$" -f /dev/null new-session -d -s t -x 100 -y 40 sh
keys "$flowtop -n -N -d 0.3 -i v0; echo status-\$?" Enter
sees '(tcx)' || sees '(tc)' || bail "no screen"
main=$(pgrep -n -P "$(tm display-message -p -t t '#{pane_pid}')")
timer=$(pgrep -P "$main" -f . | head -n 1)
is "$(cat /proc/"$timer"/comm)" flowtop-timer "a process of its own is there"
is "$(awk '/^CapPrm/ { print $2 }' /proc/"$timer"/status)" 0000000000200000 \
	"it has CAP_SYS_ADMIN and no other right"
timed() { find /proc/"$timer"/fd -lname '*bpf-stats*' 2>/dev/null | grep -q .; }
ok "nothing is timed while nobody looks" eval '! timed'
keys 6
ft_send a v0 b -n 200 -s 100 --sport 7501 udp >/dev/null
ok "6: what a packet costs" sees 'ns a run'
ok "and the kernel times programs" timed
keys 6
ok "6 again: away" lacks 'ns a run'
ok "and nothing is timed any more" wait_for '! timed'
keys 6
ok "and again" wait_for timed
# Keys that stop flowtop and its group are not for the other one.
keys q
keys q
ok "q ends flowtop" sees status-0
ok "and the other one" wait_for "[ ! -d /proc/$timer ]"

keys "clear; $flowtop -n -N -d 0.3 -i v0 --pane flows; echo status-\$?" Enter
wait_for "pgrep -n -P $(tm display-message -p -t t '#{pane_pid}') >/dev/null"
sees '(tcx)' || sees '(tc)'
main=$(pgrep -n -P "$(tm display-message -p -t t '#{pane_pid}')")
timer=$(pgrep -P "$main" -f . | head -n 1)
keys 6
ok "timed" wait_for timed
kill -KILL "$main"
ok "kill -9: the other one ends, and with it the timing" wait_for "[ ! -d /proc/$timer ]"
tm kill-server
done_testing
