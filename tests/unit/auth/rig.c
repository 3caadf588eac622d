/* rig.c -- see rig.h. */
#include "rig.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../turns.h"
#include "directory/directory.h"

/* -- a partition -- */

static void die(struct rig_mail *m)
{
	if (m->link != NULL)
		link_free(m->link);
	m->link = NULL;
}

static uint64_t *place(struct rig_mail *m, uint64_t account)
{
	for (size_t i = 0; i < RIG_ACCOUNTS; i++)
		if (m->accounts[i] == account)
			return &m->accounts[i];
	return NULL;
}

static enum err_code change(struct rig_mail *m, uint16_t type, uint64_t id,
                            uint32_t kept)
{
	uint64_t *there = place(m, id);

	if (type == FRAME_ACCOUNT_CREATE && there != NULL)
		return ERR_ALREADYEXISTS;
	if (type == FRAME_ACCOUNT_DELETE && there == NULL)
		return ERR_ABSENT;
	if (type == FRAME_ACCOUNT_DELETE && kept < m->uidvalidity)
		return ERR_NOTNOW;
	if (there == NULL)
		there = place(m, 0);
	assert_non_null(there);
	if (type == FRAME_ACCOUNT_CREATE)
		m->above = kept;
	*there = type == FRAME_ACCOUNT_CREATE ? id : 0;
	return ERR_OK;
}

static void send_done(struct rig_mail *m, uint64_t request, enum err_code code)
{
	struct frame_out out = { 0 };

	frame_begin(&out, FRAME_ACCOUNT_DONE);
	frame_u64(&out, request);
	frame_u8(&out, (uint8_t)code);
	frame_slice(&out, S(""));
	frame_u32(&out, m->uidvalidity);
	link_send(m->link, &out, -1);
}

static void on_account(struct rig_mail *m, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	uint64_t id = read_u64(&f->r);
	enum err_code code;
	uint32_t kept;

	if (f->type == FRAME_ACCOUNT_CREATE) {
		assert_int_not_equal(frame_read_slice(f, 255).len, 0);
		read_u64(&f->r);
		read_u64(&f->r);
	}
	kept = read_u32(&f->r);
	assert_true(frame_is_whole(f));
	if (m->mode == MAIL_SILENT)
		return;
	if (m->mode == MAIL_DIES_BEFORE) {
		die(m);
		return;
	}
	code = m->mode == MAIL_FULL && f->type == FRAME_ACCOUNT_CREATE
	               ? ERR_NOSPACE
	               : change(m, f->type, id, kept);
	if (m->mode == MAIL_DIES_AFTER) {
		die(m);
		return;
	}
	send_done(m, request, code);
}

static void on_settle(struct rig_mail *m, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);

	assert_true(frame_is_whole(f));
	m->settles++;
	if (m->mode == MAIL_DIES_BEFORE)
		die(m);
	else if (m->mode != MAIL_SILENT)
		send_done(m, request, ERR_OK);
}

static struct slice keep(struct slice from, char *to, size_t size)
{
	assert_true(from.len < size);
	if (from.len != 0)
		memcpy(to, from.ptr, from.len);
	to[from.len] = '\0';
	return from;
}

static void on_expect(struct rig_mail *m, struct frame_in *f)
{
	struct slice ticket = frame_read_slice(f, TICKET_SIZE);

	m->ticket_account = read_u64(&f->r);
	m->ticket_credential = read_u64(&f->r);
	frame_read_slice(f, LIMIT_USER_NAME);
	assert_true(
		slice_eq(frame_read_slice(f, SESSION_ID_SIZE), S(RIG_SESSION)));
	keep(frame_read_slice(f, LIMIT_HIDDEN), m->hidden, sizeof m->hidden);
	m->terms = read_u8(&f->r);
	assert_true(frame_is_whole(f) && ticket.len == TICKET_SIZE);
	memcpy(m->ticket, ticket.ptr, TICKET_SIZE);
	m->expects++;
}

