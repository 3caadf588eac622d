/* network.c -- prefixes of addresses. */
#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { IPV4_PREFIX = 96 }; /* bits before an IPv4 address in its mapped form */

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static struct address address_of_ipv4(const struct in_addr *in)
{
	struct address a;

	memcpy(a.bytes, mapped, sizeof mapped);
	memcpy(a.bytes + sizeof mapped, in, 4);
	return a;
}

struct address address_of(const struct sockaddr_storage *from, uint16_t *port)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	struct address a = { { 0 } };

	*port = 0;
	if (from->ss_family == AF_INET) {
		*port = ntohs(in->sin_port);
		return address_of_ipv4(&in->sin_addr);
	}
	if (from->ss_family == AF_INET6) {
		*port = ntohs(in6->sin6_port);
		memcpy(a.bytes, &in6->sin6_addr, sizeof a.bytes);
	}
	return a;
}

bool address_is_ipv4(const struct address *a)
{
	return memcmp(a->bytes, mapped, sizeof mapped) == 0;
}

void address_text(const struct address *a, char out[ADDRESS_TEXT])
{
	static const struct address zero = { { 0 } };

	if (memcmp(a, &zero, sizeof zero) == 0)
		strcpy(out, "unix");
	else if (address_is_ipv4(a))
		inet_ntop(AF_INET, a->bytes + sizeof mapped, out, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT);
}

struct slice address_port_text(struct slice address, uint16_t port, char *out,
                               size_t size)
{
	bool v6 = slice_find_byte(address, ':') != SLICE_NONE;
	int n = snprintf(out, size, v6 ? "[%.*s]:%u" : "%.*s:%u",
	                 (int)address.len, address.ptr, port);

	return slice_of(out, (size_t)n);
}

struct network network_of(const struct address *a, uint8_t bits)
{
	struct network n = { *a, bits };
	size_t whole = bits / 8;

	if (whole == sizeof n.base.bytes)
		return n;
	n.base.bytes[whole] &= (uint8_t)(0xff00 >> bits % 8);
	memset(n.base.bytes + whole + 1, 0, sizeof n.base.bytes - whole - 1);
	return n;
}

static bool address_parse(struct slice text, struct address *out)
{
	char cstr[ADDRESS_TEXT];
	struct in_addr in;

	if (text.len >= sizeof cstr || memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	memcpy(cstr, text.ptr, text.len);
	cstr[text.len] = '\0';
	if (inet_pton(AF_INET, cstr, &in) == 1) {
		*out = address_of_ipv4(&in);
		return true;
	}
	return inet_pton(AF_INET6, cstr, out->bytes) == 1;
}

bool network_parse(struct slice text, struct network *out)
{
	struct slice host;
	struct slice length;
	struct address a;
	uint64_t bits = 128;
	uint64_t before;

	if (text.len == 0)
		return false;
	bool has_length = slice_cut(text, '/', &host, &length);
	if (host.len == 0 || !address_parse(host, &a))
		return false;
	before = slice_find_byte(host, ':') == SLICE_NONE ? IPV4_PREFIX : 0;
	if (has_length && !slice_number(length, &bits))
		return false;
	if (has_length && bits > 128 - before)
		return false;
	if (has_length)
		bits += before;
	*out = network_of(&a, (uint8_t)bits);
	return memcmp(&out->base, &a, sizeof a) == 0;
}

bool network_has(const struct network *n, const struct address *a)
{
	struct network of_a = network_of(a, n->bits);

	return memcmp(&of_a.base, &n->base, sizeof n->base) == 0;
}
