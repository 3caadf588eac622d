/* calls.c -- questions to mail processes, and the tasks that wait. */
#include "auth/internal.h"

enum { CALL_MS = 120 * 1000 };

void call_begin(struct auth *a, struct call *c, struct frame_out *f,
                uint16_t type)
{
	*c = (struct call){ .request = ++a->last_request };
	frame_begin(f, type);
	frame_u64(f, c->request);
}

static void unlink_call(struct auth *a, struct call *c)
{
	struct call **at = &a->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

static const char *refusal(enum err_code code)
{
	switch (code) {
	case ERR_NOSPACE:
		return "the disk of its partition is full";
	case ERR_IO:
		return "the disk of its partition fails";
	default:
		return "its partition refused";
	}
}

struct err call_mail(struct auth *a, struct call *c, uint32_t partition,
                     struct frame_out *f)
{
	struct link *mail = auth_mail(a, partition);

	if (mail == NULL || !is_ok(link_send(mail, f, -1))) {
		frame_free(f);
		return err(ERR_UNAVAILABLE, "its partition is not served now");
	}
	c->partition = partition;
	c->next = a->calls;
	a->calls = c;
	while (!c->done)
		if (!task_wait(&c->waiting, CALL_MS))
			break;
	unlink_call(a, c);
	if (!c->done)
		return err(ERR_UNAVAILABLE, "its partition does not answer");
	return c->code == ERR_OK ? OK : err(c->code, refusal(c->code));
}

/* A process that is not there, or goes away, has nothing left to obey. */
struct err call_settle(struct auth *a, uint32_t partition)
{
	struct frame_out f = { 0 };
	struct call c;

	call_begin(a, &c, &f, FRAME_SETTLE);
	(void)call_mail(a, &c, partition, &f);
	if (c.done || auth_mail(a, partition) == NULL)
		return OK;
	return err(ERR_UNAVAILABLE, "done, but sessions may go on: their "
	                            "partition does not answer");
}

struct err calls_settle(struct auth *a)
{
	struct err e = OK;

	for (uint32_t i = 0; i < a->partitions && is_ok(e); i++)
		e = call_settle(a, i);
	return e;
}

static void finish(struct call *c, enum err_code code, uint32_t uidvalidity)
{
	c->code = code;
	c->uidvalidity = uidvalidity;
	c->done = true;
	task_wake_all(&c->waiting);
}

bool call_answer(struct auth *a, struct frame_in *in)
{
	uint64_t request = read_u64(&in->r);
	uint8_t code = read_u8(&in->r);
	uint32_t uidvalidity;

	frame_read_slice(in, LIMIT_FRAME);
	uidvalidity = read_u32(&in->r);
	if (!frame_is_whole(in) || code >= ERR_CODES)
		return false;
	for (struct call *c = a->calls; c != NULL; c = c->next) {
		if (c->request == request) {
			finish(c, (enum err_code)code, uidvalidity);
			return true;
		}
	}
	return true; /* who asked has given up */
}

void calls_fail(struct auth *a, uint32_t partition)
{
	for (struct call *c = a->calls; c != NULL; c = c->next)
		if (c->partition == partition && !c->done)
			finish(c, ERR_UNAVAILABLE, 0);
}
