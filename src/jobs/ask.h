/* SPDX-License-Identifier: MIT
 *
 * ask.h - questions about pictures, without a project.
 */
#ifndef ASSENT_JOBS_ASK_H
#define ASSENT_JOBS_ASK_H

#include "base/base.h"
#include "vlm/vlm.h"

enum { ASK_TOP = 5 };

struct ask_options {
    const char *model; /* a folder */
    const char *const *images, *const *questions;
    size_t n_images, n_questions;
    const char *const *options; /* of every question; n_options 0: yes or no */
    size_t n_options;
    bool letters; /* list the options as A., B., .. and score the letters */
    const char *prompt, *dtype;
    struct vlm_pictures pictures; /* how they are prepared */
    bool one_by_one, reference;
    const char *logits; /* a .npy file to write; NULL: none */
    const char *trace;  /* a folder for the stages; NULL: none */
    const struct events *events;
};

struct ask_answer {
    const char *question, *kind, *answer; /* answer: an option or "unparseable" */
    double score;                         /* of yes, or of the likeliest option */
    double mass;
    const char *const *options; /* the caller's, or no and yes */
    double *logprob;
    size_t n_options;
    struct {
        const char *text;
        double probability;
    } top[ASK_TOP]; /* the likeliest first tokens */
};

struct ask_image {
    const char *path;
    const char *error;          /* why there are no answers; NULL: there are */
    struct ask_answer *answers; /* [n_questions] */
};

struct ask_result {
    const char *model, *dtype;
    struct ask_image *images;
    size_t n_images, n_questions;
    size_t n_failed;    /* images that could not be read; not all */
    struct arena arena; /* private */
};

/* The result borrows the options' texts. */
int job_ask(const struct ask_options *o, struct ask_result *out, struct err *e);
void ask_result_release(struct ask_result *r);

#endif
