/*
 * preauth.c -- what may be said before the log-in, and what is answered.
 *
 *      ┌────────────┐ AUTHENTICATE   ┌──────┐ response, "*"
 *      │  COMMAND   ├───────────────►│ SASL ├──────┐
 *      └─┬────▲───┬─┘◄───────────────┴──────┘      │
 *        │    │   └──── LOGIN ────► VERIFYING ◄────┘
 *        │ line end         ▲           │ refused
 *        ▼    │             └───────────┘
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
#include "base/unicode.h"
#include "gate/preauth_parse.h"

enum preauth_state {
	STATE_COMMAND,
	STATE_SKIPPING,
	STATE_SASL_PLAIN,
	STATE_SASL_USER,   /* mechanism LOGIN has asked for the name */
	STATE_SASL_SECRET, /* and for the password */
	STATE_VERIFYING,
	STATE_TLS,
	STATE_OVER,
};

enum {
	CLIENT_ID_SIZE = 1024,
	FOREIGN_LINE = 1024, /* of the first line, looked at for HTTP */
	/* a command, its strings unescaped, and what SASL decodes */
	SCRATCH_SIZE = 2 * LIMIT_PREAUTH_LINE + LIMIT_SASL_LINE,
};

struct preauth {
	struct preauth_options options;
	enum preauth_state state;
	struct preauth_cutter cutter;
	struct buf out;
	struct buf client_id;
	struct preauth_login login;
	char *in; /* PREAUTH_BUFFER bytes, or NULL while there are none */
	size_t in_len;
	size_t received; /* octets in all */
	char *scratch; /* SCRATCH_SIZE bytes while a command is run, or NULL */
	size_t scratch_len; /* written so far */
	unsigned commands;
	unsigned bad;
	unsigned failures;
	size_t tag_len;
	char tag[LIMIT_TAG];
};

static void wipe_free(char *p, size_t size)
{
	if (p == NULL)
		return;
	mem_wipe(p, size);
	free(p);
}

static void forget_command(struct preauth *p)
{
	wipe_free(p->scratch, p->scratch_len);
	p->scratch = NULL;
	p->scratch_len = 0;
	p->login = (struct preauth_login){ 0 };
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

static void add_capabilities(struct preauth *p)
{
	const struct preauth_options *o = &p->options;

	buf_add(&p->out, S("CAPABILITY IMAP4rev2 IMAP4rev1 LITERAL- SASL-IR "
	                   "ID ENABLE"));
	if (o->starttls && !o->tls)
		buf_add(&p->out, S(" STARTTLS"));
	buf_add(&p->out, o->may_login ? S(" AUTH=PLAIN AUTH=LOGIN")
	                              : S(" LOGINDISABLED"));
}

static void add_tagged(struct preauth *p, const char *status, const char *text)
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

static void answer_bad(struct preauth *p, const char *text)
{
	add_tagged(p, "BAD", text);
	if (++p->bad >= LIMIT_PREAUTH_BAD)
		preauth_bye(p, "too many bad commands");
}

static void do_capability(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	buf_add(&p->out, S("* "));
	add_capabilities(p);
	buf_add(&p->out, S("\r\n"));
	add_tagged(p, "OK", "CAPABILITY completed");
}

static void do_noop(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	add_tagged(p, "OK", "NOOP completed");
}

static void do_logout(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	preauth_bye(p, "until next time");
	add_tagged(p, "OK", "LOGOUT completed");
}

static void do_starttls(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	if (p->options.tls) {
		answer_bad(p, "TLS is active already");
		return;
	}
	if (!p->options.starttls) {
		answer_bad(p, "TLS is not available");
		return;
	}
	/* Whoever put them there can't be told from the client: they must
	 * be answered neither now nor behind the handshake. */
	if (p->in_len != 0) {
		answer_bad(p, "bytes behind STARTTLS");
		preauth_bye(p, "bytes behind STARTTLS");
		return;
	}
	add_tagged(p, "OK", "begin TLS now");
	p->state = STATE_TLS;
}

/* As a quoted string; what can't stand in one becomes "?". */
static void add_quoted(struct buf *out, struct slice s)
{
	buf_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '"' || c == '\\')
			buf_byte(out, '\\');
		buf_byte(out, c < 32 || c == 127 ? '?' : c);
	}
	buf_byte(out, '"');
}

