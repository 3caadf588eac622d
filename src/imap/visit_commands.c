/*
 * visit_commands.c -- which commands go to a visit, and what they do to the
 * session at home.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "imap/visit_internal.h"
#include "imap/watch.h"

/* What the client sent, as it stands. */
static struct err say_line(struct visit *v, struct slice line)
{
	struct err e = visit_say(v, line);

	return is_ok(e) ? visit_say(v, S("\r\n")) : e;
}

/* The running command. */
static struct err forward(struct session *s, struct visit *v)
{
	struct slice said = S("");
	struct err e = say_line(v, buf_slice(&s->framer.text));

	e = is_ok(e) ? visit_answer(s, v, s->tag, &said) : visit_leave(s, v, e);
	return is_ok(e) ? visit_result(s, said) : e;
}

static bool is_run_by(const struct session *s,
                      struct err (*run)(struct session *, struct slice))
{
	return s->command->run == run;
}

static bool selects(const struct session *s)
{
	return is_run_by(s, cmd_select) || is_run_by(s, cmd_examine);
}

/* Also a SELECT that fails leaves nothing selected. RFC 9051 section 6.3.2 */
static void leave_selected(struct session *s)
{
	if (s->view == NULL && s->away == NULL)
		return;
	buf_add(session_out(s), S("* OK [CLOSED] Previous mailbox\r\n"));
	session_unselect(s);
}

static struct err select_there(struct session *s, struct visit *v,
                               struct slice name)
{
	struct err e;

	if (s->away != v)
		leave_selected(s);
	e = forward(s, v);
	s->away = is_ok(e) ? v : NULL;
	if (!is_ok(e))
		return e;
	s->away_readonly = slice_starts(s->said, S("OK [READ-ONLY]"));
	free(v->selected);
	v->selected = mem_cstr(name);
	notify_there(s);
	return e;
}

static struct err close_there(struct session *s, struct visit *v)
{
	struct err e = forward(s, v);

	if (is_ok(e))
		s->away = NULL;
	return e;
}

/* Anything but DONE ends IDLE too. */
static struct err idle_line(struct session *s, struct slice line)
{
	struct visit *v = s->away;
	struct slice said = S("");
	struct err e;

	if (v == NULL) /* it has ended meanwhile */
		return OK;
	stream_on_readable(v->stream, NULL, NULL);
	e = say_line(v, line);
	e = is_ok(e) ? visit_answer(s, v, s->tag, &said) : visit_leave(s, v, e);
	return is_ok(e) ? visit_result(s, said) : e;
}

static const struct pending idle = { idle_line };

static void idle_on(struct session *s)
{
	stream_on_readable(s->away->stream, session_on_news, s);
}

static struct err idle_there(struct session *s, struct visit *v)
{
	struct slice line = S("");
	uint64_t octets = 0;
	struct err e = say_line(v, buf_slice(&s->framer.text));

	while (is_ok(e) && !slice_starts(line, S("+"))) {
		e = visit_line(v, &line, &octets);
		if (is_ok(e) && !slice_starts(line, S("+")))
			e = visit_pass_line(s, v, line, octets);
	}
	if (!is_ok(e))
		return visit_leave(s, v, e);
	buf_add(session_out(s), line);
	s->pending = &idle;
	s->idling = true;
	idle_on(s);
	return OK;
}

void visit_tell(struct session *s)
{
	struct visit *v = s->away;
	struct slice line;
	uint64_t octets;

	if (v == NULL || (!s->idling && notify_asked(s) == NULL))
		return;
	while (s->away == v && !visit_has_ended(v)) {
		if (visit_read(v).len == 0) {
			idle_on(s);
			return;
		}
		if (!is_ok(visit_line(v, &line, &octets)) ||
		    !is_ok(visit_pass_line(s, v, line, octets)))
			break;
	}
	visit_leave(s, v, OK);
}

static struct slice first_name(struct cursor *c)
{
	expect(c, ' ', "expected a mailbox");
	if (peek(c) == '(') { /* options of GETMETADATA */
		size_t end = slice_find(rest(c), S(") "));

		c->p = end == SLICE_NONE ? c->end : c->p + end + 2;
	}
	return parse_mailbox_utf8(c);
}

static struct slice second_name(struct cursor *c)
{
	expect(c, ' ', "expected a message set");
	parse_sequence_set(c);
	expect(c, ' ', "expected a space behind the message set");
	return parse_mailbox_utf8(c);
}

static struct err run_there(struct session *s, struct visit *v,
                            struct slice args, struct slice name)
{
	struct err e;

	if (selects(s))
		return select_there(s, v, name);
	if (is_run_by(s, cmd_close) || is_run_by(s, cmd_unselect))
		return close_there(s, v);
	if (is_run_by(s, cmd_idle) && args.len == 0)
		return idle_there(s, v);
	e = forward(s, v);
	/* that the mailbox is closed is all there is to tell */
	if (is_run_by(s, cmd_noop) && e.code == ERR_UNAVAILABLE)
		return OK;
	return e;
}

