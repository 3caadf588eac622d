/* office.h -- visits within the workload's one process (imap/visit.h). */
#pragma once

#include "client.h"
#include "imap/visit.h"

/* Of the work, whose directory it asks as auth does. */
struct visit_office office_of(struct work *);
