/* parse.c -- a task a link: a piece of a message, the next, a digest. */
#include "parse/parse.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "ipc/link.h"
#include "ipc/parent.h"
#include "ipc/protocol.h"
#include "mime/digest.h"
#include "parse/page.h"

enum {
	ENOUGH = 1024,        /* less room in a frame is left empty */
	FILES_OF_OURS = 16,   /* beside the links */
	LINK_BYTES = 2 << 20, /* a link's stack and buffers */
	KEPT_BYTES = 8 << 20, /* free memory is not given back below it */
};

struct parse {
	struct loop *loop;
	const struct parse_options *options;
	struct parent *parent;
	uint32_t feeds;
	bool stopping;
};

/* A message being read. */
struct work {
	uint64_t job;
	struct digest_builder *builder; /* NULL: none */
	int64_t left_us;                /* of its processor time */
};

/* A mail process, which gives us messages. */
struct feed {
	struct parse *parse;
	struct link *link;
	struct parse_page *page;
	struct work streamed;   /* the one that comes in pieces */
	struct frame_out reply; /* not sent yet; or no bytes */
};

/* -- one message's share of the processor -- */

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The timer is for a piece that never ends: it counts in ticks, of which a
 * short one may see none. SIGPROF ends the process. */
static void work_begin(struct feed *feed, struct work *w)
{
	const struct itimerval timer = { .it_value = { w->left_us / 1000000,
		                                       w->left_us % 1000000 } };

	atomic_store(&feed->page->working, w->job);
	setitimer(ITIMER_PROF, &timer, NULL);
	w->left_us += cpu_us();
}

static void work_end(struct feed *feed, struct work *w)
{
	w->left_us -= cpu_us();
	if (w->left_us <= 0)
		raise(SIGPROF);
	atomic_store(&feed->page->working, 0);
}

static void work_start(struct work *w, uint64_t job, uint32_t cpu_ms)
{
	digest_builder_free(w->builder);
	*w = (struct work){
		.job = job,
		.builder = digest_builder_new(),
		.left_us = (int64_t)cpu_ms * 1000,
	};
}

/* One whose process ends before that has no time. */
static void work_count(const struct work *w, uint32_t cpu_ms)
{
	counter_time(COUNTER_PARSE_TIME,
	             (uint64_t)((int64_t)cpu_ms * 1000 - w->left_us));
}

static void work_finish(struct work *w, struct buf *digest)
{
	digest_builder_finish(w->builder, digest);
	w->builder = NULL;
}

/* -- digests on their way back: as many as fit a frame -- */

static bool send_reply(struct feed *feed)
{
	struct frame_out f = feed->reply;

	feed->reply = (struct frame_out){ 0 };
	return f.bytes.len == 0 || is_ok(link_send_wait(feed->link, &f, -1));
}

static bool reply_digest(struct feed *feed, uint64_t job, struct slice digest)
{
	bool sent = true;

	while (sent && digest.len != 0) {
		size_t taken = feed->reply.bytes.len + PIECE_HEAD;
		struct slice piece;

		if (taken + ENOUGH > LIMIT_FRAME) {
			sent = send_reply(feed);
			continue;
		}
		piece = slice_first(digest, PIECE_MOST - taken);
		digest = slice_from(digest, piece.len);
		if (feed->reply.bytes.len == 0)
			frame_begin(&feed->reply, FRAME_PARSED);
		frame_u64(&feed->reply, job);
		frame_u8(&feed->reply, digest.len == 0);
		frame_slice(&feed->reply, piece);
	}
	return sent;
}

/* -- frames -- */

static bool work_on(struct feed *feed, struct work *w, unsigned int piece,
                    uint64_t job, struct slice bytes)
{
	struct buf digest = { 0 };
	bool sent;

	if ((piece & PIECE_FIRST) != 0)
		work_start(w, job, feed->parse->options->cpu_ms);
	if (w->builder == NULL || w->job != job)
		return false;
	work_begin(feed, w);
	digest_builder_feed(w->builder, bytes);
	if ((piece & PIECE_LAST) != 0)
		work_finish(w, &digest);
	work_end(feed, w);
	if ((piece & PIECE_LAST) != 0)
		work_count(w, feed->parse->options->cpu_ms);
	sent = reply_digest(feed, job, buf_slice(&digest));
	buf_free(&digest);
	return sent;
}

static bool on_piece(struct feed *feed, struct frame_in *f)
{
	uint64_t job = read_u64(&f->r);
	uint8_t piece = read_u8(&f->r);
	struct slice bytes = frame_read_slice(f, LIMIT_FRAME);
	struct work whole = { 0 };

	if (f->r.failed || piece >= PIECES || job == 0)
		return false;
	return work_on(feed, piece == PIECE_WHOLE ? &whole : &feed->streamed,
	               piece, job, bytes);
}

static bool on_parse(struct feed *feed, struct frame_in *f)
{
	bool is_good = feed->page != NULL;

	while (is_good && !frame_is_whole(f))
		is_good = on_piece(feed, f);
	return send_reply(feed) && is_good;
}

