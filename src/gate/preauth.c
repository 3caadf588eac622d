/*
 * preauth.c -- where a command or a response ends, and whose turn it is.
 *
 *      ┌────────────┐ AUTHENTICATE   ┌──────────┐ a line
 *      │  COMMAND   ├───────────────►│ RESPONSE ├──────┐
 *      └─┬────▲───┬─┘◄───────────────┴──▲───────┘      │
 *        │    │   │         "*"         │ challenge    │
 *        │    │   └──── LOGIN ────► VERIFYING ◄────────┘
 *        │ line end ◄─────────────────┘ refused
 *        ▼    │
 *      SKIPPING (the rest of a line that was too long)
 *
 * and from everywhere to OVER.
 */
#include "gate/preauth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "gate/preauth_internal.h"

enum { FOREIGN_LINE = 1024 }; /* of the first line, looked at for HTTP */

static void wipe_free(char *p, size_t size)
{
	if (p == NULL)
		return;
	mem_wipe(p, size);
	free(p);
}

static void open_scratch(struct preauth *p)
{
	p->scratch = mem_resize(NULL, PREAUTH_SCRATCH, 1);
	p->scratch_len = 0;
}

/* While the client thinks, nothing secret is kept. */
static void close_scratch(struct preauth *p)
{
	wipe_free(p->scratch, p->scratch_len);
	p->scratch = NULL;
	p->scratch_len = 0;
	p->login.response = S("");
}

/* Drops n bytes from the front; nothing of them stays in memory. */
static void drop(struct preauth *p, size_t n)
{
	p->cutter = (struct preauth_cutter){ 0 };
	p->in_len -= n;
	if (p->in_len == 0) {
		wipe_free(p->in, n);
		p->in = NULL;
		return;
	}
	memmove(p->in, p->in + n, p->in_len);
	mem_wipe(p->in + p->in_len, n);
}

/* IMAP4rev1 first, as after log-in: there are clients that know no other and
 * look no further. Behind it what it is hidden as, if it can be. */
static const struct {
	struct slice name;
	struct slice hidden_as;
} capabilities[] = {
	{ N("IMAP4rev1"), N("") },
	{ N("IMAP4rev2"), N("IMAP4rev2") },
	{ N("LITERAL-"), N("LITERAL+") },
	{ N("SASL-IR"), N("") },
	{ N("ID"), N("ID") },
	{ N("ENABLE"), N("ENABLE") },
};

enum { CAPABILITIES = sizeof capabilities / sizeof *capabilities };

uint32_t preauth_hidden(struct slice names)
{
	uint32_t hidden = 0;
	struct slice name;

	while (names.len != 0) {
		slice_cut(names, ' ', &name, &names);
		for (size_t i = 0; i < CAPABILITIES; i++)
			if (name.len != 0 &&
			    slice_eq(name, capabilities[i].hidden_as))
				hidden |= UINT32_C(1) << i;
	}
	return hidden;
}

void preauth_add_capabilities(struct preauth *p)
{
	const struct preauth_options *o = &p->options;

	buf_add(&p->out, S("CAPABILITY"));
	for (size_t i = 0; i < CAPABILITIES; i++) {
		if (o->hidden >> i & 1)
			continue;
		buf_byte(&p->out, ' ');
		buf_add(&p->out, capabilities[i].name);
	}
	if (o->starttls && !o->tls)
		buf_add(&p->out, S(" STARTTLS"));
	if (!o->may_login)
		buf_add(&p->out, S(" LOGINDISABLED"));
	for (int m = 0; o->may_login && m < SASL_MECHANISMS; m++) {
		if ((o->mechanisms & sasl_bit((enum sasl)m)) == 0)
			continue;
		buf_add(&p->out, S(" AUTH="));
		buf_add(&p->out, sasl_mechanisms[m].name);
	}
}

void preauth_add_tagged(struct preauth *p, const char *status, const char *text)
{
	buf_add(&p->out,
	        p->tag_len != 0 ? slice_of(p->tag, p->tag_len) : S("*"));
	buf_printf(&p->out, " %s %s\r\n", status, text);
}

void preauth_bye(struct preauth *p, const char *text)
{
	if (p->state == STATE_OVER)
		return;
	buf_printf(&p->out, "* BYE %s\r\n", text);
	p->state = STATE_OVER;
}

