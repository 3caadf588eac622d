/*
 * deliver.c -- a delivery link, over a real socket pair and a real store.
 * behaviour 140
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/log.h"
#include "deliver/deliver.h"
#include "ipc/protocol.h"
#include "rig.h"

enum { LIMIT = 200000 };

static struct rig_socket servers; /* its end of the link there is */

static struct link *connect_to(struct rig *r)
{
	int fds[2];

	log_init("test", LOG_LEVEL_ERROR);
	assert_int_equal(link_pair(fds).code, ERR_OK);
	servers = rig_socket(fds[0]);
	deliver_serve(r->loop, r->model,
	              link_new(r->loop, fds[0], (struct link_handler){ 0 }),
	              S("192.0.2.1:4711"), LIMIT);
	return link_new(r->loop, fds[1], (struct link_handler){ 0 });
}

/* The server's task must have ended before the partition is closed. */
static void disconnect(struct link *l)
{
	link_free(l);
	rig_wait_closed(&servers);
}

static void send_frame(struct link *l, struct frame_out *f)
{
	assert_int_equal(link_send_wait(l, f, -1).code, ERR_OK);
}

static void send_type(struct link *l, uint16_t type)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	send_frame(l, &f);
}

static void add_recipient(struct frame_out *f, uint64_t account,
                          const char *detail)
{
	frame_u64(f, account);
	frame_slice(f, S("demo@example.org"));
	frame_slice(f, slice_cstr(detail));
}

/* n recipients: RIG_ACCOUNT and those behind it */
static void send_message(struct link *l, uint32_t n, const char *detail)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_MESSAGE);
	frame_slice(&f, S("sender@example.com"));
	frame_u32(&f, n);
	for (uint32_t i = 0; i < n; i++)
		add_recipient(&f, RIG_ACCOUNT + i, detail);
	frame_slice(&f, S("0123456789abcdef"));
	send_frame(l, &f);
}

static void send_data(struct link *l, struct slice bytes)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_DATA);
	frame_slice(&f, bytes);
	send_frame(l, &f);
}

/* Receives the results of n recipients; each code must be the one given,
 * but for `odd`, which has its own. */
static void expect(struct link *l, uint32_t n, enum err_code code, uint32_t odd,
                   enum err_code odd_code)
{
	uint32_t at = 0;

	while (at < n) {
		struct frame_in f;
		uint32_t count;

		assert_int_equal(link_receive(l, 60000, &f).code, ERR_OK);
		assert_int_equal(f.type, FRAME_DELIVERED);
		assert_int_equal(read_u32(&f.r), at);
		count = read_u32(&f.r);
		assert_true(count > 0);
		for (uint32_t i = 0; i < count; i++, at++) {
			assert_int_equal(read_u8(&f.r),
			                 at == odd ? odd_code : code);
			frame_read_slice(&f, 1000);
		}
		assert_true(frame_is_whole(&f));
	}
	assert_int_equal(at, n);
}

static void expect_all(struct link *l, uint32_t n, enum err_code code)
{
	expect(l, n, code, UINT32_MAX, code);
}

static void assert_text(struct mailbox *m, uint32_t uid, const char *text)
{
	struct blob_reader *reader;
	struct slice bytes;

	assert_int_equal(mailbox_message(m, uid, &reader).code, ERR_OK);
	assert_int_equal(blob_read(reader, 0, &bytes).code, ERR_OK);
	assert_true(slice_eq(bytes, slice_cstr(text)));
	blob_close(reader);
}

static void one(struct rig *r)
{
	struct link *l = connect_to(r);
	struct mailbox *m;
	struct record record;

	send_message(l, 1, "");
	send_data(l, S("Subject: x\n\nfirst "));
	send_data(l, S("second\n"));
	send_type(l, FRAME_END);
	expect_all(l, 1, ERR_OK);
	m = rig_open(r, "INBOX");
	assert_text(m, 1,
	            "Return-Path: <sender@example.com>\r\n"
	            "Delivered-To: demo@example.org\r\n"
	            "Subject: x\r\n\r\nfirst second\r\n");
	assert_int_equal(mailbox_record(m, 1, &record).code, ERR_OK);
	assert_int_equal(record.internaldate, r->now);
	assert_int_equal(record.flags, 0);
	mailbox_close(m);
	disconnect(l);
}

