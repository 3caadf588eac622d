/* limit.c -- which counts an attempt meets, and what its failure adds. */
#include "guard/limit.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "guard/limit_key.h"

enum {
	SPRAY_SPAN_S = 20 * 60,  /* accounts at one address, or network */
	SECRET_SPAN_S = 86400,   /* accounts with one secret */
	SPRAY_NETWORK_TIMES = 4, /* a network may fail at as many more */
	RATE_PLACES = 8192,
	OFTEN_MS = 200, /* between log-ins, once LIMIT_LOGINS came at once, */
	OFTEN_MANY_MS = 50, /* and LIMIT_LOGINS_MANY */
};

/* What differs between the kinds; about 22 MiB when all is full. */
static const struct {
	size_t places;
	uint32_t forget_s;
} kinds[LIMIT_KINDS] = {
	[LIMIT_KIND_ADDRESS] = { 32768, 600 },
	[LIMIT_KIND_NETWORK] = { 8192, 120 },
	/* with the lock-out growing to an hour: no more than 50 guesses a day
	 */
	[LIMIT_KIND_ACCOUNT] = { 32768, 3600 },
	[LIMIT_KIND_PLACE] = { 8192, 600 },
	[LIMIT_KIND_SECRET] = { 16384, 3600 },
};

/* Who has come in, and how often: by what it is counted under. */
static const struct {
	enum limit_kind kind;
	enum limit_answer answer;
	struct rate_rule rule;
} oftens[] = {
	{ LIMIT_KIND_PLACE, LIMIT_OFTEN_PLACE, { LIMIT_LOGINS, OFTEN_MS } },
	{ LIMIT_KIND_ACCOUNT,
	  LIMIT_OFTEN_ACCOUNT,
	  { LIMIT_LOGINS_MANY, OFTEN_MANY_MS } },
	{ LIMIT_KIND_ADDRESS, LIMIT_OFTEN_ADDRESS, { LIMIT_LOGINS, OFTEN_MS } },
	{ LIMIT_KIND_NETWORK,
	  LIMIT_OFTEN_NETWORK,
	  { LIMIT_LOGINS_MANY, OFTEN_MANY_MS } },
};

enum { OFTENS = sizeof oftens / sizeof *oftens };

struct limits {
	struct limit_rules rules;
	struct tallies *tables[LIMIT_KINDS];
	struct rates *rates[OFTENS];
	struct limit_keys keys;
};

static struct tally_rule rule_of(const struct limit_rules *r,
                                 enum limit_kind kind)
{
	const uint32_t free[LIMIT_KINDS] = {
		[LIMIT_KIND_ADDRESS] = r->per_address,
		[LIMIT_KIND_NETWORK] = r->per_network,
		[LIMIT_KIND_ACCOUNT] = r->per_account,
		[LIMIT_KIND_PLACE] = r->per_account,
		[LIMIT_KIND_SECRET] = r->spray_accounts,
	};

	return (struct tally_rule){ free[kind], r->lock_s, r->lock_most_s,
		                    kinds[kind].forget_s };
}

struct limits *limits_new(struct slice secret, struct limit_rules rules)
{
	struct limits *l = mem_new(1, sizeof *l);

	limit_keys_init(&l->keys, secret);
	l->rules = rules;
	for (int i = 0; i < LIMIT_KINDS; i++)
		l->tables[i] = tallies_new(kinds[i].places,
		                           rule_of(&rules, (enum limit_kind)i));
	for (int i = 0; i < OFTENS; i++)
		l->rates[i] = rates_new(RATE_PLACES, oftens[i].rule);
	return l;
}

void limits_free(struct limits *l)
{
	for (int i = 0; i < LIMIT_KINDS; i++)
		tallies_free(l->tables[i]);
	for (int i = 0; i < OFTENS; i++)
		rates_free(l->rates[i]);
	mem_wipe(l, sizeof *l);
	free(l);
}

void limits_set_rules(struct limits *l, struct limit_rules rules)
{
	l->rules = rules;
	for (int i = 0; i < LIMIT_KINDS; i++)
		tallies_set_rule(l->tables[i],
		                 rule_of(&rules, (enum limit_kind)i));
}

struct tallies *limits_table(struct limits *l, enum limit_kind kind)
{
	return l->tables[kind];
}

/* -- where an attempt is counted -- */

static bool is_counted(const struct limits *l, const struct limit_try *t,
                       enum limit_kind kind)
{
	const struct limit_rules *r = &l->rules;

