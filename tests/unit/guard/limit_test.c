/* limit_test.c -- who has to wait, and for how long: a clock of the test's. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "guard/limit.h"

enum { START = 1790000000, DAY = 86400 };

static const struct limit_rules rules = { 10, 50, 10, 5, 60, 3600 };

struct fixture {
	struct limits *limits;
	uint32_t now;
	struct limit_news news; /* of the last one */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->limits = limits_new(S("of the directory"), rules);
	f->now = START;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	limits_free(f->limits);
	free(f);
	return 0;
}

static struct address ipv4(uint32_t n)
{
	struct address a = { { [10] = 0xff, [11] = 0xff } };

	for (int i = 0; i < 4; i++)
		a.bytes[12 + i] = (uint8_t)(n >> (24 - 8 * i));
	return a;
}

/* ann, whose number is 1, from 10.0.0.1 with a secret of this number. */
static struct limit_try ann(uint64_t secret)
{
	static char text[32];

	snprintf(text, sizeof text, "secret %llu", (unsigned long long)secret);
	return (struct limit_try){ .name = S("ann@example.org"),
		                   .account = 1,
		                   .address = ipv4(0x0a000001),
		                   .secret = slice_cstr(text),
		                   .generation = 1 };
}

/* It is asked for, and fails if it may. */
static enum limit_answer fails(struct fixture *f, const struct limit_try *t)
{
	enum limit_answer answer = limits_ask(f->limits, t, f->now);

	f->news = (struct limit_news){ 0 };
	if (answer == LIMIT_MAY)
		f->news = limits_end(f->limits, t, true, f->now);
	return answer;
}

static enum limit_answer succeeds(struct fixture *f, const struct limit_try *t)
{
	enum limit_answer answer = limits_ask(f->limits, t, f->now);

	if (answer == LIMIT_MAY)
		limits_end(f->limits, t, false, f->now);
	return answer;
}

/* From another address each time, or nothing but the account is in the way. */
static enum limit_answer guess(struct fixture *f, uint64_t n)
{
	struct limit_try t = ann(n);

	t.address = ipv4((uint32_t)(0x14000000 + n * 256));
	return fails(f, &t);
}

static void test_account(void **state)
{
	struct fixture *f = *state;
	struct limit_try elsewhere = ann(1000);
	struct limit_try home = ann(1000);

	home.is_known = true;
	elsewhere.address = ipv4(0x0b000001);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(guess(f, i), LIMIT_MAY);
	assert_int_equal(f->news.locked, 0);
	assert_int_equal(guess(f, 9), LIMIT_MAY);
	assert_int_equal(f->news.locked, 1 << LIMIT_KIND_ACCOUNT);
	assert_int_equal(guess(f, 10), LIMIT_ACCOUNT);
	/* even if it were right; but where it signs in it does */
	assert_int_equal(succeeds(f, &elsewhere), LIMIT_ACCOUNT);
	assert_int_equal(succeeds(f, &home), LIMIT_MAY);
	f->now += 59;
	assert_int_equal(guess(f, 10), LIMIT_ACCOUNT);
	f->now++;
	assert_int_equal(guess(f, 10), LIMIT_MAY);
	f->now += 60; /* the second lasts twice as long */
	assert_int_equal(guess(f, 11), LIMIT_ACCOUNT);
	f->now += 60;
	assert_int_equal(succeeds(f, &elsewhere), LIMIT_MAY);
	/* which forgives nothing */
	assert_int_equal(guess(f, 12), LIMIT_MAY);
	assert_int_equal(f->news.locked, 1 << LIMIT_KIND_ACCOUNT);
}

/* How many are locked out is known without looking at all: they end by time,
 * and are counted once, however often they are locked out. */
static void test_how_many(void **state)
{
	struct fixture *f = *state;
	struct tallies *accounts = limits_table(f->limits, LIMIT_KIND_ACCOUNT);

	assert_int_equal(tallies_locked(accounts, f->now), 0);
	for (unsigned i = 0; i < 10; i++)
		guess(f, i);
	assert_int_equal(tallies_locked(accounts, f->now), 1);
	f->now += 59;
	assert_int_equal(tallies_locked(accounts, f->now), 1);
	f->now++;
	assert_int_equal(tallies_locked(accounts, f->now), 0);
	assert_int_equal(guess(f, 10), LIMIT_MAY);
	assert_int_equal(tallies_locked(accounts, f->now), 1);
	f->now += 120; /* over, and nobody has asked before the next */
	assert_int_equal(guess(f, 11), LIMIT_MAY);
	assert_int_equal(tallies_locked(accounts, f->now), 1);
	limits_clear(f->limits, S(""), 1, f->now);
	assert_int_equal(tallies_locked(accounts, f->now), 0);
}

