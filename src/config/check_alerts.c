/* check_alerts.c -- who is told, and the data that some alerts come from. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config/check_internal.h"

/* It may be named before it is there, and is used once it is. */
static void check_countries(struct check *k)
{
	char *const *path = &k->config->country_data;
	struct stat st;

	if ((*path)[0] == '\0')
		return;
	if (stat(*path, &st) != 0) {
		if (errno != EACCES)
			check_warning(k, path, "%s: %s", *path,
			              strerrordesc_np(errno));
		return;
	}
	if (!S_ISREG(st.st_mode))
		check_warning(k, path, "%s: is no file", *path);
}

void check_alerts(struct check *k)
{
	const struct config_list *list = &k->config->alerts;

	/* which one is not said: a webhook's URL may be a secret */
	for (size_t i = 0; i < list->n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(list->v[i], list->v[j]) == 0)
				check_error(k, list, "has a place twice");
	check_countries(k);
}
