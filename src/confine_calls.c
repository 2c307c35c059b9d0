/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls, by libseccomp: a list of what a program of this kind may need, generous where a
 * call gives nobody power, since libc and the libraries choose among calls that do the same. All
 * others fail with EPERM, as they would for want of a right; nothing is killed. What is not in
 * the list, on purpose: starting programs and processes, other processes' memory, mounts,
 * namespaces, modules, clocks, users, keys, reboot.
 *
 * A second filter narrows what the first lets through: no keys typed into terminals (TIOCSTI,
 * TIOCLINUX), no kinds of socket but our own. Only the low half of an ioctl's number counts in
 * the kernel, so only that is compared.
 *
 * A third one, for one thread, takes away what changes files: by the call, or by what open is
 * asked for. openat2 has that in memory, where a filter can't look, so there is none.
 */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/nls.h"

static const char *const allowed[] = {
	/* memory */
	"brk", "madvise", "mincore", "mlock", "mlock2", "mmap", "mmap2", "mprotect", "mremap",
	"msync", "munlock", "munmap", "membarrier", "memfd_create", "get_mempolicy",
	/* threads, time, signals, self */
	"alarm", "arch_prctl", "capget", "capset", "clock_getres", "clock_getres_time64",
	"clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "exit",
	"exit_group", "futex", "futex_time64", "futex_waitv", "get_robust_list", "get_thread_area",
	"getcpu", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
	"getgroups", "getgroups32", "getitimer", "getpgid", "getpgrp", "getpid", "getppid",
	"getpriority", "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid",
	"gettid", "gettimeofday", "getuid", "getuid32", "kill", "nanosleep", "pause", "prctl",
	"prlimit64", "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending",
	"rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_setaffinity", "sched_setscheduler", "sched_yield",
	"set_robust_list",
	"set_thread_area", "set_tid_address", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32",
	"setitimer", "setpriority", "setrlimit", "sigaltstack", "sigreturn", "sysinfo", "tgkill",
	"time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
	"timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_gettime64",
	"timerfd_settime", "timerfd_settime64", "times", "tkill", "ugetrlimit", "umask", "uname",
	"wait4", "waitid", "waitpid",
	/* files: which ones is Landlock's */
	"access", "chdir", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range",
	"dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64",
	"fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32",
	"fchownat", "fcntl", "fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock", "fstat",
	"fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64",
	"futimesat", "getcwd", "getdents", "getdents64", "getxattr", "lchown", "lgetxattr",
	"link", "linkat", "llseek", "_llseek", "lseek", "lstat", "lstat64", "mkdir", "mkdirat",
	"newfstatat", "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64",
	"pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "rename",
	"renameat", "renameat2", "rmdir", "sendfile", "sendfile64", "splice", "stat", "stat64",
	"statfs", "statfs64", "statx", "sync_file_range", "tee", "truncate", "truncate64",
	"unlink", "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes", "write",
	"writev", "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
	/* waiting */
	"_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait",
	"epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "pipe", "pipe2", "poll", "ppoll",
	"ppoll_time64", "pselect6", "pselect6_time64", "select", "signalfd", "signalfd4",
	"inotify_init1", "inotify_add_watch", "inotify_rm_watch",
	/* the network, BPF, the terminal */
	"accept", "accept4", "bind", "bpf", "connect", "getpeername", "getsockname",
	"getsockopt", "ioctl", "listen", "recv", "recvfrom", "recvmmsg", "recvmmsg_time64",
	"recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socket",
	"socketpair",
};

/* What changes files, of those. */
static const char *const changing[] = {
	"chmod", "chown", "chown32", "creat", "fallocate", "fchmod", "fchmodat", "fchmodat2", "fchown",
	"fchown32", "fchownat", "ftruncate", "ftruncate64", "futimesat", "lchown", "link", "linkat",
	"mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2", "rmdir", "symlink",
	"symlinkat", "truncate", "truncate64", "unlink", "unlinkat", "utime", "utimensat",
	"utimensat_time64", "utimes",
};
/* Flags of open, with the bits that they are told by. */
static const struct {
	unsigned bits, flags;
} writing[] = {
	{ O_ACCMODE, O_WRONLY }, { O_ACCMODE, O_RDWR }, { O_ACCMODE, O_ACCMODE },
	{ O_CREAT, O_CREAT }, { O_TRUNC, O_TRUNC },
};

