/*
 * load.c -- many mail clients in one process, to measure a server with.
 *
 *	load --port N [options] WORKLOAD
 *
 * Each client is a little state machine over one connection: it sends the
 * next request of its workload, waits for the reply, and goes on until the
 * time is up. Replies are scanned for their end, not parsed, so that the
 * client costs little beside the server. The last line is one JSON object.
 * Knows nothing of roost: the same program drives every server.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TAIL = 4096, MESSAGES = 64 };

/* One request of a workload, and when its reply is whole. */
enum step {
	STEP_CONNECT, /* greeting line */
	STEP_LOGIN,
	STEP_LOGOUT,
	STEP_SELECT,
	STEP_LIST,
	STEP_STATUS,
	STEP_FETCH_ALL,
	STEP_FETCH_BODY,
	STEP_STORE,
	STEP_DELETE,
	STEP_EXPUNGE,
	STEP_SEARCH,
	STEP_NOOP,
	STEP_APPEND,
	STEP_MULTIAPPEND,
	STEP_IDLE,
	STEP_STAY, /* no more requests */
	STEP_LHLO,
	STEP_LMTP_ENVELOPE,
	STEP_LMTP_DATA,
	STEP_AGAIN, /* back to the workload's loop step */
	STEP_END    /* close and start over */
};

struct workload {
	const char *name;
	size_t loop; /* index that STEP_AGAIN goes to */
	enum step steps[24];
};

static const struct workload workloads[] = {
	{ "login", 0, { STEP_CONNECT, STEP_LOGIN, STEP_LOGOUT, STEP_END } },
	{ "short",
	  0,
	  { STEP_CONNECT, STEP_LOGIN, STEP_LIST, STEP_STATUS, STEP_SELECT,
	    STEP_FETCH_ALL, STEP_FETCH_BODY, STEP_STORE, STEP_SEARCH,
	    STEP_APPEND, STEP_NOOP, STEP_LOGOUT, STEP_END } },
	{ "long",
	  3,
	  { STEP_CONNECT, STEP_LOGIN, STEP_SELECT, STEP_LIST, STEP_STATUS,
	    STEP_FETCH_ALL, STEP_FETCH_BODY, STEP_STORE, STEP_APPEND,
	    STEP_FETCH_BODY, STEP_STATUS, STEP_DELETE, STEP_EXPUNGE,
	    STEP_AGAIN } },
	{ "append", 2, { STEP_CONNECT, STEP_LOGIN, STEP_APPEND, STEP_AGAIN } },
	{ "multiappend",
	  2,
	  { STEP_CONNECT, STEP_LOGIN, STEP_MULTIAPPEND, STEP_AGAIN } },
	{ "fetch",
	  3,
	  { STEP_CONNECT, STEP_LOGIN, STEP_SELECT, STEP_FETCH_BODY,
	    STEP_AGAIN } },
	{ "store",
	  3,
	  { STEP_CONNECT, STEP_LOGIN, STEP_SELECT, STEP_STORE, STEP_AGAIN } },
	{ "noop",
	  3,
	  { STEP_CONNECT, STEP_LOGIN, STEP_SELECT, STEP_NOOP, STEP_AGAIN } },
	{ "idle",
	  0,
	  { STEP_CONNECT, STEP_LOGIN, STEP_SELECT, STEP_IDLE, STEP_STAY } },
	{ "lmtp",
	  2,
	  { STEP_CONNECT, STEP_LHLO, STEP_LMTP_ENVELOPE, STEP_LMTP_DATA,
	    STEP_AGAIN } },
};

struct client {
	int fd;
	SSL *ssl;
	unsigned number;
	size_t at; /* step */
	unsigned tag;
	unsigned replies; /* LMTP: final reply lines still to come */
	unsigned random;
	const char *out; /* what is still to be sent */
	size_t out_len;
	char *out_memory;
	char tail[TAIL]; /* the end of what has come in for this reply */
	size_t tail_len;
	bool staying;
	uint64_t sent_ns;
};

