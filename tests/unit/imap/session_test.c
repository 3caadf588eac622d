/*
 * session_test.c -- what transcripts can't show: the greeting, BYE from
 * outside, a store that fails, memory of an idle session.
 */
#include "imap/session.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "../../remove_all.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "mailbox/mailbox.h"
#include "mailbox/metadata.h"
#include "task/task.h"

struct house {
	char dir[40];
	struct partition *partition;
	struct session_config config;
	struct session *session;
	struct buf in;
	struct buf out;
	bool woken;
	bool leaving;   /* the client has shut its side */
	bool gone;      /* and takes nothing */
	unsigned looks; /* at the clock */
};

static struct err house_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct house *h = ctx;

	*got = h->in.len < size ? h->in.len : size;
	if (*got != 0)
		memcpy(to, h->in.data, *got);
	buf_drop(&h->in, *got);
	return OK;
}

static struct err house_write(void *ctx, struct slice bytes)
{
	struct house *h = ctx;

	if (h->gone)
		return err(ERR_CLOSED, "gone");
	buf_add(&h->out, bytes);
	return OK;
}

static bool house_is_leaving(void *ctx)
{
	return ((struct house *)ctx)->leaving;
}

static void house_wake(void *arg)
{
	((struct house *)arg)->woken = true;
}

static void house_open(struct house *h, struct loop *loop)
{
	struct partition_options options = { .map_bytes = 64 << 20 };
	struct session_start start = {
		.config = &h->config,
		.io = { .read = house_read,
		        .write = house_write,
		        .ctx = h,
		        .is_leaving = house_is_leaving },
		.session_id = S("0123456789abcdef"),
		.login_tag = S("a1"),
		.client_id = S("name=mutt"),
		.input = S("a2 NOOP\r\n"),
		.wake = house_wake,
		.wake_arg = h,
	};

	*h = (struct house){ .dir = "/dev/shm/roost-session-XXXXXX" };
	assert_non_null(mkdtemp(h->dir));
	assert_true(is_ok(partition_make(h->dir)));
	assert_true(
		is_ok(partition_open(loop, h->dir, options, &h->partition)));
	h->config = (struct session_config){
		.clock = &system_clock,
		.model = model_new(h->partition, &system_clock),
		.message_limit_bytes = 1 << 20,
	};
	assert_true(
		is_ok(account_create(h->config.model, 1, S("a@example.org"))));
	assert_true(is_ok(account_open(h->config.model, 1, &start.account)));
	h->session = session_new(&start);
}

static void house_close(struct house *h)
{
	session_free(h->session);
	buf_free(&h->in);
	buf_free(&h->out);
	model_free(h->config.model);
	partition_close(h->partition);
	remove_all(h->dir);
}

/* What comes back is in h->out, NUL-terminated. */
static enum session_state say(struct house *h, const char *text)
{
	enum session_state state;

	h->out.len = 0;
	buf_add(&h->in, slice_cstr(text));
	state = session_run(h->session);
	buf_byte(&h->out, '\0');
	return state;
}

static void assert_has(struct house *h, const char *text)
{
	if (strstr(h->out.data, text) == NULL)
		fail_msg("wanted %s in %s", text, h->out.data);
}

/* A clock that each look at moves on. */
struct fast_clock {
	struct clock clock;
	struct house *house;
	uint64_t step_ms;
};

static uint64_t fast_mono_ms(const struct clock *c)
{
	const struct fast_clock *f = (const struct fast_clock *)c;

	return ++f->house->looks * f->step_ms;
}

static int64_t fast_wall_s(const struct clock *c)
{
	(void)c;
	return 1700000000;
}

static void append_some(struct house *h, int n)
{
	for (int i = 0; i < n; i++)
		say(h, "ap APPEND INBOX {11+}\r\nX: y\r\n\r\nz\r\n\r\n");
	say(h, "se EXAMINE INBOX\r\n");
}

/* behaviour 171: a long search says so every 10 seconds.  RFC 9585 */
static void check_progress(struct house *h)
{
	struct fast_clock clock = { { fast_mono_ms, fast_wall_s }, h, 2500 };

	append_some(h, 20);
	h->config.clock = &clock.clock;
	say(h, "a5 SEARCH BODY nosuch\r\n");
	assert_has(h, "* OK [INPROGRESS (\"a5\" 2 NIL)] Still looking\r\n");
	assert_has(h, "* OK [INPROGRESS (\"a5\" 6 NIL)] Still looking\r\n");
	assert_null(strstr(h->out.data, "(\"a5\" 3 NIL)"));
	assert_has(h, "* SEARCH\r\na5 OK SEARCH completed\r\n");
	clock.step_ms = 10;
	say(h, "a6 SEARCH BODY nosuch\r\n");
	assert_null(strstr(h->out.data, "INPROGRESS"));
	h->config.clock = &system_clock;
}

