/*
 * model.c -- random work by several sessions, compared with a model of it
 * in a few arrays.
 *
 * First one operation after another: after each sync a client that has heard
 * nothing but view events knows what the model knows. Then many tasks at
 * once: the views agree with the mailbox when all is done.
 * behaviour 62, behaviour 64, behaviour 149
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define TEXT "Subject: hello\r\n\r\nbody\r\n"

enum { MAILBOXES = 4, SESSIONS = 4, MOST = 4000, STEPS = 3000, KEYWORDS = 100 };

struct message {
	uint32_t uid;
	uint8_t flags;
	uint64_t keywords; /* of a few of them */
};

struct box {
	char name[16];
	bool exists;
	uint32_t uidvalidity, uidnext;
	uint64_t highestmodseq;
	struct message v[MOST];
	size_t n;
};

/* What a client knows, from events alone. */
struct client {
	struct view *view;
	size_t box;
	struct message v[MOST];
	size_t n;
};

struct world {
	struct rig *rig;
	struct incoming *message;
	uint64_t random;
	struct box boxes[MAILBOXES];
	struct client clients[SESSIONS];
	uint32_t largest_uidvalidity;
	size_t names; /* given so far */
};

static uint32_t choose(struct world *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random >> 11) % n);
}

static const char *const keyword_names[] = { "$Junk", "work", "Later", "x" };

static uint64_t keywords_of(struct mailbox *m, const struct record *r)
{
	uint64_t bits = 0;
	size_t n;
	const struct slice *names = mailbox_keywords(m, &n);

	for (size_t i = 0; i < n; i++) {
		if (!(r->keywords.word[i / 64] >> (i % 64) & 1))
			continue;
		for (size_t k = 0; k < 4; k++) {
			if (slice_ieq(names[i], slice_cstr(keyword_names[k])))
				bits |= UINT64_C(1) << k;
		}
	}
	return bits;
}

/* -- a client -- */

static void look(struct client *c, uint32_t seq)
{
	struct mailbox *m = view_mailbox(c->view);
	struct record r;

	c->v[seq - 1].uid = view_uid(c->view, seq);
	if (!is_ok(mailbox_record(m, c->v[seq - 1].uid, &r)))
		return;
	c->v[seq - 1].flags = r.flags;
	c->v[seq - 1].keywords = keywords_of(m, &r);
}

static void hear(void *arg, const struct view_event *e)
{
	struct client *c = arg;

	switch (e->kind) {
	case VIEW_EXPUNGE:
		assert_in_range(e->seq, 1, c->n);
		assert_int_equal(c->v[e->seq - 1].uid, e->uid);
		memmove(&c->v[e->seq - 1], &c->v[e->seq],
		        (c->n - e->seq) * sizeof *c->v);
		c->n--;
		break;
	case VIEW_EXISTS:
		assert_true(e->seq > c->n && e->seq <= MOST);
		while (c->n < e->seq)
			look(c, (uint32_t)++c->n);
		break;
	case VIEW_FLAGS:
		assert_in_range(e->seq, 1, c->n);
		assert_int_equal(c->v[e->seq - 1].uid, e->uid);
		look(c, e->seq);
		break;
	default:
		break;
	}
}

static void select_box(struct world *w, struct client *c, size_t box)
{
	struct mailbox *m = rig_open(w->rig, w->boxes[box].name);

	c->view = view_new(m, 0, false, NULL, NULL);
	c->box = box;
	c->n = 0;
	while (c->n < view_exists(c->view))
		look(c, (uint32_t)++c->n);
	mailbox_close(m);
}

static void unselect(struct client *c)
{
	if (c->view != NULL)
		view_free(c->view);
	c->view = NULL;
}

static void assert_knows(struct client *c, const struct box *b)
{
	assert_int_equal(c->n, b->n);
	for (size_t i = 0; i < c->n; i++) {
		assert_int_equal(c->v[i].uid, b->v[i].uid);
		assert_int_equal(c->v[i].flags, b->v[i].flags);
		assert_int_equal(c->v[i].keywords, b->v[i].keywords);
		assert_int_equal(view_seq(c->view, c->v[i].uid), i + 1);
	}
}