static void on_mail_frame(void *arg, struct frame_in *f)
{
	struct rig_mail *m = arg;

	switch (f->type) {
	case FRAME_EXPECT:
		on_expect(m, f);
		break;
	case FRAME_ACCOUNT_CREATE:
	case FRAME_ACCOUNT_DELETE:
		on_account(m, f);
		break;
	case FRAME_ACCOUNT_KICK:
		m->kicks++;
		read_u64(&f->r);
		m->kicked_credential = read_u64(&f->r);
		assert_true(frame_is_whole(f));
		break;
	case FRAME_SETTLE:
		on_settle(m, f);
		break;
	case FRAME_VISITOR_END:
		m->visits_ended++;
		break;
	case FRAME_GRANTED:
		break;
	case FRAME_ROLL_CALL:
		m->roll_calls++;
		m->called_account = read_u64(&f->r);
		assert_true(frame_is_whole(f));
		break;
	case FRAME_SESSION_END:
		m->ended_account = read_u64(&f->r);
		keep(frame_read_slice(f, SESSION_ID_SIZE), m->ended,
		     sizeof m->ended);
		assert_true(frame_is_whole(f));
		m->ends++;
		break;
	case FRAME_CONTROL:
		if (m->control_fd >= 0)
			close(m->control_fd);
		m->control_fd = f->fd;
		m->control_account = read_u64(&f->r);
		break;
	default:
		fail();
	}
}

static void on_mail_close(void *arg)
{
	die(arg);
}

/* -- the gate -- */

static void on_answer(struct rig *r, struct frame_in *f)
{
	uint64_t request = read_u64(&f->r);
	struct rig_verdict *v = &r->verdicts[request % RIG_VERDICTS];
	struct slice ticket;

	assert_false(v->there);
	v->there = true;
	if (f->type == FRAME_CHALLENGE) {
		v->exchange = read_u64(&f->r);
		keep(frame_read_slice(f, 511), v->challenge,
		     sizeof v->challenge);
		assert_true(frame_is_whole(f) && v->exchange != 0);
		r->open--;
		task_wake_all(&r->answered);
		return;
	}
	v->code = read_u8(&f->r);
	if (f->type == FRAME_VERDICT)
		keep(frame_read_slice(f, 200), v->text, sizeof v->text);
	v->account = read_u64(&f->r);
	v->partition = read_u32(&f->r);
	if (f->type == FRAME_VERDICT) {
		ticket = frame_read_slice(f, TICKET_SIZE);
		v->ticket_len = ticket.len;
		if (ticket.len != 0)
			memcpy(v->ticket, ticket.ptr, ticket.len);
	}
	keep(frame_read_slice(f, 255), v->name, sizeof v->name);
	if (f->type == FRAME_FOUND)
		keep(frame_read_slice(f, 255), v->detail, sizeof v->detail);
	else
		v->delay = read_u8(&f->r);
	assert_true(frame_is_whole(f));
	r->open--;
	task_wake_all(&r->answered);
}

static void on_gate_frame(void *arg, struct frame_in *f)
{
	struct rig *r = arg;

	if (f->type != FRAME_HIDDEN) {
		on_answer(r, f);
		return;
	}
	keep(frame_read_slice(f, LIMIT_HIDDEN), r->hidden, sizeof r->hidden);
	assert_true(frame_is_whole(f));
}

static void on_gate_close(void *arg)
{
	struct rig *r = arg;

	r->gate_closed++;
}

/* -- starting -- */

static void send_peer(struct rig *r, enum role role, uint32_t index, int fd)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_PEER);
	frame_u8(&f, (uint8_t)role);
	frame_u32(&f, index);
	assert_true(is_ok(link_send(r->parent, &f, fd)));
}

void rig_start_gate(struct rig *r)
{
	int fds[2];

	assert_true(is_ok(link_pair(fds)));
	r->gate = link_new(r->loop, fds[0],
	                   (struct link_handler){ .on_frame = on_gate_frame,
	                                          .on_close = on_gate_close,
	                                          .arg = r });
	send_peer(r, ROLE_GATE, 0, fds[1]);
}