/* One that was saved counts where it is put, unless it is over. */
static void test_how_many_were_saved(void **state)
{
	struct fixture *f = *state;
	struct tally_rule rule = { 1, 60, 3600, 600 };
	struct tallies *from = tallies_new(TALLY_WAYS, rule);
	struct tallies *to = tallies_new(TALLY_WAYS, rule);
	const struct tally *y;
	size_t place;

	for (uint64_t key = 1; key <= 3; key++)
		tally_fail(from, tallies_get(from, key, S("x"), f->now),
		           f->now + (uint32_t)key * 10);
	while ((y = tallies_take_changed(from, &place)) != NULL) {
		tallies_put(to, place, y);
		tallies_put(to, place, y);
	}
	assert_int_equal(tallies_locked(to, f->now + 60), 3);
	assert_int_equal(tallies_locked(to, f->now + 70), 2);
	assert_int_equal(tallies_locked(to, f->now + 90), 0);
	tallies_free(from);
	tallies_free(to);
}

/* At most 50 a day, whoever tries as often as they may: and there is an end. */
static void test_guesses_a_day(void **state)
{
	struct fixture *f = *state;
	unsigned compared[3] = { 0 };
	uint64_t n = 0;

	for (unsigned day = 0; day < 3; day++)
		for (uint32_t s = 0; s < DAY; s += 5, f->now += 5)
			compared[day] += guess(f, n++) == LIMIT_MAY;
	assert_in_range(compared[0], 20, 50);
	assert_in_range(compared[1], 20, 50);
	assert_in_range(compared[2], 20, 50);
	print_message("guesses a day: %u %u %u\n", compared[0], compared[1],
	              compared[2]);
}

/* Many at once are no more than one after another. */
static void test_at_once(void **state)
{
	struct fixture *f = *state;
	unsigned may = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct limit_try t = ann(i);

		t.address = ipv4(0x14000000 + i * 256);
		may += limits_ask(f->limits, &t, f->now) == LIMIT_MAY;
	}
	assert_int_equal(may, 10);
	for (unsigned i = 0; i < 10; i++) {
		struct limit_try t = ann(i);

		t.address = ipv4(0x14000000 + i * 256);
		limits_end(f->limits, &t, false, f->now);
	}
	assert_int_equal(guess(f, 100), LIMIT_MAY);
}

static void test_repeated(void **state)
{
	struct fixture *f = *state;
	struct limit_try home = ann(7);

	home.is_known = true;
	assert_int_equal(fails(f, &home), LIMIT_MAY);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(fails(f, &home), LIMIT_REPEATED);
	home = ann(8);
	home.is_known = true;
	assert_int_equal(succeeds(f, &home), LIMIT_MAY);
	/* it may be right once the password is another one */
	home = ann(7);
	home.is_known = true;
	home.generation = 2;
	assert_int_equal(succeeds(f, &home), LIMIT_MAY);
}

/* Connections of one device, all of them before the first is refused. */
static void test_repeated_at_once(void **state)
{
	struct fixture *f = *state;
	struct limit_try t = ann(7);

	for (int i = 0; i < 8; i++)
		assert_int_equal(limits_ask(f->limits, &t, f->now), LIMIT_MAY);
	for (int i = 0; i < 8; i++)
		limits_end(f->limits, &t, true, f->now);
	for (uint64_t n = 100; n < 109; n++)
		assert_int_equal(guess(f, n), LIMIT_MAY);
	assert_int_equal(guess(f, 109), LIMIT_ACCOUNT);
}