static void sync_client(struct world *w, struct client *c, bool expunges)
{
	view_sync(c->view, expunges, hear, c);
	view_check(c->view);
	assert_int_equal(c->n, view_exists(c->view));
	if (expunges)
		assert_knows(c, &w->boxes[c->box]);
}

/* -- operations, on the store and on the model -- */

static struct box *some_box(struct world *w)
{
	struct box *b;

	do
		b = &w->boxes[choose(w, MAILBOXES)];
	while (!b->exists);
	return b;
}

/* A few stretches of the UIDs that there are, or were. */
static struct uidset some_uids(struct world *w, const struct box *b)
{
	struct uidset set = { 0 };

	for (uint32_t i = choose(w, 4); i-- > 0;) {
		uint32_t first = 1 + choose(w, b->uidnext);
		uint32_t len = choose(w, choose(w, 4) == 0 ? 200 : 4);

		uidset_add_range(&set, first, first + len);
	}
	return set;
}

static void add(struct box *b, struct message m)
{
	m.uid = b->uidnext++;
	assert_true(b->n < MOST);
	b->v[b->n++] = m;
}

static void do_append(struct world *w)
{
	struct box *b = some_box(w);
	struct mailbox *m = rig_open(w->rig, b->name);
	uint32_t k = choose(w, 4);
	struct slice keyword = slice_cstr(keyword_names[k]);
	uint32_t n = 1 + choose(w, choose(w, 10) == 0 ? 150 : 3);
	struct new_message v[150];
	uint32_t uids[150];

	for (uint32_t i = 0; i < n && b->n + n < MOST; i++) {
		v[i] = (struct new_message){
			.message = w->message,
			.flags = (uint8_t)choose(w, 32),
			.keywords = &keyword,
			.n_keywords = choose(w, 2),
		};
		add(b, (struct message){
			       .flags = v[i].flags,
			       .keywords = (uint64_t)v[i].n_keywords << k,
		       });
		uids[i] = 0;
		if (i + 1 < n)
			continue;
		assert_int_equal(mailbox_append(m, v, n, uids).code, ERR_OK);
		assert_int_equal(uids[0], b->v[b->n - n].uid);
		assert_int_equal(uids[n - 1], b->v[b->n - 1].uid);
	}
	mailbox_close(m);
}

static void store_in(struct message *m, const struct flag_change *what,
                     uint64_t keywords)
{
	switch (what->mode) {
	case STORE_ADD:
		m->flags |= what->flags;
		m->keywords |= keywords;
		break;
	case STORE_REMOVE:
		m->flags &= (uint8_t)~what->flags;
		m->keywords &= ~keywords;
		break;
	default:
		m->flags = what->flags;
		m->keywords = keywords;
		break;
	}
}

/* By a client that tells itself, or by somebody else. */
static void do_store(struct world *w)
{
	struct client *c = &w->clients[choose(w, SESSIONS)];
	bool own = c->view != NULL && choose(w, 2);
	struct box *b = own ? &w->boxes[c->box] : some_box(w);
	struct mailbox *m = rig_open(w->rig, b->name);
	struct uidset uids = some_uids(w, b);
	struct uidset changed = { 0 };
	struct uidset failed = { 0 };
	uint32_t k = choose(w, 4);
	struct slice keyword = slice_cstr(keyword_names[k]);
	struct flag_change what = {
		.mode = (enum store_mode)choose(w, 3),
		.flags = (uint8_t)choose(w, 32),
		.keywords = &keyword,
		.n_keywords = choose(w, 2),
		.by = own ? c->view : NULL,
	};
	uint64_t keywords = (uint64_t)what.n_keywords << k;
	uint64_t modseq;

	assert_int_equal(
		mailbox_store(m, &uids, &what, &changed, &failed, &modseq).code,
		ERR_OK);
	for (size_t i = 0; i < b->n; i++) {
		struct message old = b->v[i];

		if (uidset_has(&uids, old.uid))
			store_in(&b->v[i], &what, keywords);
		assert_int_equal(uidset_has(&changed, old.uid),
		                 old.flags != b->v[i].flags ||
		                         old.keywords != b->v[i].keywords);
		if (own && uidset_has(&changed, old.uid) &&
		    view_seq(c->view, old.uid) != 0)
			look(c, view_seq(c->view, old.uid));
	}
	assert_int_equal(modseq != 0, !uidset_is_empty(&changed));
	uidset_free(&uids);
	uidset_free(&changed);
	uidset_free(&failed);
	mailbox_close(m);
}

