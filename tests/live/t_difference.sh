#!/usr/bin/env bash
# The difference is exactly what was sent: between two moments of a batch's records, of a recording,
# and of two snapshots that key w wrote; on the screen from key B on. It needs no privilege. And batch
# ends once --until holds.
. "$(dirname "$0")/lib.sh"

"$flowtop" -V | grep -q json-c || skip_all "built without json-c"
export LC_ALL=C.UTF-8 TERM=xterm-256color TZ=UTC
ns_pair a b
flowtop=$(realpath "$flowtop") # it is run from another folder, too
has_sqlite=$("$flowtop" -V | grep -c SQLite || true)

# mark NAME: a full second after which it has told a moment, so that FILE@TIME means that moment or
# a later one, and what is sent from then on comes behind it.
mark() {
	local time
	time=$(date -u -d "$(ft_last "$1" .time) + 1 second" +%Y-%m-%dT%H:%M:%S)
	wait_for "[[ \$(ft_last $1 .time) > $time ]]" 15 || bail "$1 tells no moment after $time"
	echo "$time"
}
# differs FILE1 FILE2 PORT: change and difference of the flow from that port: sent by 10.0.0.1.
differs() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$flowtop" --diff "$1" "$2" -n -N -o ndjson \
		</dev/null 2>"$work/diff.err" |
		jq -rc "select(.type == \"flow\") | [.change, (.difference |
			if .rx_packets != 0 then .rx_packets, .rx_bytes, .rx_l2_bytes
			else .tx_packets, .tx_bytes, .tx_l2_bytes end),
			([.local.port, .remote.port] | index($3))] |
			select(.[4] != null) | .[:4] | join(\" \")"
}

# ---- between two moments of one run
record=()
[ "$has_sqlite" = 0 ] || record=(-w "$work/rec.flow")
ft_start live b -i v0 "${record[@]}"
chmod 755 "$work"
ft_send a v0 b -n 100 -s 300 --sport 7601 udp >/dev/null
ft_send a v0 b -n 7 -s 90 --sport 7602 udp >/dev/null
ft_wait_seen live 107
before=$(mark live)
grew=$(ft_send a v0 b -n 250 -s 400 --sport 7601 udp)
appeared=$(ft_send a v0 b -n 33 -s 1000 --sport 7603 udp)
ft_wait_seen live 390
after=$(mark live)
ft_send a v0 b -n 5 -s 100 --sport 7601 udp >/dev/null # behind both
ft_wait_seen live 395
ft_stop live
live=$(ft_out live)
chmod a+r "$live" "$work"/rec.flow* 2>/dev/null
files=("$live")
[ "$has_sqlite" = 0 ] || files+=("$work/rec.flow")
for file in "${files[@]}"; do
	name=${file##*/}
	is "$(differs "$file@$before" "$file@$after" 7601)" "grew $(sent_triple "$grew")" \
		"$name: a flow grew by what was sent"
	is "$(differs "$file@$before" "$file@$after" 7602)" "same 0 0 0" \
		"$name: one that rested is the same"
	is "$(differs "$file@$before" "$file@$after" 7603)" "appeared $(sent_triple "$appeared")" \
		"$name: a new one appeared"
	is "$(differs "$file@$after" "$file@$before" 7603 | cut -d' ' -f1-2)" "vanished -33" \
		"$name: the other way round it vanished"
done

# ---- on the screen
tm() { tmux -L "ft$$" "$@"; }
screen() { tm capture-pane -p -t t; }
shows() { screen | grep -q -- "$1"; }
sees() { wait_for "shows '$1'" "${2:-10}" || { screen | sed 's/^/# |/'; return 1; }; }
keys() { tm send-keys -t t "$@"; }
mkdir "$work/shots"
ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" \
	tmux -L "ft$$" -f /dev/null new-session -d -s t -x 132 -y 30 sh
keys "cd $work/shots; $flowtop -n -N -d 0.3 -i v0 -o ndjson; echo status-\$?" Enter
sees '(tcx)' || sees '(tc)' || bail "no screen"
ft_send a v0 b -n 11 -s 300 --sport 7701 udp >/dev/null
ft_send a v0 b -n 12 -s 300 --sport 7702 udp >/dev/null
ok "two flows are there" sees '10.0.0.1:7702'
keys Space
keys w
ok "a snapshot of them" wait_for "[ \$(ls $work/shots | wc -l) -eq 1 ]"
keys B
ok "B: the header tells the baseline" sees 'difference since [0-9:]* '
ok "and nothing has changed" sees '^=same  *10.0.0.1:7702 '
keys Space
grew=$(ft_send a v0 b -n 40 -s 500 --sport 7701 udp)
appeared=$(ft_send a v0 b -n 9 -s 100 --sport 7703 udp)
ok "what counts more grew" sees '^>grew  *10.0.0.1:7701 '
ok "what is new appeared" sees '^+appeared  *10.0.0.1:7703 '
ok "the rest is the same" sees '^=same  *10.0.0.1:7702 '
# All of it is on the screen once the last packet is.
total=$(ft_send a v0 b -n 1 -s 100 --sport 7704 udp >/dev/null; sent "$grew" bytes)
ok "the last packet, too" sees '10.0.0.1:7704 '
keys Space
keys B
ok "B again ends it" sees 'the difference is over'
keys w
ok "another snapshot" wait_for "[ \$(ls $work/shots | wc -l) -eq 2 ]"
keys Q
sees status-0
mapfile -t shots < <(ls -tr "$work"/shots/*)
chmod -R a+rX "$work/shots"
is "$(differs "${shots[0]}" "${shots[1]}" 7701)" "grew $(sent_triple "$grew")" \
	"two snapshots differ by what was sent ($total bytes)"
is "$(differs "${shots[0]}" "${shots[1]}" 7703)" "appeared $(sent_triple "$appeared")" \
	"and by what appeared"
is "$(differs "${shots[0]}" "${shots[1]}" 7702)" "same 0 0 0" "and by nothing else"
keys "clear; $flowtop -n -N --diff ${shots[1]} ${shots[0]} port 7703; echo status-\$?" Enter
ok "--diff opens in the panes; the filter is on" sees '^-vanished  *10.0.0.1:7703 '
ok "with its baseline" sees 'difference since [0-9:]* '
keys 2
ok "and by talker" sees '^-vanished  *10.0.0.1 '
keys q
ok "q ends it" sees status-0
tm kill-server

# ---- --until
ft_start ends b -i v0 --until 'port 7801 and packets >= 3'
ft_send a v0 b -n 2 --sport 7801 udp >/dev/null
ft_rounds ends 2
ok "--until: what does not hold yet ends nothing" ft_alive ends
ft_send a v0 b -n 1 --sport 7801 udp >/dev/null
ok "once it holds, it ends" wait_for "! ft_alive ends"
wait "${ft_pids[ends]}"
is "$?" 0 "with status 0"
unset 'ft_pids[ends]'
is "$(ft_from ends 10.0.0.1 '.remote.port == 7801 or .local.port == 7801' | cut -d' ' -f1)" 3 \
	"and the interval in which it held is printed"
done_testing
