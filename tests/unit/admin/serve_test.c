/*
 * serve_test.c -- a control link to a partition: what an operator imports is
 * what is exported again, what fails is told at the commit, and what makes
 * no sense ends that link and nothing else. LINK_QUEUE
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../mailbox/rig.h"
#include "admin/serve_mail.h"
#include "admin/verbs.h"
#include "base/limits.h"
#include "ipc/protocol.h"

enum { MESSAGE_LIMIT = 10 << 20 };

/* -- sessions, as a mail process has them -- */

static const struct slice visited[] = { N("ann"), N("bob") };

static const struct session_entry sessions[] = {
	{ N("000000000000000b"), N("bob@example.org"), N("192.0.2.1:1"),
	  N("name=x"), N("INBOX"), N("IDLE"), 100, 7, true },
	{ N("000000000000000a"), N("ann@example.org"), N("192.0.2.1:2"), N(""),
	  N(""), N("NOOP"), 300, 0, false },
	{ N("0000000000000009"), N("ann@example.org"), N("192.0.2.1:3"), N(""),
	  N(""), N("NOOP"), 200, 0, false, visited, 2 },
};

static void walk(void *ctx, void (*fn)(void *, const struct session_entry *),
                 void *arg)
{
	(void)ctx;
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
		fn(arg, &sessions[i]);
}

static uint64_t kick(void *ctx, struct slice whom)
{
	uint64_t n = 0;

	(void)ctx;
	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
		n += slice_eq(whom, sessions[i].session_id) ||
		     slice_eq(whom, sessions[i].account_name);
	return n;
}

/* -- the command's end -- */

struct end {
	struct admin_mail mail;
	struct link *link;
	struct link *other;       /* the server's; not ours to free */
	struct rig_socket socket; /* its */
	uint64_t uidnext;         /* of the mailbox chosen last; 0: none said */
};

/* -- two parsers, of which the second is not there -- */

static bool is_serving(void *ctx, uint32_t index)
{
	(void)ctx;
	return index == 0;
}

static void count_parsed(void *ctx, uint64_t *parsed, uint64_t *unparsed)
{
	(void)ctx;
	*parsed = 12;
	*unparsed = 1;
}

static struct end *open_end(struct rig *r, uint64_t account)
{
	struct end *e = calloc(1, sizeof *e);
	int fds[2];

	e->mail = (struct admin_mail){
		.loop = r->loop,
		.model = r->model,
		.clock = &r->clock,
		.sessions = { walk, kick, NULL },
		.parsers = { 2, is_serving, count_parsed, NULL },
		.index = 3,
		.message_limit_bytes = MESSAGE_LIMIT,
	};
	assert_true(is_ok(link_pair(fds)));
	e->link = link_new(r->loop, fds[0], (struct link_handler){ 0 });
	e->socket = rig_socket(fds[1]);
	e->other = link_new(r->loop, fds[1], (struct link_handler){ 0 });
	admin_serve_mail(&e->mail, e->other, account, 0);
	return e;
}

static void close_end(struct end *e)
{
	link_free(e->link);
	rig_wait_closed(&e->socket); /* the server's task ends */
	free(e);
}

static void send_frame(struct end *e, struct frame_out *f)
{
	assert_true(is_ok(link_send_wait(e->link, f, -1)));
}

static void send_empty(struct end *e, uint16_t type)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	send_frame(e, &f);
}

static struct frame_in receive(struct end *e)
{
	struct frame_in in;

	assert_true(is_ok(link_receive(e->link, 60000, &in)));
	return in;
}

static enum err_code done_code(struct frame_in *in)
{
	enum err_code code;

	assert_int_equal(in->type, FRAME_DONE);
	code = (enum err_code)read_u8(&in->r);
	frame_read_slice(in, 500);
	assert_false(read_u8(&in->r));
	assert_true(frame_is_whole(in));
	return code;
}

static enum err_code done(struct end *e)
{
	struct frame_in in = receive(e);

	return done_code(&in);
}

static void assert_ended(struct end *e)
{
	struct frame_in in;
	struct err got = OK;

	while (is_ok(got)) {
		got = link_receive(e->link, 60000, &in);
		if (is_ok(got))
			assert_int_not_equal(in.type, FRAME_DONE);
	}
	assert_int_equal(got.code, ERR_CLOSED);
}

