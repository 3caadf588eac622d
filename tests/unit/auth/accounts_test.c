/*
 * accounts_test.c -- an account is made and removed in two places, and
 * whichever dies in between, trying again (or waiting) puts it right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "directory/directory.h"
#include "rig.h"

#define NAME "ann@example.org"

static void set_mode(struct rig *r, enum mail_mode mode)
{
	for (size_t i = 0; i < RIG_PARTITIONS; i++)
		r->mail[i].mode = mode;
}

static size_t accounts_of_mail(struct rig *r)
{
	size_t n = 0;

	for (size_t p = 0; p < RIG_PARTITIONS; p++)
		for (size_t i = 0; i < RIG_ACCOUNTS; i++)
			n += r->mail[p].accounts[i] != 0;
	return n;
}

/* The state of the row, or -1: none. */
static int state(struct rig *r)
{
	struct directory *d;
	struct account_row row;
	struct err e;

	assert_true(is_ok(directory_open(r->directory, RIG_PARTITIONS, &d)));
	e = directory_find(d, S(NAME), &row);
	directory_close(d);
	return is_ok(e) ? row.state : -1;
}

/* Healing takes as long as the disk does: wait for what it leads to. */
static void await_state(struct rig *r, int wanted)
{
	for (int ms = 0; state(r) != wanted; ms += 5) {
		assert_in_range(ms, 0, 60000);
		task_sleep(5);
	}
}

/* Those that have died are started again, as the parent would do; that
 * takes away what was left half made. */
static void restart(struct rig *r)
{
	for (uint32_t i = 0; i < RIG_PARTITIONS; i++)
		if (r->mail[i].link == NULL)
			rig_start_mail(r, i);
	set_mode(r, MAIL_ANSWERS);
	await_state(r, -1);
}

static enum err_code add(struct rig *r)
{
	return rig_verb(r, FRAME_USER_ADD, NAME, "secret");
}

static enum err_code remove_it(struct rig *r)
{
	return rig_verb(r, FRAME_USER_REMOVE, NAME, NULL);
}

static void assert_there(struct rig *r, bool there)
{
	assert_int_equal(rig_login(r, NAME, "secret")->code,
	                 there ? ERR_OK : ERR_AUTHENTICATIONFAILED);
	assert_int_equal(rig_lookup(r, NAME)->code,
	                 there ? ERR_OK : ERR_ABSENT);
	assert_int_equal(state(r), there ? ACCOUNT_ENABLED : -1);
	assert_int_equal(accounts_of_mail(r), there ? 1 : 0);
}

static void add_and_remove(struct rig *r)
{
	assert_there(r, false);
	assert_int_equal(remove_it(r), ERR_ABSENT);
	assert_int_equal(add(r), ERR_OK);
	assert_there(r, true);
	assert_int_equal(add(r), ERR_ALREADYEXISTS);
	assert_there(r, true);
	assert_int_equal(remove_it(r), ERR_OK);
	assert_there(r, false);
	assert_int_equal(remove_it(r), ERR_ABSENT);
}

static uint32_t told(struct rig *r)
{
	uint32_t above = 0;

	for (size_t i = 0; i < RIG_PARTITIONS; i++)
		if (r->mail[i].above > above)
			above = r->mail[i].above;
	return above;
}

/* What an account has given out is known before it goes, and to the partition
 * of each that comes, though it be another one. */
static void uidvalidity_is_kept(struct rig *r)
{
	for (uint32_t n = 1000; n < 1020; n++) {
		assert_int_equal(add(r), ERR_OK);
		assert_int_equal(told(r), n == 1000 ? 0 : n - 1);
		for (size_t i = 0; i < RIG_PARTITIONS; i++)
			r->mail[i].uidvalidity = n;
		assert_int_equal(remove_it(r), ERR_OK);
		assert_there(r, false);
	}
}

static const enum mail_mode deaths[] = { MAIL_DIES_BEFORE, MAIL_DIES_AFTER };

/* Adding again, while the partition is away and when it is back. */
static void add_dies(struct rig *r)
{
	for (size_t i = 0; i < 2; i++) {
		set_mode(r, deaths[i]);
		assert_int_equal(add(r), ERR_UNAVAILABLE);
		assert_int_equal(state(r), ACCOUNT_ADDING);
		assert_int_equal(rig_login(r, NAME, "secret")->code,
		                 ERR_AUTHENTICATIONFAILED);
		assert_int_equal(rig_lookup(r, NAME)->code, ERR_ABSENT);
		assert_int_equal(rig_verb(r, FRAME_USER_ENABLE, NAME, NULL),
		                 ERR_NOTNOW);
		assert_int_equal(rig_verb(r, FRAME_USER_DISABLE, NAME, NULL),
		                 ERR_NOTNOW);
		assert_int_equal(add(r), ERR_UNAVAILABLE);
		assert_int_equal(state(r), ACCOUNT_ADDING);
		restart(r);
		assert_there(r, false);
		assert_int_equal(add(r), ERR_OK);
		assert_there(r, true);
		assert_int_equal(remove_it(r), ERR_OK);
	}
}

/* What can't be made is not left half made. */
static void add_on_a_full_disk(struct rig *r)
{
	set_mode(r, MAIL_FULL);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(add(r), ERR_NOSPACE);
		assert_there(r, false);
	}
	set_mode(r, MAIL_DIES_AFTER); /* half made, and then full */
	assert_int_equal(add(r), ERR_UNAVAILABLE);
	assert_int_equal(state(r), ACCOUNT_ADDING);
	restart(r);
	set_mode(r, MAIL_ANSWERS);
	assert_int_equal(add(r), ERR_OK);
	assert_there(r, true);
}

