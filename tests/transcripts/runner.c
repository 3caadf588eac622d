/*
 * runner.c -- runs transcripts in process, each in many ways.
 *
 *	runner FILE...
 *
 * Every way has a store of its own in memory-backed disk space and real
 * sessions over it; only the socket is missing. The ways: input line by
 * line; with a watching session whose picture of INBOX must stay true; all
 * at once (where nothing waits for an answer); in chunks of 1 to 64 bytes.
 * The last line is "N passed, N failed", counting files.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../remove_all.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "imap/conn.h"
#include "imap/session.h"
#include "imap/visit.h"
#include "mailbox/mailbox.h"
#include "script.h"
#include "task/task.h"

enum { SESSIONS = 3, WATCHER = 2, MOST_CHUNK = 64 };

/* Of OTHER and SHARED there is one if the script says so. */
enum account_number { ACCOUNT = 1, OTHER, SHARED, ACCOUNTS };

enum { VISIT_TRIES = 2000 }; /* of a millisecond, for what comes by socket */

struct way {
	const char *name;
	size_t chunk; /* bytes fed at once; 0: a line */
	bool pipeline;
	bool watch;
};

/* One client and its session: what is to be read, what was written. */
struct peer {
	struct session *session;
	struct buf in;
	struct buf out;
	bool woken;
	bool over;
};

struct run {
	struct clock clock; /* first: the clock's functions cast back */
	uint64_t elapsed_ms;
	const struct script *script;
	struct way way;
	struct partition *partition;
	struct model *model;
	struct session_config config;
	struct loop *loop;
	struct visit_office office;
	struct grant_listener *listeners;
	struct slice account[ACCOUNTS]; /* names; "" for none */
	struct slice group;             /* of OTHER */
	struct slice administrator;     /* a name, or "" */
	unsigned visits;                /* under way */
	struct peer peer[SESSIONS];
	struct bindings bindings;
	unsigned watched; /* messages that the watcher has been told of */
	bool failed;
	char dir[64];
};

static const int64_t START = 1767225600; /* 1 Jan 2026 00:00:00 UTC */

static uint64_t run_mono_ms(const struct clock *c)
{
	return 1000000 + ((const struct run *)c)->elapsed_ms;
}

static int64_t run_wall_s(const struct clock *c)
{
	return START + (int64_t)(((const struct run *)c)->elapsed_ms / 1000);
}

static void complain(struct run *r, const struct step *step, const char *what,
                     struct slice got)
{
	r->failed = true;
	fprintf(stderr, "%s:%d (%s): %s\n", r->script->path,
	        step != NULL ? step->line : 0, r->way.name, what);
	if (step != NULL && step->kind == STEP_EXPECT)
		fprintf(stderr, "  expected: %.*s\n", (int)step->text.len,
		        step->text.ptr);
	fprintf(stderr, "  got:      %.*s\n", (int)got.len, got.ptr);
}

/* -- the sessions -- */

static struct err peer_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct peer *p = ctx;

	*got = p->in.len < size ? p->in.len : size;
	if (*got != 0)
		memcpy(to, p->in.data, *got);
	buf_drop(&p->in, *got);
	return OK;
}

static struct err peer_write(void *ctx, struct slice s)
{
	buf_add(&((struct peer *)ctx)->out, s);
	return OK;
}

static void peer_wake(void *arg)
{
	((struct peer *)arg)->woken = true;
}

static void peer_run(struct peer *p)
{
	do {
		p->woken = false;
		if (!p->over)
			p->over = session_run(p->session) != SESSION_WAITING;
	} while (p->woken && !p->over);
}

static void peer_start(struct run *r, int n)
{
	struct peer *p = &r->peer[n];
	struct session_start start = {
		.config = &r->config,
		.io = { peer_read, peer_write, p },
		.session_id = S("0123456789abcdef"),
		.login_tag = S("login"),
		.peer = S("127.0.0.1:4711"),
		.tls = true,
		.wake = peer_wake,
		.wake_arg = p,
	};
	bool other = n == 1 && r->account[OTHER].len != 0;
	struct err e =
		account_open(r->model, other ? OTHER : ACCOUNT, &start.account);

	if (!is_ok(e))
		abort();
	p->session = session_new(&start);
	peer_run(p);
	if (!slice_starts(buf_slice(&p->out), S("login OK ")))
		complain(r, NULL, "log-in is not answered", buf_slice(&p->out));
	p->out.len = 0;
}

