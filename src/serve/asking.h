/* SPDX-License-Identifier: MIT
 *
 * asking.h - a request's body becomes its answer's document. Private to serve/.
 */
#ifndef ASSENT_SERVE_ASKING_H
#define ASSENT_SERVE_ASKING_H

#include "serve/order.h"

enum { ASKING_TOKENS_MAX = 64 << 10 }; /* of a request, its picture's among them */

struct asking_model {
    struct vlm *vlm;
    const char *name;
    const struct events *events; /* say whether the pass shall end; NULL: never */
};

struct asking_body {
    const struct protocol *protocol;
    const char *text;
    size_t len;
};

/* Returns the answer's status: 200, and *document is the caller's; else what is wrong is in e:
 * ERR_INTERRUPTED, where the pass was ended. */
unsigned asking_answer(const struct asking_model *m, const struct asking_body *body,
                       struct json_t **document, struct err *e);

#endif
