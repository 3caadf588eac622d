/*
 * serve_mail.c -- a task a control link: one request after another.
 *
 * A frame that does not parse, or is not for this link, ends the link: the
 * `roost` command at the other end is of another version, or is none.
 */
#include "admin/serve_mail.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/internal.h"
#include "admin/verbs.h"
#include "base/log.h"
#include "base/mem.h"
#include "ipc/answer_frames.h"

/* -- answers -- */

void control_send(struct control_link *c, struct frame_out *f)
{
	if (is_ok(c->e))
		c->e = link_send_wait(c->link, f, -1);
	else
		frame_free(f);
}

void control_row(struct control_link *c, const struct slice *fields, uint32_t n)
{
	struct frame_out f = { 0 };

	answer_frame_row(&f, fields, n);
	control_send(c, &f);
}

void control_done(struct control_link *c, struct err e)
{
	struct frame_out f = { 0 };

	answer_frame_done(&f, e, c->lost);
	c->lost = false;
	control_send(c, &f);
}

static void log_event(const struct control_link *c, const char *event)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, event);

	log_number(&l, "uid", c->uid);
	if (c->account != NULL)
		log_text(&l, "user", account_name(c->account));
	log_close(&l);
}

void control_record(struct control_link *c, const char *event,
                    struct audit_entry entry)
{
	const struct audit_recorder *r = c->mail->recorder;

	entry.event = slice_cstr(event);
	entry.account = c->account_id;
	entry.uid = c->uid;
	log_event(c, event);
	if (r == NULL || is_ok(r->record(r->ctx, &entry)))
		return;
	c->lost = true;
	log_note(LOG_LEVEL_ERROR, "audit_lost",
	         "what an administrator does is not recorded");
}

static struct err nonsense(void)
{
	return err(ERR_CORRUPT, "a request that makes no sense");
}

/* -- figures and limits -- */

const struct slice quota_names[QUOTA_RESOURCES] = {
	[QUOTA_STORAGE] = N("storage"),
	[QUOTA_MESSAGE] = N("messages"),
	[QUOTA_MAILBOX] = N("mailboxes"),
	[QUOTA_ANNOTATION_STORAGE] = N("annotations"),
};

static_assert((int)QUOTA_RESOURCES == QUOTA_COLUMNS_RESOURCES, "verbs.h");

static void status_row(struct control_link *c, const char *role, uint32_t index,
                       const char *name, const char *value)
{
	char process[24];
	struct slice row[STATUS_COLUMNS];

	snprintf(process, sizeof process, "%s/%" PRIu32, role, index);
	row[STATUS_PROCESS] = slice_cstr(process);
	row[STATUS_FIGURE] = slice_cstr(name);
	row[STATUS_VALUE] = slice_cstr(value);
	control_row(c, row, STATUS_COLUMNS);
}

static void figure(struct control_link *c, const char *name, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%" PRIu64, value);
	status_row(c, "mail", c->mail->index, name, digits);
}

/* They are the same for all partitions: the first speaks for them. */
static void parser_rows(struct control_link *c)
{
	const struct parser_registry *p = &c->mail->parsers;

	for (uint32_t i = 0; c->mail->index == 0 && i < p->n; i++)
		status_row(c, "parse", i, "serving",
		           p->is_serving(p->ctx, i) ? "yes" : "no");
}

static void count_session(void *arg, const struct session_entry *entry)
{
	(void)entry;
	++*(uint64_t *)arg;
}

static struct err status(struct control_link *c, struct frame_in *in)
{
	const struct session_registry *sessions = &c->mail->sessions;
	struct partition_stats s;
	uint64_t parsed = 0;
	uint64_t unparsed = 0;
	uint64_t n = 0;

	if (!frame_is_whole(in))
		return nonsense();
	partition_stats(model_partition(c->mail->model), &s);
	sessions->walk(sessions->ctx, count_session, &n);
	figure(c, "sessions", n);
	figure(c, "commits", s.commits);
	figure(c, "batches", s.batches);
	figure(c, "syncs", s.syncs);
	figure(c, "pack_bytes", s.pack_bytes);
	figure(c, "dead_bytes", s.dead_bytes);
	figure(c, "index_bytes", s.index_bytes);
	figure(c, "index_limit", s.index_limit);
	figure(c, "disk_full", s.disk_full);
	c->mail->parsers.count(c->mail->parsers.ctx, &parsed, &unparsed);
	figure(c, "parsed", parsed);
	figure(c, "unparsed", unparsed);
	parser_rows(c);
	control_done(c, OK);
	return OK;
}