static void remove_from(struct box *b, const struct uidset *uids, uint8_t flags)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		if ((uids != NULL && !uidset_has(uids, b->v[i].uid)) ||
		    (b->v[i].flags & flags) != flags)
			b->v[n++] = b->v[i];
	}
	b->n = n;
}

static void do_expunge(struct world *w)
{
	struct box *b = some_box(w);
	struct mailbox *m = rig_open(w->rig, b->name);
	struct uidset uids = some_uids(w, b);
	struct uidset gone = { 0 };
	const struct uidset *which = choose(w, 3) ? &uids : NULL;
	size_t before = b->n;

	assert_int_equal(mailbox_expunge(m, which, &gone).code, ERR_OK);
	remove_from(b, which, FLAG_DELETED);
	assert_int_equal(before - b->n, uidset_count(&gone));
	uidset_free(&uids);
	uidset_free(&gone);
	mailbox_close(m);
}

static void do_copy(struct world *w)
{
	struct box *b = some_box(w);
	struct box *d = some_box(w);
	struct mailbox *source = rig_open(w->rig, b->name);
	struct mailbox *destination = rig_open(w->rig, d->name);
	struct uidset uids = some_uids(w, b);
	struct uidset from = { 0 };
	struct uidset to = { 0 };
	bool move = choose(w, 2);
	uint32_t first = d->uidnext;
	size_t n = b->n;

	assert_int_equal(
		mailbox_copy(source, &uids, destination, move, &from, &to).code,
		ERR_OK);
	for (size_t i = 0; i < n; i++) {
		if (uidset_has(&uids, b->v[i].uid))
			add(d, b->v[i]);
		assert_int_equal(uidset_has(&uids, b->v[i].uid),
		                 uidset_has(&from, b->v[i].uid));
	}
	/* the copies' UIDs may be among those asked for: only the old ones go
	 */
	if (move)
		remove_from(b, &from, 0);
	assert_int_equal(uidset_count(&to), d->uidnext - first);
	uidset_free(&uids);
	uidset_free(&from);
	uidset_free(&to);
	mailbox_close(source);
	mailbox_close(destination);
}

static void do_rename(struct world *w)
{
	struct box *b = some_box(w);
	struct slice old = slice_cstr(b->name);
	char name[16];

	if (b == &w->boxes[0])
		return;
	snprintf(name, sizeof name, "m%zu", w->names++);
	assert_int_equal(
		mailbox_rename(w->rig->account, old, slice_cstr(name)).code,
		ERR_OK);
	memcpy(b->name, name, sizeof name);
}

static void make_box(struct world *w, size_t i)
{
	struct box *b = &w->boxes[i];
	struct mailbox_status s;

	snprintf(b->name, sizeof b->name, "m%zu", w->names++);
	assert_int_equal(
		mailbox_create(w->rig->account, slice_cstr(b->name), 0).code,
		ERR_OK);
	s = rig_status(w->rig, b->name);
	assert_true(s.uidvalidity > w->largest_uidvalidity);
	w->largest_uidvalidity = s.uidvalidity;
	b->uidvalidity = s.uidvalidity;
	b->uidnext = 1;
	b->n = 0;
	b->highestmodseq = 0;
	b->exists = true;
}

