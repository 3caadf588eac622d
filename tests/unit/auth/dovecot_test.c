/* dovecot_test.c -- what a mail transfer agent hears, line by line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "rig.h"

enum { HEARD = 65536, WAIT_MS = 60000 };

/* base64 of NUL user NUL secret */
#define ANN       "AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ="
#define ANN_WRONG "AGFubkBleGFtcGxlLm9yZwBodW50ZXIy"
#define NOBODY    "AG5vYm9keUBleGFtcGxlLm9yZwBzZWNyZXQ="

struct agent {
	int fd;
	size_t len;
	size_t at;
	char heard[HEARD];
	bool has_ended;
};

static struct agent *agent_new(struct rig *r)
{
	struct agent *a = mem_new(1, sizeof *a);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof to.sun_path, "%s", r->agents);
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(a->fd, (struct sockaddr *)&to, sizeof to), 0);
	return a;
}

static void agent_free(struct agent *a)
{
	close(a->fd);
	free(a);
}

static void say(struct agent *a, const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	assert_int_equal(send(a->fd, text, (size_t)n, MSG_NOSIGNAL), n);
}

static bool hear_some(struct agent *a)
{
	ssize_t n = recv(a->fd, a->heard + a->len, HEARD - 1 - a->len,
	                 MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		a->has_ended = true;
		return false;
	}
	a->len += (size_t)n;
	a->heard[a->len] = '\0';
	return true;
}

/* The next line, without its LF; NULL: the connection has ended. */
static const char *line(struct agent *a)
{
	for (int ms = 0; ms < WAIT_MS; ms++) {
		char *from = a->heard + a->at;
		char *end = memchr(from, '\n', a->len - a->at);

		if (end != NULL) {
			*end = '\0';
			a->at = (size_t)(end + 1 - a->heard);
			return from;
		}
		if (!hear_some(a)) {
			if (a->has_ended)
				return NULL;
			task_sleep(1);
		}
	}
	fail();
	return NULL;
}

static void expect(struct agent *a, const char *want)
{
	const char *got = line(a);

	assert_non_null(got);
	assert_string_equal(got, want);
}

static void expect_start(struct agent *a, const char *want)
{
	const char *got = line(a);

	assert_non_null(got);
	if (strncmp(got, want, strlen(want)) != 0)
		fail_msg("%s, not %s", got, want);
}

static void expect_end(struct agent *a)
{
	assert_null(line(a));
}

static struct agent *greeted(struct rig *r, const char *hello)
{
	struct agent *a = agent_new(r);

	while (strcmp(line(a), "DONE") != 0)
		;
	say(a, hello);
	return a;
}

static struct agent *old_agent(struct rig *r)
{
	return greeted(r, "VERSION\t1\t0\nCPID\t77\n");
}

static struct agent *new_agent(struct rig *r)
{
	return greeted(r, "VERSION\t1\t2\nCPID\t77\n");
}

static void add_ann(struct rig *r)
{
	assert_int_equal(
		rig_verb(r, FRAME_USER_ADD, "ann@example.org", "secret"),
		ERR_OK);
}

/* -- the greeting -- */

static void greeting(struct rig *r)
{
	struct agent *a = agent_new(r);
	char cookie[64];
	unsigned spid, cuid;

	expect(a, "VERSION\t1\t2");
	expect(a, "MECH\tSCRAM-SHA-256\tmutual-auth");
	expect(a, "MECH\tSCRAM-SHA-1\tmutual-auth");
	expect(a, "MECH\tOAUTHBEARER\tplaintext");
	expect(a, "MECH\tXOAUTH2\tplaintext");
	expect(a, "MECH\tPLAIN\tplaintext");
	expect(a, "MECH\tLOGIN\tplaintext");
	assert_int_equal(sscanf(line(a), "SPID\t%u", &spid), 1);
	assert_int_equal(sscanf(line(a), "CUID\t%u", &cuid), 1);
	assert_int_equal(sscanf(line(a), "COOKIE\t%63s", cookie), 1);
	assert_int_equal(strlen(cookie), 32);
	expect(a, "DONE");
	agent_free(a);
}

static void only_plain(struct rig *r)
{
	r->options.mechanisms = sasl_bit(SASL_PLAIN);
}

