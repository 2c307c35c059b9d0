/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture that comes through a pipe, as a stream that libpcap reads. Whoever writes it may
 * pause for as long as he likes, also before the first octet and inside of a packet: the
 * reader must be able to ask whether something is there, and to be called off while it waits.
 * Opened by one thread, read by another later; ft_file_stream_call_off is any thread's.
 */
#ifndef FT_CAPTURE_FILE_STREAM_H
#define FT_CAPTURE_FILE_STREAM_H

#include <stdbool.h>
#include <stdio.h>

struct ft_file_stream;

/* Takes the descriptor; *ret_file is what libpcap reads and closes, which frees the stream. */
struct ft_file_stream *ft_file_stream_new(int fd, FILE **ret_file);

/* From now on reading ends as if the writer had, unless an octet is there; also a read that waits.
 * Until ft_file_stream_opened, signals that end a program do that too: the main thread, which
 * takes them at other times, is reading. */
void ft_file_stream_call_off(struct ft_file_stream *stream);
void ft_file_stream_opened(struct ft_file_stream *stream);
/* True if reading was ended like that. */
bool ft_file_stream_called_off(const struct ft_file_stream *stream);

/* The descriptor to wait for before the next read, -1 if there is no need to. */
int ft_file_stream_fd(const struct ft_file_stream *stream);
/* True if a read would have to wait now. */
bool ft_file_stream_is_dry(const struct ft_file_stream *stream);

#endif