void preauth_bad(struct preauth *p, const char *text)
{
	preauth_add_tagged(p, "BAD", text);
	if (++p->bad >= LIMIT_PREAUTH_BAD)
		preauth_bye(p, "too many bad commands");
}

static void set_tag(struct preauth *p, struct slice tag)
{
	p->tag_len = tag.len;
	if (tag.len != 0)
		memcpy(p->tag, tag.ptr, tag.len);
}

/* The command is copied out of the input first, so that STARTTLS sees
 * what stands behind it and nothing refers to bytes that move. */
static void run_command(struct preauth *p, size_t len)
{
	struct preauth_command c;
	struct err e;

	open_scratch(p);
	p->scratch_len = 2 * len;
	memcpy(p->scratch, p->in, len);
	drop(p, len);
	e = preauth_parse(slice_of(p->scratch, len), p->scratch + len, &c);
	set_tag(p, c.tag);
	if (is_ok(e))
		preauth_run(p, &c);
	else
		preauth_bad(p, e.text);
	if (p->state != STATE_VERIFYING)
		close_scratch(p);
}

static struct slice input(const struct preauth *p)
{
	return slice_of(p->in, p->in_len);
}

static void take_command(struct preauth *p, size_t len)
{
	/* People press return to see whether somebody is there. */
	if (slice_trim(slice_first(input(p), len)).len == 0) {
		drop(p, len);
		return;
	}
	if (++p->commands > LIMIT_PREAUTH_COMMANDS)
		preauth_bye(p, "too many commands before the log-in");
	else
		run_command(p, len);
}

static void refuse_long_line(struct preauth *p, const char *text)
{
	drop(p, p->cutter.line);
	p->state = STATE_SKIPPING;
	preauth_bad(p, text);
}

static bool is_foreign(const struct preauth *p)
{
	struct slice line = slice_first(input(p), FOREIGN_LINE);

	return p->commands == 0 && preauth_is_foreign(slice_first(
					   line, slice_find_byte(line, '\n')));
}

/* The three advance functions return false when they need more input. */
static bool advance_command(struct preauth *p)
{
	size_t len;

	if (is_foreign(p)) {
		p->state = STATE_OVER;
		return true;
	}
	switch (preauth_cut(&p->cutter, input(p), &len)) {
	case CUT_COMMAND:
		take_command(p, len);
		return true;
	case CUT_CONTINUE:
		buf_add(&p->out, S("+ go on\r\n"));
		return true;
	case CUT_TOO_LONG:
		set_tag(p, preauth_parse_tag(input(p)));
		refuse_long_line(p, "line is too long");
		return true;
	case CUT_TOO_BIG:
		set_tag(p, preauth_parse_tag(input(p)));
		preauth_add_tagged(p, "NO [LIMIT]", "literal is too big");
		drop(p, len);
		p->commands++;
		return true;
	case CUT_FLOOD:
		preauth_bye(p, "[TOOBIG] literal is too big");
		return true;
	case CUT_MORE:
		break;
	}
	return false;
}

static bool advance_skipping(struct preauth *p)
{
	size_t lf = slice_find_byte(input(p), '\n');

	if (lf == SLICE_NONE) {
		drop(p, p->in_len);
		return false;
	}
	drop(p, lf + 1);
	p->state = STATE_COMMAND;
	return true;
}

static void take_response(struct preauth *p, struct slice line)
{
	if (slice_eq(line, S("*"))) {
		p->state = STATE_COMMAND;
		preauth_add_tagged(p, "BAD", "AUTHENTICATE cancelled");
		return;
	}
	open_scratch(p);
	preauth_response(p, line);
	if (p->state != STATE_VERIFYING)
		close_scratch(p);
}

static bool advance_response(struct preauth *p)
{
	size_t lf = slice_find_byte(input(p), '\n');
	struct slice line = slice_first(input(p), lf);

	if (slice_ends(line, S("\r")))
		line.len--;
	if (line.len > LIMIT_SASL_LINE) {
		refuse_long_line(p, "response is too long");
		return true;
	}
	if (lf == SLICE_NONE)
		return false;
	take_response(p, line);
	drop(p, lf + 1);
	return true;
}

enum preauth_event preauth_next(struct preauth *p)
{
	bool has_more = true;

