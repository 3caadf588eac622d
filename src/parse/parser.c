/*
 * parser.c -- one parser: what it is sent, what it says, its end.
 *
 * Whole messages gather in a frame until the end of the turn (or until there
 * is enough), since waking the other process costs more than a small
 * message's way there; the parser answers frame by frame.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/mem.h"
#include "mime/digest_check.h"
#include "parse/internal.h"

/* -- its jobs -- */

void job_free(struct digest_job *job)
{
	assert(job->parser == NULL);
	buf_free(&job->digest);
	free(job);
}

static void take_job(struct parser *p, struct digest_job *job)
{
	if (p->jobs == NULL)
		p->progress_ms = loop_now_ms(p->pool->loop);
	*p->last_job = job;
	p->last_job = &job->next;
	job->next = NULL;
	job->parser = p;
	job->state = JOB_SENT;
	job->id = ++p->pool->last_id;
	p->n_jobs++;
}

static struct digest_job *find_job(struct parser *p, uint64_t id)
{
	struct digest_job *job = p->jobs;

	while (job != NULL && job->id != id)
		job = job->next;
	return job;
}

/* It is not the parser's any more; whoever waits for it may go on. */
static void give_back(struct digest_job *job, enum job_state state)
{
	struct parser *p = job->parser;
	struct digest_job **at = &p->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (job->next == NULL)
		p->last_job = at;
	p->n_jobs--;
	job->parser = NULL;
	job->state = state;
	if (job->cancelled)
		job_free(job);
	else
		task_wake_all(&job->waiting);
}

/* -- its end -- */

static void release(struct parser *p)
{
	if (--p->refs != 0)
		return;
	assert(p->ended && p->jobs == NULL);
	frame_free(&p->batch);
	link_free(p->link);
	munmap((void *)(uintptr_t)p->page, sizeof *p->page);
	free(p);
}

void parser_end(struct parser *p)
{
	uint64_t working = atomic_load(&p->page->working);

	if (p->ended)
		return;
	p->ended = p->condemned = true;
	p->pool->parsers[p->index] = NULL;
	while (p->jobs != NULL)
		give_back(p->jobs,
		          p->jobs->id == working ? JOB_GUILTY : JOB_WAITS);
	release(p);
}

void parser_condemn(struct parser *p, const char *why)
{
	const struct parse_pool_options *o = &p->pool->options;
	struct log_line l = log_open(LOG_LEVEL_ERROR, "parser_condemned");

	log_number(&l, "parser", p->index);
	log_text(&l, "why", slice_cstr(why));
	log_close(&l);
	p->condemned = true;
	o->condemn(o->arg, p->index);
}

bool parser_hangs(const struct parser *p, uint64_t now_ms, uint32_t hang_ms)
{
	return p->jobs != NULL && !p->condemned &&
	       now_ms - p->progress_ms >= hang_ms;
}

/* -- what it says -- */

static void answered(struct parser *p, struct digest_job *job)
{
	struct slice digest = buf_slice(&job->digest);

	if (is_ok(digest_check(digest, job->source.size))) {
		p->pool->stats.parsed++;
		counter_add(COUNTER_PARSED + 1, 1);
		give_back(job, JOB_DONE);
		return;
	}
	give_back(job, JOB_GUILTY);
	parser_condemn(p, "it made a digest that makes no sense");
}

/* Some of a digest; false: nonsense. */
static bool on_piece(struct parser *p, struct frame_in *f)
{
	struct digest_job *job = find_job(p, read_u64(&f->r));
	uint8_t last = read_u8(&f->r);
	struct slice bytes = frame_read_slice(f, LIMIT_FRAME);

	if (f->r.failed || last > 1 || job == NULL ||
	    bytes.len > LIMIT_DIGEST - job->digest.len)
		return false;
	buf_add(&job->digest, bytes);
	if (last)
		answered(p, job);
	return true;
}

static void on_frame(void *arg, struct frame_in *f)
{
	struct parser *p = arg;
	bool is_good = f->type == FRAME_PARSED;

	if (f->fd >= 0)
		close(f->fd);
	p->progress_ms = loop_now_ms(p->pool->loop);
	while (is_good && !p->condemned && !frame_is_whole(f))
		is_good = on_piece(p, f);
	if (!is_good && !p->condemned)
		parser_condemn(p, "it sent a frame that makes no sense");
}

static void on_close(void *arg)
{
	parser_end(arg);
}

/* -- what it is sent -- */

static bool has_batch(const struct parser *p)
{
	return p->batch.bytes.len != 0;
}

