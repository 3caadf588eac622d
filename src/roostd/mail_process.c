/*
 * mail_process.c -- links, and the life of the process.
 *
 * It stops when it has no session left and all gates have gone (they keep
 * their delivery links until the transaction under way has ended), or when
 * its patience has; what was acknowledged is on disk in any case.
 */
#include "roostd/mail_process.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "deliver/deliver.h"
#include "mailbox/account.h"
#include "roostd/mail_internal.h"
#include "store/partition.h"

enum {
	RECLAIM_MS = 60 * 1000,
	PARSER_MS = 10 * 1000, /* then there is none to be had */
	BYE_MS = 10 * 1000,    /* then sessions are cut off */
	GONE_MS = 20 * 1000,   /* then we end whoever is left */
};

static void close_fd(struct frame_in *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* A link of our own that came with the frame; NULL: it is none. */
static struct link *take_link(struct mail *m, struct frame_in *f)
{
	struct link *l;

	if (f->fd < 0 || !link_is_socket(f->fd, SOCK_SEQPACKET))
		return NULL;
	l = link_new(m->loop, f->fd, (struct link_handler){ 0 });
	f->fd = -1;
	return l;
}

/* -- gate -- */

static bool on_deliver(struct mail *m, struct frame_in *f)
{
	struct slice peer = frame_read_slice(f, PEER_TEXT);
	struct link *l = frame_is_whole(f) ? take_link(m, f) : NULL;

	if (l != NULL)
		deliver_serve(m->loop, m->model, l, peer,
		              m->limits.message_bytes);
	return l != NULL;
}

static void on_gate_frame(void *arg, struct frame_in *f)
{
	struct mail_peer *p = arg;

	if (f->type == FRAME_SESSION) {
		mail_on_session(p, f);
		return;
	}
	if (f->type != FRAME_DELIVER || !on_deliver(p->mail, f))
		link_log_bad("gate", f);
	close_fd(f);
}

/* -- auth -- */

static bool on_expect(struct mail *m, struct frame_in *f)
{
	struct slice ticket = frame_read_slice(f, TICKET_SIZE);
	struct ticket_holder holder = { .account = read_u64(&f->r) };
	struct slice session_id, hidden;

	holder.credential = read_u64(&f->r);
	frame_read_slice(f, LIMIT_USER_NAME);
	session_id = frame_read_slice(f, SESSION_ID_SIZE);
	hidden = frame_read_slice(f, LIMIT_HIDDEN);
	holder.terms = read_u8(&f->r);
	if (!frame_is_whole(f) || ticket.len != TICKET_SIZE ||
	    session_id.len != SESSION_ID_SIZE)
		return false;
	if (hidden.len != 0)
		holder.hidden = mem_cstr(hidden);
	tickets_add(&m->tickets, loop_now_ms(m->loop), ticket, session_id,
	            holder);
	return true;
}

static bool on_control(struct mail *m, struct frame_in *f)
{
	uint64_t account = read_u64(&f->r);
	uint32_t uid;
	struct link *l;

	frame_read_slice(f, LIMIT_USER_NAME);
	uid = read_u32(&f->r);
	l = frame_is_whole(f) ? take_link(m, f) : NULL;
	if (l != NULL)
		admin_serve_mail(&m->admin, l, account, uid);
	return l != NULL;
}

static const struct {
	enum frame_type type;
	bool (*handle)(struct mail *, struct frame_in *);
} auth_frames[] = {
	{ FRAME_EXPECT, on_expect },
	{ FRAME_CONTROL, on_control },
	{ FRAME_ACCOUNT_CREATE, mail_on_account },
	{ FRAME_ACCOUNT_DELETE, mail_on_account },
	{ FRAME_ACCOUNT_KICK, mail_on_account },
	{ FRAME_ALERT, mail_on_account },
	{ FRAME_SETTLE, mail_on_account },
	{ FRAME_ASKED, mail_on_asked },
	{ FRAME_VISITOR, mail_on_visit },
	{ FRAME_VISITOR_END, mail_on_visit },
	{ FRAME_GRANTED, mail_on_visit },
	{ FRAME_ROLL_CALL, mail_on_roll },
	{ FRAME_SESSION_END, mail_on_roll },
};

static void on_auth_frame(void *arg, struct frame_in *f)
{
	struct mail_peer *p = arg;
	bool is_good = false;

	for (size_t i = 0; i < sizeof auth_frames / sizeof *auth_frames; i++) {
		if (f->type == auth_frames[i].type)
			is_good = auth_frames[i].handle(p->mail, f);
	}
	if (!is_good)
		link_log_bad("auth", f);
	close_fd(f);
}

/* -- peers -- */

static void on_peer_close(void *arg)
{
	struct mail_peer *p = arg;

	link_free(p->link);
	p->link = NULL;
	if (p == &p->mail->auth)
		mail_fail_asks(p->mail);
	mail_check_end(p->mail);
}

static void set_peer(struct mail *m, struct mail_peer *p, int fd,
                     void (*on_frame)(void *, struct frame_in *))
{
	link_free(p->link);
	p->mail = m;
	p->generation++;
	p->link = link_new(m->loop, fd,
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_peer_close,
	                                          .arg = p });
}

