/*
 * import.c -- messages with their flags, dates and UIDs, many to a commit.
 *
 *	IMPORT_MAILBOX  KEYWORDS... IMPORT_MESSAGE DATA... END ... IMPORT_COMMIT
 *	     DONE                                                        DONE
 *
 * Messages are gathered and appended GATHER_MESSAGES or GATHER_BYTES at a
 * time: one batch, one sync for all of them. What fails on the way is kept
 * and answered at the next commit; until then what comes is thrown away, so
 * that nothing behind a failure is stored before the command has heard of
 * it.
 */
#include <stdlib.h>

#include "admin/internal.h"
#include "base/limits.h"
#include "base/mem.h"
#include "ipc/keyword_frames.h"
#include "mailbox/imported.h"
#include "mailbox/mailbox.h"
#include "mailbox/name.h"

enum { GATHER_MESSAGES = 256, GATHER_BYTES = 8 << 20, GATHER_ARENA = 1 << 20 };

/* Seconds before or after 1970: beyond every year that IMAP can say. */
static const int64_t farthest_date = 300000000000;

enum {
	FLAGS_ALL = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED |
	            FLAG_DRAFT
};

enum { SUBSCRIBE_NO, SUBSCRIBE_YES, SUBSCRIBE_ONLY };

struct import {
	struct mailbox *mailbox; /* NULL: none chosen */
	struct new_message gathered[GATHER_MESSAGES];
	size_t n; /* whole ones */
	uint64_t bytes;
	bool in_message;                       /* gathered[n] is being filled */
	struct slice keywords[LIMIT_KEYWORDS]; /* of the next message */
	size_t n_keywords;
	struct arena *arena; /* keywords of those gathered */
	struct err failed;   /* since the last commit */
};

static struct err nonsense(void)
{
	return err(ERR_CORRUPT, "frames of an import that make no sense");
}

static struct import *import_of(struct control_link *c)
{
	if (c->import == NULL) {
		control_record(c, "import", (struct audit_entry){ 0 });
		c->import = mem_new(1, sizeof *c->import);
		c->import->arena = arena_new(GATHER_ARENA);
	}
	return c->import;
}

static void forget(struct import *i)
{
	for (size_t k = 0; k < i->n + i->in_message; k++)
		incoming_free(i->gathered[k].message);
	i->n = 0;
	i->bytes = 0;
	i->in_message = false;
	i->n_keywords = 0;
	arena_reset(i->arena);
}

void import_free(struct import *i)
{
	if (i == NULL)
		return;
	forget(i);
	if (i->mailbox != NULL)
		mailbox_close(i->mailbox);
	arena_free(i->arena);
	free(i);
}

/* What is gathered becomes durable. */
static void flush(struct import *i)
{
	uint32_t uids[GATHER_MESSAGES];

	for (size_t k = 0; k < i->n && is_ok(i->failed); k++)
		i->failed = incoming_settle(i->gathered[k].message);
	if (i->n != 0 && is_ok(i->failed))
		i->failed = mailbox_append(i->mailbox, i->gathered, i->n, uids);
	forget(i);
}

/* Is no message begun, not even by its keywords? */
static bool is_between(const struct import *i)
{
	return !i->in_message && i->n_keywords == 0;
}

/* -- mailboxes -- */

static struct err choose(struct control_link *c, struct slice name,
                         uint8_t subscribe)
{
	struct import *i = c->import;
	struct err e = OK;

	if (subscribe != SUBSCRIBE_ONLY) {
		e = mailbox_create_imported(c->account, name);
		if (e.code == ERR_ALREADYEXISTS)
			e = OK;
		if (is_ok(e))
			e = mailbox_open_to_append(c->account, name,
			                           &i->mailbox);
	}
	if (is_ok(e) && subscribe != SUBSCRIBE_NO)
		e = mailbox_subscribe(c->account, name, true);
	return e;
}

/* UIDs below are used: the command then leaves the choice to us. */
static void tell_uidnext(struct control_link *c, struct mailbox *mailbox)
{
	struct mailbox_status status;
	struct slice field;
	struct buf text = { 0 };

	mailbox_get_status(mailbox, &status);
	buf_number(&text, status.uidnext);
	field = buf_slice(&text);
	control_row(c, &field, 1);
	buf_free(&text);
}

