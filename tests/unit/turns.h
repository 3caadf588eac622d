/*
 * turns.h -- what is under way on a loop has arrived after some of its turns,
 * however long they take; after some time it need not have.
 */
#pragma once

#include "task/task.h"

static inline void turns(void)
{
	for (int i = 0; i < 20; i++)
		task_sleep(1);
}
