/* directory.c -- the statements, and what their rows mean. */
#include "auth/directory_internal.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "auth/name.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "task/task.h"

static const char accounts_schema[] =
	"CREATE TABLE store ("
	" partitions INTEGER NOT NULL) STRICT;"
	"CREATE TABLE domains ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" created INTEGER NOT NULL) STRICT;"
	"CREATE TABLE accounts ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" domain INTEGER NOT NULL REFERENCES domains(id),"
	" state INTEGER NOT NULL,"
	" created INTEGER NOT NULL) STRICT;"
	"CREATE INDEX accounts_by_domain ON accounts(domain, name);"
	"CREATE INDEX accounts_unfinished ON accounts(id)"
	" WHERE state IN (0, 3);"
	"CREATE TABLE credentials ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" account INTEGER NOT NULL REFERENCES accounts(id)"
	"  ON DELETE CASCADE,"
	" kind TEXT NOT NULL,"
	" stored TEXT NOT NULL,"
	" generation INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" changed INTEGER NOT NULL,"
	" last_use INTEGER NOT NULL,"
	" UNIQUE(account, kind)) STRICT;";

/* scope: "" the server, "@domain", or an account's name. */
static const char hidden_schema[] =
	"CREATE TABLE hidden ("
	" scope TEXT NOT NULL,"
	" capability TEXT NOT NULL,"
	" PRIMARY KEY(scope, capability)) STRICT, WITHOUT ROWID;";

/* identifier: as in a list of rights (RFC 4314): a hint, that the owner has
 * such an entry. A group is its members. */
static const char sharing_schema[] =
	"ALTER TABLE accounts ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE grants ("
	" owner INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,"
	" identifier TEXT NOT NULL COLLATE NOCASE,"
	" PRIMARY KEY(owner, identifier)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX grants_by_identifier ON grants(identifier);"
	"CREATE TABLE members ("
	" name TEXT NOT NULL COLLATE NOCASE,"
	" account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,"
	" PRIMARY KEY(name, account)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX members_by_account ON members(account);";

/* From each version to the next one; 0 is the empty file. */
static const char *const upgrades[] = { accounts_schema, hidden_schema,
	                                sharing_schema };

enum { DIRECTORY_VERSION = sizeof upgrades / sizeof *upgrades };

/* What SELECT_ROW gives, in this order. */
#define SELECT_ROW                                                     \
	"SELECT a.id, a.state, a.created, a.name, c.id, c.generation," \
	" c.changed, c.last_use, c.stored, a.shared"                   \
	" FROM accounts a LEFT JOIN credentials c"                     \
	" ON c.account = a.id AND c.kind = 'password' "

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
	[GROUPS_OF] = "SELECT name FROM members WHERE account = ?1",
	[GROUP_PAGE] = "SELECT m.name, a.name FROM members m JOIN accounts a"
		       " ON a.id = m.account WHERE (m.name, a.name) > (?1, ?2)"
		       " ORDER BY m.name, a.name LIMIT ?3",
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
			   " ON CONFLICT (account, kind) DO UPDATE SET"
			   " stored = ?2, generation = generation + 1,"
			   " changed = ?3",
	[SET_STATE] = "UPDATE accounts SET state = ?2 WHERE id = ?1",
	[RAISE] = "UPDATE credentials SET generation = generation + 1"
		  " WHERE account = ?1",
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
	[USED] = "UPDATE credentials SET last_use = ?2 WHERE id = ?1",
};

/* -- opening -- */

/* SQLite gives the -wal and -shm files the mode of this one. */
static struct err make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(errno);
	close(fd);
	return OK;
}

static struct err upgrade(struct sql *sql, uint64_t version,
                          uint32_t partitions)
{
	char text[sizeof accounts_schema + 160];
	char store[64] = "";

	if (version == 0)
		snprintf(store, sizeof store, "INSERT INTO store VALUES (%u);",
		         partitions);
	snprintf(text, sizeof text,
	         "BEGIN IMMEDIATE; %s %s PRAGMA user_version = %u; COMMIT;",
	         upgrades[version], store, (unsigned)version + 1);
	return sql_script(sql, text);
}

static struct err check_version(struct sql *sql, uint32_t partitions)
{
	uint64_t version, made_for;
	struct err e = sql_number(sql, "PRAGMA user_version", &version);

