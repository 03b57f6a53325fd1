/* SPDX-License-Identifier: MIT
 *
 * zip.h - a zip archive written member by member, stored as they are: JPEGs do not get smaller
 * (PKWARE, APPNOTE.TXT 6.3.3, without ZIP64: 65 535 members, 4 GiB).
 */
#ifndef ASSENT_BASE_ZIP_H
#define ASSENT_BASE_ZIP_H

#include <stddef.h>

#include "base/err.h"

struct zip_writer;

/* Writes to out, which stays the caller's, as do its write errors. */
int zip_writer_new(struct zip_writer **out, FILE *to, struct err *e);
/* name: ASCII, with '/' between folders. ERR_LIMIT where the archive would get too large. */
int zip_writer_add(struct zip_writer *z, const char *name, const void *data, size_t len,
                   struct err *e);
/* Writes the directory. */
int zip_writer_end(struct zip_writer *z, struct err *e);
void zip_writer_free(struct zip_writer *z); /* NULL is fine */

#endif
