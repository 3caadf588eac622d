/*
 * session.c -- fuzzed: whole command streams against a real store. Whatever
 * comes in, the session goes on or ends in order (session_check and
 * view_check run after each round), and what it says are lines.
 *
 * Each input has a store of its own with two messages in INBOX, and a second
 * session that must be able to follow.
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

struct input {
	struct slice bytes;
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

static void run(struct loop *loop, void *arg)
{
	struct input *input = arg;
	struct partition_options options = { .map_bytes = 16 << 20 };
	char dir[] = "/dev/shm/roost-fuzz-XXXXXX";
	struct partition *partition;
	struct session_config config = { .clock = &system_clock,
		                         .message_limit_bytes = 1 << 16 };
	struct account *account;

	if (mkdtemp(dir) == NULL || !is_ok(partition_make(dir)) ||
	    !is_ok(partition_open(loop, dir, options, &partition)))
		abort();
	config.model = model_new(partition, &system_clock);
	if (!is_ok(account_create(config.model, 1, S("a@example.org"))) ||
	    !is_ok(account_open(config.model, 1, &account)))
		abort();
	add_message(config.model, account);
	add_message(config.model, account);
	account_close(account);
	run_input(&config, input->bytes);
	model_free(config.model);
	partition_close(partition);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { { (const char *)data, size } };

	log_init("fuzz", LOG_LEVEL_ERROR);
	task_run_main(run, &input);
	return 0;
}
