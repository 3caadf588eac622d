/*
 * credentials_test.c -- app passwords and second factors: what lets whom in,
 * what no longer does, and what each of them takes down with it.
 * LIMIT_APP_PASSWORDS LIMIT_APP_PASSWORD_NAME
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <argon2.h>
#include <cmocka.h>

#include "admin/verbs.h"
#include "directory/totp.h"
#include "rig.h"

#define ANN  "ann@example.org"
#define MAIN "the main password"

static unsigned hashes; /* one thread verifies at a time here */

int __real_argon2_verify(const char *, const void *, size_t, argon2_type);
int __wrap_argon2_verify(const char *, const void *, size_t, argon2_type);

int __wrap_argon2_verify(const char *encoded, const void *secret, size_t len,
                         argon2_type type)
{
	hashes++;
	return __real_argon2_verify(encoded, secret, len, type);
}

/* -- asking -- */

static struct rig_answer *ask(struct rig *r, uint16_t type,
                              const char *const *fields, size_t n)
{
	struct slice slices[5];
	struct link *l = rig_control(r);
	struct rig_answer *a;

	for (size_t i = 0; i < n; i++)
		slices[i] = slice_cstr(fields[i]);
	a = rig_request(l, type, slices, n);
	link_free(l);
	task_sleep(1);
	return a;
}

static struct rig_answer *add_limited(struct rig *r, const char *name,
                                      const char *services,
                                      const char *networks,
                                      const char *lifetime)
{
	return ask(r, FRAME_APP_PASSWORD_ADD,
	           (const char *[]){ ANN, name, services, networks, lifetime },
	           5);
}

/* The secret, as it is shown. */
static void add(struct rig *r, const char *name, char out[64])
{
	struct rig_answer *a = add_limited(r, name, "", "", "");

	assert_int_equal(a->code, ERR_OK);
	assert_int_equal(a->rows, 1);
	strcpy(out, a->field[0][0]);
}

static enum err_code take_back(struct rig *r, const char *name)
{
	return rig_verb(r, FRAME_APP_PASSWORD_REVOKE, ANN, name);
}

static enum err_code login(struct rig *r, const char *secret)
{
	return (enum err_code)rig_login(r, ANN, secret)->code;
}

static void add_ann(struct rig *r)
{
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, ANN, MAIN), ERR_OK);
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, "bob@example.org", MAIN),
	                 ERR_OK);
}

/* -- app passwords -- */

