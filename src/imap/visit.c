/*
 * visit.c -- see visit.h: whose a name is, and the dialogue with a visit.
 */
#include "imap/visit_internal.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/internal.h"

enum { READ_CHUNK = 32768 };

const struct visit_namespace visit_namespaces[VISIT_NAMESPACES] = {
	{ N("Other Users/"), false },
	{ N("Shared/"), true },
};

/* -- names -- */

struct place {
	struct slice prefix; /* of the name, with the owner's */
	struct slice owner;
	bool shared;
};

/* An owner's name has an '@': "Shared/Plans" is a mailbox like any other. */
static bool place_of(const struct session *s, struct slice name,
                     struct place *out)
{
	if (s->config->visits == NULL || is_visit(s))
		return false;
	for (size_t i = 0; i < VISIT_NAMESPACES; i++) {
		struct slice before = visit_namespaces[i].prefix;
		struct slice rest = slice_from(name, before.len);
		size_t end = slice_find_byte(rest, '/');

		if (!slice_starts(name, before) || end == SLICE_NONE)
			continue;
		out->owner = slice_first(rest, end);
		out->prefix = slice_first(name, before.len + end + 1);
		out->shared = visit_namespaces[i].shared;
		return slice_find_byte(out->owner, '@') != SLICE_NONE;
	}
	return false;
}

bool visit_is_name(const struct session *s, struct slice name)
{
	struct place place;

	return place_of(s, name, &place);
}

/* -- bytes -- */

static void on_readable(void *arg)
{
	struct visit *v = arg;

	task_wake_all(&v->waiting);
}

/* More than there is in v->in. */
static struct err fill(struct visit *v)
{
	struct err e;
	size_t got = 0;

	buf_drop(&v->in, v->taken);
	v->taken = 0;
	if (v->in.len > LIMIT_VISIT_LINE)
		return err(ERR_LIMIT, "a response is too long");
	for (;;) {
		e = stream_read(v->stream, buf_room(&v->in, READ_CHUNK),
		                READ_CHUNK, &got);
		if (!is_ok(e) || got != 0)
			break;
		stream_on_readable(v->stream, on_readable, v);
		task_wait(&v->waiting, WAIT_FOREVER);
	}
	v->in.len += got;
	return e;
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
		e = fill(v);
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
	struct err e = visit_read(v).len == 0 ? fill(v) : OK;

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

static void visit_free(struct visit *v)
{
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

bool visit_has_ended(struct visit *v)
{
	size_t got = 0;
	struct err e = OK;

	if (visit_read(v).len == 0) {
		buf_drop(&v->in, v->taken);
		v->taken = 0;
		e = stream_read(v->stream, buf_room(&v->in, READ_CHUNK),
		                READ_CHUNK, &got);
		v->in.len += got;
	}
	return !is_ok(e) || slice_starts(visit_read(v), S("* BYE"));
}

static struct err begin(struct session *s, const struct place *place,
                        struct visit **out)
{
	const struct visit_office *office = s->config->visits;
	struct slice said;
	struct visit *v;
	struct err e;
	int fd = -1;

	e = office->open(office->ctx, s->who.account, slice_cstr(s->id),
	                 place->shared, place->owner, &fd);
	if (e.code == ERR_ABSENT || e.code == ERR_SYNTAX)
		return err(ERR_NONEXISTENT, "no such mailbox");
	if (!is_ok(e))
		return e;
	make_room(s);
	v = mem_new(1, sizeof *v);
	v->prefix = mem_cstr(place->prefix);
	v->stream = stream_new(task_loop(), fd);
	v->next = s->visits;
	s->visits = v;
	*out = v;
	e = visit_answer(s, v, S("visit"), &said);
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

/* A visit at rest has none. */
static void rest_buffer(struct visit *v)
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

struct err visit_pass_line(struct session *s, struct visit *v,
                           struct slice line, uint64_t octets)
{
	if (slice_starts(line, S("* BYE")))
		return err(ERR_CLOSED, NULL);
	if (slice_starts(line, S("* OK [CLOSED]")) && s->away == v)
		s->away = NULL;
	return visit_pass(s, v, line, octets);
}

struct err visit_answer(struct session *s, struct visit *v, struct slice tag,
                        struct slice *said)
{
	struct slice line;
	uint64_t octets;
	struct err e;

	for (;;) {
		e = visit_line(v, &line, &octets);
		if (is_ok(e) && visit_is_tagged(line, tag))
			break;
		/* our literals did not wait for it */
		if (is_ok(e) && !slice_starts(line, S("+")))
			e = visit_pass_line(s, v, line, octets);
		if (!is_ok(e))
			return visit_leave(s, v, e);
	}
	line = slice_first(line, line.len - 2);
	*said = arena_copy(s->arena, slice_from(line, tag.len + 1));
	rest_buffer(v);
	return OK;
}

struct err visit_result(struct session *s, struct slice said)
{
	s->said = said;
	if (slice_starts(said, S("OK")))
		return OK;
	return err(slice_starts(said, S("BAD")) ? ERR_SYNTAX : ERR_NO, NULL);
}

/* The client's commands mean there what they mean here. */
static struct err enable_there(struct session *s, struct visit *v)
{
	uint32_t bits = s->enabled & ~v->enabled;
	struct buf text = { 0 };
	struct slice line;
	uint64_t octets;
	struct err e;

	if (bits == 0)
		return OK;
	v->enabled = s->enabled;
	buf_add(&text, S("visit ENABLE"));
	for (size_t i = 0; i < n_capabilities; i++) {
		if (!(capabilities[i].enable & bits))
			continue;
		buf_byte(&text, ' ');
		buf_add(&text, capabilities[i].name);
	}
	buf_add(&text, S("\r\n"));
	e = visit_say(v, buf_slice(&text));
	buf_free(&text);
	do {
		if (is_ok(e))
			e = visit_line(v, &line, &octets);
	} while (is_ok(e) && !visit_is_tagged(line, S("visit")));
	return is_ok(e) ? OK : visit_leave(s, v, e);
}

struct err visit_to(struct session *s, struct slice name, struct visit **out)
{
	struct place place;
	struct err e = OK;

	*out = NULL;
	if (!place_of(s, name, &place))
		return OK;
	*out = find(s, place.prefix);
	if (*out == NULL)
		e = begin(s, &place, out);
	return is_ok(e) ? enable_there(s, *out) : e;
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
	e = visit_say(v, S("visit UNSELECT\r\n"));
	do {
		if (is_ok(e))
			e = visit_line(v, &line, &octets);
	} while (is_ok(e) && !visit_is_tagged(line, S("visit")));
	if (!is_ok(e))
		visit_leave(s, v, OK);
}
