/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a difference says of a row as a whole: it appeared, grew, shrank, vanished or is the same.
 * Amounts are in column_amount.c: there they become the difference of both moments.
 */
#include "core/column_priv.h"
#include "core/difference.h"
#include "core/nls.h"

/* What is most of a change comes first: see enum ft_differs. */
FT_COLUMN_RANK(change)
{
	(void)show;
	return (uint64_t)ft_differs(snapshot, row);
}

FT_COLUMN_GET(change)
{
	(void)show;
	ret_value->kind = FT_VALUE_TEXT;
	ft_text_copy(ft_differs_name(ft_differs(snapshot, row)), ret_value->text,
		     sizeof(ret_value->text));
}

/* The word, or its mark where there is no room for words. */
FT_COLUMN_FORMAT(change)
{
	enum ft_differs differs = ft_differs(snapshot, row);
	const char *word = _(ft_differs_name(differs));

	if (ft_fmt_width(word) > width)
		word = ft_differs_mark(differs);
	ft_fmt_fit(word, width, FT_ALIGN_LEFT, false, show->ascii, buf, size);
}
