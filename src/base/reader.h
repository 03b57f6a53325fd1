/* SPDX-License-Identifier: MIT
 *
 * reader.h - a file read line by line within bounds, and hashed on the way.
 *
 * A reader goes once through a file. Lines have at most READER_LINE_MAX bytes, whatever the file
 * says; they are UTF-8 without NUL bytes, and a byte order mark at the file's start is passed over.
 * A file that begins with UTF-16's mark is handed out as UTF-8. Lines end with LF or CRLF, or with
 * CR where the file's first kilobytes have no LF. Errors name the file and the line.
 */
#ifndef ASSENT_BASE_READER_H
#define ASSENT_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SHA256_HEX 65 /* 64 digits and the zero */

/* Writes the SHA-256 (FIPS 180-4) of data as lower-case digits. */
void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX]);
/* hex = hex XOR other, which is the same in whatever order several are folded. Of texts that are
 * all different it tells what changed by accident; whoever forges may choose texts that cancel. */
void sha256_fold(char hex[SHA256_HEX], const char other[SHA256_HEX]);
/* Of nothing: what folding starts from. */
#define SHA256_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

enum { READER_LINE_MAX = 16 << 20 };

struct reader;

/* "-" is standard input. ERR_IO, also for a folder. */
int reader_open(struct reader **out, const char *path, struct err *e);
/* Reads a copy of data; name stands for the file in messages. */
int reader_open_memory(struct reader **out, const char *name, const void *data, size_t len,
                       struct err *e);
void reader_close(struct reader *r); /* NULL is fine */

/* The next line, without its end, not zero-ended, valid until the next call on r.
 * Returns 1, or 0 at the end of the file. */
int reader_line(struct reader *r, const char **line, size_t *len, struct err *e);
/* Every line of a file that is not empty, zero-ended; a failure ends it, and is told the line. */
int reader_each_line(const char *path, int (*each)(void *data, const char *line, struct err *e),
                     void *data, struct err *e);
/* The next byte; READER_END; or READER_FAILED, and reader_failure has the error. */
enum { READER_END = -1, READER_FAILED = -2 };
int reader_byte(struct reader *r);
int reader_failure(const struct reader *r, struct err *e);
/* Up to a few KiB of what comes next, without taking it: for recognising a format. */
int reader_peek(struct reader *r, const char **start, size_t *len, struct err *e);

const char *reader_name(const struct reader *r);
unsigned long reader_line_number(const struct reader *r); /* of the last line returned, from 1 */
/* Is there nothing behind the last line? */
bool reader_is_at_end(const struct reader *r);
/* Gives e the place "file:line" of the last line. Returns e->code. */
int reader_at(const struct reader *r, struct err *e);
/* Reads what is left and gives the whole file's hash. */
int reader_sha256(struct reader *r, char hex[SHA256_HEX], struct err *e);

#endif
