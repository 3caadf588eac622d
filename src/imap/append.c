/*
 * append.c -- APPEND of one or many messages. RFC 9051 section 6.3.12,
 * RFC 3502, RFC 4315
 *
 * The messages stream into the store's spools while they arrive. What can be
 * refused is refused when a literal is announced, before its octets come:
 * a missing mailbox, a message that is empty, too large or over quota. The
 * command itself then appends all of them, or none.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "imap/internal.h"

/* The messages that have arrived; all but the last are finished. */
struct append {
	uint64_t bytes;
	size_t n;
	struct incoming *messages[LIMIT_APPEND_MESSAGES];
};

void append_free(struct session *s)
{
	if (s->append == NULL)
		return;
	for (size_t i = 0; i < s->append->n; i++)
		incoming_free(s->append->messages[i]);
	free(s->append);
	s->append = NULL;
}

/* -- grammar -- */

struct append_message {
	struct flag_list flags;
	bool has_date;
	struct date_time date;
};

struct append_request {
	struct slice mailbox;
	struct append_message *messages;
	size_t n;
	bool wants_message; /* the text ends where a message must follow */
};

/* append-message = append-opts SP append-data
 * append-opts    = [SP flag-list] [SP date-time]
 * append-data    = literal / literal8, one NUL in the text */
static void parse_append_message(struct cursor *c, struct append_request *r)
{
	struct append_message m = { 0 };

	expect(c, ' ', "expected a message");
	if (take(c, '(')) {
		m.flags = parse_flag_list(c);
		expect(c, ' ', "expected a space behind the flags");
	}
	if (peek(c) == '"') {
		m.has_date = true;
		m.date = parse_date_time(c);
		expect(c, ' ', "expected a space behind the date");
	}
	if (is_ok(c->e) && at_end(c)) {
		r->wants_message = true;
		return;
	}
	expect(c, '\0', "expected a message as a literal");
	r->messages[r->n++] = m;
}

/* append = "APPEND" SP mailbox 1*append-message */
static void parse_append(struct cursor *c, struct append_request *r)
{
	size_t most = 1;

	*r = (struct append_request){ 0 };
	expect(c, ' ', "expected a mailbox");
	r->mailbox = parse_mailbox(c);
	for (const char *p = c->p; p != c->end; p++)
		most += *p == '\0';
	r->messages = arena_array(c->arena, most, sizeof *r->messages);
	do {
		parse_append_message(c, r);
	} while (!at_end(c));
}

/* -- while it arrives -- */

/* What stands before the first message; or another command's literal, or the
 * name of APPEND's mailbox: then no message is wanted. */
static struct err parse_before_first(struct cursor *c,
                                     struct append_request *out)
{
	parse_tag(c);
	expect(c, ' ', "expected a command behind the tag");
	if (!take_word(c, S("APPEND ")) || at_end(c))
		return OK;
	c->p--;
	parse_append(c, out);
	return c->e;
}

/* What stands before has been parsed, with the messages that are there. */
static struct err parse_before_next(struct cursor *c,
                                    struct append_request *out)
{
	c->p += slice_rfind_byte(rest(c), '\0') + 1;
	parse_append_message(c, out);
	return c->e;
}

static struct err check_mailbox(struct session *s, struct slice name)
{
	struct mailbox_status status;
	struct err e = mailbox_status(s->account, name, &status);

	if (e.code == ERR_NONEXISTENT)
		return err(ERR_TRYCREATE, "there is no such mailbox");
	return e;
}

static struct err check_message(struct session *s,
                                const struct frame_literal *l)
{
	const struct append *a = s->append;
	uint64_t bytes = a != NULL ? a->bytes : 0;
	size_t n = a != NULL ? a->n : 0;

	if (l->literal8 && !is_rev2(s))
		return err(ERR_SYNTAX, "literal8 is not allowed here");
	if (l->size == 0)
		return err(ERR_NO, "message is empty");
	if (l->size > s->config->message_limit_bytes)
		return err(ERR_TOOBIG, "message is too large");
	if (n == LIMIT_APPEND_MESSAGES ||
	    (n != 0 && bytes + l->size > LIMIT_APPEND_BYTES))
		return err(ERR_LIMIT, "too many messages at once");
	return account_has_room(s->account, bytes + l->size, n + 1);
}

