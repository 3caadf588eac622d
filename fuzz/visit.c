/*
 * visit.c -- fuzzed: the command streams of session.c, from somebody who has
 * selected another's INBOX. His session and the visit go on or end in order,
 * what he is told are whole responses, and every command is answered: a visit
 * that waited for more of it would wait for ever.
 *
 * The owner looks on, and must be told the truth. INBOX is the visitor's to do
 * everything with, Plans to read and to add to, the rest is not there for him.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "house.h"
#include "imap/conn.h"
#include "imap/visit.h"
#include "mailbox/mailbox.h"
#include "peer.h"
#include "task/task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VISITOR = HOUSE_ACCOUNT + 1 };

struct street {
	struct session_config config;
	struct visit_office office;
	unsigned visits; /* under way */
};

static void on_end(void *arg, const struct conn_left *left)
{
	must(left == NULL);
	((struct street *)arg)->visits--;
}

static struct err office_open(void *ctx, uint64_t account,
                              struct slice session_id, bool shared,
                              struct slice owner, int *fd)
{
	const struct identity who = { .account = VISITOR,
		                      .name = S("v@example.org") };
	struct street *s = ctx;
	struct session_start start = {
		.config = &s->config,
		.session_id = session_id,
		.login_tag = S(ERRAND),
		.visitor = &who,
		.prefix = S("Other Users/a@example.org/"),
	};
	int fds[2];

	must(account == VISITOR);
	if (shared || !slice_ieq(owner, S("a@example.org")))
		return err(ERR_ABSENT, "no such owner");
	must(is_ok(
		account_open(s->config.model, HOUSE_ACCOUNT, &start.account)));
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	conn_start(task_loop(), fds[0], &start, on_end, s);
	s->visits++;
	*fd = fds[1];
	return OK;
}

static struct err office_owners(void *ctx, uint64_t account, bool shared,
                                struct arena *a, struct slice **names,
                                size_t *n)
{
	(void)ctx;
	(void)account;
	*names = arena_array(a, 1, sizeof **names);
	(*names)[0] = S("a@example.org");
	*n = !shared;
	return OK;
}

static struct err office_grant(void *ctx, uint64_t owner,
                               struct slice identifier)
{
	(void)ctx;
	(void)owner;
	(void)identifier;
	return OK;
}

static struct err office_administers(void *ctx, uint64_t account,
                                     uint64_t owner)
{
	(void)ctx;
	return account == VISITOR && owner == HOUSE_ACCOUNT
	               ? OK
	               : err(ERR_NOPERM, "no administrator");
}

static void share(struct model *model)
{
	struct account *owner;

	must(is_ok(account_open(model, HOUSE_ACCOUNT, &owner)));
	inbox_add(model, owner);
	inbox_add(model, owner);
	mailbox_create(owner, S("Plans"), 0);
	must(is_ok(mailbox_set_acl(owner, S("INBOX"), S("v@example.org"),
	                           ACL_REPLACE, RIGHTS_ALL)));
	must(is_ok(mailbox_set_acl(owner, S("Plans"), S("v@example.org"),
	                           ACL_REPLACE,
	                           RIGHT_LOOKUP | RIGHT_READ | RIGHT_INSERT)));
	account_close(owner);
}

static void talk(struct street *s, struct slice bytes)
{
	struct peer visitor = { 0 };
	struct peer owner = { .looks_on = true };

	peer_start(&visitor, &s->config, VISITOR);
	peer_start(&owner, &s->config, HOUSE_ACCOUNT);
	peer_say(&owner, S("b SELECT INBOX\r\n"));
	peer_say(&visitor,
	         S("a SELECT \"Other Users/a@example.org/INBOX\"\r\n"));
	must(visitor.knows == 2);
	while (bytes.len != 0) {
		struct slice piece = slice_first(bytes, 200);

		bytes = slice_from(bytes, piece.len);
		peer_say(&visitor, piece);
		peer_say(&owner, S("b NOOP\r\n"));
	}
	peer_end(&visitor);
	peer_end(&owner);
}

static void run(struct model *model, struct slice input)
{
	uint32_t kept = UINT32_MAX;
	struct street s = { .config = { .clock = &system_clock,
		                        .model = model,
		                        .visits = &s.office,
		                        .message_limit_bytes = 1 << 16 } };

	s.office = (struct visit_office){ office_open,  office_owners,
		                          office_grant, office_administers,
		                          &s,           NULL };
	must(is_ok(account_create(model, VISITOR, S("v@example.org"))));
	share(model);
	talk(&s, input);
	while (s.visits != 0)
		task_sleep(1);
	must(is_ok(account_delete(model, VISITOR, &kept)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	house_run(run, slice_of(data, size));
	return 0;
}
