/* alerts_internal.h -- what the files about alerts share. */
#pragma once

#include "auth/alert_post.h"
#include "auth/alerts.h"
#include "base/arena.h"
#include "guard/alert_file.h"

enum {
	ALERT_QUEUE = 512,
	ALERT_ARENA = 1 << 16,
};

struct alert_job {
	struct alert_job *next;
	void (*run)(struct auth *, struct alert_job *); /* of a task */
	struct arena *arena;
	struct alert alert; /* in it */
	struct fetched fetched;
	unsigned percent;     /* of a disk */
	uint8_t band;         /* of a quota */
	struct address from;  /* of a sign-in */
	struct slice network; /* the same */
};

/* What came from one network within this hour, of one account. */
struct fetched_hour {
	uint64_t account; /* 0: a free place */
	uint64_t network; /* its hash */
	int64_t hour;
	bool is_settled; /* nothing from there is too much */
	struct fetched sum;
};

enum {
	HOURS = 4096,
	HOUR_WAYS = 8,
	DAYS = 256, /* that wait to be written */
	DAYS_MS = 60000,
};

struct alerts {
	struct alert_file *file;
	struct alert_job *first;
	struct alert_job **last;
	unsigned queued;
	bool is_working;
	bool is_stopping;
	uint64_t lost;
	struct timer hourly;
	struct timer round; /* of certificates */
	struct timer daily; /* writes days */
	struct fetched_day days[DAYS];
	size_t n_days;
	struct fetched_hour hours[HOURS];
	int64_t attack_s[ALERT_KINDS]; /* when it was queued last */
	struct alert_posts posts;
};

/* Copied into a job of its own; NULL: the queue is full. */
struct alert_job *alerts_queue(struct auth *, const struct alert *,
                               void (*run)(struct auth *, struct alert_job *));

/* Unless it has been, or is silenced: the log, mail, webhooks. Suspends. */
void alerts_tell(struct auth *, const struct alert *);

/* -- alert_downloads.c -- */

/* FETCHED; false when it does not parse. */
bool alerts_fetched(struct peer *mail, struct frame_in *);
