#!/usr/bin/env bash
# Names from reverse DNS on the screen: only when asked for, once an address, and no query that
# flowtop's own screen did not need. A name server of our own on loopback, in the namespace.
. "$(dirname "$0")/lib.sh"

export LC_ALL=C.UTF-8 TERM=xterm-256color
tm() { tmux -L "ft$$" "$@"; }
screen() { tm capture-pane -p -t t; }
shows() { screen | grep -qF -- "$1"; }
sees() { wait_for "shows '$1'" "${2:-8}" || { screen | sed 's/^/# |/'; return 1; }; }
lacks() { wait_for "! shows '$1'" "${2:-8}" || { screen | sed 's/^/# |/'; return 1; }; }
keys() { tm send-keys -t t "$@"; }
asked() { grep -c . "$work/names"; }

# The test has a mount namespace of its own.
echo 'nameserver 127.0.0.1' >"$work/resolv.conf"
quiet mount --bind "$work/resolv.conf" /etc/resolv.conf || skip_all "no /etc/resolv.conf to cover"

ns_pair a b
ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" "$top_builddir/tests/live/tools/ftname" \
	>"$work/names" &
wait_for "grep -q ready '$work/names'" || bail "no name server"
ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" \
	tmux -L "ft$$" -f /dev/null new-session -d -s t -x 100 -y 30 sh

keys "clear; $flowtop -i v0 -d 0.2; echo status-\$?" Enter
sees 'seen ' || bail "no screen"
ft_send a v0 b -n 20 -s 100 --sport 7501 udp >/dev/null
ok "without --resolve: addresses" sees 10.0.0.1:7501
is "$(asked)" 1 "and nobody is asked"
keys n
ok "n: names from DNS, our end's" sees host-1.test:7501
ok "and the other's" sees host-2.test:
ft_send a v0 b -n 20 -s 100 --sport 7501 udp >/dev/null
sleep 0.5 # two intervals, in which nothing is to happen
is "$(grep -c '^[12]\.0\.0\.10\.in-addr\.arpa$' "$work/names")" 2 "each is asked for once"
keys n
ok "n again: addresses" sees 10.0.0.1:7501
keys Q
sees status-0

keys "clear; $flowtop -i v0 -d 0.2 --resolve; echo status-\$?" Enter
sees 'seen ' || bail "no second screen"
ft_send a v0 b -n 20 -s 100 --sport 7502 udp >/dev/null
ok "--resolve: from the start" sees host-1.test:7502
keys 2
ok "talkers have names too" sees ' host-2.test '
keys Q
ok "and it ends" sees status-0
tm kill-server
done_testing
