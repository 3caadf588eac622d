/*
 * replace.c -- REPLACE, RFC 8508: a new message comes and an old one goes, in
 * one batch.
 */
#include <assert.h>

#include "mailbox/change.h"

struct replacing {
	struct change change;
	struct edit source;
	struct edit other;        /* the destination's, if it is another one */
	struct edit *destination; /* one of the two */
	struct uidset old;
};

static struct err replace_locked(struct replacing *r,
                                 const struct new_message *message,
                                 uint32_t *uid)
{
	struct change *c = &r->change;
	struct uidset expunged = { 0 };
	struct err e;

	if (r->source.mailbox->gone || r->destination->mailbox->gone)
		return err(ERR_NONEXISTENT, "the mailbox has been deleted");
	/* the old one first: its room is the new one's */
	e = expunge_records(c, &r->source, &r->old, EXPUNGE_REPLACED,
	                    &expunged);
	if (is_ok(e) && uidset_is_empty(&expunged))
		e = err(ERR_EXPUNGEISSUED, "the message has been expunged");
	uidset_free(&expunged);
	/* the last chunk may have lost a record: begin another */
	if (is_ok(e))
		e = append_records(c, r->destination,
		                   r->destination == &r->source, message, 1,
		                   uid);
	if (!is_ok(e))
		return e;
	if (r->destination != &r->source)
		edit_put(&r->source, c);
	return change_commit(c);
}

struct err mailbox_replace(struct mailbox *source, uint32_t old,
                           struct mailbox *destination,
                           const struct new_message *message, uint32_t *uid)
{
	struct replacing r = { 0 };
	struct err e;

	assert(source->account == destination->account);
	change_begin(&r.change, source->account);
	edit_begin(&r.source, source);
	edit_begin(&r.other, destination);
	r.destination = source == destination ? &r.source : &r.other;
	uidset_add(&r.old, old);
	e = replace_locked(&r, message, uid);
	if (r.destination == &r.other)
		edit_end(&r.other, is_ok(e));
	edit_end(&r.source, is_ok(e));
	if (is_ok(e)) {
		append_noted(destination, message, 1, uid);
		expunge_committed(source, &r.old);
	}
	uidset_free(&r.old);
	change_end(&r.change);
	return e;
}
