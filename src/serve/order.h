/* SPDX-License-Identifier: MIT
 *
 * order.h - what a request asks for, whichever protocol it came by. Private to serve/.
 *
 * Each protocol is a file: how its body is read, and how answers are written. What would change an
 * answer and is not read is refused, never passed over.
 */
#ifndef ASSENT_SERVE_ORDER_H
#define ASSENT_SERVE_ORDER_H

#include "base/base.h"
#include "vlm/vlm.h"

enum {
    ORDER_BODY_MAX = 24 << 20,    /* bytes: a picture of 16 MiB is 21.3 MiB as base64 */
    ORDER_TEXT_MAX = 64 << 10,    /* bytes of a question */
    ORDER_OPTIONS_MAX = 255,      /* of a question */
    ORDER_ALL_OPTIONS_MAX = 2048, /* of a request */
    ORDER_COMMAS_MAX = 64 << 10,  /* outside texts: no request has as many values */
};

enum order_kind { ORDER_YESNO, ORDER_CHOICE, ORDER_SCORE };
enum order_format { ORDER_TEXT, ORDER_LETTERS };
extern const char *const order_formats[]; /* the words in requests */

struct order_question {
    struct order *order; /* whose it is */
    const char *name;    /* NULL: it has none */
    unsigned kind;       /* enum order_kind */
    unsigned format;     /* enum order_format */
    const char *text;
    const char **options;
    struct json_t **values; /* as they were sent, of a choice; NULL: the options */
    size_t n_options;       /* 0: yes or no */
};

struct order {
    const char *model; /* NULL: whichever there is */
    struct order_question *questions;
    size_t n_questions;
    const char *base64; /* the picture */
    size_t base64_len;
    const char *asset;  /* the name that stands for it in the state; NULL: none does */
    char picture[160];  /* where it is: "assets.photo" */
    size_t n_options;   /* of all questions */
    bool parsed;        /* it is JSON at least */
    struct cursor body; /* every text above is its */
    struct arena arena;
};

/* What the engine made of a question. */
struct verdict {
    double *share; /* of each option (yes/no: no, yes), of what fell on options at all */
    double mass;   /* how much fell on them */
    size_t n, best;
};

struct protocol {
    const char *path;
    unsigned malformed; /* status where a member is not what it should be */
    size_t questions_max;
    int (*read)(struct order *o, const struct protocol *p, struct err *e);
    struct json_t *(*write)(const struct order *o, const char *model, const struct verdict *v,
                            size_t tokens);
};
extern const struct protocol order_systemone, order_decisions;

/* ERR_FORMAT names the member. Release it in any case. */
int order_read(struct order *o, const struct protocol *p, const char *text, size_t len,
               struct err *e);
void order_release(struct order *o);

/* ---- for protocols: reading ---- */

/* Room for n questions, which c holds. */
int order_questions(struct order *o, const struct protocol *p, const struct cursor *c, size_t n,
                    struct err *e);
/* The one picture, as a data URL, or base64 alone. */
int order_picture_url(struct order *o, const struct cursor *c, struct err *e);
int order_picture(struct order *o, const struct cursor *c, const char *base64, struct err *e);
/* Room for n options of q, which c holds. */
int order_options(struct order_question *q, const struct cursor *c, size_t n, struct err *e);
/* Is the question whole? c is its object, options the member that has its options. */
int order_check(const struct order_question *q, const struct cursor *c, const char *options,
                struct err *e);
int order_nothing(const struct cursor *c, struct err *e); /* null, or refused: it is not read */

/* ---- writing ---- */

/* 1 where one option has all, 0 where all have the same. The protocols' own formulas: of a choice
 * by the likeliest option, of a score by how far from it the others lie. */
double order_confidence(const struct order_question *q, const struct verdict *v);
/* The mean level, from 0. */
double order_score(const struct verdict *v);

#endif