static void test_place(void **state)
{
	struct fixture *f = *state;
	struct limit_try t;

	for (unsigned i = 0; i < 10; i++) {
		t = ann(i);
		t.is_known = true;
		assert_int_equal(fails(f, &t), LIMIT_MAY);
	}
	assert_int_equal(f->news.locked, 1 << LIMIT_KIND_PLACE);
	assert_int_equal(succeeds(f, &t), LIMIT_PLACE);
	/* others there, she elsewhere, and strangers are not concerned */
	t.account = 2;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	t = ann(20);
	t.is_known = true;
	t.address = ipv4(0x0b000001);
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	t.is_known = false;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	f->now += 60;
	t = ann(30);
	t.is_known = true;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
}

/* The n-th account, that signs in nowhere near. */
static struct limit_try somebody(uint64_t n, uint64_t secret)
{
	static char name[40];
	struct limit_try t = ann(secret);

	snprintf(name, sizeof name, "user%llu@example.org",
	         (unsigned long long)n);
	t.name = slice_cstr(name);
	t.account = 1000 + n;
	return t;
}

static void test_address_and_network(void **state)
{
	struct fixture *f = *state;
	struct limit_try t;
	unsigned n = 0;

	/* two accounts only: no spraying */
	for (unsigned i = 0; i < 10; i++) {
		t = somebody(i % 2, n++);
		assert_int_equal(fails(f, &t), LIMIT_MAY);
	}
	assert_int_equal(f->news.locked, 1 << LIMIT_KIND_ADDRESS);
	t = ann(1000);
	assert_int_equal(succeeds(f, &t), LIMIT_ADDRESS);
	t.is_known = true;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	t.is_known = false;
	t.address = ipv4(0x0a000002); /* beside it */
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	for (unsigned host = 2; n < 50; n++) {
		t = somebody(n % 3 + host % 5 * 3, n);
		t.address = ipv4(0x0a000000 + host);
		host += n % 5 == 4;
		assert_int_equal(fails(f, &t), LIMIT_MAY);
	}
	assert_true(f->news.locked & 1 << LIMIT_KIND_NETWORK);
	t = ann(1001);
	t.address = ipv4(0x0a0000fe);
	assert_int_equal(succeeds(f, &t), LIMIT_NETWORK);
	t.address = ipv4(0x0a0001fe);
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	/* a web mailer stands for many */
	t.address = ipv4(0x0a000001);
	t.is_trusted = true;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	f->now += 120;
	t.is_trusted = false;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
}

static void test_ipv6(void **state)
{
	struct fixture *f = *state;
	struct limit_try t;

	for (unsigned i = 0; i < 10; i++) {
		t = somebody(i % 2, i);
		t.address = (struct address){ { 0x20, 1, 0xd, 0xb8 } };
		t.address.bytes[15] = (uint8_t)i;
		assert_int_equal(fails(f, &t), LIMIT_MAY);
	}
	assert_int_equal(fails(f, &t), LIMIT_ADDRESS);
	t = somebody(0, 100);
	t.address = (struct address){ { 0x20, 1, 0xd, 0xb8, [7] = 1 } };
	assert_int_equal(fails(f, &t), LIMIT_MAY);
}

/* Of how many accounts spraying is noticed, at an address of its own. */
static unsigned noticed_at(struct fixture *f, uint32_t address)
{
	struct limit_try t;
	unsigned n = 0;

	do {
		for (unsigned again = 0; again < 2; again++) {
			t = somebody(address + n, address + n);
			t.address = ipv4(address);
			if (fails(f, &t) == LIMIT_MAY && f->news.sprayed != 0)
				return n + 1;
		}
	} while (++n < 100);
	return 0;
}

/* Of many it may be one more, see tally.h. */
static void test_spray_is_exact(void **state)
{
	static const unsigned wanted[] = { 1, 2, 5, 20, 48 };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		limits_set_rules(f->limits, (struct limit_rules){
						    .per_address = 1000,
						    .spray_accounts = wanted[i],
						    .lock_s = 60,
						    .lock_most_s = 60 });
		for (unsigned k = 0; k < 100; k++)
			assert_in_range(
				noticed_at(f, (uint32_t)(i << 24 | 1u << 28 |
			                                 k << 8)),
				wanted[i], wanted[i] + (wanted[i] > 5));
	}
}

