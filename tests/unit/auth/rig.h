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
	RIG_FIELDS = 16,
	RIG_FIELD = 256,
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
	uint32_t uidvalidity;            /* which it has given out */
	uint32_t above; /* what it was told of, with the last account */
	unsigned expects;
	unsigned kicks;
	uint64_t kicked_credential; /* last; 0: all of the account */
	unsigned visits_ended;
	unsigned settles;
	unsigned roll_calls;
	uint64_t called_account;
	unsigned ends; /* SESSION_END; of the last one: */
	uint64_t ended_account;
	char ended[SESSION_ID_SIZE + 1];
	char ticket[TICKET_SIZE]; /* announced last */
	uint64_t ticket_account;
	uint64_t ticket_credential;
	char hidden[LIMIT_HIDDEN + 1]; /* announced with it */
	uint8_t terms;
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
	uint8_t delay;
	uint64_t exchange; /* of a challenge, 0: a verdict */
	char challenge[512];
};

struct rig {
	struct loop *loop;
	char dir[64];
	char directory[96];
	char socket[96];
	char agents[96]; /* the socket of mail transfer agents */
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
	char hidden[LIMIT_HIDDEN + 1]; /* from all, as the gate was told */
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
	bool by_command; /* LOGIN, not PLAIN */
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

/* An exchange of AUTHENTICATE: what the client says first, then. */
uint64_t rig_send(struct rig *, enum sasl, struct slice response,
                  struct slice binding);
struct rig_verdict *rig_begin(struct rig *, enum sasl, struct slice response,
                              struct slice binding);
struct rig_verdict *rig_respond(struct rig *, uint64_t exchange,
                                struct slice session, struct slice response);
void rig_cancel(struct rig *, uint64_t exchange);

struct rig_verdict *rig_lookup(struct rig *, const char *address);

/* The stored password of a user, from now on. */
void rig_store(struct rig *, const char *user, const char *stored);

/* It is as one would be made now; waits until it is. */
bool rig_is_current(struct rig *, const char *user);
void rig_wait_current(struct rig *, const char *user);

/* -- the control socket -- */

struct rig_answer {
	enum err_code code; /* ERR_CLOSED: no DONE came */
	char text[256];
	size_t rows;
	char field[RIG_ROWS][RIG_FIELDS][RIG_FIELD];
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
const char *rig_log(void);
const char *rig_log_end(void);
