/*
 * visit.c -- see visit.h: visits begin and end, and what is said to them and by
 * them goes to and fro.
 */
#include "imap/visit_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/progress.h"
#include "imap/visit_names.h"

enum { READ_CHUNK = 32768, LOOK_MS = 1000 };

/* -- bytes -- */

static void on_readable(void *arg)
{
	struct visit *v = arg;

	task_wake_all(&v->waiting);
}

/* What is there now, if there is more than in v->in. */
static struct err read_now(struct visit *v, size_t *got)
{
	struct err e;

	*got = 0;
	buf_drop(&v->in, v->taken);
	v->taken = 0;
	if (v->in.len > LIMIT_VISIT_LINE)
		return err(ERR_LIMIT, "a response is too long");
	e = stream_read(v->stream, buf_room(&v->in, READ_CHUNK), READ_CHUNK,
	                got);
	v->in.len += *got;
	return e;
}

/* More than there is in v->in; nothing, if it has to be waited for too long. */
static struct err fill(struct visit *v, uint64_t patience_ms)
{
	size_t got;
	struct err e;

	for (;;) {
		e = read_now(v, &got);
		if (!is_ok(e) || got != 0)
			return e;
		stream_on_readable(v->stream, on_readable, v);
		if (!task_wait(&v->waiting, patience_ms))
			return OK;
	}
}

struct err visit_has_line(struct visit *v, bool *has)
{
	struct err e = OK;
	size_t got = 1;

	*has = slice_find(visit_read(v), S("\r\n")) != SLICE_NONE;
	while (is_ok(e) && got != 0 && !*has) {
		e = read_now(v, &got);
		*has = slice_find(visit_read(v), S("\r\n")) != SLICE_NONE;
	}
	return *has ? OK : e;
}

/* "{n}" or "~{n}" at its end. */
static uint64_t announced(struct slice line)
{
	size_t open = slice_rfind_byte(line, '{');
	uint64_t n;

	if (!slice_ends(line, S("}\r\n")) || open == SLICE_NONE ||
	    !slice_number(slice_of(line.ptr + open + 1, line.len - open - 4),
	                  &n))
		return 0;
	return n;
}

struct err visit_line(struct visit *v, struct slice *line, uint64_t *octets)
{
	size_t looked = 0;
	size_t end;

	for (;;) {
		struct slice all = visit_read(v);
		struct err e;

		end = slice_find(slice_from(all, looked), S("\r\n"));
		if (end != SLICE_NONE)
			break;
		looked = all.len > 0 ? all.len - 1 : 0;
		e = fill(v, WAIT_FOREVER);
		if (!is_ok(e))
			return e;
	}
	*line = slice_first(visit_read(v), looked + end + 2);
	*octets = announced(*line);
	v->taken += line->len;
	return OK;
}

struct err visit_octets(struct visit *v, uint64_t *left, struct slice *out)
{
	struct err e = visit_read(v).len == 0 ? fill(v, WAIT_FOREVER) : OK;

	*out = slice_first(visit_read(v),
	                   *left < SIZE_MAX ? (size_t)*left : SIZE_MAX);
	v->taken += out->len;
	*left -= out->len;
	return e;
}

struct err visit_say(struct visit *v, struct slice bytes)
{
	struct err e = stream_queue(v->stream, bytes);

	return is_ok(e) ? stream_wait(v->stream, LIMIT_UNREAD) : e;
}

/* -- life -- */

static const struct err out_of_reach = { ERR_UNAVAILABLE,
	                                 "the mailbox is out of reach" };

void visit_free(struct visit *v)
{
	if (v == NULL)
		return;
	stream_free(v->stream);
	buf_free(&v->in);
	free(v->selected);
	free(v->prefix);
	free(v);
}

static void take_out(struct session *s, struct visit *v)
{
	struct visit **at = &s->visits;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
}

void visit_end_all(struct session *s)
{
	struct visit *next;

	for (struct visit *v = s->visits; v != NULL; v = next) {
		next = v->next;
		visit_free(v);
	}
	s->visits = NULL;
	s->away = NULL;
}

struct err visit_leave(struct session *s, struct visit *v, struct err why)
{
	if (s->away == v) {
		s->away = NULL;
		buf_add(session_out(s),
		        S("* OK [CLOSED] The mailbox is out of reach\r\n"));
	}
	take_out(s, v);
	visit_free(v);
	return why.code == ERR_CLOSED || is_ok(why) ? out_of_reach : why;
}

