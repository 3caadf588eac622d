/* secrets.c -- see secrets.h. */
#include "secrets.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "directory/credential.h"

enum { LIST_BYTES = 1 << 20, POLICIES_MOST = 8, CODES = 3, STEP = 56666666 };

#define KEY S("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

/* -- the verbs: a step, then what it does -- */

static struct directory *step(struct work *w, const char *verb)
{
	step_begin(CHAIN_DIRECTORY, slice_cstr(verb));
	return w->directory;
}

/* A secret as it is kept. */
static struct slice stored(char letter)
{
	static char text[CODE_STORED];

	memset(text, letter, sizeof text);
	return slice_of(text, sizeof text);
}

static void app_passwords(struct work *w, uint64_t id)
{
	struct app_password phone = { .name = S("phone"),
		                      .services = S("imap"),
		                      .networks = S("192.0.2.0/24") };
	struct app_password tablet = { .name = S("tablet") };
	struct directory *d = step(w, "app-password add");
	uint64_t credential;

	directory_end(w,
	              directory_add_app_password(d, id, &phone, stored('a')));
	step(w, "app-password add");
	directory_end(w,
	              directory_add_app_password(d, id, &tablet, stored('b')));
	step(w, "app-password revoke");
	directory_end(w, directory_revoke_app_password(d, id, S("phone"),
	                                               &credential));
}

static void certificates(struct work *w, uint64_t id)
{
	struct client_certificate one = { .fingerprint = stored('c'),
		                          .subject = S("CN=one") };
	struct directory *d = step(w, "certificate add");
	uint64_t credential;

	directory_end(w, directory_add_certificate(d, id, &one));
	step(w, "certificate remove");
	directory_end(w, directory_remove_certificate(d, id, one.fingerprint,
	                                              &credential));
	one.subject = S("CN=two");
	step(w, "certificate add");
	directory_end(w, directory_add_certificate(d, id, &one));
}

static void second_factor(struct work *w, uint64_t id)
{
	char codes[CODES][CODE_STORED];
	struct directory *d = step(w, "totp enable");

	memset(codes[0], 'd', sizeof codes[0]);
	memset(codes[1], 'e', sizeof codes[1]);
	memset(codes[2], 'f', sizeof codes[2]);
	directory_end(w, directory_set_second_factor(d, id, KEY));
	step(w, "totp confirm");
	directory_end(w, directory_confirm_second_factor(d, id, KEY, STEP,
	                                                 codes, CODES));
	step(w, "a wrong code");
	directory_end(w, directory_miss_code(d, id));
	step(w, "a code");
	directory_end(w, directory_take_step(d, id, STEP + 1));
	step(w, "a recovery code");
	directory_end(w, directory_take_recovery_code(d, id, stored('e')));
	step(w, "totp recovery");
	directory_end(w, directory_set_recovery_codes(d, id, codes, 2));
	step(w, "totp disable");
	directory_end(w, directory_remove_second_factor(d, id));
	step(w, "totp enable");
	directory_end(w, directory_set_second_factor(d, id, KEY));
}

static void policies(struct work *w)
{
	struct policy_setting all = { S(""), S("main-password"), S("allowed") };
	struct policy_setting here = { S("@example.org"), S("imap"), S("on") };
	struct policy_setting ends = { S("user3@example.org"), S("expires"),
		                       S("1767225000") };
	struct directory *d = step(w, "policy set");

	directory_end(w, directory_set_policy(d, &all));
	step(w, "policy set");
	directory_end(w, directory_set_policy(d, &here));
	step(w, "policy set");
	directory_end(w, directory_set_policy(d, &ends));
	step(w, "policy unset");
	directory_end(w, directory_unset_policy(d, &all));
}

void secrets(struct work *w, uint32_t chain)
{
	app_passwords(w, w->account[chain]);
	certificates(w, w->account[chain]);
	second_factor(w, w->account[chain]);
	policies(w);
}

/* -- what is there -- */

static void add_error(struct buf *out, struct err e)
{
	buf_printf(out, "error %d\n", (int)e.code);
}

static void add_app_passwords(struct directory *d, uint64_t account,
                              struct arena *arena, struct buf *out)
{
	struct app_password rows[LIMIT_APP_PASSWORDS];
	size_t n = 0;
	struct err e = directory_app_passwords(d, account, arena, rows, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "app password %.*s %.*s %.*s\n",
		           (int)rows[i].name.len, rows[i].name.ptr,
		           (int)rows[i].services.len, rows[i].services.ptr,
		           (int)rows[i].networks.len, rows[i].networks.ptr);
}

static void add_certificates(struct directory *d, uint64_t account,
                             struct arena *arena, struct buf *out)
{
	struct client_certificate rows[LIMIT_CERTIFICATES];
	size_t n = 0;
	struct err e = directory_certificates(d, account, arena, rows, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "certificate %.*s %.*s\n",
		           (int)rows[i].fingerprint.len,
		           rows[i].fingerprint.ptr, (int)rows[i].subject.len,
		           rows[i].subject.ptr);
}

static void add_second_factor(struct directory *d, uint64_t account,
                              struct buf *out)
{
	struct second_factor f;
	struct err e = directory_second_factor(d, account, &f);

	if (e.code == ERR_ABSENT)
		return;
	if (!is_ok(e))
		add_error(out, e);
	else
		buf_printf(out,
		           "second factor on=%d step=%" PRIu64
		           " misses=%u recovery=%u %.*s\n",
		           f.confirmed_s != 0, f.step, f.misses,
		           f.recovery_codes, (int)f.key_len, f.key);
}

void state_of_secrets(struct directory *d, const struct account_row *row,
                      struct buf *out)
{
	struct arena *arena = arena_new(LIST_BYTES);

	add_app_passwords(d, row->id, arena, out);
	add_certificates(d, row->id, arena, out);
	add_second_factor(d, row->id, out);
	arena_free(arena);
}

void state_of_policies(struct directory *d, struct buf *out)
{
	static const struct policy_setting first = { { "", 0 },
		                                     { "", 0 },
		                                     { "", 0 } };
	struct policy_setting rows[POLICIES_MOST];
	struct arena *arena = arena_new(LIST_BYTES);
	int64_t expires = 0;
	size_t n = 0;
	struct err e = directory_policy_page(d, &first, arena, rows,
	                                     POLICIES_MOST, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "policy \"%.*s\" %.*s %.*s\n",
		           (int)rows[i].scope.len, rows[i].scope.ptr,
		           (int)rows[i].name.len, rows[i].name.ptr,
		           (int)rows[i].value.len, rows[i].value.ptr);
	e = directory_next_expiry(d, 0, &expires);
	if (!is_ok(e))
		add_error(out, e);
	else if (expires != INT64_MAX)
		buf_printf(out, "expires next: %" PRId64 "\n", expires);
	arena_free(arena);
}
