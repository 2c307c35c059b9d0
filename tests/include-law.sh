#!/bin/sh
# Who may include whom (HACKING.md): core knows nobody above it, only src/ui knows curses, ...
# First the law is tried on files that break it, so that it cannot pass by looking at nothing.
# shellcheck disable=SC2086 # patterns are words
set -u
: "${top_srcdir:?run it by make check}"

# What each room must not include: the room, an extended regular expression. The BPF contract
# (bpf/flow_abi.h) is everybody's; <bpf/...> is libbpf, bpf/*.skel.h its generated user.
libraries='<(curses|ncurses[a-z]*|ncursesw/.*|term|panel|menu|form)\.h>'
curl='<curl/'
libbpf='<bpf/|"bpf/.*\.skel\.h"'
laws() {
	cat <<-EOF
		src/core	$curl|$libraries|$libbpf|<pcap|<ares|<pthread\.h>|<threads\.h>|"(capture|output|ui)/|"options\.h"
		src/capture	$curl|$libraries|"(output|ui)/|"options\.h"
		src/output	$curl|$libraries|$libbpf|<pcap|<ares|"ui/|"options\.h"|"capture/(backend|collector|links|owner|packet|resolver|tc_)
		src/recording	$curl|$libraries|$libbpf|<pcap|<ares|"ui/|"options\.h"|"capture/(backend|collector|links|owner|packet|resolver|tc_)
		src/clickhouse	$libraries|$libbpf|<sqlite3\.h>|<pcap|<ares|"ui/|"options\.h"|"capture/|"recording/(recording|records|player|schema|write|read)\.h"
		src/ui	$curl|$libbpf|<pcap|<ares|"capture/(backend|packet|links|owner|tc_)
		bpf	$libraries|"(core|capture|output|ui)/|<(stdio|stdlib|string)\.h>
	EOF
}

# Prints FILE:LINE:TEXT for every breach below folder $1.
breaches() {
	laws | while IFS="$(printf '\t')" read -r room forbidden; do
		grep -rnE --include='*.[ch]' "^[[:space:]]*#[[:space:]]*include[[:space:]]+($forbidden)" \
			"$1/$room" /dev/null
	done
	# Outside of the rooms with laws of their own: nobody but src/ui has curses, nobody but
	# src/clickhouse libcurl.
	grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]+($libraries|$curl)" "$1"/src/*.[ch] /dev/null
}

# try ROOM TEXT: a file in that room with that include must be found.
try() {
	mkdir -p "$tmp/$1"
	echo "#include $2" >"$tmp/$1/try.c"
	count=$((count + 1))
	if [ -n "$(breaches "$tmp" 2>/dev/null)" ]; then
		echo "ok $count - found: $2 in $1"
	else
		echo "not ok $count - not found: $2 in $1"
		failed=1
	fi
	rm "$tmp/$1/try.c"
}

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0
mkdir -p "$tmp/src"
try src/core '<pthread.h>'
try src/core '<ncurses.h>'
try src/core '<bpf/libbpf.h>'
try src/core '"capture/links.h"'
try src/capture '"ui/ui.h"'
try src/capture '<curses.h>'
try src/output '"capture/backend.h"'
try src/ui '<pcap/pcap.h>'
try src/ui '"bpf/flow_tc.skel.h"'
try src '<curses.h>'
try src '<curl/curl.h>'
try src/output '<curl/curl.h>'
try src/clickhouse '"capture/mailbox.h"'

count=$((count + 1))
found=$(breaches "$top_srcdir")
if [ -z "$found" ]; then
	echo "ok $count - every room keeps to the law"
else
	echo "not ok $count - every room keeps to the law"
	echo "$found" | sed 's/^/# /'
	failed=1
fi
echo "1..$count"
exit "$failed"
