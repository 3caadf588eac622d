/*
 * crowd.c -- many connections that want nothing but to be there.
 *
 *	crowd --port N --count N [--tls | --mixed] [--rate N] [--hosts N]
 *	      [--networks N] [--first N] [--say] [--users N] [--again SECONDS]
 *
 * Opens them from the addresses 127.FIRST+network.0.host, RATE a second,
 * goes through TLS, waits for the greeting, and then (with --say) sends what
 * came on standard input, after it was closed; with --users, a % in it is the
 * number of one of that many users. --mixed: every other one with TLS. Says "up
 *GREETED CLOSED OPENED SECONDS" when all have been opened and each has been
 *greeted or closed, and when the process is told to end (SIGTERM) "closed N
 *FIRST LAST": how many the server has ended by then, and after how many seconds
 *since their connect. --again: opens for that long, those that were closed
 *anew.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SAY_MOST = 65536, EVENTS = 256 };

struct member {
	int fd;
	SSL *ssl; /* NULL: in clear */
	bool greeted;
	double since;
};

struct crowd {
	int port, epoll;
	unsigned count, rate, hosts, networks, first, users;
	bool tls, mixed, say;
	double again;
	SSL_CTX *ctx;
	struct member *members;
	char text[SAY_MOST];
	size_t text_len;
	unsigned opened, up, greeted, closed;
	double start, first_s, last_s;
};

static volatile sig_atomic_t told_to_end;

static void on_term(int number)
{
	(void)number;
	told_to_end = 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void member_end(struct crowd *c, struct member *m)
{
	double lived = now() - m->since;

	SSL_free(m->ssl);
	m->ssl = NULL;
	close(m->fd);
	m->fd = -1;
	if (c->closed++ == 0 || lived < c->first_s)
		c->first_s = lived;
	if (lived > c->last_s)
		c->last_s = lived;
}

static void bind_from(const struct crowd *c, int fd, unsigned n)
{
	unsigned network = c->first + n % c->networks;
	unsigned host = 1 + n / c->networks % c->hosts;
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(127u << 24 | network << 16 | host),
	};
	int yes = 1;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	if (bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
		die("bind");
}

static void member_open(struct crowd *c, struct member *m)
{
	unsigned n = c->opened++;
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)c->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		                  .data.ptr = m };

	*m = (struct member){ .since = now() };
	m->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->fd < 0)
		die("socket");
	bind_from(c, m->fd, n);
	if (connect(m->fd, (struct sockaddr *)&to, sizeof to) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	if (c->tls && !(c->mixed && n % 2 == 0)) {
		m->ssl = SSL_new(c->ctx);
		SSL_set_fd(m->ssl, m->fd);
		SSL_set_connect_state(m->ssl);
	}
	epoll_ctl(c->epoll, EPOLL_CTL_ADD, m->fd, &ev);
}

/* Like read(): -1 with EAGAIN when there is nothing. */
static ssize_t member_read(struct member *m, void *to, size_t size)
{
	int n;

	if (m->ssl == NULL)
		return read(m->fd, to, size);
	ERR_clear_error();
	n = SSL_read(m->ssl, to, (int)size);
	if (n > 0)
		return n;
	n = SSL_get_error(m->ssl, n);
	if (n != SSL_ERROR_WANT_READ && n != SSL_ERROR_WANT_WRITE)
		return 0;
	errno = EAGAIN;
	return -1;
}

/* The text, with the user's number where it has a %. */
static size_t fill_text(const struct crowd *c, const struct member *m, char *to,
                        size_t size)
{
	unsigned user = (unsigned)(m - c->members) % c->users;
	const char *mark = memchr(c->text, '%', c->text_len);
	size_t before = (size_t)(mark - c->text);

	return (size_t)snprintf(to, size, "%.*s%u%.*s", (int)before, c->text,
	                        user, (int)(c->text_len - before - 1),
	                        mark + 1);
}

/* The text is small and goes out first: the kernel takes it whole. */
static void member_say(struct crowd *c, struct member *m)
{
	char own[1024];
	const char *text = c->text;
	size_t len = c->text_len;

	if (c->users != 0) {
		len = fill_text(c, m, own, sizeof own);
		text = own;
	}
	ssize_t n = m->ssl != NULL ? SSL_write(m->ssl, text, (int)len)
	                           : write(m->fd, text, len);

	if (n != (ssize_t)len)
		fputs("crowd: could not say all\n", stderr);
}

