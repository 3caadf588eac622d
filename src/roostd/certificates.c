/*
 * certificates.c -- what changed among the files, and who is told.
 *
 * Thousands of them are looked at a few at a time, so that nothing else has to
 * wait: names are told at once, dates when a pair has been read.
 */
#include "roostd/certificates.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "roostd/certificate_files.h"
#include "roostd/client_ca.h"
#include "roostd/handout.h"

enum {
	QUIET_MS = 250,    /* certbot changes four links one by one */
	AGAIN_MS = 60000,  /* for what inotify does not see */
	TURN = 20,         /* pairs read in one go */
	NAMES_MOST = 1000, /* in a frame: 254 octets each at most */
	NAMES_BYTES = 32768,
};

struct certificates {
	struct loop *loop;
	const struct config *config;
	struct child *children;
	size_t n_children;
	struct certificate_files files;
	uv_fs_event_t *directory; /* NULL: not watched */
	char *watched;            /* its path */
	struct client_ca client_ca;
	uv_fs_event_t
		*client_ca_watch; /* of its directory; NULL: not watched */
	struct timer quiet;
	struct timer again;
	struct timer reading;
};

/* -- watches -- */

static void look_again(void *arg);

static void on_event(uv_fs_event_t *handle, const char *file, int events,
                     int status)
{
	struct certificates *c = handle->data;

	(void)file;
	(void)events;
	(void)status;
	timer_start(&c->quiet, c->loop, QUIET_MS, look_again, c);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void unwatch(void *watch)
{
	if (watch != NULL)
		uv_close(watch, on_closed);
}

/* NULL when there can't be one: AGAIN_MS is left. */
static uv_fs_event_t *watch(struct certificates *c, const char *path)
{
	uv_fs_event_t *w = mem_new(1, sizeof *w);

	uv_fs_event_init(loop_uv(c->loop), w);
	w->data = c;
	if (uv_fs_event_start(w, on_event, path, 0) == 0)
		return w;
	unwatch(w);
	return NULL;
}

static char *directory_of(const char *file)
{
	char *path = mem_cstr(slice_cstr(file));
	char *slash = strrchr(path, '/');

	if (slash != NULL && slash != path)
		*slash = '\0';
	return path;
}

static void watch_file(struct certificates *c, struct certificate_file *f)
{
	char *chain = directory_of(f->chain);
	char *key = directory_of(f->key != NULL ? f->key : f->chain);

	/* that of NAME.pem is watched as a whole */
	if (strcmp(chain, c->config->certificates) != 0)
		f->watch[0] = watch(c, chain);
	if (strcmp(chain, key) != 0)
		f->watch[1] = watch(c, key);
	free(chain);
	free(key);
}

static void unwatch_file(struct certificate_file *f)
{
	unwatch(f->watch[0]);
	unwatch(f->watch[1]);
}

static void watch_directory(struct certificates *c)
{
	const char *path = c->config->certificates;

	if (c->directory != NULL && strcmp(c->watched, path) == 0)
		return;
	unwatch(c->directory);
	free(c->watched);
	c->watched = mem_cstr(slice_cstr(path));
	c->directory = path[0] != '\0' ? watch(c, path) : NULL;
}

/* -- telling -- */

enum { NAME_GONE, NAME_THERE };

static void tell_names(struct child *gate, uint8_t what,
                       const struct certificate_file *v, size_t n)
{
	struct frame_out f = { 0 };
	uint32_t present = 0;

	for (size_t i = 0; i < n; i++)
		present += !v[i].is_absent;
	frame_begin(&f, FRAME_CERTIFICATE_NAMES);
	frame_u8(&f, what);
	frame_u32(&f, present);
	for (size_t i = 0; i < n; i++) {
		if (!v[i].is_absent)
			frame_slice(&f, slice_cstr(v[i].name));
	}
	child_send_frame(gate, &f, -1);
}

static void tell_pair(struct child *gate, const struct certificate_file *file)
{
	struct frame_out f = { 0 };
	int fd = handout_pair(file->chain, file->key);

	frame_begin(&f, FRAME_CERTIFICATE);
	frame_slice(&f, slice_cstr(file->name));
	child_send_frame(gate, &f, fd);
}

/* The one without a name has the server's. */
static void tell_date(const struct certificates *c, struct child *auth,
                      const struct certificate_file *file, uint64_t expires)
{
	const char *name =
		file->name[0] != '\0' ? file->name : c->config->hostname;
	struct frame_out f = { 0 };

	frame_begin(&f, FRAME_CERTIFICATE_DATE);
	frame_slice(&f, slice_cstr(name));
	frame_u64(&f, expires);
	child_send_frame(auth, &f, -1);
}

static void tell_gates(struct certificates *c, uint8_t what,
                       const struct certificate_file *file)
{
	for (size_t i = 0; i < c->n_children; i++) {
		struct child *child = &c->children[i];

		if (child->role != ROLE_GATE || child->link == NULL)
			continue;
		if (file->name[0] != '\0')
			tell_names(child, what, file, 1);
		else if (what == NAME_THERE)
			tell_pair(child, file);
	}
}

static bool wants_dates(const struct child *c)
{
	return c->role == ROLE_AUTH || c->role == ROLE_METRICS;
}

static void tell_dates(struct certificates *c,
                       const struct certificate_file *file, uint64_t expires)
{
	for (size_t i = 0; i < c->n_children; i++) {
		if (wants_dates(&c->children[i]))
			tell_date(c, &c->children[i], file, expires);
	}
}

/* As many names as fit a frame. */
static size_t piece(const struct certificate_file *v, size_t n)
{
	size_t bytes = 0;
	size_t i = 0;

	while (i < n && i < NAMES_MOST && bytes < NAMES_BYTES)
		bytes += 4 + strlen(v[i++].name);
	return i;
}

static void introduce_gate(struct certificates *c, struct child *gate)
{
	const struct certificate_file *v = c->files.v;
	size_t n = c->files.n;

	if (n != 0 && v->name[0] == '\0') {
		if (!v->is_absent)
			tell_pair(gate, v);
		v++;
		n--;
	}
	while (n != 0) {
		size_t some = piece(v, n);

		tell_names(gate, NAME_THERE, v, some);
		v += some;
		n -= some;
	}
}

void certificates_introduce(struct certificates *c, struct child *child)
{
	client_ca_introduce(&c->client_ca, child);
	if (child->role == ROLE_GATE)
		introduce_gate(c, child);
	for (size_t i = 0; wants_dates(child) && i < c->files.n; i++) {
		if (c->files.v[i].expires != 0)
			tell_date(c, child, &c->files.v[i],
			          c->files.v[i].expires);
	}
}

bool certificates_answer(struct certificates *c, struct child *gate,
                         struct frame_in *f)
{
	struct slice asked = frame_read_slice(f, 254);
	const struct certificate_file *file;
	struct frame_out gone = { 0 };
	char *name;

	if (gate->role != ROLE_GATE || !frame_is_whole(f) || asked.len == 0 ||
	    slice_find_byte(asked, '\0') != SLICE_NONE)
		return false;
	name = mem_cstr(asked);
	file = certificate_files_find(&c->files, name);
	free(name);
	if (file != NULL && !file->is_absent) {
		tell_pair(gate, file);
		return true;
	}
	frame_begin(&gone, FRAME_CERTIFICATE);
	frame_slice(&gone, asked);
	child_send_frame(gate, &gone, -1);
	return true;
}

/* -- reading -- */

static void log_refused(const struct certificate_file *f, const char *problem)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "certificate_refused");

	log_text(&l, "file", slice_cstr(f->chain));
	log_text(&l, "problem", slice_cstr(problem));
	log_close(&l);
}

