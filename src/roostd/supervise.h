/*
 * supervise.h -- the parent after the start: it has children, and listens
 * to nothing but them and signals.
 *
 *   start     fork all ──► link each with each ──► all READY ──► listeners
 *   a death   log ──► fork again (later, when it dies often) ──► new links
 *   SIGHUP    read and check the configuration ──► RELOAD, CERTIFICATE
 *   SIGTERM   STOP to all ──► wait (STOP_SECONDS) ──► SIGKILL who is left
 */
#pragma once

#include "roostd/server.h"

/* Until a signal says stop; an exit status. tell_ready() is called once. */
int supervise(struct server *, void (*tell_ready)(void *arg), void *arg);
