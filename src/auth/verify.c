/*
 * verify.c -- is it who it says it is?
 *
 *	parse ──► find ──► remembered? ──yes──────────────► grant
 *	                       └─no──► hash (in a task) ──► grant or refuse
 *
 * Every refusal looks the same to the client and costs the same: for an
 * unknown or disabled user, or one whose stored password is quick to say no,
 * a password that nobody has is verified. The reason is in the log. When the
 * hash is done the row is read again: what was changed meanwhile counts
 * (security rule A1).
 *
 * grant: mail hears of the ticket before gate does (ipc/protocol.h).
 */
#include <stdlib.h>

#include "auth/internal.h"
#include "auth/name.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

/* A request, copied out of its frame. */
struct attempt {
	struct peer *gate;
	uint64_t request;
	uint8_t service;
	uint16_t port;
	bool tls;
	struct buf bytes; /* what the slices point into; wiped */
	struct slice mechanism;
	struct slice authzid;
	struct slice user;
	struct slice secret;
	struct slice peer;
	struct slice session;
	struct buf name;    /* of the user, normal form */
	const char *reason; /* for the log */
};

/* -- parsing -- */

static struct slice keep(struct attempt *t, struct slice s)
{
	size_t at = t->bytes.len;

	buf_add(&t->bytes, s);
	return slice_of(t->bytes.data + at, s.len);
}

static struct attempt *attempt_new(struct peer *gate, struct frame_in *in)
{
	struct attempt *t = mem_new(1, sizeof *t);

	t->request = read_u64(&in->r);
	t->service = read_u8(&in->r);
	buf_room(&t->bytes, in->r.rest.len + 1); /* so it never moves */
	t->mechanism = keep(t, frame_read_slice(in, 32));
	t->authzid = keep(t, frame_read_slice(in, LIMIT_USER_NAME));
	t->user = keep(t, frame_read_slice(in, LIMIT_USER_NAME));
	t->secret = keep(t, frame_read_slice(in, LIMIT_PASSWORD));
	t->peer = keep(t, frame_read_slice(in, 64));
	t->port = read_u16(&in->r);
	t->tls = read_u8(&in->r) != 0;
	t->session = keep(t, frame_read_slice(in, SESSION_ID_SIZE));
	t->gate = peer_keep(gate);
	return t;
}

static void attempt_free(struct attempt *t)
{
	mem_wipe(t->bytes.data, t->bytes.cap);
	buf_free(&t->bytes);
	buf_free(&t->name);
	peer_release(t->gate);
	free(t);
}

/* -- answers -- */

static void log_attempt(const struct attempt *t, bool good)
{
	struct log_line l =
		log_open(LOG_LEVEL_INFO, good ? "login" : "login_failed");

	log_text(&l, "user", t->name.len != 0 ? buf_slice(&t->name) : t->user);
	log_text(&l, "method", t->mechanism);
	log_text(&l, "rip", t->peer);
	log_number(&l, "rport", t->port);
	log_text(&l, "tls", t->tls ? S("yes") : S("no"));
	log_text(&l, "session", t->session);
	if (!good)
		log_text(&l, "reason", slice_cstr(t->reason));
	log_close(&l);
}

static void begin_verdict(struct frame_out *f, const struct attempt *t,
                          struct err e)
{
	frame_begin(f, FRAME_VERDICT);
	frame_u64(f, t->request);
	frame_u8(f, (uint8_t)e.code);
	frame_slice(f, slice_cstr(e.text));
}

static void send_refusal(const struct attempt *t, struct err e)
{
	struct frame_out f = { 0 };

	if (t->gate->link == NULL)
		return;
	begin_verdict(&f, t, e);
	frame_u64(&f, 0);
	frame_u32(&f, 0);
	frame_slice(&f, S(""));
	frame_slice(&f, S(""));
	link_send(t->gate->link, &f, -1);
}

static void send_grant(const struct attempt *t, struct peer *mail,
                       const struct account_row *row, struct slice ticket)
{
	struct frame_out f = { 0 };

	begin_verdict(&f, t, OK);
	frame_u64(&f, row->id);
	frame_u32(&f, mail->index);
	frame_slice(&f, ticket);
	frame_slice(&f, account_row_name(row));
	held_send(mail, t->gate, &f);
}

