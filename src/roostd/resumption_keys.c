/* resumption_keys.c -- a page that is nobody else's. */
#include "roostd/resumption_keys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

struct resumption_keys *resumption_keys_new(void)
{
	struct resumption_keys *k =
		mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (k == MAP_FAILED || madvise(k, sizeof *k, MADV_WIPEONFORK) != 0 ||
	    madvise(k, sizeof *k, MADV_DONTDUMP) != 0) {
		log_note(LOG_LEVEL_ERROR, "no_memory", "for keys of TLS");
		abort();
	}
	random_bytes(k, sizeof *k);
	return k;
}

void resumption_keys_free(struct resumption_keys *k)
{
	mem_wipe(k, sizeof *k);
	munmap(k, sizeof *k);
}

void resumption_keys_renew(struct resumption_keys *k)
{
	memcpy(k->before, k->now, sizeof k->before);
	random_bytes(k->now, sizeof k->now);
}
