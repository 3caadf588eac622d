/*
 * internal.h -- what the files of this room share: the process, and the
 * three things a client can be in it.
 *
 *   listener ──► conn (before log-in) ◄──► the mail process (plain)
 *       │                            ◄──► relay (TLS) ◄──► the mail process
 *       ├──────► lmtp_conn ──► delivery links to mail processes
 *       └──────► proxied, which becomes either of them
 */
#pragma once

#include "base/authorities.h"
#include "base/clock.h"
#include "gate/admission.h"
#include "gate/gate.h"
#include "gate/resumption.h"
#include "gate/watch.h"
#include "gate/wire.h"
#include "ipc/link.h"
#include "ipc/parent.h"
#include "ipc/protocol.h"
#include "ipc/requests.h"
#include "task/timer.h"

enum { GATE_PARTITIONS = 1024 /* more are not believed */ };

struct peer; /* gate.c: the link to auth or to one mail process */

/* Doubly linked lists of what lives in the process. */
struct member {
	struct member *next;
	struct member *prev;
};

struct gate {
	struct loop *loop;
	const struct gate_options *options;
	struct parent *parent;
	struct peer *auth;                  /* NULL: not running */
	struct peer *mail[GATE_PARTITIONS]; /* the same */
	struct ssl_ctx_st *tls;             /* NULL: no certificate yet */
	struct sni *sni;
	struct resumption resumption;
	struct authorities authorities; /* of clients' certificates */
	struct requests requests;
	uint32_t hidden; /* preauth_hidden(), as auth says */
	struct admission *admission;
	uint64_t refusal_ticks;    /* what the slowest refusal of late took, */
	uint64_t refusal_until_ms; /* and until when it is remembered */
	struct member listeners;   /* heads of rings */
	struct member conns;
	struct member relays;
	struct member lmtp_conns;
	struct member proxied;
	uint32_t lmtp_count;
	int reserve_fd; /* let go of when there are no others, listener.c */
	bool stopping;
};

void member_add(struct member *head, struct member *);
void member_remove(struct member *);

/* A client that has been accepted. */
struct arrival {
	int fd;
	struct address address;
	uint16_t peer_port;
	uint16_t local_port;
	enum listener_kind kind;
	bool tls; /* a balancer says so, and is believed */
};

/* Puts a question to auth. 0: it is not running, fn is not called. The frame
 * is freed; its fields begin with the number that request_begin chose. */
uint64_t request_begin(struct gate *, struct frame_out *, uint16_t type,
                       request_fn *fn, void *arg);
bool request_send(struct gate *, struct frame_out *, uint64_t id);

/* auth may forget it; 0 is fine. */
void gate_end_exchange(struct gate *, uint64_t exchange);

/* The link to a partition's mail process, or NULL. */
struct link *gate_mail(struct gate *, uint32_t partition);

/* fn(arg, frame) when that process gives a client back (RETURN behind its
 * relay, whose number this is), fn(arg, NULL) when it has gone. It is asked
 * for while there is a link. */
uint64_t gate_await_return(struct gate *, uint32_t partition, request_fn *fn,
                           void *arg);
/* 0 is fine. */
void gate_forget_return(struct gate *, uint32_t partition, uint64_t relay);

bool gate_trusts(const struct gate *, const struct address *);
bool gate_is_balancer(const struct gate *, const struct address *);

/* Something ended; a gate that stops ends with the last one. */
void gate_check_end(struct gate *);

void session_id_new(char out[SESSION_ID_SIZE]);

/* listener.c: takes the descriptor over. */
void listener_new(struct gate *, int fd, enum listener_kind, uint16_t port,
                  bool proxy);
void listeners_free(struct gate *);

/* Who has come, and whoever sent him is known: takes the descriptor over. */
void arrival_begin(struct gate *, const struct arrival *);

/* proxied.c: a balancer has come; takes the descriptor over. */
void proxied_new(struct gate *, const struct arrival *);
void proxieds_free(struct gate *);

/* A client that is no longer logged in, RFC 8437. */
struct returned {
	struct arrival from;
	struct wire wire;
	struct slice input;  /* said behind UNAUTHENTICATE */
	struct slice output; /* what it is to be told first */
};

/* conn.c: takes the descriptor over. */
void conn_new(struct gate *, const struct arrival *);
void conn_return(struct gate *, const struct returned *); /* takes the wire */
void conn_evict(struct guest *);
void conns_stop(struct gate *);  /* BYE to all */
void conns_shake(struct gate *); /* handshakes that wait go on */
void conns_free(struct gate *);

/* relay.c: takes the descriptor over; then either of the other two, where it
 * takes the wire, whose TLS is up. */
struct relay *relay_new(struct gate *, const struct arrival *,
                        uint32_t partition, int mail_fd);
uint64_t relay_number(const struct relay *);
void relay_start(struct relay *, struct wire);
void relay_free(struct relay *);
void relays_stop(struct gate *); /* who takes nothing has seconds left */
void relays_free(struct gate *);

/* lmtp_conn.c: takes the descriptor over. */
void lmtp_conn_new(struct gate *, const struct arrival *);
void lmtp_conns_stop(struct gate *); /* 421 to all that wait for a command */
void lmtp_conns_free(struct gate *);
