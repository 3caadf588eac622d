/*
 * visit_copy.c -- messages from account to account: APPEND to a visit's
 * mailbox, COPY and MOVE from it, to it, or from one to another.
 *
 * What is copied is read here (a visit is asked to FETCH it) and appended
 * there, all messages in one command, so that all of them come or none. Only
 * when that has been acknowledged, which means that it is on the disk, MOVE
 * takes the originals away: who is interrupted in between has both.
 */
#include "base/limits.h"
#include "imap/append.h"
#include "imap/copy.h"
#include "imap/date.h"
#include "imap/door.h"
#include "imap/visit_internal.h"
#include "mailbox/incoming.h"

/* A message on its way. */
struct parcel {
	struct incoming *message; /* or: */
	uint32_t uid;             /* of the selected mailbox */
	struct flag_list flags;
	int64_t internaldate;
	int16_t zone;
};

struct parcels {
	struct session *s;
	struct parcel *v;
	size_t n;
	uint64_t bytes;
	struct uidset from;
};

static void parcels_free(struct parcels *p)
{
	for (size_t i = 0; i < p->n; i++)
		incoming_free(p->v[i].message);
	uidset_free(&p->from);
}

static struct err check_room(const struct parcels *p)
{
	if (p->n == LIMIT_APPEND_MESSAGES || p->bytes > LIMIT_APPEND_BYTES)
		return err(ERR_LIMIT, "too many messages at once for another "
		                      "account");
	return OK;
}

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
static struct err append_there(struct session *s, struct visit *to,
                               struct slice name, const struct parcels *p,
                               struct slice *said)
{
	struct buf text = { 0 };
	struct err e;

	buf_add(&text, s->tag);
	buf_add(&text, S(" APPEND "));
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

struct err visit_append(struct session *s, struct visit *to,
                        const struct append_request *r)
{
	int64_t now = s->config->clock->wall_s(s->config->clock);
	const struct append_message *m = r->messages;
	struct parcels p = { .s = s, .n = r->n };
	struct slice said;
	struct err e;

	p.v = arena_array(s->arena, r->n, sizeof *p.v);
	for (size_t i = 0; i < r->n; i++, m = m->next)
		p.v[i] = (struct parcel){
			.message = s->append->messages[i],
			.flags = m->flags,
			.internaldate = m->has_date ? m->date.seconds : now,
			.zone = m->has_date ? m->date.zone : 0,
		};
	e = append_there(s, to, r->mailbox, &p, &said);
	return is_ok(e) ? visit_result(s, said) : e;
}

/* -- from our own mailbox -- */

static void name_keywords(struct session *s, const struct record *r,
                          struct flag_list *out)
{
	size_t n;
	const struct slice *names = mailbox_keywords(view_mailbox(s->view), &n);

	out->keywords = arena_array(s->arena, n, sizeof *out->keywords);
	for (size_t i = 0; i < n; i++)
		if (r->keywords.word[i / 64] >> i % 64 & 1)
			out->keywords[out->n_keywords++] =
				arena_copy(s->arena, names[i]);
}

static struct err collect_own(struct parcels *p, const struct seq_set *set)
{
	struct session *s = p->s;
	struct uidset uids = { 0 };
	struct err e = session_resolve(s, set, session_set_kind(s), &uids);
	struct record_walk w;
	struct record r;

	if (is_ok(e))
		e = session_all_there(s, &uids);
	w = mailbox_walk(view_mailbox(s->view), &uids);
	while (is_ok(e) && record_walk_next(&w, &r)) {
		struct parcel *one = &p->v[p->n];

		e = check_room(p);
		if (!is_ok(e))
			break;
		*one = (struct parcel){ .uid = r.uid,
			                .flags.flags = r.flags,
			                .internaldate = r.internaldate,
			                .zone = r.zone };
		name_keywords(s, &r, &one->flags);
		p->bytes += r.size;
		p->n++;
		uidset_add(&p->from, r.uid);
	}
	uidset_free(&uids);
	return is_ok(e) ? w.e : e;
}

/* -- from a visit -- */

/* "* 3 FETCH (UID 7 ... BODY[] {n}": what stands before the octets. False: it
 * is another response, for the client. */
static bool parse_fetched(struct session *s, struct slice line,
                          struct parcel *out)
{
	struct cursor c =
		cursor_of(arena_copy(s->arena, line), s->arena, has_utf8(s));
	struct date_time date;