	while (has_more) {
		switch (p->state) {
		case STATE_COMMAND:
			has_more = advance_command(p);
			break;
		case STATE_SKIPPING:
			has_more = advance_skipping(p);
			break;
		case STATE_RESPONSE:
			has_more = advance_response(p);
			break;
		case STATE_VERIFYING:
			return PREAUTH_VERIFY;
		case STATE_TLS:
			return PREAUTH_STARTTLS;
		case STATE_OVER:
			return PREAUTH_OVER;
		}
	}
	return PREAUTH_INPUT;
}

struct preauth *preauth_new(const struct preauth_options *options, bool greet)
{
	struct preauth *p = mem_new(1, sizeof *p);

	p->options = *options;
	if (!greet)
		return p;
	buf_add(&p->out, S("* OK ["));
	preauth_add_capabilities(p);
	buf_add(&p->out, S("] "));
	buf_add(&p->out, options->hostname);
	buf_add(&p->out, S(" roost ready\r\n"));
	return p;
}

void preauth_free(struct preauth *p)
{
	if (p == NULL)
		return;
	close_scratch(p);
	wipe_free(p->in, p->in_len);
	buf_free(&p->out);
	buf_free(&p->client_id);
	free(p);
}

char *preauth_room(struct preauth *p, size_t *size)
{
	if (p->in == NULL)
		p->in = mem_resize(NULL, PREAUTH_BUFFER, 1);
	*size = PREAUTH_BUFFER - p->in_len;
	if (*size > PREAUTH_READ)
		*size = PREAUTH_READ;
	return p->in + p->in_len;
}

void preauth_took(struct preauth *p, size_t n)
{
	assert(n <= PREAUTH_BUFFER - p->in_len);
	p->in_len += n;
	p->received += n;
	if (p->in_len == 0)
		drop(p, 0);
	if (p->received > LIMIT_PREAUTH_INPUT)
		preauth_bye(p, "too much before the log-in");
}

void preauth_challenge(struct preauth *p, struct slice challenge)
{
	assert(p->state == STATE_VERIFYING);
	p->login.is_first = false;
	preauth_ask(p, challenge);
}

void preauth_ask(struct preauth *p, struct slice challenge)
{
	close_scratch(p);
	p->state = STATE_RESPONSE;
	/* an empty one keeps its space: RFC 9051 section 6.2.2 */
	buf_add(&p->out, S("+ "));
	base64_encode(challenge, &p->out);
	buf_add(&p->out, S("\r\n"));
}

/* What each cause is called, RFC 9051 section 7.1; the rest are our own
 * troubles. */
static const char *const refusals[ERR_CODES] = {
	[ERR_AUTHENTICATIONFAILED] = "NO [AUTHENTICATIONFAILED]",
	[ERR_AUTHORIZATIONFAILED] = "NO [AUTHORIZATIONFAILED]",
	[ERR_CONTACTADMIN] = "NO [CONTACTADMIN]",
	[ERR_EXPIRED] = "NO [EXPIRED]",
	[ERR_PRIVACYREQUIRED] = "NO [PRIVACYREQUIRED]",
	[ERR_LIMIT] = "NO [LIMIT]",
};

static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 32 || s.ptr[i] == 127)
			return false;
	}
	return s.len != 0 && s.len < 200;
}

void preauth_refuse(struct preauth *p, enum err_code code, struct slice text)
{
	const char *status = code < ERR_CODES ? refusals[code] : NULL;
	char cstr[200] = "log-in failed";

	assert(p->state == STATE_VERIFYING);
	if (is_text(text)) {
		memcpy(cstr, text.ptr, text.len);
		cstr[text.len] = '\0';
	}
	p->state = STATE_COMMAND;
	close_scratch(p);
	preauth_add_tagged(p, status != NULL ? status : "NO [UNAVAILABLE]",
	                   cstr);
	if (++p->failures >= LIMIT_LOGIN_FAILURES)
		preauth_bye(p, "too many failed log-ins");
}

struct buf *preauth_out(struct preauth *p)
{
	return &p->out;
}

const struct preauth_login *preauth_login(const struct preauth *p)
{
	return &p->login;
}

struct slice preauth_tag(const struct preauth *p)
{
	return slice_of(p->tag, p->tag_len);
}

struct slice preauth_client_id(const struct preauth *p)
{
	return buf_slice(&p->client_id);
}

struct slice preauth_rest(const struct preauth *p)
{
	return input(p);
}