/* Right ones cost no hash; wrong ones one, as any wrong password does. */
static void app_passwords_let_in(struct rig *r)
{
	char phone[64], laptop[64], wrong[64];
	unsigned before;

	add_ann(r);
	add(r, "phone", phone);
	add(r, "laptop", laptop);
	assert_string_not_equal(phone, laptop);
	before = hashes;
	assert_int_equal(login(r, phone), ERR_OK);
	assert_int_equal(login(r, laptop), ERR_OK);
	assert_int_equal(hashes, before);
	strcpy(wrong, phone);
	wrong[0] = wrong[0] == 'a' ? 'b' : 'a';
	assert_int_equal(login(r, wrong), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(hashes, before + 1);
	/* another's is nobody's */
	assert_int_equal(rig_login(r, "bob@example.org", phone)->code,
	                 ERR_AUTHENTICATIONFAILED);
	assert_int_equal(rig_login(r, "eve@example.org", phone)->code,
	                 ERR_AUTHENTICATIONFAILED);
	assert_int_equal(hashes, before + 3);
	assert_int_equal(login(r, MAIN), ERR_OK);
}

/* The one that is revoked, and no other; the sessions that it let in go. */
static void revoked_singly(struct rig *r)
{
	char phone[64], laptop[64];
	struct rig_mail *m;
	uint64_t credential;

	add_ann(r);
	add(r, "phone", phone);
	add(r, "laptop", laptop);
	m = &r->mail[rig_login(r, ANN, phone)->partition];
	credential = m->ticket_credential;
	assert_int_not_equal(credential, 0);
	assert_int_equal(login(r, laptop), ERR_OK);
	assert_int_not_equal(m->ticket_credential, credential);
	assert_int_equal(take_back(r, "tablet"), ERR_ABSENT);
	assert_int_equal(m->kicks, 0);
	assert_int_equal(take_back(r, "phone"), ERR_OK);
	assert_int_equal(m->kicks, 1);
	assert_int_equal(m->kicked_credential, credential);
	assert_int_equal(login(r, phone), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(login(r, laptop), ERR_OK);
	assert_int_equal(take_back(r, "phone"), ERR_ABSENT);
	/* one of the same name is another one */
	add(r, "phone", laptop);
	assert_int_equal(login(r, phone), ERR_AUTHENTICATIONFAILED);
}

static void limited(struct rig *r)
{
	static const struct {
		const char *services, *networks, *lifetime;
		enum err_code made, tried;
	} rows[] = {
		/* the rig's client is at 192.0.2.7, with IMAP */
		{ "", "", "", ERR_OK, ERR_OK },
		{ "imap", "", "", ERR_OK, ERR_OK },
		{ "smtp,imap", "", "", ERR_OK, ERR_OK },
		{ "smtp", "", "", ERR_OK, ERR_AUTHORIZATIONFAILED },
		{ "pop3", "", "", ERR_SYNTAX, ERR_OK },
		{ "imap,,smtp", "", "", ERR_SYNTAX, ERR_OK },
		{ "", "192.0.2.0/24", "", ERR_OK, ERR_OK },
		{ "", "2001:db8::/32,192.0.2.7", "", ERR_OK, ERR_OK },
		{ "", "any", "", ERR_OK, ERR_OK },
		{ "", "192.0.2.8", "", ERR_OK, ERR_AUTHORIZATIONFAILED },
		{ "", "::/0", "", ERR_OK, ERR_OK },
		{ "", "2001:db8::/32", "", ERR_OK, ERR_AUTHORIZATIONFAILED },
		{ "", "192.0.2.0/33", "", ERR_SYNTAX, ERR_OK },
		{ "", "home", "", ERR_SYNTAX, ERR_OK },
		{ "", "", "60", ERR_OK, ERR_OK },
		{ "", "", "0", ERR_SYNTAX, ERR_OK },
		{ "", "", "-1", ERR_SYNTAX, ERR_OK },
		{ "", "", "99999999999", ERR_SYNTAX, ERR_OK },
	};

	add_ann(r);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char name[8];
		struct rig_answer *a;

		snprintf(name, sizeof name, "p%zu", i);
		a = add_limited(r, name, rows[i].services, rows[i].networks,
		                rows[i].lifetime);
		assert_int_equal(a->code, rows[i].made);
		if (a->code == ERR_OK)
			assert_int_equal(login(r, a->field[0][0]),
			                 rows[i].tried);
	}
}

static void runs_out(struct rig *r)
{
	struct rig_answer *a;
	char secret[64];

	add_ann(r);
	a = add_limited(r, "guest", "", "", "2");
	assert_int_equal(a->code, ERR_OK);
	strcpy(secret, a->field[0][0]);
	while (login(r, secret) == ERR_OK)
		task_sleep(50);
	rig_log_begin();
	assert_int_equal(login(r, secret), ERR_EXPIRED);
	assert_non_null(strstr(rig_log_end(), "app_password=guest reason="
	                                      "\"this app password has "
	                                      "expired\""));
}

static void names_and_numbers(struct rig *r)
{
	char longest[LIMIT_APP_PASSWORD_NAME + 2];
	char networks[LIMIT_POLICY];
	char name[8];

	add_ann(r);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(add_limited(r, longest, "", "", "")->code, ERR_SYNTAX);
	longest[LIMIT_APP_PASSWORD_NAME] = '\0';
	assert_int_equal(add_limited(r, longest, "", "", "")->code, ERR_OK);
	assert_int_equal(add_limited(r, longest, "", "", "")->code,
	                 ERR_ALREADYEXISTS);
	assert_int_equal(add_limited(r, "", "", "", "")->code, ERR_SYNTAX);
	assert_int_equal(add_limited(r, "a\nb", "", "", "")->code, ERR_SYNTAX);
	assert_int_equal(add_limited(r, "a\xff", "", "", "")->code, ERR_SYNTAX);
	/* longer in normal form than as it was said */
	networks[0] = '\0';
	while (strlen(networks) + 8 < 900)
		strcat(networks, "1.1.1.1,");
	assert_int_equal(add_limited(r, "x", "", networks, "")->code,
	                 ERR_SYNTAX);
	for (int i = 1; i < LIMIT_APP_PASSWORDS; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(add_limited(r, name, "", "", "")->code,
		                 ERR_OK);
	}
	assert_int_equal(add_limited(r, "more", "", "", "")->code, ERR_LIMIT);
	assert_int_equal(take_back(r, "1"), ERR_OK);
	assert_int_equal(add_limited(r, "more", "", "", "")->code, ERR_OK);
	assert_int_equal(
		ask(r, FRAME_APP_PASSWORD_LIST, (const char *[]){ ANN }, 1)
			->rows,
		LIMIT_APP_PASSWORDS);
	rig_verb(r, FRAME_USER_ADD_SHARED, "desk@example.org", NULL);
	assert_int_equal(
		ask(r, FRAME_APP_PASSWORD_ADD,
	            (const char *[]){ "desk@example.org", "x", "", "", "" }, 5)
			->code,
		ERR_NOTNOW);
}

/* An account that is off has no use for them; disabling, a new password and
 * removal mean what they did. */
static void with_the_account(struct rig *r)
{
	char phone[64];
	unsigned before;

	add_ann(r);
	add(r, "phone", phone);
	assert_int_equal(rig_verb(r, FRAME_USER_DISABLE, ANN, NULL), ERR_OK);
	before = hashes;
	assert_int_equal(login(r, phone), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(hashes, before + 1);
	assert_int_equal(rig_verb(r, FRAME_USER_ENABLE, ANN, NULL), ERR_OK);
	assert_int_equal(rig_verb(r, FRAME_USER_PASSWORD, ANN, "new"), ERR_OK);
	assert_int_equal(login(r, phone), ERR_OK);
	assert_int_equal(rig_verb(r, FRAME_USER_REMOVE, ANN, NULL), ERR_OK);
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, ANN, MAIN), ERR_OK);
	assert_int_equal(login(r, phone), ERR_AUTHENTICATIONFAILED);
}