/* No more are told apart than there is room for. */
static void test_others(void **state)
{
	struct tally t = { 0 };

	(void)state;
	for (unsigned i = 0; i < TALLY_OTHERS; i++) {
		assert_int_equal(tally_other(&t, i, DAY, START + i), i + 1);
		assert_int_equal(tally_other(&t, i / 2, DAY, START + i), i + 1);
	}
	assert_int_equal(tally_other(&t, TALLY_OTHERS, DAY, START),
	                 TALLY_OTHERS);
	assert_int_equal(tally_others(&t, DAY, START + DAY - 1), TALLY_OTHERS);
	assert_int_equal(tally_others(&t, DAY, START + DAY), 0);
	assert_int_equal(tally_other(&t, 0, DAY, START + DAY), 1);
}

static void test_spray_from_one(void **state)
{
	struct fixture *f = *state;
	struct limit_try t;
	unsigned tries = 0;

	do {
		t = somebody(tries, tries);
		assert_int_equal(fails(f, &t), LIMIT_MAY);
	} while (f->news.sprayed == 0 && ++tries < 100);
	assert_int_equal(tries + 1, 5);
	assert_int_equal(f->news.sprayed, 1 << LIMIT_KIND_ADDRESS);
	assert_int_equal(limits_spraying(f->limits, &t, f->now),
	                 1 << LIMIT_KIND_ADDRESS);
	/* who signs in there is let in, and that is news */
	t = ann(1);
	t.is_known = true;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	assert_int_equal(limits_spraying(f->limits, &t, f->now),
	                 1 << LIMIT_KIND_ADDRESS);
	t.is_trusted = true;
	assert_int_equal(limits_spraying(f->limits, &t, f->now), 0);
	t = somebody(200, 200);
	f->now += 3599;
	assert_int_equal(fails(f, &t), LIMIT_ADDRESS);
	f->now++;
	assert_int_equal(fails(f, &t), LIMIT_MAY);
	assert_int_equal(limits_spraying(f->limits, &t, f->now), 0);
}

/* One try from each of 500 networks, with three passwords. */
static void test_spray_from_many(void **state)
{
	struct fixture *f = *state;
	unsigned compared[3] = { 0 };
	struct limit_try t;

	for (unsigned i = 0; i < 500; i++) {
		t = somebody(i % 300, i % 3);
		t.address = ipv4(0x1e000000 + i * 256);
		compared[i % 3] += fails(f, &t) == LIMIT_MAY;
		f->now += 10;
	}
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(compared[i], 5, 10);
	/* whose password it is gets in where he signs in */
	t = ann(1);
	assert_int_equal(succeeds(f, &t), LIMIT_SPRAYED);
	t.is_known = true;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
}

/* Whose password it is that is sprayed comes to light, though he was let in
 * before it was. */
static void test_let_in(void **state)
{
	struct fixture *f = *state;
	struct limit_try t = ann(1);

	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	limits_let_in(f->limits, &t, f->now);
	for (unsigned i = 0; i < 10; i++) {
		struct limit_try other = somebody(i, i % 2);

		other.address = ipv4(0x1e000000 + i * 256);
		fails(f, &other);
		if (f->news.sprayed == 1 << LIMIT_KIND_SECRET && i % 2 == 1)
			break;
		assert_int_equal(f->news.let_in.len, 0);
	}
	assert_true(slice_eq(f->news.let_in, S("ann@example.org")));
	/* an hour later the password may be tried again */
	f->now += 3600;
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	assert_int_equal(limits_spraying(f->limits, &t, f->now),
	                 1 << LIMIT_KIND_SECRET);
	t.is_known = true;
	assert_int_equal(limits_spraying(f->limits, &t, f->now), 0);
}

/* An office where everybody mistypes is not spraying. */
static void test_no_false_spray(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 200; i++) {
		struct limit_try t = somebody(i, i);

		t.is_known = true;
		assert_int_equal(fails(f, &t), LIMIT_MAY);
		assert_int_equal(f->news.sprayed | f->news.locked, 0);
	}
}

/* What is pushed out does not come back washed. */
static void test_million(void **state)
{
	struct fixture *f = *state;
	size_t before = mallinfo2().uordblks;
	unsigned compared = 0;
	struct limit_try t;

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(guess(f, i), LIMIT_MAY);
	for (unsigned i = 0; i < 1000000; i++) {
		t = somebody(i % 10000, i);
		t.address = ipv4(0x28000000 + i * 17);
		compared += fails(f, &t) == LIMIT_MAY;
	}
	print_message("1000000 tries: %u compared\n", compared);
	assert_int_equal(guess(f, 10), LIMIT_ACCOUNT);
	assert_int_equal(mallinfo2().uordblks, before);
	/* each of them again is refused, or has one try more at most */
	compared = 0;
	for (unsigned i = 0; i < 100000; i++) {
		t = somebody(i % 10000, i + 2000000);
		t.address = ipv4(0x28000000 + i * 17);
		compared += fails(f, &t) == LIMIT_MAY;
	}
	print_message("100000 again: %u compared\n", compared);
	assert_true(compared < 20000);
}

