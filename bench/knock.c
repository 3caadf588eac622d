/*
 * knock.c -- many clients that log in, or try to, and go.
 *
 *	knock --port N [options]
 *
 * Each client is a thread: it connects, proves who it is by one mechanism,
 * hears the answer, logs out, and begins anew until the time is up. Before
 * that each user logs in once, uncounted; then it says "warm", and at the end
 * a line of JSON.
 * Knows nothing of roost: the same program drives every server.
 *
 * With --wrong nobody knows the password, and users are taken at random. Who
 * has waited --patience milliseconds for an answer hangs up; between two tries
 * are --pause. Clients come from --sources addresses, 127.FIRST.0.1,
 * 127.FIRST.1.1 and on, each in a network of its own.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 8192, DIGEST = 32, STACK = 256 * 1024, NETWORK_HOSTS = 250 };

/* How a try ends. */
enum end { LET_IN, REFUSED, BUSY, UNANSWERED, ENDS };

struct user {
	char name[256];
	char secret[4096];
	bool is_salted; /* the keys of SCRAM are there, which take long */
	uint8_t salted[DIGEST];
};

struct plan {
	int port;
	bool tls, wrong;
	const struct mechanism *mechanism;
	const char *user_form, *secret, *secrets;
	unsigned clients, users, sources, first, patience_ms, pause_ms;
	double seconds, end;
	SSL_CTX *tls_context;
	struct user *user;
};

struct client {
	const struct plan *plan;
	pthread_t thread;
	unsigned number;
	unsigned seed;
	int fd;
	SSL *ssl;
	char in[TEXT];
	size_t len;
	size_t count[ENDS];
	size_t n_took;
	float *took_ms; /* of those let in */
};

struct mechanism {
	const char *name;
	bool (*prove)(struct client *, const struct user *);
};

static void die(const char *what)
{
	fprintf(stderr, "knock: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- a connection -- */

static bool say(struct client *c, const char *text)
{
	int len = (int)strlen(text);

	if (c->ssl != NULL)
		return SSL_write(c->ssl, text, len) == len;
	return send(c->fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

static bool hear_some(struct client *c)
{
	char *to = c->in + c->len;
	size_t room = sizeof c->in - 1 - c->len;
	ssize_t n = c->ssl != NULL ? SSL_read(c->ssl, to, (int)room)
	                           : recv(c->fd, to, room, 0);

	if (n <= 0)
		return false;
	c->len += (size_t)n;
	return true;
}

/* The next line, without its end; false: there is none. */
static bool hear(struct client *c, char line[TEXT])
{
	char *end;

	while ((end = memchr(c->in, '\n', c->len)) == NULL)
		if (c->len == sizeof c->in - 1 || !hear_some(c))
			return false;
	size_t n = (size_t)(end + 1 - c->in);
	memcpy(line, c->in, n);
	line[n - 1] = '\0';
	if (n >= 2 && line[n - 2] == '\r')
		line[n - 2] = '\0';
	c->len -= n;
	memmove(c->in, c->in + n, c->len);
	return true;
}

static void hang_up(struct client *c)
{
	SSL_free(c->ssl);
	c->ssl = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->len = 0;
}

static void come_from(const struct client *c)
{
	const struct plan *p = c->plan;
	unsigned n = c->number % (p->sources != 0 ? p->sources : 1);
	unsigned network = p->first + n / NETWORK_HOSTS;
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(127u << 24 | network << 16 |
		                         n % NETWORK_HOSTS << 8 | 1),
	};
	int yes = 1;

	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes,
	           sizeof yes);
	if (p->sources != 0 &&
	    bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0)
		die("bind");
}

static bool dial(struct client *c)
{
	const struct plan *p = c->plan;
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)p->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = { p->patience_ms / 1000,
		                    p->patience_ms % 1000 * 1000 };
	char line[TEXT];

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	come_from(c);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	/* of connect(), too */
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
		return false;
	if (p->tls) {
		c->ssl = SSL_new(p->tls_context);
		SSL_set_fd(c->ssl, c->fd);
		if (SSL_connect(c->ssl) != 1)
			return false;
	}
	return hear(c, line);
}

/* -- mechanisms: each says all but the last answer -- */

static void base64(const void *from, size_t len, char *to)
{
	EVP_EncodeBlock((uint8_t *)to, from, (int)len);
}

/* AUTHENTICATE with these octets as its initial response. */
static bool authenticate(struct client *c, const char *name, const char *octets,
                         size_t len)
{
	char text[TEXT * 2];
	int n = snprintf(text, sizeof text, "a AUTHENTICATE %s ", name);

	base64(octets, len, text + n);
	strcat(text, "\r\n");
	return say(c, text);
}

static bool by_command(struct client *c, const struct user *u)
{
	char text[TEXT];

	snprintf(text, sizeof text, "a LOGIN %s \"%s\"\r\n", u->name,
	         u->secret);
	return say(c, text);
}

static bool by_plain(struct client *c, const struct user *u)
{
	char text[TEXT];
	int n = snprintf(text, sizeof text, "%c%s%c%s", 0, u->name, 0,
	                 u->secret);

	return authenticate(c, "PLAIN", text, (size_t)n);
}

/* Behind a challenge. */
static bool respond(struct client *c, const char *octets, size_t len)
{
	char text[TEXT * 2];

	base64(octets, len, text);
	strcat(text, "\r\n");
	return say(c, text);
}

static bool by_login(struct client *c, const struct user *u)
{
	char line[TEXT];

	return say(c, "a AUTHENTICATE LOGIN\r\n") && hear(c, line) &&
	       respond(c, u->name, strlen(u->name)) && hear(c, line) &&
	       respond(c, u->secret, strlen(u->secret));
}

static bool by_token(struct client *c, const struct user *u)
{
	char text[TEXT];
	int n = snprintf(text, sizeof text, "n,a=%s,\1auth=Bearer %s\1\1",
	                 u->name, u->secret);

	return authenticate(c, "OAUTHBEARER", text, (size_t)n);
}

/* -- SCRAM, RFC 5802 section 3 -- */

static void hmac(const uint8_t key[DIGEST], const char *text, size_t len,
                 uint8_t out[DIGEST])
{
	unsigned n = DIGEST;

	HMAC(EVP_sha256(), key, DIGEST, (const uint8_t *)text, len, out, &n);
}

/* Once for a user, as mail clients do. */
static void salt(struct user *u, const char *salt_text, int rounds)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	uint8_t salt[TEXT];

	pthread_mutex_lock(&mutex);
	if (!u->is_salted) {
		size_t text_len = strlen(salt_text);
		int n = EVP_DecodeBlock(salt, (const uint8_t *)salt_text,
		                        (int)text_len);

		while (text_len != 0 && salt_text[--text_len] == '=')
			n--;
		PKCS5_PBKDF2_HMAC(u->secret, (int)strlen(u->secret), salt, n,
		                  rounds, EVP_sha256(), DIGEST, u->salted);
		u->is_salted = true;
	}
	pthread_mutex_unlock(&mutex);
}