static void offer_follows_options(struct rig *r)
{
	struct agent *a = agent_new(r);

	expect(a, "VERSION\t1\t2");
	expect(a, "MECH\tPLAIN\tplaintext");
	expect_start(a, "SPID\t");
	say(a, "AUTH\t1\tLOGIN\tservice=smtp\n");
	expect_start(a, "CUID\t");
	expect_start(a, "COOKIE\t");
	expect(a, "DONE");
	expect(a, "FAIL\t1\treason=Unsupported mechanism");
	agent_free(a);
}

/* -- attempts -- */

static void passwords(struct rig *r)
{
	struct agent *a;

	add_ann(r);
	a = old_agent(r);
	say(a, "AUTH\t1\tPLAIN\tservice=smtp\tnologin\tlip=192.0.2.1\t"
	       "rip=192.0.2.7\tsecured\tresp=" ANN "\n");
	expect(a, "OK\t1\tuser=ann@example.org");
	say(a, "AUTH\t2\tPLAIN\tservice=smtp\tresp=" ANN_WRONG "\n");
	expect(a, "FAIL\t2\treason=Authentication failed\t"
	          "user=ann@example.org");
	say(a, "AUTH\t3\tPLAIN\tservice=smtp\tresp=" NOBODY "\n");
	expect(a, "FAIL\t3\treason=Authentication failed\t"
	          "user=nobody@example.org");
	/* as Exim does without a first response, then Postfix */
	say(a, "AUTH\t4\tPLAIN\tservice=smtp\tresp=\n");
	expect(a, "CONT\t4\t");
	say(a, "CONT\t4\t" ANN "\n");
	expect(a, "OK\t4\tuser=ann@example.org");
	say(a, "AUTH\t5\tLOGIN\tservice=smtp\n");
	expect(a, "CONT\t5\tVXNlcm5hbWU6");
	say(a, "CONT\t5\tYW5uQGV4YW1wbGUub3Jn\n");
	expect(a, "CONT\t5\tUGFzc3dvcmQ6");
	say(a, "CONT\t5\tc2VjcmV0\n");
	expect(a, "OK\t5\tuser=ann@example.org");
	agent_free(a);
}

static void log_line(struct rig *r)
{
	struct agent *a;
	const char *log;

	add_ann(r);
	a = old_agent(r);
	rig_log_begin();
	say(a, "AUTH\t1\tPLAIN\tservice=smtp\trip=192.0.2.7\trport=4711\t"
	       "secured\tresp=" ANN_WRONG "\n"
	       "AUTH\t2\tPLAIN\tservice=submission\trip=::ffff:192.0.2.8\t"
	       "resp=" ANN_WRONG "\n"
	       "AUTH\t3\tPLAIN\tservice=xmpp\trip=x event=y\tresp=" ANN_WRONG
	       "\n");
	for (int i = 0; i < 3; i++)
		expect_start(a, "FAIL\t");
	log = rig_log_end();
	assert_non_null(strstr(log, "event=login_failed user=ann@example.org "
	                            "method=PLAIN rip=192.0.2.7 rport=4711 "
	                            "tls=yes session="));
	assert_non_null(strstr(log, "rip=192.0.2.8 rport=0 tls=no session="));
	assert_non_null(strstr(log, " service=smtp reason=\"wrong password\""));
	assert_non_null(strstr(log, "rip=\"\" rport=0 tls=no session="));
	assert_non_null(strstr(log, " service=other reason="));
	assert_null(strstr(log, "hunter2"));
	agent_free(a);
}

static void set_policy(struct rig *r, const char *scope, const char *setting)
{
	struct link *l = rig_control(r);
	struct slice fields[2] = { slice_cstr(scope), slice_cstr(setting) };

	assert_int_equal(rig_request(l, FRAME_POLICY_SET, fields, 2)->code,
	                 ERR_OK);
	link_free(l);
}

