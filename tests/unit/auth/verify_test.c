/*
 * verify_test.c -- who gets in, who doesn't, and what a refusal looks like
 * and costs. Behaviours 12 and 199. HASHING_QUEUE
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <argon2.h>
#include <cmocka.h>

#include "auth/hashing.h"
#include "directory/directory.h"
#include "rig.h"

/* -- every Argon2 verification is counted, and may be held up -- */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t free;
	bool held;
	unsigned count;
} hashes = { .mutex = PTHREAD_MUTEX_INITIALIZER,
	     .free = PTHREAD_COND_INITIALIZER };

int __real_argon2_verify(const char *, const void *, size_t, argon2_type);
int __wrap_argon2_verify(const char *, const void *, size_t, argon2_type);

int __wrap_argon2_verify(const char *encoded, const void *secret, size_t len,
                         argon2_type type)
{
	pthread_mutex_lock(&hashes.mutex);
	hashes.count++;
	while (hashes.held)
		pthread_cond_wait(&hashes.free, &hashes.mutex);
	pthread_mutex_unlock(&hashes.mutex);
	return __real_argon2_verify(encoded, secret, len, type);
}

static void hold_hashes(bool hold)
{
	pthread_mutex_lock(&hashes.mutex);
	hashes.held = hold;
	pthread_cond_broadcast(&hashes.free);
	pthread_mutex_unlock(&hashes.mutex);
}

static void add(struct rig *r, const char *user, const char *secret)
{
	assert_int_equal(rig_verb(r, FRAME_USER_ADD, user, secret), ERR_OK);
}

static void assert_granted(struct rig *r, const struct rig_verdict *v)
{
	const struct rig_mail *m = &r->mail[v->partition];

	assert_int_equal(v->code, ERR_OK);
	assert_int_equal(v->ticket_len, TICKET_SIZE);
	/* mail has heard of it, and before gate did */
	assert_memory_equal(v->ticket, m->ticket, TICKET_SIZE);
	assert_int_equal(v->account, m->ticket_account);
	assert_string_equal(v->name, "ann@example.org");
}

static void assert_refused(const struct rig_verdict *v, enum err_code code,
                           const char *text)
{
	assert_int_equal(v->code, code);
	assert_string_equal(v->text, text);
	assert_int_equal(v->ticket_len, 0);
	assert_int_equal(v->account, 0);
	assert_int_equal(v->partition, 0);
	assert_string_equal(v->name, "");
}

static void refused(const struct rig_verdict *v)
{
	assert_refused(v, ERR_AUTHENTICATIONFAILED, "Authentication failed");
}

static void right_and_wrong(struct rig *r)
{
	add(r, "Ann@Example.org", "secret");
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	assert_granted(r, rig_login(r, "ANN@EXAMPLE.ORG", "secret"));
	refused(rig_login(r, "ann@example.org", "Secret"));
	refused(rig_login(r, "ann@example.org", "secret "));
	refused(rig_login(r, "ann@example.org", "secre"));
	refused(rig_login(r, "bob@example.org", "secret"));
	refused(rig_login(r, "ann", "secret"));
	refused(rig_login(r, "ann@example.org", ""));
	refused(rig_login(r, "", "secret"));
	refused(rig_login(r, "", ""));
	refused(rig_try(r, (struct rig_try){ .user = S("ann@example.org"),
	                                     .secret = S("secret\0x") }));
	refused(rig_try(r, (struct rig_try){ .user = S("ann@example.org\0"),
	                                     .secret = S("secret") }));
	refused(rig_login(r, "ann@example.org' OR '1'='1", "secret"));
	refused(rig_login(r, "%@example.org", "secret"));
	refused(rig_login(r, "*", "secret"));
	assert_int_equal(r->mail[0].expects + r->mail[1].expects, 2);
}