/* What the sanitizers' own end needs: it stops the program's threads from outside. */
static const char *const for_sanitizers[] = { "clone", "personality", "process_vm_readv", "ptrace" };

static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET };
static const unsigned int refused_ioctls[] = { TIOCSTI, TIOCLINUX };

/* Lets a call through, if this architecture has it. */
static int allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name), ret;

	if (number == __NR_SCMP_ERROR)
		return 0;
	ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	return ret == -EDOM || ret == -EEXIST ? 0 : ret;
}

/* The list. Threads are made by clone, whose flags can be seen; clone3's can't, so that libc is
 * told that there is none and takes clone. */
static int fill_list(scmp_filter_ctx filter)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		ret = allow(filter, allowed[i]);
	for (size_t i = 0; SANITIZED && ret == 0 &&
			   i < sizeof(for_sanitizers) / sizeof(for_sanitizers[0]); i++)
		ret = allow(filter, for_sanitizers[i]);
	if (ret == 0 && !SANITIZED)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (ret == 0)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return ret;
}

/* What the second filter refuses. */
static int fill_narrow(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp kinds[] = { SCMP_A0(SCMP_CMP_GT, AF_PACKET) };
	int ret = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
					 kinds);

	for (int family = 0; ret == 0 && family < AF_PACKET; family++) {
		bool ours = false;

		for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
			ours |= families[i] == family;
		if (!ours)
			ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT),
					       SCMP_SYS(socket), 1,
					       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	}
	for (size_t i = 0; ret == 0 && i < sizeof(refused_ioctls) / sizeof(refused_ioctls[0]); i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, refused_ioctls[i]));
	return ret;
}

/* What the third one refuses. */
static int fill_reader(scmp_filter_ctx filter)
{
	int ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);

	for (size_t i = 0; ret == 0 && i < sizeof(changing) / sizeof(changing[0]); i++) {
		int number = seccomp_syscall_resolve_name(changing[i]);

		if (number != __NR_SCMP_ERROR)
			ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), number, 0);
		ret = ret == -EDOM || ret == -EEXIST ? 0 : ret;
	}
	for (size_t i = 0; ret == 0 && i < sizeof(writing) / sizeof(writing[0]); i++) {
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, writing[i].bits,
					       writing[i].flags));
		if (ret == 0)
			ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 1,
					       SCMP_A1(SCMP_CMP_MASKED_EQ, writing[i].bits,
						       writing[i].flags));
		ret = ret == -EDOM ? 0 : ret; /* newer architectures have no open */
	}
	return ret;
}

/* Makes a filter and loads it; for all threads, where the kernel can, or for this one. */
static int load(uint32_t otherwise, int (*fill)(scmp_filter_ctx filter), bool all_threads)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int ret = filter ? fill(filter) : -ENOMEM;

	if (ret == 0 && all_threads)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (ret == 0)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret;
}

/* Says what went wrong, if something did; returns ret. */
static int tell(int ret, char *why, size_t why_size)
{
	if (ret < 0)
		snprintf(why, why_size, _("the kernel refuses the filter (error %d)"), -ret);
	return ret;
}

int ft_confine_calls(const struct ft_confine_plan *plan, char *why, size_t why_size)
{
	int ret;

	(void)plan;
	ret = load(SCMP_ACT_ALLOW, fill_narrow, true);
	/* The second load needs the calls that the first one was loaded by. */
	if (ret == 0)
		ret = load(SCMP_ACT_ERRNO(EPERM), fill_list, true);
	return tell(ret, why, why_size);
}

int ft_confine_reader(char *why, size_t why_size)
{
	return tell(load(SCMP_ACT_ALLOW, fill_reader, false), why, why_size);
}
