/* country.c -- libmaxminddb, and a look at its file from time to time. */
#include "guard/country.h"

#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/mem.h"
#include "task/timer.h"

struct countries {
	struct loop *loop;
	char *path;
	void (*changed)(void *arg);
	void *arg;
	bool open;
	MMDB_s data;
	struct stat seen; /* of the file that was tried last */
	struct timer look;
};

/* -- the file -- */

static void log_file(const struct countries *c, const char *error)
{
	struct log_line l =
		log_open(error != NULL ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
	                 "country_data");

	log_text(&l, "path", slice_cstr(c->path));
	if (error != NULL)
		log_text(&l, "error", slice_cstr(error));
	else
		log_text(&l, "kind",
		         slice_cstr(c->data.metadata.database_type));
	log_close(&l);
}

static bool is_seen(struct countries *c)
{
	struct stat now = { 0 };
	bool same;

	if (stat(c->path, &now) != 0)
		now = (struct stat){ 0 };
	same = now.st_ino == c->seen.st_ino && now.st_dev == c->seen.st_dev &&
	       now.st_size == c->seen.st_size &&
	       now.st_mtim.tv_sec == c->seen.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == c->seen.st_mtim.tv_nsec;
	c->seen = now;
	return same;
}

/* False: it can't be used, and what was there stays. */
static bool load(struct countries *c)
{
	MMDB_s fresh;
	int status = MMDB_open(c->path, MMDB_MODE_MMAP, &fresh);

	if (status != MMDB_SUCCESS) {
		log_file(c, MMDB_strerror(status));
		return false;
	}
	if (c->open)
		MMDB_close(&c->data);
	c->data = fresh;
	c->open = true;
	log_file(c, NULL);
	return true;
}

static void on_look(void *arg)
{
	struct countries *c = arg;

	if (!is_seen(c) && load(c))
		c->changed(c->arg);
	timer_start(&c->look, c->loop, COUNTRY_LOOK_MS, on_look, c);
}

struct countries *countries_new(struct loop *loop, const char *path,
                                void (*changed)(void *arg), void *arg)
{
	struct countries *c = mem_new(1, sizeof *c);

	c->loop = loop;
	c->path = mem_cstr(slice_cstr(path));
	c->changed = changed;
	c->arg = arg;
	is_seen(c);
	load(c);
	timer_start(&c->look, loop, COUNTRY_LOOK_MS, on_look, c);
	return c;
}

void countries_free(struct countries *c)
{
	if (c == NULL)
		return;
	timer_stop(&c->look);
	if (c->open)
		MMDB_close(&c->data);
	free(c->path);
	free(c);
}

/* -- look-up -- */

static MMDB_lookup_result_s look_up(const struct countries *c,
                                    const struct address *a, int *status)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool v4 = address_is_ipv4(a);

	memcpy(&in.sin_addr, a->bytes + 12, 4);
	memcpy(&in6.sin6_addr, a->bytes, sizeof a->bytes);
	return MMDB_lookup_sockaddr(&c->data,
	                            v4 ? (const struct sockaddr *)&in
	                               : (const struct sockaddr *)&in6,
	                            status);
}

/* MaxMind's and DB-IP's files have the one, others the other. */
static bool find_code(MMDB_lookup_result_s *found, MMDB_entry_data_s *out)
{
	static const char *const paths[][3] = {
		{ "country", "iso_code", NULL },
		{ "country_code", NULL, NULL },
	};

	for (size_t i = 0; i < 2; i++)
		if (MMDB_aget_value(&found->entry, out, paths[i]) ==
		            MMDB_SUCCESS &&
		    out->has_data && out->type == MMDB_DATA_TYPE_UTF8_STRING)
			return true;
	return false;
}

struct slice country_of(const struct countries *c, const struct address *a,
                        char out[2])
{
	MMDB_lookup_result_s found;
	MMDB_entry_data_s code;
	int status;

	if (c == NULL || !c->open)
		return S("");
	found = look_up(c, a, &status);
	if (status != MMDB_SUCCESS || !found.found_entry ||
	    !find_code(&found, &code) || code.data_size != 2 ||
	    !ascii_is_alpha(code.utf8_string[0]) ||
	    !ascii_is_alpha(code.utf8_string[1]))
		return S("");
	out[0] = ascii_upper(code.utf8_string[0]);
	out[1] = ascii_upper(code.utf8_string[1]);
	return slice_of(out, 2);
}

static bool find_degrees(MMDB_lookup_result_s *found, const char *name,
                         double *out)
{
	const char *const paths[][3] = {
		{ "location", name, NULL },
		{ name, NULL, NULL },
	};
	MMDB_entry_data_s data;

	for (size_t i = 0; i < 2; i++) {
		if (MMDB_aget_value(&found->entry, &data, paths[i]) !=
		            MMDB_SUCCESS ||
		    !data.has_data)
			continue;
		if (data.type == MMDB_DATA_TYPE_DOUBLE) {
			*out = data.double_value;
			return true;
		}
		if (data.type == MMDB_DATA_TYPE_FLOAT) {
			*out = (double)data.float_value;
			return true;
		}
	}
	return false;
}

bool country_place(const struct countries *c, const struct address *a,
                   struct place *out)
{
	MMDB_lookup_result_s found;
	int status;

	if (c == NULL || !c->open)
		return false;
	found = look_up(c, a, &status);
	return status == MMDB_SUCCESS && found.found_entry &&
	       find_degrees(&found, "latitude", &out->latitude) &&
	       find_degrees(&found, "longitude", &out->longitude) &&
	       place_is_one(out);
}
