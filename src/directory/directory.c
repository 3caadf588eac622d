/* directory.c -- the statements, and how they are run. */
#include "directory/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "task/task.h"

/* What SELECT_ROW gives, in this order. */
#define SELECT_ROW                                                     \
	"SELECT a.id, a.state, a.created, a.name, c.id, c.generation," \
	" c.changed, c.last_use, c.stored, a.shared, a.administrator," \
	" EXISTS(SELECT 1 FROM second_factors f"                       \
	" WHERE f.account = a.id AND f.confirmed <> 0)"                \
	" FROM accounts a LEFT JOIN credentials c"                     \
	" ON c.account = a.id AND c.kind = 'password' "

#define SELECT_APP_PASSWORD                                                \
	"SELECT id, name, services, networks, expires, created, last_use," \
	" last_address FROM credentials"                                   \
	" WHERE account = ?1 AND kind = 'app' "

/* Those that account ?2, called ?3, answers to. */
#define IDENTIFIERS                              \
	"'anyone' UNION SELECT ?3 UNION SELECT " \
	"'$' || name FROM members WHERE account = ?2"

static const char *const reads[READS] = {
	[FIND] = SELECT_ROW "WHERE a.name = ?1",
	[PAGE] = SELECT_ROW "WHERE a.name > ?1 ORDER BY a.name LIMIT ?2",
	[PAGE_DOMAIN] = SELECT_ROW "WHERE a.name > ?1 AND a.domain ="
				   " (SELECT id FROM domains WHERE name = ?3)"
				   " ORDER BY a.name LIMIT ?2",
	[UNFINISHED] = SELECT_ROW "WHERE a.state IN (0, 3) AND a.id > ?1"
				  " ORDER BY a.id LIMIT 1",
	[COUNT_DOMAINS] = "SELECT count(*) FROM domains",
	[COUNT_ACCOUNTS] = "SELECT count(*) FROM accounts",
	[UIDVALIDITY] = "SELECT uidvalidity FROM store",
	[HIDDEN_FOR] = "SELECT DISTINCT capability FROM hidden"
		       " WHERE scope IN ('', ?1, ?2)",
	[HIDDEN_PAGE] = "SELECT scope, capability FROM hidden"
			" WHERE (scope, capability) > (?1, ?2)"
			" ORDER BY scope, capability LIMIT ?3",
	[FIND_ID] = SELECT_ROW "WHERE a.id = ?1",
	[GRANTED] = "SELECT 1 FROM grants WHERE owner = ?1"
		    " AND identifier IN (SELECT " IDENTIFIERS ") LIMIT 1",
	[OWNERS] = "SELECT name FROM accounts WHERE id IN (SELECT owner"
		   " FROM grants WHERE identifier IN (SELECT " IDENTIFIERS "))"
		   " AND domain = (SELECT domain FROM accounts WHERE id = ?2)"
		   " AND id <> ?2 AND shared = ?1 AND state IN (1, 2)"
		   " AND name > ?4 ORDER BY name LIMIT ?5",
	[SECRET] = "SELECT value FROM secrets WHERE name = 'salts'",
	[GROUPS_OF] = "SELECT name FROM members WHERE account = ?1",
	[GROUP_PAGE] = "SELECT m.name, a.name FROM members m JOIN accounts a"
		       " ON a.id = m.account WHERE (m.name, a.name) > (?1, ?2)"
		       " ORDER BY m.name, a.name LIMIT ?3",
	[POLICIES_FOR] = "SELECT scope, name, value FROM policies"
			 " WHERE scope IN ('', ?1, ?2)",
	[POLICY_PAGE] = "SELECT scope, name, value FROM policies"
			" WHERE (scope, name) > (?1, ?2)"
			" ORDER BY scope, name LIMIT ?3",
	[STALE] = "SELECT a.name, max(c.last_use), a.created FROM accounts a"
		  " JOIN credentials c ON c.account = a.id WHERE a.state = 1"
		  " AND a.shared = 0 AND a.created < ?1 AND a.name > ?2"
		  " GROUP BY a.id HAVING max(c.last_use) < ?1"
		  " ORDER BY a.name LIMIT ?3",
	[NEXT_EXPIRY] = "SELECT min(value) FROM policies WHERE name = 'expires'"
			" AND value > ?1 AND value <> 'never'",
	[APP_PASSWORDS] = SELECT_APP_PASSWORD "ORDER BY name LIMIT ?2",
	[APP_PASSWORD] = SELECT_APP_PASSWORD "AND stored = ?2",
	[EXPIRED] =
		"SELECT account, id, expires FROM credentials WHERE expires > ?1"
		" AND expires <= ?2 AND expires > 0 ORDER BY expires"
		" LIMIT ?3",
	[CERTIFICATE] = "SELECT account, id FROM credentials"
			" WHERE kind = 'certificate' AND name = ?1",
	[CERTIFICATES] =
		"SELECT id, name, stored, expires, created, last_use,"
		" last_address FROM credentials WHERE account = ?1"
		" AND kind = 'certificate' ORDER BY created, id LIMIT ?2",
	[SECOND_FACTOR] = "SELECT confirmed, step, misses, missed, key,"
			  " (SELECT count(*) FROM recovery_codes r WHERE"
			  " r.account = f.account) FROM second_factors f"
			  " WHERE account = ?1",
};