	for (; is_ok(e) && version < DIRECTORY_VERSION; version++)
		e = upgrade(sql, version, partitions);
	if (!is_ok(e))
		return e;
	if (version != DIRECTORY_VERSION)
		return err(ERR_STATE, "the directory was written by a newer "
		                      "roost");
	e = sql_number(sql, "SELECT partitions FROM store", &made_for);
	if (!is_ok(e))
		return e;
	if (made_for != partitions)
		return err(ERR_STATE, "the directory was made for another "
		                      "number of partitions");
	return OK;
}

static struct err open_both(struct directory *d, const char *path)
{
	struct err e = make_private(path);

	if (!is_ok(e))
		return e;
	e = sql_open(path, &d->writer);
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
	return sql_prepare(d->reader, reads, READS);
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

/* -- reading -- */

static size_t copy_text(struct slice from, char *to, size_t size)
{
	struct slice s = slice_first(from, size);

	if (s.len != 0)
		memcpy(to, s.ptr, s.len);
	return s.len;
}

static void take_row(struct sql *sql, struct account_row *out)
{
	out->id = sql_column_u64(sql, 0);
	out->state = (uint8_t)sql_column_u64(sql, 1);
	out->created_s = (int64_t)sql_column_u64(sql, 2);
	out->name_len =
		copy_text(sql_column_text(sql, 3), out->name, sizeof out->name);
	out->credential = sql_column_u64(sql, 4);
	out->generation = sql_column_u64(sql, 5);
	out->changed_s = (int64_t)sql_column_u64(sql, 6);
	out->last_use_s = (int64_t)sql_column_u64(sql, 7);
	out->shared = sql_column_u64(sql, 9) != 0;
	out->stored_len = copy_text(sql_column_text(sql, 8), out->stored,
	                            sizeof out->stored);
}

struct err directory_one_row(struct sql *sql, struct account_row *out)
{
	bool there;
	struct err e = sql_step(sql, &there);

	if (is_ok(e) && there)
		take_row(sql, out);
	sql_done(sql);
	if (!is_ok(e))
		return e;
	return there ? OK : err(ERR_ABSENT, "no such account");
}

struct err directory_find(struct directory *d, struct slice name,
                          struct account_row *out)
{
	sql_use(d->reader, FIND);
	sql_text(d->reader, 1, name);
	return directory_one_row(d->reader, out);
}

struct err directory_unfinished(struct directory *d, uint64_t after,
                                struct account_row *out)
{
	sql_use(d->reader, UNFINISHED);
	sql_u64(d->reader, 1, after);
	return directory_one_row(d->reader, out);
}

struct err directory_page(struct directory *d, struct slice domain,
                          struct slice after, struct account_row *out,
                          size_t most, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, domain.len == 0 ? PAGE : PAGE_DOMAIN);
	sql_text(d->reader, 1, after);
	sql_u64(d->reader, 2, most);
	if (domain.len != 0)
		sql_text(d->reader, 3, domain);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		take_row(d->reader, &out[(*n)++]);
	sql_done(d->reader);
	return e;
}

static struct err count_rows(struct directory *d, int statement, uint64_t *out)
{
	bool there;

	sql_use(d->reader, statement);

	struct err e = sql_step(d->reader, &there);

	if (is_ok(e))
		*out = sql_column_u64(d->reader, 0);
	sql_done(d->reader);
	return e;
}

struct err directory_count(struct directory *d, struct directory_counts *out)
{
	struct err e = count_rows(d, COUNT_DOMAINS, &out->domains);

	return is_ok(e) ? count_rows(d, COUNT_ACCOUNTS, &out->accounts) : e;
}

/* -- writing -- */

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
static void write_job(void *arg)
{
	struct write *w = arg;
	bool in_doubt;
	bool again;

	w->e = transact(w, w->run, &in_doubt);
	if (in_doubt)
		in_doubt = !is_ok(transact(w, touch, &again));
	if (in_doubt || is_ok(w->e))
		sql_keep_log(w->sql, !in_doubt);
}

struct err directory_write(struct directory *d, struct write *w)
{
	task_lock(&d->writing);
	w->sql = d->writer;
	task_offload(write_job, w);
	task_unlock(&d->writing);
	return w->e;
}

static struct err must_change(struct write *w, struct err e)
{
	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ABSENT, "no such account");
	return e;
}

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

/* 63 bits, because SQLite's numbers have a sign. */
static uint64_t new_id(void)
{
	uint64_t id = random_u64() >> 1;

	return id != 0 ? id : 1;
}

static struct err add_domain(struct write *w)
{
	sql_use(w->sql, ADD_DOMAIN);
	sql_text(w->sql, 1, user_name_domain(w->name));
	sql_u64(w->sql, 2, now_s());
	return sql_finish(w->sql);
}