static enum err_code import_mailbox(struct end *e, const char *name,
                                    uint32_t uidvalidity, uint32_t uidnext,
                                    uint8_t subscribe)
{
	struct frame_out f = { 0 };
	struct frame_in in;

	frame_begin(&f, FRAME_IMPORT_MAILBOX);
	frame_slice(&f, slice_cstr(name));
	frame_u32(&f, uidvalidity);
	frame_u32(&f, uidnext);
	frame_u8(&f, subscribe);
	send_frame(e, &f);
	in = receive(e);
	e->uidnext = 0;
	if (in.type == FRAME_ROW) {
		assert_int_equal(read_u32(&in.r), 1);
		assert_true(
			slice_number(frame_read_slice(&in, 20), &e->uidnext));
		assert_true(frame_is_whole(&in));
		in = receive(e);
	}
	return done_code(&in);
}

struct message {
	uint32_t uid;
	uint8_t flags;
	const char *keyword; /* NULL: none */
	int64_t date;
	int16_t zone;
	const char *text;
	size_t size; /* of a large one: so many bytes instead of text */
};

static void send_keyword(struct end *e, struct slice keyword)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_KEYWORDS);
	frame_u32(&f, 1);
	frame_slice(&f, keyword);
	send_frame(e, &f);
}

static void send_head(struct end *e, const struct message *m)
{
	struct frame_out f = { 0 };

	if (m->keyword != NULL)
		send_keyword(e, slice_cstr(m->keyword));
	frame_begin(&f, FRAME_IMPORT_MESSAGE);
	frame_u32(&f, m->uid);
	frame_u8(&f, m->flags);
	frame_u64(&f, (uint64_t)m->date);
	frame_u16(&f, (uint16_t)m->zone);
	send_frame(e, &f);
}

static void send_data(struct end *e, struct slice bytes)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_DATA);
	frame_slice(&f, bytes);
	send_frame(e, &f);
}

/* A line of 64 octets that says where it is. */
static struct slice line_at(size_t at)
{
	static char line[80];

	snprintf(line, sizeof line, "%061zu-\r\n", at);
	return slice_of(line, 64);
}

static void import_message(struct end *e, const struct message *m)
{
	send_head(e, m);
	if (m->text != NULL && m->text[0] != '\0')
		send_data(e, slice_cstr(m->text));
	for (size_t at = 0; at < m->size;) {
		struct buf part = { 0 };

		for (; at < m->size && part.len < 32768; at += 64)
			buf_add(&part, line_at(at));
		send_data(e, buf_slice(&part));
		buf_free(&part);
	}
	send_empty(e, FRAME_END);
}

static enum err_code commit(struct end *e)
{
	send_empty(e, FRAME_IMPORT_COMMIT);
	return done(e);
}

static void begin_export(struct end *e, const char *mailbox)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_EXPORT);
	frame_slice(&f, slice_cstr(mailbox));
	send_frame(e, &f);
}

/* -- tests -- */

static const struct message messages[] = {
	{ 5, 0, NULL, 1700000000, 60, "Subject: a\r\n\r\nx\r\n", 0 },
	{ 7, FLAG_SEEN | FLAG_DRAFT, "$Junk", 0, -720, "y\r\n", 0 },
	{ 1000, FLAG_DELETED, "$Label", -86400, 840, "z\r\n", 0 },
	{ 0, FLAG_FLAGGED | FLAG_ANSWERED, NULL, 253402300799, 0, "w\r\n", 0 },
};

static void check_keyword(struct frame_in *in, const char *want)
{
	assert_int_equal(in->type, FRAME_KEYWORDS);
	assert_int_equal(read_u32(&in->r), 1);
	assert_true(slice_eq(frame_read_slice(in, LIMIT_KEYWORD),
	                     slice_cstr(want)));
	assert_true(frame_is_whole(in));
}

static void check_exported(struct frame_in *in, const struct message *m,
                           uint32_t uid)
{
	assert_int_equal(in->type, FRAME_EXPORT_MESSAGE);
	assert_int_equal(read_u32(&in->r), uid);
	assert_int_equal(read_u8(&in->r), m->flags);
	assert_true((int64_t)read_u64(&in->r) == m->date);
	assert_int_equal((int16_t)read_u16(&in->r), m->zone);
	assert_int_equal(read_u64(&in->r), strlen(m->text));
	assert_true(frame_is_whole(in));
}

