/* audit.c -- a queue, and one writer at a time. */
#include "guard/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/chain.h"
#include "base/mem.h"
#include "task/timer.h"

enum {
	QUEUE_MOST = 1 << 20, /* octets */
	ROOM = 64 << 10,      /* octets behind the end, some 250 lines */
	TAIL = 2 * LOG_LINE,
	TORN = 4 << 20, /* at the end: more than is settled together */
	PIECE = 16 << 10,
	SOON_MS = 200,
	AGAIN_MS = 1000,
};

struct audit {
	struct loop *loop;
	char *path;
	int fd;
	off_t size;   /* of whole lines */
	off_t room;   /* where the blocks that it has end */
	bool torn;    /* behind the end there is what could not be cut off */
	bool renamed; /* it may have been: looked at when it is whole */
	struct chain chain;
	struct buf queue; /* lines without number and chain */
	uint64_t n_queued;
	uint64_t n_added;   /* since it was opened */
	uint64_t lost;      /* and not yet told of */
	uint64_t last_lost; /* its number */
	struct task_mutex writing;
	struct timer soon;
};

/* -- opening -- */

/* Of what was written when the power failed any part may be missing, the first
 * as well as the last: there are zeros, which no line has. */
static struct err before_zeros(const struct audit *a, off_t size, off_t *out)
{
	char piece[PIECE];
	off_t at = size > TORN ? size - TORN : 0;

	for (*out = size; at < size;) {
		ssize_t n = pread(a->fd, piece, sizeof piece, at);
		const char *zero = n > 0 ? memchr(piece, 0, (size_t)n) : NULL;

		if (n < 0)
			return err_errno(errno);
		if (n == 0)
			break;
		if (zero != NULL) {
			*out = at + (zero - piece);
			break;
		}
		at += n;
	}
	return OK;
}

static void log_torn(off_t octets)
{
	struct log_line l = log_open(LOG_LEVEL_WARN, "audit_torn");

	log_number(&l, "octets", (uint64_t)octets);
	log_close(&l);
}

/* From the last line that is whole; what is behind it is cut off. */
static struct err find_end(struct audit *a)
{
	char tail[TAIL];
	struct slice ignored, line, s;
	struct stat st;
	ssize_t n;
	off_t from, whole;
	size_t end, start;
	struct err e;

	if (fstat(a->fd, &st) != 0)
		return err_errno(errno);
	e = before_zeros(a, st.st_size, &whole);
	if (!is_ok(e))
		return e;
	from = whole > TAIL ? whole - TAIL : 0;
	n = pread(a->fd, tail, (size_t)(whole - from), from);
	if (n < 0)
		return err_errno(errno);
	s = slice_of(tail, (size_t)n);
	end = slice_rfind_byte(s, '\n');
	if (end == SLICE_NONE && from != 0)
		return err(ERR_CORRUPT, "the audit log has a line without an "
		                        "end");
	a->size = end == SLICE_NONE ? 0 : from + (off_t)end + 1;
	if (a->size != st.st_size) {
		log_torn(st.st_size - a->size);
		if (ftruncate(a->fd, a->size) != 0)
			return err_errno(errno);
	}
	if (a->size == 0)
		return OK;
	start = slice_rfind_byte(slice_first(s, end), '\n');
	start = start == SLICE_NONE ? 0 : start + 1;
	line = slice_of(tail + start, end - start);
	if (!chain_follow(&a->chain, line, true, &ignored))
		return err(ERR_CORRUPT, "the audit log's last line is none");
	return OK;
}

/* If the disk is too full for it, it is tried again behind the next lines. */
static void keep_room(struct audit *a)
{
	if (a->room - a->size < ROOM / 2 &&
	    fallocate(a->fd, FALLOC_FL_KEEP_SIZE, a->size, ROOM) == 0)
		a->room = a->size + ROOM;
}

/* For good: it would be back after a crash, and nobody writes there any more
 * when the file has been renamed. The room behind it is given back, too. */
static bool cut_off(struct audit *a)
{
	a->room = 0;
	a->torn = ftruncate(a->fd, a->size) != 0 || fdatasync(a->fd) != 0;
	return !a->torn;
}

/* One that may be new is there after a crash, too. */
static struct err sync_name(const struct audit *a)
{
	const char *slash = strrchr(a->path, '/');
	char *dir = mem_cstr(
		slash != NULL ? slice_of(a->path, (size_t)(slash - a->path) + 1)
			      : S("."));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = fd >= 0 && fsync(fd) == 0 ? OK : err_errno(errno);

	if (fd >= 0)
		close(fd);
	free(dir);
	return e;
}

/* Of an empty one a sync of its name may have failed, and that the next one
 * goes well says nothing of it: it is made anew. */
static struct err remove_empty(const struct audit *a)
{
	struct stat st;

	if (lstat(a->path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != 0)
		return OK;
	return unlink(a->path) == 0 ? OK : err_errno(errno);
}

static struct err open_file(struct audit *a)
{
	struct err e = remove_empty(a);

	if (!is_ok(e))
		return e;
	a->fd = open(a->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (a->fd < 0)
		return err_errno(errno);
	e = find_end(a);
	if (is_ok(e) && a->size == 0)
		e = sync_name(a);
	if (is_ok(e)) {
		keep_room(a);
	} else {
		close(a->fd);
		a->fd = -1;
	}
	return e;
}

struct err audit_open(struct loop *loop, const char *path, struct audit **out)
{
	struct audit *a = mem_new(1, sizeof *a);
	struct err e;