static void member_run(struct crowd *c, struct member *m)
{
	char trash[8192];
	ssize_t n;

	if (m->fd < 0)
		return;
	while ((n = member_read(m, trash, sizeof trash)) > 0) {
		if (m->greeted)
			continue;
		m->greeted = true;
		c->greeted++;
		if (c->say)
			member_say(c, m);
	}
	if (n == 0 || errno != EAGAIN)
		member_end(c, m);
}

/* As many as are due. A member that was closed is opened anew if --again
 * says so. */
static void open_due(struct crowd *c)
{
	double due = (now() - c->start) * c->rate;
	unsigned burst = 0;

	if (c->again != 0 && now() - c->start > c->again)
		return;
	while (c->opened < due && burst++ < 256) {
		struct member *m = &c->members[c->opened % c->count];

		if (c->again == 0 && c->opened >= c->count)
			return;
		if (m->fd >= 0)
			member_end(c, m);
		member_open(c, m);
	}
}

static bool is_up(const struct crowd *c)
{
	if (c->again != 0)
		return now() - c->start > c->again;
	return c->opened == c->count && c->greeted + c->closed >= c->count;
}

static void run(struct crowd *c)
{
	struct epoll_event events[EVENTS];
	bool said = false;

	c->start = now();
	while (!told_to_end) {
		open_due(c);
		int n = epoll_wait(c->epoll, events, EVENTS, said ? 100 : 1);

		for (int i = 0; i < n; i++)
			member_run(c, events[i].data.ptr);
		if (said || !is_up(c))
			continue;
		said = true;
		printf("up %u %u %u %.2f\n", c->greeted, c->closed, c->opened,
		       now() - c->start);
		fflush(stdout);
	}
	printf("closed %u %.2f %.2f\n", c->closed, c->first_s, c->last_s);
}

static void usage(void)
{
	fputs("usage: crowd --port N --count N [options]\n", stderr);
	exit(64);
}

static void read_options(int argc, char **argv, struct crowd *c)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "count", required_argument, NULL, 'c' },
		{ "rate", required_argument, NULL, 'r' },
		{ "hosts", required_argument, NULL, 'h' },
		{ "networks", required_argument, NULL, 'n' },
		{ "first", required_argument, NULL, 'f' },
		{ "users", required_argument, NULL, 'u' },
		{ "again", required_argument, NULL, 'a' },
		{ "tls", no_argument, NULL, 't' },
		{ "mixed", no_argument, NULL, 'm' },
		{ "say", no_argument, NULL, 's' },
		{ 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'p':
			c->port = atoi(optarg);
			break;
		case 'c':
			c->count = (unsigned)atoi(optarg);
			break;
		case 'r':
			c->rate = (unsigned)atoi(optarg);
			break;
		case 'h':
			c->hosts = (unsigned)atoi(optarg);
			break;
		case 'n':
			c->networks = (unsigned)atoi(optarg);
			break;
		case 'f':
			c->first = (unsigned)atoi(optarg);
			break;
		case 'u':
			c->users = (unsigned)atoi(optarg);
			break;
		case 'a':
			c->again = atof(optarg);
			break;
		case 't':
			c->tls = true;
			break;
		case 'm':
			c->tls = c->mixed = true;
			break;
		case 's':
			c->say = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || c->port == 0 || c->count == 0)
		usage();
}

static void read_text(struct crowd *c)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, c->text + c->text_len,
	                 SAY_MOST - c->text_len)) > 0)
		c->text_len += (size_t)n;
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

int main(int argc, char **argv)
{
	static struct crowd c = {
		.rate = 1500, .hosts = 10, .networks = 64, .first = 10
	};

	read_options(argc, argv, &c);
	if (c.say)
		read_text(&c);
	signal(SIGTERM, on_term);
	signal(SIGPIPE, SIG_IGN);
	c.ctx = context_new();
	c.epoll = epoll_create1(EPOLL_CLOEXEC);
	c.members = calloc(c.count, sizeof *c.members);
	for (unsigned i = 0; i < c.count; i++)
		c.members[i].fd = -1;
	run(&c);
	return 0;
}
