/*
 * control.c -- the control socket: the `roost` command asks, auth answers.
 *
 * Only root and the user that the server runs as may connect (SO_PEERCRED).
 * Each connection is a task: one request after another, each answered by
 * rows and one DONE. Verbs about mail are not answered here: LINK makes a
 * link between the command and the mail process.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/control_internal.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "ipc/answer_frames.h"

enum { CONTROLS_MOST = 64 }; /* connections at once */

/* -- answers -- */

static void send_frame(struct control *c, struct frame_out *f, int fd)
{
	if (is_ok(c->e)) {
		c->e = link_send_wait(c->link, f, fd);
		return;
	}
	frame_free(f);
	if (fd >= 0)
		close(fd);
}

void control_answer(struct control *c, const struct slice *fields, uint32_t n)
{
	struct frame_out f = { 0 };

	answer_frame_row(&f, fields, n);
	send_frame(c, &f, -1);
}

static void done(struct control *c, struct err e)
{
	struct frame_out f = { 0 };

	answer_frame_done(&f, e, c->lost);
	c->lost = false;
	send_frame(c, &f, -1);
}

/* -- links -- */

struct linked_to {
	uint64_t account; /* 0: the server */
	uint32_t partition;
	struct slice name;
};

static struct err give_links(struct control *c, struct link *mail,
                             struct linked_to to)
{
	struct frame_out f = { 0 };
	int fds[2];
	struct err e = link_pair(fds);

	if (!is_ok(e))
		return e;
	frame_begin(&f, FRAME_CONTROL);
	frame_u64(&f, to.account);
	frame_slice(&f, to.name);
	frame_u32(&f, c->uid);
	e = link_send(mail, &f, fds[0]);
	if (!is_ok(e)) {
		close(fds[1]);
		return e;
	}
	frame_begin(&f, FRAME_LINKED);
	frame_u64(&f, to.account);
	frame_u32(&f, to.partition);
	frame_u32(&f, c->auth->partitions);
	send_frame(c, &f, fds[1]);
	return OK;
}

static struct err link_mail(struct control *c, struct linked_to to)
{
	struct link *mail = auth_mail(c->auth, to.partition);

	if (mail == NULL)
		return err(ERR_UNAVAILABLE, "the partition is not served now");
	return give_links(c, mail, to);
}

static struct err link_account(struct control *c, struct slice name)
{
	struct account_row r;
	struct err e = control_find(c, name, &r);

	if (!is_ok(e))
		return e;
	if (r.state != ACCOUNT_ENABLED && r.state != ACCOUNT_DISABLED)
		return err(ERR_ABSENT, "no such account");
	return link_mail(
		c, (struct linked_to){
			   r.id, directory_partition(c->auth->directory, r.id),
			   account_row_name(&r) });
}

/* -- requests -- */

static struct err nonsense(void)
{
	return err(ERR_CORRUPT, "a request that makes no sense");
}

/* An error that is returned ends the connection. */
static struct err answer_link(struct control *c, struct frame_in *in)
{
	struct slice name = frame_read_slice(in, LIMIT_USER_NAME);
	uint32_t partition = read_u32(&in->r);

	if (!frame_is_whole(in))
		return nonsense();
	done(c, name.len != 0 ? link_account(c, name)
	                      : link_mail(c, (struct linked_to){ 0, partition,
	                                                         S("") }));
	return OK;
}

/* Before it is done; afterwards once more when it was refused. What can't be
 * recorded is done all the same, and whoever asked hears of it. */
static void record(struct control *c, const struct control_verb *verb,
                   struct err e)
{
	struct audit *audit = c->auth->audit;
	struct log_line l = audit_begin(verb->event);
	uint64_t line;

	log_text(&l, "by", S("administrator"));
	log_number(&l, "uid", c->uid);
	for (unsigned i = 0; i < CONTROL_NAMED; i++)
		if (verb->names[i] != NULL)
			log_text(&l, verb->names[i], c->field[i]);
	if (!is_ok(e))
		log_text(&l, "refused", slice_cstr(e.text));
	line = audit_add(audit, &l);
	audit_settle(audit);
	c->lost |= !audit_has(audit, line);
}

static struct err run_verb(struct control *c, const struct control_verb *verb)
{
	struct err e;

	directory_settle(c->auth->directory);
	if (verb->event == NULL)
		return verb->run(c, c->field[0], c->field[1]);
	record(c, verb, OK);
	e = verb->run(c, c->field[0], c->field[1]);
	if (!is_ok(e))
		record(c, verb, e);
	return e;
}

static void read_fields(struct control *c, const struct control_verb *verb,
                        struct frame_in *in)
{
	size_t most = verb->most != 0 ? verb->most : LIMIT_PASSWORD;

	for (unsigned k = 0; k < CONTROL_FIELDS; k++)
		c->field[k] =
			k < verb->fields ? frame_read_slice(in, most) : S("");
}

static struct err answer(struct control *c, struct frame_in *in)
{
	size_t i = 0;

	if (in->fd >= 0)
		close(in->fd);
	if (in->type == FRAME_LINK)
		return answer_link(c, in);
	while (i < n_control_verbs && control_verbs[i].type != in->type)
		i++;
	if (i == n_control_verbs)
		return nonsense();
	read_fields(c, &control_verbs[i], in);
	if (!frame_is_whole(in))
		return nonsense();
	done(c, run_verb(c, &control_verbs[i]));
	return OK;
}

static void serve(void *arg)
{
	struct control *c = arg;
	struct frame_in in;

	while (is_ok(c->e)) {
		struct err e = link_receive(c->link, WAIT_FOREVER, &in);

		if (is_ok(e))
			e = answer(c, &in);
		if (is_ok(c->e))
			c->e = e;
	}
	if (c->e.code != ERR_CLOSED)
		log_note(LOG_LEVEL_WARN, "control", c->e.text);
	link_free(c->link);
	c->auth->controls--;
	free(c);
}

/* -- connections -- */

static bool is_allowed(int fd, uint32_t *uid)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof peer;
	struct log_line l;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	    (peer.uid == 0 || peer.uid == geteuid())) {
		*uid = peer.uid;
		return true;
	}
	l = log_open(LOG_LEVEL_WARN, "control_refused");
	log_number(&l, "uid", peer.uid);
	log_close(&l);
	return false;
}

void control_accept(void *arg, int fd)
{
	struct auth *a = arg;
	struct control *c;
	uint32_t uid;

	counter_add(COUNTER_CONNECTIONS + LISTENER_CONTROL, 1);
	if (!is_allowed(fd, &uid) || a->controls == CONTROLS_MOST) {
		close(fd);
		return;
	}
	a->controls++;
	c = mem_new(1, sizeof *c);
	c->auth = a;
	c->uid = uid;
	c->link = link_new(a->loop, fd, (struct link_handler){ 0 });
	task_spawn(a->loop, serve, c);
}