static void begin_message(struct session *s, uint64_t size)
{
	if (s->append == NULL)
		s->append = mem_new(1, sizeof *s->append);
	s->append->messages[s->append->n++] = incoming_new(s->config->model);
	s->append->bytes += size;
}

struct err append_literal(struct session *s, const struct frame_literal *l,
                          enum frame_sink *sink)
{
	struct arena *arena = arena_new(LIMIT_COMMAND_ARENA);
	struct cursor c = cursor_of(l->text, arena, is_rev2(s));
	struct append_message next;
	struct append_request request = { .messages = &next };
	bool first = s->append == NULL;
	struct err e = first ? parse_before_first(&c, &request)
	                     : parse_before_next(&c, &request);

	*sink = command_takes_literal8(l->text) ? FRAME_TEXT8 : FRAME_TEXT;
	if (s->pending != NULL)
		e = err(ERR_SYNTAX, "expected DONE");
	if (is_ok(e) && request.wants_message) {
		e = check_message(s, l);
		if (is_ok(e) && first)
			e = check_mailbox(s, request.mailbox);
		if (is_ok(e))
			begin_message(s, l->size);
		*sink = FRAME_STREAM;
	}
	arena_free(arena);
	return e;
}

struct err append_octets(struct session *s, struct slice octets)
{
	struct append *a = s->append;

	return incoming_write(a->messages[a->n - 1], octets);
}

struct err append_end(struct session *s)
{
	struct append *a = s->append;

	return incoming_finish(a->messages[a->n - 1]);
}

/* -- when it is there -- */

static struct new_message *new_messages(struct session *s,
                                        const struct append_request *r)
{
	struct new_message *v = arena_array(s->arena, r->n, sizeof *v);
	int64_t now = s->config->clock->wall_s(s->config->clock);

	for (size_t i = 0; i < r->n; i++) {
		const struct append_message *m = &r->messages[i];

		v[i] = (struct new_message){
			.message = s->append->messages[i],
			.flags = m->flags.flags,
			.keywords = m->flags.keywords,
			.n_keywords = m->flags.n_keywords,
			.internaldate = m->has_date ? m->date.seconds : now,
			.zone = m->has_date ? m->date.zone : 0,
		};
	}
	return v;
}

static struct slice appenduid(struct session *s, struct mailbox *mailbox,
                              const uint32_t *uids, size_t n)
{
	struct mailbox_status status;
	struct uidset set = { 0 };
	struct buf text = { 0 };
	struct slice code;

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

static struct err settle(struct append *a)
{
	struct err e = OK;

	for (size_t i = 0; i < a->n && is_ok(e); i++)
		e = incoming_settle(a->messages[i]);
	return e;
}

static struct err append_run(struct session *s, const struct append_request *r)
{
	uint32_t *uids = arena_array(s->arena, r->n, sizeof *uids);
	struct mailbox *mailbox;
	struct err e = mailbox_open(s->account, r->mailbox, &mailbox);

	if (e.code == ERR_NONEXISTENT)
		return err(ERR_TRYCREATE, "there is no such mailbox");
	if (!is_ok(e))
		return e;
	e = settle(s->append);
	if (is_ok(e))
		e = mailbox_append(mailbox, new_messages(s, r), r->n, uids);
	if (e.code == ERR_NONEXISTENT)
		e = err(ERR_TRYCREATE, "the mailbox was deleted");
	if (is_ok(e))
		s->code = appenduid(s, mailbox, uids, r->n);
	mailbox_close(mailbox);
	return e;
}

struct err cmd_append(struct session *s, struct slice args)
{
	struct cursor c = args_cursor(s, args);
	struct append_request request;

	parse_append(&c, &request);
	if (is_ok(c.e) && request.wants_message)
		fail(&c, "expected a message as a literal");
	return is_ok(c.e) ? append_run(s, &request) : c.e;
}
