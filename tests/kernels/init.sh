#!/bin/bash
# The first process of the machine that tools/kernels boots. Its root is a RAM disk made there:
#	/flowtop/src, /flowtop/build   what the tests need of the tree and of the build
#	/flowtop/modules               modules to load, in their order
#	/flowtop/tests                 tests to run, by their names as tools/test prints them, with
#	                               variables for some
# Talks to the console (ttyS0); results go to ttyS1, one a line as tests/tap.awk makes them,
# each test's followed by "DONE <tab> name"; the last line is END. The machine then powers off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
export top_srcdir=/flowtop/src top_builddir=/flowtop/build
export CMOCKA_MESSAGE_OUTPUT=TAP
# Without KVM all takes many times as long, and more where the machine has other work: bounds of what is
# waited for cost nothing while they aren't reached.
export FT_SLOW=12 FT_INTERVAL=0.8

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for dir in /run /tmp /dev/shm; do mount -t tmpfs -o mode=1777 tmpfs $dir; done
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
ln -s /proc/self/fd /dev/fd

exec >/dev/ttyS0 2>&1 </dev/null
stty -F /dev/ttyS1 raw
hostname flowtop-test

while read -r module; do
	insmod "$module" || echo "cannot load $module"
done </flowtop/modules
ip link set lo up
uname -a
"$top_builddir/flowtop" --doctor

cd /flowtop/build || exit

# run_test TEST [VARIABLE=VALUE ...]: its results go to ./results, what it said to ./said, in the
# working directory.
run_test() {
	local test=$1 status=0
	shift
	: >results
	case $test in
	tests/live/*)
		env "$@" FT_RESULTS="$PWD/results" "$top_srcdir/tests/live/run" "${test##*/}" >said 2>&1
		;;
	*)
		env "$@" timeout -k 10 $((120 * FT_SLOW)) "$top_builddir/$test" >log 2>&1 || status=$?
		awk -v program="$test" -v status=$status -f "$top_srcdir/tests/tap.awk" log >results
		if grep -q ^FAIL results; then
			sed 's/^/    /' log >said
			echo "FAIL: $test" >>said
		else
			echo "PASS: $test" >said
		fi
		;;
	esac
}

# start_test LINE: beside others, in a folder of its own, which tells what it took.
start_test() {
	local dir
	dir=$(mktemp -d)
	(
		cd "$dir" || exit
		echo "$1" >line
		TIMEFORMAT='%R s, %U + %S of a processor'
		# shellcheck disable=SC2086 # words
		{ time run_test $1; } 2>took
	) </dev/null &
	folders[$!]=$dir
}

# end_test: waits for any and hands its results on.
end_test() {
	local pid dir
	wait -n -p pid
	dir=${folders[$pid]}
	cat "$dir/said"
	echo "# $(<"$dir/line"): $(<"$dir/took")"
	cat "$dir/results" >/dev/ttyS1
	printf 'DONE\t%s\n' "$(<"$dir/line")" >/dev/ttyS1
}

# As many side by side as there are processors: they wait more than they work.
folders=()
running=0
lanes=$(nproc)
while read -r line; do
	if [ $running -eq "$lanes" ]; then
		end_test
		running=$((running - 1))
	fi
	start_test "$line"
	running=$((running + 1))
done </flowtop/tests
while [ $running -gt 0 ]; do
	end_test
	running=$((running - 1))
done
echo END >/dev/ttyS1
poweroff -f
