/* guards.c -- see guards.h. */
#include "guards.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fault.h"
#include "base/chain.h"
#include "base/mem.h"
#include "client.h"
#include "guard/alert_file.h"
#include "guard/audit.h"
#include "guard/history.h"

#define RENAMED S("audit.log is renamed")
#define FOUND   S("found") /* the steps of a recovery */
#define A_LINE  S("a line")

enum {
	PATH_SIZE = 512,
	LIST_BYTES = 1 << 20,
	LINES = 40, /* settled together; some pages of the file */
	ROWS = 16,
	TRIES = 4, /* that fail; one more than may */
	ANN = 1,
	BOB = 2,
	DAY = 20000,
};

static const struct limit_rules limits = { .per_account = TRIES - 1,
	                                   .lock_s = 60,
	                                   .lock_most_s = 3600 };
static const struct history_rules rules = { .keep_s = 365 * 86400,
	                                    .keep_failures_s = 30 * 86400,
	                                    .per_account = 500,
	                                    .in_all = 1000 };

struct guards {
	struct work *work; /* NULL: a recovery's */
	struct loop *loop;
	const char *root;
	struct audit *audit;
	struct history *history;
	struct limits *limits;
	struct alert_file *alerts;
};

static const char *path_of(const struct guards *g, const char *name)
{
	static char path[PATH_SIZE];

	snprintf(path, sizeof path, "%s" SITE_AT "/auth/%s", g->root, name);
	return path;
}

static struct err guards_open(struct guards *g)
{
	struct err e = audit_open(g->loop, path_of(g, "audit.log"), &g->audit);

	if (is_ok(e))
		e = history_open(path_of(g, "history.sqlite"), S("secret"),
		                 rules, &g->history);
	g->limits = limits_new(S("secret"), limits);
	if (is_ok(e))
		e = history_restore(g->history, g->limits);
	if (is_ok(e))
		e = alert_file_open(path_of(g, "alerts.sqlite"), &g->alerts);
	return e;
}

static void guards_close(struct guards *g)
{
	alert_file_close(g->alerts);
	limits_free(g->limits);
	if (g->history != NULL)
		history_close(g->history);
	audit_close(g->audit);
}

/* -- what is there -- */

static void add_error(struct buf *out, struct err e)
{
	buf_printf(out, "error %d\n", (int)e.code);
}

static void add_file(const char *path, struct buf *out)
{
	char bytes[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
		buf_add(out, slice_of(bytes, (size_t)n));
	if (fd >= 0)
		close(fd);
}

/* The one before, which has been renamed, and this one. What could not be cut
 * off while the disk failed goes when it works again; after a single failure
 * it must have gone. */
static void state_of_audit(const struct guards *g, struct buf *out)
{
	if (fault_state()->lasts > 1)
		audit_settle(g->audit);
	add_file(path_of(g, "audit.log.1"), out);
	add_file(path_of(g, "audit.log"), out);
}

static void add_sign_ins(struct history *h, uint64_t account, struct buf *out)
{
	struct arena *arena = arena_new(LIST_BYTES);
	struct sign_in rows[ROWS];
	size_t n = 0;
	struct err e = history_page(h, account, 0, arena, rows, ROWS, &n);

	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out,
		           "%" PRIu64 " %.*s granted=%d %.*s %" PRId64
		           " to %" PRId64 ", %" PRIu64 " times\n",
		           rows[i].account, (int)rows[i].name.len,
		           rows[i].name.ptr, rows[i].granted,
		           (int)rows[i].network.len, rows[i].network.ptr,
		           rows[i].first_s, rows[i].last_s, rows[i].count);
	buf_printf(out, "%" PRIu64 " known there: %d\n", account,
	           history_knows(h, account, S("192.0.2.0/24"), 0));
	arena_free(arena);
}

static struct limit_try try_of(uint64_t account, uint8_t secret)
{
	static const char *const names[] = { "", "ann@example.org",
		                             "bob@example.org" };
	static char text[16];

	snprintf(text, sizeof text, "wrong %u", secret);
	return (struct limit_try){
		.name = slice_cstr(names[account]),
		.account = account,
		.address = { { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 } },
		.secret = slice_cstr(text),
		.generation = 1
	};
}

/* The counts as a restart would find them. */
static void state_of_history(const struct guards *g, struct buf *out)
{
	struct limits *saved = limits_new(S("secret"), limits);
	struct err e = history_restore(g->history, saved);

	if (!is_ok(e))
		add_error(out, e);
	for (uint64_t id = ANN; id <= BOB; id++) {
		struct limit_try t = try_of(id, 0);

		add_sign_ins(g->history, id, out);
		buf_printf(out, "%" PRIu64 " has failed %u times\n", id,
		           limits_failures(saved, &t, WORKLOAD_START));
	}
	limits_free(saved);
}

