/*
 * lmtp.c -- the states of one connection.
 *
 *   ┌─────────┐ RCPT  ┌──────────┐
 *   │ COMMAND │──────►│ LOOKUP   │───► COMMAND
 *   └─┬──▲──▲─┘       └──────────┘
 *     │  │  └─ SKIPPING (the rest of a line that was too long)
 *     │  └──────────────── RESETTING ◄──────────┐
 *     │ DATA                                     │ reported
 *     └─► OPENING ──► DATA ──CRLF.CRLF──► DELIVERING
 *                      │ too big                 ▲
 *                      └─► ABORTING ──► SWALLOWING
 *
 * and from everywhere to OVER.
 */
#include "lmtp/lmtp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lmtp/dots.h"
#include "lmtp/lmtp_parse.h"

enum lmtp_state {
	STATE_COMMAND,
	STATE_SKIPPING,
	STATE_LOOKUP,
	STATE_OPENING,
	STATE_DATA,
	STATE_ABORTING,
	STATE_SWALLOWING,
	STATE_DELIVERING,
	STATE_RESETTING,
	STATE_OVER,
};

struct lmtp {
	struct slice hostname;
	uint64_t limit; /* bytes of a message */
	enum lmtp_state state;
	struct buf out;
	char *in; /* LMTP_BUFFER bytes, or NULL while there are none */
	size_t in_len;
	char *piece; /* LMTP_BUFFER + 1 bytes, or NULL outside a message */
	size_t piece_len;
	struct dots dots;
	uint64_t size; /* of the message so far */
	bool greeted;
	bool has_sender;
	bool smtputf8;
	bool stopping;
	unsigned bad; /* refused commands in a row */
	struct buf sender;
	struct buf recipient;                   /* being looked up */
	size_t n;                               /* recipients */
	uint8_t results[LIMIT_LMTP_RECIPIENTS]; /* enum err_code each */
};

static void reply(struct lmtp *l, const char *text)
{
	buf_printf(&l->out, "%s\r\n", text);
}

void lmtp_end(struct lmtp *l, const char *text)
{
	if (l->state == STATE_OVER)
		return;
	buf_printf(&l->out, "421 %s\r\n", text);
	l->state = STATE_OVER;
}

static void refuse(struct lmtp *l, const char *text)
{
	reply(l, text);
	if (++l->bad >= LIMIT_BAD)
		lmtp_end(l, "4.7.0 too many bad commands");
}

static void drop(struct lmtp *l, size_t n)
{
	l->in_len -= n;
	if (l->in_len == 0) {
		free(l->in);
		l->in = NULL;
	} else {
		memmove(l->in, l->in + n, l->in_len);
	}
}

static void forget_transaction(struct lmtp *l)
{
	buf_free(&l->sender);
	buf_free(&l->recipient);
	free(l->piece);
	l->piece = NULL;
	l->piece_len = 0;
	l->has_sender = false;
	l->smtputf8 = false;
	l->n = 0;
}

static void do_lhlo(struct lmtp *l, const struct lmtp_command *c)
{
	(void)c;
	l->greeted = true;
	buf_add(&l->out, S("250-"));
	buf_add(&l->out, l->hostname);
	buf_printf(&l->out,
	           "\r\n250-PIPELINING\r\n250-SIZE %llu\r\n250-8BITMIME\r\n"
	           "250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n",
	           (unsigned long long)l->limit);
	l->state = STATE_RESETTING;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (ascii_is_8bit(s.ptr[i]))
			return false;
	}
	return true;
}

static void do_mail(struct lmtp *l, const struct lmtp_command *c)
{
	if (!l->greeted) {
		refuse(l, "503 5.5.1 say LHLO first");
	} else if (l->has_sender) {
		refuse(l, "503 5.5.1 there is a sender already");
	} else if (c->size > l->limit) {
		refuse(l, "552 5.3.4 the message is too big");
	} else if (!c->smtputf8 && !is_ascii(c->path)) {
		refuse(l, "553 5.6.7 that address needs SMTPUTF8");
	} else {
		l->has_sender = true;
		l->smtputf8 = c->smtputf8;
		buf_add(&l->sender, c->path);
		reply(l, "250 2.1.0 ok");
	}
}