/* -- visits: real sessions, over a socket -- */

static void on_visit_end(void *arg, const struct conn_left *left)
{
	assert(left == NULL);
	((struct run *)arg)->visits--;
}

static struct err office_open(void *ctx, uint64_t visitor,
                              struct slice session_id, bool shared,
                              struct slice owner, int *fd)
{
	struct run *r = ctx;
	struct identity who = { .account = visitor,
		                .name = r->account[visitor],
		                .groups = &r->group,
		                .n_groups = visitor == OTHER };
	struct arena *a = arena_new(1024);
	struct session_start start = {
		.config = &r->config,
		.session_id = session_id,
		.login_tag = S(ERRAND),
		.visitor = &who,
		.prefix = arena_printf(a, "%s/%.*s/",
		                       shared ? "Shared" : "Other Users",
		                       (int)owner.len, owner.ptr),
	};
	uint64_t id = shared ? SHARED : ACCOUNT;
	int fds[2];

	while (id < SHARED && !slice_ieq(r->account[id], owner))
		id++;
	if (!slice_ieq(r->account[id], owner) ||
	    !is_ok(account_open(r->model, id, &start.account))) {
		arena_free(a);
		return err(ERR_ABSENT, "no such account");
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	conn_start(r->loop, fds[0], &start, on_visit_end, r);
	r->visits++;
	*fd = fds[1];
	arena_free(a);
	return OK;
}

static struct err office_owners(void *ctx, uint64_t account, bool shared,
                                struct arena *a, struct slice **names,
                                size_t *n)
{
	struct run *r = ctx;
	uint64_t owner = shared ? SHARED : account == ACCOUNT ? OTHER : ACCOUNT;

	*names = arena_array(a, 1, sizeof **names);
	(*names)[0] = r->account[owner];
	*n = (*names)[0].len != 0;
	return OK;
}

static struct err office_grant(void *ctx, uint64_t owner,
                               struct slice identifier)
{
	(void)ctx;
	(void)owner;
	(void)identifier;
	return OK;
}

static struct err office_administers(void *ctx, uint64_t account,
                                     uint64_t owner)
{
	struct run *r = ctx;

	(void)owner;
	return slice_eq(r->account[account], r->administrator)
	               ? OK
	               : err(ERR_NOPERM,
	                     "only an administrator can set limits");
}

static void end_visits(struct run *r)
{
	for (int i = 0; i < VISIT_TRIES && r->visits != 0; i++)
		task_sleep(1);
	assert(r->visits == 0);
}

/* What others have done may have woken a session. */
static void run_woken(struct run *r)
{
	task_sleep(1); /* wakes come on the loop */
	for (int i = 0; i < SESSIONS; i++)
		if (r->peer[i].session != NULL && r->peer[i].woken)
			peer_run(&r->peer[i]);
}

/* -- what must come -- */

static bool take_line(struct peer *p, struct slice *line)
{
	size_t end = slice_find(buf_slice(&p->out), S("\r\n"));

	if (end == SLICE_NONE)
		return false;
	*line = slice_first(buf_slice(&p->out), end);
	return true;
}

/* Through a visit it may come later. */
static bool wait_line(struct run *r, struct peer *p, struct slice *line)
{
	for (int i = 0; i < VISIT_TRIES && r->visits != 0; i++) {
		if (take_line(p, line))
			return true;
		run_woken(r);
	}
	return take_line(p, line);
}

static void drop_line(struct peer *p, struct slice line)
{
	buf_drop(&p->out, line.len + 2);
}

/* steps[0..n) in any order. */
static void expect_group(struct run *r, const struct step *steps, size_t n)
{
	struct peer *p = &r->peer[steps->session];
	bool met[64] = { false };

	assert(n <= 64);
	for (size_t left = n; left != 0; left--) {
		struct slice line = S("(nothing)");
		size_t i = 0;

		if (!wait_line(r, p, &line)) {
			complain(r, steps, "a line is missing", line);
			return;
		}
		while (i < n && (met[i] || !script_matches(steps[i].text, line,
		                                           &r->bindings)))
			i++;
		if (i == n) {
			complain(r, steps, "another line was expected", line);
			return;
		}
		met[i] = true;
		drop_line(p, line);
	}
}

/* Neighbours with '?' belong together; how many from step i on? */
static size_t group_size(const struct script *s, size_t i)
{
	size_t n = 1;

	if (!s->steps[i].any_order)
		return 1;
	while (i + n < s->n && s->steps[i + n].kind == STEP_EXPECT &&
	       s->steps[i + n].any_order &&
	       s->steps[i + n].session == s->steps[i].session)
		n++;
	return n;
}

static void expect_silence(struct run *r, const struct step *step)
{
	for (int i = 0; i < WATCHER; i++) {
		struct slice line;

		if (!r->failed && take_line(&r->peer[i], &line))
			complain(r, step, "a line too many", line);
	}
}

/* -- the watcher: EXISTS and EXPUNGE must add up -- */

static void watch_line(struct run *r, struct slice line)
{
	unsigned n;
	char verb[16] = "";

	if (sscanf(line.ptr, "* %u %15[A-Z]", &n, verb) != 2)
		return;
	if (strcmp(verb, "EXPUNGE") == 0) {
		if (n == 0 || n > r->watched)
			complain(r, NULL, "watcher: no such number", line);
		r->watched--;
	} else if (strcmp(verb, "EXISTS") == 0) {
		if (n < r->watched)
			complain(r, NULL, "watcher: EXISTS fell", line);
		r->watched = n;
	}
}

static void watch(struct run *r)
{
	struct peer *w = &r->peer[WATCHER];
	struct slice line;

	if (!r->way.watch || w->over)
		return;
	buf_add(&w->in, S("w NOOP\r\n"));
	peer_run(w);
	while (take_line(w, &line)) {
		watch_line(r, line);
		drop_line(w, line);
	}
}

static void watch_begin(struct run *r)
{
	if (!r->way.watch)
		return;
	peer_start(r, WATCHER);
	buf_add(&r->peer[WATCHER].in, S("w EXAMINE INBOX\r\n"));
	watch(r);
}

static void watch_end(struct run *r)
{
	struct mailbox_status status;
	struct account *account;

	watch(r);
	if (!r->way.watch || r->failed || r->peer[WATCHER].over)
		return;
	if (!is_ok(account_open(r->model, ACCOUNT, &account)) ||
	    !is_ok(mailbox_status(account, 0, S("INBOX"), &status)))
		abort();
	account_close(account);
	if (status.messages != r->watched)
		complain(r, NULL, "watcher: has not been told everything",
		         S("(count of INBOX differs)"));
}

/* -- what is there before -- */

static struct account *the_account(struct run *r)
{
	struct account *account;

