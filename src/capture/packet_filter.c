/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   [ interface test ] [ direction test ] [ user's program, or `ret snaplen` ]
 *
 * Jumps are relative, so the user's program may stand behind the tests unchanged; only its
 * accepting returns are set to the snap length. Conditional jumps reach 255 instructions and
 * the list of interfaces may be longer, so each comparison jumps over an unconditional one.
 */
#include "capture/packet_filter.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/packet_ring.h"
#include "core/fmt.h"
#include "core/nls.h"
#include "core/xalloc.h"

#define LEAF 4 /* so many interfaces are compared one by one */

/* A program being written. */
struct program {
	struct sock_filter *insns;
	size_t count, capacity;
};

static size_t emit(struct program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (p->count == p->capacity) {
		p->capacity = p->capacity ? p->capacity * 2 : 32;
		p->insns = xreallocarray(p->insns, p->capacity, sizeof(*p->insns));
	}
	p->insns[p->count] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
	return p->count++;
}

/* Lets the unconditional jump at `from` lead to what is written next. */
static void land(struct program *p, size_t from)
{
	p->insns[from].k = (uint32_t)(p->count - from - 1);
}

/* A binary search for A among ifindexes[low..high); writes the jumps that mean "found". */
static void emit_search(struct program *p, const uint32_t *ifindexes, size_t low, size_t high,
			size_t *found, size_t *found_count)
{
	size_t middle = low + (high - low) / 2, right;

	if (high - low > LEAF) {
		emit(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, ifindexes[middle]);
		right = emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
		emit_search(p, ifindexes, low, middle, found, found_count);
		land(p, right);
		emit_search(p, ifindexes, middle, high, found, found_count);
		return;
	}
	for (; low < high; low++) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, ifindexes[low]);
		found[(*found_count)++] = emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	}
	emit(p, BPF_RET | BPF_K, 0, 0, 0);
}

/* Passes packets of the listed interfaces only. */
static void emit_interfaces(struct program *p, const uint32_t *ifindexes, size_t count)
{
	size_t *found = xcalloc(count, sizeof(*found));
	size_t found_count = 0, i;

	emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
	emit_search(p, ifindexes, 0, count, found, &found_count);
	for (i = 0; i < found_count; i++)
		land(p, found[i]);
	free(found);
}

void ft_packet_filter_build(const uint32_t *ifindexes, size_t ifindex_count, bool rx, bool tx,
			    const struct ft_packet_filter *user, uint32_t snaplen,
			    struct ft_packet_filter *ret_filter)
{
	struct program p = { 0 };
	size_t i;

	if (ifindex_count)
		emit_interfaces(&p, ifindexes, ifindex_count);
	if (!rx || !tx) {
		emit(&p, BPF_LD | BPF_W | BPF_ABS, 0, 0,
		     (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
		emit(&p, BPF_JMP | BPF_JEQ | BPF_K, tx ? 1 : 0, tx ? 0 : 1, PACKET_OUTGOING);
		emit(&p, BPF_RET | BPF_K, 0, 0, 0);
	}
	if (!user)
		emit(&p, BPF_RET | BPF_K, 0, 0, snaplen);
	for (i = 0; user && i < user->count; i++) {
		const struct sock_filter *insn = &user->insns[i];
		bool accepts = insn->code == (BPF_RET | BPF_K) && insn->k != 0;

		emit(&p, insn->code, insn->jt, insn->jf, accepts ? snaplen : insn->k);
	}
	ret_filter->insns = p.insns;
	ret_filter->count = p.count;
}

void ft_packet_filter_done(struct ft_packet_filter *filter)
{
	free(filter->insns);
	filter->insns = NULL;
	filter->count = 0;
}

/*
 * A handle whose link type and abilities the compiler asks. If it can't be activated, a dead one
 * serves to judge the expression; the ring will then tell what is wrong with the interface.
 */
static pcap_t *open_handle(const char *interface, bool l3)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *handle;

	/*
	 * Without a link-layer header our socket shows bare IP packets, also where libpcap itself
	 * would choose its cooked format.
	 */
	if (l3)
		return pcap_open_dead(DLT_RAW, FT_RING_SNAPLEN);
	handle = pcap_create(interface, text);
	if (handle) {
		(void)pcap_set_snaplen(handle, FT_RING_SNAPLEN);
		(void)pcap_set_buffer_size(handle, 128 * 1024); /* never read */
		if (pcap_activate(handle) >= 0 && pcap_datalink(handle) == DLT_EN10MB)
			return handle;
		pcap_close(handle);
	}
	return pcap_open_dead(DLT_EN10MB, FT_RING_SNAPLEN);
}

int ft_packet_filter_compile(const char *expression, const char *interface, bool l3,
			     struct ft_packet_filter *ret_filter, char *err, size_t err_size)
{
	char shown[128];
	struct bpf_program program;
	pcap_t *handle = open_handle(interface, l3);
	unsigned int i;

	if (!handle) {
		snprintf(err, err_size, _("-f: %s"), strerror(ENOMEM));
		return -ENOMEM;
	}
	if (pcap_compile(handle, &program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		ft_fmt_escape(pcap_geterr(handle), strlen(pcap_geterr(handle)), false, shown,
			      sizeof(shown));
		snprintf(err, err_size, _("-f: %s"), shown);
		pcap_close(handle);
		return -EINVAL;
	}
	ret_filter->count = program.bf_len;
	ret_filter->insns = xcalloc(program.bf_len + 1, sizeof(*ret_filter->insns));
	for (i = 0; i < program.bf_len; i++)
		ret_filter->insns[i] = (struct sock_filter){
			.code = program.bf_insns[i].code,
			.jt = program.bf_insns[i].jt,
			.jf = program.bf_insns[i].jf,
			.k = program.bf_insns[i].k,
		};
	pcap_freecode(&program);
	pcap_close(handle);
	return 0;
}
