/*
 * proxy.c -- both versions of the header, read strictly.
 *
 * Of version 2's fields behind the addresses (TLV) two count: whether there
 * was TLS, and a checksum. The others are stepped over.
 */
#include "gate/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/limits.h"

/* -- version 1 -- */

enum { LINE_MOST = 107 /* with its end; section 2.1 */ };

static bool parse_address(int family, struct slice text, struct address *out)
{
	struct sockaddr_storage at = { .ss_family = (sa_family_t)family };
	void *where = family == AF_INET
	                      ? (void *)&((struct sockaddr_in *)&at)->sin_addr
	                      : &((struct sockaddr_in6 *)&at)->sin6_addr;
	char cstr[ADDRESS_TEXT];
	uint16_t ignored;

	if (text.len >= sizeof cstr || slice_find_byte(text, 0) != SLICE_NONE)
		return false;
	memcpy(cstr, text.ptr, text.len);
	cstr[text.len] = '\0';
	if (inet_pton(family, cstr, where) != 1)
		return false;
	*out = address_of(&at, &ignored);
	return true;
}

static bool parse_port(struct slice text, uint16_t *out)
{
	uint64_t n;

	if (!slice_number(text, &n) || n > UINT16_MAX ||
	    (text.len > 1 && text.ptr[0] == '0'))
		return false;
	*out = (uint16_t)n;
	return true;
}

/* "TCP4 192.0.2.1 192.0.2.2 56324 143" or the same with TCP6 */
static bool parse_addresses(struct slice line, struct proxy_header *out)
{
	struct slice word[5];
	struct address own;
	uint16_t own_port;
	int family;

	for (int i = 0; i < 4; i++) {
		if (!slice_cut(line, ' ', &word[i], &line))
			return false;
	}
	word[4] = line;
	if (!slice_eq(word[0], S("TCP4")) && !slice_eq(word[0], S("TCP6")))
		return false;
	family = slice_eq(word[0], S("TCP4")) ? AF_INET : AF_INET6;
	out->has_peer = true;
	return parse_address(family, word[1], &out->peer) &&
	       parse_address(family, word[2], &own) &&
	       parse_port(word[3], &out->port) &&
	       parse_port(word[4], &own_port);
}

static enum proxy parse_line(struct slice in, struct proxy_header *out)
{
	const struct slice begin = S("PROXY ");
	struct slice line = slice_first(in, LINE_MOST);
	size_t end = slice_find_byte(line, '\n');

	if (end == SLICE_NONE)
		return in.len < LINE_MOST ? PROXY_MORE : PROXY_BAD;
	out->size = end + 1;
	line = slice_first(line, end);
	if (!slice_starts(line, begin) || !slice_ends(line, S("\r")))
		return PROXY_BAD;
	line = slice_first(slice_from(line, begin.len),
	                   line.len - begin.len - 1);
	/* what is behind it must be ignored */
	if (slice_eq(line, S("UNKNOWN")) || slice_starts(line, S("UNKNOWN ")))
		return PROXY_DONE;
	return parse_addresses(line, out) ? PROXY_DONE : PROXY_BAD;
}

/* -- version 2 -- */

enum { HEAD = 16, TLV_HEAD = 3, SSL_HEAD = 5, CHECKSUM = 4 };
enum { TLV_CRC32C = 0x03, TLV_SSL = 0x20, CLIENT_SSL = 0x01 };

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

static uint8_t octet(struct slice s, size_t at)
{
	return (uint8_t)s.ptr[at];
}

static uint16_t number(struct slice s, size_t at)
{
	return (uint16_t)(octet(s, at) << 8 | octet(s, at + 1));
}

/* One octet more; RFC 3720 appendix B.4, the polynomial reflected. */
static uint32_t crc32c(uint32_t crc, uint8_t byte)
{
	crc ^= byte;
	for (int i = 0; i < 8; i++)
		crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	return crc;
}

