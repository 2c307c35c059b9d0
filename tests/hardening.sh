#!/bin/sh
# What configure's hardening comes to in the program that was built, asked of the file itself:
# flags on a command line prove nothing. The BPF programs must have got none of it.
# shellcheck disable=SC2317 # functions are called by ok
set -u
: "${top_builddir:?run it by make check}"
program=$top_builddir/flowtop

command -v readelf >/dev/null || { echo "1..0 # SKIP no readelf (Debian: binutils)"; exit 0; }
is_set() { grep -q "^#define $1 1" "$top_builddir/config.h"; }
is_set HARDENED || { echo "1..0 # SKIP configured with --disable-hardening"; exit 0; }
have() { readelf -W "$1" "$program" | grep -Eq -- "$2"; }

count=0
failed=0
# ok NAME COMMAND...
ok() {
	name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		failed=1
		echo "not ok $count - $name"
	fi
}
not() { ! "$@"; }
is_protected() { have --syms '__stack_chk_fail'; }
# Those of libc that check how much fits: snprintf, memcpy, ... by the names that no source calls.
is_fortified() { have --syms '__(snprintf|vsnprintf|memcpy|read|fgets)_chk'; }
is_pie() { have --file-header 'Type: +DYN' && have --dynamic 'FLAGS_1.* PIE'; }
is_relro() { have --program-headers GNU_RELRO && have --dynamic '(BIND_NOW|FLAGS_1.* NOW)'; }
has_executable_stack() { have --program-headers 'GNU_STACK.* RWE '; }
has_writable_code() { have --program-headers 'LOAD.* RWE '; }
has_text_relocations() { have --dynamic TEXTREL; }
# The prologue of a function that may be jumped to, by its octets: objdump may not know it.
has_landing_pads() {
	od -An -v -tx1 "$program" | tr -d ' \n' | grep -q f30f1efa
}
bpf_is_plain() {
	for object in "$top_builddir"/bpf/*.bpf.o; do
		[ -e "$object" ] || continue
		readelf -W --syms "$object" | grep -Eq '__stack_chk|_chk$' && return 1
	done
	return 0
}

ok "has canaries" is_protected
if is_set FORTIFIED; then
	ok "has checked string functions" is_fortified
fi
ok "has no fixed address" is_pie
ok "has nothing to overwrite in its tables of functions" is_relro
ok "has a stack that is no code" not has_executable_stack
ok "has a stack that says so" have --program-headers GNU_STACK
ok "has no code that can be written" not has_writable_code
ok "has no code that the loader changes" not has_text_relocations
case $(uname -m) in
x86_64) ok "has landing pads for indirect jumps" has_landing_pads ;;
esac
ok "has BPF programs without any of it" bpf_is_plain
echo "1..$count"
exit $failed
