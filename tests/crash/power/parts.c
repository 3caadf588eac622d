/*
 * parts.c -- the workload in parts, with calls that fail; see workload.h.
 */
#include <string.h>

#include "../fault.h"
#include "deeds.h"
#include "guards.h"
#include "script.h"
#include "state.h"

enum { PART_LINES = 6 };

/* From the end. */
enum part_kind {
	OPENS,
	GUARDS_OPEN,
	GUARDS_WORK,
	GUARDS_BEGIN, /* there is none of their files yet */
	OTHERS,
	LINES, /* of a script, or the accounts that they are about */
};

static uint32_t count_lines(const char *const *script)
{
	uint32_t n = 0;

	while (script[n] != NULL)
		n++;
	return n;
}

static uint32_t count_parts(const char *const *script)
{
	return (count_lines(script) + PART_LINES - 1) / PART_LINES;
}

/* What a session has to say first, so that a line finds selected what the
 * whole script would have; NULL: nothing. */
static const char *selected_before(const char *const *script, uint32_t line)
{
	while (line-- > 0) {
		if (!strncmp(script[line], "SELECT", 6))
			return script[line];
		if (!strcmp(script[line], "CLOSE") ||
		    !strcmp(script[line], "UNSELECT"))
			break;
	}
	return NULL;
}

static void part_lines(struct work *w, const char *const *script, uint32_t part)
{
	bool alone = script == script_alone;
	uint32_t first = part * PART_LINES;
	const char *selected = selected_before(script, first);
	const char *lines[PART_LINES + 1] = { NULL };
	struct client c;

	for (uint32_t i = 0; i < PART_LINES; i++)
		if (first + i < count_lines(script))
			lines[i] = script[first + i];
	client_start(&c, w, alone ? CHAIN_FIRST : CHAIN_SECOND);
	c.owner = alone ? 0 : CHAIN_FIRST;
	c.message += UINT64_C(100000) + first * 10;
	if (!c.over && selected != NULL)
		client_say(&c, selected);
	client_script(&c, lines);
	client_end(&c);
}

static void part_users(struct work *w)
{
	user_add(w, CHAIN_FIRST);
	user_add(w, CHAIN_SECOND);
}

static void part_others(struct work *w)
{
	user_others(w);
	user_remove(w, CHAIN_SECOND);
}

/* Opening and closing, with something to read between. */
static void part_opens(struct work *w)
{
	static const char *const lines[] = { "SELECT INBOX",
		                             "FETCH 1:* (BODY[])", NULL };
	struct client c;

	client_start(&c, w, CHAIN_FIRST);
	client_script(&c, lines);
	client_end(&c);
}

static enum part_kind part_kind(uint32_t part)
{
	uint32_t behind = workload_parts() - 1 - part;

	return behind < LINES ? (enum part_kind)behind : LINES;
}

uint32_t workload_parts(void)
{
	return 1 + count_parts(script_alone) + count_parts(script_shared) +
	       LINES;
}

bool workload_part_makes(uint32_t part)
{
	return part_kind(part) == GUARDS_BEGIN;
}

static void part_guards(struct work *w, enum part_kind kind)
{
	if (kind == GUARDS_WORK) {
		guards_work(w);
		return;
	}
	if (!is_ok(work_open_guards(w)))
		return;
	if (kind == GUARDS_BEGIN)
		guards_find(w);
	guards_do_little(w);
}

static void run_part(struct work *w, uint32_t part)
{
	uint32_t alone = count_parts(script_alone);
	enum part_kind kind = part_kind(part);

	if (part == 0)
		part_users(w);
	else if (kind == OPENS)
		part_opens(w);
	else if (kind == OTHERS)
		part_others(w);
	else if (kind != LINES)
		part_guards(w, kind);
	else if (part <= alone)
		part_lines(w, script_alone, part - 1);
	else
		part_lines(w, script_shared, part - 1 - alone);
}

static void find_account(struct work *w, uint32_t chain)
{
	struct account_row row;
	char name[64];

	snprintf(name, sizeof name, "user%u@example.org", chain);
	if (!is_ok(directory_find(w->directory, slice_cstr(name), &row)))
		return;
	w->account[chain] = row.id;
	step_begin(chain, S("found"));
	step_acknowledge(chain);
	note_account(w, chain);
}

static void find_all(struct work *w)
{
	step_begin(CHAIN_DIRECTORY, S("found"));
	step_acknowledge(CHAIN_DIRECTORY);
	note_directory(w);
	find_account(w, CHAIN_FIRST);
	find_account(w, CHAIN_SECOND);
}

static struct err open_both(struct work *w)
{
	struct err e = OK;

	if (w->partition == NULL)
		e = work_open_partition(w);
	if (is_ok(e) && w->directory == NULL)
		e = work_open_directory(w);
	return e;
}

