/* certificates.c -- added and removed. */
#include "auth/certificates.h"

#include "auth/certificate.h"
#include "base/ascii.h"
#include "base/log.h"

static const char no_fingerprint[] = "that is no SHA-256 fingerprint";

static void log_change(const char *event, const struct account_row *row,
                       struct slice fingerprint)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_text(&l, "user", account_row_name(row));
	log_text(&l, "certificate", fingerprint);
	log_close(&l);
}

static bool is_subject(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ascii_is_ctl(s.ptr[i]) || ascii_is_8bit(s.ptr[i]))
			return false;
	return s.len < SUBJECT_TEXT;
}

/* The caller holds `changing`. */
static struct err add(struct auth *a, const struct account_row *row,
                      const struct client_certificate *c)
{
	if (row->shared || row->state == ACCOUNT_REMOVING)
		return err(ERR_NOTNOW, "nobody logs in to it");
	return directory_add_certificate(a->directory, row->id, c);
}

struct err certificate_add(struct auth *a, struct slice account,
                           const struct client_certificate *wanted)
{
	struct client_certificate c = *wanted;
	char fingerprint[FINGERPRINT_TEXT + 1];
	struct account_row row;
	struct err e;

	if (!fingerprint_normal(c.fingerprint, fingerprint))
		return err(ERR_SYNTAX, no_fingerprint);
	if (!is_subject(c.subject) || c.expires_s < 0)
		return err(ERR_SYNTAX, "that is no certificate");
	c.fingerprint = slice_cstr(fingerprint);
	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = add(a, &row, &c);
	task_unlock(&a->changing);
	if (is_ok(e))
		log_change("certificate_added", &row, c.fingerprint);
	return e;
}

struct err certificate_remove(struct auth *a, struct slice account,
                              struct slice wanted)
{
	char fingerprint[FINGERPRINT_TEXT + 1];
	struct account_row row;
	uint64_t credential;
	struct err e;

	if (!fingerprint_normal(wanted, fingerprint))
		return err(ERR_SYNTAX, no_fingerprint);
	task_lock(&a->changing);
	e = account_find(a, account, &row);
	if (is_ok(e))
		e = directory_remove_certificate(a->directory, row.id,
		                                 slice_cstr(fingerprint),
		                                 &credential);
	if (is_ok(e))
		e = account_kick(a, row.id, credential);
	task_unlock(&a->changing);
	if (!is_ok(e))
		return e;
	log_change("certificate_removed", &row, slice_cstr(fingerprint));
	return account_settle(a, row.id);
}

size_t certificate_count(struct auth *a, uint64_t account)
{
	struct client_certificate all[LIMIT_CERTIFICATES];
	struct arena *arena = arena_new(1 << 16);
	size_t n = 0;

	(void)directory_certificates(a->directory, account, arena, all, &n);
	arena_free(arena);
	return n;
}