	if (!is_ok(account_open(r->model, ACCOUNT, &account)))
		abort();
	return account;
}

static void append(struct run *r, struct slice name, struct slice text,
                   struct new_message m)
{
	struct account *account = the_account(r);
	struct mailbox *mailbox;
	uint32_t uid;

	m.message = incoming_new(r->model);
	mailbox_create(account, name, 0);
	if (!is_ok(mailbox_open(account, name, &mailbox)) ||
	    !is_ok(incoming_write(m.message, text)) ||
	    !is_ok(incoming_finish(m.message)) ||
	    !is_ok(mailbox_append(mailbox, &m, 1, &uid)))
		abort();
	incoming_free(m.message);
	mailbox_close(mailbox);
	account_close(account);
}

static void make_mailbox(struct run *r, const struct step *step)
{
	struct account *account = the_account(r);

	mailbox_create(account, step->name, 0);
	account_close(account);
	for (unsigned i = 1; i <= step->number; i++) {
		struct buf text = { 0 };

		buf_printf(&text,
		           "From: Sender %u <s%u@example.com>\r\n"
		           "To: demo@example.org\r\nSubject: message %u\r\n"
		           "Date: Thu, 1 Jan 2026 0%u:00:00 +0000\r\n"
		           "Message-ID: <m%u@example.com>\r\n\r\n"
		           "This is message %u.\r\n",
		           i, i, i, i % 10, i, i);
		append(r, step->name, buf_slice(&text),
		       (struct new_message){
			       .internaldate = START - 86400 * (int64_t)i });
		buf_free(&text);
	}
}

/* "\Seen $Junk" into bits and keywords */
static uint8_t read_flags(struct slice text, struct slice *keywords, size_t *n)
{
	static const char *const system_flags[] = { "\\Seen", "\\Answered",
		                                    "\\Flagged", "\\Deleted",
		                                    "\\Draft" };
	uint8_t flags = 0;
	struct slice word;

	*n = 0;
	while (text.len != 0) {
		size_t i = 0;

		slice_cut(text, ' ', &word, &text);
		while (i < 5 && !slice_ieq(word, slice_cstr(system_flags[i])))
			i++;
		if (i < 5)
			flags |= (uint8_t)(1u << i); /* enum message_flag */
		else if (word.len != 0 && *n < 16)
			keywords[(*n)++] = word;
	}
	return flags;
}

/* " 1-Jan-2026 10:00:00 +0000" */
static void read_date(struct slice text, struct new_message *m)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char copy[32] = { 0 }, month[4] = { 0 };
	struct tm t = { 0 };
	int zone;