void rig_stop_gate(struct rig *r)
{
	link_free(r->gate);
	r->gate = NULL;
	r->lost = r->open;
}

void rig_start_mail(struct rig *r, uint32_t partition)
{
	struct rig_mail *m = &r->mail[partition];
	int fds[2];

	die(m);
	m->rig = r;
	m->index = partition;
	m->mode = MAIL_ANSWERS;
	m->control_fd = -1;
	assert_true(is_ok(link_pair(fds)));
	m->link = link_new(r->loop, fds[0],
	                   (struct link_handler){ .on_frame = on_mail_frame,
	                                          .on_close = on_mail_close,
	                                          .arg = m });
	send_peer(r, ROLE_MAIL, partition, fds[1]);
}

static int listener_at(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

static void send_listener(struct rig *r, enum listener_kind kind, int fd)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_LISTENER);
	frame_u8(&f, (uint8_t)kind);
	frame_u16(&f, 0);
	frame_u8(&f, 0);
	assert_true(is_ok(link_send(r->parent, &f, fd)));
}

static void start_all(struct rig *r)
{
	struct frame_in in;

	assert_true(is_ok(link_receive(r->parent, 60000, &in)));
	assert_int_equal(in.type, FRAME_READY);
	rig_start_gate(r);
	for (uint32_t i = 0; i < RIG_PARTITIONS; i++)
		rig_start_mail(r, i);
	send_listener(r, LISTENER_CONTROL,
	              listener_at(r->socket, SOCK_SEQPACKET));
	send_listener(r, LISTENER_AUTH, listener_at(r->agents, SOCK_STREAM));
	rig_settle(r);
}

static void run_task(void *arg)
{
	struct rig *r = arg;
	struct frame_out f = { 0 };

	start_all(r);
	r->fn(r);
	frame_begin(&f, FRAME_STOP);
	assert_true(is_ok(link_send(r->parent, &f, -1)));
}

