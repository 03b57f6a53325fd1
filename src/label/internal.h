/* SPDX-License-Identifier: MIT
 *
 * internal.h - what a back end is. Private to label/.
 */
#ifndef ASSENT_LABEL_INTERNAL_H
#define ASSENT_LABEL_INTERNAL_H

#include "label/label.h"

/* One way to run a model; `state` is its own. */
struct label_backend {
    const char *engine; /* as assent.yaml names it */
    int (*open)(void **state, const struct task *t, const struct annotator *a,
                const struct label_options *o, struct err *e);
    void (*close)(void *state);
    struct label_model (*model)(const void *state);
    struct json_t *(*settings)(const void *state);
    char *(*file)(const void *state, size_t i, struct err *e);
    const char *(*file_part)(const void *state, size_t i);
    int (*file_digest)(const void *state, size_t i, char hex[SHA256_HEX], struct err *e);
    int (*cost)(void *state, const struct image *size, const uint8_t *wanted,
                struct label_cost *out, struct err *e);
    int (*speed)(void *state, double *flops, struct err *e);
    /* values are VALUE_MISSING and the rest NaN beforehand. */
    int (*answer)(void *state, const struct image *image, const uint8_t *wanted,
                  struct label_answers *out, struct err *e);
};

#endif