static void refuse(struct attempt *t, enum err_code code, const char *text)
{
	t->gate->auth->failures++;
	log_attempt(t, false);
	send_refusal(t, err(code, text));
}

static void refuse_secret(struct attempt *t, const char *reason)
{
	t->reason = reason;
	refuse(t, ERR_AUTHENTICATIONFAILED, "Authentication failed");
}

static void refuse_for_now(struct attempt *t, const char *reason)
{
	t->reason = reason;
	refuse(t, ERR_UNAVAILABLE, "Try again later");
}

/* Acting for somebody else is a right that nobody has yet. */
static bool is_for_self(const struct attempt *t)
{
	struct buf other = { 0 };
	bool same = t->authzid.len == 0;

	if (!same && is_ok(user_name_normal(t->authzid, &other)))
		same = slice_eq(buf_slice(&other), buf_slice(&t->name));
	buf_free(&other);
	return same;
}

/* Mail, which may be NULL, hears of the ticket. ERR_LIMIT, ERR_CLOSED */
static struct err announce(const struct attempt *t, struct peer *mail,
                           const struct account_row *row, struct slice ticket)
{
	struct frame_out f = { 0 };
	struct buf hidden = { 0 };
	struct err e;

	if (mail == NULL)
		return err(ERR_CLOSED, NULL);
	e = directory_hidden_for(t->gate->auth->directory,
	                         account_row_name(row), &hidden);
	if (!is_ok(e)) {
		buf_free(&hidden);
		return e;
	}
	frame_begin(&f, FRAME_EXPECT);
	frame_slice(&f, ticket);
	frame_u64(&f, row->id);
	frame_slice(&f, account_row_name(row));
	frame_slice(&f, t->session);
	frame_slice(&f, buf_slice(&hidden));
	buf_free(&hidden);
	return link_send(mail->link, &f, -1);
}

static void grant(struct attempt *t, const struct account_row *row)
{
	struct auth *a = t->gate->auth;
	struct peer *mail =
		auth_mail_peer(a, directory_partition(a->directory, row->id));
	uint8_t bytes[TICKET_SIZE];
	struct slice ticket = slice_of(bytes, sizeof bytes);

	if (!is_for_self(t)) {
		t->reason = "may not act for another user";
		refuse(t, ERR_AUTHORIZATIONFAILED, "Not authorized");
		return;
	}
	if (t->gate->link == NULL) {
		refuse_for_now(t, "its gate has gone");
		return;
	}
	random_bytes(bytes, sizeof bytes);
	if (!is_ok(announce(t, mail, row, ticket))) {
		refuse_for_now(t, "the account's partition is not served");
		return;
	}
	a->logins++;
	log_attempt(t, true);
	send_grant(t, mail, row, ticket);
	uses_note(a, row->credential);
}

/* -- verifying -- */

static bool may_log_in(const struct account_row *row)
{
	return row->state == ACCOUNT_ENABLED && row->credential != 0;
}

static struct verdict_key remember_key(const struct attempt *t,
                                       const struct account_row *row)
{
	return verdict_key(
		t->gate->auth->verdicts,
		&(struct verdict_subject){ .account = row->id,
	                                   .credential = row->credential,
	                                   .generation = row->generation,
	                                   .mechanism = t->mechanism,
	                                   .secret = t->secret });
}

static bool is_remembered(const struct attempt *t,
                          const struct account_row *row)
{
	struct auth *a = t->gate->auth;
	struct verdict_key key;

	if (a->options->verdict_seconds == 0)
		return false;
	key = remember_key(t, row);
	return verdicts_has(a->verdicts, &key, loop_now_ms(a->loop));
}

static void remember(const struct attempt *t, const struct account_row *row)
{
	struct auth *a = t->gate->auth;
	uint64_t now = loop_now_ms(a->loop);
	uint64_t keep_s = a->options->verdict_seconds;
	struct verdict_key key;

	if (keep_s == 0)
		return;
	if (keep_s > VERDICT_SECONDS_MOST)
		keep_s = VERDICT_SECONDS_MOST;
	key = remember_key(t, row);
	verdicts_add(a->verdicts, &key, now, now + keep_s * 1000);
}

/* Still the row that the secret was verified against? */
static bool is_unchanged(struct auth *a, const struct account_row *row)
{
	struct account_row now;

	return is_ok(directory_find(a->directory, account_row_name(row),
	                            &now)) &&
	       now.id == row->id && may_log_in(&now) &&
	       now.credential == row->credential &&
	       now.generation == row->generation;
}

