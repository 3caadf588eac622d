/*
 * counter.h -- what has happened, counted where it happens.
 *
 * Each process has a page of its own that the parent made before it forked,
 * and that the process `metrics` reads; counting is an addition to memory.
 * Pages outlive who counts on them: what is counted never goes back, and the
 * next process of that kind goes on. One without a page (a test, a program)
 * counts where nobody looks.
 *
 * A name below is a place on the page, or the first of several: of a metric
 * with a label there is one for each of its values, in order, up to ..._LAST.
 *
 *	counter_add(COUNTER_SESSIONS, 1);
 *	counter_add(COUNTER_CONNECTIONS + kind, 1);
 *	counter_time(COUNTER_COMMIT_TIME, us);
 *
 * What each is called outside, and what it means, is counter_metrics[]. Labels
 * have a fixed number of values; nothing that a client says is ever one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A histogram's places: one for each bound, one for what is beyond them, and
 * the sum in microseconds. */
enum { COUNTER_BOUNDS = 7, COUNTER_TIME_PLACES = COUNTER_BOUNDS + 2 };

enum {
	COUNTED_LISTENERS = 5,
	COUNTED_MECHANISMS = 10,
	COUNTED_OUTCOMES = 3, /* of a log-in: granted, refused, unavailable */
	COUNTED_REASONS = 2,  /* there is no room; pushed out for another */
	COUNTED_VERSIONS = 2, /* TLS 1.2, 1.3 */
	COUNTED_ASKS = 4,     /* by enum ask_kind */
	COUNTED_RANKS = 2,    /* by enum hashing_rank */
	COUNTED_LIMITS = 5,   /* by enum limit_kind */
	COUNTED_COMMANDS =
		52, /* as in the table of commands; unknown ones last */
	COUNTED_REPLIES = 3, /* OK, NO, BAD */
};

/* clang-format off */
enum counter {
	/* gates */
	COUNTER_CONNECTIONS, /* by enum listener_kind */
		COUNTER_CONNECTIONS_LAST = COUNTER_CONNECTIONS + COUNTED_LISTENERS - 1,
	COUNTER_GUESTS, /* not logged in; a gauge */
	COUNTER_TURNED_AWAY, /* by reason */
		COUNTER_TURNED_AWAY_LAST = COUNTER_TURNED_AWAY + COUNTED_REASONS - 1,
	COUNTER_HANDSHAKES, /* by version of TLS */
		COUNTER_HANDSHAKES_LAST = COUNTER_HANDSHAKES + COUNTED_VERSIONS - 1,
	COUNTER_HANDSHAKES_RESUMED,
	COUNTER_HANDSHAKES_FAILED,
	/* auth */
	COUNTER_LOGINS, /* by enum sasl, and of each by enum outcome */
		COUNTER_LOGINS_LAST = COUNTER_LOGINS + COUNTED_MECHANISMS * COUNTED_OUTCOMES - 1,
	COUNTER_LOGINS_UNSEEN, /* refused by a limit, without a look at the secret */
	COUNTER_LOGINS_TOO_OFTEN, /* right, and refused for their rate */
	COUNTER_ASKED, /* of those outside: by enum ask_kind, and of each whether
	                  there was an answer (1) */
		COUNTER_ASKED_LAST = COUNTER_ASKED + COUNTED_ASKS * 2 - 1,
	COUNTER_HASHES_WAITING, /* by enum hashing_rank; gauges */
		COUNTER_HASHES_WAITING_LAST = COUNTER_HASHES_WAITING + COUNTED_RANKS - 1,
	COUNTER_LOCKOUTS, /* that count now, by enum limit_kind; gauges */
		COUNTER_LOCKOUTS_LAST = COUNTER_LOCKOUTS + COUNTED_LIMITS - 1,
	/* mail */
	COUNTER_SESSIONS_BEGUN,
	COUNTER_SESSIONS, /* a gauge */
	COUNTER_SESSIONS_IDLE, /* a gauge */
	COUNTER_RECEIVED, /* octets, of sessions */
	COUNTER_SENT,
	COUNTER_COMMANDS, /* by command, and of each by reply */
		COUNTER_COMMANDS_LAST = COUNTER_COMMANDS + COUNTED_COMMANDS * COUNTED_REPLIES - 1,
	COUNTER_COMMAND_TIME, /* by command */
		COUNTER_COMMAND_TIME_LAST = COUNTER_COMMAND_TIME + COUNTED_COMMANDS * COUNTER_TIME_PLACES - 1,
	COUNTER_DELIVERED, /* to a recipient: 1; refused for good or for now: 0 */
		COUNTER_DELIVERED_LAST = COUNTER_DELIVERED + 1,
	COUNTER_APPENDED, /* messages, whoever brought them */
	COUNTER_FETCHED,  /* messages that FETCH told of */
	COUNTER_EXPUNGED,
	COUNTER_PARSED, /* messages that were described (1), and that were not */
		COUNTER_PARSED_LAST = COUNTER_PARSED + 1,
	COUNTER_PARSE_TIME, /* of the processor; parse processes */
		COUNTER_PARSE_TIME_LAST = COUNTER_PARSE_TIME + COUNTER_TIME_PLACES - 1,
	COUNTER_COMMIT_TIME,
		COUNTER_COMMIT_TIME_LAST = COUNTER_COMMIT_TIME + COUNTER_TIME_PLACES - 1,
	COUNTER_COMMITS_FAILED,
	COUNTER_SYNCS,
	COUNTER_STORE_BYTES, /* by minute */
	COUNTER_STORE_DEAD,
	COUNTER_STORE_FREE,
	COUNTER_STORE_FULL,   /* 1: nothing but removing works */
	COUNTER_STORE_BROKEN, /* 1: the last commit failed, for another reason */
	COUNTER_RESTARTS,     /* the parent's */
	COUNTERS
};
/* clang-format on */

