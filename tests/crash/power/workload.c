/*
 * workload.c -- see workload.h.
 *
 * Commands go through real sessions (only the socket is missing), delivery
 * and the verbs of accounts through the functions behind them. Before each
 * its beginning is marked, at the moment its answer leaves that it has been
 * acknowledged (a refusal acknowledges that nothing has changed), and then
 * the state it has led to.
 */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/directory.h"
#include "deliver/internal.h"
#include "imap/session.h"
#include "script.h"
#include "state.h"
#include "store/partition.h"

enum {
	PATH_SIZE = 512,
	LOAD = 32, /* sessions at once when syncs are counted */
	LOAD_ROUNDS = 4,
	LOAD_SYNC_US = 100, /* of an ordinary server's disk */
};

static const int64_t START = 1767225600; /* 1 Jan 2026 00:00:00 UTC */

struct work {
	const char *root;
	struct loop *loop;
	struct partition *partition;
	struct model *model;
	struct directory *directory;
	struct session_config config;
	uint64_t account[CHAIN_CONCURRENT + LOAD];
	uint32_t running; /* clients at the same time */
	struct wait_list done;
	bool quiet; /* no states */
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "workload: %s\n", what);
	exit(1);
}

/* -- what it is given -- */

static uint64_t clock_mono_ms(const struct clock *c)
{
	(void)c;
	return 1000000;
}

static int64_t clock_wall_s(const struct clock *c)
{
	(void)c;
	return START;
}

const struct clock *still_clock(void)
{
	static const struct clock clock = { clock_mono_ms, clock_wall_s };

	return &clock;
}

struct partition_options small_partition(void)
{
	return (struct partition_options){ .map_bytes = 16 << 20,
		                           .pack_bytes = 40000 };
}

void message_make(struct buf *out, uint64_t seed, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
				     "ghijklmnopqrstuvwxyz0123456789+/";
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	size_t start = out->len;

	buf_printf(out,
	           "From: Sender <s%llu@example.com>\r\n"
	           "To: demo@example.org\r\nSubject: message %llu\r\n"
	           "Message-ID: <m%llu@example.com>\r\n\r\n",
	           (unsigned long long)seed, (unsigned long long)seed,
	           (unsigned long long)seed);
	while (out->len - start < size) {
		for (int i = 0; i < 72; i++) {
			x = x * UINT64_C(6364136223846793005) +
			    UINT64_C(1442695040888963407);
			buf_byte(out, digits[x >> 58]);
		}
		buf_add(out, S("\r\n"));
	}
}

/* -- steps -- */

static void begin(uint32_t chain, struct slice what)
{
	record_mark(RECORD_BEGIN, chain, what);
}

static void acknowledge(uint32_t chain)
{
	record_mark(RECORD_ACK, chain, S(""));
}

static void note_account(struct work *w, uint32_t chain)
{
	struct buf text = { 0 };

	if (w->quiet)
		return;
	buf_printf(&text, "id=%llu\n", (unsigned long long)w->account[chain]);
	state_of_account(w->model, w->account[chain], &text);
	record_mark(RECORD_STATE, chain, buf_slice(&text));
	buf_free(&text);
}

static void note_directory(struct work *w)
{
	struct buf text = { 0 };

	state_of_directory(w->directory, &text);
	record_mark(RECORD_STATE, CHAIN_DIRECTORY, buf_slice(&text));
	buf_free(&text);
}

static void directory_begin(const char *what)
{
	begin(CHAIN_DIRECTORY, slice_cstr(what));
}

static void directory_end(struct work *w, struct err e)
{
	must(is_ok(e), "a change of the directory succeeds");
	acknowledge(CHAIN_DIRECTORY);
	note_directory(w);
}

static void account_end(struct work *w, uint32_t chain, struct err e)
{
	must(is_ok(e), "a change of an account succeeds");
	acknowledge(chain);
	note_account(w, chain);
}

/* -- a client and its session -- */

struct client {
	struct work *work;
	uint32_t chain;
	struct session *session;
	struct buf in;
	struct buf out;
	uint32_t tag;
	bool answered;
	bool ok;
	uint64_t message; /* the seed of the next one */
};

static struct err client_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct client *c = ctx;

	*got = c->in.len < size ? c->in.len : size;
	if (*got != 0)
		memcpy(to, c->in.data, *got);
	buf_drop(&c->in, *got);
	return OK;
}