/* behaviour 171: and ends when the client is gone. One that has only shut its
 * side gets its answer. */
static void check_gone(struct house *h)
{
	struct fast_clock clock = { { fast_mono_ms, fast_wall_s }, h, 1001 };
	unsigned looks;

	append_some(h, 20);
	h->config.clock = &clock.clock;
	h->leaving = true;
	say(h, "a7 SEARCH BODY nosuch\r\n");
	assert_has(h, "* OK [INPROGRESS (\"a7\" 0 NIL)] Still looking\r\n");
	assert_has(h, "* SEARCH\r\na7 OK SEARCH completed\r\n");
	h->gone = true;
	looks = h->looks;
	assert_int_equal(say(h, "a8 SEARCH BODY nosuch\r\n"), SESSION_OVER);
	assert_in_range(h->looks - looks, 1, 5);
	h->config.clock = &system_clock;
}

/* behaviour 1: the log-in's OK carries the capabilities; what came with the
 * log-in is run right behind it.  behaviour 2: no word of STARTTLS or AUTH */
static void check_greeting(struct house *h)
{
	assert_int_equal(say(h, ""), SESSION_WAITING);
	assert_has(h, "a1 OK [CAPABILITY IMAP4rev1 ");
	assert_has(h, "] Logged in\r\na2 OK NOOP completed\r\n");
	assert_null(strstr(h->out.data, "STARTTLS"));
	assert_null(strstr(h->out.data, "AUTH="));
}

static void check_facts(struct house *h)
{
	struct session_facts facts;

	say(h, "");
	say(h, "a3 SELECT Sent\r\na4 IDLE\r\n");
	session_get_facts(h->session, &facts);
	assert_true(slice_eq(facts.mailbox, S("Sent")));
	assert_true(slice_eq(facts.account_name, S("a@example.org")));
	assert_true(slice_eq(facts.client_id, S("name=mutt")));
	assert_string_equal(facts.command, "IDLE");
	assert_true(facts.idling);
	assert_int_equal(facts.commands, 3);
	say(h, "DONE\r\na5 ID (\"name\" \"sodr\")\r\n");
	session_get_facts(h->session, &facts);
	assert_true(slice_eq(facts.client_id, S("sodr")));
	assert_false(facts.idling);
}

/* behaviour 22; a command that has not come whole is not run any more */
static void check_bye(struct house *h)
{
	say(h, "");
	assert_int_equal(say(h, "a3 NOO"), SESSION_WAITING);
	assert_false(h->woken);
	session_say_bye(h->session, "server is going down");
	assert_true(h->woken);
	assert_int_equal(say(h, "P\r\n"), SESSION_OVER);
	assert_string_equal(h->out.data, "* BYE server is going down\r\n");
}

/* The end of the newest pack: that of the message appended last. */
static void spoil_last_message(struct house *h)
{
	char path[512];
	char last[256] = "";
	DIR *packs;
	struct dirent *d;
	int fd;

	snprintf(path, sizeof path, "%s/pack", h->dir);
	packs = opendir(path);
	assert_non_null(packs);
	while ((d = readdir(packs)) != NULL)
		if (strcmp(d->d_name, last) > 0)
			snprintf(last, sizeof last, "%s", d->d_name);
	closedir(packs);
	snprintf(path, sizeof path, "%s/pack/%s", h->dir, last);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_true(lseek(fd, -8, SEEK_END) > 0);
	assert_int_equal(write(fd, "spoiled!", 8), 8);
	close(fd);
}

/* behaviour 134: a message that can't be read: the others are served, and
 * the answer is NO.  behaviour 162: so it is for SEARCH */
static void check_unreadable(struct house *h)
{
	say(h, "");
	say(h, "a3 APPEND INBOX {15+}\r\nA: b\r\n\r\nfirst\r\n\r\n");
	assert_has(h, "a3 OK");
	spoil_last_message(h);
	say(h, "a4 APPEND INBOX {16+}\r\nA: b\r\n\r\nsecond\r\n\r\n");
	assert_has(h, "a4 OK");
	say(h, "a5 SELECT INBOX\r\n");
	say(h, "a6 FETCH 1:2 (UID BODY.PEEK[TEXT])\r\n");
	assert_has(h, "* 1 FETCH (UID 1 BODY[TEXT] NIL)\r\n");
	assert_has(h, "* 2 FETCH (UID 2 BODY[TEXT] {8}\r\nsecond\r\n)\r\n");
	assert_has(h, "a6 NO [CORRUPTION] ");
	say(h, "a7 FETCH 1:2 RFC822.SIZE\r\n");
	assert_has(h, "a7 OK");
	say(h, "a8 SEARCH BODY second\r\n");
	assert_has(h, "a8 NO [CORRUPTION] ");
	say(h, "a9 NOOP\r\n");
	assert_has(h, "a9 OK");
}