static void do_rcpt(struct lmtp *l, const struct lmtp_command *c)
{
	if (!l->has_sender) {
		refuse(l, "503 5.5.1 say MAIL first");
	} else if (l->n == LIMIT_LMTP_RECIPIENTS) {
		reply(l, "452 4.5.3 too many recipients");
	} else if (!l->smtputf8 && !is_ascii(c->path)) {
		refuse(l, "553 5.6.7 that address needs SMTPUTF8");
	} else {
		buf_free(&l->recipient);
		l->recipient.len = lmtp_unquote(
			c->path, buf_room(&l->recipient, c->path.len));
		l->state = STATE_LOOKUP;
	}
}

static void do_data(struct lmtp *l, const struct lmtp_command *c)
{
	(void)c;
	if (l->n == 0) {
		refuse(l, "503 5.5.1 no valid recipients");
		return;
	}
	memset(l->results, ERR_UNAVAILABLE, l->n);
	l->dots = (struct dots){ 0 };
	l->size = 0;
	l->piece = mem_resize(NULL, LMTP_BUFFER + 1, 1);
	reply(l, "354 end with CRLF.CRLF");
	l->state = STATE_OPENING;
}

static void do_rset(struct lmtp *l, const struct lmtp_command *c)
{
	(void)c;
	reply(l, "250 2.0.0 ok");
	l->state = STATE_RESETTING;
}

static void do_noop(struct lmtp *l, const struct lmtp_command *c)
{
	(void)c;
	reply(l, "250 2.0.0 ok");
}

static void do_vrfy(struct lmtp *l, const struct lmtp_command *c)
{
	(void)c;
	reply(l, "252 2.5.2 send it and see");
}

static void do_quit(struct lmtp *l, const struct lmtp_command *c)
{
	(void)c;
	reply(l, "221 2.0.0 until next time");
	l->state = STATE_OVER;
}

static void (*const commands[])(struct lmtp *, const struct lmtp_command *) = {
	[LMTP_LHLO] = do_lhlo, [LMTP_MAIL] = do_mail, [LMTP_RCPT] = do_rcpt,
	[LMTP_DATA] = do_data, [LMTP_RSET] = do_rset, [LMTP_NOOP] = do_noop,
	[LMTP_VRFY] = do_vrfy, [LMTP_QUIT] = do_quit,
};

static void run_line(struct lmtp *l, struct slice line)
{
	struct lmtp_command c;
	const char *refused;
	unsigned bad = l->bad;

	if (!slice_ends(line, S("\r"))) {
		refuse(l, "500 5.5.2 a line ends in CRLF");
		return;
	}
	line.len--;
	refused = lmtp_parse(line, &c);
	if (refused != NULL)
		refuse(l, refused);
	else
		commands[c.verb](l, &c);
	if (l->bad == bad)
		l->bad = 0;
}

/* The advance functions return false when they need more input. */
static bool advance_command(struct lmtp *l)
{
	struct slice in = slice_of(l->in, l->in_len);
	size_t lf = slice_find_byte(in, '\n');

	if (l->stopping) {
		lmtp_end(l, "4.3.2 the server is going down");
		return true;
	}
	if (lf > LIMIT_LMTP_LINE && in.len > LIMIT_LMTP_LINE) {
		l->state = STATE_SKIPPING;
		refuse(l, "500 5.5.2 line is too long");
		return true;
	}
	if (lf == SLICE_NONE)
		return false;
	run_line(l, slice_first(in, lf));
	drop(l, lf + 1);
	return true;
}

static bool advance_skipping(struct lmtp *l)
{
	size_t lf = slice_find_byte(slice_of(l->in, l->in_len), '\n');

	if (lf == SLICE_NONE) {
		drop(l, l->in_len);
		return false;
	}
	drop(l, lf + 1);
	l->state = STATE_COMMAND;
	return true;
}

/* The end of the message has been seen. */
static void finish_message(struct lmtp *l)
{
	if (l->state == STATE_DATA)
		l->state = STATE_DELIVERING;
	else
		lmtp_report(l);
}

/* What has come of the message is undone into the piece. */
static bool advance_message(struct lmtp *l)
{
	size_t used;

	l->piece_len = 0;
	if (l->dots.at == DOTS_END) {
		finish_message(l);
		return true;
	}
	if (l->in_len == 0)
		return false;
	used = dots_undo(&l->dots, slice_of(l->in, l->in_len), l->piece,
	                 &l->piece_len);
	drop(l, used);
	l->size += l->piece_len;
	if (l->state == STATE_DATA && l->size > l->limit)
		l->state = STATE_ABORTING;
	return true;
}

static void abort_message(struct lmtp *l)
{
	memset(l->results, ERR_TOOBIG, l->n);
	l->state = STATE_SWALLOWING;
}

