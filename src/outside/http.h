/*
 * http.h -- GET and POST, by libcurl.
 *
 * https, with the certificate verified by the system's (or $SSL_CERT_FILE's)
 * authorities; http to this machine itself only. Redirects are not followed,
 * no proxy is asked, and a body beyond TOLD_BODY is an error.
 */
#pragma once

#include "outside/question.h"

/* Before any thread and the sandbox. */
void http_prepare(void);

/* On a worker thread; *kept holds its connections. */
void http_ask(struct question *, void **kept);
