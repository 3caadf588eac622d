/*
 * session.c -- a session's life: read, frame, run, rest.
 *
 * session_run() reads what is there, runs every command that is whole, and
 * gives every buffer back before it returns. The commands themselves are in
 * commands.c and the files of their families.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "imap/compress.h"
#include "imap/internal.h"
#include "imap/notify.h"
#include "imap/visit.h"
#include "task/task.h"

enum { READ_CHUNK = 32768 };

/* -- hooks of the framer -- */

static struct err on_literal(void *ctx, const struct frame_literal *l,
                             enum frame_sink *sink)
{
	return append_literal(ctx, l, sink);
}

static void on_go_ahead(void *ctx)
{
	struct session *s = ctx;

	buf_add(session_out(s), S("+ OK\r\n"));
}

static struct err on_octets(void *ctx, struct slice octets)
{
	return append_octets(ctx, octets);
}

static struct err on_end(void *ctx)
{
	return append_end(ctx);
}

/* -- birth and death -- */

void session_on_news(void *arg)
{
	struct session *s = arg;

	/* others hear it with the next command */
	if (s->idling || notify_wants_selected(s))
		s->wake(s->wake_arg);
}

/* Who idles is to see at once that the mailbox may no longer be read. */
static void hear_rights(void *arg, const struct notice *notice)
{
	struct session *s = arg;

	if (notice->kind == NOTICE_RIGHTS &&
	    session_has_selected(s, notice->name))
		session_on_news(s);
}

static void be_visitor(struct session *s, const struct session_start *start)
{
	const struct identity *who = start->visitor;
	struct slice *groups;

	s->visitor = arena_new(SIZE_MAX);
	s->prefix = arena_copy(s->visitor, start->prefix);
	s->who = *who;
	s->who.name = arena_copy(s->visitor, who->name);
	groups = arena_array(s->visitor, who->n_groups, sizeof *groups);
	for (size_t i = 0; i < who->n_groups; i++)
		groups[i] = arena_copy(s->visitor, who->groups[i]);
	s->who.groups = groups;
	s->rights = (struct notice_listener){ NULL, hear_rights, s };
	account_listen(s->account, &s->rights);
}

struct session *session_new(const struct session_start *start)
{
	struct session *s = mem_new(1, sizeof *s);

	s->config = start->config;
	s->account = start->account;
	s->out.io = start->io;
	if (start->visitor != NULL)
		be_visitor(s, start);
	else
		s->who = (struct identity){ .account = account_id(s->account),
			                    .name = account_name(s->account),
			                    .is_owner = true };
	s->id = mem_cstr(start->session_id);
	s->peer = mem_cstr(start->peer);
	s->client_id = mem_cstr(start->client_id);
	if (start->hidden.len != 0)
		s->hidden = mem_cstr(start->hidden);
	s->login_tag = mem_cstr(start->login_tag);
	s->tls = start->tls;
	s->read_only = start->read_only;
	s->audited = start->audited;
	s->wake = start->wake;
	s->wake_arg = start->wake_arg;
	s->since_s = s->config->clock->wall_s(s->config->clock);
	s->active_ms = s->config->clock->mono_ms(s->config->clock);
	s->last_command = "";
	s->hooks = (struct frame_hooks){ on_literal, on_go_ahead, on_octets,
		                         on_end, s };
	frame_init(&s->framer, &s->hooks);
	buf_add(&s->in, start->input);
	s->bytes_in = start->input.len;
	return s;
}