static void details(struct rig *r)
{
	static const struct {
		const char *detail, *mailbox;
	} cases[] = {
		{ "Junk", "Junk" },       { "none", "INBOX" },
		{ "a/../b", "INBOX" },    { "inbox", "INBOX" },
		{ "lists/c", "lists/c" }, { "%", "INBOX" },
		{ "empty", "INBOX" },     { "\xff", "INBOX" },
	};
	struct link *l = connect_to(r);

	assert_int_equal(mailbox_create(r->account, S("lists/c"), 0).code,
	                 ERR_OK);
	assert_int_equal(mailbox_create(r->account, S("empty/x"), 0).code,
	                 ERR_OK);
	/* a \Noselect name is no place for mail */
	assert_int_equal(mailbox_delete(r->account, S("empty")).code, ERR_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t before = rig_status(r, cases[i].mailbox).messages;

		send_message(l, 1, cases[i].detail);
		send_data(l, S("Subject: x\r\n\r\n"));
		send_type(l, FRAME_END);
		expect_all(l, 1, ERR_OK);
		assert_int_equal(rig_status(r, cases[i].mailbox).messages,
		                 before + 1);
	}
	disconnect(l);
}

static void make_accounts(struct rig *r, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		assert_int_equal(account_create(r->model, RIG_ACCOUNT + i,
		                                S("x@example.org"))
		                         .code,
		                 ERR_OK);
}

static uint32_t inbox_messages(struct rig *r, uint64_t account)
{
	struct mailbox_status s;
	struct account *a;

	assert_int_equal(account_open(r->model, account, &a).code, ERR_OK);
	assert_int_equal(mailbox_status(a, 0, S("INBOX"), &s).code, ERR_OK);
	account_close(a);
	return s.messages;
}

/* Stored once, committed together; one over quota hurts nobody else. */
static void many(struct rig *r)
{
	enum { N = 150 };
	struct link *l = connect_to(r);
	struct partition_stats before, after;
	struct mailbox *m;
	const uint64_t tiny[QUOTA_RESOURCES] = { [QUOTA_STORAGE] = 100 };
	const uint64_t none[QUOTA_RESOURCES] = { 0 };
	char text[20000];

	make_accounts(r, N);
	assert_int_equal(account_set_quota(r->account, QUOTA_ALL, tiny).code,
	                 ERR_OK);
	partition_stats(r->partition, &before);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + random() % 26);
	send_message(l, N, "");
	send_data(l, S("Subject: x\r\n\r\n"));
	send_data(l, slice_of(text, sizeof text));
	send_type(l, FRAME_END);
	expect(l, N, ERR_OK, 0, ERR_OVERQUOTA);
	partition_stats(r->partition, &after);
	assert_true(after.pack_bytes - before.pack_bytes < 2 * sizeof text);
	/* how many meet depends on the disk; never one each */
	assert_true(after.commits - before.commits <= N / 3);
	assert_int_equal(inbox_messages(r, RIG_ACCOUNT), 0);
	for (uint32_t i = 1; i < N; i++)
		assert_int_equal(inbox_messages(r, RIG_ACCOUNT + i), 1);
	assert_int_equal(account_set_quota(r->account, QUOTA_ALL, none).code,
	                 ERR_OK);
	/* none of them learns of the others */
	send_message(l, 2, "");
	send_data(l, S("a: b\r\n\r\n"));
	send_type(l, FRAME_END);
	expect_all(l, 2, ERR_OK);
	m = rig_open(r, "INBOX");
	assert_text(m, 1, "Return-Path: <sender@example.com>\r\na: b\r\n\r\n");
	mailbox_close(m);
	disconnect(l);
}