/* -- the limits of NOTIFY; behaviour 185 -- */

/* "(...)" n times between head and tail */
static void say_many(struct house *h, const char *head, const char *each,
                     unsigned n, const char *tail)
{
	struct buf text = { 0 };

	buf_add(&text, slice_cstr(head));
	for (unsigned i = 0; i < n; i++)
		buf_add(&text, slice_cstr(each));
	buf_add(&text, slice_cstr(tail));
	buf_byte(&text, '\0');
	say(h, text.data);
	buf_free(&text);
}

/* LIMIT_NOTIFY_GROUPS, LIMIT_NOTIFY_NAMES */
static void check_notify_request(struct house *h)
{
	say_many(h, "b1 NOTIFY SET", " (INBOXES NONE)", LIMIT_NOTIFY_GROUPS,
	         "\r\n");
	assert_has(h, "b1 OK");
	say_many(h, "b2 NOTIFY SET", " (INBOXES NONE)", LIMIT_NOTIFY_GROUPS + 1,
	         "\r\n");
	assert_has(h, "b2 BAD");
	say_many(h, "b3 NOTIFY SET (MAILBOXES (a", " a", LIMIT_NOTIFY_NAMES - 1,
	         ") NONE)\r\n");
	assert_has(h, "b3 OK");
	say_many(h, "b4 NOTIFY SET (MAILBOXES (a", " a", LIMIT_NOTIFY_NAMES,
	         ") NONE)\r\n");
	assert_has(h, "b4 NO [NOTIFICATIONOVERFLOW]");
}

static void subscribe_many(struct account *a, unsigned n)
{
	char name[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "box%u", i);
		assert_true(
			is_ok(mailbox_subscribe(a, slice_cstr(name), true)));
	}
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "box%u", i);
		assert_true(
			is_ok(mailbox_subscribe(a, slice_cstr(name), false)));
	}
}

/* LIMIT_NOTIFY_NEWS: of so many, each once; of one more, that it was too
 * much, and from then on nothing. */
static void check_notify_news(struct house *h)
{
	struct account *a;

	assert_true(is_ok(account_open(h->config.model, 1, &a)));
	say(h, "b1 NOTIFY SET (PERSONAL (SubscriptionChange))\r\n");
	assert_has(h, "b1 OK");
	h->woken = false;
	subscribe_many(a, LIMIT_NOTIFY_NEWS);
	assert_true(h->woken);
	say(h, "");
	assert_has(h, "* LIST (\\NonExistent \\HasNoChildren) \"/\" box0\r\n");
	assert_has(h, "box499\r\n");
	assert_null(strstr(h->out.data, "NOTIFICATIONOVERFLOW"));
	subscribe_many(a, LIMIT_NOTIFY_NEWS + 1);
	say(h, "");
	assert_has(h, "* OK [NOTIFICATIONOVERFLOW] ");
	assert_null(strstr(h->out.data, "LIST"));
	subscribe_many(a, 1);
	say(h, "b2 NOOP\r\n");
	assert_string_equal(h->out.data, "b2 OK NOOP completed\r\n");
	account_close(a);
}

/* LIMIT_NOTIFY_ENTRIES */
static void check_notify_entries(struct house *h)
{
	struct metadata_entry entry = { S("/private/0123456789abcdef"),
		                        S("x") };
	unsigned most = (LIMIT_NOTIFY_ENTRIES - 1) / 26;
	struct account *a;

	assert_true(is_ok(account_open(h->config.model, 1, &a)));
	say(h, "b1 NOTIFY SET (PERSONAL (MailboxMetadataChange))\r\n");
	for (unsigned more = 0; more < 2; more++) {
		for (unsigned i = 0; i < most + more; i++)
			assert_true(is_ok(mailbox_set_metadata(
				a, account_id(a), S("INBOX"), &entry, 1)));
		say(h, "");
		assert_has(h, more ? "* OK [NOTIFICATIONOVERFLOW] "
		                   : "* METADATA INBOX /private/0123");
	}
	account_close(a);
}

