/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a program for which the kernel refuses some system calls: faults on demand.
 *	ftrefuse bpf,0=0,ENOMEM socket,0=17,EPERM -- flowtop -i lo
 * A rule is a call, arguments that must have these values (index=value, low 32 bits), and the
 * error; the first rule that fits decides. A seccomp filter does it, so that the program need
 * not be touched, and nothing outside of it notices.
 */
#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSTRUCTIONS_MAX 256

static const struct {
	const char *name;
	int number;
} calls[] = {
	{ "bpf", SYS_bpf },		  { "socket", SYS_socket },
	{ "setsockopt", SYS_setsockopt }, { "openat", SYS_openat },
	{ "membarrier", SYS_membarrier }, { "seccomp", SYS_seccomp },
	{ "landlock", SYS_landlock_create_ruleset },
};

static const struct {
	const char *name;
	int number;
} errors[] = {
	{ "EPERM", EPERM },   { "ENOMEM", ENOMEM }, { "EACCES", EACCES },
	{ "EINVAL", EINVAL }, { "ENOSYS", ENOSYS }, { "EMFILE", EMFILE },
};

static struct sock_filter program[INSTRUCTIONS_MAX];
static unsigned short length;

static void add(uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
	if (length == INSTRUCTIONS_MAX)
		errx(1, "too many rules");
	program[length++] = (struct sock_filter)BPF_JUMP(code, value, yes, no);
}

static int call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].number;
	errx(1, "unknown call: %s", name);
}

static int error_number(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	errx(1, "unknown error: %s", name);
}

/* Load, compare, and jump over the rest of the rule if it is something else. */
static void add_condition(uint32_t offset, uint32_t value, uint8_t left)
{
	add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
	add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, left);
}

/* One rule; argument registers are little-endian 64-bit words. */
static void add_rule(char *rule)
{
	char *words[8], *save, *word, *equals;
	unsigned count = 0, i;

	for (word = strtok_r(rule, ",", &save); word && count < 8; word = strtok_r(NULL, ",", &save))
		words[count++] = word;
	if (count < 2)
		errx(1, "a rule is CALL[,INDEX=VALUE...],ERROR");
	/* After each condition there are two instructions for each later one, and the verdict. */
	add_condition(offsetof(struct seccomp_data, nr), (uint32_t)call_number(words[0]),
		      (uint8_t)(2 * (count - 2) + 1));
	for (i = 1; i < count - 1; i++) {
		equals = strchr(words[i], '=');
		if (!equals)
			errx(1, "not INDEX=VALUE: %s", words[i]);
		add_condition((uint32_t)(offsetof(struct seccomp_data, args) +
					 8 * strtoul(words[i], NULL, 10)),
			      (uint32_t)strtoul(equals + 1, NULL, 0),
			      (uint8_t)(2 * (count - 2 - i) + 1));
	}
	add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error_number(words[count - 1]), 0, 0);
}

int main(int argc, char *argv[])
{
	struct sock_fprog filter = { .filter = program };
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		add_rule(argv[i]);
	if (i + 1 >= argc)
		errx(1, "usage: ftrefuse RULE... -- PROGRAM [ARGUMENT...]");
	add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	filter.len = length;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		err(1, "seccomp");
	execv(argv[i + 1], argv + i + 1);
	err(1, "%s", argv[i + 1]);
}