	*out = (struct parcel){ 0 };
	if (!take_word(&c, S("* ")))
		return false;
	out->uid = parse_number(&c);
	if (!take_word(&c, S(" UIDFETCH (")) && !take_word(&c, S(" FETCH (")))
		return false;
	while (is_ok(c.e) && !at_end(&c)) {
		if (take_word(&c, S("UID "))) {
			out->uid = parse_nz_number(&c);
		} else if (take_word(&c, S("FLAGS ("))) {
			out->flags = parse_flag_list(&c);
		} else if (take_word(&c, S("INTERNALDATE "))) {
			date = parse_date_time(&c);
			out->internaldate = date.seconds;
			out->zone = date.zone;
		} else if (take_word(&c, S("MODSEQ ("))) {
			parse_number64(&c);
			expect(&c, ')', "expected the end");
		} else {
			return take_word(&c, S("BODY[] "));
		}
		take(&c, ' ');
	}
	return false;
}

static struct err receive(struct parcels *p, struct visit *from,
                          struct parcel *one, uint64_t octets)
{
	struct slice some;
	struct err e = OK;
	struct err kept = check_room(p);
	uint64_t none;

	if (is_ok(kept)) {
		p->bytes += octets;
		one->message = incoming_new(p->s->config->model);
		p->v[p->n++] = *one;
		uidset_add(&p->from, one->uid);
	}
	while (octets != 0 && is_ok(e)) {
		e = visit_octets(from, &octets, &some);
		if (is_ok(e) && is_ok(kept))
			kept = incoming_write_binary(one->message, some);
	}
	if (is_ok(e))
		e = visit_line(from, &some, &none);
	if (is_ok(e) && is_ok(kept))
		kept = incoming_finish(one->message);
	return is_ok(e) ? kept : e;
}

/* *kept: what went wrong here, while the visit was heard to its end. */
static struct err receive_all(struct parcels *p, struct visit *from,
                              struct slice *said, struct err *kept)
{
	struct parcel one;
	struct slice line;
	uint64_t octets;
	struct err e;

	*kept = OK;
	for (;;) {
		e = visit_line(from, &line, &octets);
		if (!is_ok(e))
			return e;
		if (slice_starts(line, S("visit ")))
			break;
		if (octets == 0 || !parse_fetched(p->s, line, &one)) {
			e = visit_pass(p->s, from, line, octets);
			if (!is_ok(e))
				return e;
			continue;
		}
		e = receive(p, from, &one, octets);
		if (e.code == ERR_CLOSED)
			return e;
		if (is_ok(*kept))
			*kept = e;
	}
	*said = arena_copy(p->s->arena,
	                   slice_first(slice_from(line, 6), line.len - 8));
	return OK;
}

static struct err collect_there(struct parcels *p, struct visit *from,
                                struct slice set)
{
	struct session *s = p->s;
	struct buf text = { 0 };
	struct slice said = S("");
	struct err kept = OK;
	struct err e;

	buf_add(&text, s->uid ? S("visit UID FETCH ") : S("visit FETCH "));
	buf_add(&text, set);
	buf_add(&text, S(" (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"));
	e = visit_say(from, buf_slice(&text));
	buf_free(&text);
	if (is_ok(e))
		e = receive_all(p, from, &said, &kept);
	if (!is_ok(e))
		return visit_leave(s, from, e);
	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	for (size_t i = 0; i < p->n && is_ok(kept); i++)
		kept = incoming_settle(p->v[i].message);
	return kept;
}

/* -- into our own mailbox -- */

/* As if a visit had said it. */
static struct slice said_of(struct session *s, struct slice code)
{
	return arena_printf(s->arena, "OK [%.*s]", (int)code.len, code.ptr);
}

static struct err append_own(struct session *s, struct slice name,
                             const struct parcels *p, struct slice *said)
{
	struct new_message *v = arena_array(s->arena, p->n, sizeof *v);
	uint32_t *uids = arena_array(s->arena, p->n, sizeof *uids);
	struct mailbox *mailbox;
	struct err e = door_named(s, name);

	if (is_ok(e))
		e = mailbox_open(s->account, name, &mailbox);
	if (e.code == ERR_NONEXISTENT)
		return err(ERR_TRYCREATE, "there is no such mailbox");
	if (!is_ok(e))
		return e;
	for (size_t i = 0; i < p->n; i++)
		v[i] = (struct new_message){
			.message = p->v[i].message,
			.flags = p->v[i].flags.flags,
			.keywords = p->v[i].flags.keywords,
			.n_keywords = p->v[i].flags.n_keywords,
			.internaldate = p->v[i].internaldate,
			.zone = p->v[i].zone,
		};
	e = mailbox_append(mailbox, v, p->n, uids);
	if (is_ok(e))
		*said = said_of(s, append_uids(s, mailbox, uids, p->n));
	mailbox_close(mailbox);
	return e;
}

/* -- the originals of a MOVE -- */

static struct err say_with_set(struct session *s, struct visit *from,
                               struct slice before, const struct uidset *uids,
                               struct slice after)
{
	struct buf text = { 0 };
	struct slice said = S("");
	struct err e;

