/*
 * recovery.c -- see recovery.h.
 *
 *   open           the partition, the directory: whatever the cut left
 *   compare        every chain is in a state that history_at() allows; what
 *                  was moved between accounts is in one of them, and whoever
 *                  has rights has been granted to come
 *   go on          an APPEND gets a UID that was never one, a mailbox made
 *                  under a name that was there has another UIDVALIDITY, an
 *                  account can be added
 *   guards         what auth keeps beside the directory (guards.h)
 *   close, check   what `roost store check --deep` finds
 */
#include "recovery.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guards.h"
#include "mailbox/acl.h"
#include "mailbox/check.h"
#include "mailbox/mailbox.h"
#include "state.h"
#include "workload.h"

enum {
	PATH_SIZE = 512,
	ROWS_MOST = 64,
	ACCOUNTS_MOST = 64,
	ARENA_BYTES = 1 << 20
};

struct recovery {
	const char *root;
	const struct promise *promise;
	struct buf *problems;
	struct partition *partition;
	struct model *model;
	struct directory *directory;
	struct buf found[CHAINS];
};

static void problem(struct recovery *r, const char *what, struct slice detail)
{
	buf_printf(r->problems, "%s: %.*s\n", what, (int)detail.len,
	           detail.ptr);
}

static void must(struct recovery *r, struct err e, const char *what)
{
	if (!is_ok(e))
		problem(r, what, slice_cstr(e.text != NULL ? e.text : "?"));
}

static void note(uint32_t chain, const char *what, struct slice state)
{
	record_mark(RECORD_BEGIN, chain, slice_cstr(what));
	record_mark(RECORD_ACK, chain, S(""));
	record_mark(RECORD_STATE, chain, state);
}

/* -- compare -- */

/* The lines of one that the other has not. */
static void add_difference(struct buf *out, char sign, struct slice a,
                           struct slice b)
{
	struct slice line;

	while (a.len > 0) {
		slice_cut(a, '\n', &line, &a);
		if (slice_find(b, line) == SLICE_NONE)
			buf_printf(out, "  %c %.*s\n", sign, (int)line.len,
			           line.ptr);
	}
}

static void compare(struct recovery *r, uint32_t chain,
                    const struct possible *p, struct slice found)
{
	struct slice want = p->v[0]->state;

	for (uint32_t i = 0; i < p->n; i++)
		if (slice_eq(found, p->v[i]->state))
			return;
	buf_printf(r->problems, "chain %u is in no state that it may be in\n",
	           chain);
	add_difference(r->problems, '-', want, found);
	add_difference(r->problems, '+', found, want);
}

static uint64_t id_of(const struct possible *p)
{
	uint64_t id = 0;

	for (uint32_t i = 0; i < p->n && id == 0; i++)
		if (slice_starts(p->v[i]->state, S("id=")))
			sscanf(p->v[i]->state.ptr, "id=%" SCNu64, &id);
	return id;
}

static void compare_account(struct recovery *r, uint32_t chain)
{
	struct possible p =
		history_at(r->promise->history, chain, r->promise->cut);
	struct buf *found = &r->found[chain];
	uint64_t id = id_of(&p);

	if (id == 0)
		return;
	buf_printf(found, "id=%" PRIu64 "\n", id);
	state_of_account(r->model, id, found);
	compare(r, chain, &p, buf_slice(found));
	note(chain, "found", buf_slice(found));
}

/* Every UIDVALIDITY of an account that is gone is below the one kept in mind,
 * so the next of its name has others. */
static void check_kept(struct recovery *r, uint32_t chain, uint32_t kept)
{
	const struct history *h = r->promise->history;
	struct possible p = history_at(h, chain, r->promise->cut);

	if (slice_find(buf_slice(&r->found[chain]), S("absent")) == SLICE_NONE)
		return;
	for (uint32_t i = 0; i < p.begun; i++)
		if (h->chains[chain].steps[i].ack < r->promise->cut &&
		    state_number(h->chains[chain].steps[i].state, "INBOX",
		                 "uidvalidity") > kept)
			problem(r, "a UIDVALIDITY is forgotten",
			        h->chains[chain].steps[i].state);
}

static void check_removed(struct recovery *r)
{
	uint32_t kept = 0;

	must(r, directory_uidvalidity(r->directory, &kept), "UIDVALIDITY");
	for (uint32_t i = CHAIN_FIRST; i < CHAIN_AUDIT; i++)
		check_kept(r, i, kept);
}