struct err import_mailbox(struct control_link *c, struct frame_in *in)
{
	struct import *i = import_of(c);
	struct buf name = { 0 };
	struct slice wish = frame_read_slice(in, LIMIT_NAME);
	uint32_t uidvalidity = read_u32(&in->r);
	uint32_t uidnext = read_u32(&in->r);
	uint8_t subscribe = read_u8(&in->r);
	struct err e;

	if (!frame_is_whole(in) || !is_between(i) || subscribe > SUBSCRIBE_ONLY)
		return nonsense();
	e = mailbox_name_normal(wish, &name);
	flush(i);
	if (i->mailbox != NULL)
		mailbox_close(i->mailbox);
	i->mailbox = NULL;
	if (is_ok(e))
		e = choose(c, buf_slice(&name), subscribe);
	if (is_ok(e) && i->mailbox != NULL && uidvalidity != 0)
		e = mailbox_set_uids(i->mailbox, uidvalidity, uidnext);
	buf_free(&name);
	if (is_ok(e) && i->mailbox != NULL)
		tell_uidnext(c, i->mailbox);
	control_done(c, e);
	return OK;
}

/* -- messages -- */

struct err import_keywords(struct control_link *c, struct frame_in *in)
{
	struct import *i = import_of(c);

	if (i->in_message ||
	    !keyword_frame_take(in, i->arena, i->keywords, &i->n_keywords))
		return nonsense();
	return OK;
}

static void take_keywords(struct import *i, struct new_message *m)
{
	struct slice *names =
		arena_array(i->arena, i->n_keywords, sizeof *names);

	for (size_t k = 0; k < i->n_keywords; k++)
		names[k] = i->keywords[k];
	m->keywords = names;
	m->n_keywords = i->n_keywords;
	i->n_keywords = 0;
}

/* What a mailbox can keep and IMAP can say. */
static bool is_sensible(const struct new_message *m)
{
	return (m->flags & ~FLAGS_ALL) == 0 && m->zone >= -24 * 60 &&
	       m->zone <= 24 * 60 && m->internaldate >= -farthest_date &&
	       m->internaldate <= farthest_date;
}

struct err import_message(struct control_link *c, struct frame_in *in)
{
	struct import *i = import_of(c);
	struct new_message *m = &i->gathered[i->n];

	if (i->in_message)
		return nonsense();
	*m = (struct new_message){ .uid = read_u32(&in->r) };
	m->flags = read_u8(&in->r);
	m->internaldate = (int64_t)read_u64(&in->r);
	m->zone = (int16_t)read_u16(&in->r);
	if (!frame_is_whole(in) || !is_sensible(m))
		return nonsense();
	if (i->mailbox == NULL && is_ok(i->failed))
		i->failed = err(ERR_NONEXISTENT, "there is no mailbox for it");
	take_keywords(i, m);
	m->message = incoming_new(c->mail->model);
	i->in_message = true;
	return OK;
}

struct err import_data(struct control_link *c, struct frame_in *in)
{
	struct import *i = import_of(c);
	struct slice bytes = frame_read_slice(in, LIMIT_FRAME);
	struct incoming *to;

	if (!frame_is_whole(in) || !i->in_message)
		return nonsense();
	if (!is_ok(i->failed))
		return OK;
	to = i->gathered[i->n].message;
	if (incoming_size(to) + bytes.len > c->mail->message_limit_bytes)
		i->failed = err(ERR_TOOBIG, "a message is too big");
	else
		i->failed = incoming_write(to, bytes);
	return OK;
}

struct err import_end(struct control_link *c, struct frame_in *in)
{
	struct import *i = import_of(c);

	if (!frame_is_whole(in) || !i->in_message)
		return nonsense();
	if (is_ok(i->failed))
		i->failed = incoming_finish(i->gathered[i->n].message);
	i->bytes += incoming_size(i->gathered[i->n].message);
	i->n++;
	i->in_message = false;
	if (i->n == GATHER_MESSAGES || i->bytes >= GATHER_BYTES ||
	    arena_is_full(i->arena) || !is_ok(i->failed))
		flush(i);
	return OK;
}

struct err import_commit(struct control_link *c, struct frame_in *in)
{
	struct import *i = import_of(c);

	if (!frame_is_whole(in) || !is_between(i))
		return nonsense();
	flush(i);
	control_done(c, i->failed);
	i->failed = OK;
	return OK;
}