	a->loop = loop;
	a->fd = -1;
	a->path = mem_cstr(slice_cstr(path));
	a->chain = chain_start();
	e = open_file(a);
	if (is_ok(e))
		*out = a;
	else
		audit_close(a);
	return e;
}

void audit_close(struct audit *a)
{
	if (a == NULL)
		return;
	timer_stop(&a->soon);
	if (a->fd >= 0)
		close(a->fd);
	buf_free(&a->queue);
	free(a->path);
	free(a);
}

/* -- writing -- */

/* On a worker thread: all of it, or the file is as it was. */
struct writing {
	struct audit *audit;
	struct buf bytes;
	bool done;
};

static void write_job(void *arg)
{
	struct writing *w = arg;
	struct audit *a = w->audit;
	size_t at = 0;
	ssize_t n;

	if (a->fd < 0 || (a->torn && !cut_off(a)))
		return;
	do {
		n = pwrite(a->fd, w->bytes.data + at, w->bytes.len - at,
		           a->size + (off_t)at);
		at += n > 0 ? (size_t)n : 0;
	} while (at < w->bytes.len && (n > 0 || (n < 0 && errno == EINTR)));
	w->done = at == w->bytes.len && fdatasync(a->fd) == 0;
	if (w->done)
		a->size += (off_t)w->bytes.len;
	else
		(void)cut_off(a);
	keep_room(a);
}

static void say_lost(struct audit *a, struct chain *chain, struct buf *out)
{
	struct log_line l;

	if (a->lost == 0)
		return;
	l = audit_begin("lost");
	log_number(&l, "lines", a->lost);
	chain_append(chain, slice_of(l.text, l.len), out);
}

static void write_queue(struct audit *a)
{
	struct writing w = { .audit = a };
	struct chain chain = a->chain;
	struct slice rest = buf_slice(&a->queue);
	uint64_t last = a->n_added;
	uint64_t n = a->n_queued;
	struct slice line;

	say_lost(a, &chain, &w.bytes);
	while (slice_cut(rest, '\n', &line, &rest))
		chain_append(&chain, line, &w.bytes);
	a->queue.len = 0;
	a->n_queued = 0;
	task_offload(write_job, &w);
	if (w.done) {
		a->chain = chain;
		a->lost = 0;
	} else {
		a->lost += n;
		a->last_lost = last;
		log_note(LOG_LEVEL_ERROR, "audit_lost",
		         "the audit log can't be written");
	}
	buf_free(&w.bytes);
}

static void on_soon(void *arg);

static void cut_off_job(void *arg)
{
	(void)cut_off(arg);
}

/* A new one goes on with the chain; one that was put there has its own. */
static void open_again(struct audit *a)
{
	struct chain chain = a->chain;
	struct log_line l;

	a->size = 0;
	if (!is_ok(open_file(a))) {
		log_note(LOG_LEVEL_ERROR, "audit", "the file can't be opened");
		a->chain = chain;
		return;
	}
	if (a->size != 0)
		return;
	a->chain = chain;
	/* who opens it after a restart finds the chain in it */
	l = audit_begin("continued");
	audit_add(a, &l);
}

/* What a write that failed has left is no line: whoever reads the file should
 * not take it for one that was changed. Nor is a file that could not be opened
 * gone for good. */
static void write_all(struct audit *a)
{
	if (a->fd < 0)
		open_again(a);
	if (a->n_queued != 0)
		write_queue(a);
	else if (a->torn)
		task_offload(cut_off_job, a);
}

static void reopen(struct audit *a)
{
	struct stat now, ours;

	a->renamed = false;
	if (a->fd < 0 ||
	    (stat(a->path, &now) == 0 && fstat(a->fd, &ours) == 0 &&
	     now.st_ino == ours.st_ino && now.st_dev == ours.st_dev))
		return;
	(void)cut_off(a); /* what it has more than its lines */
	close(a->fd);
	a->torn = false;
	open_again(a);
	write_all(a);
}

void audit_settle(struct audit *a)
{
	task_lock(&a->writing);
	timer_stop(&a->soon);
	write_all(a);
	if (a->renamed && !a->torn)
		reopen(a);
	if ((a->torn || a->fd < 0) && a->soon.loop == NULL)
		timer_start(&a->soon, a->loop, AGAIN_MS, on_soon, a);
	task_unlock(&a->writing);
}

void audit_reopen(struct audit *a)
{
	a->renamed = true;
	audit_settle(a);
}

static void settle_task(void *arg)
{
	audit_settle(arg);
}

static void on_soon(void *arg)
{
	struct audit *a = arg;

	task_spawn(a->loop, settle_task, a);
}

struct log_line audit_begin(const char *event)
{
	return log_record(event);
}

uint64_t audit_add(struct audit *a, const struct log_line *l)
{
	a->n_added++;
	if (a->queue.len + l->len >= QUEUE_MOST) {
		a->lost++;
		a->last_lost = a->n_added;
		return a->n_added;
	}
	buf_add(&a->queue, slice_of(l->text, l->len));
	buf_byte(&a->queue, '\n');
	a->n_queued++;
	if (a->soon.loop == NULL)
		timer_start(&a->soon, a->loop, SOON_MS, on_soon, a);
	return a->n_added;
}

/* Of those before the last that was lost nobody knows any more: they count as
 * lost, too. */
bool audit_has(const struct audit *a, uint64_t number)
{
	return number > a->last_lost;
}