/* -- second factors -- */

static void code_now(const char *key, int64_t off_steps, char out[8])
{
	uint64_t step =
		(uint64_t)((int64_t)time(NULL) / TOTP_STEP_S + off_steps);

	memset(out, 0, 8);
	assert_true(totp_code(slice_cstr(key), step, out));
}

static void enable(struct rig *r, char key[64])
{
	struct rig_answer *a =
		ask(r, FRAME_TOTP_ENABLE, (const char *[]){ ANN }, 1);

	assert_int_equal(a->code, ERR_OK);
	strcpy(key, a->field[0][TOTP_ENABLE_KEY]);
}

static enum err_code check(struct rig *r, const char *code)
{
	return rig_verb(r, FRAME_TOTP_CHECK, ANN, code);
}

/* Its recovery codes are in the answer. */
static struct rig_answer *confirm_by(struct rig *r, const char *code)
{
	return ask(r, FRAME_TOTP_CONFIRM, (const char *[]){ ANN, code }, 2);
}

static struct rig_answer *confirm(struct rig *r, const char *key)
{
	char code[8];

	code_now(key, 0, code);
	return confirm_by(r, code);
}

static void refuses_main(struct rig *r)
{
	const struct rig_verdict *v = rig_login(r, ANN, MAIN);

	assert_int_equal(v->code, ERR_AUTHORIZATIONFAILED);
	assert_string_equal(v->text, "this account needs an app password");
	assert_int_equal(v->ticket_len, 0);
}

/* Pending it means nothing; on, the main password opens nothing, by LOGIN or
 * PLAIN, remembered or not; and only who has it hears so. */
