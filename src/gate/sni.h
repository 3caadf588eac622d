/*
 * sni.h -- certificates by the name that a client asks for (RFC 6066 section
 * 3).
 *
 * The parent says which names there are. A certificate is loaded when the
 * first client asks for its name, which waits meanwhile; the least recently
 * used go when there are more than SNI_LOADED_MOST. A name that is not there
 * costs a look into a table.
 *
 *   known ──asked for──► awaited ──the parent's answer──► loaded ──┐
 *     ▲                     └──────it is bad──► bad                │
 *     └── it has changed ───────────────────────┴──────────────────┘
 *
 * One that has changed is asked for anew; when the new one is bad the old one
 * goes on.
 */
#pragma once

#include "base/slice.h"
#include "gate/pair.h"

struct sni;

enum { SNI_NAME_MOST = 255, SNI_LOADED_MOST = 512 };

/* ask() puts the question to the parent. */
struct sni *sni_new(void (*ask)(void *arg, struct slice name), void *arg);
void sni_free(struct sni *);

/* As the parent says. Names are in lower case. */
void sni_there(struct sni *, struct slice name);
void sni_gone(struct sni *, struct slice name);

/* The answer: fd stays the caller's, -1: there is none. NULL, or what is wrong
 * with it. */
const char *sni_answer(struct sni *, struct slice name, int fd);

enum sni_result {
	SNI_NONE, /* nothing for that name */
	SNI_WAIT, /* until an answer has come */
	SNI_HERE, /* *out, until the next call of any function here */
};

/* By the name itself, then "*." for its first label, then without its first
 * label: what certbot calls a wildcard's. Never one that is not for the
 * name. */
enum sni_result sni_pick(struct sni *, struct slice name,
                         const struct pair **out);
