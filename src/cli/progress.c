/* progress.c -- drawn on standard error, over itself. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { WIDTH = 40, EVERY_MS = 100 };

struct progress progress_begin(const char *what, uint64_t total)
{
	return (struct progress){ .what = what,
		                  .on = isatty(STDERR_FILENO) == 1,
		                  .total = total };
}

static void draw_bar(const struct progress *p)
{
	unsigned percent = (unsigned)((double)p->done * 100 / (double)p->total);

	percent = percent > 100 ? 100 : percent;
	fputc('[', stderr);
	for (unsigned i = 0; i < WIDTH; i++)
		fputc(i * 100 < percent * WIDTH ? '#' : '.', stderr);
	fprintf(stderr, "] %3u %%  ", percent);
}

static void draw(const struct progress *p)
{
	fprintf(stderr, "\r%s ", p->what);
	if (p->total != 0)
		draw_bar(p);
	fprintf(stderr, "%" PRIu64 " messages", p->messages);
	fflush(stderr);
}

void progress_message(struct progress *p, uint64_t more)
{
	int64_t now;

	p->done += more;
	p->messages++;
	if (!p->on)
		return;
	now = (int64_t)system_clock.mono_ms(&system_clock);
	if (now - p->shown_ms < EVERY_MS)
		return;
	p->shown_ms = now;
	draw(p);
}

void progress_end(struct progress *p)
{
	if (!p->on)
		return;
	draw(p);
	fputc('\n', stderr);
}
