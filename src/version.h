/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the libraries is built in: one file with, one without BPF. */
#ifndef FT_VERSION_H
#define FT_VERSION_H

/* "1.1.2", or NULL when flowtop was built without BPF. */
const char *ft_version_libbpf(void);

#endif
