/*
 * doctor_mailboxes.c -- is everything well with what is kept?
 *
 * Each partition looks through its own accounts and says what is not well;
 * its figures are judged by doctor_figures.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "admin/verbs.h"
#include "base/mem.h"
#include "cli/doctor_accounts.h"
#include "cli/doctor_figures.h"
#include "ipc/protocol.h"

enum { QUOTA_NEAR_PERCENT = 90, DISK_FREE_PERCENT = 5 };

struct partition {
	struct report *report;
	size_t looked; /* accounts that were looked at, of all partitions */
	bool is_whole; /* all of them are served */
	struct figures figures; /* of one */
};

static struct frame_out request(uint16_t type)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	return f;
}

static uint64_t number_of(struct slice s)
{
	uint64_t n = 0;

	return slice_number(s, &n) ? n : 0;
}

/* -- mailboxes -- */

static void report_quota(struct report *r, const char *account,
                         const struct slice *v)
{
	report_bad(r, CHECK_QUOTA, account, "%.*s of %.*s are used (%.*s)",
	           (int)v[EXAMINE_USED].len, v[EXAMINE_USED].ptr,
	           (int)v[EXAMINE_LIMIT].len, v[EXAMINE_LIMIT].ptr,
	           (int)v[EXAMINE_WHAT].len, v[EXAMINE_WHAT].ptr);
}

static void take_finding(void *arg, const struct slice *v, size_t n)
{
	struct partition *p = arg;
	struct slice what;
	char *account;

	if (n < EXAMINE_COLUMNS)
		return;
	what = v[EXAMINE_WHAT];
	account = mem_cstr(v[EXAMINE_ACCOUNT]);
	if (slice_eq(v[EXAMINE_FINDING], S("quota")))
		report_quota(p->report, account, v);
	else if (slice_eq(v[EXAMINE_FINDING], S("subscription")))
		report_bad(p->report, CHECK_SUBSCRIPTIONS, account,
		           "subscribed to %.*s, which is not there",
		           (int)what.len, what.ptr);
	else
		report_bad(p->report, CHECK_STORE, account,
		           "its mailboxes can't be read: %.*s", (int)what.len,
		           what.ptr);
	free(account);
}

static void take_figure(void *arg, const struct slice *v, size_t n)
{
	struct partition *p = arg;

	if (n >= STATUS_COLUMNS)
		figures_take(&p->figures, v[STATUS_FIGURE], v[STATUS_VALUE]);
}

/* -- partitions -- */

static struct err examine_partition(struct partition *p, struct control *mail)
{
	struct frame_out status = request(FRAME_STATUS);
	struct frame_out examine = request(FRAME_EXAMINE);
	struct err e = control_call(mail, &status, take_figure, p);

	if (!is_ok(e)) {
		frame_free(&examine);
		return e;
	}
	frame_u8(&examine, QUOTA_NEAR_PERCENT);
	e = control_call(mail, &examine, take_finding, p);
	if (is_ok(e))
		p->looked += (size_t)number_of(slice_cstr(e.text));
	return e;
}

static void judge_partition(struct partition *p, struct control *server,
                            uint32_t index)
{
	struct control mail;
	struct linked linked;
	char name[24];
	struct err e = control_link(server, S(""), index, &mail, &linked);

	snprintf(name, sizeof name, "mail/%" PRIu32, index);
	if (is_ok(e)) {
		*p = (struct partition){ .report = p->report,
			                 .looked = p->looked,
			                 .is_whole = p->is_whole };
		e = examine_partition(p, &mail);
		control_close(&mail);
	}
	if (is_ok(e)) {
		figures_judge(&p->figures, p->report, name);
	} else {
		p->is_whole = false;
		report_bad(p->report, CHECK_PARTITION, name, "%s", e.text);
	}
}

/* How many there are is what auth has a figure of for each. */
static void count_partition(void *arg, const struct slice *v, size_t n)
{
	if (n >= STATUS_COLUMNS && slice_eq(v[STATUS_FIGURE], S("serving")) &&
	    slice_starts(v[STATUS_PROCESS], S("mail/")))
		++*(uint32_t *)arg;
}

void doctor_mailboxes(struct report *r, struct control *server, size_t accounts)
{
	struct partition p = { .report = r, .is_whole = true };
	struct frame_out status = request(FRAME_STATUS);
	uint32_t n = 0;
	struct err e = control_call(server, &status, count_partition, &n);

	if (!is_ok(e))
		report_bad(r, CHECK_RUNNING, "auth", "%s", e.text);
	for (uint32_t i = 0; is_ok(e) && i < n; i++)
		judge_partition(&p, server, i);
	if (p.is_whole && p.looked < accounts)
		report_bad(r, CHECK_STORE, "all accounts",
		           "there are %zu, and mail of %zu", accounts,
		           p.looked);
	else if (p.looked != 0)
		report_good(r, CHECK_STORE, "all accounts",
		            "mailboxes of %zu looked at", p.looked);
}

void doctor_disk(struct report *r, const struct config *config)
{
	struct statvfs s;

	if (statvfs(config->directory, &s) != 0)
		report_bad(r, CHECK_DISK, config->directory, "%s",
		           strerror(errno));
	else if (s.f_bavail * 100 < s.f_blocks * DISK_FREE_PERCENT)
		report_bad(r, CHECK_DISK, config->directory,
		           "%llu MiB are free, less than %d in 100",
		           (unsigned long long)s.f_bavail * s.f_frsize >> 20,
		           DISK_FREE_PERCENT);
	else
		report_good(r, CHECK_DISK, config->directory,
		            "%llu MiB are free",
		            (unsigned long long)s.f_bavail * s.f_frsize >> 20);
}
