/* alert_post.c -- mail and webhooks. */
#include "auth/alert_post.h"

#include <stdlib.h>

#include "auth/alerts_internal.h"
#include "auth/outside.h"
#include "base/issuer.h"
#include "base/log.h"
#include "base/mem.h"
#include "guard/alert_text.h"

static const uint64_t pauses_s[] = { 2, 10, 60, 300, 1200 };

enum { PAUSES = sizeof pauses_s / sizeof *pauses_s };

struct alert_post {
	struct alert_post *next;
	struct auth *auth;
	char *place; /* a URL, or an account's name */
	bool is_web;
	bool to_owner;     /* if it can't be, to administrators */
	struct slice text; /* own memory */
};

/* -- one try -- */

static struct err deliver(struct auth *a, const struct account_row *row,
                          struct slice text)
{
	struct frame_out f = { 0 };
	struct call c;

	call_begin(a, &c, &f, FRAME_ALERT);
	frame_u64(&f, row->id);
	frame_slice(&f, account_row_name(row));
	frame_slice(&f, text);
	return call_mail(a, &c, directory_partition(a->directory, row->id), &f);
}

static struct err send_mail(struct auth *a, struct slice name,
                            struct slice text)
{
	struct account_row row;
	struct err e = account_find(a, name, &row);

	if (is_ok(e) && row.state != ACCOUNT_ENABLED &&
	    row.state != ACCOUNT_DISABLED)
		e = err(ERR_ABSENT, "there is no such account");
	if (is_ok(e))
		e = lookup_deferred(a, account_row_name(&row));
	return is_ok(e) ? deliver(a, &row, text) : e;
}

static struct err send_web(struct auth *a, struct slice url, struct slice text)
{
	const struct outside_post post = {
		.url = url,
		.content_type = S("application/json"),
		.body = text,
	};
	struct outside_answer answer;
	struct err e = outside_post(a, &post, &answer);
	struct log_line l;

	l = log_open(LOG_LEVEL_INFO, "alert_posted");
	log_text(&l, "site", issuer_site(url));
	if (is_ok(e))
		log_number(&l, "status", answer.status);
	else
		log_text(&l, "error", slice_cstr(e.text));
	log_close(&l);
	if (is_ok(e) && (answer.status < 200 || answer.status > 299))
		e = err(ERR_UNAVAILABLE, "the webhook did not take it");
	else if (!is_ok(e))
		e = err(e.code, "the webhook can't be reached");
	outside_answer_free(&answer);
	return e;
}

static struct err send_one(struct auth *a, struct slice place,
                           struct slice text)
{
	return issuer_is_url(place) ? send_web(a, place, text)
	                            : send_mail(a, place, text);
}

/* -- one that is tried again -- */

static void post_free(struct alert_post *p)
{
	struct alert_posts *all = &p->auth->alerts->posts;
	struct alert_post **at = &all->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	all->n[p->is_web]--;
	free(p->place);
	free((char *)(uintptr_t)p->text.ptr);
	free(p);
}

static void log_given_up(const struct alert_post *p, struct err e)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "alert_not_delivered");

	log_text(&l, "to", issuer_site(slice_cstr(p->place)));
	log_text(&l, "error", slice_cstr(e.text));
	log_close(&l);
}

static void post(struct auth *, struct slice place, bool to_owner,
                 struct slice text);

static void post_to_administrators(struct auth *a, struct slice text)
{
	const struct auth_options *o = a->options;

	for (size_t i = 0; i < o->alerts_count; i++) {
		struct slice place = slice_cstr(o->alerts[i]);

		if (slice_find_byte(place, '@') != SLICE_NONE)
			post(a, place, false, text);
	}
}

static void run_post(void *arg)
{
	struct alert_post *p = arg;
	struct auth *a = p->auth;
	struct err e;

	for (size_t i = 0;; i++) {
		e = send_one(a, slice_cstr(p->place), p->text);
		if (e.code != ERR_UNAVAILABLE || i == PAUSES || a->stopping)
			break;
		task_sleep(pauses_s[i] * 1000);
	}
	if (!is_ok(e))
		log_given_up(p, e);
	if (!is_ok(e) && p->to_owner)
		post_to_administrators(a, p->text);
	post_free(p);
}

static void post(struct auth *a, struct slice place, bool to_owner,
                 struct slice text)
{
	struct alert_posts *all = &a->alerts->posts;
	bool is_web = issuer_is_url(place);
	struct alert_post *p;

	if (all->n[is_web] >= POSTS_MOST) {
		a->alerts->lost++;
		return;
	}
	p = mem_new(1, sizeof *p);
	p->auth = a;
	p->place = mem_cstr(place);
	p->is_web = is_web;
	p->to_owner = to_owner;
	p->text = slice_of(mem_copy(text.ptr, text.len), text.len);
	p->next = all->first;
	all->first = p;
	all->n[is_web]++;
	task_spawn(a->loop, run_post, p);
}

void alert_posts_free(struct alert_posts *all)
{
	while (all->first != NULL)
		post_free(all->first);
}

/* -- who is told -- */

static void make_text(struct auth *a, const struct alert *alert,
                      struct slice place, struct buf *out)
{
	struct slice host = slice_cstr(a->options->hostname);

	*out = buf_limit(ALERT_MESSAGE);
	if (issuer_is_url(place))
		alert_json(alert, host, out);
	else
		alert_mail(alert, host, place, out);
}

static void post_to(struct auth *a, const struct alert *alert,
                    struct slice place, bool to_owner)
{
	struct buf text;

	make_text(a, alert, place, &text);
	post(a, place, to_owner, buf_slice(&text));
	buf_free(&text);
}

void alert_post_all(struct auth *a, const struct alert *alert)
{
	bool to_all = alert->account == 0 ||
	              alert_kinds[alert->kind].also_to_administrators;
	const struct auth_options *o = a->options;

	for (size_t i = 0; i < o->alerts_count; i++) {
		struct slice place = slice_cstr(o->alerts[i]);
		bool is_owner = slice_eq(place, S("owner"));

		if (is_owner && alert->account != 0)
			post_to(a, alert, alert->user, true);
		else if (!is_owner && (issuer_is_url(place) || to_all))
			post_to(a, alert, place, false);
	}
}

struct err alert_post_try(struct auth *a, const struct alert *alert,
                          struct slice place)
{
	struct buf text;
	struct err e;

	make_text(a, alert, place, &text);
	e = send_one(a, place, buf_slice(&text));
	buf_free(&text);
	return e;
}