static void test_clear(void **state)
{
	struct fixture *f = *state;
	struct limit_try t = ann(100);

	for (unsigned i = 0; i < 10; i++)
		guess(f, i);
	assert_int_equal(fails(f, &t), LIMIT_ACCOUNT);
	assert_int_equal(limits_clear(f->limits, S("x"), 2, f->now), 0);
	assert_int_equal(
		limits_clear(f->limits, S("ann@example.org"), 1, f->now), 1);
	assert_int_equal(succeeds(f, &t), LIMIT_MAY);
	for (unsigned i = 0; i < 10; i++) {
		t = somebody(i % 2, i);
		fails(f, &t);
	}
	t = ann(101);
	assert_int_equal(fails(f, &t), LIMIT_ADDRESS);
	assert_int_equal(limits_clear(f->limits, S("10.0.0.1"), 0, f->now), 1);
	assert_int_equal(fails(f, &t), LIMIT_MAY);
}

/* -- those who come in -- */

static struct address elsewhere(unsigned n)
{
	return ipv4(0x14000000 + n * 65536);
}

/* How many of n come in at once. */
static unsigned come_in(struct fixture *f, const struct limit_try *t,
                        unsigned n, uint64_t now_ms, enum limit_answer beyond)
{
	unsigned in = 0;

	for (unsigned i = 0; i < n; i++) {
		enum limit_answer answer = limits_come_in(f->limits, t, now_ms);

		if (answer != LIMIT_MAY)
			assert_int_equal(answer, beyond);
		in += answer == LIMIT_MAY;
	}
	return in;
}

/* LIMIT_LOGINS: as many, one more, and as time goes by; what is refused counts
 * nothing, and concerns nobody else. */
static void test_often_at_a_place(void **state)
{
	struct fixture *f = *state;
	struct limit_try t = ann(1);
	uint64_t now = 1000;

	t.is_known = true;
	assert_int_equal(come_in(f, &t, LIMIT_LOGINS, now, LIMIT_OFTEN_PLACE),
	                 LIMIT_LOGINS);
	assert_int_equal(come_in(f, &t, 1000, now, LIMIT_OFTEN_PLACE), 0);
	assert_int_equal(come_in(f, &t, 9, now + 199, LIMIT_OFTEN_PLACE), 0);
	assert_int_equal(come_in(f, &t, 9, now + 200, LIMIT_OFTEN_PLACE), 1);
	assert_int_equal(come_in(f, &t, 9, now + 1000, LIMIT_OFTEN_PLACE), 4);
	t.address = elsewhere(1);
	assert_int_equal(come_in(f, &t, 9, now + 1000, LIMIT_OFTEN_PLACE), 9);
	t = ann(1);
	t.account = 2;
	t.is_known = true;
	assert_int_equal(come_in(f, &t, 9, now + 1000, LIMIT_OFTEN_PLACE), 9);
	t = ann(1);
	t.is_known = true;
	now += 1000 + (uint64_t)LIMIT_LOGINS * 200;
	assert_int_equal(come_in(f, &t, 1000, now, LIMIT_OFTEN_PLACE),
	                 LIMIT_LOGINS);
}

/* LIMIT_LOGINS_MANY, from many networks. */
static void test_often_anywhere(void **state)
{
	struct fixture *f = *state;
	struct limit_try t = ann(1);
	unsigned in = 0;

	t.is_known = true;
	for (unsigned i = 0; i < 24; i++) {
		t.address = elsewhere(i);
		in += come_in(f, &t, 101, 1000, LIMIT_OFTEN_ACCOUNT);
	}
	assert_int_equal(in, LIMIT_LOGINS_MANY);
	t.address = elsewhere(30);
	assert_int_equal(come_in(f, &t, 9, 1050, LIMIT_OFTEN_ACCOUNT), 1);
	t.is_trusted = true;
	assert_int_equal(come_in(f, &t, 9999, 1050, LIMIT_OFTEN_ACCOUNT), 9999);
}

