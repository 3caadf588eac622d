/* peer.c -- what a client hears is taken line by line, and believed to be. */
#include "peer.h"

#include <stdlib.h>

#include "base/ascii.h"
#include "mailbox/mailbox.h"

void must(bool holds)
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

void peer_start(struct peer *p, const struct session_config *config,
                uint64_t account)
{
	struct session_start start = {
		.config = config,
		.io = { peer_read, peer_write, p },
		.session_id = S("0"),
		.wake = peer_wake,
	};

	if (!is_ok(account_open(config->model, account, &start.account)))
		abort();
	p->session = session_new(&start);
}

void peer_say(struct peer *p, struct slice bytes)
{
	p->in = bytes;
	if (!p->over)
		p->over = session_run(p->session) != SESSION_WAITING;
	check_said(p);
}

void peer_end(struct peer *p)
{
	session_free(p->session);
	buf_free(&p->out);
}

void inbox_add(struct model *model, struct account *account)
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