static void remember_id(struct preauth *p, const struct preauth_id *id)
{
	struct buf *to = &p->client_id;

	buf_free(to);
	*to = buf_limit(CLIENT_ID_SIZE);
	buf_byte(to, '(');
	for (size_t i = 0; i < id->n; i++) {
		if (i != 0)
			buf_byte(to, ' ');
		add_quoted(to, id->key[i]);
		buf_byte(to, ' ');
		if (id->value[i].ptr == NULL)
			buf_add(to, S("NIL"));
		else
			add_quoted(to, id->value[i]);
	}
	buf_byte(to, ')');
	if (to->overflow || id->n == 0)
		buf_free(to);
}

/* Without our version, which a stranger has no need of. */
static void do_id(struct preauth *p, struct preauth_command *c)
{
	remember_id(p, &c->id);
	buf_add(&p->out, S("* ID (\"name\" \"roost\")\r\n"));
	add_tagged(p, "OK", "ID completed");
}

static bool is_login_allowed(struct preauth *p)
{
	if (!p->options.may_login)
		add_tagged(p, "NO [PRIVACYREQUIRED]", "start TLS first");
	return p->options.may_login;
}

static bool is_credential(struct slice s, size_t most)
{
	return s.len != 0 && s.len <= most && utf8_is_valid(s) &&
	       slice_find_byte(s, '\0') == SLICE_NONE;
}

static void verify(struct preauth *p)
{
	struct preauth_login *l = &p->login;

	l->hopeless = l->hopeless || !is_credential(l->user, LIMIT_USER_NAME) ||
	              !is_credential(l->secret, LIMIT_PASSWORD) ||
	              (l->authzid.len != 0 &&
	               !is_credential(l->authzid, LIMIT_USER_NAME));
	p->state = STATE_VERIFYING;
}

static void do_login(struct preauth *p, struct preauth_command *c)
{
	if (!is_login_allowed(p))
		return;
	p->login = (struct preauth_login){ .mechanism = S("LOGIN"),
		                           .user = c->user,
		                           .secret = c->secret };
	verify(p);
}

/* *out is in the scratch; false: that was no base64. */
static bool decode_response(struct preauth *p, struct slice line,
                            struct slice *out)
{
	struct buf plain = buf_limit(LIMIT_SASL_LINE);
	bool is_base64;

	/* all at once: growing would leave copies of it behind */
	buf_room(&plain, line.len);
	is_base64 = base64_decode(line, &plain);
	if (plain.len > SCRATCH_SIZE - p->scratch_len)
		plain.len = 0;
	*out = slice_of(p->scratch + p->scratch_len, plain.len);
	if (plain.len != 0)
		memcpy(p->scratch + p->scratch_len, plain.data, plain.len);
	p->scratch_len += plain.len;
	wipe_free(plain.data, plain.cap);
	return is_base64;
}

static void sasl_plain(struct preauth *p, struct slice response)
{
	struct preauth_login *l = &p->login;

	l->hopeless = !preauth_parse_plain(response, &l->authzid, &l->user,
	                                   &l->secret);
	verify(p);
}

static void sasl_user(struct preauth *p, struct slice response)
{
	p->login.user = response;
	p->state = STATE_SASL_SECRET;
	buf_add(&p->out, S("+ UGFzc3dvcmQ6\r\n")); /* "Password:" */
}

static void sasl_secret(struct preauth *p, struct slice response)
{
	p->login.secret = response;
	verify(p);
}

static const struct mechanism {
	struct slice name;
	struct slice challenge;
	enum preauth_state state;
} mechanisms[] = {
	/* an empty challenge keeps its space: RFC 9051 section 6.2.2 */
	{ { "PLAIN", 5 }, { "+ \r\n", 4 }, STATE_SASL_PLAIN },
	{ { "LOGIN", 5 }, { "+ VXNlcm5hbWU6\r\n", 16 }, STATE_SASL_USER },
};

static const struct mechanism *mechanism_find(struct slice name)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		if (slice_ieq(name, mechanisms[i].name))
			return &mechanisms[i];
	}
	return NULL;
}

