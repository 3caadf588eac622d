/*
 * session.c -- fuzzed: whole command streams against a real store. Whatever
 * comes in, the session goes on or ends in order (session_check and
 * view_check run after each round), and what it says are whole responses.
 *
 * A second session of the account looks on and asks NOOP: the message numbers
 * that either is told of are of messages that it knows, the onlooker's grow
 * fewer by EXPUNGE only, and in the end it knows as many as are there.
 *
 * Each input has an account of its own with two messages in INBOX.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "house.h"
#include "imap/session.h"
#include "mailbox/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
	struct slice in;
	struct buf out;
	struct session *session;
	bool over;
	bool looks_on;  /* INBOX, from its first command to its last */
	uint64_t knows; /* messages of the selected mailbox */
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* -- what it said -- */

/* Octets of the literal that the line announces at its end, or false. */
static bool announces(struct slice line, uint64_t *size)
{
	size_t at = line.len;

	if (!slice_ends(line, S("}")))
		return false;
	while (at > 0 && line.ptr[at - 1] != '{')
		at--;
	return at > 0 &&
	       slice_number(slice_from(slice_first(line, line.len - 1), at),
	                    size);
}

/* The next line, without its end; it has no other CR, LF or NUL. */
static struct slice take_line(struct slice *said)
{
	size_t n = slice_find_byte(*said, '\r');
	struct slice line = slice_first(*said, n);

	must(n != SLICE_NONE);
	*said = slice_from(*said, n);
	must(slice_starts(*said, S("\r\n")));
	*said = slice_from(*said, 2);
	must(slice_find_byte(line, '\n') == SLICE_NONE);
	must(slice_find_byte(line, '\0') == SLICE_NONE);
	return line;
}

/* The next response, with its literals; its first line. */
static struct slice take_response(struct slice *said)
{
	struct slice first = take_line(said);
	struct slice line = first;
	uint64_t size;

	while (announces(line, &size)) {
		must(size <= said->len);
		*said = slice_from(*said, size);
		line = take_line(said);
	}
	return first;
}

static void follow(struct peer *p, uint64_t n, struct slice what)
{
	if (slice_eq(what, S("EXISTS"))) {
		must(!p->looks_on || n >= p->knows);
		p->knows = n;
	} else if (slice_eq(what, S("EXPUNGE"))) {
		must(n >= 1 && n <= p->knows);
		p->knows--;
	} else if (slice_starts(what, S("FETCH ("))) {
		must(n >= 1 && n <= p->knows);
	} else if (slice_starts(what, S("UIDFETCH ("))) {
		must(n != 0 && !p->looks_on); /* RFC 9586 */
	} else {
		must(slice_eq(what, S("RECENT")));
	}
}

static void check_untagged(struct peer *p, struct slice text)
{
	struct slice word, what;
	uint64_t n;

	slice_cut(text, ' ', &word, &what);
	must(word.len != 0);
	if (slice_number(word, &n))
		follow(p, n, what);
	else
		must(ascii_is_alpha(*word.ptr));
}

static void check_tagged(struct slice tag, struct slice text)
{
	must(tag.len != 0);
	must(slice_starts(text, S("OK ")) || slice_starts(text, S("NO ")) ||
	     slice_starts(text, S("BAD ")));
}

/* Takes and checks everything that was said. */
static void check_said(struct peer *p)
{
	struct slice said = buf_slice(&p->out);

	while (said.len != 0) {
		struct slice line = take_response(&said);
		struct slice tag, text;

		slice_cut(line, ' ', &tag, &text);
		if (slice_eq(tag, S("*")))
			check_untagged(p, text);
		else if (!slice_eq(tag, S("+")))
			check_tagged(tag, text);
	}
	p->out.len = 0;
}

/* -- what it hears -- */

static struct err peer_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct peer *p = ctx;

	*got = p->in.len < size ? p->in.len : size;
	if (*got != 0)
		memcpy(to, p->in.ptr, *got);
	p->in = slice_from(p->in, *got);
	return OK;
}

static struct err peer_write(void *ctx, struct slice s)
{
	buf_add(&((struct peer *)ctx)->out, s);
	return OK;
}

static void peer_wake(void *arg)
{
	(void)arg;
}

static void add_message(struct model *model, struct account *account)
{
	struct new_message m = { .message = incoming_new(model) };
	struct mailbox *inbox;
	uint32_t uid;

	if (!is_ok(mailbox_open(account, S("INBOX"), &inbox)) ||
	    !is_ok(incoming_write(m.message,
	                          S("Subject: x\r\nFrom: a@example.org\r\n"
	                            "Content-Type: multipart/mixed; "
	                            "boundary=b\r\n\r\n--b\r\n\r\none\r\n"
	                            "--b\r\nContent-Type: message/rfc822"
	                            "\r\n\r\nSubject: y\r\n\r\ntwo\r\n"
	                            "--b--\r\n"))) ||
	    !is_ok(incoming_finish(m.message)) ||
	    !is_ok(mailbox_append(inbox, &m, 1, &uid)))
		abort();
	incoming_free(m.message);
	mailbox_close(inbox);
}

static void peer_start(struct peer *p, const struct session_config *config)
{
	struct session_start start = {
		.config = config,
		.io = { peer_read, peer_write, p },
		.session_id = S("0"),
		.wake = peer_wake,
	};

	if (!is_ok(account_open(config->model, HOUSE_ACCOUNT, &start.account)))
		abort();
	p->session = session_new(&start);
}

static void peer_say(struct peer *p, struct slice bytes)
{
	p->in = bytes;
	if (!p->over)
		p->over = session_run(p->session) != SESSION_WAITING;
	check_said(p);
}

static void peer_end(struct peer *p)
{
	session_free(p->session);
	buf_free(&p->out);
}

/* How many messages INBOX has for somebody who comes now. */
static uint64_t count_inbox(const struct session_config *config)
{
	struct peer p = { 0 };

	peer_start(&p, config);
	peer_say(&p, S("c EXAMINE INBOX\r\n"));
	peer_end(&p);
	return p.knows;
}

static void run_input(const struct session_config *config, struct slice bytes)
{
	struct peer one = { 0 };
	struct peer two = { .looks_on = true };

	peer_start(&one, config);
	peer_start(&two, config);
	peer_say(&two, S("b SELECT INBOX\r\n"));
	peer_say(&one, S("a SELECT INBOX\r\n"));
	while (bytes.len != 0) {
		struct slice piece = slice_first(bytes, 200);

		bytes = slice_from(bytes, piece.len);
		peer_say(&one, piece);
		peer_say(&two, S("b NOOP\r\n"));
	}
	must(two.over || two.knows == count_inbox(config));
	peer_end(&one);
	peer_end(&two);
}

static void run(struct model *model, struct slice input)
{
	struct session_config config = {
		.clock = &system_clock,
		.model = model,
		.message_limit_bytes = 1 << 16,
	};
	struct account *account;

	must(is_ok(account_open(model, HOUSE_ACCOUNT, &account)));
	add_message(model, account);
	add_message(model, account);
	account_close(account);
	run_input(&config, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	house_run(run, slice_of(data, size));
	return 0;
}
