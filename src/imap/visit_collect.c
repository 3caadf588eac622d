/* visit_collect.c -- see visit_parcels.h: the messages are read. */
#include "base/limits.h"
#include "imap/messagelimit.h"
#include "imap/visit_parcels.h"
#include "imap/watch.h"

struct parcels parcels_new(struct session *s)
{
	return (struct parcels){
		.s = s,
		.v = arena_array(s->arena, LIMIT_APPEND_MESSAGES,
		                 sizeof(struct parcel)),
	};
}

void parcels_free(struct parcels *p)
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

struct err parcels_collect_own(struct parcels *p, const struct seq_set *set)
{
	struct session *s = p->s;
	struct uidset uids = { 0 };
	struct err e = session_resolve(s, set, session_set_kind(s), &uids);
	struct record_walk w;
	struct record r;

	if (is_ok(e) && p->in_parts)
		session_limit_messages(s, &uids);
	else if (is_ok(e))
		e = session_check_messages(s, uidset_count(&uids));
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
		if (visit_is_tagged(line, S(ERRAND)))
			break;
		if (octets == 0 || !parse_fetched(p->s, line, &one)) {
			e = visit_pass_line(p->s, from, line, octets);
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
	*said = visit_said(p->s, line, S(ERRAND));
	return OK;
}

struct err parcels_collect_there(struct parcels *p, struct visit *from,
                                 struct slice set)
{
	struct session *s = p->s;
	struct buf text = { 0 };
	struct slice said = S("");
	struct err kept = OK;
	struct err e;

	/* messages that NOTIFY shows are not those that are copied */
	notify_hush_there(s);
	if (s->away != from)
		return err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	buf_add(&text, s->uid ? S(ERRAND " UID FETCH ") : S(ERRAND " FETCH "));
	buf_add(&text, set);
	buf_add(&text, S(" (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"));
	e = visit_say(from, buf_slice(&text));
	buf_free(&text);
	if (is_ok(e))
		e = receive_all(p, from, &said, &kept);
	if (!is_ok(e))
		return visit_leave(s, from, e);
	notify_there(s);
	if (s->away != from)
		return err(ERR_UNAVAILABLE, "the mailbox is out of reach");
	if (!slice_starts(said, S("OK")))
		return visit_result(s, said);
	session_take_limit(s, said);
	if (s->limited_to != 0 && !p->in_parts)
		return session_check_messages(s, UINT64_MAX);
	for (size_t i = 0; i < p->n && is_ok(kept); i++)
		kept = incoming_settle(p->v[i].message);
	return kept;
}
