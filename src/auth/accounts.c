/*
 * accounts.c -- an account is a row here and mail in its partition.
 *
 * The row is made first and is ADDING until the partition has the account;
 * it is REMOVING until the partition has forgotten it. A partition that
 * refuses to make it (a full disk) is made to forget it again. Whoever is
 * stopped between the two leaves a row that nobody can log in to, that
 * adding or removing again finishes, and that accounts_heal() takes away.
 */
#include <stdlib.h>

#include "auth/alerts.h"
#include "auth/internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "directory/name.h"

struct err account_find(struct auth *a, struct slice name,
                        struct account_row *row)
{
	struct buf key = { 0 };
	struct err e = user_name_normal(name, &key);

	if (is_ok(e))
		e = directory_find(a->directory, buf_slice(&key), row);
	buf_free(&key);
	return e;
}

static void log_change(const char *event, struct slice name)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_text(&l, "user", name);
	log_close(&l);
}

/* -- the partition's side -- */

static struct err mail_create(struct auth *a, uint64_t id, struct slice name,
                              uint64_t quota_bytes)
{
	struct frame_out f = { 0 };
	uint32_t above;
	struct call c;
	struct err e = directory_uidvalidity(a->directory, &above);

	if (!is_ok(e))
		return e;
	call_begin(a, &c, &f, FRAME_ACCOUNT_CREATE);
	frame_u64(&f, id);
	frame_slice(&f, name);
	frame_u64(&f, quota_bytes);
	frame_u64(&f, a->options->quota_messages);
	frame_u32(&f, above);
	e = call_mail(a, &c, directory_partition(a->directory, id), &f);
	return e.code == ERR_ALREADYEXISTS ? OK : e;
}

static struct err ask_to_delete(struct auth *a, uint64_t id, uint32_t *kept)
{
	struct frame_out f = { 0 };
	struct call c;
	struct err e;

	call_begin(a, &c, &f, FRAME_ACCOUNT_DELETE);
	frame_u64(&f, id);
	frame_u32(&f, *kept);
	e = call_mail(a, &c, directory_partition(a->directory, id), &f);
	*kept = c.uidvalidity;
	return e;
}

/* Its last UIDVALIDITY is on disk before its mail goes; when it is asked for
 * the account's sessions have ended, so there is no later one. */
static struct err mail_delete(struct auth *a, uint64_t id)
{
	uint32_t kept;
	struct err e = directory_uidvalidity(a->directory, &kept);

	if (is_ok(e))
		e = ask_to_delete(a, id, &kept);
	if (e.code == ERR_NOTNOW) {
		e = directory_raise_uidvalidity(a->directory, kept);
		if (is_ok(e))
			e = ask_to_delete(a, id, &kept);
	}
	return e.code == ERR_ABSENT ? OK : e;
}

/* A process that is not there has no sessions either. */
struct err account_kick(struct auth *a, uint64_t id, uint64_t credential)
{
	struct link *mail = auth_mail(a, directory_partition(a->directory, id));
	struct frame_out f = { 0 };

	if (mail == NULL)
		return OK;
	frame_begin(&f, FRAME_ACCOUNT_KICK);
	frame_u64(&f, id);
	frame_u64(&f, credential);
	if (link_send(mail, &f, -1).code != ERR_LIMIT)
		return OK;
	return err(ERR_UNAVAILABLE, "done, but its sessions go on: its "
	                            "partition does not listen");
}

struct err account_settle(struct auth *a, uint64_t id)
{
	return call_settle(a, directory_partition(a->directory, id));
}

/* -- the changes; the caller holds `changing` -- */

static void log_half_made(struct slice name, struct err why)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "user_half_made");

	log_text(&l, "user", name);
	log_text(&l, "error", slice_cstr(why.text));
	log_close(&l);
}

/* The partition said no (then it can be asked to forget), or nothing. */
static struct err take_back(struct auth *a, uint64_t id, struct slice name,
                            struct err why)
{
	if (why.code != ERR_UNAVAILABLE && is_ok(mail_delete(a, id)) &&
	    is_ok(directory_forget(a->directory, id)))
		return why;
	log_half_made(name, why);
	return err(why.code, "it is half made (\"adding\"), and the log says "
	                     "why: add it again, or remove it");
}

static struct err add(struct auth *a, struct slice name, struct slice stored,
                      uint64_t quota_bytes)
{
	uint64_t id;
	struct err e = directory_add(a->directory, name, stored, &id);

	if (!is_ok(e))
		return e;
	e = mail_create(a, id, name, quota_bytes);
	if (!is_ok(e))
		return take_back(a, id, name, e);
	return directory_set_state(a->directory, id, ACCOUNT_ENABLED);
}

static struct err remove_row(struct auth *a, const struct account_row *row)
{
	struct err e = OK;

	if (row->state != ACCOUNT_REMOVING)
		e = directory_set_state(a->directory, row->id,
		                        ACCOUNT_REMOVING);
	if (is_ok(e))
		e = mail_delete(a, row->id);
	if (is_ok(e))
		e = directory_forget(a->directory, row->id);
	if (is_ok(e) && !is_ok(history_forget(a->history, row->id)))
		log_note(LOG_LEVEL_WARN, "history",
		         "rows of one who has been "
		         "removed stay");
	if (is_ok(e) && !is_ok(alerts_forget(a, row->id)))
		log_note(LOG_LEVEL_WARN, "alerts",
		         "rows of one who has been removed stay");
	return e;
}

/* -- the verbs -- */

