/*
 * house.h -- a real gate process, and a test that plays the rest of the
 * house: parent, auth and one mail process, over the links gate has in
 * earnest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/limits.h"
#include "gate/gate.h"
#include "ipc/frame.h"
#include "ipc/protocol.h"

enum { HOUSE_WAIT_MS = 100000 };

struct house {
	pid_t pid;
	int parent; /* our ends of the links */
	int auth;
	int mail;
	uint16_t imap_port;
	uint16_t imaps_port;
	uint16_t lmtp_port;
	bool stopped;
};

/* Without a certificate until house_certificate(). */
void house_open(struct house *, const struct gate_options *);

/* FRAME_STOP, once. */
void house_stop(struct house *);

/* Gate, when stopped, must end by itself and with status 0. */
void house_close(struct house *);

/* Links to gate anew, as the parent does when a process was restarted. */
void house_new_auth(struct house *);
void house_new_mail(struct house *);

/* Gate has seen everything that was sent to it before. */
void house_settle(struct house *);

/* A file with these PEM bytes, sent as the certificate. */
void house_certificate(struct house *, struct slice pem);

/* Keys of TLS tickets: each octet of each of them is the one given. */
void house_resumption(struct house *, uint8_t now, uint8_t before);

/* One key, with the name of another. */
void house_resumption_named(struct house *, uint8_t name, uint8_t key);

/* Proportional share of memory of the gate process, in bytes. */
size_t house_memory(const struct house *);

/* Sanitizers use a multiple of it; a limit on it holds only without. */
bool house_memory_is_real(void);

/* A frame as it arrives; fd is -1 or the receiver's to close. */
struct packet {
	struct frame_in f;
	char bytes[LIMIT_FRAME];
};

/* False: the other end has gone. Fails the test after HOUSE_WAIT_MS. */
bool packet_receive(int link, struct packet *);
void packet_send(int link, struct frame_out *, int fd);

/* The next frame must be a VERIFY: its request, user and secret. */
uint64_t house_verify(struct house *, struct slice user, struct slice secret);
void house_say_no(struct house *, uint64_t request, uint8_t code);
void house_say_yes(struct house *, uint64_t request);

/* The next frame must be a SESSION; the client's descriptor. */
int house_session(struct house *, struct slice tag, struct slice input);
