#!/usr/bin/env bash
# bench/compare with little traffic: it runs, fills each cell that it should, and says what is not
# there. Only flowtop's own shares are judged: of its speed, or of others, this proves nothing.
# seconds: 65
. "$(dirname "$0")/lib.sh"

report=$work/report.md
PATH=$work/bin:$PATH
mkdir "$work/bin"
# A tool that is there and does not run: no sooner started than over.
printf '#!/bin/sh\necho no such luck >&2\nexit 1\n' >"$work/bin/tcptop-bpfcc"
chmod +x "$work/bin/tcptop-bpfcc"
ok "it runs" quiet "$top_srcdir/bench/compare" -r 1 -p 3000 -R 30000 -o "$report" \
	-t flowtop-tcx,flowtop-packet,tcpdump,tcptop,nosuchtool -l tcp,flows1,flows1k,short
sed 's/^/# /' "$work/quiet.log"

# cells LOAD TOOL: what the table says of it.
cells() { awk -F ' *[|] *' -v load="$1" -v tool="$2" '$2 == load && $3 == tool { print $4, $5, $6, $7 }' "$report"; }
rows() { awk -F ' *[|] *' -v tool="$1" '$3 == tool' "$report" | wc -l; }
is "$(rows flowtop-tcx) $(rows flowtop-packet) $(rows tcpdump)" "4 4 4" "a row for each load and tool"
is "$(rows tcptop)" 2 "tcptop is asked about TCP alone"
for backend in $(backends tcx packet); do
	for kind in tcp flows1 flows1k short; do
		is "$(cells $kind flowtop-$backend)" "100 100 100 100" "$kind: flowtop-$backend accounts all, at any speed"
	done
done
is "$(cells flows1k nosuchtool) | $(cells tcp tcptop)" "not here    | does not run here   " "what is not there, or does not run, is named"
is "$(awk -F ' *[|] *' '$3 ~ /^flowtop/ && ($8 !~ /^[0-9]+\.[0-9]+$/ || $9 !~ /^[0-9]+\.[0-9]+$/ || $10 !~ /^-?[0-9]+$/)' "$report")" \
	"" "each row says what it cost in CPU, memory and time"
ok "the machine and the command are described" grep -qE "CPUs .*GiB, Linux .*\`bench/compare -r 1 " "$report"
ok "peers that are better are named, or it says that none is" grep -qE '^(Where a peer|No peer)' "$report"
is "$(wc -l <"${report%.md}.raw")" 22 "what each round gave is kept"
if command -v gnuplot >/dev/null; then
	ok "the plot is a picture" grep -q '</svg>' "${report%.md}.svg"
	ok "... which the report shows" grep -q 'report.svg' "$report"
fi
is "$(ip netns list | grep -c ftcmp)" 0 "no namespace is left"
done_testing
