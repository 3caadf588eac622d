/*
 * deeds.c -- see deeds.h.
 *
 * Commands go through real sessions (only the socket is missing), delivery
 * and the verbs of accounts through the functions behind them.
 */
#include "deeds.h"
#include "mailbox/imported.h"

#include <stdio.h>
#include <string.h>

#include "deliver/internal.h"
#include "office.h"
#include "secrets.h"

enum { PATH_SIZE = 512 };

/* "another", in another form than it is given. */
#define ANOTHER S("{SHA256}rkSKyGxOjk3sZFcpcI70GHOuecbf+E7/czYJiUh/COU=")

/* -- accounts, as `roost user` has it -- */

struct name {
	char text[32];
};

static struct name name_of(uint32_t chain)
{
	struct name name;

	snprintf(name.text, sizeof name.text, "user%u@example.org", chain);
	return name;
}

/* The first step that is refused ends a verb: asking again finishes it. */
static bool set_state(struct work *w, uint32_t chain, enum account_state state,
                      const char *verb)
{
	step_begin(CHAIN_DIRECTORY, slice_cstr(verb));
	return directory_end(
		w, directory_set_state(w->directory, w->account[chain], state));
}

void user_add(struct work *w, uint32_t chain)
{
	struct name name = name_of(chain);

	step_begin(CHAIN_DIRECTORY, S("user add"));
	if (!directory_end(w, directory_add(w->directory, slice_cstr(name.text),
	                                    S("{PLAIN}secret"),
	                                    &w->account[chain])))
		return;
	step_begin(chain, S("absent"));
	step_acknowledge(chain);
	note_account(w, chain);
	step_begin(chain, S("user add"));
	if (account_end(w, chain,
	                account_create(w->model, w->account[chain],
	                               slice_cstr(name.text))))
		set_state(w, chain, ACCOUNT_ENABLED, "user add");
}

/* Where nothing is kept in mind it does not go, and says what is to be. */
static bool keep_uidvalidity(struct work *w, uint32_t chain, uint32_t *kept)
{
	struct err e = account_delete(w->model, w->account[chain], kept);

	step_begin(CHAIN_DIRECTORY, S("user remove"));
	if (e.code == ERR_NOTNOW)
		e = directory_raise_uidvalidity(w->directory, *kept);
	return directory_end(w, e);
}

void user_remove(struct work *w, uint32_t chain)
{
	uint32_t kept = 0;

	if (!set_state(w, chain, ACCOUNT_REMOVING, "user remove") ||
	    !keep_uidvalidity(w, chain, &kept))
		return;
	step_begin(chain, S("user remove"));
	if (!account_end(w, chain,
	                 account_delete(w->model, w->account[chain], &kept)))
		return;
	step_begin(CHAIN_DIRECTORY, S("user remove"));
	directory_end(w, directory_forget(w->directory, w->account[chain]));
}

/* What is said of the second one goes with it. */
static void hide(struct work *w)
{
	struct name second = name_of(CHAIN_SECOND);
	const struct slice scopes[] = { S(""), S("@example.org"),
		                        slice_cstr(second.text) };

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
		step_begin(CHAIN_DIRECTORY, S("capability hide"));
		directory_end(w, directory_hide(w->directory, scopes[i],
		                                S("QRESYNC")));
	}
	step_begin(CHAIN_DIRECTORY, S("capability offer"));
	directory_end(w,
	              directory_offer(w->directory, scopes[1], S("QRESYNC")));
}

/* As a log-in does that has shown it. */
static void rehash(struct work *w, uint64_t id)
{
	struct account_row row = { 0 };

	(void)directory_find_id(w->directory, id, &row);
	step_begin(CHAIN_DIRECTORY, S("a better form"));
	directory_end(w, directory_rehash(w->directory, row.credential,
	                                  row.generation, ANOTHER));
}

/* Nobody logs in to it, and it is not made to the end. */
static void shared(struct work *w)
{
	uint64_t id;

	step_begin(CHAIN_DIRECTORY, S("user add --shared"));
	if (!directory_end(w, directory_add(w->directory, S("us@example.org"),
	                                    S(""), &id)))
		return;
	step_begin(CHAIN_DIRECTORY, S("user remove"));
	directory_end(w, directory_forget(w->directory, id));
}

void user_others(struct work *w)
{
	uint64_t id = w->account[CHAIN_SECOND];
	struct credential_use use = { 1, WORKLOAD_START };

	set_state(w, CHAIN_SECOND, ACCOUNT_DISABLED, "user disable");
	set_state(w, CHAIN_SECOND, ACCOUNT_ENABLED, "user enable");
	step_begin(CHAIN_DIRECTORY, S("user password"));
	directory_end(w, directory_set_password(w->directory, id,
	                                        S("{PLAIN}another")));
	rehash(w, id);
	step_begin(CHAIN_DIRECTORY, S("last use"));
	directory_end(w, directory_used(w->directory, &use, 1));
	step_begin(CHAIN_DIRECTORY, S("group add"));
	directory_end(w, directory_join(w->directory, id, S("staff")));
	step_begin(CHAIN_DIRECTORY, S("group add"));
	directory_end(w, directory_join(w->directory, id, S("desk")));
	step_begin(CHAIN_DIRECTORY, S("group remove"));
	directory_end(w, directory_leave(w->directory, id, S("staff")));
	hide(w);
	shared(w);
	secrets(w, CHAIN_SECOND);
}