/* -- parent -- */

static bool on_peer(void *arg, struct frame_in *f)
{
	struct mail *m = arg;
	uint8_t role = read_u8(&f->r);
	uint32_t index = read_u32(&f->r);

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	if (role == ROLE_AUTH) {
		mail_fail_asks(m); /* of the one before */
		set_peer(m, &m->auth, f->fd, on_auth_frame);
		mail_report_disk(m);
	} else if (role == ROLE_GATE && index < GATES_MOST)
		set_peer(m, &m->gates[index], f->fd, on_gate_frame);
	else if (role != ROLE_PARSE ||
	         !parse_pool_add(m->parsers, index, f->fd))
		return false;
	f->fd = -1;
	return true;
}

/* The parent is the only one who can end it. */
static void on_bad_parser(void *arg, uint32_t index)
{
	struct mail *m = arg;
	struct frame_out f;

	frame_begin(&f, FRAME_PARSER_BAD);
	frame_u32(&f, index);
	parent_send(m->parent, &f);
}

static void use_limits(struct mail *m, const struct mail_limits *limits)
{
	m->limits = *limits;
	m->admin.message_limit_bytes = limits->message_bytes;
	m->session_config.message_limit_bytes = limits->message_bytes;
	m->session_config.write_seconds = limits->write_seconds;
	m->session_config.command_seconds = limits->command_seconds;
	m->session_config.command_messages = limits->command_messages;
}

static bool on_reload(void *arg, struct frame_in *f)
{
	struct mail *m = arg;
	const struct mail_options *o = m->options;
	struct mail_limits limits;

	if (!frame_is_whole(f) || f->fd < 0)
		return false;
	if (o->reload(o->reload_arg, f->fd, &limits))
		use_limits(m, &limits);
	return true;
}

static void on_patience(void *arg)
{
	struct mail *m = arg;

	log_note(LOG_LEVEL_WARN, "stop_forced", "");
	loop_stop(m->loop);
}

static void on_bye_timeout(void *arg)
{
	struct mail *m = arg;

	mail_abort_sessions(m);
	timer_start(&m->stop, m->loop, GONE_MS - BYE_MS, on_patience, m);
}

static bool on_stop(void *arg, struct frame_in *f)
{
	struct mail *m = arg;

	if (!frame_is_whole(f))
		return false;
	if (m->stopping)
		return true;
	m->stopping = true;
	mail_say_bye(m, "the server is stopping");
	timer_start(&m->stop, m->loop, BYE_MS, on_bye_timeout, m);
	mail_check_end(m);
	return true;
}

static const struct parent_frame parent_frames[] = {
	{ FRAME_PEER, on_peer },
	{ FRAME_RELOAD, on_reload },
	{ FRAME_STOP, on_stop },
};

/* -- the whole -- */

static bool has_gate(const struct mail *m)
{
	for (size_t i = 0; i < GATES_MOST; i++) {
		if (m->gates[i].link != NULL)
			return true;
	}
	return false;
}

void mail_check_end(struct mail *m)
{
	if (m->stopping && m->n_sessions == 0 && m->visitors == NULL &&
	    !has_gate(m))
		loop_stop(m->loop);
}

/* -- what is done from time to time -- */

static void on_reclaim(void *arg);

/* What changes slowly, and costs something to find out. */
static void count_store(void *arg)
{
	struct mail *m = arg;
	struct partition_stats s = { 0 };
	struct statvfs disk;

	partition_stats(m->partition, &s);
	counter_set(COUNTER_STORE_BYTES, s.pack_bytes);
	counter_set(COUNTER_STORE_DEAD, s.dead_bytes);
	if (statvfs(m->options->directory, &disk) == 0)
		counter_set(COUNTER_STORE_FREE,
		            (uint64_t)disk.f_bavail * disk.f_frsize);
}