static void state_of_alerts(const struct guards *g, struct buf *out)
{
	const struct alert_wanted all = { 0, S("") };
	struct arena *arena = arena_new(LIST_BYTES);
	struct alert_row rows[ALERT_PAGE];
	struct fetched most = { 0 };
	size_t n = 0;
	struct err e = alert_file_page(g->alerts, &all, 0, arena, rows, &n);

	if (is_ok(e))
		e = alert_file_habit(g->alerts, ANN, DAY + 1, &most);
	if (!is_ok(e))
		add_error(out, e);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%.*s %.*s %.*s %" PRIu64 " times\n",
		           (int)rows[i].kind.len, rows[i].kind.ptr,
		           (int)rows[i].user.len, rows[i].user.ptr,
		           (int)rows[i].subject.len, rows[i].subject.ptr,
		           rows[i].count);
	buf_printf(out, "fetched %" PRIu64 " %" PRIu64 "\n", most.octets,
	           most.messages);
	arena_free(arena);
}

static void (*const states[])(const struct guards *, struct buf *) = {
	state_of_audit, state_of_history, state_of_alerts
};

void guards_state(const struct guards *g, uint32_t chain, struct buf *out)
{
	states[chain - CHAIN_AUDIT](g, out);
}

static void done(const struct guards *g, uint32_t chain, struct err e)
{
	guard_end(g->work, chain, e);
}

/* -- the audit log -- */

static uint64_t add_line(struct guards *g, uint32_t n)
{
	struct log_line l = audit_begin("policy_set");
	char text[300];

	memset(text, 'x', sizeof text);
	log_number(&l, "number", n);
	log_text(&l, "value", slice_of(text, n * 37 % sizeof text));
	return audit_add(g->audit, &l);
}

/* So many lines at once. */
static void settle(struct guards *g, uint32_t n)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < n; i++)
		last = add_line(g, i);
	step_begin(CHAIN_AUDIT, S("lines"));
	audit_settle(g->audit);
	done(g, CHAIN_AUDIT,
	     audit_has(g->audit, last) ? OK : err(ERR_IO, "lines are lost"));
}

