/* SPDX-License-Identifier: MIT
 *
 * extra.h - fields of a request that assent.yaml gives: `extra`. Private to label/.
 *
 * A field that is given takes the place of the protocol's own, and null takes that away: no field
 * stands twice. What is asked, and of which model, is no matter of extra fields.
 */
#ifndef ASSENT_LABEL_EXTRA_H
#define ASSENT_LABEL_EXTRA_H

#include "base/base.h"
#include "label/http/protocol.h"

/* jv_free(*out); NULL: there are none. ERR_ARG: a field that the protocol keeps for itself. */
int extra_read(const struct annotator *a, const struct protocol *p, struct json_t **out,
               struct err *e);
/* Does `extra`, or NULL, say something of the field? */
bool extra_has(const struct json_t *extra, const char *field);
/* Writes ,"field":value for each. */
void extra_put(const struct json_t *extra, struct buf *b);

#endif
