/* client.c -- see client.h. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fault.h"
#include "guards.h"
#include "state.h"

enum { READ_TRIES = 2000 };

void workload_must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "workload: %s\n", what);
	exit(1);
}

static void problem(struct work *w, const char *what, struct slice detail)
{
	buf_printf(w->in->problems, "%s: %.*s\n", what, (int)detail.len,
	           detail.ptr);
}

/* Where nothing may fail, nothing must; else it is a finding. */
static void need(struct work *w, bool holds, const char *what,
                 struct slice detail)
{
	if (w->in == NULL)
		workload_must(holds, what);
	else if (!holds)
		problem(w, what, detail);
}

/* -- steps -- */

void step_begin(uint32_t chain, struct slice what)
{
	record_mark(RECORD_BEGIN, chain, what);
}

void step_acknowledge(uint32_t chain)
{
	record_mark(RECORD_ACK, chain, S(""));
}

static void read_state(struct work *w, uint32_t chain, struct buf *out)
{
	out->len = 0;
	if (chain == CHAIN_DIRECTORY) {
		state_of_directory(w->directory, out);
		return;
	}
	if (chain >= CHAIN_AUDIT) {
		guards_state(w->guards, chain, out);
		return;
	}
	buf_printf(out, "id=%llu\n", (unsigned long long)w->account[chain]);
	state_of_account(w->model, w->account[chain], out);
}

/* The first read that fails has the index opened again. */
static void read_calmly(struct work *w, uint32_t chain, struct buf *out)
{
	fault_state()->paused++;
	read_state(w, chain, out);
	for (int i = 0; w->in != NULL && i < READ_TRIES &&
	                slice_find(buf_slice(out), S("error ")) != SLICE_NONE;
	     i++) {
		task_sleep(1);
		read_state(w, chain, out);
	}
	fault_state()->paused--;
}

static void note(struct work *w, uint32_t chain)
{
	struct buf text = { 0 };

	if (w->quiet)
		return;
	read_calmly(w, chain, &text);
	record_mark(RECORD_STATE, chain, buf_slice(&text));
	if (w->in != NULL) {
		buf_free(&w->in->last[chain]);
		w->in->last[chain] = text;
		return;
	}
	buf_free(&text);
}

void note_account(struct work *w, uint32_t chain)
{
	note(w, chain);
}

void note_directory(struct work *w)
{
	note(w, CHAIN_DIRECTORY);
}

/* A disk that fails for ever isn't read in between. */
static void note_refusal(struct work *w, uint32_t chain)
{
	struct slice last = buf_slice(&w->in->last[chain]);
	struct buf now = { 0 };

	w->in->refused++;
	record_mark(RECORD_STATE, chain, last);
	if (fault_state()->lasts == FAULT_FOR_EVER)
		return;
	read_calmly(w, chain, &now);
	if (!slice_eq(last, buf_slice(&now)))
		problem(w, "what was refused has changed something",
		        buf_slice(&now));
	buf_free(&now);
}

/* A disk that fails for ever is read when it works again (parts.c). */
static void note_half(struct work *w, uint32_t chain, struct slice what)
{
	struct buf *last = &w->in->last[chain];
	struct buf now = { 0 };

	w->in->refused++;
	if (fault_state()->lasts == FAULT_FOR_EVER) {
		w->in->doubt[chain] = what;
		record_mark(RECORD_STATE, chain, buf_slice(last));
		return;
	}
	read_calmly(w, chain, &now);
	if (slice_eq(what, STEP_LEAVES) &&
	    !slice_eq(buf_slice(last), buf_slice(&now)))
		problem(w, "what was not moved has changed", buf_slice(&now));
	record_mark(RECORD_STATE, chain, buf_slice(&now));
	buf_free(last);
	*last = now;
}

static bool step_end(struct work *w, uint32_t chain, struct err e)
{
	need(w, is_ok(e) || e.text != NULL, "an error has a text", S(""));
	step_acknowledge(chain);
	if (is_ok(e))
		note(w, chain);
	else if (w->in != NULL)
		note_refusal(w, chain);
	else
		workload_must(false, e.text);
	return is_ok(e);
}

bool account_end(struct work *w, uint32_t chain, struct err e)
{
	return step_end(w, chain, e);
}

bool directory_end(struct work *w, struct err e)
{
	return step_end(w, CHAIN_DIRECTORY, e);
}

bool guard_end(struct work *w, uint32_t chain, struct err e)
{
	return step_end(w, chain, e);
}

/* -- a client and its session -- */

static struct err client_read(void *ctx, void *to, size_t size, size_t *got)
{
	struct client *c = ctx;

	*got = c->in.len < size ? c->in.len : size;
	if (*got != 0)
		memcpy(to, c->in.data, *got);
	buf_drop(&c->in, *got);
	return OK;
}