	m->internaldate = START;
	if (text.len == 0 || text.len >= sizeof copy)
		return;
	memcpy(copy, text.ptr, text.len);
	if (sscanf(copy, "%d-%3s-%d %d:%d:%d %d", &t.tm_mday, month, &t.tm_year,
	           &t.tm_hour, &t.tm_min, &t.tm_sec, &zone) != 7 ||
	    strstr(months, month) == NULL)
		return;
	t.tm_year -= 1900;
	t.tm_mon = (int)(strstr(months, month) - months) / 3;
	m->zone = (int16_t)(zone / 100 * 60 + zone % 100);
	m->internaldate = timegm(&t) - m->zone * 60;
}

static void make_message(struct run *r, const struct step *step)
{
	struct slice keywords[16];
	struct new_message m = { .keywords = keywords };

	read_date(step->date, &m);
	m.flags = read_flags(step->flags, keywords, &m.n_keywords);
	append(r, step->name, step->text, m);
}

/* -- the dialogue -- */

static void feed(struct run *r, struct peer *p, struct slice bytes)
{
	size_t chunk = r->way.chunk != 0 ? r->way.chunk : bytes.len;

	while (bytes.len != 0) {
		struct slice now = slice_first(bytes, chunk);

		buf_add(&p->in, now);
		bytes = slice_from(bytes, now.len);
		peer_run(p);
	}
}

static void send_line(struct run *r, const struct step *step)
{
	struct buf line = { 0 };

	buf_add(&line, script_fill(step->text, &r->bindings));
	buf_add(&line, S("\r\n"));
	feed(r, &r->peer[step->session], buf_slice(&line));
	buf_free(&line);
	run_woken(r);
	watch(r);
}

static void send_everything(struct run *r)
{
	struct buf all = { 0 };

	for (size_t i = 0; i < r->script->n; i++) {
		if (r->script->steps[i].kind != STEP_SEND)
			continue;
		buf_add(&all, r->script->steps[i].text);
		buf_add(&all, S("\r\n"));
	}
	feed(r, &r->peer[0], buf_slice(&all));
	buf_free(&all);
}

static void run_step(struct run *r, size_t *i)
{
	const struct step *step = &r->script->steps[*i];
	size_t n = 1;

	switch (step->kind) {
	case STEP_SEND:
		if (r->way.pipeline)
			break;
		expect_silence(r, step);
		send_line(r, step);
		break;
	case STEP_EXPECT:
		n = group_size(r->script, *i);
		expect_group(r, step, n);
		break;
	case STEP_TIME:
		r->elapsed_ms += step->number * UINT64_C(1000);
		run_woken(r);
		break;
	case STEP_MAILBOX:
	case STEP_MESSAGE:
	case STEP_QUOTA:
	case STEP_ACCOUNT:
	case STEP_SHARED:
	case STEP_ADMINISTRATOR:
	case STEP_MOST:
		break;
	}
	*i += n;
}

static void set_quota(struct run *r, const struct step *step)
{
	struct account *account = the_account(r);

	account_set_quota(account, QUOTA_ALL, step->limit);
	account_close(account);
}

