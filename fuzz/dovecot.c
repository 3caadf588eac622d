/* dovecot.c -- lines of Dovecot's authentication protocol: what parses,
 * written out, parses to the same; a value that is written has no octet that
 * could be taken for another word or line. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/dovecot_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void write(const struct dovecot_request *q, struct buf *out)
{
	buf_printf(out, "%u\t", q->id);
	buf_add(out, q->mechanism);
	buf_add(out, S("\tservice="));
	buf_add(out, q->service);
	buf_add(out, S("\trip="));
	buf_add(out, q->address);
	buf_printf(out, "\trport=%u", q->port);
	if (q->is_secured)
		buf_add(out, S("\tsecured"));
	buf_add(out, S("\tresp="));
	buf_add(out, q->response);
}

static void check_auth(struct slice in)
{
	struct dovecot_request a, b;
	struct buf line = { 0 };

	if (!dovecot_parse_auth(in, &a))
		return;
	write(&a, &line);
	must(dovecot_parse_auth(buf_slice(&line), &b));
	must(a.id == b.id && a.port == b.port && a.is_secured == b.is_secured &&
	     slice_eq(a.service, b.service) &&
	     slice_eq(a.mechanism, b.mechanism) &&
	     slice_eq(a.address, b.address) &&
	     slice_eq(a.response, b.response));
	buf_free(&line);
}

static void check_others(struct slice in)
{
	struct slice response;
	uint32_t id, again, minor;

	if (dovecot_parse_response(in, &id, &response))
		must(response.len < in.len);
	if (dovecot_parse_id(in, &id))
		must(!dovecot_parse_version(in, &again, &minor));
}

static void check_escapes(struct slice in)
{
	struct buf line = { 0 };
	struct slice value;

	dovecot_add(&line, "n", in);
	value = slice_from(buf_slice(&line), 3);
	must(value.len >= in.len && value.len <= 2 * in.len);
	must(slice_find_byte(value, '\t') == SLICE_NONE);
	must(slice_find_byte(value, '\n') == SLICE_NONE);
	must(slice_find_byte(value, '\r') == SLICE_NONE);
	must(slice_find_byte(value, '\0') == SLICE_NONE);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);

	check_auth(in);
	check_others(in);
	check_escapes(in);
	return 0;
}