static void do_make_or_delete(struct world *w)
{
	size_t i = 1 + choose(w, MAILBOXES - 1);
	struct box *b = &w->boxes[i];

	if (!b->exists) {
		make_box(w, i);
		return;
	}
	assert_int_equal(
		mailbox_delete(w->rig->account, slice_cstr(b->name)).code,
		ERR_OK);
	b->exists = false;
	for (size_t s = 0; s < SESSIONS; s++) {
		struct client *c = &w->clients[s];

		if (c->view == NULL || c->box != i)
			continue;
		assert_true(mailbox_is_gone(view_mailbox(c->view)));
		unselect(c);
	}
}

static void do_session(struct world *w)
{
	struct client *c = &w->clients[choose(w, SESSIONS)];

	if (c->view == NULL)
		select_box(w, c, (size_t)(some_box(w) - w->boxes));
	else if (choose(w, 20) == 0)
		unselect(c);
	else
		sync_client(w, c, choose(w, 2));
}

static void assert_status(struct world *w, struct box *b)
{
	struct mailbox_status s = rig_status(w->rig, b->name);
	uint32_t unseen = 0;
	uint32_t deleted = 0;

	for (size_t i = 0; i < b->n; i++) {
		unseen += !(b->v[i].flags & FLAG_SEEN);
		deleted += !!(b->v[i].flags & FLAG_DELETED);
	}
	assert_int_equal(s.messages, b->n);
	assert_int_equal(s.unseen, unseen);
	assert_int_equal(s.deleted, deleted);
	assert_int_equal(s.size, b->n * strlen(TEXT));
	assert_int_equal(s.deleted_size, deleted * strlen(TEXT));
	assert_int_equal(s.uidnext, b->uidnext);
	assert_int_equal(s.uidvalidity, b->uidvalidity);
	assert_true(s.highestmodseq >= b->highestmodseq);
	b->highestmodseq = s.highestmodseq;
}

static void assert_unseen(struct world *w, struct box *b)
{
	struct mailbox *m = rig_open(w->rig, b->name);
	uint32_t first = 0;
	uint32_t uid;

	for (size_t i = b->n; i-- > 0;) {
		if (!(b->v[i].flags & FLAG_SEEN))
			first = b->v[i].uid;
	}
	assert_int_equal(mailbox_first_unseen(m, &uid).code, ERR_OK);
	assert_int_equal(uid, first);
	mailbox_close(m);
}

static void reopen(struct world *w)
{
	for (size_t i = 0; i < SESSIONS; i++)
		unselect(&w->clients[i]);
	incoming_free(w->message);
	rig_reopen(w->rig);
	w->message = rig_incoming(w->rig, TEXT);
}

static void step(struct world *w)
{
	static const struct {
		uint32_t weight;
		void (*fn)(struct world *);
	} table[] = {
		{ 20, do_append },  { 30, do_store }, { 10, do_expunge },
		{ 10, do_copy },    { 2, do_rename }, { 2, do_make_or_delete },
		{ 50, do_session },
	};
	uint32_t n = choose(w, 124);

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (n < table[i].weight) {
			table[i].fn(w);
			return;
		}
		n -= table[i].weight;
	}
}

static void one_after_another(struct rig *r)
{
	struct world *w = calloc(1, sizeof *w);

	w->rig = r;
	w->random = 88172645463325252;
	w->message = rig_incoming(r, TEXT);
	memcpy(w->boxes[0].name, "INBOX", 6);
	w->boxes[0].exists = true;
	w->boxes[0].uidnext = 1;
	w->boxes[0].uidvalidity = rig_status(r, "INBOX").uidvalidity;
	w->largest_uidvalidity = rig_status(r, "Trash").uidvalidity;
	for (int i = 0; i < STEPS; i++) {
		struct box *b = some_box(w);

		step(w);
		if (!b->exists)
			continue;
		assert_status(w, b);
		assert_unseen(w, b);
		if (i % 1000 == 999)
			reopen(w);
	}
	for (size_t i = 0; i < SESSIONS; i++) {
		if (w->clients[i].view != NULL)
			sync_client(w, &w->clients[i], true);
		unselect(&w->clients[i]);
	}
	incoming_free(w->message);
	free(w);
}