/* -- LIMIT_CONTEXTS and those of each -- */

static bool is_refused(const struct house *h)
{
	return strstr(h->out.data, "* NO [NOUPDATE \"") != NULL;
}

static void say_buf(struct house *h, struct buf *text)
{
	buf_byte(text, '\0');
	say(h, text->data);
	assert_has(h, " OK ");
	buf_free(text);
}

/* What is said to search for, kept up to date, and then no longer. */
static bool keeps(struct house *h, const char *command)
{
	bool refused;

	say(h, command);
	refused = is_refused(h);
	assert_has(h, "* ESEARCH (TAG \"c\")");
	say(h, refused ? "d NOOP\r\n" : "d CANCELUPDATE \"c\"\r\n");
	assert_has(h, "d OK ");
	return !refused;
}

static void fill(struct house *h, unsigned n)
{
	struct buf text = { 0 };

	for (unsigned i = 0; i < n; i++) {
		bool first = i % LIMIT_APPEND_MESSAGES == 0;

		if (first && i != 0) {
			buf_add(&text, S("\r\n"));
			say_buf(h, &text);
		}
		buf_add(&text, first ? S("f APPEND INBOX {1+}\r\nx")
		                     : S(" {1+}\r\nx"));
	}
	buf_add(&text, S("\r\nf NOOP\r\n"));
	say_buf(h, &text);
}

static void flag_every_other(struct house *h, unsigned n)
{
	struct buf text = { 0 };

	buf_add(&text, S("f UID STORE 1"));
	for (unsigned i = 1; i < n; i++)
		buf_printf(&text, ",%u", 1 + 2 * i);
	buf_add(&text, S(" +FLAGS.SILENT (\\Flagged)\r\n"));
	say_buf(h, &text);
}

static bool keeps_text(struct house *h, size_t octets)
{
	struct buf text = { 0 };
	bool kept;

	buf_add(&text, S("c SEARCH RETURN (UPDATE COUNT) SUBJECT "));
	while (text.len < octets + strlen("c SEARCH"))
		buf_byte(&text, 'x');
	buf_add(&text, S("\r\n"));
	buf_byte(&text, '\0');
	kept = keeps(h, text.data);
	buf_free(&text);
	return kept;
}

static bool keeps_keys(struct house *h, unsigned n)
{
	struct buf text = { 0 };
	bool kept;

	buf_add(&text, S("c SEARCH RETURN (UPDATE COUNT)"));
	while (n-- != 0)
		buf_add(&text, S(" ALL"));
	buf_add(&text, S("\r\n"));
	buf_byte(&text, '\0');
	kept = keeps(h, text.data);
	buf_free(&text);
	return kept;
}

#define UIDS(n)   "c SEARCH RETURN (UPDATE COUNT) UID 1:" #n " FLAGGED\r\n"
#define SORTED(n) "c SORT RETURN (UPDATE COUNT) (SIZE) UTF-8 UID 1:" #n "\r\n"

static void check_contexts(struct house *h)
{
	char command[80];

	fill(h, LIMIT_CONTEXT_SORTED + 1);
	say(h, "s SELECT INBOX\r\n");
	assert_int_equal(LIMIT_CONTEXT_SORTED, 10000);
	assert_true(keeps(h, SORTED(10000)));
	assert_false(keeps(h, SORTED(10001)));
	flag_every_other(h, LIMIT_CONTEXT_RANGES + 1);
	assert_int_equal(LIMIT_CONTEXT_RANGES, 2048);
	assert_true(keeps(h, UIDS(4096)));
	assert_false(keeps(h, UIDS(4097)));
	assert_true(keeps_text(h, LIMIT_CONTEXT_TEXT));
	assert_false(keeps_text(h, LIMIT_CONTEXT_TEXT + 1));
	/* LIMIT_CONTEXT_ARENA */
	assert_true(keeps_keys(h, LIMIT_SEARCH_KEYS / 2));
	assert_false(keeps_keys(h, LIMIT_SEARCH_KEYS));
	for (unsigned i = 0; i <= LIMIT_CONTEXTS; i++) {
		snprintf(command, sizeof command,
		         "k%u SEARCH RETURN (UPDATE COUNT) ALL\r\n", i);
		say(h, command);
		assert_int_equal(is_refused(h), i == LIMIT_CONTEXTS);
	}
}

static void run(struct loop *loop, void *arg)
{
	struct house h;

	house_open(&h, loop);
	((void (*)(struct house *))arg)(&h);
	house_close(&h);
}

