/*
 * session.c -- fuzzed: whole command streams against a real store. Whatever
 * comes in, the session goes on or ends in order (session_check and
 * view_check run after each round), and what it says are lines.
 *
 * Each input has an account of its own with two messages in INBOX, and a
 * second session that must be able to follow.
 */
#include <assert.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "imap/session.h"
#include "mailbox/mailbox.h"
#include "task/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
	struct slice in;
	struct buf out;
	struct session *session;
	bool over;
};

static struct err peer_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct peer *p = ctx;

	*got = p->in.len < size ? p->in.len : size;
	if (*got != 0)
		memcpy(to, p->in.ptr, *got);
	p->in = slice_from(p->in, *got);
	return OK;
}

static struct err peer_write(void *ctx, struct slice s)
{
	buf_add(&((struct peer *)ctx)->out, s);
	return OK;
}

static void peer_wake(void *arg)
{
	(void)arg;
}

static void add_message(struct model *model, struct account *account)
{
	struct new_message m = { .message = incoming_new(model) };
	struct mailbox *inbox;
	uint32_t uid;

	if (!is_ok(mailbox_open(account, S("INBOX"), &inbox)) ||
	    !is_ok(incoming_write(m.message,
	                          S("Subject: x\r\nFrom: a@example.org\r\n"
	                            "Content-Type: multipart/mixed; "
	                            "boundary=b\r\n\r\n--b\r\n\r\none\r\n"
	                            "--b\r\nContent-Type: message/rfc822"
	                            "\r\n\r\nSubject: y\r\n\r\ntwo\r\n"
	                            "--b--\r\n"))) ||
	    !is_ok(incoming_finish(m.message)) ||
	    !is_ok(mailbox_append(inbox, &m, 1, &uid)))
		abort();
	incoming_free(m.message);
	mailbox_close(inbox);
}

static void peer_start(struct peer *p, const struct session_config *config)
{
	struct session_start start = {
		.config = config,
		.io = { peer_read, peer_write, p },
		.session_id = S("0"),
		.wake = peer_wake,
	};

	if (!is_ok(account_open(config->model, 1, &start.account)))
		abort();
	p->session = session_new(&start);
}

static void peer_say(struct peer *p, struct slice bytes)
{
	p->in = bytes;
	if (!p->over)
		p->over = session_run(p->session) == SESSION_OVER;
}

static void run_input(const struct session_config *config, struct slice bytes)
{
	struct peer one = { 0 };
	struct peer two = { 0 };

	peer_start(&one, config);
	peer_start(&two, config);
	peer_say(&two, S("b SELECT INBOX\r\n"));
	peer_say(&one, S("a SELECT INBOX\r\n"));
	while (bytes.len != 0) {
		struct slice piece = slice_first(bytes, 200);

		bytes = slice_from(bytes, piece.len);
		peer_say(&one, piece);
		peer_say(&two, S("b NOOP\r\n"));
	}
	session_free(one.session);
	session_free(two.session);
	buf_free(&one.out);
	buf_free(&two.out);
}

static int remove_one(const char *path, const struct stat *st, int flag,
                      struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* One store for all inputs: making one takes longer than most of them. */
static struct house {
	char dir[40];
	struct loop *loop;
	struct partition *partition;
	struct session_config config;
} house;

static void house_close(void)
{
	nftw(house.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void house_open(void)
{
	struct partition_options options = { .map_bytes = 256 << 20 };

	log_init("fuzz", LOG_LEVEL_ERROR);
	strcpy(house.dir, "/dev/shm/roost-fuzz-XXXXXX");
	house.loop = loop_new();
	if (mkdtemp(house.dir) == NULL || !is_ok(partition_make(house.dir)) ||
	    !is_ok(partition_open(house.loop, house.dir, options,
	                          &house.partition)))
		abort();
	atexit(house_close);
	house.config = (struct session_config){
		.clock = &system_clock,
		.model = model_new(house.partition, &system_clock),
		.message_limit_bytes = 1 << 16,
	};
}

static void run(void *arg)
{
	struct model *model = house.config.model;
	struct account *account;

	if (!is_ok(account_create(model, 1, S("a@example.org"))) ||
	    !is_ok(account_open(model, 1, &account)))
		abort();
	add_message(model, account);
	add_message(model, account);
	account_close(account);
	run_input(&house.config, *(const struct slice *)arg);
	if (!is_ok(account_delete(model, 1)))
		abort();
	loop_stop(house.loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };

	if (house.loop == NULL)
		house_open();
	task_spawn(house.loop, run, &input);
	loop_run(house.loop);
	return 0;
}
