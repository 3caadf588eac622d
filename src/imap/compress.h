/*
 * compress.h -- COMPRESS=DEFLATE between a session and its io. RFC 4978
 *
 *	session ──write──► deflate ──► io          (raw deflate, RFC 1951)
 *	session ◄──read─── inflate ◄── io
 *
 * Whoever can have something of his own sent beside a secret, and sees how
 * long it all becomes, could guess the secret (CRIME): so at each fence, after
 * a tagged reply and around a message's octets, all that has been seen is
 * forgotten. What lies between two fences is compressed by itself.
 *
 * At rest there is no compressor, since nothing is to be remembered; of the
 * other direction what the client may still refer to, at most 32 KiB.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "imap/session.h"

struct compress;

/* input: what has been read already and is compressed; copied. */
struct compress *compress_new(struct slice input);
void compress_free(struct compress *);

/* Behind a command that ends it, and frees it: *rest is what has been read and
 * is not compressed. False: the client's side does not end there. */
bool compress_end(struct compress *, struct buf *rest);

/* As io->read; ERR_CORRUPT for what is not deflated. */
struct err compress_read(struct compress *, const struct session_io *io,
                         void *to, size_t size, size_t *got);

/* As io->write. fence: and all is sent, and forgotten. */
struct err compress_write(struct compress *, const struct session_io *io,
                          struct slice, bool fence);

/* Between two fences, for a while: gives memory back. */
void compress_rest(struct compress *);
