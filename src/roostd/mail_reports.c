/*
 * mail_reports.c -- what auth can't see and may have to tell somebody of: how
 * much sessions fetch, how full the disk is, how full accounts are.
 *
 * Nobody waits for it, and what is said while auth is away is lost.
 */
#include <sys/statvfs.h>

#include "base/limits.h"
#include "imap/conn.h"
#include "roostd/mail_internal.h"

enum { REPORT_MS = 30 * 1000 };

/* -- what is fetched -- */

struct report {
	struct mail *mail;
	struct frame_out frame;
};

static void send_report(struct report *r)
{
	if (r->frame.bytes.len != 0)
		link_send(r->mail->auth.link, &r->frame, -1);
}

static void add_session(void *arg, struct mail_session *s)
{
	struct report *r = arg;
	struct session_facts f;

	conn_facts(s->conn, &f);
	if (f.fetched == s->told_messages)
		return;
	if (r->frame.bytes.len == 0)
		frame_begin(&r->frame, FRAME_FETCHED);
	frame_u64(&r->frame, s->account);
	frame_slice(&r->frame, slice_cstr(s->peer));
	frame_u64(&r->frame, f.bytes_out - s->told_octets);
	frame_u64(&r->frame, f.fetched - s->told_messages);
	s->told_octets = f.bytes_out;
	s->told_messages = f.fetched;
	if (r->frame.bytes.len > LIMIT_FRAME / 2)
		send_report(r);
}

void mail_report_end(struct mail_session *s)
{
	struct report r = { .mail = s->mail };

	if (s->mail->auth.link == NULL)
		return;
	add_session(&r, s);
	send_report(&r);
}

/* -- the disk -- */

static unsigned percent_of(uint64_t free, uint64_t all)
{
	double used = all != 0 ? 1 - (double)free / (double)all : 0;

	return (unsigned)(used * 100);
}

/* Free is what a process may use that is not root's. */
static void report_disk(struct mail *m, bool always)
{
	struct statvfs s;
	struct frame_out f = { 0 };
	unsigned percent;

	if (m->auth.link == NULL || statvfs(m->options->directory, &s) != 0)
		return;
	percent = percent_of(s.f_bavail, s.f_blocks);
	if (percent == m->told_percent && !always)
		return;
	m->told_percent = percent;
	frame_begin(&f, FRAME_DISK);
	frame_u64(&f, s.f_fsid);
	frame_u64(&f, (uint64_t)s.f_bavail * s.f_frsize);
	frame_u64(&f, (uint64_t)s.f_blocks * s.f_frsize);
	link_send(m->auth.link, &f, -1);
}

void mail_report_disk(struct mail *m)
{
	report_disk(m, true);
}

/* -- quotas -- */

static void on_quota(void *ctx, uint64_t account, enum quota_resource resource,
                     const struct quota *q)
{
	struct mail *m = ctx;
	struct frame_out f = { 0 };

	if (m->auth.link == NULL)
		return;
	frame_begin(&f, FRAME_QUOTA_BAND);
	frame_u64(&f, account);
	frame_u8(&f, (uint8_t)resource);
	frame_u8(&f, (uint8_t)quota_band(q, resource));
	frame_u64(&f, q->used[resource]);
	frame_u64(&f, q->limit[resource]);
	link_send(m->auth.link, &f, -1);
}

/* -- from time to time -- */

static void on_report(void *arg)
{
	struct mail *m = arg;
	struct report r = { .mail = m };

	timer_start(&m->report, m->loop, REPORT_MS, on_report, m);
	if (m->auth.link == NULL)
		return;
	mail_each_session(m, add_session, &r);
	send_report(&r);
	report_disk(m, false);
}

void mail_reports_start(struct mail *m)
{
	model_watch_quota(m->model, (struct quota_watch){ on_quota, m });
	timer_start(&m->report, m->loop, REPORT_MS, on_report, m);
}
