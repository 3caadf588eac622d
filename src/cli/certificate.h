/* certificate.h -- a certificate to begin with. */
#pragma once

/*
 * A new P-256 key and a certificate for it, signed by itself: for hostname,
 * localhost, 127.0.0.1 and ::1, for ten years. Written as PEM to a new file
 * that only its owner may read. NULL, or what went wrong.
 */
const char *certificate_make(const char *path, const char *hostname);
