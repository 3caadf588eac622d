/*
 * audited.c -- what mail processes tell the audit log.
 *
 * Accounts are told of by number and written by name, from the directory. A
 * process that has been broken into can say what is not true of its own
 * partition; it can take nothing back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "auth/internal.h"
#include "base/mem.h"
#include "ipc/audit_frame.h"

static void add_text(struct log_line *l, const char *key, struct slice value)
{
	if (value.len != 0)
		log_text(l, key, value);
}

static struct err add_name(struct auth *a, struct log_line *l, const char *key,
                           uint64_t account)
{
	struct account_row row;
	struct err e = directory_find_id(a->directory, account, &row);

	if (is_ok(e))
		log_text(l, key, account_row_name(&row));
	return e;
}

static struct err add_who(struct auth *a, struct log_line *l,
                          const struct audit_entry *e)
{
	if (e->who != 0)
		return add_name(a, l, "by", e->who);
	log_text(l, "by", S("administrator"));
	log_number(l, "uid", e->uid);
	return OK;
}

/* A line has its end: the names, which an owner can make long, come last. */
static void add_rest(struct log_line *l, const struct audit_entry *e)
{
	add_text(l, "session", e->session);
	add_text(l, "peer", e->peer);
	add_text(l, "refused", e->refused);
	add_text(l, "mailboxid", e->mailboxid);
	if (e->messages != 0)
		log_number(l, "messages", e->messages);
	add_text(l, "uids", e->uids);
	add_text(l, "mailbox", e->mailbox);
	add_text(l, "to", e->to);
	add_text(l, "change", e->change);
}

static struct err line_of(struct peer *mail, const struct audit_entry *entry,
                          struct log_line *l)
{
	char event[AUDIT_EVENT];
	struct err e;

	snprintf(event, sizeof event, "%.*s", (int)entry->event.len,
	         entry->event.ptr);
	*l = audit_begin(event);
	e = add_who(mail->auth, l, entry);
	if (is_ok(e) && entry->account != 0)
		e = peer_speaks_for(mail, entry->account);
	if (is_ok(e) && entry->account != 0)
		e = add_name(mail->auth, l, "user", entry->account);
	add_rest(l, entry);
	return e;
}

struct recording {
	struct peer *mail;
	uint64_t request;
	uint64_t line; /* its number in the log */
};

static void settle(void *arg)
{
	struct recording *r = arg;
	struct auth *a = r->mail->auth;
	struct err e = OK;

	audit_settle(a->audit);
	if (!audit_has(a->audit, r->line))
		e = err(ERR_UNAVAILABLE, NULL);
	peer_answer(r->mail, r->request, e, -1);
	peer_release(r->mail);
	free(r);
	auth_work_ends(a);
}

bool audit_frame(struct peer *mail, struct frame_in *in)
{
	uint64_t request = read_u64(&in->r);
	struct auth *a = mail->auth;
	struct audit_entry entry;
	struct recording *r;
	struct log_line l;
	struct err e;

	if (!audit_frame_take(in, &entry))
		return false;
	e = line_of(mail, &entry, &l);
	if (!is_ok(e)) {
		peer_answer(mail, request, e, -1);
		return true;
	}
	r = mem_new(1, sizeof *r);
	r->mail = peer_keep(mail);
	r->request = request;
	r->line = audit_add(a->audit, &l);
	a->working++;
	task_spawn(a->loop, settle, r);
	return true;
}
