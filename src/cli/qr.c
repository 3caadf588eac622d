/* qr.c -- see qr.h; what is dark is libqrencode's to say. */
#include "cli/qr.h"

#include <qrencode.h>

enum { MARGIN = 4 /* modules, of light around it: ISO/IEC 18004 */ };

static QRcode *encode(const char *text)
{
	return QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
}

/* Counted from the margin's corner. */
static bool is_dark(const QRcode *q, int x, int y)
{
	x -= MARGIN;
	y -= MARGIN;
	return x >= 0 && y >= 0 && x < q->width && y < q->width &&
	       (q->data[y * q->width + x] & 1) != 0;
}

bool qr_print(const char *text, FILE *out)
{
	/* by whether the upper, and the lower module is light */
	static const char *const blocks[2][2] = { { " ", "\u2584" },
		                                  { "\u2580", "\u2588" } };
	QRcode *q = encode(text);

	if (q == NULL)
		return false;
	for (int y = 0; y < q->width + 2 * MARGIN; y += 2) {
		fputs("\033[40;37;1m", out);
		for (int x = 0; x < q->width + 2 * MARGIN; x++)
			fputs(blocks[!is_dark(q, x, y)][!is_dark(q, x, y + 1)],
			      out);
		fputs("\033[0m\n", out);
	}
	QRcode_free(q);
	return true;
}

bool qr_svg(const char *text, FILE *out)
{
	QRcode *q = encode(text);
	int size;

	if (q == NULL)
		return false;
	size = q->width + 2 * MARGIN;
	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\""
	        " viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n"
	        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
	        "<path d=\"",
	        size, size);
	for (int y = 0; y < size; y++)
		for (int x = 0; x < size; x++)
			if (is_dark(q, x, y))
				fprintf(out, "M%d %dh1v1h-1z", x, y);
	fputs("\"/>\n</svg>\n", out);
	QRcode_free(q);
	return true;
}
