/*
 * auth.c -- the process: what it opens, what the parent says, and its end.
 */
#include "auth/auth.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "auth/alerts.h"
#include "auth/attempt_limit.h"
#include "auth/internal.h"
#include "auth/issuers.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "guard/country.h"

/* -- a stored password that nobody has -- */

static const char no_such_cost[] = "passwords can't be hashed at this cost";

static bool make_dummy(struct auth *a)
{
	struct buf stored = { 0 };
	struct password_cost cost = a->options->password_cost;
	uint8_t secret[16];
	bool made;

	random_bytes(secret, sizeof secret);
	memset(cost.scram_rounds, 0, sizeof cost.scram_rounds);
	made = password_hash(slice_of(secret, sizeof secret), cost, &stored) &&
	       stored.len <= sizeof a->dummy;
	if (made) {
		memcpy(a->dummy, stored.data, stored.len);
		a->dummy_len = stored.len;
	}
	buf_free(&stored);
	return made;
}

/* -- what the parent says; each owns f->fd -- */

static bool on_peer(void *arg, struct frame_in *f)
{
	struct auth *a = arg;
	uint8_t role = read_u8(&f->r);
	uint32_t index = read_u32(&f->r);

	if (!frame_is_whole(f) || !link_is_socket(f->fd, SOCK_SEQPACKET) ||
	    !peer_add(a, role, index, f->fd))
		return false;
	f->fd = -1;
	return true;
}

static bool on_listener(void *arg, struct frame_in *f)
{
	struct auth *a = arg;
	uint8_t kind = read_u8(&f->r);
	bool is_control = kind == LISTENER_CONTROL;

	read_u16(&f->r);
	read_u8(&f->r);
	if (!frame_is_whole(f) || f->fd < 0 ||
	    (!is_control && kind != LISTENER_AUTH) ||
	    a->n_listeners == LISTENERS_OF_AUTH)
		return false;
	a->listeners[a->n_listeners++] =
		acceptor_new(a->loop, f->fd,
	                     is_control ? control_accept : dovecot_accept, a);
	f->fd = -1;
	return true;
}

void auth_work_ends(struct auth *a)
{
	a->working--;
	task_wake_all(&a->idle);
}

static void reopen_audit(void *arg)
{
	struct auth *a = arg;

	audit_reopen(a->audit);
	auth_work_ends(a);
}

/* The dummy costs what the others cost. What was right under the options
 * before is asked for again. */
static bool on_reload(void *arg, struct frame_in *f)
{
	struct auth *a = arg;
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
	issuers_release(a->issuers);
	a->issuers = issuers_new(a);
	limits_reload(a);
	a->working++;
	task_spawn(a->loop, reopen_audit, a);
	return true;
}

static bool on_certificate_date(void *arg, struct frame_in *f)
{
	struct auth *a = arg;
	struct slice name = frame_read_slice(f, 255);
	uint64_t expires = read_u64(&f->r);

	if (!frame_is_whole(f) || slice_find_byte(name, '\0') != SLICE_NONE)
		return false;
	certificate_dates_set(&a->certificates, a->loop, name, expires);
	alerts_certificates(a);
	return true;
}

static bool on_client_ca(void *arg, struct frame_in *f)
{
	struct auth *a = arg;
	const char *problem;

	if (!frame_is_whole(f))
		return false;
	problem = authorities_read(&a->authorities, f->fd);
	if (problem != NULL)
		log_note(LOG_LEVEL_ERROR, "client_ca_refused", problem);
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
	limits_flush(a);
	audit_settle(a->audit);
	directory_seal(a->directory);
	loop_stop(a->loop);
}

static void stop(struct auth *a)
{
	if (a->stopping)
		return;
	a->stopping = true;
	alerts_stop(a);
	while (a->n_listeners != 0)
		acceptor_free(a->listeners[--a->n_listeners]);
	task_spawn(a->loop, stop_task, a);
}

static bool on_stop(void *arg, struct frame_in *f)
{
	struct auth *a = arg;

	if (!frame_is_whole(f))
		return false;
	stop(a);
	return true;
}