static bool on_page(struct feed *feed, struct frame_in *f)
{
	void *page;

	if (!frame_is_whole(f) || f->fd < 0 || feed->page != NULL)
		return false;
	page = mmap(NULL, sizeof *feed->page, PROT_READ | PROT_WRITE,
	            MAP_SHARED, f->fd, 0);
	feed->page = page != MAP_FAILED ? page : NULL;
	return feed->page != NULL;
}

static bool on_frame(struct feed *feed, struct frame_in *f)
{
	bool is_good = false;

	if (f->type == FRAME_PARSE)
		is_good = on_parse(feed, f);
	else if (f->type == FRAME_PARSE_PAGE)
		is_good = on_page(feed, f);
	if (f->fd >= 0)
		close(f->fd);
	return is_good;
}

static void check_end(struct parse *p)
{
	if (p->stopping && p->feeds == 0)
		loop_stop(p->loop);
}

static void serve(void *arg)
{
	struct feed *feed = arg;
	struct frame_in f;

	while (is_ok(link_receive(feed->link, WAIT_FOREVER, &f))) {
		if (!on_frame(feed, &f)) {
			log_note(LOG_LEVEL_WARN, "bad_frame", "mail");
			break;
		}
	}
	digest_builder_free(feed->streamed.builder);
	frame_free(&feed->reply);
	if (feed->page != NULL)
		munmap(feed->page, sizeof *feed->page);
	link_free(feed->link);
	feed->parse->feeds--;
	check_end(feed->parse);
	free(feed);
}

/* -- parent -- */

static bool on_peer(void *arg, struct frame_in *f)
{
	struct parse *p = arg;
	uint8_t role = read_u8(&f->r);
	struct feed *feed;

	read_u32(&f->r); /* its index */
	if (!frame_is_whole(f) || f->fd < 0 || role != ROLE_MAIL ||
	    !link_is_socket(f->fd, SOCK_SEQPACKET))
		return false;
	feed = mem_new(1, sizeof *feed);
	feed->parse = p;
	feed->link = link_new(p->loop, f->fd, (struct link_handler){ 0 });
	f->fd = -1;
	p->feeds++;
	task_spawn(p->loop, serve, feed);
	return true;
}

/* Mail processes end first: until then they have messages for us. */
static bool on_stop(void *arg, struct frame_in *f)
{
	struct parse *p = arg;

	p->stopping = true;
	check_end(p);
	return frame_is_whole(f);
}

static const struct parent_frame parent_frames[] = {
	{ FRAME_PEER, on_peer },
	{ FRAME_STOP, on_stop },
};

/* -- limits -- */

/* From /proc/self/statm, in octets: all that is mapped, what is data. */
static bool read_sizes(uint64_t *all, uint64_t *data)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long n[6];
	bool ok = f != NULL && fscanf(f, "%llu %llu %llu %llu %llu %llu", &n[0],
	                              &n[1], &n[2], &n[3], &n[4], &n[5]) == 6;

	if (f != NULL)
		fclose(f);
	if (ok) {
		*all = n[0] * page;
		*data = n[5] * page;
	}
	return ok;
}

static bool limit(int which, uint64_t most)
{
	const struct rlimit r = { most, most };

	return setrlimit((__rlimit_resource_t)which, &r) == 0;
}

/* Beside what is there now: how much that is, differs between builds. */
static bool limit_memory(uint64_t bytes)
{
	uint64_t all;
	uint64_t data;

	return read_sizes(&all, &data) && limit(RLIMIT_AS, all + bytes) &&
	       limit(RLIMIT_DATA, data + bytes);
}

bool parse_prepare(const struct parse_options *o)
{
	const struct itimerval none = { 0 };

	signal(SIGPROF, SIG_DFL);
	/* what a message makes it say may be a stranger's words: the log is
	 * the parent's, who sees how it ends; standard output is nowhere */
	return dup2(STDOUT_FILENO, STDERR_FILENO) == STDERR_FILENO &&
	       limit_memory(o->memory_bytes +
	                    (uint64_t)o->links * LINK_BYTES) &&
	       limit(RLIMIT_NOFILE, FILES_OF_OURS + o->links) &&
	       limit(RLIMIT_FSIZE, 0) &&
	       /* later nobody looks whether it may */
	       setitimer(ITIMER_PROF, &none, NULL) == 0;
}

/* A large message needs some megabytes. Given back after each and asked for
 * again, they cost a page fault every 4 KiB, a quarter of all the time. */
static void keep_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES / 2);
}

int parse_main(struct loop *loop, const struct parse_options *options,
               int parent_fd)
{
	struct parse *p = mem_new(1, sizeof *p);

	keep_memory();
	p->loop = loop;
	p->options = options;
	p->parent = parent_new(
		loop, parent_fd,
		(struct parent_handler){ .frames = parent_frames,
	                                 .n_frames = sizeof parent_frames /
	                                             sizeof *parent_frames,
	                                 .arg = p });
	parent_say_ready(p->parent);
	loop_run(loop);
	return EX_OK;
}
