/* attempt_limit.c -- what the limits and the history hear of an attempt. */
#include "auth/attempt_limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "auth/alerts.h"
#include "auth/mechanism.h"
#include "base/counter.h"
#include "base/log.h"
#include "guard/country.h"

enum {
	FLUSH_MS = 5000,
	SOURCE_ASKED_S = 600, /* about the same wrong password once more */
	DELAY_FREE = 3,       /* failures that hold no answer back */
	DELAY_MOST = 5,       /* ticks */
};

/* -- who it is to the limits -- */

static struct address address_of_attempt(const struct attempt *t)
{
	struct network n = { 0 };

	if (!network_parse(buf_slice(&t->address), &n))
		n = (struct network){ 0 };
	return n.base;
}

/* What is on a socket of this machine has no address, and stands for many. */
static bool is_trusted(const struct auth *a, const struct address *from)
{
	static const struct address none;

	if (memcmp(from, &none, sizeof none) == 0)
		return true;
	for (size_t i = 0; i < a->options->trusted_count; i++)
		if (network_has(&a->options->trusted[i], from))
			return true;
	return false;
}

static struct slice name_of(const struct attempt *t)
{
	return buf_slice(t->name.len != 0 ? &t->name : &t->user);
}

/* The same password of the same account is a generation; of who has none here
 * we can't know when it changes. */
static bool has_generation(const struct account_row *row)
{
	return row->id == 0 || row->credential != 0;
}

static bool is_known(const struct attempt *t)
{
	struct auth *a = t->auth;
	struct address from = address_of_attempt(t);
	struct network place = limit_place(&from);
	char text[ADDRESS_TEXT + 4];

	if (t->row.id == 0)
		return false;
	limit_network_text(&place, text);
	return history_knows(a->history, t->row.id, slice_cstr(text),
	                     (int64_t)attempt_now_s() - a->options->known_s);
}

static bool is_at_home(struct attempt *t)
{
	if (!t->limit.is_looked_up)
		t->limit.is_known = is_known(t);
	t->limit.is_looked_up = true;
	return t->limit.is_known;
}

/* What the secret is compared with. Of one who is disabled, or barred where he
 * is, that is a password which nobody has: his own is not wrong by that once he
 * may come in again. A source's may change at any time: it is asked again. */
static uint64_t generation_of(const struct attempt *t)
{
	const struct account_row *row = &t->row;
	bool is_others =
		row->id == 0 ? source_is_used(t->auth) : source_has(row);

	if (row->id != 0 && !verify_may_log_in(row))
		return ~row->generation;
	return row->generation +
	       (is_others ? attempt_now_s() / SOURCE_ASKED_S : 0);
}

static struct limit_try try_of(struct attempt *t)
{
	struct address from = address_of_attempt(t);
	bool is_secret =
		mechanisms[t->mechanism].by_password && has_generation(&t->row);

	return (struct limit_try){
		.name = name_of(t),
		.account = t->limit.is_asked ? t->limit.account : t->row.id,
		.address = from,
		.is_known = is_at_home(t),
		.is_trusted = is_trusted(t->auth, &from),
		.secret = is_secret ? buf_slice(&t->secret) : S(""),
		.generation = t->limit.generation,
	};
}

/* -- before -- */

static const struct {
	const char *reason;
	bool is_for_now; /* it is about where the client is, not about whom it
	                    says it is: it may be told */
} refusals[LIMIT_ANSWERS] = {
	[LIMIT_REPEATED] = { "the same wrong password again", false },
	[LIMIT_SPRAYED] = { "the password is being tried on many", false },
	[LIMIT_ACCOUNT] = { "locked out: the account, where it is not known",
	                    false },
	[LIMIT_PLACE] = { "locked out: the account, at this network", false },
	[LIMIT_ADDRESS] = { "locked out: the address", true },
	[LIMIT_NETWORK] = { "locked out: the network", true },
	[LIMIT_BUSY] = { "too many attempts at the account at once", true },
	[LIMIT_OFTEN_PLACE] = { "too many log-ins: the account, at this network",
	                        true },
	[LIMIT_OFTEN_ACCOUNT] = { "too many log-ins: the account", true },
	[LIMIT_OFTEN_ADDRESS] = { "too many log-ins: the address, of accounts "
	                          "not known there",
	                          true },
	[LIMIT_OFTEN_NETWORK] = { "too many log-ins: the network, of accounts "
	                          "not known there",
	                          true },
};

