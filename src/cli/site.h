/*
 * site.h -- the configuration that a verb works with.
 *
 * It is the file of -c, else of $ROOST_CONF, else ./roost.conf if it is
 * there, else /etc/roost/roost.conf.
 */
#pragma once

#include "cli/verb.h"
#include "config/check.h"

/* The file that is used. */
const char *site_conf(const struct call *);

/* Reads it; config_free() it. An exit status: what is wrong with the file
 * has been printed, every error with its line, and *out is NULL. */
int site_config(const struct call *, struct config **out);

/* Reads it and looks whether it means something here (config/check.h); an
 * exit status: all errors and warnings have been printed. */
int site_check(const struct call *);
