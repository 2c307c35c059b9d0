/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name server for live tests: ftname, on 127.0.0.1 port 53
 *
 * Prints "ready", then answers each question, whatever it is, with the name
 * "host-X.test", X being the question's first label (of an IPv4 address its last number), and
 * prints the question; one that is sent again because the answer took long, which its id tells,
 * is printed once. Ends after 100 questions, or when it is killed.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define QUESTIONS 100
#define PACKET 512

/* The question's labels joined by dots; where it ends in the packet, 0 if it is none. */
static size_t read_question(const uint8_t *packet, size_t length, char name[256])
{
	size_t at = 12, used = 0;

	while (at < length && packet[at]) {
		size_t label = packet[at++];

		if (label > 63 || at + label >= length || used + label + 1 >= 256)
			return 0;
		memcpy(name + used, packet + at, label);
		used += label;
		name[used++] = '.';
		at += label;
	}
	name[used ? used - 1 : 0] = '\0';
	return used && at + 5 <= length ? at + 5 : 0;
}

/* Appends the answer, a PTR record of 60 s; returns the packet's new length. */
static size_t append_answer(uint8_t *packet, size_t length)
{
	static const uint8_t head[] = { 0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0 };
	uint8_t first = packet[12], label = (uint8_t)(5 + first);

	memcpy(packet + length, head, sizeof(head));
	length += sizeof(head);
	packet[length++] = (uint8_t)(1 + label + 6);
	packet[length++] = label;
	memcpy(packet + length, "host-", 5);
	memcpy(packet + length + 5, packet + 13, first);
	length += label;
	memcpy(packet + length, "\4test", 6);
	return length + 6;
}

/* True if this very question, its id included, came before; remembers it. */
static bool is_repeated(const uint8_t *packet, size_t length)
{
	static struct {
		uint8_t octets[PACKET];
		size_t length;
	} asked[QUESTIONS];
	static size_t count;

	for (size_t i = 0; i < count; i++)
		if (asked[i].length == length && memcmp(asked[i].octets, packet, length) == 0)
			return true;
	if (count < QUESTIONS) {
		memcpy(asked[count].octets, packet, length);
		asked[count++].length = length;
	}
	return false;
}

int main(void)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(53) }, client;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&server, sizeof(server)) < 0)
		err(1, "127.0.0.1:53");
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	for (int i = 0; i < QUESTIONS; i++) {
		socklen_t client_length = sizeof(client);
		uint8_t packet[PACKET + 128];
		char name[256];
		ssize_t got = recvfrom(fd, packet, PACKET, 0, (struct sockaddr *)&client,
				       &client_length);
		size_t length = got < 12 ? 0 : read_question(packet, (size_t)got, name);

		if (length == 0)
			continue;
		if (!is_repeated(packet, (size_t)got))
			puts(name);
		/* An answer, recursion available, one question, one answer, nothing behind. */
		packet[2] |= 0x80;
		packet[3] = 0x80;
		memcpy(packet + 4, "\0\1\0\1\0\0\0\0", 8);
		length = append_answer(packet, length);
		sendto(fd, packet, length, 0, (struct sockaddr *)&client, client_length);
	}
	return 0;
}
