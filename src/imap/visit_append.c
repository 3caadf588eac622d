/*
 * visit_append.c -- see visit_parcels.h: the messages are put down, in another
 * account or our own.
 */
#include "imap/append.h"
#include "imap/date.h"
#include "imap/door.h"
#include "imap/visit_parcels.h"

/* -- to a visit -- */

static void add_flags(struct buf *out, const struct flag_list *flags)
{
	reply_system_flags(out, flags->flags);
	for (size_t i = 0; i < flags->n_keywords; i++) {
		if (i != 0 || flags->flags != 0)
			buf_byte(out, ' ');
		buf_add(out, flags->keywords[i]);
	}
}

/* What stands before a message's octets. */
static struct err say_head(struct visit *to, const struct parcel *p,
                           uint64_t size)
{
	struct buf text = { 0 };
	struct err e;

	buf_add(&text, S(" ("));
	add_flags(&text, &p->flags);
	buf_add(&text, S(") "));
	reply_date_time(&text, p->internaldate, p->zone);
	buf_add(&text, S(" ~{"));
	buf_number(&text, size);
	buf_add(&text, S("+}\r\n"));
	e = visit_say(to, buf_slice(&text));
	buf_free(&text);
	return e;
}

static struct err say_spool(struct visit *to, struct spool *spool)
{
	uint64_t size = spool_size(spool);
	struct slice some;
	struct err e = OK;

	for (uint64_t at = 0; at < size && is_ok(e); at += some.len) {
		e = spool_bytes(spool, at, &some);
		if (is_ok(e))
			e = visit_say(to, some);
	}
	return e;
}

static struct err say_blob(struct visit *to, struct blob_reader *blob)
{
	uint64_t size = blob_size(blob);
	struct slice some;
	struct err e = OK;

	for (uint64_t at = 0; at < size && is_ok(e); at += some.len) {
		e = blob_read(blob, at, &some);
		if (is_ok(e))
			e = visit_say(to, some);
	}
	return e;
}

static struct err say_own(struct session *s, struct visit *to,
                          const struct parcel *p)
{
	struct blob_reader *blob;
	struct err e = mailbox_message(view_mailbox(s->view), p->uid, &blob);

	if (!is_ok(e))
		return e;
	e = say_head(to, p, blob_size(blob));
	if (is_ok(e))
		e = say_blob(to, blob);
	blob_close(blob);
	return e;
}

static struct err say_parcel(struct session *s, struct visit *to,
                             const struct parcel *p)
{
	struct spool *spool;
	struct err e;

	if (p->message == NULL)
		return say_own(s, to, p);
	spool = incoming_spool(p->message);
	e = say_head(to, p, spool_size(spool));
	return is_ok(e) ? say_spool(to, spool) : e;
}

/* All of them, in one command. */
static struct err say_command(struct session *s, struct visit *to,
                              struct slice verb, struct slice name,
                              const struct parcels *p, struct slice *said)
{
	struct buf text = { 0 };
	struct err e;

	buf_add(&text, s->tag);
	buf_byte(&text, ' ');
	buf_add(&text, verb);
	buf_byte(&text, ' ');
	reply_mailbox(&text, name, has_utf8(s));
	e = visit_say(to, buf_slice(&text));
	buf_free(&text);
	for (size_t i = 0; i < p->n && is_ok(e); i++)
		e = say_parcel(s, to, &p->v[i]);
	if (is_ok(e))
		e = visit_say(to, S("\r\n"));
	/* half a command can't be taken back but by leaving */
	return is_ok(e) ? visit_answer(s, to, s->tag, said)
	                : visit_leave(s, to, e);
}

/* -- into our own mailbox -- */

/* As if a visit had said it. */
static struct slice said_of(struct session *s, struct slice code)
{
	return code.len == 0 ? S("OK")
	                     : arena_printf(s->arena, "OK [%.*s]",
	                                    (int)code.len, code.ptr);
}

static struct err append_own(struct session *s, struct slice name,
                             const struct parcels *p, struct slice *said)
{
	struct new_message *v = arena_array(s->arena, p->n, sizeof *v);
	uint32_t *uids = arena_array(s->arena, p->n, sizeof *uids);
	struct flag_rights may;
	struct mailbox *mailbox;
	struct err e = door_named(s, name);

	if (is_ok(e))
		e = mailbox_open(s->account, name, &mailbox);
	if (e.code == ERR_NONEXISTENT)
		return err(ERR_TRYCREATE, "there is no such mailbox");
	if (!is_ok(e))
		return e;
	e = door_opened(s, mailbox, &may);
	for (size_t i = 0; i < p->n; i++)
		v[i] = (struct new_message){
			.message = p->v[i].message,
			.flags = p->v[i].flags.flags & may.flags,
			.keywords = p->v[i].flags.keywords,
			.n_keywords =
				may.keywords ? p->v[i].flags.n_keywords : 0,
			.internaldate = p->v[i].internaldate,
			.zone = p->v[i].zone,
		};
	if (is_ok(e))
		e = mailbox_append(mailbox, v, p->n, uids);
	if (is_ok(e))
		*said = said_of(s, append_uids(s, mailbox, uids, p->n));
	mailbox_close(mailbox);
	return e;
}

struct err parcels_append(const struct parcels *p, struct visit *to,
                          struct slice name, struct slice *said)
{
	return to != NULL ? say_command(p->s, to, S("APPEND"), name, p, said)
	                  : append_own(p->s, name, p, said);
}

/* -- what the client has brought -- */

struct parcels parcels_of(struct session *s, const struct append_request *r)
{
	int64_t now = s->config->clock->wall_s(s->config->clock);
	const struct append_message *m = r->messages;
	struct parcels p = { .s = s, .n = r->n };

	p.v = arena_array(s->arena, r->n, sizeof *p.v);
	for (size_t i = 0; i < r->n; i++, m = m->next)
		p.v[i] = (struct parcel){
			.message = s->append->messages[i],
			.flags = m->flags,
			.internaldate = m->has_date ? m->date.seconds : now,
			.zone = m->has_date ? m->date.zone : 0,
		};
	return p;
}

struct err visit_send(struct session *s, struct visit *to, struct slice verb,
                      const struct append_request *r, struct slice *said)
{
	struct parcels p = parcels_of(s, r);

	return say_command(s, to, verb, r->mailbox, &p, said);
}

struct err visit_append(struct session *s, struct visit *to,
                        const struct append_request *r)
{
	struct slice said;
	struct err e = visit_send(s, to, S("APPEND"), r, &said);

	return is_ok(e) ? visit_result(s, said) : e;
}
