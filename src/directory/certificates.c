/* certificates.c -- of clients: by whom they were added, and taken away. */
#include "base/clock.h"
#include "directory/credential.h"
#include "directory/internal.h"

struct change {
	struct write write; /* first; id is the account's */
	const struct client_certificate *certificate;
	uint64_t credential;
};

/* -- reading -- */

struct err directory_certificate(struct directory *d, struct slice fingerprint,
                                 uint64_t *account, uint64_t *credential)
{
	struct err e;
	bool there;

	sql_use(d->reader, CERTIFICATE);
	sql_text(d->reader, 1, fingerprint);
	e = sql_step(d->reader, &there);
	if (is_ok(e) && there) {
		*account = sql_column_u64(d->reader, 0);
		*credential = sql_column_u64(d->reader, 1);
	}
	sql_done(d->reader);
	if (is_ok(e) && !there)
		return err(ERR_ABSENT, "the certificate is nobody's");
	return e;
}

static void take(struct sql *sql, struct arena *a,
                 struct client_certificate *out)
{
	*out = (struct client_certificate){
		.credential = sql_column_u64(sql, 0),
		.fingerprint = arena_copy(a, sql_column_text(sql, 1)),
		.subject = arena_copy(a, sql_column_text(sql, 2)),
		.expires_s = (int64_t)sql_column_u64(sql, 3),
		.created_s = (int64_t)sql_column_u64(sql, 4),
		.last_use_s = (int64_t)sql_column_u64(sql, 5),
		.last_address = arena_copy(a, sql_column_text(sql, 6)),
	};
}

struct err directory_certificates(struct directory *d, uint64_t account,
                                  struct arena *a,
                                  struct client_certificate *out, size_t *n)
{
	struct err e;
	bool there;

	sql_use(d->reader, CERTIFICATES);
	sql_u64(d->reader, 1, account);
	sql_u64(d->reader, 2, LIMIT_CERTIFICATES);
	*n = 0;
	while (is_ok(e = sql_step(d->reader, &there)) && there)
		take(d->reader, a, &out[(*n)++]);
	sql_done(d->reader);
	return e;
}

/* -- writing -- */

static struct err insert(struct write *w)
{
	const struct client_certificate *c =
		((const struct change *)w)->certificate;

	sql_use(w->sql, ADD_CERTIFICATE);
	sql_u64(w->sql, 1, w->id);
	sql_text(w->sql, 2, c->fingerprint);
	sql_text(w->sql, 3, c->subject);
	sql_u64(w->sql, 4, (uint64_t)clock_now_s());
	sql_u64(w->sql, 5, (uint64_t)c->expires_s);
	return sql_finish(w->sql);
}

static struct err run_add(struct write *w)
{
	struct err e = insert(w);

	if (is_ok(e) && sql_changes(w->sql) == 0)
		return err(ERR_ALREADYEXISTS, "the certificate is somebody's "
		                              "already");
	if (!is_ok(e))
		return e;
	return credentials_within(w, S("certificate"), LIMIT_CERTIFICATES,
	                          "it has too many certificates");
}

struct err directory_add_certificate(struct directory *d, uint64_t account,
                                     const struct client_certificate *c)
{
	struct change change = { .write = { .run = run_add, .id = account },
		                 .certificate = c };

	return directory_write(d, &change.write);
}

static struct err run_remove(struct write *w)
{
	struct change *c = (struct change *)w;

	return credential_remove(w, S("certificate"), &c->credential,
	                         "it has no such certificate");
}

struct err directory_remove_certificate(struct directory *d, uint64_t account,
                                        struct slice fingerprint,
                                        uint64_t *credential)
{
	struct change c = { .write = { .run = run_remove,
		                       .id = account,
		                       .name = fingerprint } };
	struct err e = directory_write(d, &c.write);

	*credential = c.credential;
	return e;
}
