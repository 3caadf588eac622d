/* outside.c -- the process: a task a question, a thread while it waits. */
#include "outside/outside.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/issuer.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "ipc/link.h"
#include "ipc/parent.h"
#include "ipc/protocol.h"
#include "outside/desk.h"
#include "outside/http.h"
#include "task/timer.h"

struct outside {
	struct loop *loop;
	const struct outside_options *options;
	struct parent *parent;
	struct link *auth;    /* NULL: not there */
	uint32_t auth_number; /* of how many there were */
	unsigned asked;       /* questions that are not answered yet */
	struct desk http;
};

/* A question, and who is to be told. */
struct job {
	struct outside *outside;
	uint64_t request;
	uint32_t auth_number;
	struct buf bytes; /* of the fields; wiped */
	struct question question;
	struct source *source; /* NULL: HTTP is asked */
	struct place *place;
	struct timer timer;
};

void outside_prepare(void)
{
	http_prepare();
}

/* -- answers -- */

static void job_free(struct job *j)
{
	struct told *t = &j->question.told;

	mem_wipe(j->bytes.data, j->bytes.cap);
	buf_free(&j->bytes);
	mem_wipe(t->body.data, t->body.cap);
	buf_free(&t->body);
	free(j);
}

/* Of an answer that is none nothing but the reason is told. */
static void tell(struct job *j)
{
	const struct told *t = &j->question.told;
	bool good = t->code == ERR_OK;
	struct frame_out f = { 0 };

	if (j->outside->auth == NULL ||
	    j->outside->auth_number != j->auth_number)
		return;
	frame_begin(&f, FRAME_TOLD);
	frame_u64(&f, j->request);
	frame_u8(&f, (uint8_t)t->code);
	frame_slice(&f, slice_cstr(t->text));
	frame_u32(&f, good ? t->status : 0);
	frame_slice(&f, good ? buf_slice(&t->body) : S(""));
	frame_u64(&f, good ? t->quota_bytes : 0);
	frame_u64(&f, good ? t->date_s : 0);
	link_send(j->outside->auth, &f, -1);
}

/* -- asking -- */

/* There is no way to take a thread back from a library that has lost
 * itself. */
static void on_hang(void *arg)
{
	struct job *j = arg;
	struct log_line l = log_open(LOG_LEVEL_ERROR, "outside_hangs");

	log_text(&l, "asking", issuer_site(j->question.field[0]));
	log_close(&l);
	_exit(EX_TEMPFAIL);
}

static void ask_job(void *arg)
{
	struct job *j = arg;

	if (j->source != NULL)
		source_ask(j->source, &j->question, &j->place->kept);
	else
		http_ask(&j->question, &j->place->kept);
}

static void ask(struct job *j, struct desk *desk)
{
	struct outside *o = j->outside;
	struct question *q = &j->question;
	uint32_t left = question_left_ms(q);
	struct err e = desk_enter(desk, left, &j->place);

	if (!is_ok(e)) {
		question_fail(q, ERR_UNAVAILABLE, "%s", e.text);
		return;
	}
	timer_start(&j->timer, o->loop, left + o->options->hang_ms, on_hang, j);
	task_offload(ask_job, j);
	timer_stop(&j->timer);
	desk_leave(desk, j->place);
}

static void choose(struct job *j)
{
	struct outside *o = j->outside;
	struct question *q = &j->question;

	if (q->ask == ASK_HTTP_GET || q->ask == ASK_HTTP_POST) {
		ask(j, &o->http);
		return;
	}
	j->source = sources_find(o->options->sources, q->field[0]);
	if (j->source != NULL)
		ask(j, &j->source->desk);
	else
		question_fail(q, ERR_UNAVAILABLE, "there is no such source");
}

static void run(void *arg)
{
	struct job *j = arg;

	choose(j);
	tell(j);
	j->outside->asked--;
	job_free(j);
}

/* -- auth -- */

/* The frame's bytes do not stay, so the fields are those of a copy. */
static bool read_fields(struct job *j, struct frame_in *f)
{
	struct question *q = &j->question;
	struct slice at[ASK_FIELDS];
	size_t size = 1;

	for (unsigned i = 0; i < ASK_FIELDS; i++) {
		at[i] = frame_read_slice(f, LIMIT_FRAME);
		size += at[i].len;
	}
	if (!frame_is_whole(f))
		return false;
	buf_room(&j->bytes, size); /* all at once: growing leaves copies */
	for (unsigned i = 0; i < ASK_FIELDS; i++) {
		q->field[i] = slice_of(j->bytes.data + j->bytes.len, at[i].len);
		buf_add(&j->bytes, at[i]);
	}
	return true;
}

static bool on_ask(struct outside *o, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint8_t kind = read_u8(&f->r);
	struct job *j;

	if (f->type != FRAME_ASK || f->r.failed || kind >= ASKS ||
	    o->asked >= ASKS_MOST)
		return false;
	j = mem_new(1, sizeof *j);
	j->outside = o;
	j->request = request;
	j->auth_number = o->auth_number;
	j->question.ask = (enum ask_kind)kind;
	j->question.ends_ms = question_now_ms() + o->options->ask_ms;
	j->question.told.body = buf_limit(TOLD_BODY);
	if (!read_fields(j, f)) {
		job_free(j);
		return false;
	}
	o->asked++;
	task_spawn(o->loop, run, j);
	return true;
}

static void on_auth_frame(void *arg, struct frame_in *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (!on_ask(arg, f))
		log_note(LOG_LEVEL_WARN, "bad_frame", "auth");
}

static void on_auth_close(void *arg)
{
	struct outside *o = arg;

	link_free(o->auth);
	o->auth = NULL;
}

/* -- parent -- */

static bool on_peer(void *arg, struct frame_in *f)
{
	struct outside *o = arg;
	uint8_t role = read_u8(&f->r);

	read_u32(&f->r); /* there is one */
	if (!frame_is_whole(f) || role != ROLE_AUTH ||
	    !link_is_socket(f->fd, SOCK_SEQPACKET))
		return false;
	link_free(o->auth);
	o->auth = link_new(o->loop, f->fd,
	                   (struct link_handler){ .on_frame = on_auth_frame,
	                                          .on_close = on_auth_close,
	                                          .arg = o });
	o->auth_number++;
	f->fd = -1;
	return true;
}

/* Nobody waits for what is still asked: auth is stopping, too. */
static bool on_stop(void *arg, struct frame_in *f)
{
	struct outside *o = arg;

	loop_stop(o->loop);
	return frame_is_whole(f);
}

static const struct parent_frame parent_frames[] = {
	{ FRAME_PEER, on_peer },
	{ FRAME_STOP, on_stop },
};

int outside_main(struct loop *loop, const struct outside_options *options,
                 int parent_fd)
{
	struct outside *o = mem_new(1, sizeof *o);

	o->loop = loop;
	o->options = options;
	o->parent = parent_new(
		loop, parent_fd,
		(struct parent_handler){ .frames = parent_frames,
	                                 .n_frames = sizeof parent_frames /
	                                             sizeof *parent_frames,
	                                 .arg = o });
	parent_say_ready(o->parent);
	loop_run(loop);
	return EX_OK;
}