/* The last used that has no mailbox selected, if there are too many. */
static void make_room(struct session *s)
{
	struct visit *last = NULL;
	size_t n = 0;

	for (struct visit *v = s->visits; v != NULL; v = v->next) {
		n++;
		if (v != s->away)
			last = v;
	}
	if (n >= LIMIT_VISITS && last != NULL)
		visit_leave(s, last, OK);
}

struct slice visit_selected(const struct session *s)
{
	return s->away != NULL ? slice_cstr(s->away->selected) : S("");
}

size_t visit_owners(const struct session *s, struct slice *owners)
{
	size_t n = 0;

	for (const struct visit *v = s->visits; v != NULL; v = v->next) {
		assert(n < LIMIT_VISITS);
		owners[n++] = visit_owner_of(slice_cstr(v->prefix));
	}
	return n;
}

bool visit_has_ended(struct visit *v)
{
	size_t got;
	struct err e = visit_read(v).len == 0 ? read_now(v, &got) : OK;

	return !is_ok(e) || slice_starts(visit_read(v), S("* BYE"));
}

static struct err open_at(struct session *s, const struct visit_place *place,
                          struct visit **out)
{
	const struct visit_office *office = s->config->visits;
	struct err e;
	int fd = -1;

	e = office->open(office->ctx, s->who.account, slice_cstr(s->id),
	                 place->shared, place->owner, &fd);
	if (e.code == ERR_ABSENT || e.code == ERR_SYNTAX)
		return err(ERR_NONEXISTENT, "no such mailbox");
	if (!is_ok(e))
		return e;
	*out = mem_new(1, sizeof **out);
	(*out)->prefix = mem_cstr(place->prefix);
	(*out)->stream = stream_new(task_loop(), fd);
	return OK;
}

struct err visit_open(struct session *s, struct slice prefix,
                      struct visit **out)
{
	struct visit_place place;

	if (!visit_place_of(s, prefix, &place))
		return err(ERR_NONEXISTENT, "no such mailbox");
	return open_at(s, &place, out);
}

static struct err begin(struct session *s, const struct visit_place *place,
                        struct visit **out)
{
	struct slice said;
	struct err e = open_at(s, place, out);

	if (!is_ok(e))
		return e;
	make_room(s);
	(*out)->next = s->visits;
	s->visits = *out;
	e = visit_answer(s, *out, S(ERRAND), &said);
	return is_ok(e) && slice_starts(said, S("OK")) ? OK : e;
}

static struct visit *find(struct session *s, struct slice prefix)
{
	struct visit *v = s->visits;

	while (v != NULL && !slice_ieq(slice_cstr(v->prefix), prefix))
		v = v->next;
	if (v == NULL || !visit_has_ended(v))
		return v;
	visit_leave(s, v, OK);
	return NULL;
}

/* -- the dialogue -- */

void visit_rest(struct visit *v)
{
	if (visit_read(v).len != 0)
		return;
	buf_free(&v->in);
	v->taken = 0;
}

struct err visit_pass(struct session *s, struct visit *v, struct slice line,
                      uint64_t octets)
{
	struct buf *out = session_out(s);
	struct err e = OK;

	buf_add(out, line);
	while (octets != 0 && is_ok(e)) {
		while (octets != 0 && is_ok(e)) {
			e = visit_octets(v, &octets, &line);
			buf_add(out, line);
			out_drain(&s->out);
		}
		if (is_ok(e))
			e = visit_line(v, &line, &octets);
		if (is_ok(e))
			buf_add(out, line);
	}
	out_drain(&s->out);
	return e;
}

bool visit_is_tagged(struct slice line, struct slice tag)
{
	return slice_starts(line, tag) && line.len > tag.len + 2 &&
	       line.ptr[tag.len] == ' ';
}

struct slice visit_said(struct session *s, struct slice line, struct slice tag)
{
	line = slice_first(line, line.len - 2);
	return arena_copy(s->arena, slice_from(line, tag.len + 1));
}

/* A command there has shown that the client knows of modseqs. */
static void enabled_there(struct session *s, struct visit *v)
{
	v->enabled |= ENABLED_CONDSTORE;
	session_enable_condstore(s);
}

struct err visit_pass_line(struct session *s, struct visit *v,
                           struct slice line, uint64_t octets)
{
	if (slice_starts(line, S("* BYE")))
		return err(ERR_CLOSED, NULL);
	if (slice_eq(line, S("* ENABLED CONDSTORE\r\n"))) {
		enabled_there(s, v);
		return OK;
	}
	if (slice_starts(line, S("* OK [CLOSED]")) && s->away == v)
		s->away = NULL;
	return visit_pass(s, v, line, octets);
}