static void round_trip(struct rig *r)
{
	struct end *e = open_end(r, RIG_ACCOUNT);
	struct frame_in in;
	struct message again = { .text = "v\r\n" };

	assert_int_equal(import_mailbox(e, "Old/Post", 77, 5, 1), ERR_OK);
	assert_int_equal(e->uidnext, 5);
	for (size_t i = 0; i < 4; i++)
		import_message(e, &messages[i]);
	assert_int_equal(commit(e), ERR_OK);
	assert_int_equal(import_mailbox(e, "Old/Post", 77, 2000, 0), ERR_OK);
	assert_int_equal(import_mailbox(e, "Old/Post", 78, 1, 0), ERR_NOTNOW);
	assert_int_equal(import_mailbox(e, "Gone", 0, 0, 2), ERR_OK);
	assert_int_equal(e->uidnext, 0);
	begin_export(e, "Old/Post");
	in = receive(e);
	assert_int_equal(in.type, FRAME_EXPORT_MAILBOX);
	assert_true(slice_eq(frame_read_slice(&in, 100), S("Old/Post")));
	assert_int_equal(read_u32(&in.r), 77);
	assert_int_equal(read_u32(&in.r), 2000);
	assert_int_equal(read_u8(&in.r), 1);
	assert_int_equal(read_u8(&in.r), 1);
	for (size_t i = 0; i < 4; i++) {
		in = receive(e);
		if (messages[i].keyword != NULL) {
			check_keyword(&in, messages[i].keyword);
			in = receive(e);
		}
		check_exported(&in, &messages[i],
		               i == 3 ? 1001 : messages[i].uid);
		in = receive(e);
		assert_int_equal(in.type, FRAME_DATA);
		assert_true(slice_eq(frame_read_slice(&in, 100),
		                     slice_cstr(messages[i].text)));
		in = receive(e);
		assert_int_equal(in.type, FRAME_END);
	}
	assert_int_equal(done(e), ERR_OK);
	begin_export(e, "No/Such");
	assert_int_equal(done(e), ERR_NONEXISTENT);
	/* without a mailbox there is nowhere to put it */
	import_message(e, &again);
	assert_int_equal(commit(e), ERR_NONEXISTENT);
	assert_int_equal(commit(e), ERR_OK);
	close_end(e);
}

/* A keyword of `size` octets, different for each k. */
static struct slice keyword_at(size_t k, size_t size)
{
	static char text[LIMIT_KEYWORD + 2];

	snprintf(text, sizeof text, "%0*zu", (int)size, k);
	return slice_of(text, size);
}

/* As many keywords as a message can have, each as long as it can be: more
 * than one frame holds. */
static void most_keywords(struct rig *r)
{
	struct end *e = open_end(r, RIG_ACCOUNT);
	struct message m = { .text = "x\r\n" };
	struct frame_in in;
	size_t n = 0;

	assert_int_equal(import_mailbox(e, "INBOX", 0, 0, 0), ERR_OK);
	for (size_t k = 0; k < LIMIT_KEYWORDS; k++)
		send_keyword(e, keyword_at(k, LIMIT_KEYWORD));
	import_message(e, &m);
	assert_int_equal(commit(e), ERR_OK);
	begin_export(e, "INBOX");
	in = receive(e);
	assert_int_equal(in.type, FRAME_EXPORT_MAILBOX);
	for (in = receive(e); in.type == FRAME_KEYWORDS; in = receive(e)) {
		for (uint32_t k = read_u32(&in.r); k > 0; k--, n++)
			assert_true(slice_eq(frame_read_slice(&in, LIMIT_FRAME),
			                     keyword_at(n, LIMIT_KEYWORD)));
		assert_true(frame_is_whole(&in));
	}
	assert_int_equal(n, LIMIT_KEYWORDS);
	check_exported(&in, &m, 1);
	assert_int_equal(receive(e).type, FRAME_DATA);
	assert_int_equal(receive(e).type, FRAME_END);
	assert_int_equal(done(e), ERR_OK);
	close_end(e);
}

