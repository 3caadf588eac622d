/* survey.c -- see survey.h. */
#include "roostd/survey.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct survey {
	struct loop *loop;
	struct child *children;
	size_t n;
	bool (*is_wanted)(const struct child *);
	uint64_t number; /* of the last one */
	bool is_under_way;
	struct timer timer;
};

/* NULL: it does not run. */
static struct child *metrics_of(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->children[i].role == ROLE_METRICS)
			return s->children[i].link != NULL ? &s->children[i]
			                                   : NULL;
	}
	return NULL;
}

/* -- who is there -- */

/* NULL: nothing. */
static const char *wrong_with(const struct survey *s, const struct child *c)
{
	if (!s->is_wanted(c))
		return NULL;
	if (c->pid == 0 || c->link == NULL)
		return "does not run";
	if (!c->ready)
		return "is starting";
	return c->answered == s->number ? NULL : "does not answer";
}

static void end(struct survey *s)
{
	struct child *metrics = metrics_of(s);
	struct buf text = buf_limit(SURVEY_TEXT);
	struct frame_out f = { 0 };

	timer_stop(&s->timer);
	s->is_under_way = false;
	if (metrics == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		const char *wrong = wrong_with(s, &s->children[i]);

		if (wrong != NULL)
			buf_printf(&text, "%s %s\n", s->children[i].name,
			           wrong);
	}
	frame_begin(&f, FRAME_SURVEYED);
	frame_slice(&f, buf_slice(&text));
	child_send_frame(metrics, &f, -1);
	buf_free(&text);
}

static void on_time(void *arg)
{
	end(arg);
}

static bool waits(const struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct child *c = &s->children[i];

		if (s->is_wanted(c) && c->link != NULL &&
		    c->answered != s->number)
			return true;
	}
	return false;
}

static void ping(const struct survey *s, struct child *c)
{
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_PING);
	frame_u64(&f, s->number);
	child_send_frame(c, &f, -1);
}

void survey_begin(struct survey *s)
{
	if (s->is_under_way)
		return;
	s->is_under_way = true;
	s->number++;
	for (size_t i = 0; i < s->n; i++)
		ping(s, &s->children[i]);
	timer_start(&s->timer, s->loop, SURVEY_MS, on_time, s);
}

void survey_answered(struct survey *s, struct child *c, uint64_t number)
{
	c->answered = number;
	if (s->is_under_way && !waits(s))
		end(s);
}

/* -- pages and facts -- */

static void tell_of(const struct survey *s, struct child *metrics,
                    const struct child *c)
{
	for (uint8_t i = 0; i < COUNTED_THINGS; i++) {
		int fd = i == COUNTED_PAGE ? c->counters_fd : c->facts[i];
		struct frame_out f = { 0 };

		if (fd < 0)
			continue;
		frame_begin(&f, FRAME_COUNTED);
		frame_u32(&f, (uint32_t)(c - s->children));
		frame_slice(&f, slice_cstr(c->name));
		frame_u8(&f, i);
		child_send_frame(metrics, &f, dup(fd));
	}
}

void survey_introduce(struct survey *s, struct child *c)
{
	struct child *metrics = metrics_of(s);

	if (metrics == NULL)
		return;
	if (c != metrics) {
		tell_of(s, metrics, c);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		tell_of(s, metrics, &s->children[i]);
}

/* -- the whole -- */

struct survey *survey_new(struct loop *loop, struct child *children, size_t n,
                          bool (*is_wanted)(const struct child *))
{
	struct survey *s = mem_new(1, sizeof *s);

	*s = (struct survey){ .loop = loop,
		              .children = children,
		              .n = n,
		              .is_wanted = is_wanted };
	return s;
}

void survey_free(struct survey *s)
{
	timer_stop(&s->timer);
	free(s);
}
