/* SPDX-License-Identifier: MIT
 *
 * writer.h - a file written whole or not at all.
 *
 * The text goes to TARGET.assent-part and takes the target's name only once it is whole and on the
 * disk (fsync, rename). What a program that was killed has left there is replaced; ERR_IO while
 * another writes it. A symbolic link is followed. "-" is standard output; that, devices
 * and pipes are written to as they are.
 */
#ifndef ASSENT_BASE_WRITER_H
#define ASSENT_BASE_WRITER_H

#include <stdio.h>

#include "base/err.h"

struct writer;

int writer_open(struct writer **out, const char *path, struct err *e);
FILE *writer_file(struct writer *w); /* to write to; errors are kept and reported by the commit */
int writer_commit(struct writer *w, struct err *e); /* frees w, whether it fails or not */
void writer_abort(struct writer *w);                /* frees w, leaves nothing; NULL is fine */
/* Commits where rc is 0, else aborts: what a function that writes ends with. Returns rc, or the
 * commit's failure. */
int writer_end(struct writer *w, int rc, struct err *e);

/* What was written to a stream is on its way, all of it; else why not: ERR_CLOSED where the reader
 * of a pipe has gone, whichever write met that. name stands for it in the message. */
int writer_flush(FILE *file, const char *name, struct err *e);

#endif
