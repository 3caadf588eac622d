/* source.c -- see source.h. */
#include "auth/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SCHEME S("{SOURCE}")

bool source_is_used(const struct auth *a)
{
	return a->options->n_sources != 0;
}

/* "": the directory. */
struct slice source_name(const struct account_row *row)
{
	struct slice stored = account_row_stored(row);

	if (row->id == 0 || !slice_starts(stored, SCHEME))
		return S("");
	return slice_from(stored, SCHEME.len);
}

bool source_has(const struct account_row *row)
{
	return source_name(row).len != 0;
}

/* -- asking -- */

struct search {
	struct auth *auth;
	const struct account_row *row;
	struct slice name;
	struct slice secret;
	struct source_found *out;
};

static struct err take_answer(struct search *s, const struct auth_source *from,
                              const struct outside_answer *a)
{
	struct source_found *out = s->out;

	if (a->status >= TOLD_ACCOUNTS || a->body.len > PASSWORD_STORED)
		return err(ERR_UNAVAILABLE, "it talks nonsense");
	memcpy(out->source, from->name, sizeof out->source);
	memcpy(out->text, a->text, sizeof out->text);
	out->told = (enum told_account)a->status;
	out->quota_bytes = a->quota_bytes;
	buf_room(&out->stored, a->body.len + 1);
	buf_add(&out->stored, buf_slice(&a->body));
	return OK;
}

static bool is_named(const struct auth_source *s, struct slice name)
{
	return name.len != 0 && slice_eq(slice_cstr(s->name), name);
}

/* It can't be asked without a password: whom it had, it has. */
static struct err take_on_trust(struct search *s,
                                const struct auth_source *from)
{
	if (!is_named(from, source_name(s->row)))
		return err(ERR_ABSENT, "no such user");
	memcpy(s->out->source, from->name, sizeof from->name);
	s->out->told = TOLD_EXISTS;
	return OK;
}

static struct err ask_one(struct search *s, const struct auth_source *from)
{
	bool verify = from->verifies && s->secret.len != 0;
	const struct slice fields[ASK_FIELDS] = { slice_cstr(from->name),
		                                  s->name,
		                                  verify ? s->secret : S("") };
	struct outside_answer answer;
	struct err e;

	if (!verify && !from->finds)
		return take_on_trust(s, from);
	e = outside_ask(s->auth, verify ? ASK_VERIFY : ASK_FIND, fields,
	                &answer);
	if (is_ok(e))
		e = take_answer(s, from, &answer);
	else
		memcpy(s->out->text, answer.text, sizeof answer.text);
	outside_answer_free(&answer);
	if (is_ok(e) || e.code == ERR_ABSENT)
		return e;
	return err(ERR_UNAVAILABLE,
	           s->out->text[0] != '\0' ? s->out->text : e.text);
}

static struct err ask(struct search *s, const struct auth_source *from)
{
	struct err e = ask_one(s, from);

	if (s->out->asked != NULL)
		s->out->asked(s->out->arg, from->name, e, s->out);
	return e;
}

static bool is_directory(const struct auth_source *s)
{
	return s->name[0] == '\0';
}

/* The one that knew it last, then the others in their order. */
static struct err ask_all(struct search *s, const struct auth_source *v,
                          size_t n)
{
	struct slice last = source_name(s->row);
	struct err e = err(ERR_ABSENT, "no such user");

	for (size_t i = 0; i < n && e.code == ERR_ABSENT; i++) {
		if (is_named(&v[i], last))
			e = ask(s, &v[i]);
	}
	for (size_t i = 0; i < n && e.code == ERR_ABSENT; i++) {
		if (is_directory(&v[i])) {
			s->out->in_directory = s->row->id != 0 && last.len == 0;
			if (s->out->in_directory)
				return OK;
		} else if (!is_named(&v[i], last)) {
			e = ask(s, &v[i]);
		}
	}
	return e;
}

/* The options may change while one is asked, so these are a copy. */
struct err source_find(struct auth *a, const struct account_row *row,
                       struct slice name, struct slice secret,
                       struct source_found *out)
{
	struct search s = { a, row, name, secret, out };
	size_t n = a->options->n_sources;
	struct auth_source *v;
	struct err e;

	out->in_directory = n == 0;
	if (n == 0)
		return OK;
	v = mem_copy(a->options->sources, n * sizeof *v);
	e = ask_all(&s, v, n);
	free(v);
	return e;
}

void source_found_free(struct source_found *f)
{
	mem_wipe(f->stored.data, f->stored.cap);
	buf_free(&f->stored);
}

/* -- accounts -- */

struct err source_settle(struct auth *a, struct slice name,
                         const struct source_found *found,
                         struct account_row *row)
{
	struct slice source = slice_cstr(found->source);
	struct buf stored = { 0 };
	struct err e = OK;

	if (source.len == 0 || (row->id != 0 && !source_has(row)) ||
	    slice_eq(source_name(row), source))
		return OK;
	buf_add(&stored, SCHEME);
	buf_add(&stored, source);
	if (row->id == 0)
		e = account_add_of_source(a, name, buf_slice(&stored),
		                          found->quota_bytes);
	else
		e = directory_set_password(a->directory, row->id,
		                           buf_slice(&stored));
	buf_free(&stored);
	return is_ok(e) ? directory_find(a->directory, name, row) : e;
}
