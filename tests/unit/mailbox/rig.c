/* rig.c -- see rig.h. */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mailbox/check.h"

static ino_t inode(int fd)
{
	struct stat s;

	return fstat(fd, &s) == 0 ? s.st_ino : 0;
}

struct rig_socket rig_socket(int fd)
{
	return (struct rig_socket){ fd, inode(fd) };
}

void rig_wait_closed(const struct rig_socket *s)
{
	while (inode(s->fd) == s->inode)
		task_sleep(1);
}

static int64_t wall_s(const struct clock *c)
{
	const struct rig *r = (const struct rig *)((const char *)c -
	                                           offsetof(struct rig, clock));

	return r->now;
}

static uint64_t mono_ms(const struct clock *c)
{
	return (uint64_t)wall_s(c) * 1000;
}

static void open_all(struct rig *r)
{
	struct err e = partition_open(r->loop, r->dir,
	                              (struct partition_options){ 1 << 30, 0 },
	                              &r->partition);

	assert_int_equal(e.code, ERR_OK);
	r->model = model_new(r->partition, &r->clock);
}

static void close_all(struct rig *r)
{
	account_close(r->account);
	model_free(r->model);
	partition_close(r->partition);
}

static void check(const char *dir)
{
	struct check_report report = { 0 };
	struct err e = store_check(dir, true, &report);

	assert_int_equal(e.code, ERR_OK);
	e = mailbox_check(dir, &report);
	if (report.problems != 0)
		print_error("%.*s", (int)report.text.len, report.text.data);
	assert_int_equal(e.code, ERR_OK);
	assert_int_equal(report.problems, 0);
	buf_free(&report.text);
}

static void open_again(struct rig *r)
{
	open_all(r);
	assert_int_equal(account_open(r->model, RIG_ACCOUNT, &r->account).code,
	                 ERR_OK);
}

void rig_reopen(struct rig *r)
{
	close_all(r);
	check(r->dir);
	open_again(r);
}

uint64_t rig_problems(struct rig *r)
{
	struct check_report report = { 0 };

	close_all(r);
	assert_int_equal(mailbox_check(r->dir, &report).code, ERR_OK);
	buf_free(&report.text);
	open_again(r);
	return report.problems;
}

struct run {
	struct rig rig;
	void (*fn)(struct rig *);
};

static void run_task(struct loop *loop, void *arg)
{
	struct run *run = arg;
	struct rig *r = &run->rig;

	r->loop = loop;
	assert_int_equal(partition_make(r->dir).code, ERR_OK);
	open_all(r);
	assert_int_equal(
		account_create(r->model, RIG_ACCOUNT, S("demo@example.org"))
			.code,
		ERR_OK);
	assert_int_equal(account_open(r->model, RIG_ACCOUNT, &r->account).code,
	                 ERR_OK);
	run->fn(r);
	close_all(r);
	check(r->dir);
}

void rig_run(void (*fn)(struct rig *))
{
	struct run run = { .fn = fn };
	struct rig *r = &run.rig;
	char command[128];

	snprintf(r->dir, sizeof r->dir, "/tmp/roost-mailbox-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	r->clock = (struct clock){ mono_ms, wall_s };
	r->now = 1800000000;
	task_run_main(run_task, &run);
	snprintf(command, sizeof command, "rm -r %s", r->dir);
	assert_int_equal(system(command), 0);
}

static void run_case(void **state)
{
	const struct rig_case *c = *state;

	rig_run(c->fn);
}

int rig_main(const struct rig_case *cases, size_t n)
{
	struct CMUnitTest tests[64];

	assert_true(n <= sizeof tests / sizeof *tests);
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){
			.name = cases[i].name,
			.test_func = run_case,
			.initial_state = (void *)(uintptr_t)&cases[i],
		};
	return _cmocka_run_group_tests("mailbox", tests, n, NULL, NULL);
}

struct incoming *rig_incoming(struct rig *r, const char *text)
{
	struct incoming *in = incoming_new(r->model);

	assert_int_equal(incoming_write(in, slice_cstr(text)).code, ERR_OK);
	assert_int_equal(incoming_finish(in).code, ERR_OK);
	return in;
}

struct err rig_append_to(struct mailbox *m, struct incoming *in, uint8_t flags,
                         uint32_t *uid)
{
	struct new_message n = {
		.message = in,
		.flags = flags,
		.internaldate = 1700000000,
		.zone = 60,
	};

	return mailbox_append(m, &n, 1, uid);
}

uint32_t rig_append(struct rig *r, struct mailbox *m, const char *text,
                    uint8_t flags)
{
	struct incoming *in = rig_incoming(r, text);
	uint32_t uid = 0;

	assert_int_equal(rig_append_to(m, in, flags, &uid).code, ERR_OK);
	incoming_free(in);
	return uid;
}

struct mailbox *rig_open(struct rig *r, const char *name)
{
	struct mailbox *m;

	assert_int_equal(mailbox_open(r->account, slice_cstr(name), &m).code,
	                 ERR_OK);
	return m;
}

struct uidset rig_set(const char *text)
{
	struct uidset set = { 0 };
	char *end;

	while (*text != '\0') {
		uint32_t first = (uint32_t)strtoul(text, &end, 10);
		uint32_t last = first;

		if (*end == ':')
			last = (uint32_t)strtoul(end + 1, &end, 10);
		uidset_add_range(&set, first, last);
		text = *end == ',' ? end + 1 : end;
	}
	return set;
}

void rig_assert_set(struct uidset *set, const char *text)
{
	struct buf out = { 0 };

	uidset_write(set, &out);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, text);
	buf_free(&out);
	uidset_free(set);
}

uint64_t rig_store(struct mailbox *m, const char *uids, enum store_mode mode,
                   uint8_t flags, const char *keyword)
{
	struct uidset set = rig_set(uids);
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	struct slice name = slice_cstr(keyword);
	struct flag_change what = {
		.mode = mode,
		.flags = flags,
		.keywords = &name,
		.n_keywords = keyword != NULL,
	};
	uint64_t modseq;

	assert_int_equal(
		mailbox_store(m, &set, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	uidset_free(&set);
	uidset_free(&changed);
	uidset_free(&failed);
	return modseq;
}

void rig_expunge(struct mailbox *m, const char *uids)
{
	struct uidset set = rig_set(uids);
	struct uidset gone = { 0 };

	rig_store(m, uids, STORE_ADD, FLAG_DELETED, NULL);
	assert_int_equal(mailbox_expunge(m, &set, &gone).code, ERR_OK);
	assert_true(uidset_eq(&set, &gone));
	uidset_free(&set);
	uidset_free(&gone);
}

struct mailbox_status rig_status(struct rig *r, const char *name)
{
	struct mailbox_status status;

	assert_int_equal(
		mailbox_status(r->account, 0, slice_cstr(name), &status).code,
		ERR_OK);
	return status;
}
