/* certificate_files.c -- the directory read, and each pair looked at. */
#include "roostd/certificate_files.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "config/check.h"

enum { PATH_MOST = 4096 };

/* -- one -- */

bool file_mark_of(const char *path, struct file_mark *out)
{
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	*out = (struct file_mark){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.changed_ns = (uint64_t)st.st_ctim.tv_sec * 1000000000u +
		              (uint64_t)st.st_ctim.tv_nsec,
	};
	return true;
}

static void clear(struct certificate_file *f)
{
	free(f->name);
	free(f->chain);
	free(f->key);
}

static bool is_same_path(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool certificate_file_has_paths_of(const struct certificate_file *a,
                                   const struct certificate_file *b)
{
	return is_same_path(a->chain, b->chain) && is_same_path(a->key, b->key);
}

bool certificate_file_is_same(const struct certificate_file *a,
                              const struct certificate_file *b)
{
	return certificate_file_has_paths_of(a, b) &&
	       memcmp(a->marks, b->marks, sizeof a->marks) == 0;
}

/* Takes it over. */
static void add(struct certificate_files *all, struct certificate_file f)
{
	f.is_absent = !file_mark_of(f.chain, &f.marks[0]) ||
	              (f.key != NULL && !file_mark_of(f.key, &f.marks[1]));
	f.is_unread = !f.is_absent;
	all->v = mem_resize(all->v, all->n + 1, sizeof *all->v);
	all->v[all->n++] = f;
}

/* -- the directory -- */

/* A host's, or "*." and a host's. */
static bool is_name(struct slice s)
{
	if (slice_starts(s, S("*.")))
		s = slice_from(s, 2);
	return config_is_hostname(s);
}

static char *lower(struct slice s)
{
	char *out = mem_cstr(s);

	for (char *p = out; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return out;
}

static char *path_of(const char *directory, const char *entry, const char *file)
{
	char path[PATH_MOST];
	int n = snprintf(path, sizeof path, "%s/%s%s", directory, entry, file);

	return mem_copy(path, n < PATH_MOST ? (size_t)n + 1 : sizeof path);
}

static void add_entry(struct certificate_files *all, const char *directory,
                      const char *entry)
{
	const struct slice end = S(".pem");
	struct slice name = slice_cstr(entry);
	bool is_file = slice_ends(name, end);
	struct certificate_file f = { 0 };

	if (is_file)
		name.len -= end.len;
	if (!is_name(name))
		return;
	f.name = lower(name);
	f.chain = path_of(directory, entry, is_file ? "" : "/fullchain.pem");
	if (!is_file)
		f.key = path_of(directory, entry, "/privkey.pem");
	add(all, f);
}

/* What matters of two with one name: it is there, and in a directory. */
static int rank(const struct certificate_file *f)
{
	return 2 * f->is_absent + (f->key == NULL);
}

static int by_name(const void *a, const void *b)
{
	const struct certificate_file *x = a;
	const struct certificate_file *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : rank(x) - rank(y);
}

static void sort(struct certificate_files *all)
{
	size_t n = 0;

	if (all->n > 1)
		qsort(all->v, all->n, sizeof *all->v, by_name);
	for (size_t i = 0; i < all->n; i++) {
		if (n != 0 && strcmp(all->v[n - 1].name, all->v[i].name) == 0)
			clear(&all->v[i]);
		else
			all->v[n++] = all->v[i];
	}
	all->n = n;
}

static char *copy(const char *s)
{
	return mem_cstr(slice_cstr(s));
}

struct certificate_files certificate_files_read(const struct config *c)
{
	struct certificate_files all = { 0 };
	DIR *d = c->certificates[0] != '\0' ? opendir(c->certificates) : NULL;
	bool apart = c->certificate_key[0] != '\0';

	add(&all, (struct certificate_file){
			  .name = copy(""),
			  .chain = copy(c->certificate),
			  .key = apart ? copy(c->certificate_key) : NULL });
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		add_entry(&all, c->certificates, e->d_name);
	if (d != NULL)
		closedir(d);
	sort(&all);
	return all;
}

void certificate_files_free(struct certificate_files *all)
{
	for (size_t i = 0; i < all->n; i++)
		clear(&all->v[i]);
	free(all->v);
	*all = (struct certificate_files){ 0 };
}

static int compare_name(const void *name, const void *file)
{
	return strcmp(name, ((const struct certificate_file *)file)->name);
}

struct certificate_file *
certificate_files_find(const struct certificate_files *all, const char *name)
{
	if (all->n == 0)
		return NULL;
	return bsearch(name, all->v, all->n, sizeof *all->v, compare_name);
}

/* -- a pair -- */

static X509 *read_chain(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *x;

	if (file == NULL)
		return NULL;
	x = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	return x;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key;

	if (file == NULL)
		return NULL;
	/* the empty passphrase: a server has nobody to ask */
	key = PEM_read_PrivateKey(file, NULL, NULL, (void *)"");
	fclose(file);
	return key;
}

static uint64_t end_of(const X509 *x)
{
	struct tm tm;
	time_t end;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return 0;
	end = timegm(&tm);
	return end > 0 ? (uint64_t)end : 1;
}

const char *certificate_file_check(struct certificate_file *f)
{
	X509 *x = read_chain(f->chain);
	EVP_PKEY *key = read_key(f->key != NULL ? f->key : f->chain);
	const char *problem = NULL;

	if (x == NULL)
		problem = "the file holds no certificate that can be used";
	else if (key == NULL || X509_check_private_key(x, key) != 1)
		problem = "there is no key that matches the certificate";
	else
		f->expires = end_of(x);
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return problem;
}