static const char *const writes[WRITES] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[TOUCH] = "UPDATE store SET partitions = partitions + 1",
	[TOUCH_BACK] = "UPDATE store SET partitions = partitions - 1",
	[ADD_DOMAIN] = "INSERT INTO domains (name, created) VALUES (?1, ?2)"
		       " ON CONFLICT DO NOTHING",
	[ADD_ACCOUNT] = "INSERT INTO accounts (id, name, domain, state,"
			" created) VALUES (?1, ?2, (SELECT id FROM domains"
			" WHERE name = ?3), 0, ?4) ON CONFLICT DO NOTHING",
	[FIND_ADDING] = "SELECT id FROM accounts WHERE name = ?1"
			" AND state = 0",
	[ADD_CREDENTIAL] = "INSERT INTO credentials (account, kind, stored,"
			   " generation, created, changed, last_use)"
			   " VALUES (?1, 'password', ?2, 1, ?3, ?3, 0)"
			   " ON CONFLICT (account, kind, name) DO UPDATE SET"
			   " stored = ?2, generation = generation + 1,"
			   " changed = ?3",
	[SET_STATE] = "UPDATE accounts SET state = ?2 WHERE id = ?1",
	[SET_ADMINISTRATOR] = "UPDATE accounts SET administrator = ?2"
			      " WHERE id = ?1",
	[RAISE] = "UPDATE credentials SET generation = generation + 1"
		  " WHERE account = ?1",
	[RAISE_UIDVALIDITY] = "UPDATE store SET uidvalidity ="
			      " max(uidvalidity, ?1)",
	[SET_PASSWORD] = "UPDATE credentials SET stored = ?2, changed = ?3,"
			 " generation = generation + 1"
			 " WHERE account = ?1 AND kind = 'password'",
	[REHASH] = "UPDATE credentials SET stored = ?3"
		   " WHERE id = ?1 AND generation = ?2",
	[FORGET] = "DELETE FROM accounts WHERE id = ?1",
	[FORGET_DOMAINS] = "DELETE FROM domains WHERE NOT EXISTS (SELECT 1"
			   " FROM accounts WHERE domain = domains.id)",
	[FORGET_HIDDEN] = "DELETE FROM hidden WHERE scope ="
			  " (SELECT name FROM accounts WHERE id = ?1)",
	[FORGET_HIDDEN_DOMAINS] = "DELETE FROM hidden WHERE scope LIKE '@%'"
				  " AND substr(scope, 2) NOT IN"
				  " (SELECT name FROM domains)",
	[HIDE] = "INSERT INTO hidden (scope, capability) VALUES (?1, ?2)"
		 " ON CONFLICT DO NOTHING",
	/* of the scopes that scope ?1 is a part of: itself, or all that are
	 * within it. A name ends with its domain's scope. */
	[HIDES_TOO_MUCH] =
		"SELECT 1 FROM (SELECT DISTINCT who.scope AS who, h.capability"
		" AS capability FROM hidden who JOIN hidden h ON h.scope IN"
		" ('', who.scope, substr(who.scope, instr(who.scope, '@')))"
		" WHERE who.scope = ?1 OR ?1 = '' OR ?1 ="
		" substr(who.scope, instr(who.scope, '@'))) GROUP BY who"
		" HAVING sum(length(capability) + 1) - 1 > ?2 LIMIT 1",
	[OFFER] = "DELETE FROM hidden WHERE scope = ?1 AND capability = ?2",
	[SHARE] = "UPDATE accounts SET shared = 1 WHERE id = ?1",
	[ADD_GRANT] = "INSERT INTO grants (owner, identifier) VALUES (?1, ?2)"
		      " ON CONFLICT DO NOTHING",
	[JOIN] = "INSERT INTO members (name, account) VALUES (?2, ?1)"
		 " ON CONFLICT DO NOTHING",
	[IN_TOO_MANY] = "SELECT 1 FROM members WHERE account = ?1"
			" GROUP BY account HAVING count(*) > ?2",
	[LEAVE] = "DELETE FROM members WHERE account = ?1 AND name = ?2",
	[SET_POLICY] = "INSERT INTO policies (scope, name, value)"
		       " VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE"
		       " SET value = ?3",
	[UNSET_POLICY] = "DELETE FROM policies WHERE scope = ?1 AND name = ?2",
	[FORGET_POLICIES] = "DELETE FROM policies WHERE scope ="
			    " (SELECT name FROM accounts WHERE id = ?1)",
	[FORGET_POLICIES_DOMAINS] =
		"DELETE FROM policies WHERE scope LIKE '@%'"
		" AND substr(scope, 2) NOT IN (SELECT name FROM domains)",
	[USED] = "UPDATE credentials SET last_use = ?2, last_address = ?3"
		 " WHERE id = ?1",
	[ADD_APP_PASSWORD] =
		"INSERT INTO credentials (account, kind, name, stored,"
		" generation, created, changed, last_use, services, networks,"
		" expires) VALUES (?1, 'app', ?2, ?3, 1, ?4, ?4, 0, ?5, ?6,"
		" ?7) ON CONFLICT DO NOTHING",
	[TOO_MANY_CREDENTIALS] =
		"SELECT 1 FROM credentials WHERE account = ?1 AND kind = ?2"
		" GROUP BY account HAVING count(*) > ?3",
	[REMOVE_CREDENTIAL] = "DELETE FROM credentials WHERE account = ?1"
			      " AND kind = ?2 AND name = ?3 RETURNING id",
	[ADD_CERTIFICATE] =
		"INSERT INTO credentials (account, kind, name, stored,"
		" generation, created, changed, last_use, expires)"
		" VALUES (?1, 'certificate', ?2, ?3, 1, ?4, ?4, 0, ?5)"
		" ON CONFLICT DO NOTHING",
	[SET_SECOND_FACTOR] =
		"INSERT INTO second_factors (account, key) VALUES (?1, ?2)"
		" ON CONFLICT (account) DO UPDATE SET key = ?2, misses = 0"
		" WHERE confirmed = 0",
	[CONFIRM_SECOND_FACTOR] =
		"UPDATE second_factors SET confirmed = ?4, step = ?3,"
		" misses = 0 WHERE account = ?1 AND key = ?2"
		" AND confirmed = 0",
	[REMOVE_SECOND_FACTOR] = "DELETE FROM second_factors"
				 " WHERE account = ?1",
	[TAKE_STEP] = "UPDATE second_factors SET step = ?2, misses = 0"
		      " WHERE account = ?1 AND step < ?2 AND confirmed <> 0",
	[MISS_CODE] = "UPDATE second_factors SET misses = misses + 1,"
		      " missed = ?2 WHERE account = ?1",
	[FORGET_RECOVERY_CODES] = "DELETE FROM recovery_codes"
				  " WHERE account = ?1",
	[ADD_RECOVERY_CODE] =
		"INSERT INTO recovery_codes (account, stored) SELECT account,"
		" ?2 FROM second_factors WHERE account = ?1"
		" AND confirmed <> 0",
	[TAKE_RECOVERY_CODE] = "DELETE FROM recovery_codes"
			       " WHERE account = ?1 AND stored = ?2",
};

