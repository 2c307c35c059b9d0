/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of TCP sockets by the tc programs (bpf/health.bpf.h), as user space sees them: loads
 * the program that tells most on this kernel, flips and reads its log together with the store's.
 * Owned by the store; one thread.
 */
#ifndef FT_CAPTURE_TC_HEALTH_H
#define FT_CAPTURE_TC_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"

struct ft_tc_health;

/* Log and program for so many slots, with at most so many entries a half (0: by memory); NULL if
 * this kernel takes none of the programs. */
struct ft_tc_health *ft_tc_health_open(uint32_t slots, uint32_t max_entries);
void ft_tc_health_close(struct ft_tc_health *health); /* takes NULL */

/* The program to jump to; borrowed fd. */
int ft_tc_health_program(const struct ft_tc_health *health);
/* Gives CPUs the slots that they have in the store; FT_MAX_CPUS of them. */
void ft_tc_health_assign(struct ft_tc_health *health, const struct ft_cpu *cpus);
/* From now on samples go to this half. */
void ft_tc_health_flip(struct ft_tc_health *health, uint32_t epoch);
/* After a grace period: adds what a half holds to the batch and clears it. The records stay until
 * the next flip but one. */
void ft_tc_health_drain(struct ft_tc_health *health, uint32_t epoch, struct ft_batch *batch);
uint64_t ft_tc_health_bytes(const struct ft_tc_health *health);

/* --doctor: loads each program and tells how that went, the better one first. */
void ft_tc_health_probe_all(void (*each)(void *arg, const char *name, int result,
					 const char *why), void *arg);

#endif