static void reclaim(void *arg)
{
	struct mail *m = arg;
	bool did = true;

	count_store(m);
	while (did && !m->stopping) {
		struct err e = partition_reclaim(m->partition, &did);

		if (is_ok(e))
			continue;
		log_note(LOG_LEVEL_WARN, "reclaim_failed", e.text);
		break;
	}
	timer_start(&m->reclaim, m->loop, RECLAIM_MS, on_reclaim, m);
}

static void on_reclaim(void *arg)
{
	struct mail *m = arg;

	task_spawn(m->loop, reclaim, m);
}

/* What this process would do next, to mail that is still good, nobody knows.
 * The one after it begins with a look at the whole index. */
static void on_damage(struct err e)
{
	log_note(LOG_LEVEL_ERROR, "index_damaged", e.text);
	abort();
}

static int open_store(struct mail *m)
{
	const struct partition_options options = {
		.check_index = m->options->check_index,
		.on_damage = on_damage,
	};
	struct err e = partition_open(m->loop, m->options->directory, options,
	                              &m->partition);
	struct log_line l;

	if (is_ok(e)) {
		m->model = model_new(m->partition, &system_clock);
		return EX_OK;
	}
	l = log_open(LOG_LEVEL_ERROR, "partition_failed");
	log_text(&l, "directory", slice_cstr(m->options->directory));
	log_text(&l, "error", slice_cstr(e.text));
	log_close(&l);
	return e.code == ERR_INUSE ? EX_TEMPFAIL : EX_CANTCREAT;
}

static void start_parsers(struct mail *m)
{
	const struct parse_pool_options options = {
		.parsers = m->options->parsers,
		.hang_ms = m->options->hang_ms,
		.wait_ms = PARSER_MS,
		.condemn = on_bad_parser,
		.arg = m,
	};

	m->parsers = parse_pool_new(m->loop, &options);
	m->digester = parse_pool_digester(m->parsers);
	model_set_digester(m->model, &m->digester);
}

static bool is_serving(void *ctx, uint32_t index)
{
	const struct mail *m = ctx;

	return parse_pool_is_serving(m->parsers, index);
}

static void count_parsed(void *ctx, uint64_t *parsed, uint64_t *unparsed)
{
	const struct mail *m = ctx;
	struct parse_pool_stats s = parse_pool_stats(m->parsers);

	*parsed = s.parsed;
	*unparsed = s.unparsed;
}

static void fill(struct mail *m)
{
	m->office = mail_office(m);
	m->recorder = mail_recorder(m);
	m->session_config = (struct session_config){
		.clock = &system_clock,
		.model = m->model,
		.hostname = m->options->hostname,
		.visits = &m->office,
		.recorder = &m->recorder,
	};

	m->admin = (struct admin_mail){
		.loop = m->loop,
		.model = m->model,
		.clock = &system_clock,
		.sessions = mail_registry(m),
		.parsers = { m->options->parsers, is_serving, count_parsed, m },
		.grant = m->office.grant,
		.grant_ctx = m,
		.recorder = &m->recorder,
		.index = m->options->index,
	};
	use_limits(m, &m->options->limits);
}

static void settle(void *arg)
{
	struct mail *m = arg;

	partition_settle(m->partition);
	loop_stop(m->loop);
}

/* A delivery whose gate has gone, say, may still have a commit under way. */
static void end_commits(struct mail *m)
{
	while (!partition_is_settled(m->partition)) {
		task_spawn(m->loop, settle, m);
		loop_run(m->loop);
	}
}

int mail_main(struct loop *loop, const struct mail_options *options,
              int parent_fd)
{
	struct mail *m = mem_new(1, sizeof *m);
	int status;

	m->loop = loop;
	m->options = options;
	status = open_store(m);
	if (status != EX_OK)
		return status;
	start_parsers(m);
	fill(m);
	m->parent = parent_new(
		loop, parent_fd,
		(struct parent_handler){ .frames = parent_frames,
	                                 .n_frames = sizeof parent_frames /
	                                             sizeof *parent_frames,
	                                 .arg = m });
	timer_start(&m->reclaim, loop, RECLAIM_MS, on_reclaim, m);
	task_spawn(loop, count_store, m);
	mail_reports_start(m);
	parent_say_ready(m->parent);
	loop_run(loop);
	end_commits(m);
	partition_close(m->partition);
	return EX_OK;
}
