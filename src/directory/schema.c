/* schema.c -- the tables, as each version of the directory added them. */
#include "directory/internal.h"

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

static const char administrators_schema[] =
	"ALTER TABLE accounts"
	" ADD COLUMN administrator INTEGER NOT NULL DEFAULT 0;";

/* Salts of users that are not there are made of it (scram.c). */
static const char secrets_schema[] =
	"CREATE TABLE secrets ("
	" name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO secrets VALUES ('salts', hex(randomblob(32)));";

/* What is said of each scope (as of hidden) by policy.h's names. */
static const char policies_schema[] =
	"CREATE TABLE policies ("
	" scope TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" value TEXT NOT NULL,"
	" PRIMARY KEY(scope, name)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX policies_by_value ON policies(value)"
	" WHERE name = 'expires';";

/* An account has one password, and several app passwords by name. What limits
 * one, "" is no limit: services ("imap", "smtp") and networks. */
static const char credentials_schema[] =
	"CREATE TABLE fresh ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" account INTEGER NOT NULL REFERENCES accounts(id)"
	"  ON DELETE CASCADE,"
	" kind TEXT NOT NULL,"
	" name TEXT NOT NULL DEFAULT '',"
	" stored TEXT NOT NULL,"
	" generation INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" changed INTEGER NOT NULL,"
	" last_use INTEGER NOT NULL,"
	" last_address TEXT NOT NULL DEFAULT '',"
	" services TEXT NOT NULL DEFAULT '',"
	" networks TEXT NOT NULL DEFAULT '',"
	" expires INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE(account, kind, name)) STRICT;"
	"INSERT INTO fresh (id, account, kind, stored, generation, created,"
	" changed, last_use) SELECT id, account, kind, stored, generation,"
	" created, changed, last_use FROM credentials;"
	"DROP TABLE credentials;"
	"ALTER TABLE fresh RENAME TO credentials;"
	"CREATE INDEX credentials_expiring ON credentials(expires)"
	" WHERE expires > 0;";

/* A recovery code is there until it is taken. */
static const char second_factors_schema[] =
	"CREATE TABLE second_factors ("
	" account INTEGER PRIMARY KEY REFERENCES accounts(id)"
	"  ON DELETE CASCADE,"
	" key TEXT NOT NULL,"
	" confirmed INTEGER NOT NULL DEFAULT 0,"
	" step INTEGER NOT NULL DEFAULT 0,"
	" misses INTEGER NOT NULL DEFAULT 0,"
	" missed INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE recovery_codes ("
	" account INTEGER NOT NULL REFERENCES second_factors(account)"
	"  ON DELETE CASCADE,"
	" stored TEXT NOT NULL,"
	" PRIMARY KEY(account, stored)) STRICT, WITHOUT ROWID;";

/* Certificates of clients are credentials whose name is their fingerprint and
 * whose stored text is their subject; each is of one account. */
static const char certificates_schema[] =
	"CREATE UNIQUE INDEX certificates ON credentials(name)"
	" WHERE kind = 'certificate';";

/* The highest one of accounts that have been removed. */
static const char uidvalidity_schema[] =
	"ALTER TABLE store"
	" ADD COLUMN uidvalidity INTEGER NOT NULL DEFAULT 0;";

const char *const directory_upgrades[] = {
	accounts_schema,       hidden_schema,         sharing_schema,
	administrators_schema, secrets_schema,        policies_schema,
	credentials_schema,    second_factors_schema, certificates_schema,
	uidvalidity_schema,
};

const size_t n_directory_upgrades =
	sizeof directory_upgrades / sizeof *directory_upgrades;
