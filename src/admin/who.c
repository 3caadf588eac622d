/* who.c -- the sessions of a partition: listing them, ending them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/internal.h"
#include "admin/verbs.h"
#include "base/limits.h"
#include "base/unicode.h"

enum {
	WHO_ARENA = 16 << 20,
	WHO_CLIENT_MOST = 255, /* octets of what a client says of itself */
};

/* Copies, since sending suspends and sessions come and go meanwhile. */
struct row {
	struct slice field[WHO_COLUMNS];
	int64_t since_s;
};

struct rows {
	struct arena *arena;
	struct row *v;
	size_t n;
	size_t cap;
};

static void count(void *arg, const struct session_entry *entry)
{
	struct rows *rows = arg;

	(void)entry;
	rows->cap++;
}

static struct slice shortened(struct slice s)
{
	struct slice head = slice_first(s, WHO_CLIENT_MOST);

	return slice_first(s, utf8_valid_prefix(head));
}

static struct slice joined(struct arena *a, const struct session_entry *s)
{
	struct buf all = { 0 };
	struct slice copy;

	for (size_t i = 0; i < s->n_visits; i++) {
		if (i != 0)
			buf_byte(&all, ' ');
		buf_add(&all, s->visits[i]);
	}
	copy = arena_copy(a, buf_slice(&all));
	buf_free(&all);
	return copy;
}

static void take(void *arg, const struct session_entry *s)
{
	struct rows *rows = arg;
	struct arena *a = rows->arena;
	struct row *r = &rows->v[rows->n++];

	r->since_s = s->since_s;
	r->field[WHO_SESSION] = arena_copy(a, s->session_id);
	r->field[WHO_ACCOUNT] = arena_copy(a, s->account_name);
	r->field[WHO_ADDRESS] = arena_copy(a, s->peer);
	r->field[WHO_CLIENT] = arena_copy(a, shortened(s->client_id));
	r->field[WHO_MAILBOX] = arena_copy(a, s->mailbox);
	r->field[WHO_VISITS] = joined(a, s);
	r->field[WHO_COMMAND] = arena_copy(a, s->command);
	r->field[WHO_SINCE] = arena_printf(a, "%" PRId64, s->since_s);
	r->field[WHO_IDLE] = arena_printf(a, "%" PRIu64, s->idle_s);
	r->field[WHO_TLS] = s->tls ? S("yes") : S("no");
}

static int by_account(const void *a, const void *b)
{
	const struct row *x = a;
	const struct row *y = b;
	int d = slice_cmp(x->field[WHO_ACCOUNT], y->field[WHO_ACCOUNT]);

	return d != 0 ? d
	              : (x->since_s > y->since_s) - (x->since_s < y->since_s);
}

struct err who(struct control_link *c, struct frame_in *in)
{
	const struct session_registry *sessions = &c->mail->sessions;
	struct rows rows = { 0 };

	if (!frame_is_whole(in))
		return err(ERR_CORRUPT, "a request that makes no sense");
	rows.arena = arena_new(WHO_ARENA);
	sessions->walk(sessions->ctx, count, &rows);
	rows.v = arena_array(rows.arena, rows.cap + 1, sizeof *rows.v);
	sessions->walk(sessions->ctx, take, &rows);
	qsort(rows.v, rows.n, sizeof *rows.v, by_account);
	for (size_t i = 0; i < rows.n && is_ok(c->e); i++)
		control_row(c, rows.v[i].field, WHO_COLUMNS);
	arena_free(rows.arena);
	control_done(c, OK);
	return OK;
}

struct err kick(struct control_link *c, struct frame_in *in)
{
	const struct session_registry *sessions = &c->mail->sessions;
	struct slice whom = frame_read_slice(in, LIMIT_USER_NAME);
	char text[24];
	uint64_t n;

	if (!frame_is_whole(in) || whom.len == 0)
		return err(ERR_CORRUPT, "a request that makes no sense");
	n = sessions->kick(sessions->ctx, whom);
	if (n == 0) {
		control_done(c, err(ERR_ABSENT, "there is no such session"));
		return OK;
	}
	control_record(c, "kick", (struct audit_entry){ .change = whom });
	snprintf(text, sizeof text, "%" PRIu64, n);
	control_done(c, err(ERR_OK, text));
	return OK;
}
