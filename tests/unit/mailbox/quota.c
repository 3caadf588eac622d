/*
 * quota.c -- one quota and many at once: nobody goes beyond it, no change of it
 * is lost. behaviour 195
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rig.h"
#include "task/task.h"

#define TEXT "Subject: hello\r\n\r\nbody\r\n"

static enum err_code set_quota(struct rig *r, uint64_t storage,
                               uint64_t messages)
{
	const uint64_t limit[QUOTA_RESOURCES] = { storage, messages };

	return account_set_quota(r->account, QUOTA_ALL, limit).code;
}

enum { CROWD = 12, CROWD_MAY = 20 };

struct crowd {
	struct mailbox *to;
	struct mailbox *from; /* UID 1 is copied from here */
	struct incoming *in;
	struct wait_list done;
	int running;
	unsigned fitted;
};

static void crowd_one(void *arg)
{
	struct crowd *c = arg;
	struct uidset uid = rig_set("1");

	for (int i = 0; i < CROWD; i++) {
		struct uidset from = { 0 };
		struct uidset to = { 0 };
		uint32_t new_uid;
		struct err e =
			i % 2 == 0 ? rig_append_to(c->to, c->in, 0, &new_uid)
				   : mailbox_copy(c->from, &uid, c->to, false,
		                                  &from, &to);

		assert_true(is_ok(e) || e.code == ERR_OVERQUOTA);
		c->fitted += is_ok(e);
		uidset_free(&from);
		uidset_free(&to);
		task_yield();
	}
	uidset_free(&uid);
	if (--c->running == 0)
		task_wake_all(&c->done);
}

/* They can't exceed it together. */
static void together_within_quota(struct rig *r)
{
	struct crowd c = { .running = CROWD };
	struct quota q;

	c.to = rig_open(r, "INBOX");
	c.from = rig_open(r, "Archive");
	c.in = rig_incoming(r, TEXT);
	rig_append(r, c.from, TEXT, 0);
	assert_int_equal(set_quota(r, 0, 1 + CROWD_MAY), ERR_OK);
	for (int i = 0; i < CROWD; i++)
		task_spawn(r->loop, crowd_one, &c);
	while (c.running > 0)
		task_wait(&c.done, WAIT_FOREVER);
	account_quota(r->account, &q);
	assert_int_equal(c.fitted, CROWD_MAY);
	assert_int_equal(q.used[QUOTA_MESSAGE], 1 + CROWD_MAY);
	assert_int_equal(rig_status(r, "INBOX").messages, CROWD_MAY);
	incoming_free(c.in);
	mailbox_close(c.to);
	mailbox_close(c.from);
}

static void limit_messages(void *arg)
{
	const uint64_t limit[QUOTA_RESOURCES] = { [QUOTA_MESSAGE] = 7 };
	struct rig *r = arg;

	account_set_quota(r->account, 1 << QUOTA_MESSAGE, limit);
}

/* Two who set one limit each, at once: neither takes back the other's. */
static void limits_together(struct rig *r)
{
	const uint64_t limit[QUOTA_RESOURCES] = { [QUOTA_STORAGE] = 1 << 20 };
	struct quota q;

	task_spawn(r->loop, limit_messages, r);
	assert_true(is_ok(
		account_set_quota(r->account, 1 << QUOTA_STORAGE, limit)));
	do {
		task_sleep(1);
		account_quota(r->account, &q);
	} while (q.limit[QUOTA_MESSAGE] == 0);
	assert_int_equal(q.limit[QUOTA_STORAGE], 1 << 20);
	assert_int_equal(q.limit[QUOTA_MESSAGE], 7);
	assert_int_equal(set_quota(r, 0, 0), ERR_OK);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "together within quota", together_within_quota },
		{ "limits together", limits_together },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