/* Of "* MYRIGHTS name rights" the last word, up to "c" and "d", which say no
 * more than that there are some of those that they stand for. */
static struct slice plain_letters(struct slice line)
{
	struct slice letters = slice_from(slice_first(line, line.len - 2),
	                                  slice_rfind_byte(line, ' ') + 1);
	size_t n = 0;

	while (n < letters.len && letters.ptr[n] != 'c' &&
	       letters.ptr[n] != 'd')
		n++;
	return slice_first(letters, n);
}

static struct err read_rights(struct visit *v, struct slice line,
                              uint64_t octets, unsigned *rights)
{
	struct err e = OK;
	struct slice some;

	while (octets != 0 && is_ok(e)) {
		while (octets != 0 && is_ok(e))
			e = visit_octets(v, &octets, &some);
		if (is_ok(e))
			e = visit_line(v, &line, &octets);
	}
	if (is_ok(e))
		rights_read(plain_letters(line), rights);
	return e;
}

static struct err ask_rights(struct session *s, struct visit *v,
                             unsigned *rights)
{
	struct slice line;
	uint64_t octets;
	struct err e;

	*rights = 0;
	for (;;) {
		e = visit_line(v, &line, &octets);
		if (!is_ok(e) || visit_is_tagged(line, S(ERRAND)))
			return e;
		if (slice_starts(line, S("* MYRIGHTS ")))
			e = read_rights(v, line, octets, rights);
		else
			e = visit_pass_line(s, v, line, octets);
		if (!is_ok(e))
			return e;
	}
}

static struct err rights_there(struct session *s, struct visit *v,
                               struct slice name, unsigned *rights)
{
	struct buf text = { 0 };
	struct err e;

	buf_add(&text, S(ERRAND " MYRIGHTS "));
	reply_mailbox(&text, name, has_utf8(s));
	buf_add(&text, S("\r\n"));
	e = visit_say(v, buf_slice(&text));
	buf_free(&text);
	if (is_ok(e))
		e = ask_rights(s, v, rights);
	return is_ok(e) ? OK : visit_leave(s, v, e);
}

struct err visit_may_move(struct session *s, struct visit *v)
{
	struct slice said = S("");
	struct err e = visit_say(v, S(ERRAND " REMOVE\r\n"));

	e = is_ok(e) ? visit_answer(s, v, S(ERRAND), &said)
	             : visit_leave(s, v, e);
	if (!is_ok(e) || slice_starts(said, S("OK")))
		return e;
	return visit_result(s, said);
}

bool visit_knows(struct session *s, struct slice name)
{
	unsigned rights = 0;
	struct visit *v;
	struct err e = visit_to(s, name, &v);

	if (is_ok(e))
		e = rights_there(s, v, name, &rights);
	return is_ok(e) ? rights != 0 : e.code != ERR_NONEXISTENT;
}

void visit_look(struct session *s)
{
	if (s->away != NULL && visit_has_ended(s->away))
		visit_leave(s, s->away, OK);
}

void visit_news(struct session *s)
{
	struct visit *v = s->away;
	struct slice said;
	struct err e;

	if (v == NULL || v->heard == s->commands)
		return;
	e = visit_say(v, s->tag);
	if (is_ok(e))
		e = visit_say(v, S(" NOOP\r\n"));
	if (is_ok(e))
		visit_answer(s, v, s->tag, &said);
	else
		visit_leave(s, v, e);
}

bool visit_takes(struct session *s, struct slice args, struct err *result)
{
	bool about_selected = (s->command->states == ST_SELECTED ||
	                       s->command->rules & CMD_AWAY) &&
	                      !(s->command->rules & CMD_HERE);
	unsigned names = s->command->rules & (CMD_NAMES | CMD_NAMES_SECOND);
	struct cursor c = args_cursor(s, args);
	struct slice name = S("");
	struct visit *v = NULL;

	/* every owner's name has an '@' */
	if (s->away == NULL && slice_find_byte(args, '@') == SLICE_NONE)
		return false;
	if (selects(s) && select_is_bad(s, args)) /* it will be said here */
		return false;
	if (names & CMD_NAMES)
		name = first_name(&c);
	else if (names)
		name = second_name(&c);
	*result = visit_to(s, is_ok(c.e) ? name : S(""), &v);
	if (!is_ok(*result)) {
		if (selects(s))
			leave_selected(s);
		/* as of a mailbox that is missing from an account */
		if (names & CMD_NAMES_SECOND && result->code == ERR_NONEXISTENT)
			*result =
				err(ERR_TRYCREATE, "there is no such mailbox");
		return true;
	}
	if (names & CMD_NAMES_SECOND && v != s->away)
		*result =
			visit_copy(s, s->away, v, args, is_run_by(s, cmd_move));
	else if (v != NULL || (about_selected && s->away != NULL))
		*result = run_there(s, v != NULL ? v : s->away, args, name);
	else
		return false;
	return true;
}
