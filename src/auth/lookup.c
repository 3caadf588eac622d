/*
 * lookup.c -- is there somebody to deliver to?
 *
 * A disabled account can't log in, but its mail still comes in: disabling is
 * for people and stolen passwords, and bouncing mail would lose it. The
 * address as it stands comes first; only if nobody has it is "user+detail"
 * taken apart. Whom the directory does not know is looked for in the sources;
 * whom a source has is asked for there, now and then, because who has gone
 * from it gets no more mail.
 */
#include <stdlib.h>

#include "auth/internal.h"
#include "auth/source.h"
#include "base/mem.h"
#include "directory/name.h"

struct found {
	struct account_row row;
	struct slice detail;
};

static struct err find(struct auth *a, struct slice name, struct found *out)
{
	struct err e = directory_find(a->directory, name, &out->row);

	if (is_ok(e) && out->row.state != ACCOUNT_ENABLED &&
	    out->row.state != ACCOUNT_DISABLED)
		return err(ERR_ABSENT, "no such account");
	return e;
}

static struct err find_address(struct auth *a, struct slice address,
                               struct found *out)
{
	struct buf name = { 0 };
	struct buf base = { 0 };
	struct err e = user_name_normal(address, &name);

	if (is_ok(e))
		e = find(a, buf_slice(&name), out);
	/* a detail, being a mailbox's name, may hold what no name may */
	if ((e.code == ERR_ABSENT || e.code == ERR_SYNTAX) &&
	    user_name_split(address, &base, &out->detail)) {
		name.len = 0;
		e = user_name_normal(buf_slice(&base), &name);
		if (is_ok(e))
			e = find(a, buf_slice(&name), out);
	}
	buf_free(&name);
	buf_free(&base);
	return e;
}

/* What gate is told: there, not there, or not to be known now. */
static enum err_code answer_code(struct err e)
{
	switch (e.code) {
	case ERR_OK:
	case ERR_ABSENT:
	case ERR_CONTACTADMIN:
		return e.code;
	case ERR_SYNTAX:
		return ERR_ABSENT;
	default:
		return ERR_UNAVAILABLE;
	}
}

struct err lookup_deferred(struct auth *a, struct slice name)
{
	struct arena *arena = arena_new(1 << 16);
	struct policies p;
	struct err e = directory_policies_for(a->directory, name, arena, &p);

	if (is_ok(e) && p.v[POLICY_SUSPENDED].choice == SUSPENDED_DEFER)
		e = err(ERR_CONTACTADMIN, "it is suspended");
	arena_free(arena);
	return e;
}

static void answer(struct peer *gate, uint64_t request,
                   const struct found *found, struct err e)
{
	struct auth *a = gate->auth;
	const struct account_row *row = &found->row;
	struct frame_out f = { 0 };

	if (gate->link == NULL)
		return;
	frame_begin(&f, FRAME_FOUND);
	frame_u64(&f, request);
	frame_u8(&f, (uint8_t)answer_code(e));
	frame_u64(&f, is_ok(e) ? row->id : 0);
	frame_u32(&f,
	          is_ok(e) ? directory_partition(a->directory, row->id) : 0);
	frame_slice(&f, is_ok(e) ? account_row_name(row) : S(""));
	frame_slice(&f, is_ok(e) ? found->detail : S(""));
	link_send(gate->link, &f, -1);
}

/* -- sources -- */

/* Its source said so a moment ago: kept where verdicts are, which lasts as
 * long, and goes when the credential changes. */
static struct verdict_key seen_key(const struct auth *a,
                                   const struct account_row *row)
{
	return verdict_key(a->verdicts, &(struct verdict_subject){
						.account = row->id,
						.credential = row->credential,
						.generation = row->generation,
						.mechanism = S("lookup") });
}

static void note_seen(struct auth *a, const struct account_row *row)
{
	uint64_t now = loop_now_ms(a->loop);
	uint64_t keep_ms = (uint64_t)a->options->verdict_seconds * 1000;
	struct verdict_key key = seen_key(a, row);

	if (keep_ms != 0)
		verdicts_add(a->verdicts, &key, now, now + keep_ms);
}

/* When its source can't be asked it is as it was: there is a mailbox. */
static struct err still_there(struct auth *a, const struct account_row *row)
{
	struct verdict_key key = seen_key(a, row);
	struct source_found at = { 0 };
	struct err e;

	if (verdicts_has(a->verdicts, &key, loop_now_ms(a->loop)))
		return OK;
	e = source_find(a, row, account_row_name(row), S(""), &at);
	source_found_free(&at);
	if (is_ok(e))
		note_seen(a, row);
	return e.code == ERR_ABSENT ? e : OK;
}

static struct err find_in_sources(struct auth *a, struct slice address,
                                  struct account_row *row)
{
	struct source_found at = { 0 };
	struct buf name = { 0 };
	struct err e = user_name_normal(address, &name);

	*row = (struct account_row){ 0 };
	if (is_ok(e))
		e = source_find(a, row, buf_slice(&name), S(""), &at);
	if (is_ok(e))
		e = source_settle(a, buf_slice(&name), &at, row);
	if (is_ok(e))
		note_seen(a, row);
	source_found_free(&at);
	buf_free(&name);
	return e;
}

/* Nobody has the address as it stands, here. */
static struct err find_elsewhere(struct auth *a, struct slice address,
                                 struct found *out)
{
	struct buf base = { 0 };
	struct err e = find_in_sources(a, address, &out->row);

	if ((e.code == ERR_ABSENT || e.code == ERR_SYNTAX) &&
	    user_name_split(address, &base, &out->detail))
		e = find_in_sources(a, buf_slice(&base), &out->row);
	buf_free(&base);
	return e;
}

struct lookup {
	struct peer *gate;
	uint64_t request;
	struct buf address;
};

static void run_lookup(void *arg)
{
	struct lookup *l = arg;
	struct auth *a = l->gate->auth;
	struct found found = { 0 };
	struct slice address = buf_slice(&l->address);
	struct err e = find_address(a, address, &found);

	if (is_ok(e) && source_has(&found.row))
		e = still_there(a, &found.row);
	else if (e.code == ERR_ABSENT || e.code == ERR_SYNTAX)
		e = find_elsewhere(a, address, &found);
	if (is_ok(e))
		e = lookup_deferred(a, account_row_name(&found.row));
	answer(l->gate, l->request, &found, e);
	peer_release(l->gate);
	buf_free(&l->address);
	free(l);
	auth_work_ends(a);
}

static void begin_lookup(struct peer *gate, uint64_t request,
                         struct slice address)
{
	struct lookup *l = mem_new(1, sizeof *l);

	l->gate = peer_keep(gate);
	l->request = request;
	buf_add(&l->address, address);
	gate->auth->working++;
	task_spawn(gate->auth->loop, run_lookup, l);
}

bool lookup_frame(struct peer *gate, struct frame_in *in)
{
	struct auth *a = gate->auth;
	struct found found = { 0 };
	uint64_t request = read_u64(&in->r);
	struct slice address = frame_read_slice(in, LIMIT_LMTP_LINE);
	struct err e;

	if (!frame_is_whole(in))
		return false;
	if (source_is_used(a)) {
		begin_lookup(gate, request, address);
		return true;
	}
	e = find_address(a, address, &found);
	if (is_ok(e))
		e = lookup_deferred(a, account_row_name(&found.row));
	answer(gate, request, &found, e);
	return true;
}