static void remove_dies(struct rig *r)
{
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(add(r), ERR_OK);
		set_mode(r, deaths[i]);
		assert_int_equal(remove_it(r), ERR_UNAVAILABLE);
		assert_int_equal(state(r), ACCOUNT_REMOVING);
		assert_int_equal(rig_login(r, NAME, "secret")->code,
		                 ERR_AUTHENTICATIONFAILED);
		assert_int_equal(rig_lookup(r, NAME)->code, ERR_ABSENT);
		assert_int_equal(add(r), ERR_ALREADYEXISTS);
		assert_int_equal(remove_it(r), ERR_UNAVAILABLE);
		restart(r);
		assert_there(r, false);
	}
}

/* It dies again and again while it is being healed. */
static void heal_dies(struct rig *r)
{
	set_mode(r, MAIL_DIES_AFTER);
	assert_int_equal(add(r), ERR_UNAVAILABLE);
	for (size_t i = 0; i < 4; i++) {
		for (uint32_t p = 0; p < RIG_PARTITIONS; p++) {
			if (r->mail[p].link != NULL)
				continue;
			rig_start_mail(r, p);
			r->mail[p].mode = deaths[i % 2];
		}
		rig_settle(r);
		assert_int_equal(rig_lookup(r, NAME)->code, ERR_ABSENT);
	}
	restart(r);
	assert_there(r, false);
	assert_int_equal(add(r), ERR_OK);
	assert_there(r, true);
}

struct adder {
	struct rig *rig;
	enum err_code code;
	bool done;
};

static void add_in_task(void *arg)
{
	struct adder *a = arg;

	a->code = add(a->rig);
	a->done = true;
}

static void disable_in_task(void *arg)
{
	struct adder *a = arg;

	a->code = rig_verb(a->rig, FRAME_USER_DISABLE, NAME, NULL);
	a->done = true;
}

/* Adding again while the first is still waiting: one of them succeeds. */
static void add_twice_at_once(struct rig *r)
{
	struct adder one = { .rig = r };
	struct adder two = { .rig = r };

	task_spawn(r->loop, add_in_task, &one);
	task_spawn(r->loop, add_in_task, &two);
	while (!one.done || !two.done)
		task_sleep(5);
	assert_int_equal(one.code + two.code, ERR_OK + ERR_ALREADYEXISTS);
	assert_there(r, true);
}

/* Who asked waits for as long as those that don't answer are there. */
static void until_replaced(struct rig *r, struct adder *one, enum err_code code)
{
	rig_settle(r);
	assert_false(one->done);
	for (uint32_t p = 0; p < RIG_PARTITIONS; p++)
		rig_start_mail(r, p);
	while (!one->done)
		task_sleep(5);
	assert_int_equal(one->code, code);
}

/* A partition that was asked and does not answer is replaced. */
static void silent(struct rig *r)
{
	struct adder one = { .rig = r };

	set_mode(r, MAIL_SILENT);
	task_spawn(r->loop, add_in_task, &one);
	await_state(r, ACCOUNT_ADDING);
	until_replaced(r, &one, ERR_UNAVAILABLE);
	await_state(r, -1);
	assert_there(r, false);
}

/* A partition that has been told and does not say so: nobody knows whether
 * sessions go on, until it has gone. */
static void silent_about_sessions(struct rig *r)
{
	struct adder one = { .rig = r };

	task_spawn(r->loop, add_in_task, &one);
	while (!one.done)
		task_sleep(5);
	set_mode(r, MAIL_SILENT);
	one.done = false;
	task_spawn(r->loop, disable_in_task, &one);
	await_state(r, ACCOUNT_DISABLED);
	until_replaced(r, &one, ERR_OK);
}

/* DONE to questions that nobody asked, or that make no sense. */
static void hostile_mail(struct rig *r)
{
	char bytes[64];

	memset(bytes, 0xff, sizeof bytes);
	rig_log_begin();
	for (uint16_t type = 0; type < 200; type++) {
		struct frame_out f = { 0 };

		frame_begin(&f, type);
		buf_add(&f.bytes, slice_of(bytes, type % sizeof bytes));
		link_send(r->mail[0].link, &f, dup(STDOUT_FILENO));
	}
	rig_settle(r);
	rig_log_end();
	assert_int_equal(add(r), ERR_OK);
	assert_there(r, true);
}

/* The command is gone before it is answered: the account is there. */
static void command_leaves(struct rig *r)
{
	struct link *l = rig_control(r);
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_USER_ADD);
	frame_slice(&f, S(NAME));
	frame_slice(&f, S("secret"));
	assert_true(is_ok(link_send(l, &f, -1)));
	link_free(l);
	await_state(r, ACCOUNT_ENABLED);
	assert_there(r, true);
}

#define CASE(name, fn)                  \
	static void name(void **unused) \
	{                               \
		(void)unused;           \
		rig_run(fn, NULL);      \
	}

CASE(test_add_and_remove, add_and_remove)
CASE(test_uidvalidity_is_kept, uidvalidity_is_kept)
CASE(test_add_dies, add_dies)
CASE(test_full_disk, add_on_a_full_disk)
CASE(test_remove_dies, remove_dies)
CASE(test_heal_dies, heal_dies)
CASE(test_add_twice, add_twice_at_once)
CASE(test_silent, silent)
CASE(test_silent_about_sessions, silent_about_sessions)
CASE(test_hostile_mail, hostile_mail)
CASE(test_leaves, command_leaves)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_uidvalidity_is_kept),
		cmocka_unit_test(test_add_dies),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_remove_dies),
		cmocka_unit_test(test_heal_dies),
		cmocka_unit_test(test_add_twice),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_silent_about_sessions),
		cmocka_unit_test(test_hostile_mail),
		cmocka_unit_test(test_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
