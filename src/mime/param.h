/*
 * param.h -- parameters of Content-Type and Content-Disposition.
 *
 * RFC 2045 section 5.1, and RFC 2231 section 3: the pieces name*0, name*1
 * of one value are joined. At most LIMIT_PARAMETERS pieces of a field are
 * read.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/slice.h"

enum { PARAMETERS_MOST = 65536 }; /* octets of a field that are read */

struct param {
	struct slice name;  /* as it stands; for pieces without "*N" and "*" */
	struct slice value; /* without quotes */
	int piece;          /* RFC 2231: 0, 1, ...; -1: not in pieces */
	bool extended;      /* RFC 2231: charset'language'percent-encoded */
	bool joined;        /* its value went to the first piece */
};

struct params {
	struct param v[LIMIT_PARAMETERS];
	size_t n;
	bool cut;        /* there were more */
	struct buf text; /* values without quotes, values joined */
};

/*
 * Reads ";" separated parameters into out (replacing what was there; text
 * keeps its memory), at most `most` of them. The slices point into value
 * and out->text.
 */
void params_parse(struct slice value, size_t most, struct params *out);
void params_free(struct params *);

/* The value of a parameter; false when it is not there. Percent-encoding
 * is not undone. */
bool params_get(const struct params *, const char *name, struct slice *out);

/* What an extended value says, in UTF-8; nothing if its charset is unknown.
 * RFC 2231 section 4 */
void param_decode(const struct param *, struct buf *out);

/* ("name" "value" ...), or NIL. RFC 9051 section 9, body-fld-param */
void params_write(const struct params *, struct buf *out);