/* Of the whole header, in which the field itself (at `at`) counts as zeros. */
static bool is_checked(struct slice header, size_t at)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < header.len; i++) {
		bool own = i >= at && i < at + CHECKSUM;

		crc = crc32c(crc, own ? 0 : octet(header, i));
	}
	return ~crc ==
	       ((uint32_t)number(header, at) << 16 | number(header, at + 2));
}

/* The fields from `at` on. */
static bool parse_fields(struct slice header, size_t at,
                         struct proxy_header *out)
{
	while (at < header.len) {
		size_t left = header.len - at;
		size_t size = left < TLV_HEAD ? left : number(header, at + 1);
		uint8_t type = octet(header, at);

		if (left < TLV_HEAD || size > left - TLV_HEAD)
			return false;
		at += TLV_HEAD;
		if (type == TLV_CRC32C &&
		    (size != CHECKSUM || !is_checked(header, at)))
			return false;
		if (type == TLV_SSL && size < SSL_HEAD)
			return false;
		if (type == TLV_SSL)
			out->tls = (octet(header, at) & CLIENT_SSL) != 0;
		at += size;
	}
	return true;
}

/* Its source; then come its destination and two ports. */
static struct address address_at(struct slice header, int family)
{
	struct sockaddr_storage at = { .ss_family = (sa_family_t)family };
	uint16_t ignored;

	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)&at)->sin_addr,
		       header.ptr + HEAD, 4);
	else
		memcpy(&((struct sockaddr_in6 *)&at)->sin6_addr,
		       header.ptr + HEAD, 16);
	return address_of(&at, &ignored);
}

/* By its octet: what a stream can come from. */
static const struct {
	uint8_t family;
	uint8_t size; /* of its addresses */
	int socket;   /* 0: none that means anything here */
} families[] = {
	{ 0x11, 12, AF_INET },
	{ 0x21, 36, AF_INET6 },
	{ 0x31, 216, 0 },
};

static bool parse_peer(struct slice header, struct proxy_header *out)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		size_t end = HEAD + families[i].size;

		if (octet(header, 13) != families[i].family)
			continue;
		if (header.len < end)
			return false;
		out->has_peer = families[i].socket != 0;
		if (out->has_peer) {
			out->peer = address_at(header, families[i].socket);
			out->port = number(header, end - 4);
		}
		return parse_fields(header, end, out);
	}
	/* unspecified: all of it must be ignored */
	return octet(header, 13) == 0;
}

static enum proxy parse_octets(struct slice in, struct proxy_header *out)
{
	enum { LOCAL = 0x20, PROXY = 0x21 };
	uint8_t command;

	if (in.len < HEAD)
		return PROXY_MORE;
	command = octet(in, 12);
	out->size = (size_t)HEAD + number(in, 14);
	if ((command != LOCAL && command != PROXY) || out->size > LIMIT_PROXY)
		return PROXY_BAD;
	if (in.len < out->size)
		return PROXY_MORE;
	if (command == LOCAL)
		return PROXY_DONE;
	return parse_peer(slice_first(in, out->size), out) ? PROXY_DONE
	                                                   : PROXY_BAD;
}

/* -- both -- */

/* The net has no such address, and here it means a Unix socket. */
static bool is_nobody(const struct proxy_header *h)
{
	static const struct address zero = { { 0 } };

	return h->has_peer && memcmp(&h->peer, &zero, sizeof zero) == 0;
}

static bool may_become(struct slice in, struct slice begin)
{
	size_t n = in.len < begin.len ? in.len : begin.len;

	return slice_eq(slice_first(in, n), slice_first(begin, n));
}

enum proxy proxy_parse(struct slice in, struct proxy_header *out)
{
	enum proxy result = PROXY_BAD;

	*out = (struct proxy_header){ 0 };
	if (may_become(in, S("PROXY ")))
		result = parse_line(in, out);
	else if (may_become(in, slice_of(signature, 12)))
		result = parse_octets(in, out);
	return result == PROXY_DONE && is_nobody(out) ? PROXY_BAD : result;
}
