/* err.c -- system errors in our words. */
#include "base/err.h"

#include <errno.h>
#include <string.h>

struct err err_errno(int error)
{
	const char *text = strerrordesc_np(error);

	if (text == NULL)
		text = "unknown system error";
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return err(ERR_NOSPACE, text);
	case EPIPE:
	case ECONNRESET:
		return err(ERR_CLOSED, text);
	default:
		return err(ERR_IO, text);
	}
}
