#!/bin/sh
# The bash completion knows exactly the options of --help, and completes values, in a real bash.
: "${top_srcdir:?run it by make check}" "${top_builddir:?}"
command -v bash >/dev/null || {
	echo "1..0 # SKIP needs bash"
	exit 0
}
echo "1..6"
number=0
failed=0

# offers WORD...: what the completion offers for the last of the words, sorted, on one line.
offers() {
	bash --norc -c '. "$0"; COMP_WORDS=(flowtop "$@"); COMP_CWORD=$#; _flowtop
		printf "%s\n" "${COMPREPLY[@]}"' "$top_srcdir/completion/flowtop.bash" "$@" |
		LC_ALL=C sort -u | tr '\n' ' '
}

# is NAME GOT WANTED
is() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "# got:    $2"
		echo "# wanted: $3"
		failed=1
	fi
}

help=$("$top_builddir/flowtop" --help)
long=$(echo "$help" | sed -n 's/^  \(-., \)\{0,1\} *\(--[a-z0-9-]*\).*/\2/p' | LC_ALL=C sort -u | tr '\n' ' ')
short=$(echo "$help" | sed -n 's/^  \(-.\), --.*/\1/p' | LC_ALL=C sort -u | tr '\n' ' ')
is "long options are those of --help" "$(offers --)" "$long"
is "so are short ones" "$(offers - | tr ' ' '\n' | grep -v -e -- | tr '\n' ' ' | sed 's/^ //')" "$short"
is "formats" "$(offers -o '')" "csv json ndjson text "
is "values behind =" "$(offers --unit = by)" "bytes "
is "words of the filter" "$(offers port)" "port portrange "
is "interfaces" "$(offers -i l | tr ' ' '\n' | grep -cx lo)" 1
exit "$failed"