/* Mechanisms times identities; acting for another is nobody's right. */
static void authorization_identities(struct rig *r)
{
	static const struct {
		struct slice authzid;
		bool allowed;
	} identities[] = {
		{ N(""), true },
		{ N("ann@example.org"), true },
		{ N("ANN@Example.ORG"), true },
		{ N("bob@example.org"), false },
		{ N("nobody@example.org"), false },
		{ N("ann"), false },
		{ N("ann@example.org*bob@example.org"), false },
	};

	add(r, "ann@example.org", "secret");
	add(r, "bob@example.org", "secret2");
	for (size_t warm = 0; warm < 2; warm++)
		for (size_t m = 0; m < 2; m++)
			for (size_t i = 0;
			     i < sizeof identities / sizeof *identities; i++) {
				struct rig_try t = { m == 0,
					             identities[i].authzid,
					             S("ann@example.org"),
					             S("secret") };
				struct rig_verdict *v = rig_try(r, t);

				if (identities[i].allowed)
					assert_granted(r, v);
				else
					assert_refused(v,
					               ERR_AUTHORIZATIONFAILED,
					               "Not authorized");
				/* only the owner of a secret is told more */
				t.secret = S("wrong");
				refused(rig_try(r, t));
			}
}

static unsigned cost(struct rig *r, const char *user, const char *secret)
{
	unsigned before = hashes.count;

	refused(rig_login(r, user, secret));
	return hashes.count - before;
}

/* Every refusal costs one hash of ours at least. */
static void refusals_cost_the_same(struct rig *r)
{
	static const char *const quick[] = {
		"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
		"{PLAIN}password",
		"{MD5}x",
		"",
		"{ARGON2ID}nonsense",
	};
	char longest[600];

	add(r, "ann@example.org", "secret");
	add(r, "off@example.org", "secret");
	add(r, "old@example.org", "secret");
	assert_int_equal(
		rig_verb(r, FRAME_USER_DISABLE, "off@example.org", NULL),
		ERR_OK);
	assert_int_equal(cost(r, "ann@example.org", "wrong"), 1);
	assert_int_equal(cost(r, "nobody@example.org", "wrong"), 1);
	assert_int_equal(cost(r, "not a name", "wrong"), 1);
	assert_int_equal(cost(r, "off@example.org", "wrong"), 1);
	assert_int_equal(cost(r, "off@example.org", "secret"), 1);
	for (size_t i = 0; i < sizeof quick / sizeof *quick; i++) {
		rig_store(r, "old@example.org", quick[i]);
		assert_int_equal(cost(r, "old@example.org", "wrong"), 1);
	}
	/* longer than crypt(3) takes */
	rig_store(r, "old@example.org", "{CRYPT}$5$rounds=1000$abcdefgh$x");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(cost(r, "old@example.org", longest), 1);
}

/* The second log-in is a matter of an HMAC; a wrong one never is. */
static void verdicts_are_kept(struct rig *r)
{
	unsigned before;

	add(r, "ann@example.org", "secret");
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	before = hashes.count;
	for (int i = 0; i < 100; i++)
		assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	assert_int_equal(hashes.count, before);
	assert_int_equal(cost(r, "ann@example.org", "wrong"), 1);
	assert_int_equal(cost(r, "ann@example.org", "wrong"), 1);
}

static void no_verdicts(struct rig *r)
{
	r->options.verdict_seconds = 0;
}

static void verdicts_are_not_kept(struct rig *r)
{
	unsigned before;

	add(r, "ann@example.org", "secret");
	before = hashes.count;
	for (int i = 0; i < 10; i++)
		assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	assert_int_equal(hashes.count - before, 10);
}

/* -- security rule A1: what is changed counts at once -- */

struct attack {
	struct rig *rig;
	bool stop;
	bool stopped;
	struct wait_list done;
	uint64_t tries;
	uint64_t got_in;
	uint64_t changed_at; /* requests from here on must fail */
	uint64_t too_late;
};

/* Eight of these at once, with the old password. */
static void attacker(void *arg)
{
	struct attack *a = arg;

	while (!a->stop) {
		uint64_t request = rig_ask(
			a->rig, (struct rig_try){ .user = S("ann@example.org"),
		                                  .secret = S("old") });
		struct rig_verdict *v = rig_wait(a->rig, request);

		a->tries++;
		a->got_in += v->code == ERR_OK;
		if (a->changed_at != 0 && request >= a->changed_at) {
			a->too_late += v->code == ERR_OK;
			if (request >= a->changed_at + 1100)
				break;
		}
	}
	a->stop = true;
	task_wake_all(&a->done);
}

