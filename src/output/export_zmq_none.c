/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libzmq: --export zmq:// says so. */
#include "output/exporters.h"

/* Never opens. */
static int zmq_open(const struct ft_output_config *config, struct ft_output **ret_output,
		    char *err, size_t err_size)
{
	(void)ret_output;
	return ft_export_absent(config->target, "libzmq", err, err_size);
}

const struct ft_output_ops ft_export_zmq = {
	.name = "zmq",
	.extension = "",
	.open = zmq_open,
	.write = ft_export_absent_write,
	.close = ft_export_absent_close,
};
