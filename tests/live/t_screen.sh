#!/usr/bin/env bash
# The screen in a real terminal (tmux): its numbers are those that were sent, keys do what they
# say, a slow line's arrow is not three keys, and the terminal is sane after every kind of end, also
# while it does not read.
# seconds: 30
. "$(dirname "$0")/lib.sh"

export LC_ALL=C.UTF-8 TERM=xterm-256color
tm() { tmux -L "ft$$" "$@"; }
screen() { tm capture-pane -p -t t; }
shows() { screen | grep -qF -- "$1"; }
# sees TEXT: waits until the screen shows it.
sees() { wait_for "shows '$1'" "${2:-8}" || { screen | sed 's/^/# |/'; return 1; }; }
lacks() { wait_for "! shows '$1'" "${2:-8}" || { screen | sed 's/^/# |/'; return 1; }; }
keys() { tm send-keys -t t "$@"; }

ns_pair a b
# A shell in the terminal, so that we see what flowtop leaves behind.
ip netns exec a env FT_LIVE_MARK="$FT_LIVE_MARK" \
	tmux -L "ft$$" -f /dev/null new-session -d -s t -x 100 -y 30 sh
keys "stty -a >$work/stty.before; echo set-\$((1 + 1))" Enter
sees set-2 || bail "no terminal"

# start OPTIONS: flowtop in the terminal, until its header tells the backend: then it counts.
start() {
	keys "clear; $flowtop -n -N -d 0.3 $*; echo status-\$?" Enter
	sees '(tcx)' || bail "no screen"
}
# sane NAME: after an end, the terminal is as it was.
sane() {
	wait_for '[ "$(tm display-message -p -t t "#{alternate_on}#{cursor_flag}#{mouse_any_flag}#{keypad_flag}")" = 0100 ]'
	rm -f "$work/stty.after"
	keys "stty -a >$work/stty.after; echo stty-\$((40 + 2))" Enter
	sees stty-42
	ok "$1: the terminal is sane" cmp -s "$work/stty.before" "$work/stty.after"
	is "$(tm display-message -p -t t '#{alternate_on}#{cursor_flag}#{mouse_any_flag}#{keypad_flag}')" \
		0100 "$1: main screen, cursor, no mouse, no keypad mode"
}

start -i v0
sent=$(ft_send a v0 b -n 1234 -s 100 --sport 7501 udp)
ok "the flow is there" sees 10.0.0.1:7501
keys Enter
ok "Enter opens its details" sees 'total tx'
row=$(screen | grep 'total tx' | tr -s ' ')
is "$row" " total tx $(sent_triple "$sent")" "packets, bytes and L2 bytes are what was sent"
keys Escape
ok "Esc goes back" sees 10.0.0.1:7501
seen=$(screen | grep '^seen ' || true)
ok "the line that adds up is on the screen" [ -n "$seen" ]
is "$(sed 's/[^0-9 ]//g; s/  */ /g' <<<"$seen" | awk '{ print $1 == $2 + $3 + $4 + $5 + $6 }')" 1 \
	"and it adds up: $seen"

keys 2
ok "2: talkers" sees Host
keys Enter
ok "Enter: the flows of this host" sees 10.0.0.1:7501
keys Escape
ok "Esc: back to talkers" sees Host
keys 3
ok "3: processes" sees PID
keys 1
ok "1: flows" sees 10.0.0.1:7501

# The display filter, typed; what it hides is told.
keys / 
keys -l 'port 1'
keys Enter
ok "a filter hides what it doesn't match" lacks 10.0.0.1:7501
ok "and the header tells" sees hid
keys "="
ok "= clears it" sees 10.0.0.1:7501

# Only TCP is shown; then Esc, a pause, [A: an arrow on a slow line. As three keys, A would show all.
keys T
ok "T: only TCP" lacks 10.0.0.1:7501
printf '\033' >"$work/esc"
tm load-buffer "$work/esc"
tm paste-buffer -t t
sleep 0.2 # the pause itself is what is tested: longer than Esc alone is waited for
keys -l '[A'
keys h
ok "h: help" sees Moving
keys q
ok "q closes what is in front" lacks Moving
ok "Esc, a pause, [A is an arrow" lacks 10.0.0.1:7501
keys A
ok "A: all" sees 10.0.0.1:7501

# Pause holds the moment.
keys Space
ok "Space: the header says so" sees PAUSED
held=$(screen | grep '^seen ')
ft_send a v0 b -n 10 --sport 7502 udp >/dev/null
sleep 0.7 # two intervals
is "$(screen | grep '^seen ')" "$held" "Space holds the moment"
keys Space
ok "and lets go" sees 10.0.0.1:7502

# Sizes.
for size in 40x10 80x24 200x50 100x30; do
	tm resize-window -t t -x "${size%x*}" -y "${size#*x}"
	ok "$size" sees 10.0.0.2:5000
done
tm resize-window -t t -x 30 -y 6
sleep 0.3 # a window that is too small must not kill it
tm resize-window -t t -x 100 -y 30
ok "after a window that is too small" sees 10.0.0.1:7501

# Suspend and resume.
keys C-z
sees Stopped
sane "Ctrl-Z"
keys 'fg; echo resumed-$?' Enter
ok "fg" sees '1 flows'
keys q
ok "q ends it" sees resumed-0
sane q

start -i v0
pid=$(ip netns pids a | while read -r p; do
	[ "$(cat "/proc/$p/comm" 2>/dev/null)" = flowtop ] && echo "$p"
done)
kill -TERM "$pid"
sees status-
sane SIGTERM