/* Of one that is new gates know the name already. */
static void read_pair(struct certificates *c, struct certificate_file *f)
{
	const char *problem = certificate_file_check(f);

	f->is_unread = false;
	if (problem != NULL) {
		log_refused(f, problem);
		return;
	}
	if (f->is_old)
		tell_gates(c, NAME_THERE, f);
	tell_dates(c, f, f->expires);
}

static void read_some(void *arg)
{
	struct certificates *c = arg;
	size_t left = TURN;

	for (size_t i = 0; i < c->files.n; i++) {
		if (!c->files.v[i].is_unread)
			continue;
		if (left-- == 0) {
			timer_start(&c->reading, c->loop, 1, read_some, c);
			return;
		}
		read_pair(c, &c->files.v[i]);
	}
}

static void go(struct certificates *c, const struct certificate_file *old)
{
	if (old->name[0] == '\0')
		log_refused(old, "it is not there any more");
	tell_gates(c, NAME_GONE, old);
	tell_dates(c, old, 0);
}

static void keep_watches(struct certificates *c, struct certificate_file *old,
                         struct certificate_file *new)
{
	if (old == NULL || !certificate_file_has_paths_of(new, old)) {
		watch_file(c, new);
		return;
	}
	memcpy(new->watch, old->watch, sizeof new->watch);
	memset(old->watch, 0, sizeof old->watch);
}

