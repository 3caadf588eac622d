/*
 * append.c -- APPEND of one or many messages, and REPLACE. RFC 9051 section
 * 6.3.12, RFC 3502, RFC 4315, RFC 8508
 *
 * The messages stream into the store's spools while they arrive. What can be
 * refused is refused when a literal is announced, before its octets come:
 * a missing mailbox, a message that is empty, too large or over quota. The
 * command itself then appends all of them, or none.
 */
#include "imap/append.h"
#include "imap/audit.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/door.h"
#include "imap/list.h"
#include "imap/messagelimit.h"
#include "imap/visit.h"

void append_free(struct session *s)
{
	if (s->append == NULL)
		return;
	for (size_t i = 0; i < s->append->n; i++)
		incoming_free(s->append->messages[i]);
	free(s->append->bad_url);
	free(s->append);
	s->append = NULL;
}

/* -- while it arrives -- */

struct err append_check_size(struct session *s, uint64_t more)
{
	const struct append *a = s->append;
	uint64_t size = a->current + more;

	if (more > s->config->message_limit_bytes ||
	    size > s->config->message_limit_bytes)
		return err(ERR_TOOBIG, "message is too large");
	if (a->n > 1 && a->bytes + size > LIMIT_APPEND_BYTES)
		return err(ERR_LIMIT, "too many messages at once");
	/* what REPLACE takes away makes room, and elsewhere is not here: the
	 * commit will say */
	if (a->replaces || a->away)
		return OK;
	return account_has_room(s->account, a->bytes + size, a->n);
}

static struct err begin_message(struct session *s)
{
	struct append *a = s->append;

	if (a->n == LIMIT_APPEND_MESSAGES)
		return err(ERR_LIMIT, "too many messages at once");
	a->messages[a->n++] = incoming_new(s->config->model);
	a->current = 0;
	a->coming = true;
	return OK;
}

/* Of a message that is one literal this comes with its last octet, so that
 * its digest is begun. */
static struct err end_message(struct append *a)
{
	if (!a->coming)
		return OK;
	a->coming = false;
	a->bytes += a->current;
	return incoming_finish(a->messages[a->n - 1]);
}

static struct err do_step(struct session *s, const struct append_step *step)
{
	switch (step->kind) {
	case APPEND_BEGIN:
		return begin_message(s);
	case APPEND_LITERAL:
		return OK; /* it has come */
	case APPEND_URL:
		return append_url(s, step->url);
	case APPEND_END:
		return end_message(s->append);
	}
	return OK;
}

static struct err do_steps(struct session *s, const struct append_step *step)
{
	struct err e = OK;

	for (; step != NULL && is_ok(e); step = step->next) {
		e = do_step(s, step);
		s->append->done++;
	}
	return e;
}

/* Of another's mailbox, only that there is a way to it. */
static struct err check_mailbox(struct session *s, struct slice name)
{
	struct mailbox_status status;
	struct visit *visit;
	struct err e = visit_to(s, name, &visit);

	if (is_ok(e) && visit == NULL)
		e = door_for(s, S("APPEND"), name);
	if (is_ok(e) && visit == NULL)
		e = mailbox_status(s->account, s->who.account, name, &status);
	if (e.code == ERR_NONEXISTENT)
		return err(ERR_TRYCREATE, "there is no such mailbox");
	return e;
}

struct err append_find_replaced(struct session *s,
                                const struct append_request *r, bool uid,
                                uint32_t *out)
{
	struct uidset uids = { 0 };
	struct err e;

	if (is_uidonly(s) && !uid)
		return err(ERR_UIDREQUIRED, "UIDONLY is enabled");
	if (view_is_readonly(s->view))
		return err(ERR_READONLY, "mailbox is selected read-only");
	e = session_resolve(s, &r->replaced, uid ? SET_UIDS : SET_SEQS, &uids);
	*out = 0;
	if (is_ok(e) && !uidset_next(&uids, out))
		e = err(ERR_NO, "there is no such message");
	uidset_free(&uids);
	return e;
}

static struct err check_destination(struct session *s,
                                    const struct append_request *r)
{
	struct err e = door_change(s);
	uint32_t uid;

	if (!is_ok(e))
		return e;
	if (r->replaces && s->view == NULL && s->away == NULL)
		return err(ERR_NOTNOW, "no mailbox is selected");
	if (r->replaces && r->uid) /* as before every command by UID */
		session_sync_exists(s);
	if (r->replaces && s->view != NULL)
		e = append_find_replaced(s, r, r->uid, &uid);
	return is_ok(e) ? check_mailbox(s, r->mailbox) : e;
}

