/* check_users.c -- the system users: that there are such, and all different. */
#include <pwd.h>
#include <string.h>

#include "config/check_internal.h"
#include "config/user.h"

static void check_owner(struct check *k, char *const *field)
{
	if ((*field)[0] != '\0' && getpwnam(*field) == NULL)
		check_error(k, field, "is \"%s\", and there is no such user",
		            *field);
}

static void check_entry(struct check *k, size_t i)
{
	const struct config_list *users = &k->config->users;
	struct config_user u, other;

	config_user_parse(slice_cstr(users->v[i]), &u);
	if (getpwnam(u.name) == NULL)
		check_error(k, users, "has %s, and there is no such user",
		            users->v[i]);
	for (size_t j = 0; j < i; j++) {
		config_user_parse(slice_cstr(users->v[j]), &other);
		if (slice_eq(u.process, other.process))
			check_error(k, users, "has %.*s twice",
			            (int)u.process.len, u.process.ptr);
		else if (strcmp(u.name, other.name) == 0)
			check_warning(k, users,
			              "has %s and %s: they can reach into each "
			              "other's files",
			              users->v[j], users->v[i]);
	}
}

/* There may be no such process. */
static bool is_needed(const struct config *c, const char *process)
{
	if (strcmp(process, "outside") == 0)
		return config_needs_outside(c);
	if (strcmp(process, "metrics") == 0)
		return c->listen_metrics.n != 0;
	return true;
}

void check_users(struct check *k)
{
	const struct config *c = k->config;

	check_owner(k, &c->lmtp_socket_user);
	check_owner(k, &c->auth_socket_user);
	for (size_t i = 0; i < c->users.n; i++)
		check_entry(k, i);
	for (size_t i = 0; c->users.n > 0 && config_processes[i] != NULL; i++) {
		const char *process = config_processes[i];

		if (is_needed(c, process) && *config_user_of(c, process) == 0)
			check_warning(k, &c->users,
			              "has none for %s, though others have one",
			              process);
	}
}