struct bench {
	const struct workload *work;
	int port;
	bool tls;
	unsigned clients, users, batch;
	double seconds;
	const char *user_format, *password, *mailbox;
	SSL_CTX *ctx;
	int epoll;
	char *message[MESSAGES];
	size_t message_len[MESSAGES];
	uint64_t end_ns;
	uint64_t done[STEP_END + 1];
	uint64_t commands, messages, failures, bytes, staying;
	uint64_t *latency_ns;
	size_t latencies, latency_cap;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned next_random(struct client *c)
{
	c->random = c->random * 1103515245u + 12345u;
	return c->random >> 8;
}

/* Made-up text messages of 4 to 10 KB. */
static void make_messages(struct bench *b)
{
	static const char *const words[] = { "alpha", "bravo", "charlie",
		                             "delta", "echo",  "foxtrot",
		                             "golf",  "hotel" };
	unsigned seed = 42;

	for (unsigned i = 0; i < MESSAGES; i++) {
		size_t size = 4096 + (size_t)i * 6144 / MESSAGES;
		char *m = malloc(size + 1024);
		size_t n = (size_t)sprintf(
			m,
			"From: Person %u <p%u@sender.example>\r\n"
			"To: somebody@example.org\r\n"
			"Subject: message number %u of the load\r\n"
			"Date: Mon, 2 Nov 2026 10:%02u:00 +0000\r\n"
			"Message-ID: <load-%u@sender.example>\r\n"
			"MIME-Version: 1.0\r\n"
			"Content-Type: text/plain; charset=utf-8\r\n\r\n",
			i, i, i, i % 60, i);

		while (n < size) {
			for (int w = 0; w < 9; w++) {
				seed = seed * 1103515245u + 12345u;
				n += (size_t)sprintf(m + n, "%s ",
				                     words[seed >> 16 & 7]);
			}
			n += (size_t)sprintf(m + n, "%x\r\n", seed);
		}
		b->message[i] = m;
		b->message_len[i] = n;
	}
}

static void fail(struct bench *b, struct client *c, const char *what)
{
	b->failures++;
	if (b->failures <= 5)
		fprintf(stderr, "client %u, step %d: %s: %.*s\n", c->number,
		        (int)b->work->steps[c->at], what,
		        (int)(c->tail_len < 200 ? c->tail_len : 200), c->tail);
}

static void client_close(struct client *c)
{
	if (c->ssl != NULL)
		SSL_free(c->ssl);
	c->ssl = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	free(c->out_memory);
	c->out_memory = NULL;
	c->out_len = 0;
}

static void client_connect(struct bench *b, struct client *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)b->port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		                  .data.ptr = c };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0) {
		perror("connect");
		exit(1);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (b->tls) {
		c->ssl = SSL_new(b->ctx);
		SSL_set_fd(c->ssl, c->fd);
		SSL_set_connect_state(c->ssl);
	}
	c->tail_len = 0;
	epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

__attribute__((format(printf, 2, 3))) static char *text(size_t *len,
                                                        const char *format, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	assert(n >= 0);
	*len = (size_t)n;
	return s;
}

/* "A7 APPEND box {n+}" and one message, or several in one command. */
static char *append_text(struct bench *b, struct client *c, unsigned n,
                         size_t *len)
{
	size_t cap = 256 + (size_t)n * (16384 + 64);
	char *s = malloc(cap);
	size_t at = (size_t)sprintf(s, "A%u APPEND %s", c->tag, b->mailbox);

	for (unsigned i = 0; i < n; i++) {
		unsigned m = next_random(c) % MESSAGES;

		at += (size_t)sprintf(s + at, " {%zu+}\r\n", b->message_len[m]);
		memcpy(s + at, b->message[m], b->message_len[m]);
		at += b->message_len[m];
	}
	memcpy(s + at, "\r\n", 2);
	*len = at + 2;
	return s;
}

static char *lmtp_data(struct bench *b, struct client *c, size_t *len)
{
	unsigned m = next_random(c) % MESSAGES;

	return text(len, "%.*s.\r\n", (int)b->message_len[m], b->message[m]);
}

static char *user_name(struct bench *b, struct client *c)
{
	static char name[256];
	size_t at = 0;

	for (const char *f = b->user_format; *f != '\0'; f++) {
		if (f[0] == '%' && f[1] == 'd') {
			at += (size_t)sprintf(name + at, "%u",
			                      c->number % b->users + 1);
			f++;
		} else {
			name[at++] = *f;
		}
	}
	name[at] = '\0';
	return name;
}

static char *request(struct bench *b, struct client *c, size_t *len)
{
	unsigned r = next_random(c);

	switch (b->work->steps[c->at]) {
	case STEP_LOGIN:
		return text(len, "A%u LOGIN \"%s\" \"%s\"\r\n", c->tag,
		            user_name(b, c), b->password);
	case STEP_LOGOUT:
		return text(len, "A%u LOGOUT\r\n", c->tag);
	case STEP_SELECT:
		return text(len, "A%u SELECT %s\r\n", c->tag, b->mailbox);
	case STEP_LIST:
		return text(len, "A%u LIST \"\" *\r\n", c->tag);
	case STEP_STATUS:
		return text(len, "A%u STATUS %s (MESSAGES UNSEEN UIDNEXT)\r\n",
		            c->tag, b->mailbox);
	case STEP_FETCH_ALL:
		return text(len, "A%u FETCH 1:* (UID FLAGS)\r\n", c->tag);
	case STEP_FETCH_BODY:
		return text(len,
		            "A%u FETCH %u (FLAGS ENVELOPE BODY.PEEK[])\r\n",
		            c->tag, r % 10 + 1);
	case STEP_STORE:
		return text(len, "A%u STORE %u %cFLAGS (\\Flagged)\r\n", c->tag,
		            r % 10 + 1, "+-"[r >> 8 & 1]);
	case STEP_DELETE: /* as many go as come: the mailbox keeps its size */
		return text(len, "A%u STORE 11 +FLAGS.SILENT (\\Deleted)\r\n",
		            c->tag);
	case STEP_EXPUNGE:
		return text(len, "A%u EXPUNGE\r\n", c->tag);
	case STEP_SEARCH:
		return text(len, "A%u SEARCH UNSEEN SUBJECT number\r\n",
		            c->tag);
	case STEP_NOOP:
		return text(len, "A%u NOOP\r\n", c->tag);
	case STEP_APPEND:
		return append_text(b, c, 1, len);
	case STEP_MULTIAPPEND:
		return append_text(b, c, b->batch, len);
	case STEP_IDLE:
		return text(len, "A%u IDLE\r\n", c->tag);
	case STEP_LHLO:
		c->replies = 1;
		return text(len, "LHLO load.example\r\n");
	case STEP_LMTP_ENVELOPE:
		c->replies = 3;
		return text(len,
		            "MAIL FROM:<p@sender.example>\r\n"
		            "RCPT TO:<%s>\r\nDATA\r\n",
		            user_name(b, c));
	case STEP_LMTP_DATA:
		c->replies = 1;
		return lmtp_data(b, c, len);
	default:
		abort();
	}
}

/* Has the reply to the current step arrived whole? Looks at c->tail. */
static bool reply_is_whole(struct bench *b, struct client *c)
{
	char tag[32];
	size_t n;
	const char *p = c->tail, *end = c->tail + c->tail_len;

	switch (b->work->steps[c->at]) {
	case STEP_CONNECT:
		return memchr(p, '\n', c->tail_len) != NULL;
	case STEP_IDLE:
		return c->tail_len > 1 && p[0] == '+' && end[-1] == '\n';
	case STEP_LHLO:
	case STEP_LMTP_ENVELOPE:
	case STEP_LMTP_DATA:
		while (c->replies != 0 && p < end) {
			const char *nl = memchr(p, '\n', (size_t)(end - p));

			if (nl == NULL)
				break;
			if (nl - p >= 4 && p[3] != '-') {
				c->replies--;
				if (p[0] > '3')
					fail(b, c, "refused");
			}
			p = nl + 1;
		}
		memmove(c->tail, p, (size_t)(end - p));
		c->tail_len = (size_t)(end - p);
		return c->replies == 0;
	default:
		break;
	}
	if (c->tail_len == 0 || end[-1] != '\n')
		return false;
	n = (size_t)sprintf(tag, "A%u ", c->tag);
	for (p = end - 1; p > c->tail && p[-1] != '\n'; p--)
		continue;
	if ((size_t)(end - p) < n + 2 || memcmp(p, tag, n) != 0)
		return false;
	if (memcmp(p + n, "OK", 2) != 0)
		fail(b, c, "not OK");
	return true;
}

static void note_latency(struct bench *b, uint64_t ns)
{
	if (b->latencies == b->latency_cap) {
		b->latency_cap =
			b->latency_cap != 0 ? b->latency_cap * 2 : 65536;
		b->latency_ns = realloc(b->latency_ns,
		                        b->latency_cap * sizeof *b->latency_ns);
	}
	b->latency_ns[b->latencies++] = ns;
}

/* The reply is there: on to the next step. False: the client is done. */
static bool client_next(struct bench *b, struct client *c)
{
	enum step was = b->work->steps[c->at];

	b->done[was]++;
	b->commands += was != STEP_CONNECT;
	b->messages += was == STEP_APPEND || was == STEP_LMTP_DATA ? 1
	               : was == STEP_MULTIAPPEND                   ? b->batch
	                                                           : 0;
	note_latency(b, now_ns() - c->sent_ns);
	c->at++;
	c->tail_len = 0;
	if (b->work->steps[c->at] == STEP_AGAIN)
		c->at = b->work->loop;
	if (b->work->steps[c->at] == STEP_STAY) {
		c->staying = true;
		b->staying++;
		return true;
	}
	if (now_ns() > b->end_ns && b->end_ns != 0) {
		client_close(c);
		return false;
	}
	c->sent_ns = now_ns();
	if (b->work->steps[c->at] == STEP_END) {
		client_close(c);
		c->at = 0;
		client_connect(b, c);
		return true;
	}
	c->tag++;
	c->out_memory = request(b, c, &c->out_len);
	c->out = c->out_memory;
	return true;
}

static ssize_t io_result(SSL *ssl, int r)
{
	int e = SSL_get_error(ssl, r);

	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
		errno = EAGAIN;
		return -1;
	}
	return e == SSL_ERROR_ZERO_RETURN ? 0 : (errno = EIO, -1);
}