void rig_run(void (*fn)(struct rig *), void (*prepare)(struct rig *))
{
	struct rig *r = calloc(1, sizeof *r);
	char command[128];
	int fds[2];

	snprintf(r->dir, sizeof r->dir, "/tmp/roost-auth-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->directory, sizeof r->directory, "%s/accounts", r->dir);
	snprintf(r->socket, sizeof r->socket, "%s/control", r->dir);
	snprintf(r->agents, sizeof r->agents, "%s/agents", r->dir);
	r->fn = fn;
	r->loop = loop_new();
	r->options = (struct auth_options){
		.metrics = "off",
		.directory = r->directory,
		.partitions = RIG_PARTITIONS,
		.mechanisms = UINT32_MAX,
		.password_cost = { 64, 1, 1, { 4096 } },
		.verdict_seconds = 300,
	};
	if (prepare != NULL)
		prepare(r);
	assert_true(is_ok(link_pair(fds)));
	r->parent = link_new(r->loop, fds[0], (struct link_handler){ 0 });
	task_spawn(r->loop, run_task, r);
	r->status = auth_main(r->loop, &r->options, fds[1]);
	assert_int_equal(r->status, 0);
	link_drain(r->gate);
	assert_int_equal(r->open, r->lost); /* all have been answered */
	link_free(r->parent);
	link_free(r->gate);
	for (size_t i = 0; i < RIG_PARTITIONS; i++)
		die(&r->mail[i]);
	loop_free(r->loop);
	snprintf(command, sizeof command, "rm -r %s", r->dir);
	assert_int_equal(system(command), 0);
	free(r);
}

void rig_settle(struct rig *r)
{
	(void)r;
	turns();
}

bool rig_mail_has(struct rig *r, uint64_t account)
{
	for (size_t i = 0; i < RIG_PARTITIONS; i++)
		if (place(&r->mail[i], account) != NULL)
			return true;
	return false;
}

/* -- asking -- */

static uint64_t next_request(struct rig *r)
{
	assert_true(++r->requests < RIG_VERDICTS);
	r->open++;
	return r->requests;
}

uint64_t rig_send(struct rig *r, enum sasl m, struct slice response,
                  struct slice binding)
{
	struct frame_out f = { 0 };
	uint64_t request = next_request(r);

	frame_begin(&f, FRAME_VERIFY);
	frame_u64(&f, request);
	frame_u8(&f, SERVICE_IMAP);
	frame_u8(&f, (uint8_t)m);
	frame_slice(&f, response);
	frame_slice(&f, binding);
	frame_slice(&f, S("192.0.2.7"));
	frame_u16(&f, 4711);
	frame_slice(&f, S("192.0.2.1"));
	frame_slice(&f, S("TLSv1.3 TLS_AES_256_GCM_SHA384"));
	frame_slice(&f, S("client 1"));
	frame_slice(&f, S(RIG_SESSION));
	frame_slice(&f, S(""));
	assert_true(is_ok(link_send(r->gate, &f, -1)));
	return request;
}

uint64_t rig_ask(struct rig *r, struct rig_try t)
{
	struct buf message = { 0 };
	uint64_t request;

	buf_add(&message, t.authzid);
	buf_byte(&message, '\0');
	buf_add(&message, t.user);
	buf_byte(&message, '\0');
	buf_add(&message, t.secret);
	request = rig_send(r, t.by_command ? SASL_COMMAND : SASL_PLAIN,
	                   buf_slice(&message), S(""));
	buf_free(&message);
	return request;
}

struct rig_verdict *rig_begin(struct rig *r, enum sasl m, struct slice response,
                              struct slice binding)
{
	return rig_wait(r, rig_send(r, m, response, binding));
}

struct rig_verdict *rig_respond(struct rig *r, uint64_t exchange,
                                struct slice session, struct slice response)
{
	struct frame_out f = { 0 };
	uint64_t request = next_request(r);

	frame_begin(&f, FRAME_RESPONSE);
	frame_u64(&f, request);
	frame_u64(&f, exchange);
	frame_slice(&f, session);
	frame_slice(&f, response);
	assert_true(is_ok(link_send(r->gate, &f, -1)));
	return rig_wait(r, request);
}

void rig_cancel(struct rig *r, uint64_t exchange)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_CANCEL);
	frame_u64(&f, exchange);
	assert_true(is_ok(link_send(r->gate, &f, -1)));
}

void rig_store(struct rig *r, const char *user, const char *stored)
{
	struct directory *d;
	struct account_row row;

	assert_true(is_ok(directory_open(r->directory, RIG_PARTITIONS, &d)));
	assert_true(is_ok(directory_find(d, slice_cstr(user), &row)));
	assert_true(
		is_ok(directory_set_password(d, row.id, slice_cstr(stored))));
	directory_close(d);
}

bool rig_is_current(struct rig *r, const char *user)
{
	struct directory *d;
	struct account_row row;
	bool current;

	assert_true(is_ok(directory_open(r->directory, RIG_PARTITIONS, &d)));
	assert_true(is_ok(directory_find(d, slice_cstr(user), &row)));
	current = password_is_current(account_row_stored(&row),
	                              r->options.password_cost);
	directory_close(d);
	return current;
}

void rig_wait_current(struct rig *r, const char *user)
{
	for (int i = 0; i < 3000 && !rig_is_current(r, user); i++)
		task_sleep(20);
	assert_true(rig_is_current(r, user));
}

struct rig_verdict *rig_wait(struct rig *r, uint64_t request)
{
	struct rig_verdict *v = &r->verdicts[request];

	while (!v->there)
		assert_true(task_wait(&r->answered, 60000));
	return v;
}

struct rig_verdict *rig_try(struct rig *r, struct rig_try t)
{
	return rig_wait(r, rig_ask(r, t));
}

struct rig_verdict *rig_login(struct rig *r, const char *user,
                              const char *secret)
{
	return rig_try(r, (struct rig_try){ .user = slice_cstr(user),
	                                    .secret = slice_cstr(secret) });
}