static void attack(struct rig *r, uint16_t verb, const char *secret)
{
	struct attack a = { .rig = r };
	enum { MANY = 8 };

	assert_int_equal(rig_login(r, "ann@example.org", "old")->code, ERR_OK);
	for (int i = 0; i < MANY; i++)
		task_spawn(r->loop, attacker, &a);
	while (a.got_in < 200)
		task_sleep(1);
	assert_int_equal(rig_verb(r, verb, "ann@example.org", secret), ERR_OK);
	a.changed_at = r->requests + 1;
	while (!a.stop)
		assert_true(task_wait(&a.done, 60000));
	while (r->open != 0)
		task_sleep(1);
	rig_settle(r);
	assert_in_range(r->requests - a.changed_at, 1000, 1200);
	assert_int_equal(a.too_late, 0);
}

/* As often as it likes. */
static void trusted(struct rig *r)
{
	static const struct network anywhere = { .bits = 0 };

	r->options.trusted = &anywhere;
	r->options.trusted_count = 1;
}

static void changes_count_at_once(struct rig *r)
{
	add(r, "ann@example.org", "old");
	attack(r, FRAME_USER_PASSWORD, "new");
	assert_int_equal(r->mail[0].kicks + r->mail[1].kicks, 1);
	assert_int_equal(rig_login(r, "ann@example.org", "new")->code, ERR_OK);
	assert_int_equal(
		rig_verb(r, FRAME_USER_PASSWORD, "ann@example.org", "old"),
		ERR_OK);
	attack(r, FRAME_USER_DISABLE, NULL);
	assert_int_equal(r->mail[0].kicks + r->mail[1].kicks, 3);
	assert_int_equal(
		rig_verb(r, FRAME_USER_ENABLE, "ann@example.org", NULL),
		ERR_OK);
	attack(r, FRAME_USER_REMOVE, NULL);
	/* another account of the same name has another password */
	add(r, "ann@example.org", "new");
	refused(rig_login(r, "ann@example.org", "old"));
	assert_granted(r, rig_login(r, "ann@example.org", "new"));
}

/* Changed while the hash was under way: not as it was when it began. */
static void change_during_the_hash(struct rig *r)
{
	uint64_t request;

	add(r, "ann@example.org", "old");
	hold_hashes(true);
	request = rig_ask(r, (struct rig_try){ .user = S("ann@example.org"),
	                                       .secret = S("old") });
	rig_settle(r);
	assert_int_equal(
		rig_verb(r, FRAME_USER_PASSWORD, "ann@example.org", "new"),
		ERR_OK);
	hold_hashes(false);
	refused(rig_wait(r, request));
	refused(rig_login(r, "ann@example.org", "old"));
}

/* -- bounds -- */

static void queue_is_bounded(struct rig *r)
{
	unsigned cores = hashing_init().most;
	unsigned n = HASHING_QUEUE + cores + 1;
	uint64_t first = r->requests + 1;
	uint64_t answered = 0;

	add(r, "ann@example.org", "secret");
	hold_hashes(true);
	for (unsigned i = 0; i < n; i++)
		rig_ask(r, (struct rig_try){ .user = S("ann@example.org"),
		                             .secret = S("wrong") });
	while (r->open == n)
		task_wait(&r->answered, 10000);
	rig_settle(r);
	for (uint64_t i = first; i < first + n; i++) {
		if (!r->verdicts[i].there)
			continue;
		answered++;
		assert_refused(&r->verdicts[i], ERR_UNAVAILABLE,
		               "Try again later");
	}
	assert_int_equal(answered, 1);
	hold_hashes(false);
	for (uint64_t i = first; i < first + n; i++)
		rig_wait(r, i);
	refused(&r->verdicts[first]);
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
}

/* Who is known there is before all strangers that wait. */
static void strangers_wait(struct rig *r)
{
	unsigned n = HASHING_QUEUE + hashing_init().most;
	uint64_t first;
	uint64_t known;

	add(r, "ann@example.org", "secret");
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	first = r->requests + 1;
	hold_hashes(true);
	for (unsigned i = 0; i < n; i++)
		rig_ask(r, (struct rig_try){ .user = S("nobody@example.org"),
		                             .secret = S("wrong") });
	known = rig_ask(r, (struct rig_try){ .user = S("ann@example.org"),
	                                     .secret = S("wrong") });
	rig_settle(r);
	assert_int_equal(r->open, n + 1);
	hold_hashes(false);
	refused(rig_wait(r, known));
	assert_true(r->open > HASHING_QUEUE / 2);
	for (uint64_t i = first; i < first + n; i++)
		refused(rig_wait(r, i));
}

/* -- processes that go -- */

