/*
 * client_ca.h -- the parent's part in certificates of clients: it reads the
 * file of those who issue them, and hands it to gates and auth.
 *
 * The last good one is kept, so that a child that is started while the file
 * is damaged has what the others have.
 */
#pragma once

#include "roostd/certificate_files.h"
#include "roostd/children.h"

/* Zeroed, but fd is -1: there is none. */
struct client_ca {
	char *path; /* NULL: not configured */
	struct file_mark mark;
	int fd; /* of the good one, or -1 */
};

/* As it is now; the children are told if it is another, or no longer. True:
 * the path is another one. */
bool client_ca_read(struct client_ca *, const struct config *,
                    struct child *children, size_t n);
void client_ca_free(struct client_ca *);

/* A gate, or auth, that has been started. */
void client_ca_introduce(const struct client_ca *, struct child *);
