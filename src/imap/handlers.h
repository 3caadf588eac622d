/* handlers.h -- the functions of the command table (commands.c), by name. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct session;

struct err cmd_append(struct session *, struct slice args);
struct err cmd_cancelupdate(struct session *, struct slice args);
struct err cmd_capability(struct session *, struct slice args);
struct err cmd_check(struct session *, struct slice args);
struct err cmd_close(struct session *, struct slice args);
struct err cmd_compress(struct session *, struct slice args);
struct err cmd_copy(struct session *, struct slice args);
struct err cmd_create(struct session *, struct slice args);
struct err cmd_delete(struct session *, struct slice args);
struct err cmd_deleteacl(struct session *, struct slice args);
struct err cmd_enable(struct session *, struct slice args);
struct err cmd_esearch(struct session *, struct slice args);
struct err cmd_examine(struct session *, struct slice args);
struct err cmd_expunge(struct session *, struct slice args);
struct err cmd_fetch(struct session *, struct slice args);
struct err cmd_getacl(struct session *, struct slice args);
struct err cmd_getmetadata(struct session *, struct slice args);
struct err cmd_getquota(struct session *, struct slice args);
struct err cmd_getquotaroot(struct session *, struct slice args);
struct err cmd_id(struct session *, struct slice args);
struct err cmd_idle(struct session *, struct slice args);
struct err cmd_list(struct session *, struct slice args);
struct err cmd_listrights(struct session *, struct slice args);
struct err cmd_logout(struct session *, struct slice args);
struct err cmd_lsub(struct session *, struct slice args);
struct err cmd_move(struct session *, struct slice args);
struct err cmd_myrights(struct session *, struct slice args);
struct err cmd_namespace(struct session *, struct slice args);
struct err cmd_noop(struct session *, struct slice args);
struct err cmd_notify(struct session *, struct slice args);
struct err cmd_remove(struct session *, struct slice args);
struct err cmd_rename(struct session *, struct slice args);
struct err cmd_replace(struct session *, struct slice args);
struct err cmd_search(struct session *, struct slice args);
struct err cmd_select(struct session *, struct slice args);
struct err cmd_setacl(struct session *, struct slice args);
struct err cmd_setmetadata(struct session *, struct slice args);
struct err cmd_setquota(struct session *, struct slice args);
struct err cmd_sort(struct session *, struct slice args);
struct err cmd_status(struct session *, struct slice args);
struct err cmd_store(struct session *, struct slice args);
struct err cmd_subscribe(struct session *, struct slice args);
struct err cmd_thread(struct session *, struct slice args);
struct err cmd_uidbatches(struct session *, struct slice args);
struct err cmd_unauthenticate(struct session *, struct slice args);
struct err cmd_unselect(struct session *, struct slice args);
struct err cmd_unsubscribe(struct session *, struct slice args);
struct err cmd_xlist(struct session *, struct slice args);
