/*
 * preauth_commands.c -- what each command before the log-in does.
 *
 * AUTHENTICATE does nothing but carry: what the client says goes to auth,
 * which knows the mechanisms, and what auth says goes to the client.
 */
#include <string.h>

#include "base/client_id.h"
#include "base/encode.h"
#include "base/mem.h"
#include "gate/preauth_internal.h"

static void do_capability(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	buf_add(&p->out, S("* "));
	preauth_add_capabilities(p);
	buf_add(&p->out, S("\r\n"));
	preauth_add_tagged(p, "OK", "CAPABILITY completed");
}

static void do_noop(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	preauth_add_tagged(p, "OK", "NOOP completed");
}

static void do_logout(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	preauth_bye(p, "until next time");
	preauth_add_tagged(p, "OK", "LOGOUT completed");
}

static void do_starttls(struct preauth *p, struct preauth_command *c)
{
	(void)c;
	if (p->options.tls) {
		preauth_bad(p, "TLS is active already");
		return;
	}
	if (!p->options.starttls) {
		preauth_bad(p, "TLS is not available");
		return;
	}
	/* Whoever put them there can't be told from the client: they must
	 * be answered neither now nor behind the handshake. */
	if (p->in_len != 0) {
		preauth_bad(p, "bytes behind STARTTLS");
		preauth_bye(p, "bytes behind STARTTLS");
		return;
	}
	preauth_add_tagged(p, "OK", "begin TLS now");
	p->state = STATE_TLS;
}

static void remember_id(struct preauth *p, const struct preauth_id *id)
{
	struct buf *to = &p->client_id;

	buf_free(to);
	*to = buf_limit(LIMIT_CLIENT_ID);
	for (size_t i = 0; i < id->n; i++)
		client_id_add(to, id->key[i], id->value[i]);
	if (to->overflow)
		buf_free(to);
}

/* Without our version, which a stranger has no need of. */
static void do_id(struct preauth *p, struct preauth_command *c)
{
	remember_id(p, &c->id);
	buf_add(&p->out, S("* ID (\"name\" \"roost\")\r\n"));
	preauth_add_tagged(p, "OK", "ID completed");
}

static bool is_login_allowed(struct preauth *p)
{
	if (!p->options.may_login)
		preauth_add_tagged(p, "NO [PRIVACYREQUIRED]",
		                   "start TLS first");
	return p->options.may_login;
}

static void ask(struct preauth *p, struct slice response)
{
	p->login.response = response;
	p->state = STATE_VERIFYING;
}

/* Appends to the scratch; there is room for all of a command's strings and
 * one response. */
static struct slice keep(struct preauth *p, struct slice s)
{
	char *at = p->scratch + p->scratch_len;

	if (s.len != 0)
		memcpy(at, s.ptr, s.len);
	p->scratch_len += s.len;
	return slice_of(at, s.len);
}

/* As a message of PLAIN, RFC 4616: a NUL before the user and behind. One in
 * either of them makes it one that nobody can have. */
static void do_login(struct preauth *p, struct preauth_command *c)
{
	struct slice message = slice_of(p->scratch + p->scratch_len, 0);

	if (!is_login_allowed(p))
		return;
	p->login = (struct preauth_login){ .mechanism = SASL_COMMAND,
		                           .is_first = true };
	message.len += keep(p, slice_of("", 1)).len;
	message.len += keep(p, c->user).len;
	message.len += keep(p, slice_of("", 1)).len;
	message.len += keep(p, c->secret).len;
	ask(p, message);
}

/* *out is in the scratch; false: that was no base64. */
static bool decode(struct preauth *p, struct slice line, struct slice *out)
{
	struct buf plain = buf_limit(LIMIT_SASL_LINE);
	bool is_base64;

	/* all at once: growing would leave copies of it behind */
	buf_room(&plain, line.len);
	is_base64 = base64_decode(line, &plain);
	*out = keep(p, buf_slice(&plain));
	mem_wipe(plain.data, plain.cap);
	buf_free(&plain);
	return is_base64;
}

void preauth_response(struct preauth *p, struct slice line)
{
	struct slice response;

	if (decode(p, line, &response)) {
		ask(p, response);
		return;
	}
	p->state = STATE_COMMAND;
	preauth_bad(p, "that is not base64");
}

static void do_authenticate(struct preauth *p, struct preauth_command *c)
{
	enum sasl m;

	if (!is_login_allowed(p))
		return;
	if (!sasl_find(c->mechanism, &m) ||
	    (p->options.mechanisms & sasl_bit(m)) == 0) {
		preauth_add_tagged(p, "NO [CANNOT]", "no such mechanism");
		return;
	}
	p->login = (struct preauth_login){ .mechanism = m, .is_first = true };
	if (c->has_initial)
		preauth_response(p, c->initial);
	else
		preauth_ask(p, sasl_mechanisms[m].challenge);
}

void preauth_run(struct preauth *p, struct preauth_command *c)
{
	static void (*const commands[])(struct preauth *,
	                                struct preauth_command *) = {
		[VERB_CAPABILITY] = do_capability,
		[VERB_NOOP] = do_noop,
		[VERB_LOGOUT] = do_logout,
		[VERB_STARTTLS] = do_starttls,
		[VERB_ID] = do_id,
		[VERB_LOGIN] = do_login,
		[VERB_AUTHENTICATE] = do_authenticate,
	};

	commands[c->verb](p, c);
}