static ssize_t io_read(struct client *c, void *to, size_t n)
{
	int r;

	if (c->ssl == NULL)
		return read(c->fd, to, n);
	r = SSL_read(c->ssl, to, (int)n);
	return r > 0 ? r : io_result(c->ssl, r);
}

static ssize_t io_write(struct client *c, const void *from, size_t n)
{
	int r;

	if (c->ssl == NULL)
		return write(c->fd, from, n);
	r = SSL_write(c->ssl, from, (int)(n < 1 << 20 ? n : 1 << 20));
	return r > 0 ? r : io_result(c->ssl, r);
}

static bool client_send(struct client *c)
{
	while (c->out_len != 0) {
		ssize_t n = io_write(c, c->out, c->out_len);

		if (n < 0)
			return errno == EAGAIN;
		c->out += n;
		c->out_len -= (size_t)n;
	}
	free(c->out_memory);
	c->out_memory = NULL;
	return true;
}

/* Keeps the last TAIL bytes of what comes in. */
static void keep_tail(struct client *c, const char *p, size_t n)
{
	if (n >= TAIL) {
		memcpy(c->tail, p + n - TAIL, TAIL);
		c->tail_len = TAIL;
		return;
	}
	if (c->tail_len + n > TAIL) {
		size_t drop = c->tail_len + n - TAIL;

		memmove(c->tail, c->tail + drop, c->tail_len - drop);
		c->tail_len -= drop;
	}
	memcpy(c->tail + c->tail_len, p, n);
	c->tail_len += n;
}