/* -- opening -- */

static struct err upgrade(struct sql *sql, uint64_t version,
                          uint32_t partitions)
{
	struct buf text = { 0 };
	struct err e;

	buf_printf(&text, "BEGIN IMMEDIATE; %s", directory_upgrades[version]);
	if (version == 0)
		buf_printf(&text, "INSERT INTO store VALUES (%u);", partitions);
	buf_printf(&text, "PRAGMA user_version = %u; COMMIT;",
	           (unsigned)version + 1);
	buf_byte(&text, '\0');
	e = sql_script(sql, text.data);
	buf_free(&text);
	return e;
}

static struct err check_version(struct sql *sql, uint32_t partitions)
{
	uint64_t version, made_for;
	struct err e = sql_number(sql, "PRAGMA user_version", &version);

	for (; is_ok(e) && version < n_directory_upgrades; version++)
		e = upgrade(sql, version, partitions);
	if (!is_ok(e))
		return e;
	if (version != n_directory_upgrades)
		return err(ERR_NOTNOW, "the directory was written by a newer "
		                       "roost");
	e = sql_number(sql, "SELECT partitions FROM store", &made_for);
	if (!is_ok(e))
		return e;
	if (made_for != partitions)
		return err(ERR_NOTNOW, "the accounts were made for another "
		                       "number of partitions, which can't "
		                       "change: set it back");
	return OK;
}

