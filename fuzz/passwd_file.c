/*
 * passwd_file.c -- a file of accounts as Dovecot has them, and the user who is
 * sought in it: the first line names him. Told is what the first line that is
 * his says, found here in another way; what stands behind it makes no
 * difference. No name opens a file that is not below the source's path. A
 * stored password can be looked at, whatever it is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory/password.h"
#include "outside/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_MOST = 255 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void ask(const char *path, struct slice user, struct question *q)
{
	struct source s = { .is = { SOURCE_PASSWD_FILE, slice_cstr(path) } };
	void *kept = NULL;

	*q = (struct question){ .ask = ASK_FIND,
		                .field = { S("passwd-file"), user },
		                .told.body = buf_limit(TOLD_BODY) };
	source_passwd_file.ask(&s, q, &kept);
	must(kept == NULL);
}

static void ask_of(struct slice text, struct slice user, struct question *q)
{
	char path[32];
	int fd = memfd_create("users", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ask(path, user, q);
	close(fd);
}

/* -- another way to the same line -- */

static size_t line_end(struct slice text, size_t at)
{
	while (at < text.len && text.ptr[at] != '\n')
		at++;
	return at;
}

/* Where the user's line ends; 0: he has none. */
static size_t find(struct slice text, struct slice user, struct slice *out)
{
	for (size_t at = 0; at < text.len;) {
		size_t end = line_end(text, at);
		struct slice line =
			slice_trim(slice_of(text.ptr + at, end - at));
		size_t colon = slice_find_byte(line, ':');
		struct slice name = slice_first(line, colon);

		*out = colon != SLICE_NONE ? slice_from(line, colon + 1)
		                           : S("");
		*out = slice_first(*out, slice_find_byte(*out, ':'));
		if (name.len != 0 && name.ptr[0] != '#' &&
		    slice_ieq(name, user))
			return end;
		at = end + 1;
	}
	return 0;
}

/* -- what must hold -- */

static void check_stored(struct slice stored)
{
	struct slice scheme = password_scheme(stored);

	must(scheme.len <= stored.len || slice_eq(scheme, S("CRYPT")));
	password_is_quick(stored);
	password_is_current(stored, PASSWORD_COST_DEFAULT);
	for (int i = 0; i < SCRAM_HASHES; i++) {
		struct slice form =
			password_form(stored, password_scram_schemes[i]);
		struct scram_keys keys;

		if (form.len != 0 && scram_keys_parse(form, &keys))
			must(keys.rounds <= SCRAM_ROUNDS_MOST);
	}
}

static void check_told(const struct told *t, struct slice stored)
{
	must(memchr(t->text, '\0', sizeof t->text) != NULL);
	must(!t->body.overflow || t->code != ERR_OK);
	if (t->code != ERR_OK || t->status != TOLD_STORED)
		return;
	must(slice_eq(buf_slice(&t->body), stored));
	check_stored(stored);
}

static void check_same(const struct told *a, const struct told *b)
{
	must(a->code == b->code && a->status == b->status);
	must(a->quota_bytes == b->quota_bytes && !strcmp(a->text, b->text));
	must(slice_eq(buf_slice(&a->body), buf_slice(&b->body)));
}

static void try_file(struct slice text, struct slice user)
{
	struct question whole, cut;
	struct slice stored;
	size_t end = find(text, user, &stored);

	ask_of(text, user, &whole);
	must((whole.told.code == ERR_ABSENT) == (end == 0));
	check_told(&whole.told, stored);
	if (end != 0) {
		ask_of(slice_first(text, end), user, &cut);
		check_same(&whole.told, &cut.told);
		buf_free(&cut.told.body);
	}
	buf_free(&whole.told.body);
}

/* -- the path -- */

/* A file of users, and beside it an empty directory, from which nobody may
 * find it. */
static char top[32];
static char users[64];
static char below[64];

static void remove_place(void)
{
	unlink(users);
	rmdir(below);
	rmdir(top);
}

static void make_place(void)
{
	FILE *f;

	snprintf(top, sizeof top, "/tmp/roost-fuzz-XXXXXX");
	must(mkdtemp(top) != NULL && atexit(remove_place) == 0);
	snprintf(below, sizeof below, "%s/below", top);
	snprintf(users, sizeof users, "%s/users", top);
	must(mkdir(below, 0700) == 0);
	f = fopen(users, "we");
	must(f != NULL && fputs("ann@example.org:secret\n", f) >= 0 &&
	     fclose(f) == 0);
}

static void try_path(const char *rest, struct slice user)
{
	char path[96];
	struct question q;

	snprintf(path, sizeof path, "%s/%s", below, rest);
	ask(path, user, &q);
	must(q.told.code == ERR_ABSENT || q.told.code == ERR_UNAVAILABLE);
	buf_free(&q.told.body);
}

static void try_paths(struct slice user)
{
	static const char *const all[] = { "%u",       "%n",       "%d/users",
		                           "%n/users", "%d/%n/%u", "%%",
		                           "%x/users" };

	if (top[0] == '\0')
		make_place();
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		try_path(all[i], user);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice user, text;

	slice_cut(slice_of(data, size), '\n', &user, &text);
	if (user.len == 0 || user.len > NAME_MOST)
		return 0;
	try_file(text, user);
	try_paths(user);
	return 0;
}