/* The frame is the link's from now on. */
static struct frame_out take_batch(struct parser *p)
{
	struct frame_out f = p->batch;

	p->batch = (struct frame_out){ 0 };
	p->n_batched = 0;
	return f;
}

void parser_flush(struct parser *p)
{
	struct frame_out f;

	if (!has_batch(p) || p->sending.held ||
	    link_queued(p->link) > LIMIT_OUTPUT)
		return;
	f = take_batch(p);
	link_send(p->link, &f, -1); /* if it fails, its end is near */
}

static struct err send_batch(struct parser *p)
{
	struct frame_out f = take_batch(p);

	return link_send_wait(p->link, &f, -1);
}

/* To the batch, which has room for it. */
static void add_piece(struct parser *p, const struct digest_job *job,
                      unsigned int piece, struct slice bytes)
{
	if (!has_batch(p))
		frame_begin(&p->batch, FRAME_PARSE);
	frame_u64(&p->batch, job->id);
	frame_u8(&p->batch, (uint8_t)piece);
	frame_slice(&p->batch, bytes);
	p->pool->has_batch = true;
	p->n_batched += piece == PIECE_WHOLE;
}

/* With `sending` held. Pieces go at once: who sends them waits for room. */
static struct err send_piece(struct parser *p, const struct digest_job *job,
                             unsigned int piece, struct slice bytes)
{
	struct err e = OK;

	if (p->batch.bytes.len + PIECE_HEAD + bytes.len > LIMIT_FRAME)
		e = send_batch(p);
	if (!is_ok(e) || job->parser != p)
		return e;
	add_piece(p, job, piece, bytes);
	if (piece != PIECE_WHOLE || p->batch.bytes.len >= BATCH_ENOUGH)
		e = send_batch(p);
	/* it has taken some of what was sent before */
	if (is_ok(e) && piece != PIECE_WHOLE && piece != PIECE_FIRST)
		p->progress_ms = loop_now_ms(p->pool->loop);
	return e;
}

/* From offset on, as far as one frame goes. */
static struct err send_from(struct parser *p, struct digest_job *job,
                            uint64_t *offset)
{
	const struct digest_source *s = &job->source;
	unsigned int piece = *offset == 0 ? PIECE_FIRST : PIECE_MIDDLE;
	struct slice bytes;
	struct err e;

	job->e = s->bytes(s->arg, *offset, &bytes);
	if (!is_ok(job->e))
		return job->e;
	bytes = slice_first(bytes, PIECE_MOST);
	*offset += bytes.len;
	if (*offset == s->size)
		piece |= PIECE_LAST;
	task_lock(&p->sending);
	e = send_piece(p, job, piece, bytes);
	task_unlock(&p->sending);
	return e;
}

static void send_all(struct parser *p, struct digest_job *job)
{
	uint64_t offset = 0;
	struct err e = OK;

	while (is_ok(e) && offset < job->source.size && job->parser == p)
		e = send_from(p, job, &offset);
	if (!is_ok(job->e) && job->parser == p)
		give_back(job, JOB_FAILED);
}

void parser_send(struct parser *p, struct digest_job *job)
{
	bool streams = job->source.size > PIECE_MOST;

	take_job(p, job);
	p->refs++;
	if (streams)
		task_lock(&p->stream);
	send_all(p, job);
	if (streams)
		task_unlock(&p->stream);
	release(p);
}

/* -- its beginning -- */

/* Nobody can make it shorter, so reading it never fails. */
static int new_page(const struct parse_page **out)
{
	int fd = memfd_create("roost", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *page = MAP_FAILED;

	if (fd < 0)
		return -1;
	if (ftruncate(fd, sizeof **out) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ==
	            0)
		page = mmap(NULL, sizeof **out, PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		close(fd);
		return -1;
	}
	*out = page;
	return fd;
}

struct parser *parser_new(struct parse_pool *pool, uint32_t index, int fd)
{
	const struct parse_page *page;
	int page_fd = new_page(&page);
	struct frame_out f;
	struct parser *p;

	if (page_fd < 0)
		return NULL;
	p = mem_new(1, sizeof *p);
	p->pool = pool;
	p->index = index;
	p->refs = 1;
	p->last_job = &p->jobs;
	p->page = page;
	p->link = link_new(pool->loop, fd,
	                   (struct link_handler){ .on_frame = on_frame,
	                                          .on_close = on_close,
	                                          .arg = p });
	frame_begin(&f, FRAME_PARSE_PAGE);
	link_send(p->link, &f, page_fd);
	return p;
}