	switch (kind) {
	case LIMIT_KIND_ADDRESS:
		return !t->is_known && !t->is_trusted && r->per_address != 0;
	case LIMIT_KIND_NETWORK:
		return !t->is_known && !t->is_trusted && r->per_network != 0;
	case LIMIT_KIND_ACCOUNT:
		return !t->is_known && r->per_account != 0;
	case LIMIT_KIND_PLACE:
		return t->is_known && r->per_account != 0;
	default:
		return !t->is_known && t->secret.len != 0 &&
		       r->spray_accounts != 0;
	}
}

static struct tally *find(struct limits *l, const struct limit_try *t,
                          enum limit_kind kind, uint32_t now_s)
{
	if (!is_counted(l, t, kind))
		return NULL;
	return tallies_find(l->tables[kind], limit_key(&l->keys, t, kind),
	                    now_s);
}

static struct tally *get(struct limits *l, const struct limit_try *t,
                         enum limit_kind kind, uint32_t now_s)
{
	char text[LIMIT_TEXT];
	struct tally *y;

	if (!is_counted(l, t, kind))
		return NULL;
	y = tallies_get(l->tables[kind], limit_key(&l->keys, t, kind),
	                limit_label(t, kind, text), now_s);
	if (kind == LIMIT_KIND_ACCOUNT || kind == LIMIT_KIND_PLACE)
		y->account = t->account;
	return y;
}

/* Where guesses at the account are counted. */
static enum limit_kind own_kind(const struct limit_try *t)
{
	return t->is_known ? LIMIT_KIND_PLACE : LIMIT_KIND_ACCOUNT;
}

/* -- before -- */

static bool is_locked(struct limits *l, const struct limit_try *t,
                      enum limit_kind kind, uint32_t now_s)
{
	const struct tally *y = find(l, t, kind, now_s);

	return y != NULL && tally_is_locked(y, now_s);
}

/* When a lock-out is over one may try at a time. */
static bool is_busy(const struct limits *l, const struct tally *y)
{
	if (y->failures >= l->rules.per_account)
		return y->under_way != 0;
	return y->failures + y->under_way >= l->rules.per_account;
}

static enum limit_answer ask_own(struct limits *l, const struct limit_try *t,
                                 uint32_t now_s)
{
	enum limit_kind kind = own_kind(t);
	struct tally *y = get(l, t, kind, now_s);

	if (y == NULL)
		return LIMIT_MAY;
	if (tally_is_locked(y, now_s))
		return kind == LIMIT_KIND_PLACE ? LIMIT_PLACE : LIMIT_ACCOUNT;
	if (t->secret.len != 0 &&
	    tally_has_secret(y, limit_repeat(&l->keys, t)))
		return LIMIT_REPEATED;
	if (is_busy(l, y))
		return LIMIT_BUSY;
	y->under_way++;
	return LIMIT_MAY;
}

enum limit_answer limits_ask(struct limits *l, const struct limit_try *t,
                             uint32_t now_s)
{
	if (is_locked(l, t, LIMIT_KIND_ADDRESS, now_s))
		return LIMIT_ADDRESS;
	if (is_locked(l, t, LIMIT_KIND_NETWORK, now_s))
		return LIMIT_NETWORK;
	if (is_locked(l, t, LIMIT_KIND_SECRET, now_s))
		return LIMIT_SPRAYED;
	return ask_own(l, t, now_s);
}

/* -- behind -- */

static unsigned spray_limit(const struct limits *l, enum limit_kind kind)
{
	uint32_t n = l->rules.spray_accounts;

	if (kind == LIMIT_KIND_NETWORK)
		n *= SPRAY_NETWORK_TIMES;
	return n < TALLY_OTHERS ? n : TALLY_OTHERS;
}

static uint32_t spray_span(enum limit_kind kind)
{
	return kind == LIMIT_KIND_SECRET ? SECRET_SPAN_S : SPRAY_SPAN_S;
}

/* Another account was tried: is it spraying by that? */
static bool note_other(struct limits *l, const struct limit_try *t,
                       enum limit_kind kind, struct tally *y, uint32_t now_s)
{
	uint32_t span = spray_span(kind);
	unsigned before = tally_others(y, span, now_s);
	unsigned limit = spray_limit(l, kind);
	unsigned after = tally_other(
		y, limit_key(&l->keys, t, LIMIT_KIND_ACCOUNT), span, now_s);

	if (limit == 0 || after < limit)
		return false;
	tally_lock(l->tables[kind], y, now_s);
	return before < limit;
}

/* A device that has an old password opens several connections at a time: none
 * of them was refused as a repetition, and they are one guess all the same. */
static bool is_repeated(const struct limits *l, const struct limit_try *t,
                        enum limit_kind kind, const struct tally *y)
{
	return kind == own_kind(t) && t->secret.len != 0 &&
	       tally_has_secret(y, limit_repeat(&l->keys, t));
}

static void fail(struct limits *l, const struct limit_try *t,
                 enum limit_kind kind, uint32_t now_s, struct limit_news *news)
{
	struct tally *y = get(l, t, kind, now_s);