static void gate_goes_meanwhile(struct rig *r)
{
	add(r, "ann@example.org", "secret");
	hold_hashes(true);
	for (int i = 0; i < 10; i++)
		rig_ask(r, (struct rig_try){ .user = S("ann@example.org"),
		                             .secret = S("secret") });
	rig_settle(r);
	rig_stop_gate(r);
	rig_settle(r);
	hold_hashes(false);
	rig_settle(r);
	rig_start_gate(r);
	/* nobody was told, so mail expects nobody */
	assert_int_equal(r->mail[0].expects + r->mail[1].expects, 0);
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
}

static void mail_is_away(struct rig *r)
{
	uint32_t p;

	add(r, "ann@example.org", "secret");
	p = rig_login(r, "ann@example.org", "secret")->partition;
	link_free(r->mail[p].link);
	r->mail[p].link = NULL;
	rig_settle(r);
	assert_refused(rig_login(r, "ann@example.org", "secret"),
	               ERR_UNAVAILABLE, "Try again later");
	refused(rig_login(r, "ann@example.org", "wrong"));
	rig_start_mail(r, p);
	rig_settle(r);
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	rig_start_mail(r, p); /* a new one while the old one is there */
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
}

/* It stops, and the log-ins under way are answered first. */
static void stop_meanwhile(struct rig *r)
{
	add(r, "ann@example.org", "secret");
	for (int i = 0; i < 20; i++)
		rig_ask(r, (struct rig_try){ .user = S("ann@example.org"),
		                             .secret = S("wrong") });
	task_sleep(1);
}

/* -- frames that are none -- */

static void send_raw(struct rig *r, uint16_t type, struct slice bytes)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	buf_add(&f.bytes, bytes);
	assert_true(is_ok(link_send(r->gate, &f, -1)));
}

static void hostile_gate(struct rig *r)
{
	char bytes[300];
	const char *log;
	size_t lines = 0;

	add(r, "ann@example.org", "secret");
	memset(bytes, 0xff, sizeof bytes);
	rig_log_begin();
	for (uint16_t type = 0; type < 256; type++) {
		send_raw(r, type, S(""));
		send_raw(r, type, slice_of(bytes, sizeof bytes));
	}
	/* an answer to what was asked behind them: all have been read */
	assert_granted(r, rig_login(r, "ann@example.org", "secret"));
	log = rig_log_end();
	while ((log = strstr(log, "event=bad_frame from=gate")) != NULL) {
		log++;
		lines++;
	}
	assert_int_equal(lines, 512);
	assert_int_equal(r->gate_closed, 0);
}

/* -- old hashes become new ones -- */

static void rehash(struct rig *r)
{
	add(r, "ann@example.org", "secret");
	rig_store(r, "ann@example.org", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=");
	assert_false(rig_is_current(r, "ann@example.org"));
	assert_granted(r, rig_login(r, "ann@example.org", "password"));
	rig_wait_current(r, "ann@example.org");
	assert_granted(r, rig_login(r, "ann@example.org", "password"));
	refused(rig_login(r, "ann@example.org", "secret"));
}

/* -- recipients -- */

static void recipients(struct rig *r)
{
	static const struct {
		const char *address;
		enum err_code code;
		const char *name;
		const char *detail;
	} cases[] = {
		{ "ann@example.org", ERR_OK, "ann@example.org", "" },
		{ "ANN@EXAMPLE.org", ERR_OK, "ann@example.org", "" },
		{ "ann+Lists@example.org", ERR_OK, "ann@example.org", "Lists" },
		{ "ann+a b@example.org", ERR_OK, "ann@example.org", "a b" },
		{ "ann+@example.org", ERR_OK, "ann@example.org", "" },
		{ "ann+x@example.net", ERR_ABSENT, "", "" },
		{ "bob+plus@example.org", ERR_OK, "bob+plus@example.org", "" },
		{ "bob+plus+x@example.org", ERR_ABSENT, "", "" },
		{ "bob@example.org", ERR_ABSENT, "", "" },
		{ "off@example.org", ERR_OK, "off@example.org", "" },
		{ "ann", ERR_ABSENT, "", "" },
		{ "", ERR_ABSENT, "", "" },
		{ "+@example.org", ERR_ABSENT, "", "" },
		{ "a\xff@example.org", ERR_ABSENT, "", "" },
	};

	add(r, "ann@example.org", "secret");
	add(r, "bob+plus@example.org", "secret");
	add(r, "off@example.org", "secret");
	rig_verb(r, FRAME_USER_DISABLE, "off@example.org", NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig_verdict *v = rig_lookup(r, cases[i].address);

		assert_int_equal(v->code, cases[i].code);
		assert_string_equal(v->name, cases[i].name);
		assert_string_equal(v->detail, cases[i].detail);
		assert_int_equal(v->account != 0, v->code == ERR_OK);
	}
}

/* -- what the log says -- */

static size_t count_lines(const char *text, const char *needle)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, needle)) != NULL; at++)
		n++;
	return n;
}