static void more_recipients(struct rig *r)
{
	struct link *l = connect_to(r);
	struct frame_out f = { 0 };

	make_accounts(r, 3);
	send_message(l, 1, "");
	frame_begin(&f, FRAME_MORE_RECIPIENTS);
	frame_u32(&f, 3);
	add_recipient(&f, RIG_ACCOUNT + 1, "");
	add_recipient(&f, 999, "");
	add_recipient(&f, RIG_ACCOUNT + 2, "");
	send_frame(l, &f);
	send_data(l, S("a: b\r\n\r\n"));
	send_type(l, FRAME_END);
	expect(l, 4, ERR_OK, 2, ERR_ABSENT);
	disconnect(l);
}

static void aborted(struct rig *r)
{
	struct link *l = connect_to(r);

	send_message(l, 1, "");
	send_data(l, S("a: b\r\n"));
	send_type(l, FRAME_ABORT);
	/* the link is good for another message */
	send_message(l, 1, "");
	send_data(l, S("c: d\r\n\r\n"));
	send_type(l, FRAME_END);
	expect_all(l, 1, ERR_OK);
	/* one that dies in the middle leaves nothing */
	send_message(l, 1, "");
	send_data(l, S("e: f\r\n\r\n"));
	disconnect(l);
	assert_int_equal(rig_status(r, "INBOX").messages, 1);
}

static void too_big(struct rig *r)
{
	struct link *l = connect_to(r);
	char text[50000] = { 0 };

	make_accounts(r, 2);
	memset(text, 'x', sizeof text);
	for (int extra = 0; extra < 2; extra++) {
		send_message(l, 2, "");
		for (int i = 0; i < LIMIT / (int)sizeof text; i++)
			send_data(l, slice_of(text, sizeof text));
		send_data(l, slice_of(text, (size_t)extra));
		send_type(l, FRAME_END);
		expect_all(l, 2, extra ? ERR_TOOBIG : ERR_OK);
	}
	assert_int_equal(rig_status(r, "INBOX").messages, 1);
	disconnect(l);
}

static void bad_recipients(struct link *l)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_MESSAGE);
	frame_slice(&f, S("a@example.com"));
	frame_u32(&f, UINT32_MAX);
	send_frame(l, &f);
}

static void bad_sender(struct link *l)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_MESSAGE);
	frame_slice(&f, S("a>\r\nX-Evil: yes"));
	frame_u32(&f, 1);
	add_recipient(&f, RIG_ACCOUNT, "");
	frame_slice(&f, S("0123456789abcdef"));
	send_frame(l, &f);
}

static void data_first(struct link *l)
{
	send_data(l, S("x"));
}

static void end_first(struct link *l)
{
	send_type(l, FRAME_END);
}

static void twice(struct link *l)
{
	send_message(l, 1, "");
	send_message(l, 1, "");
}

static void nobody(struct link *l)
{
	send_message(l, 0, "");
}

static void late_recipient(struct link *l)
{
	struct frame_out f = { 0 };

	send_message(l, 1, "");
	send_data(l, S("x"));
	frame_begin(&f, FRAME_MORE_RECIPIENTS);
	frame_u32(&f, 1);
	add_recipient(&f, RIG_ACCOUNT, "");
	send_frame(l, &f);
}

static void cut_off(struct link *l)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_MESSAGE);
	frame_u32(&f, 100);
	send_frame(l, &f);
}

static void other_type(struct link *l)
{
	send_type(l, FRAME_EXPECT);
}

/* A link that speaks out of turn is closed, and nothing is stored. */
static void hostile(struct rig *r)
{
	static void (*const cases[])(struct link *) = {
		bad_recipients, bad_sender,     data_first, end_first,  twice,
		nobody,         late_recipient, cut_off,    other_type,
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct link *l = connect_to(r);
		struct frame_in f;

		cases[i](l);
		assert_int_equal(link_receive(l, 60000, &f).code, ERR_CLOSED);
		disconnect(l);
	}
	assert_int_equal(rig_status(r, "INBOX").messages, 0);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "one", one },         { "details", details },
		{ "many", many },       { "more recipients", more_recipients },
		{ "aborted", aborted }, { "too big", too_big },
		{ "hostile", hostile },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
