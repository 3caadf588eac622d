/* certificates.c -- when each certificate ends; the first to end come first. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "metrics/internal.h"

static void drop(struct metrics *m, size_t at)
{
	free(m->certificates[at].name);
	m->n_certificates--;
	memmove(m->certificates + at, m->certificates + at + 1,
	        (m->n_certificates - at) * sizeof *m->certificates);
}

static void drop_name(struct metrics *m, struct slice name)
{
	for (size_t i = 0; i < m->n_certificates; i++) {
		if (!slice_eq(slice_cstr(m->certificates[i].name), name))
			continue;
		drop(m, i);
		return;
	}
}

static void insert(struct metrics *m, struct slice name, uint64_t expires)
{
	size_t n = m->n_certificates++;

	m->certificates = mem_resize(m->certificates, m->n_certificates,
	                             sizeof *m->certificates);
	for (; n > 0 && m->certificates[n - 1].expires > expires; n--)
		m->certificates[n] = m->certificates[n - 1];
	m->certificates[n] = (struct certificate){ mem_cstr(name), expires };
}

bool certificates_on_date(void *arg, struct frame_in *f)
{
	struct metrics *m = arg;
	struct slice name = frame_read_slice(f, 255);
	uint64_t expires = read_u64(&f->r);

	if (!frame_is_whole(f) || slice_find_byte(name, '\0') != SLICE_NONE)
		return false;
	drop_name(m, name);
	if (expires != 0)
		insert(m, name, expires);
	return true;
}

void certificates_free(struct metrics *m)
{
	while (m->n_certificates != 0)
		drop(m, m->n_certificates - 1);
	free(m->certificates);
}