static void quota_rows(struct control_link *c)
{
	struct quota q;

	account_quota(c->account, &q);
	for (size_t i = 0; i < QUOTA_RESOURCES; i++) {
		char used[24];
		char limit[24] = "";

		snprintf(used, sizeof used, "%" PRIu64, q.used[i]);
		if (q.limit[i] != 0)
			snprintf(limit, sizeof limit, "%" PRIu64, q.limit[i]);
		control_row(c,
		            (struct slice[QUOTA_COLUMNS]){
				    quota_names[i],
				    slice_cstr(used),
				    slice_cstr(limit),
			    },
		            QUOTA_COLUMNS);
	}
}

/* "storage=1048576 messages=0" */
static void limits_text(uint8_t set, const uint64_t limit[QUOTA_RESOURCES],
                        struct buf *out)
{
	for (size_t i = 0; i < QUOTA_RESOURCES; i++)
		if (set >> i & 1)
			buf_printf(out, "%s%.*s=%" PRIu64,
			           out->len != 0 ? " " : "",
			           (int)quota_names[i].len, quota_names[i].ptr,
			           limit[i]);
}

static struct err set_quota(struct control_link *c, uint8_t set,
                            const uint64_t limit[QUOTA_RESOURCES])
{
	struct buf text = { 0 };
	struct audit_entry entry = { 0 };
	struct err e;

	limits_text(set, limit, &text);
	entry.change = buf_slice(&text);
	control_record(c, "quota", entry);
	e = account_set_quota(c->account, set, limit);
	if (!is_ok(e)) {
		entry.refused = slice_cstr(e.text);
		control_record(c, "quota", entry);
	}
	buf_free(&text);
	return e;
}

static struct err quota(struct control_link *c, struct frame_in *in)
{
	uint8_t set = read_u8(&in->r);
	uint64_t limit[QUOTA_RESOURCES];
	struct err e = OK;

	for (size_t i = 0; i < QUOTA_RESOURCES; i++)
		limit[i] = read_u64(&in->r);
	if (!frame_is_whole(in))
		return nonsense();
	if (set != 0)
		e = set_quota(c, set, limit);
	if (is_ok(e))
		quota_rows(c);
	control_done(c, e);
	return OK;
}

/* -- requests -- */

static const struct {
	uint16_t type;
	bool of_account; /* needs one; the others are for the server */
	struct err (*run)(struct control_link *, struct frame_in *);
} requests[] = {
	{ FRAME_STATUS, false, status },
	{ FRAME_EXAMINE, false, examine },
	{ FRAME_WHO, false, who },
	{ FRAME_KICK, false, kick },
	{ FRAME_ACL, true, acl },
	{ FRAME_QUOTA, true, quota },
	{ FRAME_MAILBOXES, true, mailboxes },
	{ FRAME_TRACE, true, trace },
	{ FRAME_IMPORT_MAILBOX, true, import_mailbox },
	{ FRAME_KEYWORDS, true, import_keywords },
	{ FRAME_IMPORT_MESSAGE, true, import_message },
	{ FRAME_DATA, true, import_data },
	{ FRAME_END, true, import_end },
	{ FRAME_IMPORT_COMMIT, true, import_commit },
	{ FRAME_EXPORT, true, export_account },
};

static struct err answer(struct control_link *c, struct frame_in *in)
{
	if (in->fd >= 0)
		close(in->fd);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		if (requests[i].type != in->type)
			continue;
		if (requests[i].of_account && c->account == NULL)
			break;
		return requests[i].run(c, in);
	}
	return nonsense();
}

static void serve(void *arg)
{
	struct control_link *c = arg;
	struct frame_in in;

	if (c->account_id != 0)
		c->e = account_open(c->mail->model, c->account_id, &c->account);
	while (is_ok(c->e)) {
		struct err e = link_receive(c->link, WAIT_FOREVER, &in);

		if (is_ok(e))
			e = answer(c, &in);
		if (is_ok(c->e))
			c->e = e;
	}
	if (c->e.code != ERR_CLOSED)
		log_note(LOG_LEVEL_WARN, "control_link", c->e.text);
	import_free(c->import);
	if (c->account != NULL)
		account_close(c->account);
	link_free(c->link);
	free(c);
}

void admin_serve_mail(const struct admin_mail *mail, struct link *link,
                      uint64_t account, uint32_t uid)
{
	struct control_link *c = mem_new(1, sizeof *c);

	c->mail = mail;
	c->link = link;
	c->account_id = account;
	c->uid = uid;
	task_spawn(mail->loop, serve, c);
}