/* The tagged answer, or "". */
static struct slice tagged(const struct client *c)
{
	char tag[32];
	struct slice line = S("");
	struct slice rest;
	size_t at;

	snprintf(tag, sizeof tag, "\r\nt%u ", c->tag);
	at = slice_find(buf_slice(&c->out), slice_cstr(tag));
	if (at != SLICE_NONE)
		slice_cut(slice_from(buf_slice(&c->out), at + strlen(tag)),
		          '\r', &line, &rest);
	return line;
}

/* The tagged answer leaves: that is what is promised. */
static struct err client_write(void *ctx, struct slice s)
{
	struct client *c = ctx;
	struct slice answer;

	buf_add(&c->out, s);
	answer = tagged(c);
	if (c->answered || answer.len == 0)
		return OK;
	c->answered = true;
	c->ok = slice_starts(answer, S("OK"));
	step_acknowledge(c->chain);
	if (c->owner != 0)
		step_acknowledge(c->owner);
	return OK;
}

static void client_wake(void *arg)
{
	(void)arg;
}

void client_start(struct client *c, struct work *w, uint32_t chain)
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
	struct err e =
		account_open(w->model, w->account[chain], &start.account);

	c->over = !is_ok(e);
	workload_must(!c->over || w->in != NULL, "an account opens");
	if (c->over)
		return;
	c->session = session_new(&start);
	c->over = session_run(c->session) != SESSION_WAITING;
	need(w, !c->over, "a session goes on", S("at its start"));
}

/* A visit ends when its stream has. */
static void wait_for_visits(struct work *w)
{
	for (int i = 0; i < READ_TRIES && w->visits != 0; i++)
		task_sleep(1);
	workload_must(w->visits == 0, "visits end with their session");
}

void client_end(struct client *c)
{
	if (c->session != NULL)
		session_free(c->session);
	wait_for_visits(c->work);
	buf_free(&c->in);
	buf_free(&c->out);
}

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

/* Nothing had been refused before: so this is the fault, and no mistake of
 * the client's. */
static void check_reason(struct client *c)
{
	static const char *const codes[] = { "NO [UNAVAILABLE] ",
		                             "NO [OVERQUOTA] ",
		                             "NO [SERVERBUG] " };
	struct slice answer = tagged(c);

	if (c->work->in->refused != 0)
		return;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (slice_starts(answer, slice_cstr(codes[i])) &&
		    answer.len > strlen(codes[i]))
			return;
	problem(c->work, "a refusal that does not say why", answer);
}

/* One that was refused half way has told of the messages before, and they
 * are \Seen. */
static bool may_change(const char *command)
{
	return !strncmp(command, "FETCH", 5);
}

static bool is_moving(const struct client *c)
{
	return !slice_eq(c->step[0], c->step[1]);
}

static void note_both(struct client *c,
                      void (*fn)(struct work *, uint32_t chain))
{
	fn(c->work, c->chain);
	if (c->owner != 0)
		fn(c->work, c->owner);
}

static void judge(struct client *c, const char *command, bool refused)
{
	struct work *w = c->work;

	if (c->ok || refused || w->in == NULL || may_change(command)) {
		if (c->ok == refused && w->in == NULL)
			fprintf(stderr, "%s: %.*s\n", command, (int)c->out.len,
			        c->out.data);
		need(w, c->ok != refused || w->in != NULL,
		     "a command is answered as it should", tagged(c));
		note_both(c, note);
		return;
	}
	check_reason(c);
	if (!is_moving(c)) {
		note_both(c, note_refusal);
		return;
	}
	note_half(w, c->chain, c->step[0]);
	note_half(w, c->owner, c->step[1]);
}

/* What the command does to the client's account, and to the owner's. */
static const char *begin_steps(struct client *c, const char *command)
{
	char mark = command[0];

	command += mark == '-' || mark == '<' || mark == '>';
	c->step[0] = c->step[1] = verb_of(command);
	if (mark == '>') {
		c->step[0] = STEP_LEAVES;
		c->step[1] = STEP_ARRIVES;
	} else if (mark == '<') {
		c->step[0] = STEP_ARRIVES;
		c->step[1] = STEP_LEAVES;
	}
	step_begin(c->chain, c->step[0]);
	if (c->owner != 0)
		step_begin(c->owner, c->step[1]);
	return command;
}

void client_say(struct client *c, const char *command)
{
	bool refused = command[0] == '-';

	c->out.len = 0;
	buf_add(&c->out, S("\r\n"));
	c->answered = false;
	command = begin_steps(c, command);
	buf_printf(&c->in, "t%u ", ++c->tag);
	add_command(c, command);
	while (!c->answered && !c->over)
		c->over = session_run(c->session) != SESSION_WAITING;
	need(c->work, !c->over, "a session goes on", slice_cstr(command));
	if (c->answered)
		judge(c, command, refused);
}