/* Brought along from another server, or made at another cost: better now. */
static void improve(struct attempt *t, const struct account_row *row)
{
	struct auth *a = t->gate->auth;
	struct password_cost cost = a->options->password_cost;
	struct buf stored = { 0 };

	if (password_is_current(account_row_stored(row), cost))
		return;
	if (is_ok(hashing_hash(&a->hashing, t->secret, cost, &stored)))
		directory_rehash(a->directory, row->credential, row->generation,
		                 buf_slice(&stored));
	buf_free(&stored);
}

static void decide(struct attempt *t, const struct account_row *row,
                   enum password_answer answer)
{
	if (!may_log_in(row)) {
		refuse_secret(t, row->id == 0 ? "no such user"
		                              : "the account is disabled");
	} else if (answer == PASSWORD_UNUSABLE) {
		refuse_secret(t, "the stored password can't be used");
	} else if (answer != PASSWORD_RIGHT) {
		refuse_secret(t, "wrong password");
	} else if (!is_unchanged(t->gate->auth, row)) {
		refuse_secret(t, "the account was changed just now");
	} else {
		remember(t, row);
		grant(t, row);
		improve(t, row);
	}
}

struct slow {
	struct attempt *attempt;
	struct account_row row; /* id 0: no such user */
};

/* A refusal costs a hash of ours at least. */
static struct err check_secret(struct attempt *t, struct slice stored,
                               enum password_answer *out)
{
	struct auth *a = t->gate->auth;
	bool allow_plain = a->options->allow_plain;
	struct slice dummy = slice_of(a->dummy, a->dummy_len);
	enum password_answer nobodys;
	struct err e = hashing_verify(&a->hashing, stored, t->secret,
	                              allow_plain, out);

	if (!is_ok(e) || *out == PASSWORD_RIGHT ||
	    (*out == PASSWORD_WRONG && !password_is_quick(stored)))
		return e;
	return hashing_verify(&a->hashing, dummy, t->secret, allow_plain,
	                      &nobodys);
}

static void verify_slowly(void *arg)
{
	struct slow *s = arg;
	struct attempt *t = s->attempt;
	struct auth *a = t->gate->auth;
	bool known = may_log_in(&s->row);
	struct slice stored = known ? account_row_stored(&s->row)
	                            : slice_of(a->dummy, a->dummy_len);
	enum password_answer answer = PASSWORD_WRONG;
	struct err e = check_secret(t, stored, &answer);

	if (is_ok(e))
		decide(t, &s->row, answer);
	else
		refuse_for_now(t, e.text);
	attempt_free(t);
	mem_wipe(s, sizeof *s);
	free(s);
	auth_work_ends(a);
}

/* True: answered already. */
static bool verify_fast(struct attempt *t, struct account_row *row)
{
	struct auth *a = t->gate->auth;
	struct err e = user_name_normal(t->user, &t->name);

	if (t->secret.len == 0 || t->user.len == 0 ||
	    slice_find_byte(t->secret, '\0') != SLICE_NONE) {
		refuse_secret(t, "user or password is empty, or no text");
		return true;
	}
	if (a->stopping) {
		refuse_for_now(t, "the server is stopping");
		return true;
	}
	if (is_ok(e))
		e = directory_find(a->directory, buf_slice(&t->name), row);
	if (e.code == ERR_ABSENT || e.code == ERR_SYNTAX)
		*row = (struct account_row){ 0 };
	else if (!is_ok(e)) {
		refuse_for_now(t, e.text);
		return true;
	}
	if (!may_log_in(row) || !is_remembered(t, row))
		return false;
	grant(t, row);
	return true;
}

bool verify_frame(struct peer *gate, struct frame_in *in)
{
	struct attempt *t = attempt_new(gate, in);
	struct account_row row = { 0 };
	struct slow *s;

	if (!frame_is_whole(in) || t->service > SERVICE_LMTP ||
	    t->session.len != SESSION_ID_SIZE) {
		attempt_free(t);
		return false;
	}
	if (verify_fast(t, &row)) {
		attempt_free(t);
		return true;
	}
	s = mem_new(1, sizeof *s);
	s->attempt = t;
	s->row = row;
	gate->auth->working++;
	task_spawn(gate->auth->loop, verify_slowly, s);
	return true;
}
