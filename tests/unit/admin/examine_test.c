/*
 * examine_test.c -- a partition says what is not well with its accounts, and
 * nothing of those that are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../mailbox/rig.h"
#include "admin/serve_mail.h"
#include "admin/verbs.h"
#include "ipc/protocol.h"
#include "store/batch.h"
#include "store/keys.h"

static struct rig_socket servers;

/* The server's end is of a link that the task frees. */
static struct link *open_link(struct rig *r, struct admin_mail *mail)
{
	int fds[2];

	*mail = (struct admin_mail){ .loop = r->loop, .model = r->model };
	assert_true(is_ok(link_pair(fds)));
	servers = rig_socket(fds[1]);
	admin_serve_mail(mail,
	                 link_new(r->loop, fds[1], (struct link_handler){ 0 }),
	                 0, 0);
	return link_new(r->loop, fds[0], (struct link_handler){ 0 });
}

static void ask(struct link *l, uint8_t percent)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_EXAMINE);
	frame_u8(&f, percent);
	assert_true(is_ok(link_send_wait(l, &f, -1)));
}

static void close_link(struct link *l)
{
	link_free(l);
	rig_wait_closed(&servers); /* the server's task ends */
}

/* "finding what", or its beginning */
static void expect_row(struct frame_in *in, const char *want)
{
	struct slice finding, what;
	char got[200];

	assert_int_equal(read_u32(&in->r), EXAMINE_COLUMNS);
	frame_read_slice(in, 100);
	finding = frame_read_slice(in, 100);
	what = frame_read_slice(in, 100);
	snprintf(got, sizeof got, "%.*s %.*s", (int)finding.len, finding.ptr,
	         (int)what.len, what.ptr);
	assert_non_null(want);
	assert_memory_equal(got, want, strlen(want));
}

/* These, up to NULL, and then that two accounts were looked at. */
static void expect(struct rig *r, uint8_t percent, const char *const *want)
{
	struct admin_mail mail;
	struct link *l = open_link(r, &mail);
	struct frame_in in;

	ask(l, percent);
	for (;; want++) {
		assert_true(is_ok(link_receive(l, 60000, &in)));
		if (in.type != FRAME_ROW)
			break;
		expect_row(&in, *want);
	}
	assert_null(*want);
	assert_int_equal(in.type, FRAME_DONE);
	assert_int_equal(read_u8(&in.r), ERR_OK);
	assert_true(slice_eq(frame_read_slice(&in, 20), S("2")));
	close_link(l);
}

static void put_inbox(struct rig *r, struct slice row)
{
	struct batch *b = batch_new(r->partition, RIG_ACCOUNT);
	struct store_key key = key_mailbox(RIG_ACCOUNT, 1);

	batch_put(b, store_key_slice(&key), row);
	assert_int_equal(batch_commit(b).code, ERR_OK);
}

static struct slice get_inbox(struct rig *r, struct arena *a)
{
	struct store_key key = key_mailbox(RIG_ACCOUNT, 1);
	struct slice row;

	assert_int_equal(
		store_get(r->partition, store_key_slice(&key), &row).code,
		ERR_OK);
	return arena_copy(a, row);
}

static void add_mail(struct rig *r)
{
	struct mailbox *m = rig_open(r, "INBOX");

	rig_append(r, m, "0123456\r\n", 0); /* 9 octets */
	mailbox_close(m);
}

static void findings(struct rig *r)
{
	static const char *const nothing[] = { NULL };
	static const char *const all[] = { "quota storage", "subscription Gone",
		                           NULL };
	static const char *const broken[] = { "quota storage", "unreadable ",
		                              NULL };
	const uint64_t limit[QUOTA_RESOURCES] = { [QUOTA_STORAGE] = 10 };
	struct arena *a = arena_new(1 << 16);
	struct slice inbox;

	assert_true(is_ok(account_create(r->model, 8, S("bob@example.org"))));
	expect(r, 90, nothing);
	assert_true(is_ok(mailbox_subscribe(r->account, S("Gone"), true)));
	assert_true(is_ok(
		account_set_quota(r->account, 1 << QUOTA_STORAGE, limit)));
	add_mail(r);
	expect(r, 90, all);
	expect(r, 91, all + 1);
	inbox = get_inbox(r, a);
	put_inbox(r, S("broken"));
	expect(r, 90, broken);
	put_inbox(r, inbox);
	arena_free(a);
}

static void nonsense(struct rig *r)
{
	struct admin_mail mail;
	struct link *l = open_link(r, &mail);
	struct frame_in in;

	ask(l, 0);
	assert_int_equal(link_receive(l, 60000, &in).code, ERR_CLOSED);
	close_link(l);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "findings", findings },
		{ "nonsense", nonsense },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