static void make_account(struct run *r, enum account_number which,
                         struct slice name)
{
	r->account[which] = name;
	if (!is_ok(account_create(r->model, which, name)))
		abort();
}

static void make_other(struct run *r, const struct step *step)
{
	r->group = step->text;
	make_account(r, step->kind == STEP_SHARED ? SHARED : OTHER, step->name);
}

static void prepare(struct run *r)
{
	for (size_t i = 0; i < r->script->n; i++) {
		const struct step *step = &r->script->steps[i];

		if (step->kind == STEP_MAILBOX)
			make_mailbox(r, step);
		if (step->kind == STEP_MESSAGE)
			make_message(r, step);
		if (step->kind == STEP_QUOTA)
			set_quota(r, step);
		if (step->kind == STEP_ACCOUNT || step->kind == STEP_SHARED)
			make_other(r, step);
		if (step->kind == STEP_ADMINISTRATOR)
			r->administrator = step->name;
		if (step->kind == STEP_MOST)
			r->config.command_messages = step->number;
	}
}

static void peers_free(struct run *r)
{
	for (int i = 0; i < SESSIONS; i++) {
		if (r->peer[i].session != NULL)
			session_free(r->peer[i].session);
		buf_free(&r->peer[i].in);
		buf_free(&r->peer[i].out);
	}
}

static void dialogue(struct run *r)
{
	prepare(r);
	peer_start(r, 0);
	peer_start(r, 1);
	watch_begin(r);
	if (r->way.pipeline)
		send_everything(r);
	for (size_t i = 0; i < r->script->n && !r->failed;)
		run_step(r, &i);
	expect_silence(r, NULL);
	watch_end(r);
	peers_free(r);
	end_visits(r);
}

/* -- one run -- */

static void run_in_task(struct loop *loop, void *arg)
{
	struct run *r = arg;
	struct partition_options options = { .map_bytes = 64 << 20 };

	if (!is_ok(partition_make(r->dir)) ||
	    !is_ok(partition_open(loop, r->dir, options, &r->partition)))
		abort();
	r->model = model_new(r->partition, &r->clock);
	r->office = (struct visit_office){
		office_open, office_owners, office_grant, office_administers,
		r,           &r->listeners
	};
	r->config =
		(struct session_config){ .clock = &r->clock,
		                         .model = r->model,
		                         .visits = &r->office,
		                         .message_limit_bytes = 1 << 20,
		                         .hostname = S("mail.example.org") };
	r->loop = loop;
	make_account(r, ACCOUNT, S("demo@example.org"));
	dialogue(r);
	model_free(r->model);
	partition_close(r->partition);
}

static bool run_way(const struct script *script, struct way way)
{
	struct run r = { .clock = { run_mono_ms, run_wall_s },
		         .script = script,
		         .way = way,
		         .bindings = { .arena = arena_new(1 << 20) } };

	snprintf(r.dir, sizeof r.dir, "/dev/shm/roost-transcript-XXXXXX");
	if (mkdtemp(r.dir) == NULL)
		abort();
	task_run_main(run_in_task, &r);
	remove_all(r.dir);
	arena_free(r.bindings.arena);
	return !r.failed;
}

static bool run_file(const char *path)
{
	struct script script = script_read(path);
	bool ok = run_way(&script, (struct way){ .name = "line by line" });

	ok = ok &&
	     run_way(&script, (struct way){ .name = "watched", .watch = true });
	if (ok && script_can_pipeline(&script))
		ok = run_way(&script, (struct way){ .name = "pipelined",
		                                    .pipeline = true });
	for (size_t chunk = 1; ok && chunk <= MOST_CHUNK; chunk++)
		ok = run_way(&script, (struct way){ .name = "in chunks",
		                                    .chunk = chunk });
	script_free(&script);
	printf("%s %s\n", ok ? "ok    " : "FAILED", path);
	fflush(stdout);
	return ok;
}

int main(int argc, char **argv)
{
	int passed = 0;

	log_init("transcripts", LOG_LEVEL_ERROR);
	for (int i = 1; i < argc; i++)
		passed += run_file(argv[i]);
	printf("%d passed, %d failed\n", passed, argc - 1 - passed);
	return passed != argc - 1;
}