	buf_add(&text, before);
	uidset_write(uids, &text);
	buf_add(&text, after);
	e = visit_say(from, buf_slice(&text));
	buf_free(&text);
	e = is_ok(e) ? visit_answer(s, from, S("visit"), &said)
	             : visit_leave(s, from, e);
	if (!is_ok(e) || slice_starts(said, S("OK")))
		return e;
	return visit_result(s, said);
}

static struct err remove_there(struct session *s, struct visit *from,
                               const struct uidset *uids)
{
	struct err e = say_with_set(s, from, S("visit UID STORE "), uids,
	                            S(" +FLAGS.SILENT (\\Deleted)\r\n"));

	return is_ok(e) ? say_with_set(s, from, S("visit UID EXPUNGE "), uids,
	                               S("\r\n"))
	                : e;
}

static struct err remove_own(struct session *s, const struct uidset *uids)
{
	struct flag_change deleted = { .mode = STORE_ADD,
		                       .flags = FLAG_DELETED,
		                       .by = s->view };
	struct uidset done = { 0 };
	struct uidset failed = { 0 };
	uint64_t modseq;
	struct err e = mailbox_store(view_mailbox(s->view), uids, &deleted,
	                             &done, &failed, &modseq);

	if (is_ok(e))
		e = mailbox_expunge(view_mailbox(s->view), uids, &done);
	s->tell_modseq = true;
	uidset_free(&done);
	uidset_free(&failed);
	return e;
}

/* -- the commands -- */

/* "OK [APPENDUID v uids] ..." and the originals: COPYUID; "" without one. */
static struct slice copyuid(struct session *s, struct slice said,
                            const struct uidset *from)
{
	struct slice uids, rest, uidvalidity;
	struct buf text = { 0 };
	struct slice code;

	if (!slice_starts(said, S("OK [APPENDUID ")))
		return S("");
	slice_cut(slice_from(said, 14), ']', &rest, &uids);
	slice_cut(rest, ' ', &uidvalidity, &uids);
	buf_add(&text, S("COPYUID "));
	buf_add(&text, uidvalidity);
	buf_byte(&text, ' ');
	uidset_write(from, &text);
	buf_byte(&text, ' ');
	buf_add(&text, uids);
	code = arena_copy(s->arena, buf_slice(&text));
	buf_free(&text);
	return code;
}

/* They have come, or `said` says why not. */
static struct err finish(struct parcels *p, struct visit *from,
                         struct slice said, bool move)
{
	struct session *s = p->s;
	struct slice code = copyuid(s, said, &p->from);

	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	if (!move) {
		s->code = code;
		return OK;
	}
	if (code.len != 0)
		reply_moved(s, code);
	return from != NULL ? remove_there(s, from, &p->from)
	                    : remove_own(s, &p->from);
}

static struct err check_selected(struct session *s, struct visit *from,
                                 bool move)
{
	bool readonly =
		from != NULL ? s->away_readonly : view_is_readonly(s->view);

	if (move && readonly)
		return err(ERR_READONLY, "mailbox is selected read-only");
	if (from == NULL)
		return door_selected(s);
	return move ? visit_may_move(s, from) : OK;
}

struct err visit_copy(struct session *s, struct visit *from, struct visit *to,
                      struct slice args, bool move)
{
	struct cursor c = args_cursor(s, args);
	struct parcels p = { .s = s };
	struct slice said = S("");
	struct slice text, rest;
	struct seq_set set;
	struct slice name = parse_copy(&c, &set);
	struct err e = c.e;

	slice_cut(slice_from(args, 1), ' ', &text, &rest);
	if (is_ok(e))
		e = check_selected(s, from, move);
	p.v = arena_array(s->arena, LIMIT_APPEND_MESSAGES, sizeof *p.v);
	if (is_ok(e))
		e = from != NULL ? collect_there(&p, from, text)
		                 : collect_own(&p, &set);
	if (is_ok(e) && p.n != 0)
		e = to != NULL ? append_there(s, to, name, &p, &said)
		               : append_own(s, name, &p, &said);
	if (is_ok(e) && p.n != 0)
		e = finish(&p, from, said, move);
	parcels_free(&p);
	return e;
}