/* One after the other from one address: a list of passwords that others lost.
 */
static void test_often_strangers(void **state)
{
	struct fixture *f = *state;
	struct limit_try t;
	unsigned in = 0;

	for (unsigned i = 0; i < LIMIT_LOGINS + 1; i++) {
		t = somebody(i, i);
		in += come_in(f, &t, 1, 1000, LIMIT_OFTEN_ADDRESS);
	}
	assert_int_equal(in, LIMIT_LOGINS);
	for (unsigned i = 0; i < LIMIT_LOGINS_MANY; i++) {
		t = somebody(10000 + i, i);
		t.address = ipv4(0x0a000002 + i % 100);
		in += come_in(f, &t, 1, 1000, LIMIT_OFTEN_NETWORK);
	}
	assert_int_equal(in, LIMIT_LOGINS_MANY);
	/* who signs in there is none of them, nor who comes by a web mailer */
	t.is_known = true;
	assert_int_equal(come_in(f, &t, 9, 1000, LIMIT_OFTEN_PLACE), 9);
	t.is_known = false;
	t.is_trusted = true;
	assert_int_equal(come_in(f, &t, 9999, 1000, LIMIT_OFTEN_PLACE), 9999);
}

/* A web mailer that nobody said to be one: a thousand people who are known
 * there, each with a request every other second for an hour. */
static void test_busy_web_mailer(void **state)
{
	struct fixture *f = *state;

	for (uint64_t s = 0; s < 3600; s += 2) {
		for (unsigned i = 0; i < 1000; i++) {
			struct limit_try t = somebody(i, i);

			t.is_known = true;
			assert_int_equal(
				limits_come_in(f->limits, &t, s * 1000 + i),
				LIMIT_MAY);
		}
	}
}

/* No memory is taken, and who comes in too often stays known as such. */
static void test_often_by_many(void **state)
{
	struct fixture *f = *state;
	struct limit_try t = ann(1);
	size_t before = mallinfo2().uordblks;

	t.is_known = true;
	come_in(f, &t, LIMIT_LOGINS, 1000, LIMIT_OFTEN_PLACE);
	for (unsigned i = 0; i < 200000; i++) {
		struct limit_try other = somebody(i, i);

		other.is_known = true;
		limits_come_in(f->limits, &other, 1000);
	}
	assert_int_equal(mallinfo2().uordblks, before);
	assert_int_equal(limits_come_in(f->limits, &t, 1000),
	                 LIMIT_OFTEN_PLACE);
}

/* A clock that is set back makes no lock longer. */
static void test_clock_set_back(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 10; i++)
		guess(f, i);
	f->now -= 100 * DAY;
	assert_int_equal(guess(f, 10), LIMIT_ACCOUNT);
	f->now += 3600;
	assert_int_equal(guess(f, 10), LIMIT_MAY);
}

static void test_unlimited(void **state)
{
	struct fixture *f = *state;

	limits_set_rules(f->limits, (struct limit_rules){ .lock_s = 60,
	                                                  .lock_most_s = 60 });
	for (unsigned i = 0; i < 1000; i++) {
		struct limit_try t = somebody(i, 1);

		assert_int_equal(fails(f, &t), LIMIT_MAY);
		t = ann(i);
		assert_int_equal(fails(f, &t), LIMIT_MAY);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_account),
		TEST(test_how_many),
		TEST(test_how_many_were_saved),
		TEST(test_guesses_a_day),
		TEST(test_at_once),
		TEST(test_repeated),
		TEST(test_repeated_at_once),
		TEST(test_place),
		TEST(test_address_and_network),
		TEST(test_ipv6),
		TEST(test_spray_is_exact),
		TEST(test_others),
		TEST(test_spray_from_one),
		TEST(test_spray_from_many),
		TEST(test_let_in),
		TEST(test_no_false_spray),
		TEST(test_million),
		TEST(test_clear),
		TEST(test_often_at_a_place),
		TEST(test_often_anywhere),
		TEST(test_often_strangers),
		TEST(test_busy_web_mailer),
		TEST(test_often_by_many),
		TEST(test_clock_set_back),
		TEST(test_unlimited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