/* It never goes below what it was. */
void counter_add(size_t counter, uint64_t n);

/* Of a gauge, which rises and falls, and is 0 again when its process ends. */
void counter_rise(size_t gauge);
void counter_fall(size_t gauge);
void counter_set(size_t gauge, uint64_t value);

/* Microseconds, for what is to be timed; since then, at least 1. */
uint64_t counter_now_us(void);
uint64_t counter_since_us(uint64_t then_us);

/* Adds what took so long. */
void counter_time(size_t histogram, uint64_t us);

/* -- names -- */

enum counter_kind { KIND_COUNTER, KIND_GAUGE, KIND_TIME };

struct counter_label {
	const char *name; /* NULL: there is none */
	const char *const *values;
	size_t n;
};

struct counter_metric {
	const char *name; /* with "roost_" before it */
	enum counter_kind kind;
	size_t first; /* of its places */
	const char *help;
	struct counter_label labels[2]; /* the last one's values change first */
	/* not the sum, but of each process whose name begins so */
	const char *by_process;
	bool sparse; /* what is 0 is left out */
};

extern const struct counter_metric counter_metrics[];
extern const size_t n_counter_metrics;

/* The upper bounds of histograms, in seconds, as they are written. */
extern const char *const counter_bounds[COUNTER_BOUNDS];

/* How many of its places follow each other from its first. */
size_t counter_places(const struct counter_metric *);

/* -- pages -- */

struct counters;

/*
 * Shared with every process that is forked from now on, and by *fd, which is
 * the caller's, with others, who can only read.
 */
struct counters *counters_new(int *fd);

/* A page of another process; NULL: that is none. fd stays the caller's. */
const struct counters *counters_map(int fd);

/* This process has it no longer. */
void counters_free(const struct counters *);

/* This process counts there from now on. */
void counters_use(struct counters *);

/* As counter_add(), on that page. */
void counters_add(struct counters *, size_t counter, uint64_t n);

uint64_t counters_value(const struct counters *, size_t counter);

/* For somebody who is alone with it: its process has ended. */
void counters_clear_gauges(struct counters *);
