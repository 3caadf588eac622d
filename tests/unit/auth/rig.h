/*
 * rig.h -- an auth process with the test in the place of all others.
 *
 * auth_main() runs on the test's own loop, over a directory of its own; the
 * test is the parent, the gate, two partitions and the `roost` command. What
 * the partitions do when they are asked to make or remove an account is the
 * test's choice: answer, die before doing it, or die behind it.
 */
#pragma once

#include "auth/auth.h"
#include "base/limits.h"
#include "ipc/link.h"
#include "ipc/protocol.h"

enum {
	RIG_PARTITIONS = 2,
	RIG_VERDICTS = 16384,
	RIG_ACCOUNTS = 64,
	RIG_ROWS = 256,
	RIG_FIELDS = 8,
};

#define RIG_SESSION "00112233445566ff"

enum mail_mode {
	MAIL_ANSWERS,
	MAIL_DIES_BEFORE,
	MAIL_DIES_AFTER,
	MAIL_SILENT,
	MAIL_FULL,
	/* makes nothing, forgets all the same */
};

struct rig_mail {
	struct rig *rig;
	uint32_t index;
	struct link *link; /* NULL: it has died */
	enum mail_mode mode;
	uint64_t accounts[RIG_ACCOUNTS]; /* 0: free; outlives the process */
	unsigned expects;
	unsigned kicks;
	unsigned visits_ended;
	char ticket[TICKET_SIZE]; /* announced last */
	uint64_t ticket_account;
	char hidden[LIMIT_HIDDEN + 1]; /* announced with it */
	int control_fd; /* of FRAME_CONTROL; the test closes it */
	uint64_t control_account;
};

struct rig_verdict {
	bool there;
	uint8_t code;
	char text[64];
	uint64_t account;
	uint32_t partition;
	char ticket[TICKET_SIZE];
	size_t ticket_len;
	char name[LIMIT_USER_NAME + 1];
	char detail[LIMIT_USER_NAME + 1]; /* FRAME_FOUND */
};

struct rig {
	struct loop *loop;
	char dir[64];
	char directory[96];
	char socket[96];
	struct auth_options options;
	struct link *parent;
	struct link *gate;
	struct rig_mail mail[RIG_PARTITIONS];
	struct rig_verdict verdicts[RIG_VERDICTS];
	uint64_t requests;
	uint64_t open; /* requests without an answer */
	uint64_t lost; /* of them, with a gate that went */
	struct wait_list answered;
	unsigned gate_closed;
	void (*fn)(struct rig *);
	/* Changes the options before the process starts. */
	void (*prepare)(struct rig *);
	int status; /* auth_main()'s */
};

/* Starts it, runs fn in a task, stops it. */
void rig_run(void (*fn)(struct rig *), void (*prepare)(struct rig *));

void rig_start_gate(struct rig *);
void rig_stop_gate(struct rig *);
void rig_start_mail(struct rig *, uint32_t partition);
bool rig_mail_has(struct rig *, uint64_t account);
void rig_settle(struct rig *); /* what is under way has arrived */

struct rig_try {
	const char *mechanism; /* NULL: PLAIN */
	struct slice authzid;
	struct slice user;
	struct slice secret;
};

/* Asks, and (rig_verify) waits for the answer. */
uint64_t rig_ask(struct rig *, struct rig_try);
struct rig_verdict *rig_wait(struct rig *, uint64_t request);
struct rig_verdict *rig_try(struct rig *, struct rig_try);
struct rig_verdict *rig_login(struct rig *, const char *user,
                              const char *secret);
struct rig_verdict *rig_lookup(struct rig *, const char *address);

/* -- the control socket -- */

struct rig_answer {
	enum err_code code; /* ERR_CLOSED: no DONE came */
	char text[128];
	size_t rows;
	char field[RIG_ROWS][RIG_FIELDS][64];
	uint32_t fields[RIG_ROWS];
	/* FRAME_LINKED */
	uint64_t account;
	uint32_t partition;
	int fd;
};

struct link *rig_control(struct rig *);
/* Static: valid until the next one. */
struct rig_answer *rig_request(struct link *, uint16_t type,
                               const struct slice *fields, size_t n);
struct rig_answer *rig_answer(struct link *);

/* On a connection of its own. */
enum err_code rig_verb(struct rig *, uint16_t type, const char *name,
                       const char *secret);

/* -- the log -- */

void rig_log_begin(void);
/* What was written since; static. */
const char *rig_log_end(void);