/* old: NULL, or the one that had its name. */
static void compare(struct certificates *c, struct certificate_file *old,
                    struct certificate_file *new)
{
	bool was = old != NULL && !old->is_absent;

	keep_watches(c, old, new);
	if (was && new->is_absent) {
		go(c, old);
	} else if (was) {
		new->expires = old->expires;
		new->is_old = true;
		if (certificate_file_is_same(old, new))
			new->is_unread = old->is_unread;
	} else if (!new->is_absent) {
		tell_gates(c, NAME_THERE, new);
	}
}

static void replace(struct certificates *c, struct certificate_files fresh)
{
	struct certificate_files old = c->files;

	c->files = fresh;
	for (size_t i = 0; i < fresh.n; i++)
		compare(c, certificate_files_find(&old, fresh.v[i].name),
		        &fresh.v[i]);
	for (size_t i = 0; i < old.n; i++) {
		unwatch_file(&old.v[i]);
		if (!old.v[i].is_absent &&
		    certificate_files_find(&fresh, old.v[i].name) == NULL)
			go(c, &old.v[i]);
	}
	certificate_files_free(&old);
}

static void read_client_ca(struct certificates *c)
{
	struct client_ca *ca = &c->client_ca;
	char *directory;

	if (!client_ca_read(ca, c->config, c->children, c->n_children))
		return;
	unwatch(c->client_ca_watch);
	c->client_ca_watch = NULL;
	if (ca->path == NULL)
		return;
	directory = directory_of(ca->path);
	c->client_ca_watch = watch(c, directory);
	free(directory);
}

void certificates_read(struct certificates *c, const struct config *config)
{
	c->config = config;
	read_client_ca(c);
	watch_directory(c);
	replace(c, certificate_files_read(config));
	/* the one that all have is not kept waiting */
	if (c->files.n != 0 && c->files.v[0].name[0] == '\0' &&
	    c->files.v[0].is_unread)
		read_pair(c, &c->files.v[0]);
	timer_start(&c->reading, c->loop, 1, read_some, c);
}

static void look_again(void *arg)
{
	struct certificates *c = arg;

	timer_start(&c->again, c->loop, AGAIN_MS, look_again, c);
	certificates_read(c, c->config);
}

/* -- the whole -- */

struct certificates *certificates_new(struct loop *loop,
                                      const struct config *config,
                                      struct child *children, size_t n)
{
	struct certificates *c = mem_new(1, sizeof *c);

	c->loop = loop;
	c->children = children;
	c->n_children = n;
	c->client_ca.fd = -1;
	certificates_read(c, config);
	timer_start(&c->again, loop, AGAIN_MS, look_again, c);
	return c;
}

void certificates_free(struct certificates *c)
{
	timer_stop(&c->quiet);
	timer_stop(&c->again);
	timer_stop(&c->reading);
	unwatch(c->directory);
	unwatch(c->client_ca_watch);
	client_ca_free(&c->client_ca);
	for (size_t i = 0; i < c->files.n; i++)
		unwatch_file(&c->files.v[i]);
	certificate_files_free(&c->files);
	free(c->watched);
	free(c);
}