static struct err read_secret(struct directory *d)
{
	struct err e;
	bool there;

	sql_use(d->reader, SECRET);
	e = sql_step(d->reader, &there);
	if (is_ok(e) && !there)
		e = err(ERR_CORRUPT, "the directory has lost its secret");
	if (is_ok(e))
		buf_add(&d->secret, sql_column_text(d->reader, 0));
	sql_done(d->reader);
	return e;
}

struct slice directory_secret(const struct directory *d)
{
	return buf_slice(&d->secret);
}

static struct err open_both(struct directory *d, const char *path)
{
	struct err e = sql_open(path, &d->writer);

	if (!is_ok(e))
		return e;
	e = check_version(d->writer, d->partitions);
	if (!is_ok(e))
		return e;
	e = sql_prepare(d->writer, writes, WRITES);
	if (!is_ok(e))
		return e;
	e = sql_open(path, &d->reader);
	if (!is_ok(e))
		return e;
	e = sql_prepare(d->reader, reads, READS);
	return is_ok(e) ? read_secret(d) : e;
}

struct err directory_open(const char *path, uint32_t partitions,
                          struct directory **out)
{
	struct directory *d = mem_new(1, sizeof *d);

	assert(partitions != 0);
	d->partitions = partitions;

	struct err e = open_both(d, path);

	if (!is_ok(e)) {
		directory_close(d);
		return e;
	}
	*out = d;
	return OK;
}

void directory_close(struct directory *d)
{
	buf_free(&d->secret);
	if (d->reader != NULL)
		sql_close(d->reader);
	if (d->writer != NULL)
		sql_close(d->writer);
	free(d);
}

uint32_t directory_partition(const struct directory *d, uint64_t account)
{
	static const uint64_t key[2] = { 0, 0 };
	uint8_t bytes[8];

	put_le64(bytes, account);
	return (uint32_t)(hash_siphash(key, slice_of(bytes, sizeof bytes)) %
	                  d->partitions);
}

/* -- transactions -- */

/* Writes a page, and changes nothing. */
static struct err touch(struct write *w)
{
	struct err e = sql_run(w->sql, TOUCH);

	return is_ok(e) ? sql_run(w->sql, TOUCH_BACK) : e;
}

static struct err transact(struct write *w, struct err (*run)(struct write *),
                           bool *in_doubt)
{
	struct err e = sql_run(w->sql, BEGIN);

	*in_doubt = false;
	if (!is_ok(e))
		return e;
	e = run(w);
	if (is_ok(e)) {
		e = sql_run(w->sql, COMMIT);
		*in_doubt = !is_ok(e);
	}
	if (!is_ok(e))
		sql_rollback(w->sql, ROLLBACK);
	return e;
}

/* A transaction whose sync failed may be in the log all the same, and
 * whoever opens it next would find it done: another one takes its place. Until
 * one has, the log may not outlive us. */
static struct err settle(struct write *w)
{
	bool again;
	struct err e = transact(w, touch, &again);

	w->in_doubt = !is_ok(e);
	sql_keep_log(w->sql, !w->in_doubt);
	return e;
}

/* What is in doubt is settled first: what is asked for may find nothing to
 * change, and write nothing. */
static void write_job(void *arg)
{
	struct write *w = arg;
	bool in_doubt;

	if (w->in_doubt)
		w->e = settle(w);
	if (w->in_doubt)
		return;
	w->e = transact(w, w->run, &in_doubt);
	if (in_doubt)
		(void)settle(w);
}

struct err directory_write(struct directory *d, struct write *w)
{
	task_lock(&d->writing);
	w->sql = d->writer;
	w->in_doubt = d->in_doubt;
	task_offload(write_job, w);
	d->in_doubt = w->in_doubt;
	task_unlock(&d->writing);
	return w->e;
}

void directory_settle(struct directory *d)
{
	struct write w = { .run = touch };

	if (d->in_doubt)
		(void)directory_write(d, &w);
}

void directory_seal(struct directory *d)
{
	task_lock(&d->writing);
}
