/*
 * preauth.c -- a connection before its log-in, in clear or inside TLS.
 *
 * However the bytes are cut into pieces, the same is answered, the same
 * log-ins are asked about; a buffer is never too small. The first octet says: 1
 * inside TLS, 2 trusted; its upper bits and the second octet how to cut.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "gate/preauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_event(struct buf *trace, struct preauth *p)
{
	const struct preauth_login *l = preauth_login(p);

	buf_add(trace, S("VERIFY"));
	buf_add(trace, sasl_mechanisms[l->mechanism].name);
	buf_byte(trace, l->is_first ? '1' : '0');
	buf_add(trace, l->response);
	buf_add(trace, preauth_client_id(p));
}

/* Responses of an odd length are not the last. */
static void answer(struct preauth *p)
{
	if (preauth_login(p)->response.len % 2 != 0)
		preauth_challenge(p, S("and?"));
	else
		preauth_refuse(p, ERR_AUTHENTICATIONFAILED, S(""));
}

static enum preauth_event step(struct preauth *p, struct buf *trace)
{
	enum preauth_event e;
	struct buf *out = preauth_out(p);

	do {
		e = preauth_next(p);
		buf_add(trace, buf_slice(out));
		buf_drop(out, out->len);
		if (e != PREAUTH_VERIFY)
			return e;
		add_event(trace, p);
		answer(p);
	} while (true);
}

static void feed(struct preauth *p, struct slice piece)
{
	size_t size;
	char *room = preauth_room(p, &size);

	if (size < piece.len)
		abort();
	memcpy(room, piece.ptr, piece.len);
	preauth_took(p, piece.len);
}

/* Everything said and asked, with the pieces cut so. */
static struct buf play(const struct preauth_options *o, struct slice in,
                       size_t chunk)
{
	struct preauth *p = preauth_new(o, true);
	struct buf trace = { 0 };
	enum preauth_event e = step(p, &trace);

	while (in.len != 0 && e == PREAUTH_INPUT) {
		feed(p, slice_first(in, chunk));
		in = slice_from(in, chunk);
		e = step(p, &trace);
	}
	buf_byte(&trace, (char)('0' + e));
	preauth_free(p);
	return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct preauth_options o = { .hostname = S("mx"),
		                     .mechanisms = UINT32_MAX };
	struct slice in = slice_from(slice_of(data, size), 2);
	struct buf one;
	struct buf other;

	/* Two answers depend on where a piece ends, by design: to octets
	 * behind STARTTLS, and to more octets than there may be in all. */
	if (size < 2 || in.len > LIMIT_PREAUTH_INPUT - PREAUTH_READ)
		return 0;
	o.tls = data[0] & 1;
	o.may_login = o.tls || (data[0] & 2) != 0;
	one = play(&o, in, 1 + data[0] / 8u);
	other = play(&o, in, 1 + data[1] * 16u);
	if (!slice_eq(buf_slice(&one), buf_slice(&other)))
		abort();
	buf_free(&one);
	buf_free(&other);
	return 0;
}