/* -- what is not a command -- */

static void lmtp(struct client *c)
{
	struct work *w = c->work;
	struct recipient to[2] = {
		{ .account = w->account[CHAIN_FIRST], .name = S("user1") },
		{ .account = w->account[CHAIN_SECOND], .name = S("user2") },
	};
	struct delivery d = { .model = w->model,
		              .loop = w->loop,
		              .sender = S("sender@example.com"),
		              .session_id = S("0123456789abcdef"),
		              .v = to,
		              .n = 2,
		              .message = incoming_new(w->model),
		              .now = WORKLOAD_START };
	struct buf text = { 0 };
	struct err e;

	message_make(&text, c->message++, 2500);
	step_begin(CHAIN_FIRST, S("LMTP"));
	step_begin(CHAIN_SECOND, S("LMTP"));
	e = incoming_write(d.message, buf_slice(&text));
	if (is_ok(e))
		e = incoming_finish(d.message);
	delivery_run(&d, e);
	account_end(w, CHAIN_FIRST, to[0].result);
	account_end(w, CHAIN_SECOND, to[1].result);
	incoming_free(d.message);
	buf_free(&text);
}

static void set_quota(struct client *c, const uint64_t limit[QUOTA_RESOURCES])
{
	struct account *a;
	struct err e =
		account_open(c->work->model, c->work->account[c->chain], &a);

	step_begin(c->chain, S("quota"));
	if (is_ok(e)) {
		e = account_set_quota(a, QUOTA_ALL, limit);
		account_close(a);
	}
	account_end(c->work, c->chain, e);
}

static void quota(struct client *c)
{
	static const uint64_t limit[QUOTA_RESOURCES] = { 1000000, 500, 60,
		                                         10000 };

	set_quota(c, limit);
}

static void no_quota(struct client *c)
{
	static const uint64_t limit[QUOTA_RESOURCES] = { 0 };

	set_quota(c, limit);
}

static struct err set_uids_of(struct account *a, struct slice name)
{
	struct mailbox *m;
	struct err e = mailbox_open(a, name, &m);

	if (!is_ok(e))
		return e;
	e = mailbox_set_uids(m, 1234567890, 4711);
	mailbox_close(m);
	return e;
}

/* What the import of a Maildir does before the first message. */
static void set_uids(struct client *c)
{
	struct account *a;
	struct err e =
		account_open(c->work->model, c->work->account[c->chain], &a);

	step_begin(c->chain, S("import"));
	if (is_ok(e)) {
		e = set_uids_of(a, S("Imported"));
		account_close(a);
	}
	account_end(c->work, c->chain, e);
}

static void set_administrator(struct client *c, bool on, const char *verb)
{
	struct work *w = c->work;

	step_begin(CHAIN_DIRECTORY, slice_cstr(verb));
	directory_end(w, directory_set_administrator(w->directory,
	                                             w->account[c->chain], on));
}

static void promote(struct client *c)
{
	set_administrator(c, true, "user promote");
}

static void demote(struct client *c)
{
	set_administrator(c, false, "user demote");
}

static void reclaim(struct client *c)
{
	struct err e = OK;
	bool did = true;

	while (is_ok(e) && did)
		e = partition_reclaim(c->work->partition, &did);
	workload_must(is_ok(e) || c->work->in != NULL, "packs are reclaimed");
}

static const struct {
	const char *name;
	void (*run)(struct client *);
} specials[] = {
	{ "!lmtp", lmtp },         { "!quota", quota },
	{ "!no_quota", no_quota }, { "!import", set_uids },
	{ "!reclaim", reclaim },   { "!promote", promote },
	{ "!demote", demote },
};

static void client_run(struct client *c, const char *line)
{
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
		if (!strcmp(line, specials[i].name)) {
			specials[i].run(c);
			return;
		}
	client_say(c, line);
}

void client_script(struct client *c, const char *const *lines)
{
	for (; *lines != NULL && !c->over; lines++)
		client_run(c, *lines);
}

/* -- the store -- */

struct err work_open_partition(struct work *w)
{
	char path[PATH_SIZE];
	struct err e;

	snprintf(path, sizeof path, "%s" PARTITION_AT, w->root);
	e = partition_open(w->loop, path, small_partition(), &w->partition);
	if (!is_ok(e))
		return e;
	w->model = small_model(w->partition);
	w->office = office_of(w);
	w->config =
		(struct session_config){ .clock = still_clock(),
		                         .model = w->model,
		                         .visits = &w->office,
		                         .message_limit_bytes = 1 << 20,
		                         .hostname = S("mail.example.org") };
	return OK;
}

struct err work_open_directory(struct work *w)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "%s" DIRECTORY_AT, w->root);
	return directory_open(path, PARTITIONS, &w->directory);
}

void work_close(struct work *w)
{
	if (w->partition != NULL) {
		model_free(w->model);
		partition_close(w->partition);
	}
	if (w->directory != NULL)
		directory_close(w->directory);
	w->partition = NULL;
	w->directory = NULL;
}
