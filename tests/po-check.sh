#!/bin/sh
# Translations: the template is fresh, every language has every string, none of them fuzzy, with
# the same conversions as the original. (That titles fit their columns: tests/core/test_titles.c.)
# shellcheck disable=SC2317 # functions are called by check
set -u
: "${top_srcdir:?run it by make check}"
for tool in xgettext msgcmp msgfmt msgattrib msgcat; do
	command -v "$tool" >/dev/null || {
		echo "1..0 # SKIP needs gettext"
		exit 0
	}
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

# check NAME COMMAND...: passes if the command succeeds and says nothing.
check() {
	name=$1
	shift
	count=$((count + 1))
	if "$@" >"$tmp/said" 2>&1 && [ ! -s "$tmp/said" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		head -n 40 "$tmp/said" | sed 's/^/# /'
		failed=1
	fi
}

# The strings alone, in order and without the header: where they stand may change without
# making the template stale.
strings() {
	msgcat --no-location --no-wrap --sort-output "$1" | sed '1,/^$/d; /^#/d'
}

template_is_fresh() {
	sh "$top_srcdir/po/extract.sh" "$top_srcdir" >"$tmp/new.pot" || return
	strings "$top_srcdir/po/flowtop.pot" >"$tmp/have"
	strings "$tmp/new.pot" >"$tmp/want"
	diff "$tmp/have" "$tmp/want" && return
	echo "stale: make update-pot, then translate what is new"
	return 1
}

check "po/flowtop.pot is fresh" template_is_fresh
for po in "$top_srcdir"/po/*.po; do
	lang=$(basename "$po" .po)
	check "$lang: headers and conversions are right" msgfmt --check -o "$tmp/$lang.mo" "$po"
	check "$lang: every string is translated" msgcmp "$po" "$top_srcdir/po/flowtop.pot"
	check "$lang: nothing is fuzzy" msgattrib --only-fuzzy --no-obsolete "$po"
	check "$lang: nothing is left over" msgattrib --only-obsolete "$po"
done
echo "1..$count"
exit "$failed"
