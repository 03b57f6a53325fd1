/* SPDX-License-Identifier: MIT
 *
 * internal.h - what a back end is. Private to label/.
 */
#ifndef ASSENT_LABEL_INTERNAL_H
#define ASSENT_LABEL_INTERNAL_H

#include "label/asked.h"
#include "label/label.h"

/* A picture that was asked about: its answers, or why there are none. */
struct collected {
    uint64_t tag;
    struct raw_answer *raw; /* [asked->n], the back end's until the next call; each `top` is not */
    struct err error;       /* this picture's fault; code 0: none */
};

/* One way to run a model; `state` is its own. */
struct label_backend {
    const char *engine; /* as assent.yaml names it */
    bool wants_bytes;   /* of pictures, as they are stored */
    bool can_be_recorded;
    int (*open)(void **state, const struct task *t, const struct annotator *a,
                const struct label_options *o, struct err *e);
    void (*close)(void *state);
    struct label_model (*model)(const void *state);
    struct json_t *(*settings)(const void *state);
    char *(*file)(const void *state, size_t i, struct err *e);
    const char *(*file_part)(const void *state, size_t i);
    int (*file_digest)(const void *state, size_t i, char hex[SHA256_HEX], struct err *e);
    int (*cost)(void *state, const struct image *size, const struct asked_list *asked,
                struct label_cost *out, struct err *e);
    /* As labeler_saving, whose key is NULL before; NULL: there is none. */
    int (*saving)(void *state, const struct image *size, const struct asked_list *asked,
                  struct label_saving *out, struct err *e);
    int (*speed)(void *state, double *flops, struct err *e); /* NULL: it computes nothing here */
    struct label_usage (*usage)(const void *state);          /* NULL: none */
    bool (*wants_more)(const void *state);
    /* As labeler_limit; NULL: it knows no limits. */
    enum label_limit (*limit)(const void *state, const struct asked_list *asked);
    /* The list lives until its picture is collected. */
    int (*submit)(void *state, const struct label_picture *picture, const struct asked_list *asked,
                  uint64_t tag, struct err *e);
    /* 1; 0: none within so many seconds. */
    int (*collect)(void *state, double seconds, struct collected *out, struct err *e);
};

/* Does an entry of assent.yaml say all that a server's model needs? ERR_ARG: no. */
int http_check(const struct annotator *a, struct err *e);

#endif