/* The password was right: the client hears why, if it knows of codes. */
static void policies(struct rig *r)
{
	struct agent *a;

	add_ann(r);
	set_policy(r, "server", "imap off"); /* which this is not */
	a = new_agent(r);
	say(a, "AUTH\t1\tPLAIN\tservice=smtp\tresp=" ANN "\n");
	expect(a, "OK\t1\tuser=ann@example.org");
	set_policy(r, "@example.org", "suspended deliver");
	say(a, "AUTH\t2\tPLAIN\tservice=smtp\tresp=" ANN "\n");
	expect(a, "FAIL\t2\treason=This account is suspended\t"
	          "code=user_disabled\tuser=ann@example.org");
	say(a, "AUTH\t3\tPLAIN\tservice=smtp\tresp=" ANN_WRONG "\n");
	expect(a, "FAIL\t3\treason=Authentication failed\t"
	          "user=ann@example.org");
	agent_free(a);
}

/* What a client says can't become a parameter. */
static void injected(struct rig *r)
{
	struct agent *a;

	add_ann(r);
	a = old_agent(r);
	say(a, "AUTH\t1\tPLAIN\tservice=smtp\tresp=" ANN "\tsecured\n");
	expect(a, "FAIL\t1\treason=Invalid base64 data");
	/* NUL x TAB code=temp_fail LF NUL s */
	say(a, "AUTH\t2\tPLAIN\tservice=smtp\tresp="
	       "AHgJY29kZT10ZW1wX2ZhaWwKAHM=\n");
	expect(a, "FAIL\t2\treason=Authentication failed\t"
	          "user=x\001tcode=temp_fail\001n");
	agent_free(a);
}

static void nonsense(struct rig *r)
{
	static const char *const lines[] = {
		"AUTH\n",
		"AUTH\tx\tPLAIN\n",
		"AUTH\t1\n",
		"AUTH\t4294967296\tPLAIN\n",
		"CONT\t1\n",
		"CANCEL\t\n",
		"VERSION\t2\t0\n",
		"VERSION\t1\n",
		"AUTH\t1\tLOGIN\nAUTH\t1\tLOGIN\n",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct agent *a = old_agent(r);
		const char *last;

		say(a, lines[i]);
		last = line(a);
		if (last != NULL)
			assert_string_equal(last, "CONT\t1\tVXNlcm5hbWU6");
		if (last != NULL)
			expect_end(a);
		agent_free(a);
	}
}

static void unknown_words(struct rig *r)
{
	struct agent *a = old_agent(r);

	say(a, "\nWHAT\tis\tthis\nCONT\t9\t\n");
	expect(a, "FAIL\t9\treason=That exchange is over\tcode=temp_fail");
	agent_free(a);
}

