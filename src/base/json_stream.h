/* SPDX-License-Identifier: MIT
 *
 * json_stream.h - a large array or object read element by element, so that whether a key came
 * before is the caller's to check. In json.c, as jansson is.
 */
#ifndef ASSENT_BASE_JSON_STREAM_H
#define ASSENT_BASE_JSON_STREAM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "base/reader.h"

/* Only one element is in memory, of at most JV_ELEMENT_MAX bytes. Elements must be arrays, objects
 * or texts. */
enum { JV_ELEMENT_MAX = 16 << 20 };

struct jv_stream {
    struct reader *reader; /* borrowed */
    bool object, first, done;
};

/* Reads the opening bracket. */
int jv_stream_start(struct jv_stream *s, struct reader *r, struct err *e);
/* The next element, the caller's to free, and for an object its key (free()); key may be NULL for
 * an array. Returns 1, or 0 after the closing bracket; text behind it is refused. */
int jv_stream_next(struct jv_stream *s, char **key, struct json_t **value, struct err *e);

#endif
