/* question.c -- see question.h. */
#include "outside/question.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

uint64_t question_now_ms(void)
{
	return system_clock.mono_ms(&system_clock);
}

uint32_t question_left_ms(const struct question *q)
{
	uint64_t now = question_now_ms();

	return now < q->ends_ms ? (uint32_t)(q->ends_ms - now) : 1;
}

void question_fail(struct question *q, enum err_code code, const char *format,
                   ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(q->told.text, sizeof q->told.text, format, ap);
	va_end(ap);
	q->told.code = code;
}