/* Until it says something, or the client has gone: then nobody needs what it
 * is doing. */
struct err visit_await(struct session *s, struct visit *v)
{
	struct err e = OK;

	while (is_ok(e) && visit_read(v).len == 0) {
		e = fill(v, LOOK_MS);
		if (is_ok(e) && visit_read(v).len == 0)
			e = session_look(s);
	}
	return e;
}

struct err visit_next(struct session *s, struct visit *v, struct slice tag,
                      struct slice *line, uint64_t *octets, bool *ended)
{
	struct err e;

	do {
		e = visit_await(s, v);
		if (is_ok(e))
			e = visit_line(v, line, octets);
	} while (is_ok(e) && slice_starts(*line, S("+")));
	*ended = is_ok(e) && visit_is_tagged(*line, tag);
	return e;
}

struct err visit_answer(struct session *s, struct visit *v, struct slice tag,
                        struct slice *said)
{
	struct slice line;
	uint64_t octets;
	bool ended;
	struct err e;

	for (;;) {
		e = visit_next(s, v, tag, &line, &octets, &ended);
		if (ended)
			break;
		if (is_ok(e))
			e = visit_pass_line(s, v, line, octets);
		if (!is_ok(e))
			return visit_leave(s, v, e);
	}
	*said = visit_said(s, line, tag);
	if (slice_eq(tag, s->tag))
		v->heard = s->commands;
	visit_rest(v);
	return OK;
}

struct err visit_result(struct session *s, struct slice said)
{
	s->said = said;
	if (slice_starts(said, S("OK")))
		return OK;
	return err(slice_starts(said, S("BAD")) ? ERR_SYNTAX : ERR_NO, NULL);
}

struct err visit_say_enable(struct session *s, struct visit *v)
{
	uint32_t bits = s->enabled & ~v->enabled;
	struct buf text = { 0 };
	struct err e;

	if (bits == 0)
		return OK;
	v->enabled |= bits;
	buf_add(&text, S(ERRAND " ENABLE"));
	for (size_t i = 0; i < n_capabilities; i++) {
		if (!(capabilities[i].enable & bits))
			continue;
		buf_byte(&text, ' ');
		buf_add(&text, capabilities[i].name);
	}
	buf_add(&text, S("\r\n"));
	e = visit_say(v, buf_slice(&text));
	buf_free(&text);
	return e;
}

/* The client's commands mean there what they mean here. */
static struct err enable_there(struct session *s, struct visit *v)
{
	struct slice line;
	uint64_t octets;
	struct err e;

	if ((s->enabled & ~v->enabled) == 0)
		return OK;
	e = visit_say_enable(s, v);
	while (is_ok(e)) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || visit_is_tagged(line, S(ERRAND)))
			break;
		/* HIGHESTMODSEQ of what is selected there */
		if (!slice_starts(line, S("* ENABLED")))
			e = visit_pass_line(s, v, line, octets);
	}
	return is_ok(e) ? OK : visit_leave(s, v, e);
}

void visit_enable(struct session *s)
{
	if (s->away != NULL)
		enable_there(s, s->away);
}

struct err visit_to(struct session *s, struct slice name, struct visit **out)
{
	struct visit_place place;
	struct err e = OK;

	*out = NULL;
	if (!visit_place_of(s, name, &place))
		return OK;
	*out = find(s, place.prefix);
	if (*out == NULL)
		e = begin(s, &place, out);
	return is_ok(e) ? enable_there(s, *out) : e;
}

struct err visit_aside(struct session *s, struct slice name, struct visit **out)
{
	struct visit_place place;

	if (!visit_place_of(s, name, &place))
		return err(ERR_NONEXISTENT, "no such mailbox");
	return begin(s, &place, out);
}

void visit_unselect(struct session *s)
{
	struct visit *v = s->away;
	struct slice line;
	uint64_t octets;
	struct err e;

	if (v == NULL)
		return;
	s->away = NULL;
	e = visit_say(v, S(ERRAND " UNSELECT\r\n"));
	do {
		if (is_ok(e))
			e = visit_line(v, &line, &octets);
	} while (is_ok(e) && !visit_is_tagged(line, S(ERRAND)));
	if (!is_ok(e))
		visit_leave(s, v, OK);
}