static void proof_of(const struct user *u, const char *message, char *out)
{
	uint8_t key[DIGEST], stored[DIGEST], signature[DIGEST];

	hmac(u->salted, "Client Key", 10, key);
	EVP_Digest(key, DIGEST, stored, NULL, EVP_sha256(), NULL);
	hmac(stored, message, strlen(message), signature);
	for (int i = 0; i < DIGEST; i++)
		key[i] ^= signature[i];
	base64(key, DIGEST, out);
}

/* "+ base64": the server's first message. */
static bool hear_challenge(struct client *c, char out[TEXT])
{
	char line[TEXT];
	int n;

	if (!hear(c, line) || strncmp(line, "+ ", 2) != 0)
		return false;
	n = EVP_DecodeBlock((uint8_t *)out, (uint8_t *)line + 2,
	                    (int)strlen(line + 2));
	if (n < 0)
		return false;
	for (const char *p = line + strlen(line); p[-1] == '='; p--)
		n--;
	out[n] = '\0';
	return true;
}

/* What binds to the TLS channel, behind the header that says so; its length. */
static size_t binding_of(const struct client *c, bool plus, char out[64])
{
	const char *header = plus ? "p=tls-exporter,," : "n,,";
	size_t n = strlen(header);

	memcpy(out, header, n);
	if (!plus)
		return n;
	SSL_export_keying_material(c->ssl, (uint8_t *)out + n, DIGEST,
	                           "EXPORTER-Channel-Binding", 24, NULL, 0, 1);
	return n + DIGEST;
}