static const struct parent_frame parent_frames[] = {
	{ FRAME_PEER, on_peer },
	{ FRAME_LISTENER, on_listener },
	{ FRAME_RELOAD, on_reload },
	{ FRAME_STOP, on_stop },
	{ FRAME_CERTIFICATE_DATE, on_certificate_date },
	{ FRAME_CLIENT_CA, on_client_ca },
};

static void on_parent_close(void *arg)
{
	stop(arg);
}

/* -- the process -- */

/* Beside the directory. */
static struct err open_audit(struct auth *a)
{
	struct slice file = slice_cstr(a->options->directory);
	size_t slash = slice_rfind_byte(file, '/');
	struct buf path = { 0 };
	struct err e;

	if (slash != SLICE_NONE)
		buf_add(&path, slice_first(file, slash + 1));
	buf_add(&path, S("audit.log"));
	buf_byte(&path, '\0');
	e = audit_open(a->loop, path.data, &a->audit);
	buf_free(&path);
	return e;
}

static int open_directory(struct auth *a)
{
	struct err e = directory_open(a->options->directory,
	                              a->options->partitions, &a->directory);

	if (is_ok(e))
		return EX_OK;
	log_note(LOG_LEVEL_ERROR, "directory", e.text);
	return e.code == ERR_NOTNOW ? EX_CONFIG : EX_CANTCREAT;
}

static int open_limits_and_audit(struct auth *a)
{
	int status = limits_open(a);
	struct err e;

	if (status != EX_OK)
		return status;
	e = open_audit(a);
	if (is_ok(e))
		return EX_OK;
	log_note(LOG_LEVEL_ERROR, "audit", e.text);
	limits_close(a);
	return EX_CANTCREAT;
}

static int open_files(struct auth *a)
{
	int status = open_directory(a);

	if (status != EX_OK)
		return status;
	status = alerts_open(a);
	if (status == EX_OK)
		status = open_limits_and_audit(a);
	if (status != EX_OK) {
		alerts_close(a);
		directory_close(a->directory);
	}
	return status;
}

static void close_files(struct auth *a)
{
	alerts_close(a);
	limits_close(a);
	audit_close(a->audit);
	directory_close(a->directory);
}

static int open_all(struct auth *a)
{
	int status = open_files(a);

	if (status != EX_OK)
		return status;
	if (!make_dummy(a)) {
		log_note(LOG_LEVEL_ERROR, "password_cost", no_such_cost);
		close_files(a);
		return EX_CONFIG;
	}
	a->verdicts = verdicts_new();
	a->hashing = hashing_init();
	a->issuers = issuers_new(a);
	a->gsasl = scram_context_new();
	if (a->gsasl == NULL)
		log_note(LOG_LEVEL_ERROR, "sasl", "GNU SASL does not start");
	return a->gsasl != NULL ? EX_OK : EX_CONFIG;
}

/* The loop has stopped: tasks that still wait do so for ever. */
static void auth_free(struct auth *a)
{
	peers_close(a);
	dovecot_close_all(a);
	parent_free(a->parent);
	requests_free(&a->asked);
	timer_stop(&a->uses.timer);
	timer_stop(&a->expiry);
	certificate_dates_free(&a->certificates);
	authorities_free(&a->authorities);
	countries_free(a->countries);
	verdicts_free(a->verdicts);
	issuers_release(a->issuers);
	scram_context_free(a->gsasl);
	close_files(a);
	mem_wipe(a, sizeof *a);
	free(a);
}

static void on_countries(void *arg)
{
	roll_call(arg, S(""));
}

static void open_countries(struct auth *a)
{
	const char *path = a->options->country_data;

	if (path != NULL && *path != '\0')
		a->countries = countries_new(a->loop, path, on_countries, a);
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
	a->parent = parent_new(
		loop, parent_fd,
		(struct parent_handler){ .frames = parent_frames,
	                                 .n_frames = sizeof parent_frames /
	                                             sizeof *parent_frames,
	                                 .on_close = on_parent_close,
	                                 .arg = a });
	open_countries(a);
	alerts_start(a);
	roll_call_watch_expiry(a);
	parent_say_ready(a->parent);
	loop_run(loop);
	auth_free(a);
	return EX_OK;
}
