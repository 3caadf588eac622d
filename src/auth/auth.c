/*
 * auth.c -- the process: its links to the others, and what the parent says.
 */
#include "auth/auth.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/internal.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

/* -- peers -- */

struct peer *peer_keep(struct peer *p)
{
	p->references++;
	return p;
}

void peer_release(struct peer *p)
{
	if (--p->references == 0)
		free(p);
}

static void unlink_peer(struct peer *p)
{
	struct peer **at = &p->auth->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
}

static void peer_close(struct peer *p)
{
	struct auth *a = p->auth;

	unlink_peer(p);
	link_free(p->link);
	p->link = NULL;
	if (p->index < AUTH_PARTITIONS && a->mail[p->index] == p) {
		a->mail[p->index] = NULL;
		calls_fail(a, p->index);
	}
	held_release(p);
	peer_release(p);
}

static void on_peer_close(void *arg)
{
	peer_close(arg);
}

static void on_peer_drain(void *arg)
{
	held_release(arg);
}

static struct peer *peer_new(struct auth *a, uint32_t index, int fd,
                             void (*on_frame)(void *, struct frame_in *))
{
	struct peer *p = mem_new(1, sizeof *p);

	p->auth = a;
	p->index = index;
	p->references = 1;
	p->link = link_new(a->loop, fd,
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_peer_close,
	                                          .arg = p,
	                                          .on_drain = on_peer_drain });
	p->held_last = &p->held;
	p->next = a->peers;
	a->peers = p;
	return p;
}

struct peer *auth_mail_peer(struct auth *a, uint32_t partition)
{
	return partition < AUTH_PARTITIONS ? a->mail[partition] : NULL;
}

struct link *auth_mail(struct auth *a, uint32_t partition)
{
	struct peer *p = auth_mail_peer(a, partition);

	return p != NULL ? p->link : NULL;
}

void auth_bad_frame(const char *from, const struct frame_in *f)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "bad_frame");

	log_text(&l, "from", slice_cstr(from));
	log_number(&l, "type", f->type);
	log_close(&l);
}

void auth_work_ends(struct auth *a)
{
	a->working--;
	task_wake_all(&a->idle);
}

static void on_gate_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;
	bool good = false;

	if (f->fd >= 0)
		close(f->fd);
	if (f->type == FRAME_VERIFY)
		good = verify_frame(p, f);
	else if (f->type == FRAME_LOOKUP)
		good = lookup_frame(p, f);
	if (!good)
		auth_bad_frame("gate", f);
}

static void on_mail_frame(void *arg, struct frame_in *f)
{
	struct peer *p = arg;
	bool good;

	if (f->fd >= 0)
		close(f->fd);
	if (f->type == FRAME_ACCOUNT_DONE)
		good = call_answer(p->auth, f);
	else
		good = visit_frame(p, f);
	if (!good)
		auth_bad_frame("mail", f);
}

/* -- a stored password that nobody has -- */

static const char no_such_cost[] = "passwords can't be hashed at this cost";

static bool make_dummy(struct auth *a)
{
	struct buf stored = { 0 };
	uint8_t secret[16];
	bool made;

	random_bytes(secret, sizeof secret);
	made = password_hash(slice_of(secret, sizeof secret),
	                     a->options->password_cost, &stored) &&
	       stored.len <= sizeof a->dummy;
	if (made) {
		memcpy(a->dummy, stored.data, stored.len);
		a->dummy_len = stored.len;
	}
	buf_free(&stored);
	return made;
}

/* -- what the parent says; each owns f->fd -- */

static bool on_peer(struct auth *a, struct frame_in *f)
{
	uint8_t role = read_u8(&f->r);
	uint32_t index = read_u32(&f->r);

	if (!frame_is_whole(f) || !link_is_socket(f->fd, SOCK_SEQPACKET))
		return false;
	if (role == ROLE_GATE) {
		peer_new(a, UINT32_MAX, f->fd, on_gate_frame);
	} else if (role == ROLE_MAIL && index < a->partitions) {
		if (a->mail[index] != NULL)
			peer_close(a->mail[index]);
		a->mail[index] = peer_new(a, index, f->fd, on_mail_frame);
		accounts_heal(a, index);
	} else {
		return false;
	}
	f->fd = -1;
	return true;
}