static bool by_scram(struct client *c, const struct user *u, bool plus)
{
	char bound[64], first[TEXT], challenge[TEXT], message[TEXT * 3];
	char final[TEXT], nonce[TEXT], salt_text[TEXT], proof[64];
	uint8_t random[18];
	char random_text[32], bound_text[128];
	size_t bound_len = binding_of(c, plus, bound);
	size_t header = strlen(plus ? "p=tls-exporter,," : "n,,");
	int rounds;

	RAND_bytes(random, sizeof random);
	base64(random, sizeof random, random_text);
	snprintf(first, sizeof first, "%.*sn=%s,r=%s", (int)header, bound,
	         u->name, random_text);
	if (!authenticate(c, plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256",
	                  first, strlen(first)) ||
	    !hear_challenge(c, challenge) ||
	    sscanf(challenge, "r=%[^,],s=%[^,],i=%d", nonce, salt_text,
	           &rounds) != 3)
		return false;
	salt((struct user *)(uintptr_t)u, salt_text, rounds);
	base64(bound, bound_len, bound_text);
	snprintf(final, sizeof final, "c=%s,r=%.4000s", bound_text, nonce);
	snprintf(message, sizeof message, "%s,%s,%s", first + header, challenge,
	         final);
	proof_of(u, message, proof);
	strcat(strcat(final, ",p="), proof);
	return respond(c, final, strlen(final)) && hear(c, message) &&
	       (message[0] != '+' || say(c, "\r\n"));
}

static bool by_scram_alone(struct client *c, const struct user *u)
{
	return by_scram(c, u, false);
}

static bool by_scram_plus(struct client *c, const struct user *u)
{
	return by_scram(c, u, true);
}

static const struct mechanism mechanisms[] = {
	{ "command", by_command },
	{ "PLAIN", by_plain },
	{ "LOGIN", by_login },
	{ "SCRAM-SHA-256", by_scram_alone },
	{ "SCRAM-SHA-256-PLUS", by_scram_plus },
	{ "OAUTHBEARER", by_token },
};

/* -- a try -- */

static enum end end_of(struct client *c)
{
	char line[TEXT];

	while (hear(c, line)) {
		if (strncmp(line, "a ", 2) != 0)
			continue;
		if (strncmp(line, "a OK", 4) == 0)
			return LET_IN;
		return strstr(line, "[UNAVAILABLE]") != NULL ? BUSY : REFUSED;
	}
	return UNANSWERED;
}

/* LOGOUT, until the server has closed. */
static void log_out(struct client *c)
{
	char line[TEXT];

	if (say(c, "b LOGOUT\r\n"))
		while (hear(c, line))
			;
}

static enum end attempt(struct client *c, const struct user *u)
{
	enum end end = UNANSWERED;

	if (dial(c) && c->plan->mechanism->prove(c, u))
		end = end_of(c);
	return end;
}

static void note(struct client *c, enum end end, double took_s)
{
	c->count[end]++;
	if (end != LET_IN)
		return;
	if ((c->n_took & (c->n_took - 1)) == 0)
		c->took_ms = realloc(c->took_ms,
		                     (c->n_took != 0 ? 2 * c->n_took : 1) *
		                             sizeof *c->took_ms);
	c->took_ms[c->n_took++] = (float)(took_s * 1000);
}

static void try_once(struct client *c)
{
	const struct plan *p = c->plan;
	unsigned n = p->wrong ? (unsigned)rand_r(&c->seed) : c->seed++;
	const struct user *u = &p->user[n % p->users];
	struct user guess;
	double start = now();
	enum end end;

	if (p->wrong) {
		guess = *u;
		snprintf(guess.secret, sizeof guess.secret, "wrong%u-%u",
		         c->number, (unsigned)rand_r(&c->seed));
		u = &guess;
	}
	end = attempt(c, u);
	note(c, end, now() - start);
	if (end == LET_IN)
		log_out(c);
	hang_up(c);
	if (p->pause_ms != 0)
		usleep(p->pause_ms * 1000);
}

static void *run_client(void *arg)
{
	struct client *c = arg;
	const struct plan *p = c->plan;

	/* who pauses would otherwise come all at once, again and again */
	usleep(p->pause_ms * 1000 / p->clients * c->number);
	while (now() < p->end)
		try_once(c);
	return NULL;
}

/* -- all of them -- */

static void make_users(struct plan *p)
{
	FILE *f = p->secrets != NULL ? fopen(p->secrets, "r") : NULL;

	if (p->secrets != NULL && f == NULL)
		die("no such file of secrets");
	p->user = calloc(p->users, sizeof *p->user);
	for (unsigned i = 0; i < p->users; i++) {
		struct user *u = &p->user[i];

		/* the form is the caller's, with one %d */
		snprintf(u->name, sizeof u->name, p->user_form, i + 1);
		snprintf(u->secret, sizeof u->secret, "%s", p->secret);
		if (f != NULL && fgets(u->secret, sizeof u->secret, f) == NULL)
			die("too few secrets");
		u->secret[strcspn(u->secret, "\n")] = '\0';
	}
	if (f != NULL)
		fclose(f);
}