static void sasl_response(struct preauth *p, struct slice line)
{
	struct slice response;

	if (!decode_response(p, line, &response)) {
		p->state = STATE_COMMAND;
		answer_bad(p, "that is not base64");
		return;
	}
	switch (p->state) {
	case STATE_SASL_PLAIN:
		sasl_plain(p, response);
		break;
	case STATE_SASL_USER:
		sasl_user(p, response);
		break;
	default:
		sasl_secret(p, response);
		break;
	}
}

static void do_authenticate(struct preauth *p, struct preauth_command *c)
{
	const struct mechanism *m = mechanism_find(c->mechanism);

	if (!is_login_allowed(p))
		return;
	if (m == NULL) {
		add_tagged(p, "NO [CANNOT]", "no such mechanism");
		return;
	}
	p->login = (struct preauth_login){ .mechanism = m->name };
	p->state = m->state;
	if (c->has_initial)
		sasl_response(p, c->initial);
	else
		buf_add(&p->out, m->challenge);
}

static void (*const commands[])(struct preauth *, struct preauth_command *) = {
	[VERB_CAPABILITY] = do_capability,
	[VERB_NOOP] = do_noop,
	[VERB_LOGOUT] = do_logout,
	[VERB_STARTTLS] = do_starttls,
	[VERB_ID] = do_id,
	[VERB_LOGIN] = do_login,
	[VERB_AUTHENTICATE] = do_authenticate,
};

static void set_tag(struct preauth *p, struct slice tag)
{
	p->tag_len = tag.len;
	if (tag.len != 0)
		memcpy(p->tag, tag.ptr, tag.len);
}

/* Between commands, or while the client thinks, nothing secret is kept. */
static bool is_busy(const struct preauth *p)
{
	switch (p->state) {
	case STATE_SASL_PLAIN:
	case STATE_SASL_USER:
	case STATE_SASL_SECRET:
	case STATE_VERIFYING:
		return true;
	default:
		return false;
	}
}

/* The command is copied out of the input first, so that STARTTLS sees
 * what stands behind it and nothing refers to bytes that move. */
static void run_command(struct preauth *p, size_t len)
{
	struct preauth_command c;
	struct err e;

	p->scratch = mem_resize(NULL, SCRATCH_SIZE, 1);
	p->scratch_len = 2 * len;
	memcpy(p->scratch, p->in, len);
	drop(p, len);
	e = preauth_parse(slice_of(p->scratch, len), p->scratch + len, &c);
	set_tag(p, c.tag);
	if (is_ok(e))
		commands[c.verb](p, &c);
	else
		answer_bad(p, e.text);
	if (!is_busy(p))
		forget_command(p);
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
	answer_bad(p, text);
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
		add_tagged(p, "NO [LIMIT]", "literal is too big");
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

static bool advance_sasl(struct preauth *p)
{
	size_t lf = slice_find_byte(input(p), '\n');
	struct slice line = slice_first(input(p), lf);

	if (slice_ends(line, S("\r")))
		line.len--;
	if (line.len > LIMIT_SASL_LINE) {
		refuse_long_line(p, "response is too long");
		forget_command(p);
		return true;
	}
	if (lf == SLICE_NONE)
		return false;
	if (slice_eq(line, S("*"))) {
		p->state = STATE_COMMAND;
		add_tagged(p, "BAD", "AUTHENTICATE cancelled");
	} else {
		sasl_response(p, line);
	}
	drop(p, lf + 1);
	if (!is_busy(p))
		forget_command(p);
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
		case STATE_SASL_PLAIN:
		case STATE_SASL_USER:
		case STATE_SASL_SECRET:
			has_more = advance_sasl(p);
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
	add_capabilities(p);
	buf_add(&p->out, S("] "));
	buf_add(&p->out, options->hostname);
	buf_add(&p->out, S(" roost ready\r\n"));
	return p;
}

void preauth_free(struct preauth *p)
{
	if (p == NULL)
		return;
	forget_command(p);
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

/* What each cause is called, RFC 9051 section 7.1; the rest are our own
 * troubles. */
static const char *const refusals[ERR_CODES] = {
	[ERR_AUTHENTICATIONFAILED] = "NO [AUTHENTICATIONFAILED]",
	[ERR_AUTHORIZATIONFAILED] = "NO [AUTHORIZATIONFAILED]",
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
	forget_command(p);
	add_tagged(p, status != NULL ? status : "NO [UNAVAILABLE]", cstr);
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