/* The tagged answer leaves: that is what is promised. */
static struct err client_write(void *ctx, struct slice s)
{
	struct client *c = ctx;
	char tag[32];
	size_t at;

	buf_add(&c->out, s);
	snprintf(tag, sizeof tag, "\r\nt%u ", c->tag);
	at = slice_find(buf_slice(&c->out), slice_cstr(tag));
	if (c->answered || at == SLICE_NONE)
		return OK;
	c->answered = true;
	c->ok = slice_starts(slice_from(buf_slice(&c->out), at + strlen(tag)),
	                     S("OK"));
	acknowledge(c->chain);
	return OK;
}

static void client_wake(void *arg)
{
	(void)arg;
}

static void client_start(struct client *c, struct work *w, uint32_t chain)
{
	*c = (struct client){ .work = w,
		              .chain = chain,
		              .answered = true,
		              .message = (uint64_t)chain * 1000 };
	struct session_start start = {
		.config = &w->config,
		.io = { client_read, client_write, c },
		.session_id = S("0123456789abcdef"),
		.login_tag = S("login"),
		.peer = S("127.0.0.1:4711"),
		.tls = true,
		.wake = client_wake,
	};

	must(is_ok(account_open(w->model, w->account[chain], &start.account)),
	     "an account opens");
	c->session = session_new(&start);
	session_run(c->session);
}

static void client_end(struct client *c)
{
	session_free(c->session);
	buf_free(&c->in);
	buf_free(&c->out);
}

/* "~1200" is a literal: a message of about that size. */
static void add_command(struct client *c, const char *text)
{
	const char *mark;

	while ((mark = strchr(text, '~')) != NULL) {
		struct buf message = { 0 };
		char *end;

		message_make(&message, c->message++,
		             (size_t)strtoul(mark + 1, &end, 10));
		buf_printf(&c->in, "%.*s{%zu+}\r\n", (int)(mark - text), text,
		           message.len);
		buf_add(&c->in, buf_slice(&message));
		buf_free(&message);
		text = end;
	}
	buf_printf(&c->in, "%s\r\n", text);
}

static struct slice verb_of(const char *command)
{
	struct slice verb;
	struct slice rest = slice_cstr(command);

	slice_cut(rest, ' ', &verb, &rest);
	if (slice_eq(verb, S("UID")))
		slice_cut(rest, ' ', &verb, &rest);
	return verb;
}

/* A command that begins with '-' is refused. */
static void client_say(struct client *c, const char *command)
{
	bool refused = command[0] == '-';

	command += refused;
	c->out.len = 0;
	buf_add(&c->out, S("\r\n"));
	c->answered = false;
	buf_printf(&c->in, "t%u ", ++c->tag);
	add_command(c, command);
	begin(c->chain, verb_of(command));
	while (!c->answered)
		must(session_run(c->session) == SESSION_WAITING,
		     "a session goes on");
	if (c->ok == refused)
		fprintf(stderr, "%s: %.*s\n", command, (int)c->out.len,
		        c->out.data);
	must(c->ok != refused, "a command is answered as it should");
	note_account(c->work, c->chain);
}

/* -- accounts, as `roost user` has it -- */

static void user_add(struct work *w, uint32_t chain)
{
	char name[64];

	snprintf(name, sizeof name, "user%u@example.org", chain);
	directory_begin("user add");
	directory_end(w, directory_add(w->directory, slice_cstr(name),
	                               S("{PLAIN}secret"), &w->account[chain]));
	begin(chain, S("absent"));
	acknowledge(chain);
	note_account(w, chain);
	begin(chain, S("user add"));
	account_end(
		w, chain,
		account_create(w->model, w->account[chain], slice_cstr(name)));
	directory_begin("user add");
	directory_end(w, directory_set_state(w->directory, w->account[chain],
	                                     ACCOUNT_ENABLED));
}

static void user_remove(struct work *w, uint32_t chain)
{
	directory_begin("user remove");
	directory_end(w, directory_set_state(w->directory, w->account[chain],
	                                     ACCOUNT_REMOVING));
	begin(chain, S("user remove"));
	account_end(w, chain, account_delete(w->model, w->account[chain]));
	directory_begin("user remove");
	directory_end(w, directory_forget(w->directory, w->account[chain]));
}