static bool on_listener(struct auth *a, struct frame_in *f)
{
	uint8_t kind = read_u8(&f->r);

	read_u16(&f->r);
	if (!frame_is_whole(f) || f->fd < 0 || kind != LISTENER_CONTROL)
		return false;
	if (a->control != NULL)
		control_listener_free(a->control);
	a->control = control_listen(a, f->fd);
	f->fd = -1;
	return true;
}

/* The dummy costs what the others cost. What was right under the options
 * before is asked for again. */
static bool on_reload(struct auth *a, struct frame_in *f)
{
	const struct auth_options *fresh = NULL;

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	if (a->options->reload != NULL)
		fresh = a->options->reload(a->options->reload_arg, f->fd);
	if (fresh == NULL)
		return true;
	a->options = fresh;
	if (!make_dummy(a))
		log_note(LOG_LEVEL_ERROR, "password_cost", no_such_cost);
	verdicts_free(a->verdicts);
	a->verdicts = verdicts_new();
	return true;
}

/* What is under way ends first, and nothing begins any more. */
static void stop_task(void *arg)
{
	struct auth *a = arg;

	while (a->working != 0)
		task_wait(&a->idle, WAIT_FOREVER);
	task_lock(&a->changing);
	uses_flush(a);
	directory_seal(a->directory);
	loop_stop(a->loop);
}

static void stop(struct auth *a)
{
	if (a->stopping)
		return;
	a->stopping = true;
	if (a->control != NULL)
		control_listener_free(a->control);
	a->control = NULL;
	task_spawn(a->loop, stop_task, a);
}

static bool on_stop(struct auth *a, struct frame_in *f)
{
	if (!frame_is_whole(f))
		return false;
	stop(a);
	return true;
}

static void on_parent_frame(void *arg, struct frame_in *f)
{
	static const struct {
		uint16_t type;
		bool (*run)(struct auth *, struct frame_in *);
	} frames[] = {
		{ FRAME_PEER, on_peer },
		{ FRAME_LISTENER, on_listener },
		{ FRAME_RELOAD, on_reload },
		{ FRAME_STOP, on_stop },
	};
	bool good = false;

	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
		if (frames[i].type == f->type)
			good = frames[i].run(arg, f);
	if (!good)
		auth_bad_frame("parent", f);
	if (f->fd >= 0)
		close(f->fd);
}

/* Without a parent nobody would hear of us again. */
static void on_parent_close(void *arg)
{
	stop(arg);
}

/* -- the process -- */

static int open_all(struct auth *a)
{
	struct err e = directory_open(a->options->directory,
	                              a->options->partitions, &a->directory);

	if (!is_ok(e)) {
		log_note(LOG_LEVEL_ERROR, "directory", e.text);
		return e.code == ERR_STATE ? EX_CONFIG : EX_CANTCREAT;
	}
	if (!make_dummy(a)) {
		log_note(LOG_LEVEL_ERROR, "password_cost", no_such_cost);
		directory_close(a->directory);
		return EX_CONFIG;
	}
	a->verdicts = verdicts_new();
	a->hashing = hashing_init();
	return EX_OK;
}

/* The loop has stopped: tasks that still wait do so for ever. */
static void auth_free(struct auth *a)
{
	while (a->peers != NULL)
		peer_close(a->peers);
	link_free(a->parent);
	timer_stop(&a->uses.timer);
	verdicts_free(a->verdicts);
	directory_close(a->directory);
	mem_wipe(a, sizeof *a);
	free(a);
}

static void say_ready(struct auth *a)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_READY);
	link_send(a->parent, &f, -1);
}

int auth_main(struct loop *loop, const struct auth_options *options,
              int parent_fd)
{
	struct auth *a = mem_new(1, sizeof *a);
	int status;

	a->loop = loop;
	a->options = options;
	a->partitions = options->partitions;
	status = open_all(a);
	if (status != EX_OK) {
		free(a);
		return status;
	}
	a->parent = link_new(loop, parent_fd,
	                     (struct link_handler){ .on_frame = on_parent_frame,
	                                            .on_close = on_parent_close,
	                                            .arg = a });
	say_ready(a);
	loop_run(loop);
	auth_free(a);
	return EX_OK;
}
