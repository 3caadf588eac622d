/*
 * issuer_keys.c -- an issuer's keys, from a file or (issuer_fetch.c) a URL.
 *
 * The file is in the directory's auth/. It is looked at before each use and
 * read again when it is another one: keys change without a restart. One that
 * can't be read, or is no set of keys, leaves the keys as they were.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/issuers_internal.h"
#include "base/clock.h"
#include "base/log.h"

enum { PATH_MOST = 4096 };

void issuer_log(enum log_level level, struct issuer_state *s, const char *event,
                struct slice reason)
{
	struct log_line l = log_open(level, event);

	snprintf(s->problem, sizeof s->problem, "%.*s", (int)reason.len,
	         reason.len != 0 ? reason.ptr : "");
	log_text(&l, "issuer", s->is.url);
	if (reason.len != 0)
		log_text(&l, "reason", reason);
	else
		log_number(&l, "keys", jwks_count(s->keys));
	log_close(&l);
}

void issuer_date(struct issuer_state *s, const struct outside_answer *a)
{
	s->has_date = a->date_s != 0;
	s->ahead_s = (int64_t)a->date_s - clock_now_s();
}

void issuer_keys_take(struct issuer_state *s, struct jwks *fresh)
{
	jwks_free(s->keys);
	s->keys = fresh;
	s->generation++;
	issuer_log(LOG_LEVEL_INFO, s, "issuer_keys", S(""));
}

/* -- a file -- */

/* Beside the database of accounts; false: too long. */
static bool path_of(const struct auth *a, struct slice name,
                    char out[PATH_MOST])
{
	struct slice database = slice_cstr(a->options->directory);
	size_t slash = slice_rfind_byte(database, '/');
	int n = snprintf(out, PATH_MOST, "%.*s/%.*s",
	                 slash != SLICE_NONE ? (int)slash : 1,
	                 slash != SLICE_NONE ? database.ptr : ".",
	                 (int)name.len, name.ptr);

	return n > 0 && n < PATH_MOST;
}

bool auth_file_read(const struct auth *a, struct slice name, struct stat *st,
                    struct buf *out)
{
	char path[PATH_MOST];
	ssize_t n = -1;
	int fd;

	if (!path_of(a, name, path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
	    st->st_size <= JSON_MOST) {
		buf_room(out, (size_t)st->st_size + 1);
		n = read(fd, out->data, out->cap);
	}
	close(fd);
	out->len = n > 0 ? (size_t)n : 0;
	return n >= 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void read_file(struct issuers *all, struct issuer_state *s)
{
	struct buf text = { 0 };
	struct jwks *fresh = NULL;

	if (auth_file_read(all->auth, s->is.keys, &s->seen, &text))
		fresh = jwks_parse(buf_slice(&text));
	buf_free(&text);
	if (fresh != NULL)
		issuer_keys_take(s, fresh);
	else
		issuer_log(LOG_LEVEL_ERROR, s, "issuer_keys",
		           S("the file is not there or no set of keys"));
}

static bool is_file(const struct issuer_state *s)
{
	return s->is.keys.len != 0 && !issuer_is_url(s->is.keys);
}

void issuer_keys_look(struct issuers *all, struct issuer_state *s)
{
	char path[PATH_MOST];
	struct stat now = { 0 };

	if (!is_file(s))
		return;
	if (path_of(all->auth, s->is.keys, path))
		stat(path, &now);
	if (s->keys == NULL || !is_same_file(&now, &s->seen))
		read_file(all, s);
}

struct err issuer_keys_refresh(struct issuers *all, struct issuer_state *s,
                               bool again)
{
	if (is_file(s))
		issuer_keys_look(all, s);
	else
		issuer_keys_fetch(all, s, again);
	if (s->keys == NULL)
		return err(ERR_UNAVAILABLE, "the issuer's keys can't be had");
	return OK;
}