struct rig_verdict *rig_lookup(struct rig *r, const char *address)
{
	struct frame_out f = { 0 };
	uint64_t request = next_request(r);

	frame_begin(&f, FRAME_LOOKUP);
	frame_u64(&f, request);
	frame_slice(&f, slice_cstr(address));
	assert_true(is_ok(link_send(r->gate, &f, -1)));
	return rig_wait(r, request);
}

/* -- the control socket -- */

struct link *rig_control(struct rig *r)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	                0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", r->socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return link_new(r->loop, fd, (struct link_handler){ 0 });
}

static void take_row(struct rig_answer *a, struct frame_in *in)
{
	uint32_t n = read_u32(&in->r);

	assert_true(a->rows < RIG_ROWS && n <= RIG_FIELDS);
	a->fields[a->rows] = n;
	for (uint32_t i = 0; i < n; i++)
		keep(frame_read_slice(in, RIG_FIELD - 1), a->field[a->rows][i],
		     RIG_FIELD);
	assert_true(frame_is_whole(in));
	a->rows++;
}

static void take_linked(struct rig_answer *a, struct frame_in *in)
{
	a->account = read_u64(&in->r);
	a->partition = read_u32(&in->r);
	assert_int_equal(read_u32(&in->r), RIG_PARTITIONS);
	assert_true(frame_is_whole(in));
	a->fd = in->fd;
	assert_true(a->fd >= 0);
}

struct rig_answer *rig_answer(struct link *l)
{
	static struct rig_answer a;
	struct frame_in in;

	memset(&a, 0, sizeof a);
	a.fd = -1;
	for (;;) {
		struct err e = link_receive(l, 20000, &in);

		if (!is_ok(e)) {
			a.code = e.code;
			return &a;
		}
		if (in.type == FRAME_ROW)
			take_row(&a, &in);
		else if (in.type == FRAME_LINKED)
			take_linked(&a, &in);
		else
			break;
	}
	assert_int_equal(in.type, FRAME_DONE);
	a.code = (enum err_code)read_u8(&in.r);
	keep(frame_read_slice(&in, sizeof a.text - 1), a.text, sizeof a.text);
	read_u8(&in.r); /* on a full disk the audit log may lack it */
	assert_true(frame_is_whole(&in));
	return &a;
}

struct rig_answer *rig_request(struct link *l, uint16_t type,
                               const struct slice *fields, size_t n)
{
	struct frame_out f = { 0 };

	frame_begin(&f, type);
	for (size_t i = 0; i < n; i++)
		frame_slice(&f, fields[i]);
	assert_true(is_ok(link_send(l, &f, -1)));
	return rig_answer(l);
}

enum err_code rig_verb(struct rig *r, uint16_t type, const char *name,
                       const char *secret)
{
	struct link *l = rig_control(r);
	struct slice fields[2] = { slice_cstr(name), slice_cstr(secret) };
	enum err_code code =
		rig_request(l, type, fields, secret != NULL ? 2 : 1)->code;

	link_free(l);
	task_sleep(1); /* the other end sees that too */
	return code;
}

/* -- the log -- */

/* A pipe: a limit of what files may grow to is none of the log's. */
static struct {
	int saved;
	int from;
	size_t len;
	char text[65536];
} captured = { .saved = -1 };

void rig_log_begin(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	captured.saved = dup(STDERR_FILENO);
	captured.from = ends[0];
	captured.len = 0;
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

const char *rig_log(void)
{
	ssize_t n;

	while ((n = read(captured.from, captured.text + captured.len,
	                 sizeof captured.text - 1 - captured.len)) > 0)
		captured.len += (size_t)n;
	captured.text[captured.len] = '\0';
	return captured.text;
}

const char *rig_log_end(void)
{
	rig_log();
	dup2(captured.saved, STDERR_FILENO);
	close(captured.saved);
	close(captured.from);
	return captured.text;
}