/* One more, one longer, and those of a message that never comes. */
static void too_many_keywords(struct rig *r)
{
	struct end *e = open_end(r, RIG_ACCOUNT);

	for (size_t k = 0; k <= LIMIT_KEYWORDS; k++)
		send_keyword(e, keyword_at(k, 10));
	assert_ended(e);
	close_end(e);
	e = open_end(r, RIG_ACCOUNT);
	send_keyword(e, keyword_at(0, LIMIT_KEYWORD + 1));
	assert_ended(e);
	close_end(e);
	e = open_end(r, RIG_ACCOUNT);
	send_keyword(e, keyword_at(0, 10));
	send_empty(e, FRAME_IMPORT_COMMIT);
	assert_ended(e);
	close_end(e);
}

/* One that fails is told at the commit, and what stands behind it in the
 * same commit is not kept. */
static void failures(struct rig *r)
{
	static const struct {
		struct message message;
		enum err_code code;
	} cases[] = {
		{ { .text = "" }, ERR_NO },                    /* empty */
		{ { .uid = 1, .text = "x\r\n" }, ERR_CANNOT }, /* taken */
		{ { .text = "", .size = MESSAGE_LIMIT + 64 }, ERR_TOOBIG },
	};
	struct end *e = open_end(r, RIG_ACCOUNT);
	struct message good = { .text = "good\r\n" };

	assert_int_equal(import_mailbox(e, "INBOX", 0, 0, 0), ERR_OK);
	import_message(e, &good);
	assert_int_equal(commit(e), ERR_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum err_code code;

		import_message(e, &cases[i].message);
		import_message(e, &good);
		code = commit(e);
		assert_int_not_equal(code, ERR_OK);
		if (cases[i].code != ERR_CANNOT)
			assert_int_equal(code, cases[i].code);
		assert_int_equal(rig_status(r, "INBOX").messages, 1 + i);
		/* the mailbox is still chosen */
		import_message(e, &good);
		assert_int_equal(commit(e), ERR_OK);
		assert_int_equal(rig_status(r, "INBOX").messages, 2 + i);
	}
	close_end(e);
}

/* A large message is streamed; a slow reader stops the export, and what
 * waits for it stays small. */
static void slow_reader(struct rig *r)
{
	struct end *e = open_end(r, RIG_ACCOUNT);
	struct message large = { .text = "", .size = 8 << 20 };
	struct frame_in in;
	size_t at = 0;

	assert_int_equal(import_mailbox(e, "INBOX", 0, 0, 0), ERR_OK);
	import_message(e, &large);
	assert_int_equal(commit(e), ERR_OK);
	begin_export(e, "INBOX");
	while (link_queued(e->other) == 0)
		task_sleep(1);
	task_sleep(200);
	assert_in_range(link_queued(e->other), 1, 2 * LIMIT_OUTPUT);
	in = receive(e);
	assert_int_equal(in.type, FRAME_EXPORT_MAILBOX);
	in = receive(e);
	assert_int_equal(in.type, FRAME_EXPORT_MESSAGE);
	for (in = receive(e); in.type == FRAME_DATA; in = receive(e)) {
		struct slice bytes = frame_read_slice(&in, LIMIT_FRAME);

		for (; bytes.len != 0; at += 64) {
			assert_true(
				slice_eq(slice_first(bytes, 64), line_at(at)));
			bytes = slice_from(bytes, 64);
		}
		assert_in_range(link_queued(e->other), 0, 2 * LIMIT_OUTPUT);
	}
	assert_int_equal(in.type, FRAME_END);
	assert_int_equal(at, large.size);
	assert_int_equal(done(e), ERR_OK);
	/* and one that leaves in the middle */
	begin_export(e, "INBOX");
	task_sleep(50);
	close_end(e);
}

/* It leaves in the middle of an import: nothing half stays. */
static void leaves_importing(struct rig *r)
{
	struct end *e = open_end(r, RIG_ACCOUNT);
	struct message m = { .text = "x\r\n" };

	assert_int_equal(import_mailbox(e, "INBOX", 0, 0, 0), ERR_OK);
	import_message(e, &m);
	send_head(e, &m);
	send_data(e, S("half"));
	close_end(e);
	assert_int_equal(rig_status(r, "INBOX").messages, 0);
}