static void user_others(struct work *w)
{
	uint64_t id = w->account[CHAIN_SECOND];
	struct credential_use use = { 1, START };

	directory_begin("user disable");
	directory_end(w,
	              directory_set_state(w->directory, id, ACCOUNT_DISABLED));
	directory_begin("user enable");
	directory_end(w,
	              directory_set_state(w->directory, id, ACCOUNT_ENABLED));
	directory_begin("user password");
	directory_end(w, directory_set_password(w->directory, id,
	                                        S("{PLAIN}another")));
	directory_begin("last use");
	directory_end(w, directory_used(w->directory, &use, 1));
}

/* -- what is not a command -- */

static void lmtp(struct client *c)
{
	struct work *w = c->work;
	struct recipient to[2] = {
		{ .account = w->account[CHAIN_FIRST], .name = S("user1") },
		{ .account = w->account[CHAIN_SECOND], .name = S("user2") },
	};
	struct delivery d = { .model = w->model,
		              .loop = w->loop,
		              .sender = S("sender@example.com"),
		              .session_id = S("0123456789abcdef"),
		              .v = to,
		              .n = 2,
		              .message = incoming_new(w->model),
		              .now = START };
	struct buf text = { 0 };

	message_make(&text, c->message++, 2500);
	must(is_ok(incoming_write(d.message, buf_slice(&text))) &&
	             is_ok(incoming_finish(d.message)),
	     "a message arrives");
	begin(CHAIN_FIRST, S("LMTP"));
	begin(CHAIN_SECOND, S("LMTP"));
	delivery_run(&d, OK);
	account_end(w, CHAIN_FIRST, to[0].result);
	account_end(w, CHAIN_SECOND, to[1].result);
	incoming_free(d.message);
	buf_free(&text);
}

static struct account *open_first(struct client *c)
{
	struct account *a;

	must(is_ok(account_open(c->work->model, c->work->account[c->chain],
	                        &a)),
	     "an account opens");
	return a;
}

static void quota(struct client *c)
{
	struct account *a = open_first(c);

	begin(c->chain, S("quota"));
	account_end(c->work, c->chain, account_set_quota(a, 1000000, 500));
	account_close(a);
}

/* What the import of a Maildir does before the first message. */
static void set_uids(struct client *c)
{
	struct account *a = open_first(c);
	struct mailbox *m;

	must(is_ok(mailbox_open(a, S("Imported"), &m)), "a mailbox opens");
	begin(c->chain, S("import"));
	account_end(c->work, c->chain, mailbox_set_uids(m, 1234567890, 4711));
	mailbox_close(m);
	account_close(a);
}

static void reclaim(struct client *c)
{
	bool did = true;

	while (did)
		must(is_ok(partition_reclaim(c->work->partition, &did)),
		     "packs are reclaimed");
}

static const struct {
	const char *name;
	void (*run)(struct client *);
} specials[] = {
	{ "!lmtp", lmtp },
	{ "!quota", quota },
	{ "!import", set_uids },
	{ "!reclaim", reclaim },
};

static void client_run(struct client *c, const char *line)
{
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
		if (!strcmp(line, specials[i].name)) {
			specials[i].run(c);
			return;
		}
	client_say(c, line);
}

static void client_script(struct client *c, const char *const *lines)
{
	for (; *lines != NULL; lines++)
		client_run(c, *lines);
}

/* -- many at once -- */

struct runner {
	struct work *work;
	uint32_t chain;
	uint32_t rounds;
};

static void run_client(void *arg)
{
	struct runner *r = arg;
	struct client c;

	client_start(&c, r->work, r->chain);
	for (uint32_t i = 0; i < r->rounds; i++)
		client_script(&c, script_together);
	client_end(&c);
	if (--r->work->running == 0)
		task_wake_all(&r->work->done);
}

static void run_together(struct work *w, uint32_t n, uint32_t rounds)
{
	struct runner runners[LOAD];

	w->running = n;
	for (uint32_t i = 0; i < n; i++) {
		runners[i] = (struct runner){ w, CHAIN_CONCURRENT + i, rounds };
		task_spawn(w->loop, run_client, &runners[i]);
	}
	while (w->running > 0)
		task_wait(&w->done, WAIT_FOREVER);
}

/* -- the whole -- */

