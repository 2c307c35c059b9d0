#!/bin/bash
# The first process of the machine that tools/kernels boots. Its root is a RAM disk made there:
#	/flowtop/src, /flowtop/build   what the tests need of the tree and of the build
#	/flowtop/modules               modules to load, in their order
#	/flowtop/tests                 tests to run, by their names as tools/test prints them
# Talks to the console (ttyS0); results go to ttyS1, one a line as tests/tap.awk makes them,
# each test's followed by "DONE <tab> name"; the last line is END. The machine then powers off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
export top_srcdir=/flowtop/src top_builddir=/flowtop/build
export CMOCKA_MESSAGE_OUTPUT=TAP
export FT_RESULTS=/run/results
# Without KVM all takes many times as long.
export FT_SLOW=4 FT_INTERVAL=0.8

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
while read -r test; do
	: >$FT_RESULTS
	case $test in
	tests/live/*)
		"$top_srcdir/tests/live/run" "${test##*/}"
		;;
	*)
		status=0
		timeout -k 10 $((120 * FT_SLOW)) "./$test" </dev/null >/run/log 2>&1 || status=$?
		awk -v program="$test" -v status=$status -f "$top_srcdir/tests/tap.awk" \
			/run/log >$FT_RESULTS
		if grep -q ^FAIL $FT_RESULTS; then
			sed 's/^/    /' /run/log
			echo "FAIL: $test"
		else
			echo "PASS: $test"
		fi
		;;
	esac
	cat $FT_RESULTS >/dev/ttyS1
	printf 'DONE\t%s\n' "$test" >/dev/ttyS1
done </flowtop/tests
echo END >/dev/ttyS1
poweroff -f
