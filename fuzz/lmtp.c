/*
 * lmtp.c -- an LMTP connection, and the dots of its messages.
 *
 * However the bytes are cut, the same is answered and the same messages
 * come out; a message never holds the line that ends it, and dots put in
 * front of its lines again and undone give the same message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lmtp/dots.h"
#include "lmtp/lmtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_LIMIT = 2000 };

struct play {
	struct buf trace;
	struct buf message;
	bool is_open;
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* RFC 5321 section 4.5.2, the way a client does it */
static struct buf put_dots(struct slice message)
{
	struct buf out = { 0 };
	bool at_line = true;

	for (size_t i = 0; i < message.len; i++) {
		if (at_line && message.ptr[i] == '.')
			buf_byte(&out, '.');
		buf_byte(&out, message.ptr[i]);
		at_line = slice_ends(slice_first(message, i + 1), S("\r\n"));
	}
	buf_add(&out, at_line ? S(".\r\n") : S("\r\n.\r\n"));
	return out;
}

static void check_dots(struct slice message)
{
	struct buf wire = put_dots(message);
	char *back = malloc(wire.len + 1);
	struct dots d = { 0 };
	size_t n;

	must(dots_undo(&d, buf_slice(&wire), back, &n) == wire.len);
	must(d.at == DOTS_END);
	must(slice_starts(slice_of(back, n), message));
	must(n <= message.len + 2);
	free(back);
	buf_free(&wire);
}

static enum err_code look_up(struct slice who)
{
	must(who.len != 0);
	return who.ptr[0] % 3 == 0   ? ERR_ABSENT
	       : who.ptr[0] % 3 == 1 ? ERR_UNAVAILABLE
	                             : ERR_OK;
}

static void deliver(struct lmtp *l, struct play *p)
{
	must(p->is_open && lmtp_recipients(l) != 0);
	must(p->message.len <= MESSAGE_LIMIT);
	check_dots(buf_slice(&p->message));
	buf_add(&p->trace, buf_slice(&p->message));
	p->is_open = false;
	lmtp_result(l, lmtp_recipients(l) - 1, ERR_OK);
	lmtp_report(l);
}

static void happen(struct lmtp *l, enum lmtp_event e, struct play *p)
{
	switch (e) {
	case LMTP_LOOKUP:
		buf_add(&p->trace, lmtp_recipient(l));
		lmtp_found(l, look_up(lmtp_recipient(l)));
		break;
	case LMTP_OPEN:
		must(!p->is_open);
		buf_add(&p->trace, lmtp_sender(l));
		p->message.len = 0;
		p->is_open = true;
		break;
	case LMTP_PIECE:
		must(p->is_open);
		buf_add(&p->message, lmtp_piece(l));
		break;
	case LMTP_ABORT:
		must(p->is_open);
		p->is_open = false;
		break;
	case LMTP_DELIVER:
		deliver(l, p);
		break;
	default:
		must(e == LMTP_RESET && !p->is_open);
	}
}

static enum lmtp_event step(struct lmtp *l, struct play *p)
{
	struct buf *out = lmtp_out(l);
	enum lmtp_event e;

	do {
		e = lmtp_next(l);
		buf_add(&p->trace, buf_slice(out));
		buf_drop(out, out->len);
		if (e == LMTP_INPUT || e == LMTP_OVER)
			return e;
		happen(l, e, p);
	} while (true);
}

static struct buf play(struct slice in, size_t chunk)
{
	struct lmtp *l = lmtp_new(S("mx"), MESSAGE_LIMIT);
	struct play p = { 0 };
	struct buf said;

	while (step(l, &p) == LMTP_INPUT && in.len != 0) {
		size_t size;
		char *room = lmtp_room(l, &size);
		struct slice piece =
			slice_first(in, size < chunk ? size : chunk);

		must(size != 0);
		memcpy(room, piece.ptr, piece.len);
		lmtp_took(l, piece.len);
		in = slice_from(in, piece.len);
	}
	said = p.trace;
	lmtp_free(l);
	buf_free(&p.message);
	return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(slice_of(data, size), 1);
	struct buf one;
	struct buf other;

	if (size < 1)
		return 0;
	one = play(in, 1 + data[0] % 16u);
	other = play(in, 1 + data[0] * 64u);
	must(slice_eq(buf_slice(&one), buf_slice(&other)));
	buf_free(&one);
	buf_free(&other);
	check_dots(in);
	return 0;
}
