/*
 * preauth_internal.h -- what preauth.c, which cuts the input into commands,
 * and preauth_commands.c, which runs them, share.
 */
#pragma once

#include "base/limits.h"
#include "gate/preauth.h"
#include "gate/preauth_parse.h"

enum preauth_state {
	STATE_COMMAND,
	STATE_SKIPPING,
	STATE_RESPONSE, /* the client is to send a line of its mechanism */
	STATE_VERIFYING,
	STATE_TLS,
	STATE_OVER,
};

struct preauth {
	struct preauth_options options;
	enum preauth_state state;
	struct preauth_cutter cutter;
	struct buf out;
	struct buf client_id;
	struct preauth_login login;
	char *in; /* PREAUTH_BUFFER bytes, or NULL while there are none */
	size_t in_len;
	size_t received; /* octets in all */
	char *scratch;   /* PREAUTH_SCRATCH bytes while a command or a response
	                    is looked at, or NULL */
	size_t scratch_len; /* written so far */
	unsigned commands;
	unsigned bad;
	unsigned failures;
	size_t tag_len;
	char tag[LIMIT_TAG];
};

enum {
	/* a command, its strings unescaped, and what SASL decodes */
	PREAUTH_SCRATCH = 2 * LIMIT_PREAUTH_LINE + LIMIT_SASL_LINE,
};

/* -- preauth.c -- */

void preauth_add_capabilities(struct preauth *);
void preauth_add_tagged(struct preauth *, const char *status, const char *text);
void preauth_bad(struct preauth *, const char *text);

/* The client is to answer that; what was said before is forgotten. */
void preauth_ask(struct preauth *, struct slice challenge);

/* -- preauth_commands.c -- */

/* Whatever the command wants of the driver is in `state` then. */
void preauth_run(struct preauth *, struct preauth_command *);

/* A line that is no command, without its end: the mechanism's, in base64. */
void preauth_response(struct preauth *, struct slice line);