static void start(struct session *s, const struct append_request *r)
{
	s->append = mem_new(1, sizeof *s->append);
	s->append->replaces = r->replaces;
	s->append->away = visit_is_name(s, r->mailbox);
}

static struct err check_literal(const struct session *s,
                                const struct frame_literal *l,
                                enum append_place place)
{
	bool utf8 = place == APPEND_UTF8;

	if (utf8 && !(s->enabled & ENABLED_UTF8))
		return err(ERR_SYNTAX, "UTF8=ACCEPT is not enabled");
	if (utf8 && !l->literal8)
		return err(ERR_SYNTAX, "expected a literal8");
	if (l->literal8 && place == APPEND_CATENATE)
		return err(ERR_SYNTAX, "literal8 is not allowed here");
	if (l->size == 0 && place != APPEND_CATENATE)
		return err(ERR_NO, "message is empty");
	if (l->size > s->config->message_limit_bytes)
		return err(ERR_TOOBIG, "message is too large");
	return OK;
}

/* A literal of a message will come: all before it is done. */
static struct err begin_literal(struct session *s,
                                const struct frame_literal *l,
                                const struct append_request *r)
{
	bool first = s->append == NULL;
	struct append *a;
	struct err e = check_literal(s, l, r->place);

	if (is_ok(e) && first)
		e = check_destination(s, r);
	if (!is_ok(e))
		return e;
	if (first)
		start(s, r);
	a = s->append;
	a->place = r->place;
	a->urls += r->urls;
	if (a->urls > LIMIT_CATENATE_URLS)
		return err(ERR_LIMIT, "too many URLs");
	e = do_steps(s, r->steps);
	if (is_ok(e))
		e = append_check_size(s, l->size);
	a->current += l->size;
	a->done++;
	/* RFC 9755 section 4: a text; RFC 3516: octets */
	a->binary = l->literal8 && r->place != APPEND_UTF8;
	return e;
}

struct err append_literal(struct session *s, const struct frame_literal *l,
                          enum frame_sink *sink)
{
	struct arena *arena = arena_new(LIMIT_COMMAND_ARENA);
	struct cursor c = cursor_of(l->text, arena, has_utf8(s));
	struct append_request request;

	c.prefix = s->prefix;
	*sink = command_takes_literal8(l->text) ? FRAME_TEXT8 : FRAME_TEXT;
	s->arena = arena;
	if (s->append == NULL) {
		parse_append_start(&c, &request);
	} else {
		c.p += slice_rfind_byte(l->text, '\0') + 1;
		parse_append_more(&c, s->append->place, &request);
	}
	if (s->pending != NULL)
		c.e = err(ERR_SYNTAX, "expected DONE");
	if (is_ok(c.e) && request.wants_octets) {
		c.e = begin_literal(s, l, &request);
		*sink = FRAME_STREAM;
	}
	s->arena = NULL;
	arena_free(arena);
	return c.e;
}

struct err append_octets(struct session *s, struct slice octets)
{
	struct append *a = s->append;
	struct incoming *message = a->messages[a->n - 1];

	return a->binary ? incoming_write_binary(message, octets)
	                 : incoming_write(message, octets);
}

struct err append_end(struct session *s)
{
	struct append *a = s->append;

	return a->place == APPEND_CATENATE ? OK : end_message(a);
}

/* -- when it is there -- */

static struct new_message *new_messages(struct session *s,
                                        struct flag_rights may,
                                        const struct append_request *r)
{
	struct new_message *v = arena_array(s->arena, r->n, sizeof *v);
	int64_t now = s->config->clock->wall_s(s->config->clock);
	const struct append_message *m = r->messages;

	for (size_t i = 0; i < r->n; i++, m = m->next)
		v[i] = (struct new_message){
			.message = s->append->messages[i],
			.flags = m->flags.flags & may.flags,
			.keywords = m->flags.keywords,
			.n_keywords = may.keywords ? m->flags.n_keywords : 0,
			.user = s->who.account,
			.internaldate = m->has_date ? m->date.seconds : now,
			.zone = m->has_date ? m->date.zone : 0,
		};
	return v;
}

struct slice append_uids(struct session *s, struct mailbox *mailbox,
                         const uint32_t *uids, size_t n)
{
	struct mailbox_status status;
	struct uidset set = { 0 };
	struct buf text = { 0 };
	struct slice code;

	if (!(mailbox_rights_open(mailbox, &s->who) & RIGHT_READ))
		return S("");
	mailbox_get_status(mailbox, &status);
	for (size_t i = 0; i < n; i++)
		uidset_add(&set, uids[i]);
	buf_printf(&text, "APPENDUID %" PRIu32 " ", status.uidvalidity);
	uidset_write(&set, &text);
	code = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	uidset_free(&set);
	return code;
}

