/* SPDX-License-Identifier: MIT
 *
 * recording_line.h - a recording's lines, and their members, without a parse. Private to label/.
 */
#ifndef ASSENT_LABEL_RECORDING_LINE_H
#define ASSENT_LABEL_RECORDING_LINE_H

#include "base/base.h"
#include "label/http/recording.h"

enum {
    RECORDING_VERSION = 1,
    RECORDING_LINE_MAX = 64 << 20, /* bytes */
    RECORDING_PATH_MAX = 256       /* of a request */
};

struct recording_lines {
    const char *name; /* of the file, for messages */
    int fd;
    char *buf;
    size_t cap, start, end;
    uint64_t at; /* where in the file buf begins */
    unsigned long number;
    bool torn; /* the last line has no end: it was not handed out */
};

/* The next line, without its end, valid until the next call: 1; 0: the end of the file.
 * ERR_LIMIT: too long a line. */
int recording_lines_next(struct recording_lines *l, const char **line, size_t *len, uint64_t *at,
                         struct err *e);
void recording_lines_release(struct recording_lines *l);
/* Gives e the place. Returns e->code. */
int recording_lines_at(const struct recording_lines *l, struct err *e);

/* 1: the line begins a run; 0: it is no such line. ERR_FORMAT: of another version. */
int recording_header(const char *line, size_t len, struct err *e);

/* A value as it stands in the line; len 0: it is not there. */
struct recording_span {
    const char *at;
    size_t len;
};

enum recording_member {
    RECORDING_PATH,
    RECORDING_BODY,
    RECORDING_STATUS,
    RECORDING_TYPE,
    RECORDING_RETRY_AFTER,
    RECORDING_SECONDS,
    RECORDING_ANSWER,
    RECORDING_ERROR,
    RECORDING_CONNECTED,
    RECORDING_TIMED_OUT,
    RECORDING_MEMBERS
};

/* Where the members are, up to `last` or to the line's end. Members of other names are passed over.
 * false: the line is no object. */
bool recording_members(const char *line, size_t len, enum recording_member last,
                       struct recording_span out[RECORDING_MEMBERS]);

/* A body: what stands in quotes is taken out of them, null is "". *own is to be freed, or NULL
 * where *out points into the span. */
int recording_body(const struct recording_span *span, char **own, struct recording_span *out,
                   struct err *e);

/* Why a request is not there: goes through the file again. Returns e->code. */
int recording_say_missing(int fd, const char *name, const struct recorded_request *q,
                          const char *model, struct err *e);

#endif
