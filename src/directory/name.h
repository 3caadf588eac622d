/*
 * name.h -- account names: one spelling each.
 *
 * local-part "@" domain, UTF-8, lower case, normal form C. The local part is
 * a run of atext, dots and non-ASCII letters (RFC 5322 section 3.2.3, RFC
 * 6532), so a name needs no quoting anywhere; the domain is letters, digits,
 * hyphens and non-ASCII letters between dots. A name is only ever compared:
 * it never becomes a path, a query or a pattern.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

/* Appends the normal form, or nothing: ERR_SYNTAX. */
struct err user_name_normal(struct slice name, struct buf *out);

/* Appends "@domain" in normal form, or nothing: ERR_SYNTAX. */
struct err user_domain_normal(struct slice domain, struct buf *out);

/* Behind the last '@'; empty when there is none. Points into name. */
struct slice user_name_domain(struct slice name);

/*
 * "user+detail@domain": appends "user@domain" to base and points *detail
 * into the address. False when there is no detail in it. RFC 5233 section 4
 */
bool user_name_split(struct slice address, struct buf *base,
                     struct slice *detail);