static struct err hash(struct auth *a, struct slice secret, struct buf *out)
{
	if (secret.len == 0 || secret.len > LIMIT_PASSWORD ||
	    slice_find_byte(secret, '\0') != SLICE_NONE)
		return err(ERR_SYNTAX, "a password has 1 to 1024 octets, none "
		                       "of them NUL");
	return hashing_hash(&a->hashing, secret, a->options->password_cost,
	                    out);
}

/* What another server has kept is taken if a password can be compared with
 * it; whose it is need not be known for that. */
static struct err check_stored(struct auth *a, struct slice stored)
{
	enum password_answer answer;
	struct err e = OK;

	if (stored.len > PASSWORD_STORED)
		return err(ERR_SYNTAX, "a stored password has 1024 octets at "
		                       "most");
	e = hashing_verify(&a->hashing, HASHING_KNOWN, stored, S("x"),
	                   a->options->allow_plain, &answer);
	if (is_ok(e) && answer == PASSWORD_UNUSABLE)
		e = err(ERR_SYNTAX,
		        "that is no stored password, or of a scheme "
		        "that is not accepted");
	return e;
}

static struct err add_named(struct auth *a, struct slice name,
                            struct slice stored)
{
	struct buf key = { 0 };
	struct err e = user_name_normal(name, &key);

	if (is_ok(e)) {
		task_lock(&a->changing);
		e = add(a, buf_slice(&key), stored, a->options->quota_bytes);
		task_unlock(&a->changing);
	}
	if (is_ok(e))
		log_change("user_added", buf_slice(&key));
	buf_free(&key);
	return e;
}

struct err account_add(struct auth *a, struct slice name, struct slice secret)
{
	struct buf stored = { 0 };
	struct err e = hash(a, secret, &stored);

	if (is_ok(e))
		e = add_named(a, name, buf_slice(&stored));
	buf_free(&stored);
	return e;
}

struct err account_add_stored(struct auth *a, struct slice name,
                              struct slice stored)
{
	struct err e = check_stored(a, stored);

	return is_ok(e) ? add_named(a, name, stored) : e;
}

struct err account_add_shared(struct auth *a, struct slice name)
{
	return add_named(a, name, S(""));
}

struct err account_add_of_source(struct auth *a, struct slice name,
                                 struct slice stored, uint64_t quota_bytes)
{
	struct err e;

	task_lock(&a->changing);
	e = add(a, name, stored,
	        quota_bytes != 0 ? quota_bytes : a->options->quota_bytes);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("user_added", name);
	return e.code == ERR_ALREADYEXISTS ? OK : e;
}

struct err account_remove(struct auth *a, struct slice name)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, name, &row);
	if (is_ok(e))
		e = remove_row(a, &row);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("user_removed", account_row_name(&row));
	return e;
}

static struct err set_enabled(struct auth *a, const struct account_row *row,
                              bool on)
{
	struct err e;

	if (row->state != ACCOUNT_ENABLED && row->state != ACCOUNT_DISABLED)
		return err(ERR_NOTNOW,
		           "it was not added or removed to the end: "
		           "do that again first");
	e = directory_set_state(a->directory, row->id,
	                        on ? ACCOUNT_ENABLED : ACCOUNT_DISABLED);
	return is_ok(e) && !on ? account_kick(a, row->id, 0) : e;
}

struct err account_enable(struct auth *a, struct slice name, bool on)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, name, &row);
	if (is_ok(e))
		e = set_enabled(a, &row, on);
	task_unlock(&a->changing);
	if (!is_ok(e))
		return e;
	log_change(on ? "user_enabled" : "user_disabled",
	           account_row_name(&row));
	return on ? OK : account_settle(a, row.id);
}

struct err account_administrator(struct auth *a, struct slice name, bool on)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, name, &row);
	if (is_ok(e) && row.shared)
		e = err(ERR_NOTNOW, "nobody logs in to it");
	if (is_ok(e))
		e = directory_set_administrator(a->directory, row.id, on);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change(on ? "user_promoted" : "user_demoted",
		           account_row_name(&row));
	return e;
}

static struct err set_password(struct auth *a, struct slice name,
                               struct slice stored)
{
	struct account_row row;
	struct err e;

	task_lock(&a->changing);
	e = account_find(a, name, &row);
	if (is_ok(e))
		e = directory_set_password(a->directory, row.id, stored);
	/* whoever knew the old one has no business here any more */
	if (is_ok(e))
		e = account_kick(a, row.id, 0);
	task_unlock(&a->changing);
	if (!is_ok(e))
		return e;
	log_change("user_password", account_row_name(&row));
	return account_settle(a, row.id);
}

struct err account_password(struct auth *a, struct slice name,
                            struct slice secret)
{
	struct buf stored = { 0 };
	struct err e = hash(a, secret, &stored);

	if (is_ok(e))
		e = set_password(a, name, buf_slice(&stored));
	buf_free(&stored);
	return e;
}

struct err account_password_stored(struct auth *a, struct slice name,
                                   struct slice stored)
{
	struct err e = check_stored(a, stored);

	return is_ok(e) ? set_password(a, name, stored) : e;
}

/* -- healing -- */

struct healing {
	struct auth *auth;
	uint32_t partition;
};

static void heal(void *arg)
{
	struct healing *h = arg;
	struct auth *a = h->auth;
	struct account_row row = { 0 };

	task_lock(&a->changing);
	while (is_ok(directory_unfinished(a->directory, row.id, &row)))
		if (directory_partition(a->directory, row.id) == h->partition &&
		    is_ok(remove_row(a, &row)))
			log_change("user_healed", account_row_name(&row));
	task_unlock(&a->changing);
	free(h);
}

void accounts_heal(struct auth *a, uint32_t partition)
{
	struct healing *h = mem_new(1, sizeof *h);

	*h = (struct healing){ a, partition };
	task_spawn(a->loop, heal, h);
}
