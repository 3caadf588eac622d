/*
 * session.c -- fuzzed: whole command streams against a real store. Whatever
 * comes in, the session goes on or ends in order (session_check and
 * view_check run after each round), and what it says are whole responses.
 *
 * A second session of the account looks on and asks NOOP: the message numbers
 * that either is told of are of messages that it knows, the onlooker's grow
 * fewer by EXPUNGE only, and in the end it knows as many as are there.
 *
 * Each input has an account of its own with two messages in INBOX.
 */
#include <stdint.h>
#include <stdlib.h>

#include "house.h"
#include "peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many messages INBOX has for somebody who comes now. */
static uint64_t count_inbox(const struct session_config *config)
{
	struct peer p = { 0 };

	peer_start(&p, config, HOUSE_ACCOUNT);
	peer_say(&p, S("c EXAMINE INBOX\r\n"));
	peer_end(&p);
	return p.knows;
}

static void run_input(const struct session_config *config, struct slice bytes)
{
	struct peer one = { 0 };
	struct peer two = { .looks_on = true };

	peer_start(&one, config, HOUSE_ACCOUNT);
	peer_start(&two, config, HOUSE_ACCOUNT);
	peer_say(&two, S("b SELECT INBOX\r\n"));
	peer_say(&one, S("a SELECT INBOX\r\n"));
	while (bytes.len != 0) {
		struct slice piece = slice_first(bytes, 200);

		bytes = slice_from(bytes, piece.len);
		peer_say(&one, piece);
		peer_say(&two, S("b NOOP\r\n"));
	}
	must(two.over || two.knows == count_inbox(config));
	peer_end(&one);
	peer_end(&two);
}

static void run(struct model *model, struct slice input)
{
	struct session_config config = {
		.clock = &system_clock,
		.model = model,
		.message_limit_bytes = 1 << 16,
	};
	struct account *account;

	must(is_ok(account_open(model, HOUSE_ACCOUNT, &account)));
	inbox_add(model, account);
	inbox_add(model, account);
	account_close(account);
	run_input(&config, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	house_run(run, slice_of(data, size));
	return 0;
}
