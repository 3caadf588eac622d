/*
 * passwd_file.c -- accounts in a file, as Dovecot has them:
 *
 *	user:password:uid:gid:gecos:home:shell:extra fields
 *
 * It is read for every question, from its start, so it may be changed at any
 * time. In its path %d is the user's domain, %n what stands before it, %u
 * both; names in a file of one domain may do without it. What is looked at
 * beside user and password are extra fields that give a quota, or forbid what
 * we can't look after.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "outside/quota.h"
#include "outside/source.h"

/* -- the path -- */

/* Part of a user's name, in a path: it stays one level, and that one. */
static bool is_level(struct slice s)
{
	return s.len != 0 && s.ptr[0] != '.' &&
	       slice_find_byte(s, '/') == SLICE_NONE &&
	       slice_find_byte(s, '\0') == SLICE_NONE;
}

static bool add_variable(struct buf *out, char letter,
                         const struct source_user *u)
{
	struct slice value = letter == 'd'   ? u->domain
	                     : letter == 'n' ? u->local
	                     : letter == 'u' ? u->name
	                                     : S("");

	buf_add(out, value);
	return is_level(value);
}

/* False: there can't be such a file for this user. The caller frees it. */
static bool expand(struct slice path, const struct source_user *u,
                   struct buf *out)
{
	struct slice piece;

	while (slice_cut(path, '%', &piece, &path)) {
		buf_add(out, piece);
		if (path.len == 0 || !add_variable(out, path.ptr[0], u))
			return false;
		path = slice_from(path, 1);
	}
	buf_add(out, piece);
	buf_byte(out, '\0');
	return true;
}

static bool has_variable(const struct source *s)
{
	return slice_find_byte(s->is.path, '%') != SLICE_NONE;
}

/* -- a line -- */

struct entry {
	struct slice user;
	struct slice password;
	struct slice extra;
};

static struct entry parse_entry(struct slice line)
{
	struct entry e = { S(""), S(""), S("") };
	struct slice ignored;

	slice_cut(line, ':', &e.user, &line);
	slice_cut(line, ':', &e.password, &line);
	for (int i = 0; i < 5; i++) { /* uid, gid, gecos, home, shell */
		if (!slice_cut(line, ':', &ignored, &line))
			return e;
	}
	e.extra = line;
	return e;
}

static bool is_of(const struct entry *e, const struct source *s,
                  const struct source_user *u)
{
	return e->user.len != 0 && e->user.ptr[0] != '#' &&
	       (slice_ieq(e->user, u->name) ||
	        (has_variable(s) && slice_ieq(e->user, u->local)));
}

/* Fields of Dovecot's that make a log-in depend on what we don't look at. */
static bool forbids(struct slice field)
{
	static const struct slice names[] = {
		N("allow_nets"), N("allow_real_nets"), N("nologin"),
		N("nopassword"), N("proxy"),           N("pass")
	};
	struct slice name, value;

	slice_cut(field, '=', &name, &value);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (slice_eq(name, names[i]))
			return true;
	}
	return false;
}

static void take_extra(struct question *q, struct slice extra)
{
	struct slice field, name, value;

	while (extra.len != 0) {
		slice_cut(extra, ' ', &field, &extra);
		slice_cut(field, '=', &name, &value);
		if (slice_eq(name, S("userdb_quota_rule")) ||
		    slice_eq(name, S("userdb_quota_storage_size")))
			q->told.quota_bytes = quota_rule(value);
		if (!forbids(field))
			continue;
		q->told.status = TOLD_WRONG;
		snprintf(q->told.text, sizeof q->told.text,
		         "its field %.*s can't be looked after", (int)name.len,
		         name.ptr);
	}
}

static void answer(struct question *q, const struct entry *e)
{
	source_found(q, e->password);
	take_extra(q, e->extra);
	if (q->told.status != TOLD_STORED)
		q->told.body.len = 0;
}

/* -- the file -- */

static void search(struct source *s, struct question *q,
                   const struct source_user *u, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	question_fail(q, ERR_ABSENT, "no such user");
	while ((n = getline(&line, &size, f)) >= 0) {
		struct entry e =
			parse_entry(slice_trim(slice_of(line, (size_t)n)));

		if (!is_of(&e, s, u))
			continue;
		q->told.code = ERR_OK;
		q->told.text[0] = '\0';
		answer(q, &e);
		break;
	}
	if (ferror(f))
		question_fail(q, ERR_UNAVAILABLE, "%s", strerrordesc_np(errno));
	mem_wipe(line, size);
	free(line);
}

/* A domain that has no file has no users; the one file must be there. */
static void fail_to_open(struct source *s, struct question *q, int error)
{
	bool absent = (error == ENOENT || error == ENOTDIR) && has_variable(s);

	question_fail(q, absent ? ERR_ABSENT : ERR_UNAVAILABLE, "%s",
	              strerrordesc_np(error));
}

static void ask(struct source *s, struct question *q, void **kept)
{
	struct source_user u = source_user(q);
	struct buf path = { 0 };
	FILE *f;

	(void)kept;
	if (!expand(s->is.path, &u, &path)) {
		buf_free(&path);
		question_fail(q, ERR_ABSENT, "no such user");
		return;
	}
	f = fopen(path.data, "re");
	buf_free(&path);
	if (f == NULL) {
		fail_to_open(s, q, errno);
		return;
	}
	search(s, q, &u, f);
	fclose(f);
}

/* The directory that the file is in, or all of them are below: a new file in
 * the old one's place is another one. */
static void prepare(struct source *s, int fd)
{
	size_t fixed = slice_find_byte(s->is.path, '%');
	struct slice start = slice_first(s->is.path, fixed);

	(void)fd;
	start = slice_first(start, slice_rfind_byte(start, '/'));
	s->opens = mem_cstr(start.len != 0 ? start : S("/"));
}

const struct source_type source_passwd_file = { prepare, ask };