bool limits_may_try(struct attempt *t)
{
	struct limit_try who;
	enum limit_answer answer;

	if (!t->is_found || t->limit.is_asked)
		return true;
	/* by its end a source's user has a row, or one that is changed */
	t->limit.account = t->row.id;
	t->limit.generation = generation_of(t);
	t->limit.is_asked = true;
	who = try_of(t);
	answer = limits_ask(t->auth->limits, &who, attempt_now_s());
	if (answer == LIMIT_MAY) {
		t->limit.is_under_way = true;
		return true;
	}
	t->auth->refused_unseen++;
	counter_add(COUNTER_LOGINS_UNSEEN, 1);
	if (refusals[answer].is_for_now)
		attempt_refuse_for_now(t, refusals[answer].reason);
	else
		attempt_refuse(t, refusals[answer].reason);
	return false;
}

bool limits_may_come_in(struct attempt *t)
{
	struct auth *a = t->auth;
	struct limit_try who = try_of(t);
	enum limit_answer answer =
		limits_come_in(a->limits, &who, loop_now_ms(a->loop));

	if (answer == LIMIT_MAY)
		return true;
	counter_add(COUNTER_LOGINS_TOO_OFTEN, 1);
	attempt_refuse_for_now(t, refusals[answer].reason);
	return false;
}

/* -- behind -- */

static const char *const kind_names[LIMIT_KINDS] = {
	[LIMIT_KIND_ADDRESS] = "address", [LIMIT_KIND_NETWORK] = "network",
	[LIMIT_KIND_ACCOUNT] = "account", [LIMIT_KIND_PLACE] = "place",
	[LIMIT_KIND_SECRET] = "password",
};

static void log_news(const struct attempt *t, const char *event, unsigned set)
{
	for (int i = 0; i < LIMIT_KINDS; i++) {
		struct log_line l;

		if ((set & 1U << i) == 0)
			continue;
		l = log_open(LOG_LEVEL_WARN, event);
		log_text(&l, "what", slice_cstr(kind_names[i]));
		log_text(&l, "user", name_of(t));
		log_text(&l, "rip", buf_slice(&t->address));
		log_text(&l, "session", slice_of(t->session, SESSION_ID_SIZE));
		log_close(&l);
	}
}

/* Before it was known to be one that is tried on many. */
static void log_let_in(struct slice user)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "login_while_spraying");

	log_text(&l, "what", slice_cstr(kind_names[LIMIT_KIND_SECRET]));
	log_text(&l, "user", user);
	log_close(&l);
}

static void note_granted(struct attempt *t)
{
	struct limits *l = t->auth->limits;
	struct limit_try who = try_of(t);
	unsigned spraying = limits_spraying(l, &who, attempt_now_s());

	log_news(t, "login_while_spraying", spraying);
	if (spraying != 0)
		alerts_intrusion(t);
	limits_let_in(l, &who, attempt_now_s());
}

static void end_try(struct attempt *t, enum outcome outcome)
{
	bool failed = outcome == OUTCOME_REFUSED && !t->is_right;
	struct limits *l = t->auth->limits;
	struct limit_try who = try_of(t);
	struct limit_news news;
	uint32_t failures;

	t->limit.is_under_way = false;
	news = limits_end(l, &who, failed, attempt_now_s());
	log_news(t, "lockout", news.locked);
	log_news(t, "spraying", news.sprayed);
	if (news.let_in.len != 0)
		log_let_in(news.let_in);
	alerts_news(t, news);
	failures = limits_failures(l, &who, attempt_now_s());
	if (failures > DELAY_FREE)
		t->delay = (uint8_t)(failures - DELAY_FREE < DELAY_MOST
		                             ? failures - DELAY_FREE
		                             : DELAY_MOST);
}

void limits_give_up(struct attempt *t)
{
	if (t->limit.is_under_way)
		end_try(t, OUTCOME_UNAVAILABLE);
}

static void flush_task(void *arg)
{
	limits_flush(arg);
}

static void on_timer(void *arg)
{
	struct auth *a = arg;

	task_spawn(a->loop, flush_task, a);
}

static struct slice credential_of(const struct attempt *t)
{
	return buf_slice(t->app_password.len != 0 ? &t->app_password
	                                          : &t->certificate);
}

