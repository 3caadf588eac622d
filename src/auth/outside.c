/* outside.c -- see outside.h. */
#include "auth/outside.h"

#include <assert.h>
#include <string.h>

#include "base/counter.h"
#include "base/mem.h"

static_assert((int)COUNTED_ASKS == (int)ASKS, "a kind is not counted");

/* The process at the other end keeps the time; this is for one that does
 * not. */
enum { ASK_MS = (ASK_SECONDS + 5) * 1000 };

struct asking {
	struct outside_answer *answer;
	bool done;
	enum err_code code; /* ERR_CLOSED: there was no answer */
	struct wait_list waiting;
};

/* What stands in the frame is copied at once, without growing: it may be
 * secret. */
static void keep_answer(struct asking *q, struct frame_in *f)
{
	struct slice text = frame_read_slice(f, TOLD_TEXT);
	uint32_t status = read_u32(&f->r);
	struct slice body = frame_read_slice(f, TOLD_BODY);
	uint64_t quota_bytes = read_u64(&f->r);
	uint64_t date_s = read_u64(&f->r);

	if (!frame_is_whole(f))
		return;
	if (text.len != 0)
		memcpy(q->answer->text, text.ptr, text.len);
	q->answer->status = status;
	q->answer->quota_bytes = quota_bytes;
	q->answer->date_s = date_s;
	buf_room(&q->answer->body, body.len + 1);
	buf_add(&q->answer->body, body);
}

/* f NULL: the process has gone. */
static void on_told(void *arg, struct frame_in *f)
{
	struct asking *q = arg;
	uint8_t code = f != NULL ? read_u8(&f->r) : ERR_CLOSED;

	if (f != NULL)
		keep_answer(q, f);
	q->code = code < ERR_CODES && (f == NULL || frame_is_whole(f))
	                  ? (enum err_code)code
	                  : ERR_CLOSED;
	q->done = true;
	task_wake_all(&q->waiting);
}

bool outside_told(struct auth *a, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);

	if (f->r.failed)
		return false;
	/* who asked may have given up */
	return !requests_answer(&a->asked, request, f) || frame_is_whole(f);
}

static const char gone[] = "the process that asks outside is not there";

static struct err wait_for_answer(struct auth *a, struct asking *q,
                                  uint64_t request)
{
	while (!q->done) {
		if (!task_wait(&q->waiting, ASK_MS))
			break;
	}
	if (!q->done) {
		requests_cancel(&a->asked, request);
		return err(ERR_UNAVAILABLE, "it does not answer");
	}
	if (q->code == ERR_CLOSED)
		return err(ERR_UNAVAILABLE, gone);
	return q->code == ERR_OK ? OK : err(q->code, q->answer->text);
}

static struct err ask_it(struct auth *a, enum ask_kind ask,
                         const struct slice *fields, struct outside_answer *out)
{
	struct asking q = { .answer = out };
	struct frame_out f = { 0 };
	uint64_t request;

	*out = (struct outside_answer){ 0 };
	if (a->outside == NULL)
		return err(ERR_UNAVAILABLE, gone);
	if (a->asked.open >= ASKS_MOST)
		return err(ERR_UNAVAILABLE, "too many questions at a time");
	request = requests_add(&a->asked, on_told, &q);
	frame_begin(&f, FRAME_ASK);
	frame_u64(&f, request);
	frame_u8(&f, (uint8_t)ask);
	for (unsigned i = 0; i < ASK_FIELDS; i++)
		frame_slice(&f, fields[i]);
	if (!is_ok(link_send(a->outside->link, &f, -1))) {
		requests_cancel(&a->asked, request);
		return err(ERR_UNAVAILABLE, "the question could not be sent");
	}
	return wait_for_answer(a, &q, request);
}

/* That somebody is not there is an answer, too. What could not be put to
 * anybody has none. */
static bool is_answer(struct err e)
{
	return is_ok(e) || e.code == ERR_ABSENT;
}

struct err outside_ask(struct auth *a, enum ask_kind ask,
                       const struct slice *fields, struct outside_answer *out)
{
	struct err e = ask_it(a, ask, fields, out);

	counter_add(COUNTER_ASKED + ask * 2 + is_answer(e), 1);
	return e;
}

void outside_answer_free(struct outside_answer *answer)
{
	mem_wipe(answer->body.data, answer->body.cap);
	buf_free(&answer->body);
}

struct err outside_get(struct auth *a, struct slice url,
                       struct slice authorization, struct outside_answer *out)
{
	const struct slice fields[ASK_FIELDS] = { url, authorization };

	return outside_ask(a, ASK_HTTP_GET, fields, out);
}

struct err outside_post(struct auth *a, const struct outside_post *p,
                        struct outside_answer *out)
{
	const struct slice fields[ASK_FIELDS] = { p->url, p->authorization,
		                                  p->content_type, p->body };

	return outside_ask(a, ASK_HTTP_POST, fields, out);
}
