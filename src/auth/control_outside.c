/*
 * control_outside.c -- can those outside be asked? For roost doctor.
 *
 * Each is asked now, as a log-in would.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/verbs.h"
#include "auth/control_internal.h"
#include "auth/issuers.h"
#include "auth/outside.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"

/* -- who issues tokens -- */

static void say_issuer(struct control *c, const struct issuer_facts *f)
{
	char keys[24] = "";
	char ahead[24] = "";

	if (!f->is_introspected)
		snprintf(keys, sizeof keys, "%zu", f->keys);
	if (f->has_date)
		snprintf(ahead, sizeof ahead, "%" PRId64, f->ahead_s);
	control_answer(c,
	               (struct slice[ISSUER_COLUMNS]){
			       [ISSUER_URL] = f->url,
			       [ISSUER_KEYS] = slice_cstr(keys),
			       [ISSUER_PROBLEM] = f->problem,
			       [ISSUER_AHEAD] = slice_cstr(ahead),
		       },
	               ISSUER_COLUMNS);
}

struct err control_issuers(struct control *c, struct slice nothing,
                           struct slice nothing_either)
{
	struct issuers *issuers = issuers_keep(c->auth->issuers);
	struct issuer_facts facts;

	(void)nothing;
	(void)nothing_either;
	for (size_t i = 0; is_ok(c->e) && issuers_ask(issuers, i, &facts); i++)
		say_issuer(c, &facts);
	issuers_release(issuers);
	return OK;
}

/* -- who has accounts -- */

/* A user that nobody has (RFC 2606 section 2), and a password of nobody's. */
static const struct slice nobody = { "nobody@roost.invalid", 20 };

/* What can be asked says that there is no such user; what can only verify,
 * that it is not he. */
static struct err ask_source(struct auth *a, const struct auth_source *s,
                             struct outside_answer *answer)
{
	enum ask_kind ask = s->finds ? ASK_FIND : ASK_VERIFY;
	struct buf secret = { 0 };
	uint8_t bytes[16];
	struct err e;

	random_bytes(bytes, sizeof bytes);
	hex_encode(slice_of(bytes, sizeof bytes), &secret);
	e = outside_ask(a, ask,
	                (struct slice[ASK_FIELDS]){ slice_cstr(s->name), nobody,
	                                            buf_slice(&secret) },
	                answer);
	buf_free(&secret);
	if (is_ok(e) && answer->status == TOLD_RIGHT)
		e = err(ERR_CORRUPT, "it lets in whoever comes, with any "
		                     "password");
	return e.code == ERR_ABSENT ? OK : e;
}

static void say_source(struct control *c, const struct auth_source *s)
{
	struct outside_answer answer;
	struct err e = ask_source(c->auth, s, &answer);
	const char *problem = answer.text[0] != '\0' ? answer.text : e.text;

	control_answer(
		c,
		(struct slice[SOURCE_COLUMNS]){
			[SOURCE_NAME] = slice_cstr(s->name),
			[SOURCE_PROBLEM] = slice_cstr(is_ok(e) ? "" : problem),
		},
		SOURCE_COLUMNS);
	outside_answer_free(&answer);
}

/* The options may change while one is asked, so these are a copy. */
struct err control_sources(struct control *c, struct slice nothing,
                           struct slice nothing_either)
{
	size_t n = c->auth->options->n_sources;
	struct auth_source *v;

	(void)nothing;
	(void)nothing_either;
	if (n == 0)
		return OK;
	v = mem_copy(c->auth->options->sources, n * sizeof *v);
	for (size_t i = 0; is_ok(c->e) && i < n; i++)
		if (v[i].name[0] != '\0')
			say_source(c, &v[i]);
	free(v);
	return OK;
}