/* Every type with nothing and with too much in it, on either kind of link. */
static void hostile_frames(struct rig *r)
{
	char bytes[100];

	memset(bytes, 0xff, sizeof bytes);
	for (uint16_t type = 0; type < 300; type++) {
		struct end *e = open_end(r, type % 2 ? RIG_ACCOUNT : 0);
		struct frame_out f = { 0 };

		frame_begin(&f, type);
		buf_add(&f.bytes, slice_of(bytes, sizeof bytes));
		assert_true(is_ok(link_send(e->link, &f, dup(STDOUT_FILENO))));
		assert_ended(e);
		close_end(e);
	}
}

static void nonsense(struct rig *r)
{
	static const struct message heads[] = {
		{ .flags = 0x20, .text = "" },
		{ .zone = 1441, .text = "" },
		{ .zone = -1441, .text = "" },
		{ .date = INT64_MAX, .text = "" },
		{ .date = INT64_MIN, .text = "" },
	};
	struct end *e;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		e = open_end(r, RIG_ACCOUNT);
		send_head(e, &heads[i]);
		assert_ended(e);
		close_end(e);
	}
	e = open_end(r, RIG_ACCOUNT); /* a message in a message */
	send_head(e, &messages[0]);
	send_head(e, &messages[0]);
	assert_ended(e);
	close_end(e);
	e = open_end(r, RIG_ACCOUNT); /* a commit in a message */
	send_head(e, &messages[0]);
	send_empty(e, FRAME_IMPORT_COMMIT);
	assert_ended(e);
	close_end(e);
	e = open_end(r, 4711); /* no such account */
	assert_ended(e);
	close_end(e);
	e = open_end(r, 0); /* for the server: no account's verbs */
	begin_export(e, "");
	assert_ended(e);
	close_end(e);
}

static void expect_quota(struct end *e, const char *resource, const char *used,
                         const char *limit)
{
	struct frame_in in = receive(e);

	assert_int_equal(in.type, FRAME_ROW);
	assert_int_equal(read_u32(&in.r), QUOTA_COLUMNS);
	assert_true(slice_eq(frame_read_slice(&in, 20), slice_cstr(resource)));
	assert_true(slice_eq(frame_read_slice(&in, 20), slice_cstr(used)));
	assert_true(slice_eq(frame_read_slice(&in, 20), slice_cstr(limit)));
	assert_true(frame_is_whole(&in));
}

static void quotas(struct rig *r)
{
	struct end *e = open_end(r, RIG_ACCOUNT);
	struct message m = { .text = "x\r\n" };
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_QUOTA);
	frame_u8(&f, 1 << QUOTA_STORAGE | 1 << QUOTA_MESSAGE);
	frame_u64(&f, 1000);
	for (size_t i = QUOTA_MESSAGE; i < QUOTA_RESOURCES; i++)
		frame_u64(&f, 1);
	send_frame(e, &f);
	expect_quota(e, "storage", "0", "1000");
	expect_quota(e, "messages", "0", "1");
	expect_quota(e, "mailboxes", "6", ""); /* not in the set */
	expect_quota(e, "annotations", "0", "");
	assert_int_equal(done(e), ERR_OK);
	assert_int_equal(import_mailbox(e, "INBOX", 0, 0, 0), ERR_OK);
	import_message(e, &m);
	import_message(e, &m);
	assert_int_equal(commit(e), ERR_OVERQUOTA);
	import_message(e, &m);
	assert_int_equal(commit(e), ERR_OK);
	close_end(e);
}

/* -- for the server -- */

