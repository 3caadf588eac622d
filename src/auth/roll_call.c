/*
 * roll_call.c -- whoever would not be let in now, or on other terms, is sent
 * away.
 *
 *	auth ──ROLL_CALL──► mail ──PRESENT──► auth ──SESSION_END──► mail
 *	     ──SETTLE─────►      ──ACCOUNT_DONE►   ──SETTLE───────►
 *
 * When policies change, or time or the data of countries changes what they
 * mean, mail says who is there; each is looked at as at its log-in. So there
 * is no need to know what a change takes from whom, and nothing is missed
 * while auth is away: a mail process that comes is asked, too.
 *
 * What a session once proved it has proved; only the main password may be one
 * that opens no mail any more.
 */
#include "auth/admit.h"
#include "auth/app_password.h"
#include "auth/second_factor.h"
#include "base/clock.h"
#include "base/log.h"
#include "ipc/present_frame.h"

enum { EXPIRY_MS = 60 * 1000 /* the wall clock may jump */ };

/* -- asking -- */

static void ask(struct peer *mail, uint64_t account)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_ROLL_CALL);
	frame_u64(&f, account);
	if (link_send(mail->link, &f, -1).code == ERR_LIMIT)
		log_note(LOG_LEVEL_ERROR, "roll_call",
		         "a partition does not listen: its sessions go on");
}

void roll_call_partition(struct peer *mail)
{
	ask(mail, 0);
}

static void ask_all(struct auth *a)
{
	for (uint32_t i = 0; i < a->partitions; i++)
		if (auth_mail_peer(a, i) != NULL)
			ask(auth_mail_peer(a, i), 0);
}

static bool is_of_many(struct slice scope)
{
	return scope.len == 0 || scope.ptr[0] == '@';
}

void roll_call(struct auth *a, struct slice scope)
{
	struct account_row row;
	struct peer *mail;

	if (is_of_many(scope)) {
		ask_all(a);
		return;
	}
	if (!is_ok(directory_find(a->directory, scope, &row)))
		return;
	mail = auth_mail_peer(a, directory_partition(a->directory, row.id));
	if (mail != NULL)
		ask(mail, row.id);
}

static struct err settle(struct auth *a, struct slice scope)
{
	struct account_row row;

	if (is_of_many(scope))
		return calls_settle(a);
	if (!is_ok(directory_find(a->directory, scope, &row)))
		return OK;
	return call_settle(a, directory_partition(a->directory, row.id));
}

/* Who is there has been looked at, then who was sent away has heard of it. */
struct err roll_call_settle(struct auth *a, struct slice scope)
{
	struct err e = settle(a, scope);

	return is_ok(e) ? settle(a, scope) : e;
}

/* -- who is there -- */

/* Not by the main password any more (second_factor.h). */
static bool is_shut_out(struct auth *a, const struct present *p,
                        const struct account_row *row)
{
	return p->credential != 0 && p->credential == row->credential &&
	       !is_ok(main_password_rule(a, row));
}

static bool may_stay(struct auth *a, const struct present *p,
                     const struct account_row *row,
                     const struct policies *policies)
{
	const struct admission how = { .service = SERVICE_IMAP,
		                       .address = p->address };

	if (admit_terms(policies) != p->terms)
		return false; /* it would come in on others */
	return p->session.len == 0 ||
	       (row->state == ACCOUNT_ENABLED && !is_shut_out(a, p, row) &&
	        admit_against(a, policies, &how) == NULL);
}

/* What can't be read changes nothing: it is asked again. */
static bool is_welcome(struct auth *a, const struct present *p,
                       struct arena *arena)
{
	struct account_row row;
	struct policies policies;

	return !is_ok(directory_find_id(a->directory, p->account, &row)) ||
	       !is_ok(directory_policies_for(a->directory,
	                                     account_row_name(&row), arena,
	                                     &policies)) ||
	       may_stay(a, p, &row, &policies);
}

static void send_away(struct peer *mail, const struct present *p)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_SESSION_END);
	frame_u64(&f, p->account);
	frame_slice(&f, p->session);
	link_send(mail->link, &f, -1);
}

bool roll_call_present(struct peer *mail, struct frame_in *in)
{
	struct arena *arena = arena_new(1 << 20);
	struct present p;

	while (present_frame_take(in, &p)) {
		if (!is_welcome(mail->auth, &p, arena))
			send_away(mail, &p);
		arena_reset(arena);
	}
	arena_free(arena);
	return frame_is_whole(in);
}

/* -- what expires while sessions are open -- */

static void on_expiry_timer(void *arg)
{
	roll_call_watch_expiry(arg);
	app_passwords_expire(arg);
}

/* INT64_MAX: nothing, or it can't be said now; the timer asks again. */
static int64_t next_expiry(struct auth *a)
{
	int64_t next;

	return is_ok(directory_next_expiry(a->directory, a->expired_s, &next))
	               ? next
	               : INT64_MAX;
}

void roll_call_watch_expiry(struct auth *a)
{
	int64_t now = clock_now_s();
	int64_t next = next_expiry(a);
	uint64_t wait_ms = EXPIRY_MS;

	if (next <= now) {
		ask_all(a);
		a->expired_s = now;
		next = next_expiry(a);
	}
	if (next - now < EXPIRY_MS / 1000)
		wait_ms = (uint64_t)(next - now) * 1000;
	timer_start(&a->expiry, a->loop, wait_ms, on_expiry_timer, a);
}