	if (y == NULL || is_repeated(l, t, kind, y))
		return;
	if (kind != LIMIT_KIND_SECRET && tally_fail(l->tables[kind], y, now_s))
		news->locked |= 1U << kind;
	if (kind == own_kind(t)) {
		if (t->secret.len != 0)
			tally_add_secret(y, limit_repeat(&l->keys, t));
	} else if (note_other(l, t, kind, y, now_s)) {
		news->sprayed |= 1U << kind;
		if (kind == LIMIT_KIND_SECRET)
			news->let_in = tally_label(y);
	}
}

struct limit_news limits_end(struct limits *l, const struct limit_try *t,
                             bool failed, uint32_t now_s)
{
	struct limit_news news = { 0 };
	struct tally *own = find(l, t, own_kind(t), now_s);

	if (own != NULL && own->under_way != 0)
		own->under_way--;
	for (int i = 0; failed && i < LIMIT_KINDS; i++)
		fail(l, t, (enum limit_kind)i, now_s, &news);
	return news;
}

/* Who signs in there is no stranger; a web mailer comes in for many. */
static bool is_often_counted(const struct limit_try *t, enum limit_kind kind)
{
	if (kind == LIMIT_KIND_ADDRESS || kind == LIMIT_KIND_NETWORK)
		return !t->is_known && !t->is_trusted;
	return !t->is_trusted;
}

enum limit_answer limits_come_in(struct limits *l, const struct limit_try *t,
                                 uint64_t now_ms)
{
	for (int i = 0; i < OFTENS; i++)
		if (is_often_counted(t, oftens[i].kind) &&
		    !rates_may(l->rates[i],
		               limit_key(&l->keys, t, oftens[i].kind), now_ms))
			return oftens[i].answer;
	for (int i = 0; i < OFTENS; i++)
		if (is_often_counted(t, oftens[i].kind))
			rates_count(l->rates[i],
			            limit_key(&l->keys, t, oftens[i].kind),
			            now_ms);
	return LIMIT_MAY;
}

void limits_let_in(struct limits *l, const struct limit_try *t, uint32_t now_s)
{
	struct tally *y = get(l, t, LIMIT_KIND_SECRET, now_s);

	if (y != NULL)
		tally_set_label(y, t->name);
}

/* Where many sign in, who is known there meets no limit of the address; that
 * somebody sprays from it concerns him all the same. */
static bool is_suspect(const struct limit_try *t, enum limit_kind kind)
{
	return kind == LIMIT_KIND_SECRET ? !t->is_known && t->secret.len != 0
	                                 : !t->is_trusted;
}

unsigned limits_spraying(struct limits *l, const struct limit_try *t,
                         uint32_t now_s)
{
	const enum limit_kind by[] = { LIMIT_KIND_ADDRESS, LIMIT_KIND_NETWORK,
		                       LIMIT_KIND_SECRET };
	unsigned found = 0;

	for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
		const struct tally *y = tallies_find(
			l->tables[by[i]], limit_key(&l->keys, t, by[i]), now_s);
		unsigned limit = spray_limit(l, by[i]);

		if (y != NULL && limit != 0 && is_suspect(t, by[i]) &&
		    tally_others(y, spray_span(by[i]), now_s) >= limit)
			found |= 1U << by[i];
	}
	return found;
}

uint32_t limits_failures(struct limits *l, const struct limit_try *t,
                         uint32_t now_s)
{
	const enum limit_kind in_way[] = { LIMIT_KIND_ADDRESS, own_kind(t) };
	uint32_t most = 0;

	for (size_t i = 0; i < sizeof in_way / sizeof *in_way; i++) {
		const struct tally *y = find(l, t, in_way[i], now_s);

		if (y != NULL && y->failures > most)
			most = y->failures;
	}
	return most;
}

/* -- for people -- */

static bool is_about(const struct tally *y, enum limit_kind kind,
                     struct slice what, uint64_t account)
{
	if (what.len == 0)
		return true;
	if (account != 0)
		return y->account == account;
	return kind != LIMIT_KIND_PLACE && slice_ieq(tally_label(y), what);
}

size_t limits_clear(struct limits *l, struct slice what, uint64_t account,
                    uint32_t now_s)
{
	size_t n = 0;

	for (int i = 0; i < LIMIT_KINDS; i++) {
		struct tallies *t = l->tables[i];

		for (size_t p = 0; p < tallies_places(t); p++) {
			struct tally *y = tallies_at(t, p, now_s);

			if (y == NULL ||
			    !is_about(y, (enum limit_kind)i, what, account))
				continue;
			n += tally_is_locked(y, now_s);
			tally_clear(t, y);
		}
	}
	return n;
}
