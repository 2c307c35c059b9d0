/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Somebody else's tcx program, for live tests: ftforeign IF first|last PASS|NEXT|DROP
 *
 * Attaches a program that returns the verdict to both directions of IF, ahead of all others or
 * behind them, prints "ready" and stays until its standard input ends. Exit status 77 where the
 * kernel has no tcx.
 */
#include <bpf/bpf.h>
#include <err.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* From Linux 6.6; libbpf 1.1's copy of linux/bpf.h is older. */
#define FT_TCX_INGRESS 46
#define FT_TCX_EGRESS 47
#define FT_BPF_F_BEFORE (1U << 3)
#define FT_BPF_F_AFTER (1U << 4)

int main(int argc, char **argv)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_link_create_opts, options);
	int attach, index, program;
	char byte;

	if (argc != 4)
		errx(1, "usage: ftforeign IF first|last PASS|NEXT|DROP");
	index = if_nametoindex(argv[1]);
	if (!index)
		err(1, "%s", argv[1]);
	insns[0].imm = !strcmp(argv[3], "NEXT") ? -1 : !strcmp(argv[3], "DROP") ? 2 : 0;
	options.flags = !strcmp(argv[2], "first") ? FT_BPF_F_BEFORE : FT_BPF_F_AFTER;
	program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", insns, 2, NULL);
	if (program < 0)
		err(1, "cannot load a program");
	for (attach = FT_TCX_INGRESS; attach <= FT_TCX_EGRESS; attach++)
		if (bpf_link_create(program, index, attach, &options) < 0)
			err(77, "no tcx here");
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