/* Whoever has an account gets in with the secret that it was given, in whatever
 * form that is kept. */
static void check_secrets(struct recovery *r)
{
	static const struct slice secrets[] = { N("secret"), N("another") };
	struct account_row rows[ROWS_MOST];
	size_t n = 0;

	must(r, directory_page(r->directory, S(""), S(""), rows, ROWS_MOST, &n),
	     "rows");
	for (size_t i = 0; i < n; i++) {
		bool right = rows[i].shared;

		for (size_t k = 0; k < 2; k++)
			right |= password_verify(account_row_stored(&rows[i]),
			                         secrets[k],
			                         true) == PASSWORD_RIGHT;
		if (!right)
			problem(r, "its secret opens nothing",
			        account_row_name(&rows[i]));
	}
}

/* Is this step under way? */
static bool is_on(const struct possible *p, struct slice what)
{
	return p->n == 2 && slice_eq(p->v[1]->what, what);
}

/* What has left one account has come into the other: in one of the two, or in
 * both, never in none. */
static void compare_moved(struct recovery *r)
{
	uint32_t cut = r->promise->cut;
	bool left = false;
	bool missing = false;

	for (uint32_t i = CHAIN_FIRST; i < CHAIN_AUDIT; i++) {
		struct possible p = history_at(r->promise->history, i, cut);
		bool is_done = p.n == 2 &&
		               slice_eq(buf_slice(&r->found[i]), p.v[1]->state);

		left |= is_on(&p, STEP_LEAVES) && is_done;
		missing |= is_on(&p, STEP_ARRIVES) && !is_done;
	}
	if (left && missing)
		problem(r, "a message is nowhere", S(""));
}

static void compare_directory(struct recovery *r)
{
	struct possible p = history_at(r->promise->history, CHAIN_DIRECTORY,
	                               r->promise->cut);
	struct buf found = { 0 };

	state_of_directory(r->directory, &found);
	if (p.n != 0)
		compare(r, CHAIN_DIRECTORY, &p, buf_slice(&found));
	note(CHAIN_DIRECTORY, "found", buf_slice(&found));
	buf_free(&found);
}

static void compare_site(struct recovery *r)
{
	struct possible p =
		history_at(r->promise->history, CHAIN_SITE, r->promise->cut);
	struct buf found = { 0 };
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "%s" SITE_AT, r->root);
	state_of_site(path, &found);
	if (p.n != 0)
		compare(r, CHAIN_SITE, &p, buf_slice(&found));
	note(CHAIN_SITE, "found", buf_slice(&found));
	buf_free(&found);
}

/* -- rights and grants -- */

struct sharing {
	struct recovery *recovery;
	struct account *account;
	struct arena *arena;
};

static bool needs_grant(struct account *a, const struct acl_entry *e)
{
	return e->rights != 0 && !slice_starts(e->identifier, S("-")) &&
	       !slice_eq(e->identifier, S("owner")) &&
	       !slice_ieq(e->identifier, account_name(a));
}

static void check_grant(struct sharing *s, struct slice identifier)
{
	struct account_row who = { .name_len = identifier.len };

	if (identifier.len > sizeof who.name)
		return;
	memcpy(who.name, identifier.ptr, identifier.len);
	if (!is_ok(directory_granted(s->recovery->directory,
	                             account_id(s->account), &who)))
		problem(s->recovery, "rights without a grant to", identifier);
}

static void check_acl(struct sharing *s, struct slice name)
{
	struct acl_entry *v;
	size_t n;

	if (!is_ok(mailbox_get_acl(s->account, name, s->arena, &v, &n)))
		return;
	for (size_t i = 0; i < n; i++)
		if (needs_grant(s->account, &v[i]))
			check_grant(s, v[i].identifier);
}

static void check_mailboxes(struct sharing *s)
{
	struct mailbox_info *infos;
	size_t n = 0;

	must(s->recovery, mailbox_list(s->account, s->arena, &infos, &n),
	     "mailboxes");
	for (size_t i = 0; i < n; i++)
		if (infos[i].exists && !infos[i].noselect)
			check_acl(s, infos[i].name);
}

