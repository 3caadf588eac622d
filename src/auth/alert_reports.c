/*
 * alert_reports.c -- what mail processes say: how full disks and accounts are
 * (what is fetched is alert_downloads.c's).
 *
 * Both last. There are two levels; each is taken back only some way below
 * where it was raised, so that what swings about a limit is told once.
 */
#include <inttypes.h>
#include <stdio.h>

#include "auth/alerts_internal.h"
#include "base/clock.h"

enum { LEVELS = 2 };

/* In percent. Mail says when an account comes to these (enum quota_band). */
static const struct {
	unsigned raise;
	unsigned clear;
} disk_levels[LEVELS] = { { 90, 87 }, { 97, 95 } };

static const unsigned quota_levels[LEVELS] = { 80, 95 };

/* -- a level is raised, or taken back -- */

/* The subject of the job's alert is that of all levels: this one's own. */
static struct alert at_level(struct alert_job *j, unsigned percent)
{
	struct alert a = j->alert;

	a.subject = arena_printf(j->arena, "%.*s/%u", (int)a.subject.len,
	                         a.subject.ptr, percent);
	return a;
}

static void clear_level(struct auth *a, struct alert_job *j, unsigned percent)
{
	struct alert alert = at_level(j, percent);

	alert_file_clear(a->alerts->file, &alert);
}

/* Who is told of the higher one is not told of the lower one, now or when it
 * is better. */
static void raise_level(struct auth *a, struct alert_job *j, unsigned percent,
                        unsigned lower)
{
	struct alert alert = at_level(j, percent);
	struct alert implied = at_level(j, lower);
	bool is_new;

	if (lower != 0)
		alert_file_raise(a->alerts->file, &implied, &is_new);
	alerts_tell(a, &alert);
}

/* -- disks -- */

static void disk_job(struct auth *a, struct alert_job *j)
{
	unsigned lower = 0, raised = 0;

	for (size_t i = 0; i < LEVELS; i++) {
		if (j->percent < disk_levels[i].clear)
			clear_level(a, j, disk_levels[i].raise);
		if (j->percent < disk_levels[i].raise)
			continue;
		lower = raised;
		raised = disk_levels[i].raise;
	}
	if (raised != 0)
		raise_level(a, j, raised, lower);
}

static bool on_disk(struct peer *mail, struct frame_in *f)
{
	uint64_t id = read_u64(&f->r);
	uint64_t free_octets = read_u64(&f->r);
	uint64_t octets = read_u64(&f->r);
	struct alert alert = { .kind = ALERT_DISK, .at_s = clock_now_s() };
	char subject[24], percent[8], left[24], partition[12];
	struct alert_job *j;
	unsigned used;

	if (!frame_is_whole(f) || octets == 0 || free_octets > octets)
		return false;
	used = (unsigned)(100 * (1 - (double)free_octets / (double)octets));
	snprintf(subject, sizeof subject, "%016" PRIx64, id);
	snprintf(percent, sizeof percent, "%u", used);
	snprintf(left, sizeof left, "%" PRIu64, free_octets);
	snprintf(partition, sizeof partition, "%" PRIu32, mail->index);
	alert.subject = slice_cstr(subject);
	alert_add(&alert, "partition", slice_cstr(partition));
	alert_add(&alert, "percent", slice_cstr(percent));
	alert_add(&alert, "free", slice_cstr(left));
	j = alerts_queue(mail->auth, &alert, disk_job);
	if (j != NULL)
		j->percent = used;
	return true;
}

/* -- quotas -- */

/* As in mailbox/account.h, which is none of our rooms. */
enum { BAND_EASY, BAND_FILLING, BAND_HIGH, BAND_FULL, BANDS };

static const char *const resources[] = { "storage", "messages" };

static void quota_job(struct auth *a, struct alert_job *j)
{
	switch (j->band) {
	case BAND_FULL:
		raise_level(a, j, quota_levels[1], quota_levels[0]);
		break;
	case BAND_HIGH:
		raise_level(a, j, quota_levels[0], 0);
		break;
	case BAND_EASY:
		clear_level(a, j, quota_levels[0]);
		clear_level(a, j, quota_levels[1]);
		break;
	default:
		clear_level(a, j, quota_levels[1]);
		break;
	}
}

static bool find_own(struct peer *mail, uint64_t account,
                     struct account_row *out)
{
	struct directory *d = mail->auth->directory;

	return directory_partition(d, account) == mail->index &&
	       is_ok(directory_find_id(d, account, out));
}

static bool on_quota_band(struct peer *mail, struct frame_in *f)
{
	uint64_t account = read_u64(&f->r);
	uint8_t resource = read_u8(&f->r);
	uint8_t band = read_u8(&f->r);
	uint64_t used = read_u64(&f->r);
	uint64_t limit = read_u64(&f->r);
	struct alert alert = { .kind = ALERT_QUOTA, .at_s = clock_now_s() };
	char used_text[24], limit_text[24];
	struct account_row row;
	struct alert_job *j;

	if (!frame_is_whole(f) || resource >= 2 || band >= BANDS)
		return false;
	if (!find_own(mail, account, &row))
		return true; /* it is being removed */
	snprintf(used_text, sizeof used_text, "%" PRIu64, used);
	snprintf(limit_text, sizeof limit_text, "%" PRIu64, limit);
	alert.account = row.id;
	alert.user = account_row_name(&row);
	alert.subject = slice_cstr(resources[resource]);
	alert_add(&alert, "what", alert.subject);
	alert_add(&alert, "used", slice_cstr(used_text));
	alert_add(&alert, "limit", slice_cstr(limit_text));
	j = alerts_queue(mail->auth, &alert, quota_job);
	if (j != NULL)
		j->band = band;
	return true;
}

bool alerts_report(struct peer *mail, struct frame_in *f)
{
	switch (f->type) {
	case FRAME_FETCHED:
		return alerts_fetched(mail, f);
	case FRAME_DISK:
		return on_disk(mail, f);
	case FRAME_QUOTA_BAND:
		return on_quota_band(mail, f);
	default:
		return false;
	}
}