static void note_row(struct attempt *t, enum outcome outcome)
{
	struct auth *a = t->auth;
	struct address from = address_of_attempt(t);
	struct network place = limit_place(&from);
	char network[ADDRESS_TEXT + 4];
	char country[2];
	bool granted = outcome == OUTCOME_GRANTED;

	limit_network_text(&place, network);
	if (!history_add(
		    a->history,
		    &(struct sign_in){
			    .account = t->row.id,
			    .first_s = (int64_t)attempt_now_s(),
			    .granted = granted,
			    .name = name_of(t),
			    .reason = slice_cstr(granted ? "" : t->reason),
			    .address = buf_slice(&t->address),
			    .network = slice_cstr(network),
			    .country = country_of(a->countries, &from, country),
			    .service = service_name(t->service),
			    .mechanism = sasl_mechanisms[t->mechanism].name,
			    .credential = credential_of(t),
			    .tls = buf_slice(&t->tls_text),
			    .client = buf_slice(&t->client_id),
			    .session = slice_of(t->session, SESSION_ID_SIZE),
		    }))
		a->history_lost++;
}

void attempt_note(struct attempt *t, enum outcome outcome)
{
	struct auth *a = t->auth;
	uint64_t wait = FLUSH_MS;

	if (t->limit.is_under_way)
		end_try(t, outcome);
	if (outcome == OUTCOME_GRANTED)
		note_granted(t);
	if (outcome == OUTCOME_GRANTED && !is_at_home(t))
		alerts_sign_in(t);
	note_row(t, outcome);
	if (history_is_full(a->history))
		wait = 1;
	if (wait == 1 || !a->is_flush_due)
		timer_start(&a->flush, a->loop, wait, on_timer, a);
	a->is_flush_due = true;
}

/* -- what is locked out now -- */

static_assert((int)COUNTED_LIMITS == (int)LIMIT_KINDS, "one is not counted");

static void count_lockouts(void *arg)
{
	struct auth *a = arg;
	size_t all = 0;

	for (int i = 0; i < LIMIT_KINDS; i++) {
		size_t n = tallies_locked(
			limits_table(a->limits, (enum limit_kind)i),
			attempt_now_s());

		counter_set(COUNTER_LOCKOUTS + (size_t)i, n);
		all += n;
	}
	/* they end without a word */
	if (all != 0)
		timer_start(&a->lockouts, a->loop, FLUSH_MS, count_lockouts, a);
}

/* -- the process's -- */

static char *history_path(const struct auth *a)
{
	const char *directory = a->options->directory;
	const char *slash = strrchr(directory, '/');
	struct buf path = { 0 };

	if (slash != NULL)
		buf_add(&path,
		        slice_of(directory, (size_t)(slash - directory) + 1));
	buf_add(&path, S("history.sqlite"));
	buf_byte(&path, '\0');
	return (char *)(uintptr_t)buf_take(&path).ptr;
}

int limits_open(struct auth *a)
{
	char *path = history_path(a);
	struct slice secret = directory_secret(a->directory);
	struct err e =
		history_open(path, secret, a->options->history, &a->history);

	free(path);
	if (is_ok(e)) {
		a->limits = limits_new(secret, a->options->limits);
		e = history_restore(a->history, a->limits);
	}
	if (is_ok(e)) {
		count_lockouts(a);
		return EX_OK;
	}
	log_note(LOG_LEVEL_ERROR, "history", e.text);
	limits_close(a);
	return e.code == ERR_NOTNOW ? EX_CONFIG : EX_CANTCREAT;
}

void limits_close(struct auth *a)
{
	timer_stop(&a->flush);
	timer_stop(&a->lockouts);
	if (a->limits != NULL)
		limits_free(a->limits);
	if (a->history != NULL)
		history_close(a->history);
}

void limits_reload(struct auth *a)
{
	limits_set_rules(a->limits, a->options->limits);
	history_set_rules(a->history, a->options->history);
}

struct err limits_flush(struct auth *a)
{
	struct err e;

	timer_stop(&a->flush);
	a->is_flush_due = false;
	if (a->history_lost != 0) {
		struct log_line l = log_open(LOG_LEVEL_WARN, "history_lost");

		log_number(&l, "rows", a->history_lost);
		log_close(&l);
		a->history_lost = 0;
	}
	e = history_write(a->history, a->limits, (int64_t)attempt_now_s());
	if (!is_ok(e))
		log_note(LOG_LEVEL_WARN, "history_lost", e.text);
	count_lockouts(a);
	return e;
}