/* Who has been given rights can come: the grant was there before. */
static void check_sharing(struct recovery *r, uint64_t id)
{
	struct sharing s = { .recovery = r };

	if (!is_ok(account_open(r->model, id, &s.account)))
		return;
	s.arena = arena_new(ARENA_BYTES);
	check_mailboxes(&s);
	arena_free(s.arena);
	account_close(s.account);
}

/* -- the two together -- */

struct accounts {
	uint64_t id[ACCOUNTS_MOST];
	size_t n;
};

static bool take_account(void *arg, uint64_t id, struct slice name)
{
	struct accounts *a = arg;

	(void)name;
	if (a->n < ACCOUNTS_MOST)
		a->id[a->n++] = id;
	return true;
}

static bool has_mail(const struct accounts *a, uint64_t id)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->id[i] == id)
			return true;
	return false;
}

/* Who can log in has mail, and whoever has mail has a row. */
static void compare_accounts(struct recovery *r)
{
	struct account_row rows[ROWS_MOST];
	struct accounts mail = { 0 };
	size_t with_row = 0;
	size_t n = 0;

	must(r, model_accounts(r->model, take_account, &mail), "accounts");
	must(r, directory_page(r->directory, S(""), S(""), rows, ROWS_MOST, &n),
	     "rows");
	for (size_t i = 0; i < n; i++) {
		bool there = has_mail(&mail, rows[i].id);

		with_row += there;
		if (!there && (rows[i].state == ACCOUNT_ENABLED ||
		               rows[i].state == ACCOUNT_DISABLED))
			problem(r, "no mail of", account_row_name(&rows[i]));
	}
	if (with_row != mail.n)
		problem(r, "mail of an account without a row", S(""));
	for (size_t i = 0; i < mail.n; i++)
		check_sharing(r, mail.id[i]);
}

/* -- go on -- */

static struct err append(struct recovery *r, struct account *a, uint32_t *uid)
{
	struct new_message m = { .message = incoming_new(r->model) };
	struct buf text = { 0 };
	struct mailbox *inbox;
	struct err e = mailbox_open(a, S("INBOX"), &inbox);

	message_make(&text, r->promise->cut + UINT64_C(1000000), 800);
	if (is_ok(e)) {
		e = incoming_write(m.message, buf_slice(&text));
		if (is_ok(e))
			e = incoming_finish(m.message);
		if (is_ok(e))
			e = mailbox_append(inbox, &m, 1, uid);
		mailbox_close(inbox);
	}
	incoming_free(m.message);
	buf_free(&text);
	return e;
}

/* Every state that the first one's mail has been in, or may have been. */
static void check_uid(struct recovery *r, struct slice now, uint32_t uid)
{
	const struct history *h = r->promise->history;
	struct possible p = history_at(h, CHAIN_FIRST, r->promise->cut);
	uint64_t uidvalidity = state_number(now, "INBOX", "uidvalidity");

	for (uint32_t i = 0; i < p.begun; i++) {
		const struct step *step = &h->chains[CHAIN_FIRST].steps[i];

		if (step->ack < r->promise->cut &&
		    state_number(step->state, "INBOX", "uidvalidity") ==
		            uidvalidity &&
		    uid < state_number(step->state, "INBOX", "uidnext"))
			problem(r, "a UID is used again", step->state);
	}
}

static void check_uidvalidity(struct recovery *r, uint64_t uidvalidity)
{
	const struct history *h = r->promise->history;
	struct possible p = history_at(h, CHAIN_FIRST, r->promise->cut);

	for (uint32_t i = 0; i < p.begun; i++) {
		const struct step *step = &h->chains[CHAIN_FIRST].steps[i];

		if (step->ack < r->promise->cut &&
		    state_number(step->state, "Again", "uidvalidity") ==
		            uidvalidity)
			problem(r, "a UIDVALIDITY is used again", step->state);
	}
}

static void note_account(struct recovery *r, uint64_t id, struct buf *state)
{
	state->len = 0;
	buf_printf(state, "id=%" PRIu64 "\n", id);
	state_of_account(r->model, id, state);
	record_mark(RECORD_STATE, CHAIN_FIRST, buf_slice(state));
}

static void begin(const char *what)
{
	record_mark(RECORD_BEGIN, CHAIN_FIRST, slice_cstr(what));
}

static void end(struct recovery *r, struct account *a, struct buf *state)
{
	record_mark(RECORD_ACK, CHAIN_FIRST, S(""));
	note_account(r, account_id(a), state);
}