static void sync_directory(const struct guards *g)
{
	int fd = open(path_of(g, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	workload_must(fd >= 0 && fsync(fd) == 0, "a sync");
	close(fd);
}

/* As logrotate has it, whose own calls are no concern here; where ours may
 * fail it is sure, for no directory loses a rename and keeps what is done
 * there afterwards. Until there is a line in the new file nothing leads from
 * the old one to it. */
static void rotate(struct guards *g)
{
	char to[PATH_SIZE];

	snprintf(to, sizeof to, "%s", path_of(g, "audit.log.1"));
	step_begin(CHAIN_AUDIT, RENAMED);
	fault_state()->paused++;
	workload_must(rename(path_of(g, "audit.log"), to) == 0, "a rename");
	if (g->work->in != NULL)
		sync_directory(g);
	fault_state()->paused--;
	audit_reopen(g->audit);
	done(g, CHAIN_AUDIT, OK);
}

static void work_audit(struct guards *g)
{
	settle(g, 1);
	settle(g, 3);
	settle(g, LINES);
	settle(g, 1);
	settle(g, LINES);
	rotate(g);
	settle(g, 2);
	settle(g, LINES);
}

/* -- who has signed in, and who is locked out -- */

/* Those that could not be written at first are, by now. */
static bool counts_are_saved(const struct guards *g)
{
	struct limits *saved = limits_new(S("secret"), limits);
	bool are = true;

	fault_state()->paused++;
	workload_must(is_ok(history_restore(g->history, saved)), "it is read");
	fault_state()->paused--;
	for (uint64_t id = ANN; id <= BOB; id++) {
		struct limit_try t = try_of(id, 0);

		are = are &&
		      limits_failures(saved, &t, WORKLOAD_START) ==
		              limits_failures(g->limits, &t, WORKLOAD_START);
	}
	limits_free(saved);
	return are;
}

static void write_history(struct guards *g, const char *what)
{
	struct err e;

	step_begin(CHAIN_HISTORY, slice_cstr(what));
	e = history_write(g->history, g->limits, WORKLOAD_START);
	workload_must(!is_ok(e) || counts_are_saved(g), "counts are saved");
	done(g, CHAIN_HISTORY, e);
}

static void sign_in(struct guards *g, uint64_t account, bool granted,
                    int64_t at_s)
{
	struct sign_in s = { .account = account,
		             .first_s = at_s,
		             .granted = granted,
		             .name = try_of(account, 0).name,
		             .address = S("192.0.2.7"),
		             .network = S("192.0.2.0/24"),
		             .service = S("imap") };

	workload_must(history_add(g->history, &s), "there is room for it");
}

static void fail(struct guards *g, uint64_t account)
{
	for (uint8_t i = 0; i < TRIES; i++) {
		struct limit_try t = try_of(account, i);

		if (limits_ask(g->limits, &t, WORKLOAD_START) == LIMIT_MAY)
			limits_end(g->limits, &t, true, WORKLOAD_START);
	}
}

static void work_history(struct guards *g)
{
	sign_in(g, ANN, true, WORKLOAD_START - 9);
	sign_in(g, BOB, false, WORKLOAD_START - 8);
	write_history(g, "log-ins");
	sign_in(g, ANN, true, WORKLOAD_START - 3);
	sign_in(g, BOB, true, WORKLOAD_START - 2);
	fail(g, ANN);
	fail(g, BOB);
	write_history(g, "lockouts");
	limits_clear(g->limits, S("ann@example.org"), ANN, WORKLOAD_START);
	write_history(g, "lockout clear");
	step_begin(CHAIN_HISTORY, S("user remove"));
	done(g, CHAIN_HISTORY, history_forget(g->history, BOB));
	limits_clear(g->limits, S(""), 0, WORKLOAD_START);
	write_history(g, "lockout clear");
}

/* -- alerts -- */

/* One that is known, *known, is not told again; one that was refused is. */
static void raise_alert(struct guards *g, uint64_t account,
                        enum alert_kind kind, bool *known)
{
	struct alert a = { .kind = kind,
		           .at_s = WORKLOAD_START,
		           .account = account,
		           .user = try_of(account, 0).name,
		           .subject = S("192.0.2.7") };
	bool is_new = false;
	struct err e;

	step_begin(CHAIN_ALERTS, S("alert"));
	e = alert_file_raise(g->alerts, &a, &is_new);
	workload_must(is_new == (is_ok(e) && !*known), "an alert is told once");
	*known = *known || is_ok(e);
	done(g, CHAIN_ALERTS, e);
}

static void better(struct guards *g, enum alert_kind kind, bool *known)
{
	const struct alert a = { .kind = kind, .subject = S("192.0.2.7") };
	struct err e;

	step_begin(CHAIN_ALERTS, S("better"));
	e = alert_file_clear(g->alerts, &a);
	*known = *known && !is_ok(e);
	done(g, CHAIN_ALERTS, e);
}

static void work_alerts(struct guards *g)
{
	const struct fetched_day days[] = { { ANN, DAY, { 1000, 10 } },
		                            { BOB, DAY, { 2000, 20 } } };
	bool locked = false, travelled = false, full = false;

	raise_alert(g, ANN, ALERT_LOCKOUT, &locked);
	raise_alert(g, ANN, ALERT_LOCKOUT, &locked);
	raise_alert(g, BOB, ALERT_TRAVEL, &travelled);
	raise_alert(g, 0, ALERT_DISK, &full);
	better(g, ALERT_DISK, &full);
	raise_alert(g, 0, ALERT_DISK, &full);
	step_begin(CHAIN_ALERTS, S("fetched"));
	done(g, CHAIN_ALERTS, alert_file_add(g->alerts, days, 2));
	step_begin(CHAIN_ALERTS, S("user remove"));
	done(g, CHAIN_ALERTS, alert_file_forget(g->alerts, BOB));
	step_begin(CHAIN_ALERTS, S("trim"));
	done(g, CHAIN_ALERTS, alert_file_trim(g->alerts, WORKLOAD_START));
}

struct err work_open_guards(struct work *w)
{
	struct guards *g = mem_new(1, sizeof *g);
	struct err e;

	*g = (struct guards){ .work = w, .loop = w->loop, .root = w->root };
	e = guards_open(g);
	if (is_ok(e)) {
		w->guards = g;
		return OK;
	}
	guards_close(g);
	free(g);
	return e;
}

void work_close_guards(struct work *w)
{
	if (w->guards == NULL)
		return;
	guards_close(w->guards);
	free(w->guards);
	w->guards = NULL;
}

void guards_find(struct work *w)
{
	for (uint32_t i = CHAIN_AUDIT; i < CHAINS; i++) {
		step_begin(i, S("found"));
		guard_end(w, i, OK);
	}
}

void guards_work(struct work *w)
{
	work_audit(w->guards);
	work_history(w->guards);
	work_alerts(w->guards);
}

void guards_do_little(struct work *w)
{
	bool known = true;

	settle(w->guards, 1);
	sign_in(w->guards, ANN, true, WORKLOAD_START - 1);
	write_history(w->guards, "a log-in");
	better(w->guards, ALERT_QUOTA, &known);
	if (!known)
		raise_alert(w->guards, 0, ALERT_QUOTA, &known);
}

void guards(struct work *w)
{
	for (uint32_t i = CHAIN_AUDIT; i < CHAINS; i++)
		step_begin(i, S("nothing"));
	workload_must(is_ok(work_open_guards(w)), "they open");
	for (uint32_t i = CHAIN_AUDIT; i < CHAINS; i++)
		guard_end(w, i, OK);
	guards_work(w);
	for (uint32_t i = CHAIN_AUDIT; i < CHAINS; i++) {
		step_begin(i, STEP_CLOSED);
		guard_end(w, i, OK);
	}
	work_close_guards(w);
}

/* -- afterwards -- */

static void problem(struct buf *problems, const char *what, struct slice s)
{
	buf_printf(problems, "%s: %.*s\n", what, (int)s.len, s.ptr);
}

/* As `roost audit verify` does. With a new file that nothing leads to a second
 * one may begin. */
static void check_chain(struct slice text, bool may_begin, struct buf *problems)
{
	struct chain chain = chain_start();
	struct slice line, rest;

	while (slice_cut(text, '\n', &line, &text)) {
		if (may_begin && slice_starts(line, S("seq=1 ")))
			chain = chain_start();
		if (!chain_follow(&chain, line, false, &rest)) {
			problem(problems, "the audit log's chain breaks", line);
			return;
		}
	}
	if (line.len != 0)
		problem(problems, "the audit log has half a line", line);
}

/* A recovery's own chain has that behind it. */
static bool may_begin(const struct possible *p)
{
	return slice_eq(p->v[p->n - 1]->what, RENAMED) ||
	       slice_eq(p->v[0]->what, FOUND) ||
	       slice_eq(p->v[0]->what, A_LINE);
}

static bool is_between(struct slice least, struct slice found,
                       struct slice most)
{
	return slice_starts(found, least) && slice_starts(most, found);
}

static bool may_be(uint32_t chain, const struct possible *p, struct slice found)
{
	struct slice last = p->v[p->n - 1]->state;

	/* that it was made was under way: what it is then, it may be, too */
	if (slice_eq(found, p->v[0]->state) || slice_eq(found, last))
		return true;
	return chain == CHAIN_AUDIT && is_between(p->v[0]->state, found, last);
}

static void compare(const struct guards *g, uint32_t chain,
                    const struct possible *p, struct buf *problems)
{
	struct buf found = { 0 };

	states[chain - CHAIN_AUDIT](g, &found);
	if (chain == CHAIN_AUDIT)
		check_chain(buf_slice(&found), may_begin(p), problems);
	if (!may_be(chain, p, buf_slice(&found))) {
		problem(problems, "it was", p->v[0]->state);
		problem(problems, "and is", buf_slice(&found));
	}
	record_mark(RECORD_BEGIN, chain, FOUND);
	record_mark(RECORD_ACK, chain, S(""));
	record_mark(RECORD_STATE, chain, buf_slice(&found));
	buf_free(&found);
}

/* One more line, which its chain has room for. */
static void go_on(struct guards *g, bool may, struct buf *problems)
{
	struct buf text = { 0 };

	add_line(g, 0);
	record_mark(RECORD_BEGIN, CHAIN_AUDIT, A_LINE);
	audit_settle(g->audit);
	record_mark(RECORD_ACK, CHAIN_AUDIT, S(""));
	state_of_audit(g, &text);
	record_mark(RECORD_STATE, CHAIN_AUDIT, buf_slice(&text));
	check_chain(buf_slice(&text), may, problems);
	buf_free(&text);
}

void guards_recover(struct loop *loop, const char *root,
                    const struct history *h, uint32_t cut, struct buf *problems)
{
	struct guards g = { .loop = loop, .root = root };
	struct possible p = history_at(h, CHAIN_AUDIT, cut);
	bool may;
	struct err e;

	/* nothing can have happened to what nobody has open */
	if (p.n == 0 || slice_eq(p.v[p.n - 1]->what, STEP_CLOSED))
		return;
	may = may_begin(&p);
	e = guards_open(&g);
	if (is_ok(e)) {
		for (uint32_t i = CHAIN_AUDIT; i < CHAINS; i++) {
			p = history_at(h, i, cut);
			if (p.n != 0)
				compare(&g, i, &p, problems);
		}
		go_on(&g, may, problems);
	} else {
		problem(problems, "they do not open", slice_cstr(e.text));
	}
	guards_close(&g);
}
