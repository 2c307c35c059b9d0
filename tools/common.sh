# shellcheck shell=bash
# Shared by tools/run and tools/test; sourced, never run.
#
# What each does with which rights: apt-get as root; autoreconf, configure and make as whoever
# owns the tree (a root-owned object file in a user's tree is a nuisance for years); flowtop and
# the live tests as root. Everything made goes to $build (build/ in the tree).
#
# All talk goes to stderr: stdout belongs to flowtop.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$top/build
owner_uid=$(stat -c %u "$top")
owner_gid=$(stat -c %g "$top")

# What a bare Debian 12 needs to build flowtop.
build_packages=(
	autoconf automake gcc libc6-dev make pkgconf gettext
	libncurses-dev libpcap-dev libc-ares-dev libcap-ng-dev libseccomp-dev
	libfixbuf-dev libmicrohttpd-dev libzmq3-dev libsqlite3-dev libjson-c-dev
	libcurl4-openssl-dev
	clang bpftool libbpf-dev libelf-dev zlib1g-dev
)

say() { printf '%s\n' "$*" >&2; }

die() {
	say "${0##*/}: $*"
	exit 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# Runs a command as the owner of the tree.
as_owner() {
	local entry name home shell_groups
	if ! is_root || [ "$owner_uid" -eq 0 ]; then
		"$@"
		return
	fi
	entry=$(getent passwd "$owner_uid") || entry="::$owner_uid:$owner_gid::/:"
	name=${entry%%:*}
	home=$(cut -d: -f6 <<<"$entry")
	# An owner that /etc/passwd doesn't know (a container's bind mount) has no groups.
	if [ -n "$name" ]; then shell_groups=--init-groups; else shell_groups=--clear-groups; fi
	setpriv --reuid="$owner_uid" --regid="$owner_gid" "$shell_groups" -- \
		env HOME="$home" USER="$name" LOGNAME="$name" "$@"
}

# Names those of the packages that are not installed, one a line.
missing_packages() {
	local have
	# dpkg-query fails if it does not know one of them, and still tells of the others.
	have=$({ dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || true; } |
		awk '$1 == "ii" { print $2 }')
	comm -13 <(sort -u <<<"$have") <(printf '%s\n' "$@" | sort -u)
}

# Installs what is missing of the packages; the network is touched only if something is.
need_packages() {
	local missing
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		# Not Debian: configure tells what it lacks; here is the list under Debian's names.
		[ -x "$build/config.status" ] || say "no apt here; these are needed (Debian's names):" \
			"$*"
		return 0
	fi
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	is_root || die "these packages are missing, run this as root to install them: ${missing[*]}"

	say "installing: ${missing[*]}"
	local apt=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8
		apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3
		-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold)
	# An update that fails is not the end: the lists may be good enough.
	quietly "${apt[@]}" update || say "apt-get update failed, trying to install all the same"
	quietly "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
		die "could not install: ${missing[*]}"
	hash -r
}

# Runs a command with its output kept back, shown only if it fails.
quietly() {
	local log status=0
	log=$(mktemp) || return 1
	"$@" >"$log" 2>&1 </dev/null || status=$?
	[ "$status" -eq 0 ] || cat "$log" >&2
	rm -f "$log"
	return "$status"
}

# Makes configure (again) if it is not there or older than what it is made of.
make_configure() {
	local part
	for part in configure.ac m4/flowtop.m4; do
		if [ ! -e "$top/configure" ] || [ "$top/$part" -nt "$top/configure" ] ||
			[ ! -e "$top/build-aux/install-sh" ]; then
			say "running autoreconf"
			quietly as_owner autoreconf -fi "$top" || die "autoreconf failed"
			return
		fi
	done
}

# Configures $1 with the flags that follow, if that is not done, or was done with other flags or
# other versions of what it looks at. Catalogues are looked for where the build puts them, so
# that nothing needs to be installed.
configure_in() {
	local dir=$1 done_with
	shift
	set -- "--localedir=$dir/po/locale" "$@"
	done_with="$*
$(dpkg-query -W "${build_packages[@]}" libcmocka-dev 2>/dev/null || true)"
	if [ -x "$dir/config.status" ] && [ "$(cat "$dir/tools-flags" 2>/dev/null)" = "$done_with" ]
	then
		return 0
	fi
	say "configuring in $dir"
	as_owner mkdir -p "$dir"
	(cd "$dir" && quietly as_owner "$top/configure" "$@") || die "configure failed"
	as_owner tee "$dir/tools-flags" <<<"$done_with" >/dev/null
}

# make in $1 as the owner, quiet unless it fails.
make_in() {
	local dir=$1
	shift
	quietly as_owner make -C "$dir" -s -j"$(nproc)" --no-print-directory "$@"
}
