/*
 * source_test.c -- a real auth process whose source of accounts is the test:
 * how often it is asked about the same wrong password, by a clock that is the
 * test's, too.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ipc/ask.h"

#define SOURCE "ldap:/x"

enum { AGAIN_S = 600 };

/* -- the clock -- */

static time_t wall_s; /* 0: the machine's */

int __real_clock_gettime(clockid_t, struct timespec *);
int __wrap_clock_gettime(clockid_t, struct timespec *);

int __wrap_clock_gettime(clockid_t which, struct timespec *out)
{
	int result = __real_clock_gettime(which, out);

	if (which == CLOCK_REALTIME && wall_s != 0)
		out->tv_sec = wall_s;
	return result;
}

/* -- the source, of one user -- */

static struct {
	struct link *link;
	char password[32];
	unsigned asked;
} source;

static void tell(uint64_t request, enum told_account told)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_TOLD);
	frame_u64(&f, request);
	frame_u8(&f, ERR_OK);
	frame_slice(&f, S(""));
	frame_u32(&f, told);
	frame_slice(&f, S(""));
	frame_u64(&f, 0);
	frame_u64(&f, 0);
	assert_true(is_ok(link_send(source.link, &f, -1)));
}

static void on_ask(void *arg, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint8_t kind = read_u8(&f->r);
	struct slice name = frame_read_slice(f, 2048);
	struct slice user = frame_read_slice(f, 2048);
	struct slice secret = frame_read_slice(f, 2048);

	(void)arg;
	assert_int_equal(kind, ASK_VERIFY);
	assert_true(slice_eq(name, S(SOURCE)));
	assert_true(slice_eq(user, S("ann@example.org")));
	source.asked++;
	tell(request, slice_eq(secret, slice_cstr(source.password))
	                      ? TOLD_RIGHT
	                      : TOLD_WRONG);
}

static void start_source(struct rig *r)
{
	struct frame_out f = { 0 };
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	source.link = link_new(r->loop, fds[0],
	                       (struct link_handler){ .on_frame = on_ask });
	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, ROLE_OUTSIDE);
	frame_u32(&f, 0);
	assert_true(is_ok(link_send(r->parent, &f, fds[1])));
	rig_settle(r);
}

static void stop_source(struct rig *r)
{
	link_free(source.link);
	source.link = NULL;
	rig_settle(r);
}

static void prepare(struct rig *r)
{
	memset(&source, 0, sizeof source);
	strcpy(source.password, "first");
	wall_s = time(NULL) / AGAIN_S * AGAIN_S;
	r->options.n_sources = 2;
	r->options.sources[1] = (struct auth_source){ .name = SOURCE,
		                                      .finds = true,
		                                      .verifies = true };
	r->options.limits.per_account = 50;
	r->options.limits.lock_s = 60;
	r->options.limits.lock_most_s = 60;
}

/* -- tests -- */

static void assert_login(struct rig *r, const char *secret, enum err_code code,
                         unsigned asked)
{
	assert_int_equal(rig_login(r, "ann@example.org", secret)->code, code);
	assert_int_equal(source.asked, asked);
}

/* Refused without being asked for, until it may have become right. */
static void wrong_for_ten_minutes(struct rig *r, const char *secret)
{
	unsigned asked = source.asked;
	time_t began = wall_s;

	assert_login(r, secret, ERR_AUTHENTICATIONFAILED, asked + 1);
	assert_login(r, secret, ERR_AUTHENTICATIONFAILED, asked + 1);
	wall_s = began + AGAIN_S - 1;
	assert_login(r, secret, ERR_AUTHENTICATIONFAILED, asked + 1);
	wall_s = began + AGAIN_S;
	assert_login(r, secret, ERR_AUTHENTICATIONFAILED, asked + 2);
	assert_login(r, secret, ERR_AUTHENTICATIONFAILED, asked + 2);
	wall_s = began + 2 * AGAIN_S;
	strcpy(source.password, secret);
	assert_login(r, secret, ERR_OK, asked + 3);
}

/* Whom nobody has heard of yet, and whom the directory has of the source. */
static void asked_again(struct rig *r)
{
	start_source(r);
	wrong_for_ten_minutes(r, "second");
	wrong_for_ten_minutes(r, "third");
	stop_source(r);
}

static void test_asked_again(void **state)
{
	(void)state;
	rig_run(asked_again, prepare);
	wall_s = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
