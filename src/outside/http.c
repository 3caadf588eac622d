/* http.c -- one transfer, with bounds on all of it. */
#include "outside/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/issuer.h"
#include "base/mem.h"

enum { URL_MOST = 2048, HEADER_MOST = 8192 };

struct transfer {
	struct question *question;
	CURL *curl;
	struct curl_slist *headers;
};

void http_prepare(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort(); /* there is no memory */
}

/* -- what may be asked -- */

/* A line of a header, or a URL: no more than that is in it. */
static bool is_line(struct slice s, size_t most)
{
	if (s.len > most)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

/* 127.0.0.0/8, but no name that begins so. */
static bool is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 &&
	        inet_pton(AF_INET, host, &address) == 1);
}

static bool is_allowed(const char *scheme, const char *host)
{
	return strcmp(scheme, "https") == 0 ||
	       (strcmp(scheme, "http") == 0 && is_loopback(host));
}

static bool may_ask(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL;
	char *host = NULL;
	bool may = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == 0 &&
	           curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == 0 &&
	           curl_url_get(u, CURLUPART_HOST, &host, 0) == 0 &&
	           is_allowed(scheme, host);

	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return may;
}

/* -- a transfer -- */

static size_t on_body(char *data, size_t one, size_t n, void *arg)
{
	struct question *q = arg;

	buf_add(&q->told.body, slice_of(data, one * n));
	return q->told.body.overflow ? 0 : one * n;
}

static void add_header(struct transfer *t, const char *name, struct slice value)
{
	struct buf line = { 0 };

	if (value.len == 0)
		return;
	buf_add(&line, slice_cstr(name));
	buf_add(&line, value);
	buf_byte(&line, '\0');
	t->headers = curl_slist_append(t->headers, line.data);
	mem_wipe(line.data, line.cap);
	buf_free(&line);
}

/* libcurl keeps no copy of the headers, and its own words are freed as they
 * are: what is secret in ours is wiped. */
static void forget_headers(struct transfer *t)
{
	for (struct curl_slist *h = t->headers; h != NULL; h = h->next)
		mem_wipe(h->data, strlen(h->data));
	curl_slist_free_all(t->headers);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
}

static void set_limits(CURL *c, const struct question *q)
{
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)question_left_ms(q));
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE, (long)TOLD_BODY);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_MAXCONNECTS, 2L);
}

static void set_tls(CURL *c)
{
	const char *authorities = getenv("SSL_CERT_FILE");

	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (authorities != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, authorities);
}

static void set_request(struct transfer *t, const char *url)
{
	struct question *q = t->question;
	CURL *c = t->curl;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "roost/" ROOST_VERSION);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, q);
	add_header(t, "Accept: ", S("application/json"));
	add_header(t, "Authorization: ", q->field[1]);
	if (q->ask == ASK_HTTP_POST) {
		add_header(t, "Content-Type: ", q->field[2]);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE,
		                 (long)q->field[3].len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS,
		                 q->field[3].len != 0 ? q->field[3].ptr : "");
	}
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
}

/* What libcurl found, which says more than its code: that a certificate is
 * another's, say, or has expired. */
static void fail(struct question *q, CURLcode code, const char *found)
{
	const char *why = found[0] != '\0' ? found : curl_easy_strerror(code);
	struct slice site = issuer_site(q->field[0]);

	question_fail(q, ERR_UNAVAILABLE, "%.*s: %s", (int)site.len, site.ptr,
	              q->told.body.overflow ? "the answer is too large" : why);
}

/* What time it is there. */
static uint64_t date_of(CURL *c)
{
	struct curl_header *h;
	time_t s = -1;

	if (curl_easy_header(c, "Date", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
		s = curl_getdate(h->value, NULL);
	return s > 0 ? (uint64_t)s : 0;
}

static void run(struct transfer *t, const char *url)
{
	struct question *q = t->question;
	char found[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode code;

	curl_easy_reset(t->curl); /* connections stay */
	set_limits(t->curl, q);
	set_tls(t->curl);
	set_request(t, url);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, found);
	code = curl_easy_perform(t->curl);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, NULL);
	forget_headers(t);
	if (code != CURLE_OK) {
		fail(q, code, found);
		return;
	}
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	q->told.status = (uint32_t)status;
	q->told.date_s = date_of(t->curl);
}

void http_ask(struct question *q, void **kept)
{
	struct transfer t = { .question = q };
	struct slice site = issuer_site(q->field[0]);
	char *url;

	if (!is_line(q->field[0], URL_MOST) ||
	    !is_line(q->field[1], HEADER_MOST) ||
	    (q->ask == ASK_HTTP_POST && !is_line(q->field[2], HEADER_MOST))) {
		question_fail(q, ERR_SYNTAX, "that can't be put into HTTP");
		return;
	}
	url = mem_cstr(q->field[0]);
	if (!may_ask(url)) {
		question_fail(q, ERR_SYNTAX, "%.*s: https only", (int)site.len,
		              site.ptr);
		free(url);
		return;
	}
	if (*kept == NULL)
		*kept = curl_easy_init();
	t.curl = *kept;
	if (t.curl == NULL)
		abort(); /* there is no memory */
	run(&t, url);
	free(url);
}