static void log_end(const struct session *s)
{
	struct log_line l = log_open(LOG_LEVEL_INFO, "imap_end");

	log_text(&l, "user", s->who.name);
	if (is_visit(s))
		log_text(&l, "owner", account_name(s->account));
	log_text(&l, "session", slice_cstr(s->id));
	log_text(&l, "peer", slice_cstr(s->peer));
	if (*s->client_id != '\0')
		log_text(&l, "client", slice_cstr(s->client_id));
	log_number(&l, "commands", s->commands);
	log_number(&l, "in", s->bytes_in);
	log_number(&l, "out", s->out.total);
	log_number(&l, "deleted", s->deleted);
	log_number(&l, "expunged", s->expunged);
	log_number(&l, "body_count", s->fetched);
	log_number(&l, "body_bytes", s->body_bytes);
	log_close(&l);
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	assert(!s->running);
	if (s->pending != NULL)
		session_waits(s, false);
	log_end(s);
	notify_stop(s);
	visit_end_all(s);
	session_unselect(s);
	if (s->visitor != NULL)
		account_unlisten(s->account, &s->rights);
	append_free(s);
	frame_fini(&s->framer);
	buf_wipe(&s->in); /* may have a log-in, behind UNAUTHENTICATE */
	buf_free(&s->out.bytes);
	compress_free(s->out.compress);
	arena_free(s->arena);
	arena_free(s->visitor);
	account_close(s->account);
	free(s->pending_tag);
	free(s->id);
	free(s->peer);
	free(s->client_id);
	free(s->hidden);
	free(s->login_tag);
	free(s);
}

void session_check(const struct session *s)
{
	assert(s->view == NULL || s->away == NULL);
	assert(s->view != NULL || uidset_is_empty(&s->saved));
	assert((s->pending != NULL) == (s->pending_tag != NULL));
	assert(!s->idling || s->pending != NULL);
	assert(s->append == NULL || !frame_is_idle(&s->framer));
	assert(s->bad < LIMIT_BAD || s->over);
	if (s->view != NULL)
		view_check(s->view);
}

/* -- running -- */

static void greet(struct session *s)
{
	struct buf *out = session_out(s);

	if (s->login_tag == NULL)
		return;
	if (*s->login_tag == '\0') {
		buf_add(out, S("* PREAUTH"));
	} else {
		buf_add(out, slice_cstr(s->login_tag));
		buf_add(out, S(" OK"));
	}
	buf_add(out, S(" ["));
	reply_capabilities(s, out);
	buf_add(out, S("] Logged in\r\n"));
	free(s->login_tag);
	s->login_tag = NULL;
}

static void say_bye(struct session *s)
{
	buf_printf(session_out(s), "* BYE %s\r\n", s->bye);
	s->over = true;
}

static void run_command(struct session *s)
{
	s->arena = arena_new(LIMIT_COMMAND_ARENA);
	task_allow(s->config->command_seconds * 1000000000);
	s->told_ms = s->looked_ms = s->config->clock->mono_ms(s->config->clock);
	command_run(s, buf_slice(&s->framer.text), s->framer.e);
	append_free(s);
	frame_next(&s->framer);
	arena_free(s->arena);
	s->arena = NULL;
	task_allow(0);
	s->active_ms = s->config->clock->mono_ms(s->config->clock);
	if (s->bad >= LIMIT_BAD && !s->over) {
		s->bye = "too many commands in error";
		say_bye(s);
	}
}

/* The OK goes as it is; what has been read behind the command is compressed.
 * RFC 4978 section 3 */
static void begin_compress(struct session *s, struct slice *input)
{
	s->compress_next = false;
	out_flush(&s->out);
	s->out.compress = compress_new(*input);
	*input = slice_from(*input, input->len);
}

/* Whoever looks on sees what was taken, not what was read: what stands behind
 * UNAUTHENTICATE is not this account's. */
static bool take_command(struct session *s, struct slice *input)
{
	struct slice from = *input;
	bool is_whole = frame_feed(&s->framer, input);

	if (s->out.io.tap != NULL)
		s->out.io.tap(s->out.io.ctx, true,
		              slice_first(from, from.len - input->len));
	return is_whole;
}

/* The OK has been said. Compression ends with it, both ways, and with the
 * line it answers; RFC 8437 section 4.1 */
static void keep_unread(struct session *s, struct slice input)
{
	out_flush(&s->out);
	if (s->out.compress == NULL) {
		buf_drop(&s->in, s->in.len - input.len);
		return;
	}
	if (input.len != 0 || !compress_end(s->out.compress, &s->in))
		s->bye = "compression did not end with UNAUTHENTICATE";
	s->out.compress = NULL;
}

static bool is_running(const struct session *s)
{
	return !s->over && !s->leaving && s->bye == NULL && is_ok(s->out.e);
}

