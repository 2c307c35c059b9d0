/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gettext in three letters; N_() marks strings in tables, P_() picks a plural. */
#ifndef FT_CORE_NLS_H
#define FT_CORE_NLS_H

#if ENABLE_NLS
#include <libintl.h>
#define _(text) gettext(text)
#define P_(one, many, n) ngettext(one, many, n)
#else
#define _(text) (text)
#define P_(one, many, n) ((n) == 1 ? (one) : (many))
#endif
#define N_(text) (text)

#endif
