/*
 * proxy.c -- the header that a balancer sends first.
 *
 * It is done exactly where it ends: cut anywhere before, more is needed, or
 * it was bad from there on; whatever follows changes nothing. A peer that was
 * read, written in either version, is read again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "gate/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static bool is_same(const struct proxy_header *a, const struct proxy_header *b)
{
	return a->size == b->size && a->has_peer == b->has_peer &&
	       a->tls == b->tls && a->port == b->port &&
	       memcmp(&a->peer, &b->peer, sizeof a->peer) == 0;
}

static void check_again(struct slice text, const struct proxy_header *first)
{
	struct proxy_header h;

	must(proxy_parse(text, &h) == PROXY_DONE);
	must(h.size == text.len && h.has_peer && h.port == first->port);
	must(memcmp(&h.peer, &first->peer, sizeof h.peer) == 0);
}

static void check_line(const struct proxy_header *h)
{
	bool v4 = address_is_ipv4(&h->peer);
	char peer[ADDRESS_TEXT];
	char line[200];
	int n;

	address_text(&h->peer, peer);
	n = snprintf(line, sizeof line, "PROXY TCP%c %s %s %u 143\r\n",
	             v4 ? '4' : '6', peer, v4 ? "192.0.2.1" : "::1", h->port);
	check_again(slice_of(line, (size_t)n), h);
}

static void check_octets(const struct proxy_header *h)
{
	char octets[16 + 36] = "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24";

	memcpy(octets + 16, h->peer.bytes, 16);
	octets[48] = (char)(h->port >> 8);
	octets[49] = (char)h->port;
	check_again(slice_of(octets, sizeof octets), h);
}

static void check_cuts(struct slice in, const struct proxy_header *whole)
{
	struct proxy_header h;

	must(whole->size != 0 && whole->size <= in.len);
	must(whole->size <= LIMIT_PROXY);
	for (size_t n = 0; n < whole->size; n++)
		must(proxy_parse(slice_first(in, n), &h) == PROXY_MORE);
	must(proxy_parse(slice_first(in, whole->size), &h) == PROXY_DONE);
	must(is_same(&h, whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size + 1); /* so that reading beyond it shows */
	struct slice in = slice_of(exact, size);
	struct proxy_header h;
	enum proxy result;

	memcpy(exact, data, size);
	exact = realloc(exact, size != 0 ? size : 1);
	in.ptr = exact;
	result = proxy_parse(in, &h);
	must(result != PROXY_MORE || size < LIMIT_PROXY);
	if (result == PROXY_DONE)
		check_cuts(in, &h);
	if (result == PROXY_DONE && h.has_peer) {
		check_line(&h);
		check_octets(&h);
	}
	free(exact);
	return 0;
}
