/*
 * uidbatches.c -- UIDBATCHES: ranges of UIDs with equally many messages.
 * RFC 10022
 *
 * Batches count from the newest message down. The ranges leave no UID out:
 * each begins below the one before it, the last ends with UID 1.
 */
#include "base/limits.h"
#include "imap/internal.h"

enum { BATCH_LEAST = 500 }; /* messages; no server may ask for more */

struct uidbatches_request {
	uint32_t size;
	uint32_t from; /* batches, from 1 */
	uint32_t to;
	bool all;
};

/* uidbatches = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number] */
static struct err parse_uidbatches(struct cursor *c,
                                   struct uidbatches_request *r)
{
	*r = (struct uidbatches_request){ .from = 1, .to = UINT32_MAX };
	expect(c, ' ', "expected the size of a batch");
	r->size = parse_nz_number(c);
	r->all = !take(c, ' ');
	if (!r->all) {
		r->from = parse_nz_number(c);
		expect(c, ':', "expected a range of batches");
		r->to = parse_nz_number(c);
	}
	expect_end(c);
	if (is_ok(c->e) && r->from > r->to)
		return err(ERR_CLIENTBUG, "expected the lower batch first");
	return c->e;
}

/* Batch b, of batches 1 to last. */
static void reply_batch(struct session *s, const struct uidbatches_request *r,
                        uint32_t b, uint32_t last)
{
	struct buf *out = session_out(s);
	uint32_t n = view_exists(s->view);
	uint32_t above = (b - 1) * r->size; /* messages of those before it */
	uint32_t high = b == 1 ? view_last_uid(s->view)
	                       : view_uid(s->view, n - above + 1) - 1;
	uint32_t low =
		b == last ? 1 : view_uid(s->view, n - above - r->size + 1);

	buf_number(out, high);
	buf_byte(out, ':');
	buf_number(out, low);
}

static void reply_uidbatches(struct session *s,
                             const struct uidbatches_request *r, uint32_t last)
{
	struct buf *out = session_out(s);
	uint32_t to = r->to < last ? r->to : last;

	buf_add(out, S("* UIDBATCHES (TAG \""));
	buf_add(out, s->tag);
	buf_add(out, S("\")"));
	for (uint32_t b = r->from; b <= to; b++) {
		buf_byte(out, b == r->from ? ' ' : ',');
		reply_batch(s, r, b, last);
	}
	buf_add(out, S("\r\n"));
}

struct err cmd_uidbatches(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct uidbatches_request r;
	struct err e = parse_uidbatches(&c, &r);
	uint32_t n = view_exists(s->view);
	uint32_t last;

	if (!is_ok(e))
		return e;
	if (r.size < BATCH_LEAST)
		return err(ERR_TOOFEW, "a batch has at least 500 messages");
	last = n / r.size + (n % r.size != 0);
	if ((r.all ? last : r.to - r.from) >= LIMIT_UIDBATCHES)
		return err(ERR_TOOMANY, "too many batches; ask for a range");
	reply_uidbatches(s, &r, last);
	return OK;
}
