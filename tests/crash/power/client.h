/*
 * client.h -- a client of a store that is recorded, and its marks.
 *
 * Before each step its beginning is marked, at the moment its answer leaves
 * that it has been acknowledged (a refusal acknowledges that nothing has
 * changed), and then the state it has led to. Where nothing may fail a step
 * that does ends the process; where something may, a refusal must say why,
 * and must have changed nothing.
 */
#pragma once

#include "directory/directory.h"
#include "imap/session.h"
#include "imap/visit.h"
#include "store/partition.h"
#include "workload.h"

enum { LOAD = 32 /* sessions at once when syncs are counted */ };

struct work {
	const char *root;
	struct loop *loop;
	struct partition *partition;
	struct model *model;
	struct directory *directory;
	struct guards *guards; /* while they are open; guards.h */
	struct session_config config;
	struct visit_office office;
	uint64_t account[CHAIN_CONCURRENT + LOAD];
	uint32_t running; /* clients at the same time */
	struct wait_list done;
	uint32_t visits;   /* under way */
	bool quiet;        /* no states */
	struct faults *in; /* NULL: nothing may fail */
};

/* What a run with faults found. */
struct faults {
	struct buf last[CHAINS]; /* the states noted last */
	/* A MOVE between accounts was refused half way, or may have been:
	 * STEP_LEAVES, STEP_ARRIVES. */
	struct slice doubt[CHAINS];
	struct buf *problems;
	uint32_t refused;
};

/* Ends the process. */
void workload_must(bool holds, const char *what);

void step_begin(uint32_t chain, struct slice what);
void step_acknowledge(uint32_t chain);

/* Reads and marks a state. */
void note_account(struct work *, uint32_t chain);
void note_directory(struct work *);

/* Acknowledges, and marks; false: it was refused. */
bool account_end(struct work *, uint32_t chain, struct err);
bool directory_end(struct work *, struct err);
bool guard_end(struct work *, uint32_t chain, struct err);

struct client {
	struct work *work;
	uint32_t chain;
	uint32_t owner; /* whose account it changes as well; 0: nobody's */
	struct slice step[2];    /* of the two, now */
	struct session *session; /* NULL: it did not open */
	struct buf in;
	struct buf out;
	uint32_t tag;
	bool answered;
	bool ok;
	bool over;
	uint64_t message; /* the seed of the next one */
};

void client_start(struct client *, struct work *, uint32_t chain);
void client_end(struct client *);

/* "~1200" is a literal, a message of about that size; a command that begins
 * with '-' is refused, one with '>' or '<' moves messages to the owner's
 * account or from there. */
void client_say(struct client *, const char *command);
