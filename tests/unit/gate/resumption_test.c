/*
 * resumption_test.c -- TLS tickets: which gate goes on with a session, for
 * whom, and for how long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "house.h"

static const struct gate_options options = {
	.hostname = { "mail.example.org", 16 },
	.message_limit_bytes = 1 << 20,
	.limits = { 20, 60, 200, 8192, 64, 60, 300 },
	.mechanisms = 1 << SASL_PLAIN | 1 << SASL_LOGIN,
};

static const int versions[] = { CLIENT_TLS_1_2, 0 };

/* Two gates, as of one server. */
struct fixture {
	struct house house[2];
	struct buf pem;
	struct ssl_session_st *session;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->pem = certificate_new("one.example.org", NULL);
	for (size_t i = 0; i < 2; i++) {
		house_open(&f->house[i], &options);
		house_resumption(&f->house[i], 2, 1);
		house_certificate(&f->house[i], buf_slice(&f->pem));
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	client_session_free(f->session);
	house_close(&f->house[1]); /* it has copies of the other's links */
	house_close(&f->house[0]);
	buf_free(&f->pem);
	free(f);
	return 0;
}

static void forget(struct fixture *f)
{
	client_session_free(f->session);
	f->session = NULL;
}

static bool resumes(struct fixture *f, size_t gate, const char *name, int most)
{
	struct client *c = client_new(f->house[gate].imaps_port);
	bool resumed = client_resume(c, name, most, &f->session);

	client_end(c); /* or OpenSSL would forget the session */
	client_free(c);
	return resumed;
}

/* By STARTTLS. */
static bool resumes_at_imap(struct fixture *f, const char *name)
{
	struct client *c = client_new(f->house[0].imap_port);
	bool resumed;

	client_line(c);
	client_say(c, "s STARTTLS\r\n");
	client_line(c);
	resumed = client_resume(c, name, 0, &f->session);
	client_end(c);
	client_free(c);
	return resumed;
}

static void test_any_gate(void **state)
{
	struct fixture *f = *state;

	for (size_t v = 0; v < 2; v++) {
		assert_false(resumes(f, 0, "a.example", versions[v]));
		for (size_t i = 0; i < 10; i++)
			assert_true(
				resumes(f, i % 2, "a.example", versions[v]));
		forget(f);
	}
}

static void test_for_whom_it_was_given_only(void **state)
{
	struct fixture *f = *state;

	for (size_t v = 0; v < 2; v++) {
		resumes(f, 0, "a.example", versions[v]);
		assert_false(resumes(f, 0, "b.example", versions[v]));
		assert_true(resumes(f, 1, "b.example", versions[v]));
		assert_false(resumes(f, 0, "", versions[v]));
		assert_true(resumes(f, 0, "", versions[v]));
		forget(f);
	}
	resumes(f, 0, "a.example", 0);
	assert_false(resumes_at_imap(f, "a.example"));
	assert_true(resumes_at_imap(f, "a.example"));
}

static void test_a_new_certificate(void **state)
{
	struct fixture *f = *state;
	struct buf two = certificate_new("two.example.org", NULL);

	resumes(f, 0, "a.example", 0);
	house_certificate(&f->house[0], buf_slice(&two));
	assert_true(resumes(f, 0, "a.example", 0));
	buf_free(&two);
}

static void renew(struct fixture *f, uint8_t now, uint8_t before)
{
	house_resumption(&f->house[0], now, before);
	house_resumption(&f->house[1], now, before);
}

/* Those of the generation before are opened, and exchanged for new ones. */
static void test_two_generations(void **state)
{
	struct fixture *f = *state;

	for (size_t v = 0; v < 2; v++) {
		resumes(f, 0, "a.example", versions[v]);
		renew(f, 3, 2);
		assert_true(resumes(f, 1, "a.example", versions[v]));
		renew(f, 4, 3);
		assert_true(resumes(f, 0, "a.example", versions[v]));
		renew(f, 6, 5);
		assert_false(resumes(f, 0, "a.example", versions[v]));
		renew(f, 2, 1);
		forget(f);
	}
}

/* The name of a key alone is no key. */
static void test_a_forged_ticket(void **state)
{
	struct fixture *f = *state;

	resumes(f, 0, "a.example", 0);
	house_resumption_named(&f->house[1], 2, 9);
	assert_false(resumes(f, 1, "a.example", 0));
}

static void test_frames_of_a_wrong_size(void **state)
{
	struct fixture *f = *state;
	char keys[RESUMPTION_KEY_SIZE] = { 0 };

	resumes(f, 0, "a.example", 0);
	for (size_t i = 0; i < 2; i++) {
		struct frame_out bad = { 0 };

		frame_begin(&bad, FRAME_RESUMPTION);
		frame_slice(&bad, slice_of(keys, sizeof keys - i));
		frame_slice(&bad, slice_of(keys, sizeof keys - (1 - i)));
		packet_send(f->house[0].parent, &bad, -1);
	}
	house_settle(&f->house[0]);
	assert_true(resumes(f, 0, "a.example", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_for_whom_it_was_given_only,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_new_certificate, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_two_generations, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_a_forged_ticket, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_frames_of_a_wrong_size,
		                                setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