/* False: the client is done. */
static bool client_run(struct bench *b, struct client *c)
{
	static char in[1 << 16];

	for (;;) {
		ssize_t n;

		if (c->out_len != 0 && !client_send(c)) {
			fail(b, c, "write failed");
			client_close(c);
			return false;
		}
		n = io_read(c, in, sizeof in);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0) {
			fail(b, c, "the server closed");
			client_close(c);
			return false;
		}
		b->bytes += (uint64_t)n;
		keep_tail(c, in, (size_t)n);
		if (c->staying || !reply_is_whole(b, c))
			continue;
		if (!client_next(b, c))
			return false;
	}
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double latency_ms(struct bench *b, double share)
{
	if (b->latencies == 0)
		return 0;
	return (double)b->latency_ns[(size_t)((double)(b->latencies - 1) *
	                                      share)] /
	       1e6;
}

static void report(struct bench *b, double took)
{
	struct rusage self;

	getrusage(RUSAGE_SELF, &self);
	qsort(b->latency_ns, b->latencies, sizeof *b->latency_ns, by_size);
	printf("{\"workload\": \"%s\", \"tls\": %s, \"clients\": %u, "
	       "\"seconds\": %.2f, \"commands\": %llu, \"messages\": %llu, "
	       "\"logins\": %llu, \"failures\": %llu, \"bytes\": %llu, "
	       "\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"client_cpu_s\": %.2f}\n",
	       b->work->name, b->tls ? "true" : "false", b->clients, took,
	       (unsigned long long)b->commands, (unsigned long long)b->messages,
	       (unsigned long long)b->done[STEP_LOGIN],
	       (unsigned long long)b->failures, (unsigned long long)b->bytes,
	       latency_ms(b, 0.5), latency_ms(b, 0.99),
	       (double)self.ru_utime.tv_sec + (double)self.ru_stime.tv_sec +
	               (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec) /
	                       1e6);
	fflush(stdout);
}