enum lmtp_event lmtp_next(struct lmtp *l)
{
	bool has_more = true;

	while (has_more) {
		switch (l->state) {
		case STATE_COMMAND:
			has_more = advance_command(l);
			break;
		case STATE_SKIPPING:
			has_more = advance_skipping(l);
			break;
		case STATE_LOOKUP:
			return LMTP_LOOKUP;
		case STATE_OPENING:
			l->state = STATE_DATA;
			return LMTP_OPEN;
		case STATE_DATA:
			has_more = advance_message(l);
			if (l->state == STATE_DATA && l->piece_len != 0)
				return LMTP_PIECE;
			break;
		case STATE_ABORTING:
			abort_message(l);
			return LMTP_ABORT;
		case STATE_SWALLOWING:
			has_more = advance_message(l);
			break;
		case STATE_DELIVERING:
			return LMTP_DELIVER;
		case STATE_RESETTING:
			forget_transaction(l);
			l->state = STATE_COMMAND;
			return LMTP_RESET;
		case STATE_OVER:
			return LMTP_OVER;
		}
	}
	return LMTP_INPUT;
}

struct lmtp *lmtp_new(struct slice hostname, uint64_t message_limit_bytes)
{
	struct lmtp *l = mem_new(1, sizeof *l);

	l->hostname = hostname;
	l->limit = message_limit_bytes;
	buf_add(&l->out, S("220 "));
	buf_add(&l->out, hostname);
	buf_add(&l->out, S(" roost LMTP ready\r\n"));
	return l;
}

void lmtp_free(struct lmtp *l)
{
	if (l == NULL)
		return;
	forget_transaction(l);
	buf_free(&l->out);
	free(l->in);
	free(l);
}

char *lmtp_room(struct lmtp *l, size_t *size)
{
	if (l->in == NULL)
		l->in = mem_resize(NULL, LMTP_BUFFER, 1);
	*size = LMTP_BUFFER - l->in_len;
	return l->in + l->in_len;
}

void lmtp_took(struct lmtp *l, size_t n)
{
	assert(n <= LMTP_BUFFER - l->in_len);
	l->in_len += n;
	if (l->in_len == 0)
		drop(l, 0);
}

struct buf *lmtp_out(struct lmtp *l)
{
	return &l->out;
}

struct slice lmtp_recipient(const struct lmtp *l)
{
	return buf_slice(&l->recipient);
}

void lmtp_found(struct lmtp *l, enum err_code code)
{
	assert(l->state == STATE_LOOKUP);
	l->state = STATE_COMMAND;
	if (code == ERR_OK) {
		l->n++;
		reply(l, "250 2.1.5 ok");
	} else if (code == ERR_ABSENT) {
		reply(l, "550 5.1.1 there is no such user here");
	} else if (code == ERR_CONTACTADMIN) {
		reply(l, "450 4.2.1 the mailbox takes nothing for now");
	} else {
		reply(l, "451 4.3.0 users can't be looked up now");
	}
}

struct slice lmtp_sender(const struct lmtp *l)
{
	return buf_slice(&l->sender);
}

size_t lmtp_recipients(const struct lmtp *l)
{
	return l->n;
}

struct slice lmtp_piece(const struct lmtp *l)
{
	return slice_of(l->piece, l->piece_len);
}

void lmtp_result(struct lmtp *l, size_t recipient, enum err_code code)
{
	assert(recipient < l->n);
	l->results[recipient] = (uint8_t)code;
}

/* Everything else is a trouble of ours that may pass: the MTA tries again. */
static const char *const results[ERR_CODES] = {
	[ERR_OK] = "250 2.0.0 delivered",
	[ERR_NONEXISTENT] = "550 5.1.1 there is no such user here",
	[ERR_ABSENT] = "550 5.1.1 there is no such user here",
	[ERR_OVERQUOTA] = "452 4.2.2 the mailbox is full",
	[ERR_NOSPACE] = "452 4.3.1 there is no room left",
	[ERR_TOOBIG] = "552 5.3.4 the message is too big",
};

void lmtp_report(struct lmtp *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const char *text = l->results[i] < ERR_CODES
		                           ? results[l->results[i]]
		                           : NULL;

		reply(l, text != NULL ? text
		                      : "451 4.3.0 it can't be delivered now");
	}
	l->state = STATE_RESETTING;
}

void lmtp_stop(struct lmtp *l)
{
	l->stopping = true;
}