/* The program itself, with the recorder put before the C library. */
static void be_roost_init(const char *recording, const char *root)
{
	char here[PATH_SIZE] = "";
	char roost[2 * PATH_SIZE];
	char recorder[2 * PATH_SIZE];
	char dir[PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);

	must(n > 0, "the program knows where it is");
	*strrchr(here, '/') = '\0';
	snprintf(roost, sizeof roost, "%s/../../roost", here);
	snprintf(recorder, sizeof recorder, "%s/recordfs.so", here);
	snprintf(dir, sizeof dir, "%s" SITE_AT, root);
	setenv("RECORDFS_FILE", recording, 1);
	setenv("RECORDFS_ROOT", root, 1);
	setenv("LD_PRELOAD", recorder, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	execl(roost, "roost", "init", "--hostname", "mail.example.org", dir,
	      (char *)NULL);
	_exit(127);
}

static void run_roost_init(const char *recording, const char *root)
{
	int status = 0;
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0)
		be_roost_init(recording, root);
	must(waitpid(pid, &status, 0) == pid && status == 0,
	     "roost init succeeds");
}

/* What it makes is known to this process's recorder from its next start. */
static void make_site(struct recording *r, const char *recording,
                      const char *root)
{
	char path[PATH_SIZE];
	struct buf state = { 0 };

	record_start(r, root);
	begin(CHAIN_SITE, S("nothing"));
	acknowledge(CHAIN_SITE);
	record_mark(RECORD_STATE, CHAIN_SITE, S("absent\n"));
	begin(CHAIN_SITE, S("init"));
	record_stop();
	run_roost_init(recording, root);
	record_start(r, root);
	acknowledge(CHAIN_SITE);
	snprintf(path, sizeof path, "%s" SITE_AT, root);
	state_of_site(path, &state);
	record_mark(RECORD_STATE, CHAIN_SITE, buf_slice(&state));
	buf_free(&state);
	record_mark(RECORD_PHASE, 0, S("made"));
}

static void open_store(struct work *w)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "%s" PARTITION_AT, w->root);
	must(is_ok(partition_open(w->loop, path, small_partition(),
	                          &w->partition)),
	     "it opens");
	snprintf(path, sizeof path, "%s" DIRECTORY_AT, w->root);
	directory_begin("nothing");
	acknowledge(CHAIN_DIRECTORY);
	record_mark(RECORD_STATE, CHAIN_DIRECTORY, S("domains=0 accounts=0\n"));
	must(is_ok(directory_open(path, PARTITIONS, &w->directory)),
	     "a directory is made");
	w->model = model_new(w->partition, still_clock());
	w->config =
		(struct session_config){ .clock = still_clock(),
		                         .model = w->model,
		                         .message_limit_bytes = 1 << 20,
		                         .hostname = S("mail.example.org") };
}

static void close_store(struct work *w)
{
	model_free(w->model);
	partition_close(w->partition);
	directory_close(w->directory);
}

static void run_alone(struct work *w)
{
	struct client c;

	client_start(&c, w, CHAIN_FIRST);
	client_script(&c, script_alone);
	client_end(&c);
}

static void run_all(struct loop *loop, void *arg)
{
	struct work *w = arg;

	w->loop = loop;
	open_store(w);
	user_add(w, CHAIN_FIRST);
	user_add(w, CHAIN_SECOND);
	run_alone(w);
	user_others(w);
	user_remove(w, CHAIN_SECOND);
	for (uint32_t i = 0; i < CONCURRENT; i++)
		user_add(w, CHAIN_CONCURRENT + i);
	record_mark(RECORD_PHASE, 0, S("together"));
	run_together(w, CONCURRENT, 1);
	record_mark(RECORD_PHASE, 0, S("end"));
	close_store(w);
}

static void run_load(struct loop *loop, void *arg)
{
	struct work *w = arg;

	w->loop = loop;
	w->quiet = true;
	open_store(w);
	for (uint32_t i = 0; i < LOAD; i++)
		user_add(w, CHAIN_CONCURRENT + i);
	record_mark(RECORD_PHASE, 0, S("together"));
	record_sync_takes(LOAD_SYNC_US);
	run_together(w, LOAD, LOAD_ROUNDS);
	record_sync_takes(0);
	record_mark(RECORD_PHASE, 0, S("end"));
	close_store(w);
}

static void run(struct recording *r, const char *recording, const char *root,
                void (*fn)(struct loop *, void *))
{
	struct work w = { .root = root };

	make_site(r, recording, root);
	task_run_main(fn, &w);
	record_stop();
}

void workload_run(struct recording *r, const char *recording, const char *root)
{
	run(r, recording, root, run_all);
}

void workload_load(struct recording *r, const char *recording, const char *root)
{
	run(r, recording, root, run_load);
}
