/* deeds.h -- what there is to do, each with its marks; client.h says how. */
#pragma once

#include "client.h"

/* As `roost user` has it. A verb ends with the first step that is refused:
 * asking again would finish it. */
void user_add(struct work *, uint32_t chain);
void user_remove(struct work *, uint32_t chain);
void user_others(struct work *);

/* Lines as in script.h, until the session is over. */
void client_script(struct client *, const char *const *lines);

struct err work_open_partition(struct work *);
struct err work_open_directory(struct work *);
/* What is open of them. */
void work_close(struct work *);
