#!/bin/sh
# Batch as it is printed: text in its forms, the end by --until and by a broken pipe, --diff. What is
# printed are records that this script makes, so that every number is known.
: "${top_srcdir:?run it by make check}" "${top_builddir:?}"
flowtop=$top_builddir/flowtop
"$flowtop" -V | grep -q json-c || {
	echo "1..0 # SKIP built without json-c"
	exit 0
}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
export XDG_CONFIG_HOME="$tmp" HOME="$tmp" TZ=UTC COLUMNS=200
number=0
failed=0

# is GOT WANTED NAME
is() {
	number=$((number + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $number - $3"
	else
		echo "not ok $number - $3"
		printf '%s\n' "wanted: $2" "but: $1" "$(cat "$tmp/err")" | sed 's/^/# /'
		failed=1
	fi
}

# flow MOMENT PORT BYTES TOTAL: the record of a flow that sent so much in that second, and in all.
flow() {
	at=$(printf '2026-11-21T10:%02d:%02dZ' $(($1 / 60)) $(($1 % 60)))
	printf '{"type":"flow","schema":1,"id":"%s","time":"%s","interval_ns":1000000000,' "$2" "$at"
	printf '"interface":"br0","protocol":6,"path":"host","initiator":"local",'
	printf '"local":{"address":"10.0.0.1","port":%s,"owner":"process","process":' "$2"
	printf '{"pid":%s,"name":"p%s"}},' "$2" "$2"
	printf '"remote":{"address":"192.0.2.7","port":443,"owner":"foreign"},'
	printf '"interval":{"tx_packets":%s,"tx_bytes":%s,"tx_l2_bytes":%s},' 1 "$3" "$3"
	printf '"total":{"tx_packets":%s,"tx_bytes":%s,"tx_l2_bytes":%s},' "$1" "$4" "$4"
	printf '"first_seen":"2026-11-21T09:00:00Z","last_seen":"%s","state":"established"}\n' "$at"
}

flow 1 1001 1000 1000 >"$tmp/one"
for moment in 1 2 3; do
	flow $moment 1001 1500 $((moment * 1500))
	flow $moment 1002 10 $((moment * 10))
	flow $moment 1003 1099511627776 9223372036854775807
done >"$tmp/three"
moment=1
while [ $moment -le 300 ]; do
	flow $moment 1001 100 $((moment * 100))
	moment=$((moment + 1))
done >"$tmp/many"

# run ARGUMENT...: into $tmp/out and $tmp/err; $status
run() {
	"$flowtop" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}
lines() { grep -c -- "$1" "$tmp/out"; }
# column PORT COLUMN: a cell of the flow's first row, by the title's end (cells are right aligned).
cell() {
	awk -v port=":$1 " -v title="$2" '
		!end && index($0, " " title) { end = index($0, " " title) + length(title) }
		index($0, port) { text = substr($0, 1, end); sub(/.* /, "", text); print text; exit }
	' "$tmp/out"
}

# ---- column titles
run -b -n -N -r "$tmp/three"
is "$status $(lines '^Local ') $(lines '^seen ')" "0 3 3" "titles are in every interval"
run -b -n -N -r "$tmp/three" --header always
is "$(lines '^Local ')" 3 "... with --header always"
run -b -n -N -r "$tmp/three" --header once
is "$(lines '^Local ') $(lines '^10.0.0.1:1001 ')" "1 3" "--header once: in the first"
run -b -n -N -r "$tmp/three" --header once --pane all
is "$(lines '^Local ') $(lines '^Host ') $(lines '^Process ')" "2 1 1" "... of each pane"
run -b -n -N -r "$tmp/three" --header never
is "$(lines '^Local ') $(lines '^10.0.0.1:1001 ')" "0 3" "--header never: in none"

# ---- numbers
run -b -n -N --ascii -r "$tmp/three"
is "$(cell 1001 Total) $(cell 1001 Rate) $(cell 1003 Total) $(cell 1003 Rate)" \
	"1.50k 12.0k 9.22E 8.80T" "numbers are rounded to prefixes"
run -b -n -N --ascii -r "$tmp/three" --iec -u bytes
is "$(cell 1001 Total) $(cell 1003 Rate)" "1.46Ki 1.00Ti" "... also of two"
is "$(lines '[0-9][eE][-+0-9]')" 0 "and never scientific"
run -b -n -N --ascii -r "$tmp/three" --raw
is "$(cell 1001 Total) $(cell 1001 Rate)" "1500 12000" "--raw: whole numbers"
is "$(lines ' 9223372036854775807$') $(lines ' 8796093022208 ')" "3 3" "of any size"
is "$(lines '[0-9][eE][-+0-9]') $(lines '[0-9][kMGTPE]\b')" "0 0" \
	"neither scientific nor with prefixes"

# ---- top N
run -b -n -N -r "$tmp/three" -L 2
is "$(lines '^10.0.0.1:') $(lines '^10.0.0.1:1002 ') $(lines '; hidden 1/10 ')" "6 0 3" \
	"-L: the busiest, the rest is hidden"
run -b -n -N -r "$tmp/three" -L 1 -s total:asc -o ndjson
is "$(lines '"type":"flow"') $(lines '"port":1002')" "3 3" "... in the order that is asked for"

# ---- the end
run -b -n -N -r "$tmp/many" --until 'bytes > 399' --header never
rows=$(lines '^10.0.0.1:1001 ')
is "$status $([ "$rows" -ge 4 ] && [ "$rows" -lt 200 ] && echo early)" "0 early" \
	"--until ends once it holds ($rows of 300)"
run -b -n -N -r "$tmp/many" --until 'bytes > 399999'
is "$status $(lines '^10.0.0.1:1001 ')" "0 300" "what never holds ends nothing"
for format in text json ndjson csv; do
	{
		"$flowtop" -b -r "$tmp/many" -o $format 2>"$tmp/err" </dev/null
		echo $? >"$tmp/status"
	} | head -n 1 >"$tmp/out"
	is "$(cat "$tmp/status") $(wc -l <"$tmp/out") $(wc -c <"$tmp/err")" "0 1 0" \
		"a broken pipe ends $format quietly"
done

# ---- the difference of two files
flow 9 1001 0 4500 >"$tmp/after"
flow 9 1003 7 9223372036854775807 >>"$tmp/after"
flow 9 2001 40 40 >>"$tmp/after"
difference() {
	"$flowtop" --diff "$@" 2>"$tmp/err" </dev/null >"$tmp/out"
	status=$?
}
difference "$tmp/one" "$tmp/after" -n -N --ascii --raw --pane flows
is "$status $(cell 1001 Total) $(cell 2001 Total)" "0 3500 40" \
	"without a terminal --diff A B prints, to the byte"
is "$(awk '/^[a-z]+ +10.0/ { print $1 }' "$tmp/out" | tr '\n' ' ')" "appeared grew appeared " \
	"by what was counted most"
is "$(lines 'difference since 2026-11-21T10:00:01.000000Z$')" 1 "it says since when"
difference "$tmp/after" "$tmp/one" -b -n -N --raw port 2001
is "$(awk '/^[a-z]+ +10.0/ { print $1, $NF }' "$tmp/out")" "vanished -40" \
	"words behind are the filter; what vanished is listed, with a minus"
difference "$tmp/one" -o ndjson "$tmp/after"
is "$(sed -n 's/.*"port":1001.*"change":"\([a-z]*\)","since":"\([^"]*\)","difference":{\([^}]*\)}.*/\1 \2 \3/p' "$tmp/out")" \
	'grew 2026-11-21T10:00:01.000000Z "tx_packets":8,"tx_bytes":3500,"tx_l2_bytes":3500,"rx_packets":0,"rx_bytes":0,"rx_l2_bytes":0' \
	"records tell the change"
is "$(sed -n 's/.*"type":"summary".*"difference":\({[^}]*}}\).*/\1/p' "$tmp/out")" \
	'{"since":"2026-11-21T10:00:01.000000Z","flows":{"same":0,"shrank":0,"grew":1,"vanished":0,"appeared":2}}' \
	"and the summary how many"
difference "$tmp/after" "$tmp/one" -o csv --pane processes
is "$(tr -d '\r' <"$tmp/out" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	{ print $at["process.name"], $at["change"], $at["difference.tx_bytes"], $at["difference.flows"] }' |
	sort | tr '\n' ';')" \
	"p1001 shrank -3500 0;p1003 vanished -9223372036854775807 -1;p2001 vanished -40 -1;" \
	"so do processes, as csv"
run -b -r "$tmp/three" -o csv
is "$(head -n 1 "$tmp/out" | grep -c 'change')" 0 "columns of differences are in no other csv"
difference "$tmp/three@10:00:02" "$tmp/three" -n -N --ascii --raw --pane flows
is "$(cell 1001 Total) $(cell 1002 Total)" "1500 10" "moments of one file"

# fails STATUS PATTERN ARGUMENT...
fails() {
	want=$1
	pattern=$2
	shift 2
	run "$@"
	is "$status $(grep -c "^flowtop: .*$pattern" "$tmp/err") $(wc -l <"$tmp/err")" "$want 1 1" \
		"exits $want: $pattern"
}
run -b -r "$tmp/three"
cp "$tmp/out" "$tmp/text"
fails 1 'compares two files: --diff A B' --diff "$tmp/one"
fails 3 'nowhere: No such file' --diff "$tmp/nowhere" "$tmp/one"
fails 4 'cannot be compared' --diff "$tmp/text" "$tmp/one"
fails 1 'is no time' --diff "$tmp/one@tomorrow" "$tmp/one"
fails 1 'not with --interface' --diff "$tmp/one" "$tmp/one" -i lo
difference "$tmp/one" "$tmp/after" -o ndjson
cp "$tmp/out" "$tmp/difference"
fails 4 'this is a difference' --diff "$tmp/difference" "$tmp/one"
fails 4 'this is a difference' -b -r "$tmp/difference"
chmod 000 "$tmp/one"
if [ "$(id -u)" -ne 0 ]; then
	fails 2 'Permission denied' --diff "$tmp/one" "$tmp/after"
fi
echo "1..$number"
exit $failed
