/* mail_accounts.c -- auth makes, removes and disables accounts, and writes to
 * them. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "deliver/deliver.h"
#include "mailbox/account.h"
#include "roostd/mail_internal.h"

enum {
	/* How long a removal waits for sessions and deliveries to end. */
	IN_USE_TRIES = 100,
	IN_USE_PAUSE_MS = 50,
};

struct job {
	struct mail *mail;
	uint64_t generation; /* of auth's link, which numbered the request */
	uint64_t request;
	uint64_t account;
	char *name; /* length-counted, not a C string */
	size_t name_len;
	char *text; /* of a message, the same; or NULL */
	size_t text_len;
	uint64_t limit[QUOTA_RESOURCES];
	uint32_t uidvalidity; /* that auth knows; then, is to know */
};

static void send_done(struct link *auth, uint64_t request, struct err e,
                      uint32_t uidvalidity)
{
	struct frame_out f;

	frame_begin(&f, FRAME_ACCOUNT_DONE);
	frame_u64(&f, request);
	frame_u8(&f, (uint8_t)e.code);
	frame_slice(&f, slice_cstr(e.text));
	frame_u32(&f, uidvalidity);
	link_send(auth, &f, -1);
}

static void answer(struct job *j, struct err e)
{
	struct mail_peer *auth = &j->mail->auth;

	if (auth->link != NULL && auth->generation == j->generation)
		send_done(auth->link, j->request, e, j->uidvalidity);
	free(j->name);
	free(j->text);
	free(j);
}

static struct err set_quota(struct job *j)
{
	struct account *a;
	struct err e = account_open(j->mail->model, j->account, &a);

	if (!is_ok(e))
		return e;
	e = account_set_quota(a, QUOTA_ALL, j->limit);
	account_close(a);
	return e;
}

/* One that is there may have been made by a try that ended before its quota
 * was set. */
static void create(void *arg)
{
	struct job *j = arg;
	struct err made = account_create_above(j->mail->model, j->account,
	                                       slice_of(j->name, j->name_len),
	                                       j->uidvalidity);
	bool has_quota =
		j->limit[QUOTA_STORAGE] != 0 || j->limit[QUOTA_MESSAGE] != 0;
	struct err e = OK;

	if (made.code == ERR_ALREADYEXISTS || (is_ok(made) && has_quota))
		e = set_quota(j);
	answer(j, is_ok(e) ? made : e);
}

/* Deliveries end by themselves. */
static void delete (void *arg)
{
	struct job *j = arg;
	struct mail *m = j->mail;
	struct err e = err(ERR_INUSE, NULL);

	tickets_void(&m->tickets, j->account, 0);
	mail_dismiss(m, j->account, 0, "this account has been removed");
	for (int i = 0; i < IN_USE_TRIES && e.code == ERR_INUSE; i++) {
		if (i != 0)
			task_sleep(IN_USE_PAUSE_MS);
		e = account_delete(m->model, j->account, &j->uidvalidity);
	}
	answer(j, e);
}

static void deliver(void *arg)
{
	struct job *j = arg;
	struct mail *m = j->mail;

	answer(j, deliver_message(m->loop, m->model, j->account,
	                          slice_of(j->name, j->name_len),
	                          slice_of(j->text, j->text_len)));
}

static bool on_alert(struct mail *m, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint64_t account = read_u64(&f->r);
	struct slice name = frame_read_slice(f, LIMIT_USER_NAME);
	struct slice text = frame_read_slice(f, LIMIT_FRAME);
	struct job *j;

	if (!frame_is_whole(f) || name.len == 0 || text.len == 0)
		return false;
	j = mem_new(1, sizeof *j);
	*j = (struct job){ .mail = m,
		           .generation = m->auth.generation,
		           .request = request,
		           .account = account,
		           .name = mem_copy(name.ptr, name.len),
		           .name_len = name.len,
		           .text = mem_copy(text.ptr, text.len),
		           .text_len = text.len };
	task_spawn(m->loop, deliver, j);
	return true;
}

static bool on_create(struct mail *m, struct frame_in *f)
{
	struct job *j = mem_new(1, sizeof *j);
	struct slice name;

	*j = (struct job){ .mail = m, .generation = m->auth.generation };
	j->request = read_u64(&f->r);
	j->account = read_u64(&f->r);
	name = frame_read_slice(f, LIMIT_USER_NAME);
	j->limit[QUOTA_STORAGE] = read_u64(&f->r);
	j->limit[QUOTA_MESSAGE] = read_u64(&f->r);
	j->uidvalidity = read_u32(&f->r);
	if (!frame_is_whole(f) || name.len == 0) {
		free(j);
		return false;
	}
	j->name = mem_copy(name.ptr, name.len);
	j->name_len = name.len;
	task_spawn(m->loop, create, j);
	return true;
}

static bool on_delete(struct mail *m, struct frame_in *f)
{
	struct job *j = mem_new(1, sizeof *j);

	*j = (struct job){ .mail = m, .generation = m->auth.generation };
	j->request = read_u64(&f->r);
	j->account = read_u64(&f->r);
	j->uidvalidity = read_u32(&f->r);
	if (!frame_is_whole(f)) {
		free(j);
		return false;
	}
	task_spawn(m->loop, delete, j);
	return true;
}

static bool on_kick(struct mail *m, struct frame_in *f)
{
	uint64_t account = read_u64(&f->r);
	uint64_t credential = read_u64(&f->r);

	if (!frame_is_whole(f) || account == 0)
		return false;
	tickets_void(&m->tickets, account, credential);
	mail_dismiss(m, account, credential,
	             credential != 0 ? "what you logged in with is no longer "
	                               "accepted"
	                             : "this account was disabled, or has a "
	                               "new password");
	return true;
}

/* A session that is to end begins no command any more. */
static bool on_settle(struct mail *m, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);

	if (!frame_is_whole(f))
		return false;
	send_done(m->auth.link, request, OK, 0);
	return true;
}

bool mail_on_account(struct mail *m, struct frame_in *f)
{
	switch (f->type) {
	case FRAME_ACCOUNT_CREATE:
		return on_create(m, f);
	case FRAME_ACCOUNT_DELETE:
		return on_delete(m, f);
	case FRAME_ALERT:
		return on_alert(m, f);
	case FRAME_SETTLE:
		return on_settle(m, f);
	default:
		return on_kick(m, f);
	}
}