static bool is_possible(struct slice doubt, struct slice last, struct slice now)
{
	return slice_eq(doubt, STEP_ARRIVES) || slice_eq(last, now);
}

/* What was noted last is so. */
static void compare_last(struct work *w, uint32_t chain)
{
	struct buf last = w->in->last[chain];

	if (last.len == 0)
		return;
	w->in->last[chain] = (struct buf){ 0 };
	step_begin(chain, S("settled"));
	step_acknowledge(chain);
	note_account(w, chain);
	if (!is_possible(w->in->doubt[chain], buf_slice(&last),
	                 buf_slice(&w->in->last[chain])))
		buf_printf(w->in->problems, "it was:\n%.*sand is:\n%.*s",
		           (int)last.len, last.data,
		           (int)w->in->last[chain].len,
		           w->in->last[chain].data);
	buf_free(&last);
}

static void settle_account(struct work *w)
{
	struct client c;

	client_start(&c, w, CHAIN_FIRST);
	c.message += 999000;
	if (!c.over)
		client_say(&c, "APPEND INBOX ~300");
	if (!c.ok)
		buf_printf(w->in->problems, "an APPEND is refused: %.*s\n",
		           (int)c.out.len, c.out.data);
	client_end(&c);
}

static void settle_guards(struct work *w)
{
	uint32_t refused = w->in->refused;

	if (w->guards == NULL && !is_ok(work_open_guards(w))) {
		buf_printf(w->in->problems, "the guards do not open again\n");
		return;
	}
	if (w->in->last[CHAIN_AUDIT].len == 0)
		guards_find(w);
	for (uint32_t i = CHAIN_AUDIT; i < CHAINS; i++)
		compare_last(w, i);
	guards_do_little(w);
	if (w->in->refused != refused)
		buf_printf(w->in->problems, "a guard refuses still\n");
}

/* The disk works again: so does the store, of itself. What was refused while
 * even settling it failed is settled by who looks, or the next change; after a
 * single failure it must have been before. */
/* What has opened it while calls failed can write to it, too. */
static void settle_directory(struct work *w)
{
	struct err e;

	if (w->directory == NULL)
		return;
	fault_state()->paused++;
	step_begin(CHAIN_DIRECTORY, S("settled"));
	e = directory_set_state(w->directory, w->account[CHAIN_FIRST],
	                        ACCOUNT_ENABLED);
	step_acknowledge(CHAIN_DIRECTORY);
	note_directory(w);
	if (!is_ok(e))
		buf_printf(w->in->problems, "the directory refuses: %s\n",
		           e.text);
	fault_state()->paused--;
}

static void settle(struct work *w)
{
	const struct buf *first = &w->in->last[CHAIN_FIRST];

	if (!is_ok(open_both(w))) {
		buf_printf(w->in->problems, "it does not open again\n");
		return;
	}
	for (uint32_t i = 0; i < CHAIN_CONCURRENT; i++)
		compare_last(w, i);
	if (first->len == 0)
		return;
	if (fault_state()->lasts != 1)
		directory_settle(w->directory);
	if (slice_find(buf_slice(first), S("absent")) == SLICE_NONE)
		settle_account(w);
}

struct part_run {
	struct work work;
	uint32_t number;
};

/* What is open before anything may fail. */
static void begin(struct work *w, enum part_kind kind)
{
	struct err e = open_both(w);

	workload_must(is_ok(e), is_ok(e) ? "" : e.text);
	find_all(w);
	if (kind == OPENS)
		work_close(w);
	if (kind != GUARDS_WORK && kind != GUARDS_OPEN)
		return;
	workload_must(is_ok(work_open_guards(w)), "the guards open");
	guards_find(w);
	if (kind == GUARDS_OPEN)
		work_close_guards(w);
}

static void run_with_faults(struct loop *loop, void *arg)
{
	struct part_run *p = arg;
	struct work *w = &p->work;
	enum part_kind kind = part_kind(p->number);

	w->loop = loop;
	begin(w, kind);
	fault_state()->paused = 0;
	if (is_ok(open_both(w)))
		run_part(w, p->number);
	if (kind == OPENS) {
		settle_directory(w);
		work_close(w);
	}
	fault_state()->paused = 1;
	settle(w);
	if (kind >= GUARDS_OPEN && kind <= GUARDS_BEGIN)
		settle_guards(w);
	work_close_guards(w);
	work_close(w);
}

uint32_t workload_part(struct recording *r, const char *root, uint32_t part,
                       struct buf *problems)
{
	struct faults faults = { .problems = problems };
	struct part_run p = { .work = { .root = root, .in = &faults },
		              .number = part };

	record_start(r, root);
	task_run_main(run_with_faults, &p);
	record_stop();
	for (uint32_t i = 0; i < CHAINS; i++)
		buf_free(&faults.last[i]);
	return faults.refused;
}
