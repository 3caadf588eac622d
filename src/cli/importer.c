/* importer.c -- frames of an import, in the order of ipc/protocol.h. */
#include "cli/importer.h"

#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/fail.h"
#include "cli/server.h"
#include "ipc/keyword_frames.h"
#include "ipc/protocol.h"

enum {
	COMMIT_MESSAGES = 200,
	COMMIT_BYTES = 8 << 20,
	DATA_MOST = LIMIT_FRAME - 16,
};

/* What FRAME_IMPORT_MAILBOX says of subscriptions. */
enum { SUBSCRIBE_NO, SUBSCRIBE_YES, SUBSCRIBE_ONLY };

int importer_open(const struct call *c, uint64_t total, struct importer *i)
{
	*i = (struct importer){ .progress = progress_begin("import", total) };
	i->below = slice_cstr(call_value(c, "mailbox"));
	return server_open_account(c, call_value(c, "user"), &i->mail);
}

/* Keeps the first error; its text may live in the control. */
static bool keep(struct importer *i, struct err e)
{
	if (is_ok(e) || !is_ok(i->e))
		return is_ok(e);
	snprintf(i->text, sizeof i->text, "%s",
	         e.text != NULL ? e.text : "failed");
	i->e = err(e.code, i->text);
	return false;
}

static void send_frame(struct importer *i, struct frame_out *f)
{
	if (is_ok(i->e))
		keep(i, control_send(&i->mail, f));
	else
		frame_free(f);
}

static void commit(struct importer *i)
{
	struct frame_out f = { 0 };

	if (i->pending == 0 || !is_ok(i->e))
		return;
	i->pending = 0;
	i->pending_bytes = 0;
	frame_begin(&f, FRAME_IMPORT_COMMIT);
	keep(i, control_call(&i->mail, &f, NULL, NULL));
}

/* INBOX of the import is the mailbox of --mailbox itself. */
static void put_name(const struct importer *i, struct slice name,
                     struct buf *out)
{
	buf_add(out, i->below);
	if (i->below.len > 0 && slice_ieq(name, S("INBOX")))
		return;
	if (i->below.len > 0)
		buf_byte(out, '/');
	buf_add(out, name);
}

static void take_uidnext(void *arg, const struct slice *values, size_t n)
{
	uint64_t *uidnext = arg;

	if (n != 1 || !slice_number(values[0], uidnext))
		*uidnext = UINT64_MAX;
}

/* *used: UIDs below are. */
static struct err send_mailbox(struct importer *i,
                               const struct transfer_mailbox *m,
                               uint32_t uidvalidity, uint32_t uidnext,
                               uint64_t *used)
{
	struct frame_out f = { 0 };
	struct buf name = { 0 };

	put_name(i, m->name, &name);
	frame_begin(&f, FRAME_IMPORT_MAILBOX);
	frame_slice(&f, buf_slice(&name));
	frame_u32(&f, uidvalidity);
	frame_u32(&f, uidnext);
	frame_u8(&f, !m->subscribed ? SUBSCRIBE_NO
	             : m->exists    ? SUBSCRIBE_YES
	                            : SUBSCRIBE_ONLY);
	buf_free(&name);
	return control_call(&i->mail, &f, take_uidnext, used);
}

bool importer_mailbox(struct importer *i, const struct transfer_mailbox *m)
{
	uint64_t used = 0;
	struct err e;

	commit(i);
	if (!is_ok(i->e))
		return true;
	e = send_mailbox(i, m, m->uidvalidity, 0, &used);
	if (e.code == ERR_NOTNOW && m->uidvalidity != 0)
		e = send_mailbox(i, m, 0, 0, &used);
	else if (m->first_uid == 0 || m->first_uid >= used) {
		keep(i, e);
		return true;
	}
	warn("%.*s has had messages: those imported get new UIDs",
	     (int)m->name.len, m->name.ptr);
	keep(i, e);
	return false;
}

void importer_uidnext(struct importer *i, const struct transfer_mailbox *m)
{
	uint64_t ignored;

	commit(i);
	if (is_ok(i->e))
		keep(i,
		     send_mailbox(i, m, m->uidvalidity, m->uidnext, &ignored));
}

void importer_begin(struct importer *i, const struct transfer_message *m)
{
	struct frame_out f = { 0 };
	size_t sent = 0;

	while (keyword_frame_put(&f, m->keywords, m->n_keywords, &sent))
		send_frame(i, &f);
	f = (struct frame_out){ 0 };
	frame_begin(&f, FRAME_IMPORT_MESSAGE);
	frame_u32(&f, m->uid);
	frame_u8(&f, m->flags);
	frame_u64(&f, (uint64_t)m->internaldate);
	frame_u16(&f, (uint16_t)m->zone);
	send_frame(i, &f);
}

void importer_data(struct importer *i, struct slice bytes)
{
	for (; bytes.len > 0 && is_ok(i->e);
	     bytes = slice_from(bytes, DATA_MOST)) {
		struct frame_out f = { 0 };
		struct slice part = slice_first(bytes, DATA_MOST);

		frame_begin(&f, FRAME_DATA);
		frame_slice(&f, part);
		send_frame(i, &f);
		i->pending_bytes += part.len;
	}
}

void importer_end(struct importer *i, uint64_t progress)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_END);
	send_frame(i, &f);
	progress_message(&i->progress, progress);
	if (++i->pending >= COMMIT_MESSAGES || i->pending_bytes >= COMMIT_BYTES)
		commit(i);
}

void importer_leave_out(struct importer *i, const char *what, const char *why)
{
	warn("%s: left out: %s", what, why);
	i->left_out = true;
}

int importer_close(struct importer *i)
{
	int status = i->left_out ? EX_DATAERR : EX_OK;

	commit(i);
	progress_end(&i->progress);
	control_close(&i->mail);
	if (!is_ok(i->e))
		status = fail_err(i->e, "import");
	else
		printf("%" PRIu64 " messages\n", i->progress.messages);
	return status;
}