static void warm(const struct plan *p)
{
	struct client c = { .plan = p, .fd = -1 };

	for (unsigned i = 0; i < p->users && !p->wrong; i++) {
		if (attempt(&c, &p->user[i]) != LET_IN)
			die("a user can't log in");
		log_out(&c);
		hang_up(&c);
	}
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void report(const struct plan *p, const struct client *clients,
                   double took)
{
	size_t count[ENDS] = { 0 };
	size_t n = 0;
	float *all;

	for (unsigned i = 0; i < p->clients; i++)
		for (int e = 0; e < ENDS; e++)
			count[e] += clients[i].count[e];
	all = calloc(count[LET_IN] + 1, sizeof *all);
	for (unsigned i = 0; i < p->clients; i++) {
		memcpy(all + n, clients[i].took_ms,
		       clients[i].n_took * sizeof *all);
		n += clients[i].n_took;
	}
	qsort(all, n, sizeof *all, by_size);
	printf("{\"seconds\": %.3f, \"logins\": %zu, \"refused\": %zu, "
	       "\"busy\": %zu, \"unanswered\": %zu, \"p50_ms\": %.3f, "
	       "\"p99_ms\": %.3f}\n",
	       took, count[LET_IN], count[REFUSED], count[BUSY],
	       count[UNANSWERED], (double)all[n / 2],
	       (double)all[n * 99 / 100]);
	free(all);
}

static void run(struct plan *p)
{
	struct client *clients = calloc(p->clients, sizeof *clients);
	double start = now();
	pthread_attr_t attr;

	p->end = start + p->seconds;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (unsigned i = 0; i < p->clients; i++) {
		struct client *c = &clients[i];

		*c = (struct client){
			.plan = p, .number = i, .seed = i * 7919, .fd = -1
		};
		if (pthread_create(&c->thread, &attr, run_client, c) != 0)
			die("no more threads");
	}
	for (unsigned i = 0; i < p->clients; i++)
		pthread_join(clients[i].thread, NULL);
	report(p, clients, now() - start);
	free(clients);
}

static const struct mechanism *mechanism_named(const char *name)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		if (strcmp(mechanisms[i].name, name) == 0)
			return &mechanisms[i];
	die("no such mechanism");
	return NULL;
}

static const struct option options[] = {
	{ "port", required_argument, NULL, 'p' },
	{ "tls", no_argument, NULL, 't' },
	{ "mechanism", required_argument, NULL, 'm' },
	{ "user", required_argument, NULL, 'u' },
	{ "users", required_argument, NULL, 'n' },
	{ "password", required_argument, NULL, 'w' },
	{ "secrets", required_argument, NULL, 'f' },
	{ "clients", required_argument, NULL, 'c' },
	{ "seconds", required_argument, NULL, 's' },
	{ "sources", required_argument, NULL, 'a' },
	{ "first", required_argument, NULL, '1' },
	{ "wrong", no_argument, NULL, 'x' },
	{ "patience", required_argument, NULL, 'i' },
	{ "pause", required_argument, NULL, 'z' },
	{ 0 },
};

static void read_option(struct plan *p, int option)
{
	unsigned number = optarg != NULL ? (unsigned)atoi(optarg) : 0;

	switch (option) {
	case 'p':
		p->port = (int)number;
		break;
	case 't':
		p->tls = true;
		break;
	case 'm':
		p->mechanism = mechanism_named(optarg);
		break;
	case 'u':
		p->user_form = optarg;
		break;
	case 'n':
		p->users = number;
		break;
	case 'w':
		p->secret = optarg;
		break;
	case 'f':
		p->secrets = optarg;
		break;
	case 'c':
		p->clients = number;
		break;
	case 's':
		p->seconds = atof(optarg);
		break;
	case 'a':
		p->sources = number;
		break;
	case '1':
		p->first = number;
		break;
	case 'x':
		p->wrong = true;
		break;
	case 'i':
		p->patience_ms = number;
		break;
	case 'z':
		p->pause_ms = number;
		break;
	default:
		die("usage: knock --port N [options]");
	}
}

int main(int argc, char **argv)
{
	struct plan p = {
		.mechanism = mechanisms,
		.user_form = "user%d@example.org",
		.secret = "pass",
		.clients = 50,
		.users = 50,
		.seconds = 5,
		.first = 10,
		.patience_ms = 30000,
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		read_option(&p, option);
	if (p.port == 0 || p.clients == 0 || p.users == 0)
		die("usage: knock --port N [options]");
	signal(SIGPIPE, SIG_IGN);
	p.tls_context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(p.tls_context, SSL_SESS_CACHE_OFF);
	make_users(&p);
	warm(&p);
	puts("warm");
	fflush(stdout);
	run(&p);
	free(p.user);
	return 0;
}
