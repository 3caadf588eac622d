/* special_use.h -- what mailboxes are for, in words. RFC 6154 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* enum special_use of "Sent" and so on (without "\"); 0: none is called so */
uint32_t special_use_of(struct slice name);

/* As clients are shown them: "\Drafts \Sent". */
void special_uses_write(uint32_t uses, struct buf *out);

/* The other way round. ERR_USEATTR */
struct err special_uses_read(struct slice text, uint32_t *uses);