/* LIMIT_AUTH_LINE: at it, beyond it, never finished */
static void long_lines(struct rig *r)
{
	static const struct {
		size_t len;
		const char *end;
		bool good;
	} cases[] = {
		{ LIMIT_AUTH_LINE - 1, "\n", true },
		{ LIMIT_AUTH_LINE, "\n", false },
		{ LIMIT_AUTH_LINE - 1, "", true },
		{ LIMIT_AUTH_LINE, "", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct agent *a = old_agent(r);
		char *text = mem_new(1, LIMIT_AUTH_LINE + 2);

		memset(text, 'x', cases[i].len);
		strcpy(text + cases[i].len, cases[i].end);
		say(a, text);
		if (cases[i].good) {
			say(a, "\nCONT\t9\t\n");
			expect_start(a, "FAIL\t9\t");
		} else {
			expect_end(a);
		}
		free(text);
		agent_free(a);
	}
}

/* -- many, and those who go -- */

/* The oldest whose client says nothing makes room. */
static void many_asked(struct rig *r)
{
	struct agent *a;
	char text[64];

	add_ann(r);
	a = old_agent(r);
	for (int i = 1; i <= 33; i++) {
		snprintf(text, sizeof text, "AUTH\t%d\tPLAIN\n", i);
		say(a, text);
		expect_start(a, "CONT\t");
	}
	say(a, "CONT\t1\t" ANN "\n");
	expect_start(a, "FAIL\t1\treason=That exchange is over");
	say(a, "CONT\t2\t" ANN "\nCANCEL\t3\n");
	expect(a, "OK\t2\tuser=ann@example.org");
	say(a, "CONT\t3\t" ANN "\n");
	expect_start(a, "FAIL\t3\treason=That exchange is over");
	agent_free(a);
}

static void slow_refusals(struct rig *r)
{
	r->options.refusal_ms = 300;
}

/* No more than so many guesses of a connection in that time. */
static void refused_slowly(struct rig *r)
{
	uint64_t began = loop_now_ms(r->loop);
	struct agent *a;
	char text[96];

	add_ann(r);
	a = new_agent(r);
	for (int i = 1; i <= 33; i++) {
		snprintf(text, sizeof text, "AUTH\t%d\tPLAIN\tresp=%s\n", i,
		         ANN_WRONG);
		say(a, text);
	}
	expect(a, "FAIL\t33\treason=Too many at a time\tcode=temp_fail");
	for (int i = 1; i <= 32; i++) {
		expect_start(a, "FAIL\t");
		assert_true(loop_now_ms(r->loop) >= began + 300);
	}
	agent_free(a);
}

static void goes_meanwhile(struct rig *r)
{
	add_ann(r);
	for (int i = 0; i < 3; i++) {
		struct agent *a = old_agent(r);

		say(a, i == 0   ? "AUTH\t1\tPLAIN\tresp=" ANN "\n"
		       : i == 1 ? "AUTH\t1\tLOGIN\n"
		                : "AUTH\t1\tPLAIN\tresp=" ANN_WRONG "\n");
		agent_free(a);
		rig_settle(r);
	}
	rig_settle(r);
}

/* Who takes nothing of what it asks for is not written to for ever. */
static void never_reads(struct rig *r)
{
	static const char text[] = "CONT\t1\t\nCONT\t1\t\nCONT\t1\t\n";
	struct agent *a = old_agent(r);
	size_t sent = 0;

	while (sent < 8 << 20) {
		ssize_t n = send(a->fd, text, sizeof text - 1,
		                 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EPIPE)
			break;
		if (n < 0)
			task_sleep(1);
		else
			sent += (size_t)n;
	}
	assert_true(sent < 8 << 20);
	agent_free(a);
}

static void slow_hashes(struct rig *r)
{
	r->options.password_cost.memory_kib = 8192;
}

/* More hashes than may wait. */
static void keep_busy(struct agent *a)
{
	char text[96];

	for (int i = 1; i <= 32; i++) {
		snprintf(text, sizeof text, "AUTH\t%d\tPLAIN\tresp=%s\n", i,
		         NOBODY);
		say(a, text);
	}
}

/* Those of 1.0 take a FAIL for a wrong password. */
static void not_now(struct rig *r)
{
	struct agent *others[3];
	struct agent *old = old_agent(r);
	struct agent *new = new_agent(r);

	for (int i = 0; i < 3; i++)
		others[i] = new_agent(r);
	for (int i = 0; i < 3; i++)
		keep_busy(others[i]);
	/* read in the same turn, behind those: no hash is done yet */
	say(old, "AUTH\t1\tPLAIN\tresp=" ANN "\n");
	say(new, "AUTH\t1\tPLAIN\tresp=" ANN "\n");
	expect_end(old);
	expect(new, "FAIL\t1\treason=Try again later\tcode=temp_fail\t"
	            "user=ann@example.org");
	agent_free(old);
	agent_free(new);
	for (int i = 0; i < 3; i++)
		agent_free(others[i]);
}

#define CASE(name, fn, prepare)        \
	static void name(void **state) \
	{                              \
		(void)state;           \
		rig_run(fn, prepare);  \
	}

CASE(test_greeting, greeting, NULL)
CASE(test_offer, offer_follows_options, only_plain)
CASE(test_passwords, passwords, NULL)
CASE(test_log, log_line, NULL)
CASE(test_policies, policies, NULL)
CASE(test_injected, injected, NULL)
CASE(test_nonsense, nonsense, NULL)
CASE(test_unknown_words, unknown_words, NULL)
CASE(test_long_lines, long_lines, NULL)
CASE(test_many_asked, many_asked, NULL)
CASE(test_refused_slowly, refused_slowly, slow_refusals)
CASE(test_goes, goes_meanwhile, NULL)
CASE(test_never_reads, never_reads, NULL)
CASE(test_not_now, not_now, slow_hashes)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_injected),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_many_asked),
		cmocka_unit_test(test_refused_slowly),
		cmocka_unit_test(test_goes),
		cmocka_unit_test(test_never_reads),
		cmocka_unit_test(test_not_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
