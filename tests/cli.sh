#!/bin/sh
# The program's manners: exit status, one line on stderr, nothing on it when all is well.
# Needs no privilege and opens no capture.
: "${top_srcdir:?run it by make check}" "${top_builddir:?}"
flowtop=$top_builddir/flowtop
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export XDG_CONFIG_HOME="$tmp" HOME="$tmp"
number=0
failed=0

# verdict NAME: of the condition that was tested just before.
verdict() {
	status=$?
	number=$((number + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		sed 's/^/# stderr: /' "$tmp/err"
		failed=1
	fi
}

# fails STATUS PATTERN ARGUMENT...: exactly one line, "flowtop: ... PATTERN ...".
fails() {
	want=$1
	pattern=$2
	shift 2
	"$flowtop" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ "$got" -eq "$want" ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
		grep -q "^flowtop: .*$pattern" "$tmp/err"
	verdict "$* exits $want and says $pattern"
}

# works PATTERN ARGUMENT...: exit 0, PATTERN in the output, nothing on stderr.
works() {
	pattern=$1
	shift
	"$flowtop" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	[ "$got" -eq 0 ] && [ ! -s "$tmp/err" ] && grep -q -e "$pattern" "$tmp/out"
	verdict "$* works and says $pattern"
}

works '^Usage: flowtop' --help
works '--doctor' -h
works '^flowtop [0-9]' -V
works 'libpcap' -V
works '^  tcx ' --doctor
works '"cost":{"over_ns":[1-9].*"threads":\[{"name":' -b -o ndjson --pane health \
	-r "$top_srcdir/tests/captures/raw.pcap"
works 'memory: [1-9][0-9]* bytes' -b --pane health -r "$top_srcdir/tests/captures/raw.pcap"
fails 1 'not with --pane health' -b -o csv --pane health
works ' lo ' -D
fails 3 '--export: /nowhere/x: No such file' -b -r "$top_srcdir/tests/captures/raw.pcap" \
	--export ndjson:///nowhere/x
fails 1 'not with -w of packets' -b --keep 7d -w file.pcapng
fails 1 'does not work with --backend tc' -b --backend tc -w file.pcapng
fails 1 'no age, size, or both' --keep soon
fails 1 'only with -w' -b --keep 7d
fails 1 'only with -r' --speed 10
fails 1 'not a number' -r x.pcap --speed fast
fails 1 'until "rate >": ' -b -r /dev/null --until 'rate >'
fails 1 'did you mean --interface' --interfac-e lo
fails 1 'ssh -t, or -b' -i lo
fails 1 'needs a value' -b -c
fails 1 '-d: ' -b -d 0
fails 1 'csv' -b -o csv --pane all
fails 1 'not with -b' -b --resolve
fails 1 'port' -b port
fails 1 'parenthesis' -b '(' tcp
fails 1 'filter "tcp and":' -b tcp and
fails 1 'at least 1$' -b -c 0
fails 1 '-c: must be at least 1$' -b -c -1
fails 1 '-d: must be between 0.1 and 3600$' -b -d -1
fails 1 '--speed: must be between 0 and 1000000000$' -r x.pcap --speed -1
works ' 49 flows' -b -r "$top_srcdir/tests/captures/ethernet.pcap"
works ' rates in L2 bit/s over 2s, totals in L2 bytes$' -b --layer 2 -r "$top_srcdir/tests/captures/raw.pcap"
works 'lost 2/196 (other 2) ' -b -r "$top_srcdir/tests/captures/ethernet.pcap"
head -c 2000 "$top_srcdir/tests/captures/ethernet.pcap" >"$tmp/half.pcap"
"$flowtop" -b -o csv -r "$tmp/half.pcap" >"$tmp/out" 2>"$tmp/err" &&
	[ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q '^flowtop: the file is cut off' "$tmp/err"
verdict "csv, which has no line for it, says beside it that the file is cut off"
printf 'SQLite format 3\0and no more' >"$tmp/half.flow"
"$flowtop" -b --diff "$tmp/half.flow" "$tmp/half.flow" >"$tmp/out" 2>"$tmp/err"
grep -q "^flowtop: --diff: $tmp/half.flow" "$tmp/err"
verdict "--diff names the file, not another option"
"$flowtop" -b -r - <"$top_srcdir/tests/captures/raw.pcap" >"$tmp/out" 2>"$tmp/err" &&
	grep -q ' stdin (file)  2 flows' "$tmp/out"
verdict "-r - reads standard input"
fails 3 'nosuchif0' -b -i nosuchif0
fails 3 "$tmp/none" -b -r "$tmp/none"
fails 3 "$tmp/none" --config "$tmp/none"
fails 1 'x1B\|x1b' -b "$(printf -- '--\033[31m')"

# Without any privilege, whoever runs the test.
as_is=$flowtop
cat >"$tmp/powerless" <<-END
	#!/bin/sh
	[ "\$(id -u)" -eq 0 ] || exec "$as_is" "\$@"
	exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$as_is" "\$@"
END
chmod +x "$tmp/powerless"
flowtop=$tmp/powerless
works '^Usage: flowtop' --help
works '^  packet ' -V
works '^  tcx  *no ' --doctor
works ' lo ' -D
fails 2 'CAP_NET_RAW' -b -i lo -c 1
fails 2 'CAP_NET_RAW' -b -i lo -c 1 --backend packet
flowtop=$as_is

mkdir "$tmp/flowtop"
echo 'intervall = 3' >"$tmp/flowtop/config"
"$flowtop" -D >"$tmp/out" 2>"$tmp/err" </dev/null && [ -s "$tmp/out" ] &&
	grep -q 'flowtop/config:1: .*"intervall".*"interval"' "$tmp/err"
verdict "a bad line in the config file is a warning with line and key"

echo 'sort = host' >"$tmp/flowtop/config"
"$flowtop" -b -r "$top_srcdir/tests/captures/raw.pcap" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/err" ]
verdict "the config file's sort column is for the panes that have it"
rm -r "$tmp/flowtop"

# The catalogue is found uninstalled only in a build configured for that.
LANGUAGE=de "$flowtop" --help >"$tmp/out" 2>"$tmp/err"
if grep -q '^Aufruf' "$tmp/out"; then
	LANGUAGE=de "$flowtop" --ascii --help >"$tmp/out" 2>"$tmp/err" &&
		! LC_ALL=C grep -q '[^ -~]' "$tmp/out"
	verdict "--ascii holds for translations too"
fi

works 'the table is full (--max-flows 4)' -b -r "$top_srcdir/tests/captures/ethernet.pcap" --max-flows 4

(
	exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
	ulimit -n 4
	exec "$flowtop" -b -r "$top_srcdir/tests/captures/raw.pcap"
) >"$tmp/out" 2>"$tmp/err" </dev/null
got=$?
[ $got -eq 4 ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] && grep -q '^flowtop: .*open files' "$tmp/err"
verdict "no descriptor left at the start is one sentence and exit 4"

# A capture that comes through a pipe, and whose writer pauses: before the first octet, inside of the
# heading, behind it, inside of a packet. SIGTERM ends it at once, and well.
mkfifo "$tmp/pipe"
for octets in none 0 10 24 100 5000; do
	if [ $octets = none ]; then
		exec 5>&-
	else
		exec 5<>"$tmp/pipe"
		head -c $octets "$top_srcdir/tests/captures/ethernet.pcap" >&5
	fi
	"$flowtop" -b -r "$tmp/pipe" >"$tmp/out" 2>"$tmp/err" </dev/null 5>&- &
	pid=$!
	tries=0
	until [ "$(cat /proc/$pid/comm)" = flowtop ] &&
		find "/proc/$pid/fd" -lname "$tmp/pipe" 2>/dev/null | grep -q .; do
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || break
		sleep 0.02
	done
	kill -TERM $pid
	timeout 60 tail -f --pid=$pid /dev/null || kill -KILL $pid
	wait $pid
	got=$?
	exec 5>&-
	[ $got -eq 0 ] && [ ! -s "$tmp/err" ]
	verdict "SIGTERM ends reading a pipe that has $octets octets"
done

"$flowtop" --help 2>"$tmp/err" | head -n 0
[ ! -s "$tmp/err" ]
verdict "a broken pipe is quiet"
"$flowtop" --help >/dev/full 2>"$tmp/err"
got=$?
[ "$got" -eq 4 ] && grep -q '^flowtop: ' "$tmp/err"
verdict "a full disk is not"

echo "1..$number"
exit "$failed"
