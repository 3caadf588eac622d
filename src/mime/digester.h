/*
 * digester.h -- who makes the digests of messages that arrive, when it is
 * not whoever takes them in: another process, which may fail.
 *
 *	begin ──► (others work, and begin) ──► finish, or cancel
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* A message that can be read as often as it takes. */
struct digest_source {
	/* At least one octet from offset (< size) on; *out is valid until the
	 * next call. Suspends. */
	struct err (*bytes)(void *arg, uint64_t offset, struct slice *out);
	void *arg;
	uint64_t size;
};

struct digest_job;

struct digester {
	/* The source stays the caller's, until finish or cancel. Suspends
	 * while the message is taken over. */
	struct digest_job *(*begin)(void *ctx, const struct digest_source *);

	/*
	 * Appends the digest: one that digest_check() has passed, or, when
	 * making it has gone wrong and would again, one that is opaque
	 * (mime/digest_check.h). ERR_UNAVAILABLE: not now. ERR_IO, ERR_CORRUPT:
	 * the source's. Ends the job. Suspends.
	 */
	struct err (*finish)(struct digest_job *, struct buf *out);
	void (*cancel)(struct digest_job *); /* ends it, too */
	void *ctx;
};
