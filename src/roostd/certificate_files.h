/*
 * certificate_files.h -- the certificates that there are, as files.
 *
 * One has no name: `certificate`, for whoever asks for none that is here. The
 * others are entries of the directory `certificates`, called after the names
 * that clients ask for (SNI):
 *
 *	mail.example.org/fullchain.pem, privkey.pem    as certbot lays them out
 *	mail.example.org.pem                           the chain and its key
 *	*.example.org.pem                              any name one label longer
 *
 * This is what is on disk; certificates.c is what is made of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* What changes when a file is another or has other contents. */
struct file_mark {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	uint64_t changed_ns;
};

/* False: there is no such file. */
bool file_mark_of(const char *path, struct file_mark *out);

struct certificate_file {
	char *name;  /* lower case; "": the one without */
	char *chain; /* paths; of both when key is NULL */
	char *key;
	struct file_mark marks[2];
	uint64_t expires; /* seconds since 1970; 0: not known */
	bool is_absent;   /* the files are to come yet */
	bool is_unread;   /* since it changed */
	bool is_old;      /* it was there before, as it is or another */
	void *watch[2];   /* certificates.c's */
};

struct certificate_files {
	struct certificate_file *v; /* by name */
	size_t n;
};

/* As they are now. What has a name that no client could ask for is left
 * out. */
struct certificate_files certificate_files_read(const struct config *);
void certificate_files_free(struct certificate_files *);

/* NULL: there is none. */
struct certificate_file *
certificate_files_find(const struct certificate_files *, const char *name);

/* The same files, whatever is in them? With the same contents? */
bool certificate_file_has_paths_of(const struct certificate_file *,
                                   const struct certificate_file *);
bool certificate_file_is_same(const struct certificate_file *,
                              const struct certificate_file *);

/* Sets `expires`. NULL, or what is wrong with the pair. */
const char *certificate_file_check(struct certificate_file *);
