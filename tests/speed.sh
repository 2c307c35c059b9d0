#!/bin/sh
# --speed: a capture file that is played has intervals by its packets' times, the same at any speed;
# it ends when it is told to, waits for no long silence, and comes through a pipe as well. What it
# leaves as a recording is played likewise.
: "${top_srcdir:?run it by make check}" "${top_builddir:?}"
flowtop=$top_builddir/flowtop
file=$top_srcdir/tests/captures/ethernet.pcap
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export XDG_CONFIG_HOME="$tmp" HOME="$tmp"
number=0
failed=0

# is GOT WANTED NAME
is() {
	number=$((number + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $number - $3"
	else
		echo "not ok $number - $3"
		printf '# got: %s\n# not: %s\n' "$1" "$2" | head -c 2000
		failed=1
	fi
}

# play NAME ARGUMENT...: records of all panes into $tmp/NAME.
play() {
	name=$1
	shift
	timeout 60 "$flowtop" -b -o ndjson --pane all -n -N "$@" >"$tmp/$name" 2>"$tmp/err" </dev/null
}

# field NAME KEY: of all summaries, one after the other.
field() {
	grep '"type":"summary"' "$tmp/$1" | sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"}]*\).*/\1/p" | tr '\n' ' '
}

# seen NAME: packets of each interval.
seen() {
	grep '"type":"summary"' "$tmp/$1" |
		sed 's/.*"interval":{"seen":{"packets":\([0-9]*\).*/\1/' | tr '\n' ' '
}

play once -r "$file"
is "$(field once interval_ns)" "125000000000 " "without it, a file is one interval"
for speed in max 0; do
	play fast --speed $speed -r "$file"
	is "$(field fast interval_ns)" "125000000000 " "--speed $speed: the same"
done
play slow --speed 2000 -d 10 -r "$file"
ten=10000000000
is "$(field slow interval_ns)" \
	"$ten $ten $ten $ten $ten $ten $ten $ten $ten $ten $ten $ten 5000000000 " \
	"played, it has intervals of -d, by its own times"
is "$(seen slow)" "10 10 10 10 10 10 10 10 10 10 10 10 6 " "with the packets of that time"
for speed in 20000 1000000000; do
	play fast --speed $speed -d 10 -r "$file"
	cmp "$tmp/slow" "$tmp/fast" >"$tmp/err"
	is "$?" 0 "--speed $speed: octet by octet the same"
done
play piped --speed 20000 -d 10 -r - <"$file"
is "$(seen piped)" "" "standard input of nothing has no packets"
# shellcheck disable=SC2002 # a pipe it shall be
cat "$file" | timeout 60 "$flowtop" -b -o ndjson --pane all -n -N --speed 20000 -d 10 -r - \
	>"$tmp/piped" 2>"$tmp/err"
is "$(seen piped)" "$(seen slow)" "through a pipe: the same intervals"
play counted --speed 20000 -d 10 -c 3 -r "$file"
is "$(field counted interval_ns)" "$ten $ten $ten " "-c 3: so many"

# Two packets years apart.
size=$(($(od -An -tu4 -j32 -N4 "$file") + 16))
{
	head -c $((24 + size)) "$file"
	printf '\000\000\000\175'
	tail -c +29 "$file" | head -c $((size + 20))
} | head -c $((24 + 2 * size)) >"$tmp/silence.pcap"
play silence --speed 1000 -r "$tmp/silence.pcap"
is "$?" 0 "a long silence is not waited for"
is "$(seen silence)" "1 1 " "and is no row of empty intervals"

# Told to end while it plays.
"$flowtop" -b -o ndjson --pane all -n -N --speed 1 -d 0.1 -r "$file" >"$tmp/ended" 2>"$tmp/err" &
pid=$!
tries=0
while ! grep -q summary "$tmp/ended" && [ $tries -lt 300 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
kill -TERM $pid
wait $pid
is "$?" 0 "SIGTERM ends it"
is "$(tail -n 1 "$tmp/ended" | grep -c '"last":true')" 1 "with a last interval"

if "$flowtop" -V | grep -q SQLite; then
	play written --speed 20000 -d 10 -w "$tmp/x.flow" -r "$file"
	play back -r "$tmp/x.flow"
	is "$(seen back)" "$(seen slow)" "written meanwhile, a recording has the same intervals"
	play again --speed 20000 -r "$tmp/x.flow"
	cmp "$tmp/back" "$tmp/again" >"$tmp/err"
	is "$?" 0 "and played it is the same"
	"$flowtop" -b -o ndjson --speed 0.01 -r "$tmp/x.flow" >"$tmp/stopped" 2>"$tmp/err" &
	pid=$!
	tries=0
	while ! grep -q summary "$tmp/stopped" && [ $tries -lt 300 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	kill -TERM $pid
	wait $pid
	is "$?" 0 "SIGTERM ends that, too"
	is "$(grep -c '"type":"summary"' "$tmp/stopped")" 1 "before its second interval is due"
fi
echo "1..$number"
exit $failed
