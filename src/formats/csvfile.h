/* SPDX-License-Identifier: MIT
 *
 * csvfile.h - rows of a CSV file (RFC 4180, also with ';' or tab between the fields), over libcsv.
 * Private to formats/.
 */
#ifndef ASSENT_FORMATS_CSVFILE_H
#define ASSENT_FORMATS_CSVFILE_H

#include "base/base.h"

struct csvfile;

/* Reads from r, which must outlive it. What stands between the fields is seen from the first line.
 */
int csvfile_open(struct csvfile **out, struct reader *r, struct err *e);
void csvfile_close(struct csvfile *c); /* NULL is fine */

/* The next row that is not empty: 1, or 0 at the end. Fields are zero-ended, without the spaces
 * around them, and valid until the next call. */
int csvfile_next(struct csvfile *c, const char *const **fields, size_t *n, struct err *e);
unsigned long csvfile_line(const struct csvfile *c); /* where the row began */
/* Gives e the place "file:line" of the row. Returns e->code. */
int csvfile_at(const struct csvfile *c, struct err *e);

/* Shows the rows behind the last one that have been read ahead, without taking them: what comes
 * first of a table, up to some kilobytes of it. */
int csvfile_ahead(const struct csvfile *c,
                  void (*row)(void *data, const char *const *fields, size_t n), void *data,
                  struct err *e);

/* Writes one field, quoted only where that is needed. */
void csvfile_write(FILE *f, const char *field);
/* The header in a file's first bytes, and what stands between its fields: what the line "sep=;"
 * before it says, as Excel takes it, else the most frequent of , ; and tab. */
const char *csvfile_header(const char *head, size_t len, size_t *n, char *separator);

#endif
