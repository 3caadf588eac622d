/* control_certificates.c -- certificates of clients, at a command's
 * request. */
#include "admin/verbs.h"
#include "auth/certificates.h"
#include "auth/control_internal.h"

struct err control_certificate_add(struct control *c, struct slice account,
                                   struct slice fingerprint)
{
	uint64_t expires_s = 0;

	if (c->field[3].len != 0 &&
	    (!slice_number(c->field[3], &expires_s) || expires_s > INT64_MAX))
		return err(ERR_SYNTAX, "that is no time");
	return certificate_add(c->auth, account,
	                       &(struct client_certificate){
				       .fingerprint = fingerprint,
				       .subject = c->field[2],
				       .expires_s = (int64_t)expires_s,
			       });
}

static void list_row(struct control *c, struct arena *a,
                     const struct client_certificate *p)
{
	struct slice field[CERTIFICATE_LIST_COLUMNS] = {
		[CERTIFICATE_LIST_FINGERPRINT] = p->fingerprint,
		[CERTIFICATE_LIST_SUBJECT] = p->subject,
		[CERTIFICATE_LIST_CREATED] = control_time(a, p->created_s),
		[CERTIFICATE_LIST_EXPIRES] = control_time(a, p->expires_s),
		[CERTIFICATE_LIST_LAST_USE] = control_time(a, p->last_use_s),
		[CERTIFICATE_LIST_LAST_ADDRESS] = p->last_address,
	};

	control_answer(c, field, CERTIFICATE_LIST_COLUMNS);
}

static struct err list_rows(struct control *c, const struct account_row *row,
                            struct arena *a)
{
	struct client_certificate all[LIMIT_CERTIFICATES];
	size_t n = 0;
	struct err e =
		directory_certificates(c->auth->directory, row->id, a, all, &n);

	for (size_t i = 0; is_ok(e) && i < n; i++)
		list_row(c, a, &all[i]);
	return e;
}

struct err control_certificate_list(struct control *c, struct slice account,
                                    struct slice nothing)
{
	(void)nothing;
	return control_tell_of(c, account, list_rows);
}

struct err control_certificate_remove(struct control *c, struct slice account,
                                      struct slice fingerprint)
{
	return certificate_remove(c->auth, account, fingerprint);
}
