/*
 * dovecot_line.h -- a line of Dovecot's authentication protocol.
 *
 * Words are separated by TABs; a value is "name=value", or its name alone.
 * What a value can't hold as it is stands escaped behind \001. None of those
 * that we read (addresses, numbers, base64) needs that, so that an escape in
 * one makes it what it is not; what we write may.
 *
 * The slices point into the line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* AUTH id mechanism [name[=value]]... [resp=base64] */
struct dovecot_request {
	uint32_t id;
	struct slice mechanism;
	struct slice service;
	struct slice address; /* of the client; what was said, "" if nothing */
	struct slice own;     /* the same, of whom it is connected to */
	uint16_t port;        /* the same, 0 if nothing */
	bool is_secured;
	struct slice response; /* base64; "": there is none */
};

/* Each: what stands behind the command's word and its TAB; false if it does
 * not make sense. */
bool dovecot_parse_auth(struct slice, struct dovecot_request *);
bool dovecot_parse_response(struct slice, uint32_t *id, struct slice *response);
bool dovecot_parse_version(struct slice, uint32_t *major, uint32_t *minor);
bool dovecot_parse_id(struct slice, uint32_t *id);

/* TAB, name=, and the value, escaped. */
void dovecot_add(struct buf *, const char *name, struct slice value);