/* -- many at once -- */

enum { WORKERS = 8, ROUNDS = 60 };

struct crowd {
	struct rig *rig;
	struct incoming *message;
	struct mailbox *m[2];
	uint32_t running;
	uint64_t random;
	struct wait_list done;
};

static struct uidset random_uids(struct crowd *c, const struct mailbox *m)
{
	struct uidset set = { 0 };
	struct mailbox_status s;
	uint32_t first;

	mailbox_get_status(m, &s);
	c->random = c->random * 6364136223846793005u + 1442695040888963407u;
	first = 1 + (uint32_t)(c->random >> 33) % s.uidnext;
	uidset_add_range(&set, first, first + 3);
	return set;
}

static void work_once(struct crowd *c, uint32_t kind)
{
	struct mailbox *m = c->m[kind % 2];
	struct uidset uids = random_uids(c, m);
	struct uidset a = { 0 };
	struct uidset b = { 0 };
	struct flag_change what = {
		.mode = kind % 3 ? STORE_ADD : STORE_REMOVE,
		.flags = (uint8_t)(kind % 31),
	};
	struct err e = OK;
	uint64_t modseq;
	uint32_t uid;

	switch (kind % 5) {
	case 0:
	case 1:
		e = rig_append_to(m, c->message, 0, &uid);
		break;
	case 2:
		e = mailbox_store(m, &uids, &what, &a, &b, &modseq);
		break;
	case 3:
		e = mailbox_expunge(m, NULL, &a);
		break;
	default:
		e = mailbox_copy(m, &uids, c->m[1 - kind % 2], kind % 4 == 0,
		                 &a, &b);
		break;
	}
	assert_int_equal(e.code, ERR_OK);
	uidset_free(&uids);
	uidset_free(&a);
	uidset_free(&b);
}

static void worker(void *arg)
{
	struct crowd *c = arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		work_once(c, (uint32_t)(c->random >> 40));
		task_yield();
	}
	if (--c->running == 0)
		task_wake_all(&c->done);
}

static void agree(struct client *c)
{
	struct mailbox *m = view_mailbox(c->view);
	struct record_walk w = mailbox_walk(m, mailbox_uids(m));
	struct record r;
	size_t i = 0;

	view_sync(c->view, true, hear, c);
	view_check(c->view);
	while (record_walk_next(&w, &r)) {
		assert_true(i < c->n);
		assert_int_equal(c->v[i].uid, r.uid);
		assert_int_equal(c->v[i].flags, r.flags);
		i++;
	}
	assert_int_equal(i, c->n);
	view_free(c->view);
}

static void many_at_once(struct rig *r)
{
	struct crowd c = { .rig = r, .random = 1, .running = WORKERS };
	struct client *clients = calloc(2, sizeof *clients);

	c.message = rig_incoming(r, TEXT);
	c.m[0] = rig_open(r, "INBOX");
	c.m[1] = rig_open(r, "Archive");
	for (size_t i = 0; i < 2; i++)
		clients[i].view = view_new(c.m[i], 0, false, NULL, NULL);
	for (int i = 0; i < WORKERS; i++)
		task_spawn(r->loop, worker, &c);
	while (c.running > 0) {
		task_wait(&c.done, 3);
		for (size_t i = 0; i < 2; i++) {
			view_sync(clients[i].view, c.running % 2, hear,
			          &clients[i]);
			view_check(clients[i].view);
		}
	}
	for (size_t i = 0; i < 2; i++) {
		agree(&clients[i]);
		mailbox_close(c.m[i]);
	}
	free(clients);
	incoming_free(c.message);
}

int main(void)
{
	static const struct rig_case cases[] = {
		{ "one after another", one_after_another },
		{ "many at once", many_at_once },
	};

	return rig_main(cases, sizeof cases / sizeof *cases);
}
