/*
 * url.h -- IMAP URLs that name a message of this server, or a part of one.
 * RFC 5092
 */
#pragma once

#include "imap/fetch.h"

struct imap_url {
	struct slice mailbox; /* in normal form */
	uint32_t uidvalidity; /* 0: any */
	uint32_t uid;
	struct section section;
	bool partial;
	uint64_t offset;
	uint64_t most; /* octets of the partial, 0: to its end */
};

/* Who may be named in an absolute URL: this server and this user. What a
 * relative one begins at: the selected mailbox, or "" for none. RFC 4469
 * section
 * 3 */
struct url_home {
	struct slice host;
	struct slice user;
	struct slice mailbox;
};

/* False when it is no such URL. What it points to is in the arena. */
bool parse_imap_url(struct slice text, const struct url_home *, struct arena *,
                    struct imap_url *out);