/* One line each, everything a filter needs in it, and never the secret. */
static void log_lines(struct rig *r)
{
	static const struct {
		const char *user;
		const char *line; /* of it, behind the process */
	} cases[] = {
		{ "ann@example.org",
		  "event=login_failed user=ann@example.org method=PLAIN "
		  "rip=192.0.2.7 rport=4711 tls=yes session=" RIG_SESSION
		  " service=imap reason=\"wrong password\"\n" },
		{ "nobody@example.org",
		  "event=login_failed user=nobody@example.org method=PLAIN "
		  "rip=192.0.2.7 rport=4711 tls=yes session=" RIG_SESSION
		  " service=imap reason=\"no such user\"\n" },
		{ "off@example.org",
		  "event=login_failed user=off@example.org method=PLAIN "
		  "rip=192.0.2.7 rport=4711 tls=yes session=" RIG_SESSION
		  " service=imap reason=\"the account is disabled\"\n" },
		{ "x rip=198.51.100.1\nevent=login user=root",
		  "event=login_failed user=\"x rip=198.51.100.1\\x0aevent=login"
		  " user=root\" method=PLAIN rip=192.0.2.7 rport=4711 tls=yes "
		  "session=" RIG_SESSION " service=imap "
		  "reason=\"no such user\"\n" },
		{ "\" rip=198.51.100.1",
		  "event=login_failed user=\"\\\" rip=198.51.100.1\" "
		  "method=PLAIN rip=192.0.2.7" },
	};
	const char *log;

	add(r, "ann@example.org", "secret");
	add(r, "off@example.org", "secret");
	rig_verb(r, FRAME_USER_DISABLE, "off@example.org", NULL);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		rig_log_begin();
		refused(rig_login(r, cases[i].user, "hunter2"));
		log = rig_log_end();
		if (strstr(log, cases[i].line) == NULL)
			fail_msg("%s", log);
		assert_int_equal(count_lines(log, "\n"), 1);
		assert_null(strstr(log, "hunter2"));
	}
	rig_log_begin();
	rig_login(r, "ann@example.org", "secret");
	log = rig_log_end();
	assert_non_null(strstr(
		log, "event=login user=ann@example.org method=PLAIN "
		     "rip=192.0.2.7 rport=4711 tls=yes session=" RIG_SESSION
		     " service=imap\n"));
	assert_int_equal(count_lines(log, "\n"), 1);
	assert_null(strstr(log, "secret"));
}

#define CASE(name, fn, prepare)        \
	static void name(void **state) \
	{                              \
		(void)state;           \
		rig_run(fn, prepare);  \
	}

CASE(test_right_and_wrong, right_and_wrong, NULL)
CASE(test_authorization_identities, authorization_identities, NULL)
CASE(test_refusals, refusals_cost_the_same, NULL)
CASE(test_verdicts, verdicts_are_kept, NULL)
CASE(test_no_verdicts, verdicts_are_not_kept, no_verdicts)
CASE(test_changes, changes_count_at_once, trusted)
CASE(test_change_during, change_during_the_hash, NULL)
CASE(test_queue, queue_is_bounded, NULL)
CASE(test_strangers, strangers_wait, NULL)
CASE(test_gate_goes, gate_goes_meanwhile, NULL)
CASE(test_mail_away, mail_is_away, NULL)
CASE(test_stop, stop_meanwhile, NULL)
CASE(test_hostile_gate, hostile_gate, NULL)
CASE(test_rehash, rehash, NULL)
CASE(test_recipients, recipients, NULL)
CASE(test_log, log_lines, NULL)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_and_wrong),
		cmocka_unit_test(test_authorization_identities),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_no_verdicts),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_change_during),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_strangers),
		cmocka_unit_test(test_gate_goes),
		cmocka_unit_test(test_mail_away),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_hostile_gate),
		cmocka_unit_test(test_rehash),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