/* What has not been done yet, which is all of a command without literals. */
static struct err complete(struct session *s, const struct append_request *r)
{
	const struct append_step *step = r->steps;
	struct append *a;
	struct err e;

	if (s->append == NULL) {
		e = check_destination(s, r);
		if (!is_ok(e))
			return e;
		start(s, r);
	}
	a = s->append;
	for (size_t i = 0; i < a->done && step != NULL; i++)
		step = step->next;
	e = do_steps(s, step);
	for (size_t i = 0; i < a->n && is_ok(e); i++)
		e = incoming_settle(a->messages[i]);
	return e;
}

static struct err record_replaced(struct session *s, uint32_t uid,
                                  struct mailbox *to)
{
	struct uidset set = { 0 };
	struct err e;

	uidset_add(&set, uid);
	e = audit_messages(s, &set, mailbox_name(to));
	uidset_free(&set);
	return e;
}

/* *uids: those that the messages have got. */
static struct err put_messages(struct session *s,
                               const struct append_request *r,
                               struct mailbox *mailbox, uint32_t *uids)
{
	struct new_message *messages;
	struct flag_rights may;
	uint32_t replaced;
	struct err e = door_opened(s, mailbox, &may);

	if (is_ok(e) && r->replaces)
		e = append_find_replaced(s, r, s->uid, &replaced);
	if (!is_ok(e))
		return e;
	messages = new_messages(s, may, r);
	if (!r->replaces)
		return mailbox_append(mailbox, messages, r->n, uids);
	e = record_replaced(s, replaced, mailbox);
	if (is_ok(e))
		e = mailbox_replace(view_mailbox(s->view), replaced, mailbox,
		                    messages, uids);
	s->expunged += is_ok(e);
	return e;
}

/* Before the old message's EXPUNGE. RFC 8508 section 3.4 */
void reply_replaced(struct session *s, struct slice code)
{
	struct buf *out = session_out(s);

	buf_add(out, S("* OK ["));
	buf_add(out, code);
	buf_add(out, S("] Replacement message ready\r\n"));
}

/* The tagged reply's code is that of what has gone. */
static void tell_replaced(struct session *s)
{
	if (s->code.len != 0)
		reply_replaced(s, s->code);
	s->code = S("");
}

static struct err append_run(struct session *s, const struct append_request *r)
{
	uint32_t *uids = arena_array(s->arena, r->n, sizeof *uids);
	struct mailbox *mailbox;
	struct visit *visit = NULL;
	struct err e = complete(s, r);

	if (is_ok(e))
		e = visit_to(s, r->mailbox, &visit);
	if (is_ok(e) && r->replaces && (visit != NULL || s->away != NULL))
		return visit_replace(s, visit, r);
	if (is_ok(e) && visit != NULL)
		return visit_append(s, visit, r);
	if (is_ok(e))
		e = door_named(s, r->mailbox);
	if (is_ok(e))
		e = mailbox_open(s->account, r->mailbox, &mailbox);
	if (e.code == ERR_NONEXISTENT)
		return err(ERR_TRYCREATE, "there is no such mailbox");
	if (!is_ok(e))
		return e;
	e = put_messages(s, r, mailbox, uids);
	if (e.code == ERR_NONEXISTENT)
		e = err(ERR_TRYCREATE, "the mailbox was deleted");
	if (is_ok(e))
		s->code = append_uids(s, mailbox, uids, r->n);
	mailbox_close(mailbox);
	/* INBOX is INBOX in any letter case */
	if (is_ok(e) && has_utf8(s) && !slice_ieq(r->mailbox, r->asked))
		reply_list_renamed(s, r->mailbox, r->asked);
	if (is_ok(e) && r->replaces)
		tell_replaced(s);
	return e;
}

struct err cmd_append(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct append_request request;
	struct err e;

	parse_append(&c, &request);
	if (!is_ok(c.e))
		return c.e;
	e = session_check_messages(s, s->append != NULL ? s->append->n : 0);
	return is_ok(e) ? append_run(s, &request) : e;
}

/* The old message's EXPUNGE is like any other one. RFC 8508 section 4.5 */
struct err cmd_replace(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct append_request request;
	struct err e;

	parse_replace(&c, &request);
	request.uid = s->uid;
	e = is_ok(c.e) ? append_run(s, &request) : c.e;
	s->tell_modseq = is_ok(e);
	return e;
}