static void who(struct rig *r)
{
	static const size_t order[] = { 2, 1, 0 }; /* account, then since */
	struct end *e = open_end(r, 0);

	send_empty(e, FRAME_WHO);
	for (size_t i = 0; i < 3; i++) {
		const struct session_entry *s = &sessions[order[i]];
		struct frame_in in = receive(e);
		struct slice field[WHO_COLUMNS];
		char since[24];

		assert_int_equal(in.type, FRAME_ROW);
		assert_int_equal(read_u32(&in.r), WHO_COLUMNS);
		for (size_t k = 0; k < WHO_COLUMNS; k++)
			field[k] = frame_read_slice(&in, 300);
		assert_true(frame_is_whole(&in));
		assert_true(slice_eq(field[WHO_SESSION], s->session_id));
		assert_true(slice_eq(field[WHO_ACCOUNT], s->account_name));
		assert_true(slice_eq(field[WHO_ADDRESS], s->peer));
		assert_true(slice_eq(field[WHO_CLIENT], s->client_id));
		assert_true(slice_eq(field[WHO_MAILBOX], s->mailbox));
		assert_true(slice_eq(field[WHO_VISITS],
		                     s->n_visits == 2 ? S("ann bob") : S("")));
		assert_true(slice_eq(field[WHO_COMMAND], s->command));
		snprintf(since, sizeof since, "%d", (int)s->since_s);
		assert_true(slice_eq(field[WHO_SINCE], slice_cstr(since)));
		assert_true(
			slice_eq(field[WHO_TLS], s->tls ? S("yes") : S("no")));
	}
	assert_int_equal(done(e), ERR_OK);
	close_end(e);
}

static void kicks(struct rig *r)
{
	static const struct {
		const char *whom;
		enum err_code code;
		const char *text;
	} cases[] = {
		{ "000000000000000b", ERR_OK, "1" },
		{ "ann@example.org", ERR_OK, "2" },
		{ "eve@example.org", ERR_ABSENT, "there is no such session" },
	};
	struct end *e = open_end(r, 0);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_out f = { 0 };
		struct frame_in in;

		frame_begin(&f, FRAME_KICK);
		frame_slice(&f, slice_cstr(cases[i].whom));
		send_frame(e, &f);
		in = receive(e);
		assert_int_equal(in.type, FRAME_DONE);
		assert_int_equal(read_u8(&in.r), cases[i].code);
		assert_true(slice_eq(frame_read_slice(&in, 100),
		                     slice_cstr(cases[i].text)));
	}
	close_end(e);
}

static void status(struct rig *r)
{
	struct end *e = open_end(r, 0);
	struct frame_in in;
	size_t rows = 0;

	send_empty(e, FRAME_STATUS);
	for (in = receive(e); in.type == FRAME_ROW; in = receive(e)) {
		assert_int_equal(read_u32(&in.r), STATUS_COLUMNS);
		assert_true(slice_eq(frame_read_slice(&in, 100), S("mail/3")));
		if (rows++ == 0) {
			assert_true(slice_eq(frame_read_slice(&in, 100),
			                     S("sessions")));
			assert_true(
				slice_eq(frame_read_slice(&in, 100), S("3")));
			assert_true(frame_is_whole(&in));
		}
	}
	assert_int_equal(done_code(&in), ERR_OK);
	assert_int_equal(rows, 11);
	close_end(e);
}

/* Told by the first partition, behind its own. */
static void status_of_parsers(struct rig *r)
{
	static const char *const want[] = { "mail/0",  "parsed",   "12",
		                            "mail/0",  "unparsed", "1",
		                            "parse/0", "serving",  "yes",
		                            "parse/1", "serving",  "no" };
	struct end *e = open_end(r, 0);
	struct frame_in in;
	size_t rows = 0;

	e->mail.index = 0;
	send_empty(e, FRAME_STATUS);
	for (in = receive(e); in.type == FRAME_ROW; in = receive(e), rows++) {
		read_u32(&in.r);
		for (size_t i = 0; rows >= 9 && i < 3; i++)
			assert_true(
				slice_eq(frame_read_slice(&in, 100),
			                 slice_cstr(want[3 * (rows - 9) + i])));
	}
	assert_int_equal(done_code(&in), ERR_OK);
	assert_int_equal(rows, 13);
	close_end(e);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "round trip", round_trip },
		{ "most keywords", most_keywords },
		{ "too many keywords", too_many_keywords },
		{ "failures", failures },
		{ "slow reader", slow_reader },
		{ "leaves importing", leaves_importing },
		{ "hostile frames", hostile_frames },
		{ "nonsense", nonsense },
		{ "quotas", quotas },
		{ "who", who },
		{ "kicks", kicks },
		{ "status", status },
		{ "status of parsers", status_of_parsers },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
