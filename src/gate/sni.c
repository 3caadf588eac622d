/* sni.c -- a keyed table of names; a ring of those that are loaded. */
#include "gate/sni.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"

enum { BUCKETS = 4096 };

enum state {
	STATE_KNOWN,
	STATE_AWAITED,
	STATE_LOADED,
	STATE_BAD, /* `pair` may hold the one before */
};

struct entry {
	struct entry *next;  /* in the bucket */
	struct entry *newer; /* in the ring, while there is a pair */
	struct entry *older;
	struct pair pair;
	enum state state;
	size_t name_len;
	char name[];
};

struct sni {
	void (*ask)(void *arg, struct slice name);
	void *arg;
	size_t loaded;
	struct entry *newest;
	struct entry *oldest;
	struct entry *buckets[BUCKETS];
};

struct sni *sni_new(void (*ask)(void *arg, struct slice name), void *arg)
{
	struct sni *s = mem_new(1, sizeof *s);

	s->ask = ask;
	s->arg = arg;
	return s;
}

/* -- the table -- */

static struct slice name_of(const struct entry *e)
{
	return slice_of(e->name, e->name_len);
}

/* What points to the entry of that name, or to the end of its bucket. */
static struct entry **place_of(struct sni *s, struct slice name)
{
	struct entry **at = &s->buckets[hash_keyed(name) % BUCKETS];

	while (*at != NULL && !slice_eq(name_of(*at), name))
		at = &(*at)->next;
	return at;
}

static struct entry *entry_new(struct slice name)
{
	struct entry *e = mem_new(1, sizeof *e + name.len);

	memcpy(e->name, name.ptr, name.len);
	e->name_len = name.len;
	return e;
}

/* -- the ring -- */

static void ring_add(struct sni *s, struct entry *e)
{
	e->newer = NULL;
	e->older = s->newest;
	if (s->newest != NULL)
		s->newest->newer = e;
	else
		s->oldest = e;
	s->newest = e;
	s->loaded++;
}

static void ring_remove(struct sni *s, struct entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		s->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		s->oldest = e->newer;
	s->loaded--;
}

static void unload(struct sni *s, struct entry *e)
{
	if (e->pair.leaf == NULL)
		return;
	ring_remove(s, e);
	pair_free(&e->pair);
}

/* Sessions that use it have it for themselves. */
static void make_room(struct sni *s)
{
	while (s->loaded >= SNI_LOADED_MOST) {
		struct entry *e = s->oldest;

		unload(s, e);
		if (e->state == STATE_LOADED)
			e->state = STATE_KNOWN;
	}
}

/* -- what the parent says -- */

void sni_there(struct sni *s, struct slice name)
{
	struct entry **at = place_of(s, name);

	if (name.len == 0 || name.len > SNI_NAME_MOST)
		return;
	if (*at == NULL)
		*at = entry_new(name);
	(*at)->state = STATE_KNOWN;
}

static void entry_free(struct sni *s, struct entry *e)
{
	unload(s, e);
	free(e);
}

void sni_gone(struct sni *s, struct slice name)
{
	struct entry **at = place_of(s, name);
	struct entry *e = *at;

	if (e == NULL)
		return;
	*at = e->next;
	entry_free(s, e);
}

const char *sni_answer(struct sni *s, struct slice name, int fd)
{
	struct entry *e = *place_of(s, name);
	struct pair fresh = { 0 };
	const char *problem = "it can't be had";

	if (e == NULL || e->state != STATE_AWAITED)
		return NULL; /* changed meanwhile, or gone */
	if (fd >= 0)
		problem = pair_read(&fresh, fd);
	e->state = problem == NULL ? STATE_LOADED : STATE_BAD;
	if (problem != NULL)
		return problem;
	unload(s, e);
	make_room(s);
	e->pair = fresh;
	ring_add(s, e);
	return NULL;
}

void sni_free(struct sni *s)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry *next;

		for (struct entry *e = s->buckets[i]; e != NULL; e = next) {
			next = e->next;
			entry_free(s, e);
		}
	}
	free(s);
}

/* -- what clients ask for -- */

static bool is_for(const struct entry *e, struct slice name)
{
	return X509_check_host(e->pair.leaf, name.ptr, name.len, 0, NULL) == 1;
}

static enum sni_result use(struct sni *s, struct entry *e, struct slice name,
                           const struct pair **out)
{
	if (e->pair.leaf == NULL || !is_for(e, name))
		return SNI_NONE;
	ring_remove(s, e);
	ring_add(s, e);
	*out = &e->pair;
	return SNI_HERE;
}

static enum sni_result pick(struct sni *s, struct slice entry,
                            struct slice name, const struct pair **out)
{
	struct entry *e = *place_of(s, entry);

	if (e == NULL)
		return SNI_NONE;
	if (e->state == STATE_KNOWN) {
		e->state = STATE_AWAITED;
		s->ask(s->arg, name_of(e));
	}
	if (e->state == STATE_AWAITED)
		return SNI_WAIT;
	return use(s, e, name, out);
}

static size_t lower(struct slice name, char *out)
{
	/* a name may end in the root's dot */
	size_t len = slice_ends(name, S(".")) ? name.len - 1 : name.len;

	for (size_t i = 0; i < len; i++)
		out[i] = ascii_lower(name.ptr[i]);
	return len;
}

/* name begins with a label and a dot. */
static enum sni_result pick_above(struct sni *s, struct slice name,
                                  const struct pair **out)
{
	struct slice rest = slice_from(name, slice_find_byte(name, '.'));
	char wildcard[1 + SNI_NAME_MOST] = "*";
	enum sni_result result;

	memcpy(wildcard + 1, rest.ptr, rest.len);
	result = pick(s, slice_of(wildcard, 1 + rest.len), name, out);
	return result != SNI_NONE ? result
	                          : pick(s, slice_from(rest, 1), name, out);
}

enum sni_result sni_pick(struct sni *s, struct slice asked,
                         const struct pair **out)
{
	char text[SNI_NAME_MOST];
	enum sni_result result;
	struct slice name;

	if (asked.len > SNI_NAME_MOST)
		return SNI_NONE;
	name = slice_of(text, lower(asked, text));
	if (name.len == 0)
		return SNI_NONE;
	result = pick(s, name, name, out);
	if (result != SNI_NONE || slice_find_byte(name, '.') == SLICE_NONE)
		return result;
	return pick_above(s, name, out);
}