static void recreate(struct recovery *r, struct account *a, struct buf *state)
{
	struct err e;

	if (state_number(buf_slice(state), "Again", "uidvalidity") != 0) {
		begin("DELETE");
		must(r, mailbox_delete(a, S("Again")), "DELETE");
		end(r, a, state);
	}
	begin("CREATE");
	e = mailbox_create(a, S("Again"), 0);
	must(r, e, "CREATE");
	end(r, a, state);
	check_uidvalidity(
		r, state_number(buf_slice(state), "Again", "uidvalidity"));
}

static void go_on_with(struct recovery *r, struct account *a)
{
	struct buf state = { 0 };
	uint32_t uid = 0;

	begin("APPEND");
	must(r, append(r, a, &uid), "APPEND");
	end(r, a, &state);
	check_uid(r, buf_slice(&state), uid);
	recreate(r, a, &state);
	buf_free(&state);
}

static void go_on(struct recovery *r)
{
	struct possible p =
		history_at(r->promise->history, CHAIN_FIRST, r->promise->cut);
	struct account *a;
	uint64_t id = id_of(&p);
	struct err e;

	if (id == 0)
		return;
	e = account_open(r->model, id, &a);
	if (is_ok(e)) {
		go_on_with(r, a);
		account_close(a);
	} else if (e.code != ERR_ABSENT) {
		must(r, e, "an account");
	}
}

static void go_on_adding(struct recovery *r)
{
	struct buf state = { 0 };
	uint64_t id;
	struct err e;

	record_mark(RECORD_BEGIN, CHAIN_DIRECTORY, S("user add"));
	e = directory_add(r->directory, S("after@example.org"),
	                  S("{PLAIN}secret"), &id);
	record_mark(RECORD_ACK, CHAIN_DIRECTORY, S(""));
	state_of_directory(r->directory, &state);
	record_mark(RECORD_STATE, CHAIN_DIRECTORY, buf_slice(&state));
	buf_free(&state);
	if (e.code != ERR_ALREADYEXISTS)
		must(r, e, "user add");
}

/* -- all of it -- */

static bool open_both(struct recovery *r, struct loop *loop)
{
	char path[PATH_SIZE];
	struct err e;

	snprintf(path, sizeof path, "%s" PARTITION_AT, r->root);
	e = partition_open(loop, path, small_partition(), &r->partition);
	if (!is_ok(e) && !r->promise->is_made)
		return false;
	must(r, e, "the partition does not open");
	if (!is_ok(e))
		return false;
	snprintf(path, sizeof path, "%s" DIRECTORY_AT, r->root);
	e = directory_open(path, PARTITIONS, &r->directory);
	if (is_ok(e))
		return true;
	if (r->promise->is_made)
		must(r, e, "the directory does not open");
	partition_close(r->partition);
	return false;
}

static void check(struct recovery *r)
{
	struct check_report report = { 0 };
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "%s" PARTITION_AT, r->root);
	must(r, store_check(path, true, &report), "the check");
	must(r, mailbox_check(path, &report), "the check");
	if (report.problems != 0)
		problem(r, "the check finds", buf_slice(&report.text));
	buf_free(&report.text);
}

static void run(struct loop *loop, void *arg)
{
	struct recovery *r = arg;

	compare_site(r);
	if (!open_both(r, loop))
		return;
	r->model = small_model(r->partition);
	for (uint32_t i = CHAIN_FIRST; i < CHAIN_AUDIT; i++)
		compare_account(r, i);
	compare_moved(r);
	compare_directory(r);
	check_removed(r);
	check_secrets(r);
	compare_accounts(r);
	go_on(r);
	go_on_adding(r);
	guards_recover(loop, r->root, r->promise->history, r->promise->cut,
	               r->problems);
	model_free(r->model);
	directory_close(r->directory);
	partition_close(r->partition);
	check(r);
}

void recovery_run(const char *root, const struct promise *promise,
                  struct recording *recording, struct buf *problems)
{
	struct recovery r = { .root = root,
		              .promise = promise,
		              .problems = problems };

	if (recording != NULL) {
		record_start(recording, root);
		record_mark(RECORD_PHASE, 0, S("recovery"));
	}
	task_run_main(run, &r);
	if (recording != NULL)
		record_stop();
	for (uint32_t i = 0; i < CHAINS; i++)
		buf_free(&r.found[i]);
}
