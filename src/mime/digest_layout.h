/*
 * digest_layout.h -- how a digest lies in its bytes. Little-endian.
 *
 *	head      DIGEST_HEAD octets:
 *	          0 version u16, 2 zone i16, 4 flags u32, 8 sent i64,
 *	          16 size u32, 20 parts u32, 24 charsets u32 (octets),
 *	          28 one u32 a field (octets)
 *	fields    one behind the other, in the order of enum digest_field
 *	charsets  names that end in NUL; the first is empty
 *	parts     PART_SIZE octets each:
 *	          header, header_len, body, body_len, lines, next, child u32,
 *	          charset u16 (offset in charsets), type u8, encoding u8
 */
#pragma once

#include "mime/digest.h"

enum {
	DIGEST_HEAD = 28 + 4 * DIGEST_FIELDS,
	PART_SIZE = 32,
};