static struct err add_account(struct write *w)
{
	sql_use(w->sql, ADD_ACCOUNT);
	sql_u64(w->sql, 1, new_id());
	sql_text(w->sql, 2, w->name);
	sql_text(w->sql, 3, user_name_domain(w->name));
	sql_u64(w->sql, 4, now_s());
	return sql_finish(w->sql);
}

static struct err find_adding(struct write *w)
{
	bool there;

	sql_use(w->sql, FIND_ADDING);
	sql_text(w->sql, 1, w->name);

	struct err e = sql_step(w->sql, &there);

	if (is_ok(e) && there)
		w->id = sql_column_u64(w->sql, 0);
	else if (is_ok(e))
		e = err(ERR_ALREADYEXISTS, "there is such an account");
	sql_done(w->sql);
	return e;
}

static struct err add_credential(struct write *w)
{
	sql_use(w->sql, ADD_CREDENTIAL);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	sql_u64(w->sql, 3, now_s());
	return sql_finish(w->sql);
}

static struct err with_id(struct write *w, int statement)
{
	sql_use(w->sql, statement);
	sql_u64(w->sql, 1, w->id);
	return sql_finish(w->sql);
}

static struct err run_add(struct write *w)
{
	struct err e = add_domain(w);

	if (is_ok(e))
		e = add_account(w);
	if (is_ok(e))
		e = find_adding(w);
	if (is_ok(e) && w->shared)
		return with_id(w, SHARE);
	return is_ok(e) ? add_credential(w) : e;
}

struct err directory_add(struct directory *d, struct slice name,
                         struct slice stored, uint64_t *id)
{
	struct write w = { .run = run_add,
		           .name = name,
		           .stored = stored,
		           .shared = stored.len == 0 };
	struct err e = directory_write(d, &w);

	*id = w.id;
	return e;
}

static struct err run_set_state(struct write *w)
{
	sql_use(w->sql, SET_STATE);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, w->state);

	struct err e = must_change(w, sql_finish(w->sql));

	if (!is_ok(e))
		return e;
	sql_use(w->sql, RAISE);
	sql_u64(w->sql, 1, w->id);
	return sql_finish(w->sql);
}

struct err directory_set_state(struct directory *d, uint64_t id,
                               enum account_state state)
{
	struct write w = { .run = run_set_state, .id = id, .state = state };

	return directory_write(d, &w);
}

static struct err run_set_password(struct write *w)
{
	sql_use(w->sql, SET_PASSWORD);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, w->stored);
	sql_u64(w->sql, 3, now_s());
	return must_change(w, sql_finish(w->sql));
}

struct err directory_set_password(struct directory *d, uint64_t id,
                                  struct slice stored)
{
	struct write w = { .run = run_set_password,
		           .id = id,
		           .stored = stored };

	return directory_write(d, &w);
}

static struct err run_rehash(struct write *w)
{
	sql_use(w->sql, REHASH);
	sql_u64(w->sql, 1, w->id);
	sql_u64(w->sql, 2, w->generation);
	sql_text(w->sql, 3, w->stored);
	return sql_finish(w->sql);
}

struct err directory_rehash(struct directory *d, uint64_t credential,
                            uint64_t generation, struct slice stored)
{
	struct write w = { .run = run_rehash,
		           .id = credential,
		           .generation = generation,
		           .stored = stored };

	return directory_write(d, &w);
}

static struct err run_forget(struct write *w)
{
	struct err e = with_id(w, FORGET_HIDDEN);

	if (is_ok(e))
		e = must_change(w, with_id(w, FORGET));
	if (is_ok(e))
		e = sql_run(w->sql, FORGET_DOMAINS);
	return is_ok(e) ? sql_run(w->sql, FORGET_HIDDEN_DOMAINS) : e;
}

struct err directory_forget(struct directory *d, uint64_t id)
{
	struct write w = { .run = run_forget, .id = id };

	return directory_write(d, &w);
}

static struct err run_used(struct write *w)
{
	struct err e = OK;

	for (size_t i = 0; is_ok(e) && i < w->n_uses; i++) {
		sql_use(w->sql, USED);
		sql_u64(w->sql, 1, w->uses[i].credential);
		sql_u64(w->sql, 2, (uint64_t)w->uses[i].at_s);
		e = sql_finish(w->sql);
	}
	return e;
}

struct err directory_used(struct directory *d,
                          const struct credential_use *uses, size_t n)
{
	struct write w = { .run = run_used, .uses = uses, .n_uses = n };

	return directory_write(d, &w);
}

void directory_seal(struct directory *d)
{
	task_lock(&d->writing);
}