/* All idle: say so, and stay until standard input ends. */
static void stay(struct bench *b, double took)
{
	char c;

	report(b, took);
	while (read(STDIN_FILENO, &c, 1) > 0)
		continue;
}

static void run(struct bench *b)
{
	struct client *clients = calloc(b->clients, sizeof *clients);
	struct epoll_event events[256];
	unsigned alive = b->clients, opened = 0;
	uint64_t start = now_ns();

	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (b->seconds > 0)
		b->end_ns = start + (uint64_t)(b->seconds * 1e9);
	while (alive != 0 && b->staying < alive) {
		int n;

		/* a few at a time, as a listen queue is finite */
		while (opened < b->clients && opened < b->staying + 64) {
			struct client *c = &clients[opened];

			c->number = opened++;
			c->random = c->number * 7919 + 1;
			c->sent_ns = now_ns();
			client_connect(b, c);
		}
		n = epoll_wait(b->epoll, events, 256, 1000);
		for (int i = 0; i < n; i++)
			alive -= !client_run(b, events[i].data.ptr);
		if (b->end_ns != 0 && now_ns() > b->end_ns + 30000000000u) {
			fprintf(stderr, "%u clients hang\n", alive);
			b->failures += alive;
			break;
		}
	}
	if (b->staying != 0)
		stay(b, (double)(now_ns() - start) / 1e9);
	else
		report(b, (double)(now_ns() - start) / 1e9);
	for (unsigned i = 0; i < opened; i++)
		client_close(&clients[i]);
	free(clients);
}

static void usage(void)
{
	fputs("usage: load --port N [--tls] [--clients N] [--users N]\n"
	      "            [--user FORMAT] [--password P] [--mailbox M]\n"
	      "            [--seconds S] [--batch N] WORKLOAD\n"
	      "FORMAT: an address with %d for the user's number\nWORKLOAD:",
	      stderr);
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		fprintf(stderr, " %s", workloads[i].name);
	fputc('\n', stderr);
	exit(64);
}

static const struct workload *find_workload(const char *name)
{
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		if (strcmp(workloads[i].name, name) == 0)
			return &workloads[i];
	usage();
	return NULL;
}

static void read_options(int argc, char **argv, struct bench *b)
{
	static const struct option options[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "tls", no_argument, NULL, 't' },
		{ "clients", required_argument, NULL, 'c' },
		{ "users", required_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' },
		{ "password", required_argument, NULL, 'w' },
		{ "mailbox", required_argument, NULL, 'm' },
		{ "seconds", required_argument, NULL, 's' },
		{ "batch", required_argument, NULL, 'b' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 'p':
			b->port = atoi(optarg);
			break;
		case 't':
			b->tls = true;
			break;
		case 'c':
			b->clients = (unsigned)atoi(optarg);
			break;
		case 'n':
			b->users = (unsigned)atoi(optarg);
			break;
		case 'u':
			b->user_format = optarg;
			break;
		case 'w':
			b->password = optarg;
			break;
		case 'm':
			b->mailbox = optarg;
			break;
		case 's':
			b->seconds = atof(optarg);
			break;
		case 'b':
			b->batch = (unsigned)atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc || b->port == 0)
		usage();
	b->work = find_workload(argv[optind]);
}

int main(int argc, char **argv)
{
	struct bench b = { .clients = 50,
		           .users = 100,
		           .seconds = 10,
		           .batch = 20,
		           .user_format = "user%d@example.org",
		           .password = "pass",
		           .mailbox = "INBOX" };
	struct rlimit files;

	read_options(argc, argv, &b);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	b.ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_mode(b.ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
	                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	                                SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(b.ctx, SSL_SESS_CACHE_OFF);
	make_messages(&b);
	run(&b);
	return b.failures != 0;
}