/* Everything that has been read. */
static void run_input(struct session *s)
{
	struct slice input = buf_slice(&s->in);

	while (is_running(s) && take_command(s, &input)) {
		run_command(s);
		out_drain(&s->out);
		if (s->compress_next)
			begin_compress(s, &input);
		task_pause();
	}
	if (s->leaving)
		keep_unread(s, input);
	else
		s->in.len = 0;
}

/* False: nothing there now. */
static bool read_input(struct session *s)
{
	char *to = buf_room(&s->in, READ_CHUNK);
	const struct session_io *io = &s->out.io;
	size_t got = 0;
	struct err e;

	if (s->out.compress != NULL)
		e = compress_read(s->out.compress, io, to, READ_CHUNK, &got);
	else
		e = io->read(io->ctx, to, READ_CHUNK, &got);
	if (e.code == ERR_CORRUPT)
		s->bye = e.text;
	else
		s->over |= !is_ok(e);
	s->bytes_in += got;
	counter_add(COUNTER_RECEIVED, got);
	s->in.len += got;
	return got != 0;
}

/* Who idles hears that, whatever NOTIFY says. */
static void see_deletion(struct session *s)
{
	if (s->idling && s->view != NULL &&
	    mailbox_is_gone(view_mailbox(s->view)))
		s->view_gone = true;
}

/* What happened while the session was in IDLE, or wrote, or (NOTIFY) did
 * nothing. Of the selected mailbox what NOTIFY says goes for IDLE too, RFC
 * 5465 section 4. */
static void tell_unasked(struct session *s)
{
	bool wanted = s->notify != NULL ? notify_wants_selected(s) : s->idling;

	if (s->over || (!wanted && s->notify == NULL))
		return;
	s->arena = arena_new(LIMIT_COMMAND_ARENA);
	s->tag = S("");
	if (wanted)
		session_sync_unasked(s);
	else
		see_deletion(s);
	visit_tell(s);
	notify_tell(s);
	arena_free(s->arena);
	s->arena = NULL;
}

static void rest_buffers(struct session *s)
{
	out_rest(&s->out);
	if (!s->leaving)
		buf_free(&s->in);
	if (frame_is_idle(&s->framer))
		frame_fini(&s->framer);
}

static bool is_finished(struct session *s)
{
	if (!s->over && s->view_gone)
		s->bye = "the selected mailbox was deleted";
	if (!s->over && s->bye != NULL)
		say_bye(s);
	return s->over || s->leaving || !is_ok(s->out.e);
}

static enum session_state state_of(const struct session *s)
{
	if (s->over || !is_ok(s->out.e))
		return SESSION_OVER;
	return s->leaving ? SESSION_LEFT : SESSION_WAITING;
}

enum session_state session_run(struct session *s)
{
	assert(!s->running);
	s->running = true;
	greet(s);
	do {
		if (s->in.len != 0)
			run_input(s);
		task_pause(); /* a literal may be long, and all there */
	} while (!is_finished(s) && read_input(s));
	tell_unasked(s);
	is_finished(s);
	rest_buffers(s);
	s->running = false;
	session_check(s);
	return state_of(s);
}

struct slice session_unread(const struct session *s)
{
	assert(s->leaving);
	return buf_slice(&s->in);
}

void session_say_bye(struct session *s, const char *text)
{
	s->bye = text;
	s->wake(s->wake_arg);
}

static struct slice selected_name(const struct session *s)
{
	if (s->view != NULL)
		return mailbox_name(view_mailbox(s->view));
	return visit_selected(s);
}

void session_get_facts(const struct session *s, struct session_facts *out)
{
	*out = (struct session_facts){
		.session_id = slice_cstr(s->id),
		.account_name = s->who.name,
		.peer = slice_cstr(s->peer),
		.client_id = slice_cstr(s->client_id),
		.owner = account_name(s->account),
		.mailbox = selected_name(s),
		.command = s->last_command,
		.since_s = s->since_s,
		.active_ms = s->active_ms,
		.commands = s->commands,
		.bytes_in = s->bytes_in,
		.bytes_out = s->out.total,
		.fetched = s->fetched,
		.tls = s->tls,
		.idling = s->idling,
	};
	out->n_visits = visit_owners(s, out->visits);
}
