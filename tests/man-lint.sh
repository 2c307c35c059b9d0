#!/bin/sh
# The man page is clean mdoc.
: "${top_srcdir:?run it by make check}"
command -v mandoc >/dev/null || {
	echo "1..0 # SKIP needs mandoc"
	exit 0
}
echo "1..1"
if found=$(mandoc -Tlint -Wwarning "$top_srcdir/man/flowtop.8" 2>&1) && [ -z "$found" ]; then
	echo "ok 1 - mandoc has nothing to say about flowtop.8"
else
	echo "not ok 1 - mandoc has nothing to say about flowtop.8"
	echo "$found" | sed 's/^/# /'
	exit 1
fi
