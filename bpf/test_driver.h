/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What bpf/test_driver.bpf.c and the tests that run it agree on. */
#ifndef FT_TEST_DRIVER_H
#define FT_TEST_DRIVER_H

#define FT_DRIVER_HEAD 256 /* octets at the front of a blown-up packet that are written anew */
#define FT_DRIVER_FAILED 99 /* returned where the target was not reached */

/* Words of skb->cb. */
enum ft_driver_cb {
	FT_DRIVER_LEN,    /* of the frame that the target shall see */
	FT_DRIVER_TAG,    /* tpid << 16 | tci of a tag in metadata; 0 = none */
	FT_DRIVER_TARGET, /* index into driver_targets */
};

#endif