# A crash, and signals that nobody would think of.
for signal in SEGV QUIT USR1; do
	start -i v0
	pid=$(ip netns pids a | while read -r p; do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = flowtop ] && echo "$p"
	done)
	kill -"$signal" "$pid"
	sees status-
	sane "SIG$signal"
done

start -i v0
keys C-c
sees status-
sane Ctrl-C

# A terminal that does not read, as over an SSH that is frozen: its server is stopped, and what the kernel
# holds for it is full. Zero bytes are nothing to a terminal.
server=$(tm display-message -p '#{pid}')
freeze() {
	kill -STOP "$server"
	wait_for "grep -q '^State:.T' /proc/$server/status"
	dd if=/dev/zero of="$(readlink "/proc/$pid/fd/1")" bs=1k count=1k oflag=nonblock 2>"$work/dd.err"
	grep -q unavailable "$work/dd.err" || bail "the terminal takes more and more"
}
thaw() { kill -CONT "$server"; }
# reads_signals: it is told that somebody wrote over its screen. Once it has heard that it draws all of it anew,
# and is not held up by that if it hears it a second time.
heard() { [ $((0x$(awk '/^ShdPnd:/ { print $2 }' "/proc/$pid/status") >> 17 & 1)) = 0 ]; }
reads_signals() { kill -CONT "$pid" && wait_for heard && kill -CONT "$pid" && wait_for heard; }
begin() {
	start "$@"
	pid=$(ip netns pids a | while read -r p; do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" = flowtop ] && echo "$p"
	done)
}
gone() { ! kill -0 "$pid" 2>/dev/null; }

rec=$work/frozen.flow write=
! "$flowtop" -V | grep -q SQLite || write="-w $rec"
recorded() { sqlite3 -readonly -cmd '.timeout 10000' "$rec" "SELECT sum(tx_packets), sum(tx_bytes), sum(tx_l2_bytes)
	FROM counts JOIN flows ON flows.id = flow WHERE local_port = $1" 2>>"$work/sqlite.err" | tr '|' ' '; }
begin -i v0 $write
freeze
ok "frozen: it reads its signals" reads_signals || bail "it would wait for the terminal in all that follows"
sent=$(ft_send a v0 b -n 1000 -s 100 --sport 7503 udp)
[ -z "$write" ] || ok "frozen: and records on" wait_for "[ \"\$(recorded 7503)\" = '$(sent_triple "$sent")' ]"
ok "frozen: and hears signals still" reads_signals
thaw
ok "thawed: the newest is on the screen" sees 10.0.0.1:7503
is "$(screen | grep -c '(tcx)') $(screen | grep -c '^seen ') $(screen | tail -n 1 | grep -c 'q quit')" "1 1 1" \
	"thawed: and the screen is whole"
freeze
ok "frozen again: it reads its signals" reads_signals
sent=$(ft_send a v0 b -n 2000 -s 100 --sport 7504 udp)
kill -TERM "$pid"
ok "frozen: SIGTERM ends it" wait_for gone || kill -KILL "$pid"
thaw
ok "frozen: with the status of SIGTERM" sees status-0
sane "frozen, SIGTERM"
if [ -n "$write" ]; then
	is "$(recorded 7504)" "$(sent_triple "$sent")" "frozen: the recording is complete"
	is "$(sqlite3 -readonly "$rec" 'PRAGMA integrity_check'; ls "$rec"*)" "ok"$'\n'"$rec" "frozen: and whole"
else
	skip "frozen: the recording is complete" "built without SQLite"
fi

# Suspended while it is frozen, and brought back; then a crash.
begin -i v0
freeze
ok "frozen: it reads its signals, to be stopped" reads_signals
kill -TSTP "$pid"
ok "frozen: SIGTSTP stops it" wait_for "grep -q '^State:.T' /proc/$pid/status"
thaw
sees Stopped
sane "frozen, SIGTSTP"
keys 'fg; echo resumed-$?' Enter
ok "thawed: fg" sees 'q quit'
freeze
ok "frozen: it reads its signals, to crash" reads_signals
kill -SEGV "$pid"
ok "frozen: SIGSEGV ends it" wait_for gone || kill -KILL "$pid"
thaw
sees resumed-
sane "frozen, SIGSEGV"

# What is looked at is nobody's business but the screen's: each look at the sockets ended the interval.
start -i v0 -d 5 --export "ndjson://$work/keys.ndjson"
for look in {1..6}; do
	keys 4
	sees RecvQ || note "look $look"
	sleep 0.2 # what must not come has no condition
	keys 1
	lacks RecvQ
done
keys Q
sees status-0
ok "keys pressed leave the intervals as they were asked for" [ "$(jq -s 'map(select(.type == "summary").interval_ns) |
	length > 0 and length <= (add / 5000000000) + 2' "$work/keys.ndjson")" = true ]
# Nobody waits for an end that is far.
start -i v0 -d 3600
keys 4
ok "the list of sockets does not wait for a long interval's end" sees 'There are no sockets'
keys Q
sees status-0

# Where files are bounded, a frame in memory would be too.
keys "ulimit -S -f 0" Enter
start -i v0
ok "with ulimit -f 0 the screen is drawn" sees 'q quit'
keys C-c
sees status-
keys "ulimit -S -f unlimited" Enter
sane "ulimit -f 0"

# An unknown terminal is taken for an ordinary one, and said so. (curses leaks what it began for the unknown one.)
keys "clear; ASAN_OPTIONS=detect_leaks=0 TERM=nosuch $flowtop -n -i v0; echo status-\$?" Enter
ok "an unknown TERM" sees '1 flows'
keys Q
ok "and it ends well" sees status-0
tm kill-server
done_testing
