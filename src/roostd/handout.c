/* handout.c -- copies of files in memory, for processes without files. */
#include "roostd/handout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/check.h"

enum { HANDOUT_MOST = 1 << 20 };

static int complain(const char *path, int error)
{
	struct log_line l = log_open(LOG_LEVEL_ERROR, "can't_read");

	log_text(&l, "file", slice_cstr(path));
	log_text(&l, "error", slice_cstr(strerrordesc_np(error)));
	log_close(&l);
	return -1;
}

/* Appends what is in the file. */
static bool read_whole(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	int error;

	if (fd < 0)
		return false;
	do {
		char *to = buf_room(out, 4096);

		errno = EFBIG;
		n = to != NULL ? read(fd, to, 4096) : -1;
		if (n > 0)
			out->len += (size_t)n;
	} while (n > 0);
	error = errno;
	close(fd);
	errno = error;
	return n == 0;
}

/* A memory file that nobody can change any more, read from its start. */
static int seal(struct slice text)
{
	int fd = memfd_create("roost", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return complain("memfd", errno);
	if (write(fd, text.ptr, text.len) != (ssize_t)text.len ||
	    lseek(fd, 0, SEEK_SET) != 0 ||
	    fcntl(fd, F_ADD_SEALS,
	          F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
	            0) {
		close(fd);
		return complain("memfd", errno);
	}
	return fd;
}

/* Has its full size from the start: growing would leave a copy behind that
 * nobody wipes. */
static struct buf secret_buf(void)
{
	struct buf b = buf_limit(HANDOUT_MOST);

	buf_room(&b, HANDOUT_MOST);
	return b;
}

int handout_pair(const char *chain, const char *key)
{
	struct buf pem = secret_buf();
	const char *path = chain;
	int fd = -1;
	bool ok = read_whole(path, &pem);

	if (ok && key != NULL) {
		path = key;
		buf_byte(&pem, '\n');
		ok = read_whole(path, &pem);
	}
	fd = ok ? seal(buf_slice(&pem)) : complain(path, errno);
	mem_wipe(pem.data, pem.cap);
	buf_free(&pem);
	return fd;
}

/* -- the configuration -- */

enum log_level log_level_of(const struct config *c)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(c->log_level, names[i]) == 0)
			return (enum log_level)i;
	}
	return LOG_LEVEL_INFO;
}

static void log_errors(const struct server *s,
                       const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n; i++) {
		bool mild = errors->v[i].is_warning;
		struct log_line l =
			log_open(mild ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR,
		                 mild ? "config_warning" : "config_error");

		log_text(&l, "file", slice_cstr(s->path));
		log_number(&l, "line", errors->v[i].line);
		log_text(&l, mild ? "warning" : "error",
		         slice_cstr(errors->v[i].text));
		log_close(&l);
	}
}

/* The options that are taken from server.start. */
static const char *const fixed[] = {
	"directory",   "listen_imap",      "listen_imaps", "listen_lmtp",
	"lmtp_socket", "lmtp_socket_user", "listen_auth",  "listen_metrics",
	"auth_socket", "auth_socket_user", "users",        "partitions",
	"gates",       "parsers",          "parse_memory", "parse_time",
	"hostname",
};

static bool is_same(const struct config *a, const struct config *b,
                    const struct config_option *o)
{
	struct buf x = { 0 };
	struct buf y = { 0 };
	bool same;

	config_value(a, o, &x);
	config_value(b, o, &y);
	same = slice_eq(buf_slice(&x), buf_slice(&y));
	buf_free(&x);
	buf_free(&y);
	return same;
}

static bool is_fixed(const struct config_option *o)
{
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		if (strcmp(fixed[i], o->name) == 0)
			return true;
	}
	return false;
}

static void warn_of_fixed(const struct config *old, const struct config *new)
{
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option *o = &config_options[i];

		if (is_fixed(o) && !is_same(old, new, o))
			log_note(LOG_LEVEL_WARN, "needs_restart", o->name);
	}
}

static void use(struct server *s, struct config *new)
{
	warn_of_fixed(s->start, new);
	if (s->config != s->start)
		config_free(s->config);
	s->config = new;
	log_set_level(log_level_of(new));
}

int handout_reload(struct server *s)
{
	struct buf text = buf_limit(HANDOUT_MOST);
	struct config_errors errors = { 0 };
	struct config *c = NULL;
	int fd = read_whole(s->path, &text) ? seal(buf_slice(&text))
	                                    : complain(s->path, errno);

	buf_free(&text);
	if (fd < 0)
		return -1;
	c = config_read(s->path, fd, &errors);
	if (c != NULL)
		config_check(c, &errors);
	log_errors(s, &errors);
	if (c != NULL && !config_is_refused(&errors)) {
		use(s, c);
	} else {
		config_free(c);
		close(fd);
		fd = -1;
	}
	config_errors_free(&errors);
	return fd;
}
