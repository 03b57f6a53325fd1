/* SPDX-License-Identifier: MIT
 *
 * file.h - files read line by line within bounds, and written whole or not at all.
 */
#ifndef ASSENT_BASE_FILE_H
#define ASSENT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define SHA256_HEX 65 /* 64 digits and the zero */

/* Writes the SHA-256 (FIPS 180-4) of data as lower-case digits. */
void sha256_hex(const void *data, size_t len, char hex[SHA256_HEX]);

/* ---- reading ----
 * A reader goes once through a file, hashing every byte on the way. Lines have at most
 * READER_LINE_MAX bytes, whatever the file says; they are UTF-8 without NUL bytes, and a byte order
 * mark at the file's start is passed over. Errors name the file and the line. */
enum { READER_LINE_MAX = 16 << 20 };

struct reader;

/* "-" is standard input. ERR_IO, also for a folder. */
int reader_open(struct reader **out, const char *path, struct err *e);
/* Reads a copy of data; name stands for the file in messages. */
int reader_open_memory(struct reader **out, const char *name, const void *data, size_t len,
                       struct err *e);
void reader_close(struct reader *r); /* NULL is fine */

/* The next line, without its end (LF or CRLF), not zero-ended, valid until the next call on r.
 * Returns 1, or 0 at the end of the file. */
int reader_line(struct reader *r, const char **line, size_t *len, struct err *e);
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

/* A whole file of at most max bytes, zero-ended; free() it. */
int file_read(const char *path, size_t max, char **text, size_t *len, struct err *e);
/* The same of a file on the disk only: a pipe would be waited for. */
int file_read_regular(const char *path, size_t max, char **text, size_t *len, struct err *e);
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* Can nothing be created beside path? */
bool file_folder_is_read_only(const char *path);
/* "dir/name", free() it; name alone where it is absolute. */
char *file_join(const char *dir, const char *name, struct err *e);
/* The user's name, for provenance; "unknown" where the system has none. */
const char *file_user(void);

/* ---- writing ----
 * The text goes to a temporary file beside the target and takes its name only once it is whole and
 * on the disk (fsync, rename). A symbolic link is followed. "-" is standard output; that, devices
 * and pipes are written to as they are. */
struct writer;

int writer_open(struct writer **out, const char *path, struct err *e);
FILE *writer_file(struct writer *w); /* to write to; errors are kept and reported by the commit */
int writer_commit(struct writer *w, struct err *e); /* frees w, whether it fails or not */
void writer_abort(struct writer *w);                /* frees w, leaves nothing; NULL is fine */
/* Commits where rc is 0, else aborts: what a function that writes ends with. Returns rc, or the
 * commit's failure. */
int writer_end(struct writer *w, int rc, struct err *e);

#endif