static void main_password_is_shut_out(struct rig *r)
{
	char key[64], other[64], phone[64];
	struct rig_mail *m;
	uint64_t credential;
	unsigned before;

	add_ann(r);
	add(r, "phone", phone);
	enable(r, other);
	enable(r, key);
	assert_int_equal(login(r, MAIN), ERR_OK);
	m = &r->mail[rig_login(r, ANN, MAIN)->partition];
	credential = m->ticket_credential;
	assert_int_equal(confirm(r, other)->code, ERR_AUTHENTICATIONFAILED);
	assert_int_equal(login(r, MAIN), ERR_OK);
	assert_int_equal(m->kicks, 0);
	assert_int_equal(confirm(r, key)->rows, 10);
	assert_int_equal(m->kicks, 1);
	assert_int_equal(m->kicked_credential, credential);
	for (int i = 0; i < 3; i++)
		refuses_main(r);
	assert_int_equal(
		rig_try(r, (struct rig_try){ true, S(""), S(ANN), S(MAIN) })
			->code,
		ERR_AUTHORIZATIONFAILED);
	before = hashes;
	assert_int_equal(login(r, "wrong"), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(hashes, before + 1);
	assert_int_equal(login(r, phone), ERR_OK);
	assert_int_equal(confirm(r, key)->code, ERR_NOTNOW);
	assert_int_equal(rig_verb(r, FRAME_TOTP_ENABLE, ANN, NULL), ERR_NOTNOW);
	assert_int_equal(rig_verb(r, FRAME_TOTP_DISABLE, ANN, NULL), ERR_OK);
	assert_int_equal(login(r, MAIN), ERR_OK);
	assert_int_equal(rig_verb(r, FRAME_TOTP_DISABLE, ANN, NULL),
	                 ERR_ABSENT);
}

static void policy_lets_it(struct rig *r)
{
	char key[64];

	add_ann(r);
	enable(r, key);
	assert_int_equal(
		rig_verb(r, FRAME_POLICY_SET, ANN, "main-password allowed"),
		ERR_OK);
	assert_int_equal(confirm(r, key)->code, ERR_OK);
	assert_int_equal(r->mail[0].kicks + r->mail[1].kicks, 0);
	assert_int_equal(login(r, MAIN), ERR_OK);
	assert_int_equal(rig_verb(r, FRAME_POLICY_UNSET, ANN, "main-password"),
	                 ERR_OK);
	refuses_main(r);
}

static void codes_are_taken_once(struct rig *r)
{
	char key[64], code[8], next[8], again[8];
	char recovery[2][64];
	struct rig_answer *a;

	add_ann(r);
	assert_int_equal(check(r, "000000"), ERR_ABSENT);
	enable(r, key);
	do { /* one step after the other */
		code_now(key, 0, code);
		code_now(key, 1, next);
		code_now(key, 0, again);
	} while (strcmp(code, again) != 0);
	assert_int_equal(check(r, code), ERR_ABSENT); /* pending */
	a = confirm_by(r, code);
	strcpy(recovery[0], a->field[0][0]);
	strcpy(recovery[1], a->field[1][0]);
	assert_int_equal(check(r, code), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(check(r, next), ERR_OK);
	assert_int_equal(check(r, next), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(check(r, recovery[0]), ERR_OK);
	assert_int_equal(check(r, recovery[0]), ERR_AUTHENTICATIONFAILED);
	a = ask(r, FRAME_TOTP_STATUS, (const char *[]){ ANN }, 1);
	assert_string_equal(a->field[0][TOTP_STATUS_STATE], "on");
	assert_string_equal(a->field[0][TOTP_STATUS_RECOVERY_CODES], "9");
	assert_string_equal(a->field[0][TOTP_STATUS_MAIN_PASSWORD], "no");
	/* others in their place */
	a = ask(r, FRAME_TOTP_RECOVERY, (const char *[]){ ANN }, 1);
	assert_int_equal(a->rows, 10);
	assert_int_equal(check(r, recovery[1]), ERR_AUTHENTICATIONFAILED);
	assert_int_equal(login(r, recovery[1]), ERR_AUTHENTICATIONFAILED);
}

/* Guessing is slow; recovery codes, which nobody guesses, go on working. */
static void guessing_has_to_wait(struct rig *r)
{
	char key[64], next[8], recovery[64];

	add_ann(r);
	enable(r, key);
	strcpy(recovery, confirm(r, key)->field[0][0]);
	for (int i = 0; i < 5; i++)
		assert_int_equal(check(r, "00000x"), ERR_AUTHENTICATIONFAILED);
	code_now(key, 1, next);
	assert_int_equal(check(r, next), ERR_LIMIT);
	assert_int_equal(check(r, recovery), ERR_OK);
	assert_int_equal(check(r, next), ERR_LIMIT);
}

static void run(void (*fn)(struct rig *))
{
	hashes = 0;
	rig_run(fn, NULL);
}

#define TEST(name)                            \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		run(name);                    \
	}

TEST(app_passwords_let_in)
TEST(revoked_singly)
TEST(limited)
TEST(runs_out)
TEST(names_and_numbers)
TEST(with_the_account)
TEST(main_password_is_shut_out)
TEST(policy_lets_it)
TEST(codes_are_taken_once)
TEST(guessing_has_to_wait)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_app_passwords_let_in),
		cmocka_unit_test(test_revoked_singly),
		cmocka_unit_test(test_limited),
		cmocka_unit_test(test_runs_out),
		cmocka_unit_test(test_names_and_numbers),
		cmocka_unit_test(test_with_the_account),
		cmocka_unit_test(test_main_password_is_shut_out),
		cmocka_unit_test(test_policy_lets_it),
		cmocka_unit_test(test_codes_are_taken_once),
		cmocka_unit_test(test_guessing_has_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
