/*
 * f16_roles.c -- roostd with one role taken over: f16 links it in front of
 * run_gate(), run_auth(), run_mail() and run_parse(). $F16_ROLE is the one.
 */
#include "f16.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "roostd/roles.h"

int __real_run_gate(struct server *, int parent_fd);
int __real_run_auth(struct server *, int parent_fd);
int __real_run_mail(struct server *, uint32_t index, int parent_fd);
int __wrap_run_gate(struct server *, int parent_fd);
int __wrap_run_auth(struct server *, int parent_fd);
int __wrap_run_mail(struct server *, uint32_t index, int parent_fd);
int __real_run_parse(struct server *, int parent_fd);
int __wrap_run_parse(struct server *, int parent_fd);
bool __real_prepare_parse(const struct server *);
bool __wrap_prepare_parse(const struct server *);

static pid_t parent;

__attribute__((constructor)) static void note_parent(void)
{
	parent = getpid();
}

static bool is_taken(const char *role)
{
	const char *taken = getenv("F16_ROLE");

	return taken != NULL && strcmp(taken, role) == 0;
}

int __wrap_run_gate(struct server *s, int parent_fd)
{
	return is_taken("gate") ? f16_run(parent_fd, parent, true)
	                        : __real_run_gate(s, parent_fd);
}

int __wrap_run_auth(struct server *s, int parent_fd)
{
	return is_taken("auth") ? f16_run(parent_fd, parent, false)
	                        : __real_run_auth(s, parent_fd);
}

int __wrap_run_mail(struct server *s, uint32_t index, int parent_fd)
{
	return is_taken("mail") && index == 0
	               ? f16_run(parent_fd, parent, false)
	               : __real_run_mail(s, index, parent_fd);
}

int __wrap_run_parse(struct server *s, int parent_fd)
{
	return is_taken("parse") ? f16_run(parent_fd, parent, false)
	                         : __real_run_parse(s, parent_fd);
}

bool __wrap_prepare_parse(const struct server *s)
{
	if (is_taken("parse"))
		f16_start_relay();
	return __real_prepare_parse(s);
}
