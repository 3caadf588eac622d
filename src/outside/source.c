/* source.c -- see source.h. */
#include "outside/source.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

static const struct source_type *const types[SOURCE_KINDS] = {
	[SOURCE_PASSWD_FILE] = &source_passwd_file,
	[SOURCE_SQL] = &source_sql,
	[SOURCE_LDAP] = &source_ldap,
	[SOURCE_LDAP_LOOKUP] = &source_ldap,
	[SOURCE_PAM] = &source_pam,
};

static void log_problem(const struct source *s)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "source_unusable");

	log_text(&l, "source", slice_cstr(s->name));
	log_text(&l, "reason", slice_cstr(s->problem));
	log_close(&l);
}

void sources_add(struct sources *all, const char *text, int fd)
{
	struct source *s = mem_new(1, sizeof *s);

	s->name = mem_cstr(slice_cstr(text));
	if (!config_source_parse(slice_cstr(s->name), &s->is) ||
	    s->is.kind == SOURCE_DIRECTORY || all->n == SOURCES_MOST) {
		free(s->name);
		free(s);
		return;
	}
	s->type = types[s->is.kind];
	if (config_source_is_described(s->is.kind) && fd < 0)
		s->problem = "its description can't be read";
	else
		s->type->prepare(s, fd);
	if (s->problem != NULL)
		log_problem(s);
	all->v[all->n++] = s;
}

struct source *sources_find(const struct sources *all, struct slice name)
{
	for (size_t i = 0; i < all->n; i++) {
		if (slice_eq(slice_cstr(all->v[i]->name), name))
			return all->v[i];
	}
	return NULL;
}

void source_ask(struct source *s, struct question *q, void **kept)
{
	if (s->problem != NULL)
		question_fail(q, ERR_UNAVAILABLE, "%s", s->problem);
	else
		s->type->ask(s, q, kept);
}

struct source_user source_user(const struct question *q)
{
	struct source_user u = { .name = q->field[1] };
	size_t at;

	at = slice_rfind_byte(u.name, '@');
	u.local = slice_first(u.name, at);
	u.domain = at != SLICE_NONE ? slice_from(u.name, at + 1) : S("");
	return u;
}

void source_found(struct question *q, struct slice stored)
{
	q->told.status = TOLD_STORED;
	buf_room(&q->told.body, stored.len + 1);
	buf_add(&q->told.body, stored);
	if (q->told.body.overflow)
		question_fail(q, ERR_UNAVAILABLE, "the password is too long");
}