/* Raw deflate, flushed. */
static void pack(z_stream *z, const char *text, struct buf *out)
{
	z->next_in = (Bytef *)(uintptr_t)text;
	z->avail_in = (uInt)strlen(text);
	z->next_out = (Bytef *)buf_room(out, 4096);
	z->avail_out = 4096;
	assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
	out->len += 4096 - z->avail_out;
}

/* What came, back in h->out. */
static void unpack(z_stream *z, struct house *h)
{
	char text[4096];

	z->next_in = (Bytef *)h->out.data;
	z->avail_in = (uInt)h->out.len;
	z->next_out = (Bytef *)text;
	z->avail_out = sizeof text;
	assert_int_equal(inflate(z, Z_SYNC_FLUSH), Z_OK);
	h->out.len = 0;
	buf_add(&h->out, slice_of(text, sizeof text - z->avail_out));
	buf_byte(&h->out, '\0');
}

static enum session_state say_packed(struct house *h, z_stream *out,
                                     z_stream *in, const char *text)
{
	enum session_state state;

	h->out.len = 0;
	pack(out, text, &h->in);
	state = session_run(h->session);
	unpack(in, h);
	return state;
}

/* behaviour 54, behaviour 55 */
static void check_compress(struct house *h)
{
	z_stream in = { 0 }, out = { 0 };
	struct buf both = { 0 };

	assert_int_equal(inflateInit2(&in, -15), Z_OK);
	assert_int_equal(
		deflateInit2(&out, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY),
		Z_OK);
	say(h, "");
	/* what is right behind the command is compressed */
	h->out.len = 0;
	buf_add(&both, S("c1 COMPRESS DEFLATE\r\n"));
	pack(&out, "c2 NOOP\r\n", &both);
	buf_add(&h->in, buf_slice(&both));
	session_run(h->session);
	assert_true(slice_starts(buf_slice(&h->out),
	                         S("c1 OK DEFLATE active\r\n")));
	buf_drop(&h->out, strlen("c1 OK DEFLATE active\r\n"));
	unpack(&in, h);
	assert_has(h, "c2 OK NOOP completed\r\n");
	say_packed(h, &out, &in, "c3 COMPRESS DEFLATE\r\n");
	assert_has(h, "c3 NO [COMPRESSIONACTIVE] ");
	say_packed(h, &out, &in, "c4 STARTTLS\r\n");
	assert_has(h, "c4 BAD ");
	say_packed(h, &out, &in, "c5 APPEND INBOX {5}\r\n");
	assert_has(h, "+ OK\r\n");
	say_packed(h, &out, &in, "hello\r\nc6 SELECT INBOX\r\n");
	assert_has(h, "c5 OK [APPENDUID ");
	assert_has(h, "* 1 EXISTS");
	say_packed(h, &out, &in, "c7 FETCH 1 (BODY.PEEK[] UID)\r\n");
	assert_has(h, "BODY[] {5}\r\nhello UID 1)\r\nc7 OK");
	/* no stream at all: the end, and said so */
	h->out.len = 0;
	buf_add(&h->in, S("\x06\x06\x06"));
	assert_int_equal(session_run(h->session), SESSION_OVER);
	unpack(&in, h);
	assert_has(h, "* BYE what came was not compressed");
	inflateEnd(&in);
	deflateEnd(&out);
	buf_free(&both);
}

static void test_contexts(void **state)
{
	(void)state;
	task_run_main(run, check_contexts);
}

static void test_compress(void **state)
{
	(void)state;
	task_run_main(run, check_compress);
}

static void test_greeting(void **state)
{
	(void)state;
	task_run_main(run, check_greeting);
}

static void test_progress(void **state)
{
	(void)state;
	task_run_main(run, check_progress);
}

static void test_gone(void **state)
{
	(void)state;
	task_run_main(run, check_gone);
}

static void test_facts(void **state)
{
	(void)state;
	task_run_main(run, check_facts);
}

static void test_bye(void **state)
{
	(void)state;
	task_run_main(run, check_bye);
}

static void test_unreadable(void **state)
{
	(void)state;
	task_run_main(run, check_unreadable);
}

static void test_notify_request(void **state)
{
	(void)state;
	task_run_main(run, check_notify_request);
}

static void test_notify_news(void **state)
{
	(void)state;
	task_run_main(run, check_notify_news);
}

static void test_notify_entries(void **state)
{
	(void)state;
	task_run_main(run, check_notify_entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_bye),
		cmocka_unit_test(test_contexts),
		cmocka_unit_test(test_compress),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_notify_request),
		cmocka_unit_test(test_notify_news),
		cmocka_unit_test(test_notify_entries),
	};

	log_init("session_test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
