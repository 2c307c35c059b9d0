/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --doctor: what works here, what not, why, and how to mend it. Every answer is found by
 * trying, not by comparing versions. Called by main, no threads, leaves nothing behind.
 */
#include "session.h"

#include <dirent.h>
#include <errno.h>
#include <langinfo.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/backend.h"
#include "capture/conntrack.h"
#include "capture/event_source.h"
#include "capture/owner_bpf.h"
#include "capture/socket_closes.h"
#include "capture/tc_health.h"
#include "confine.h"
#include "core/nls.h"
#include "version.h"

/* One line: "  tcx            yes  why". */
static void line(FILE *stream, const char *name, bool works, const char *why)
{
	fprintf(stream, "  %-16s %-4s %s\n", name, works ? _("yes") : _("no"), why ? why : "");
}

/* One rung of the ladder. */
static void rung(void *arg, const char *name, int result, const char *why)
{
	line(arg, name, result == 0, why);
}

/* The effective capabilities as a set of bits. */
static unsigned long long capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long set = 0;
	char text[256];

	while (status && fgets(text, sizeof(text), status))
		if (!strncmp(text, "CapEff:", 7))
			set = strtoull(text + 7, NULL, 16);
	if (status)
		fclose(status);
	return set;
}

/* What we may do, and what each right is for. */
static void privileges(FILE *stream)
{
	unsigned long long set = capabilities();
	bool all = true, has;

	fprintf(stream, _("Privileges\n"));
	for (size_t i = 0; i < ft_right_count; i++) {
		has = set & (1ULL << ft_rights[i].bit);
		all &= has;
		fprintf(stream, "  %-20s %-4s %s\n", ft_rights[i].name, has ? _("yes") : _("no"),
			_(ft_rights[i].use));
	}
	if (!all)
		fprintf(stream, "  %s\n",
			_("Remedy: sudo flowtop, or once: sudo setcap cap_net_admin,cap_bpf,"
			  "cap_perfmon,cap_net_raw,cap_sys_ptrace,cap_dac_read_search+ep FILE"));
}

/* What is given up once all is open. */
static void confinement(FILE *stream)
{
	char why[128];
	int ret;

	fprintf(stream, _("What flowtop gives up once all is open\n"));
	for (int i = 0; i < FT_CONFINE_PARTS; i++) {
		ret = ft_confine_try((enum ft_confine_part)i, why, sizeof(why));
		line(stream, ft_confine_name((enum ft_confine_part)i), ret == 0,
		     ret == 0 ? ft_confine_use((enum ft_confine_part)i) : why);
	}
}

/* One of the programs that tell owners. */
static void owner_program(void *arg, const char *name, int result, const char *why)
{
	char title[32];

	snprintf(title, sizeof(title), "BPF %s", name);
	line(arg, title, result == 0, why);
}

/* Whether the file descriptors of process 1 can be listed: the hardest of all. */
static void owners(FILE *stream)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	DIR *dir = opendir("/proc/1/fd");

	fprintf(stream, _("Who owns a socket, best first\n"));
	ft_owner_bpf_probe_all(owner_program, stream);
	line(stream, "sock_diag", fd >= 0,
	     fd >= 0 ? _("the kernel tells the sockets of this network namespace") :
		       strerror(errno));
	if (dir)
		line(stream, "/proc", true, _("the processes of all users can be looked at"));
	else
		line(stream, "/proc", false,
		     access("/proc/self/fd", R_OK) != 0 ?
			     _("/proc is not mounted: no owners") :
			     _("only your own processes can be looked at: run as root"));
	if (fd >= 0)
		close(fd);
	if (dir)
		closedir(dir);
}

/* One of the ways to look at TCP sockets. */
static void health_program(void *arg, const char *name, int result, const char *why)
{
	line(arg, name, result == 0, why);
}

/* How TCP fares. */
static void health(FILE *stream)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int closes = ft_socket_closes_probe();

	fprintf(stream, _("How TCP fares (RTT, retransmits, windows), best first\n"));
	ft_tc_health_probe_all(health_program, stream);
	line(stream, "set_state", closes == 0,
	     closes == 0 ? _("a program reads it all when a connection ends") :
	     closes == -EOPNOTSUPP ? _("not built in") : strerror(-closes));
	line(stream, "inet_diag", fd >= 0,
	     fd >= 0 ? _("the kernel is asked about its sockets, some times a second") :
		       strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Which programs tell what happens to connections. */
static void events(FILE *stream)
{
	fprintf(stream, _("What happens to connections, best first\n"));
	ft_event_source_probe_all(health_program, stream);
	line(stream, _("packets"), true,
	     _("handshakes, refusals, ends and first datagrams of what passes"));
}

/* Whether the two names of a translated connection can be told. */
static void translations(FILE *stream)
{
	char why[FT_REASON_MAX];
	int error = ft_conntrack_probe(why, sizeof(why));

	fprintf(stream, _("Connections before and after NAT\n"));
	line(stream, "conntrack", error == 0, why);
}

/* What the screen needs. */
static void terminal(FILE *stream)
{
	const char *term = getenv("TERM"), *codeset = nl_langinfo(CODESET);
	bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	bool utf8 = !strcmp(codeset, "UTF-8");

	fprintf(stream, _("Terminal and language\n"));
	line(stream, _("terminal"), tty, tty ? "" : _("needs a terminal: use ssh -t, or -b"));
	line(stream, "TERM", term && *term,
	     term && *term ? term : _("not set: xterm-256color is taken"));
	line(stream, "UTF-8", utf8,
	     utf8 ? codeset : _("the locale has no UTF-8, the screen uses ASCII: LC_ALL=C.UTF-8"));
}

/* The kernel's side. */
static void kernel(FILE *stream)
{
	struct utsname name;
	bool btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;

	if (uname(&name) == 0)
		fprintf(stream, "flowtop %s, %s %s %s\n", PACKAGE_VERSION, name.sysname,
			name.release, name.machine);
	fprintf(stream, _("Capture, best first; auto takes the first that works\n"));
	ft_backend_probe_all(rung, stream);
	line(stream, "BTF", btf,
	     btf ? _("the kernel tells its types") :
		   _("the kernel was built without CONFIG_DEBUG_INFO_BTF"));
	line(stream, "libbpf", ft_version_libbpf() != NULL,
	     ft_version_libbpf() ? ft_version_libbpf() : _("not built in"));
}

/* All of it. */
void ft_doctor(FILE *stream)
{
	kernel(stream);
	privileges(stream);
	confinement(stream);
	owners(stream);
	health(stream);
	events(stream);
	translations(stream);
	terminal(stream);
}
