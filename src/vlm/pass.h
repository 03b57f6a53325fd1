/* SPDX-License-Identifier: MIT
 *
 * pass.h - one forward pass: some prompts about some pictures, as one tree. Private to vlm/.
 */
#ifndef ASSENT_VLM_PASS_H
#define ASSENT_VLM_PASS_H

#include "vlm/engine.h"

/* At a row of the tree a token's probability is wanted, for a probe about a picture. */
struct pick {
    uint32_t row, token;
    size_t picture, probe;
};

/* At a row a question about a picture ends. */
struct end {
    uint32_t row;
    size_t picture, question;
};

struct seen_picture {
    const struct image *image;
    struct layout layout;
    struct prompt *prompts; /* of all paths, with this picture's tokens */
    struct tree tree;       /* of the pass's paths */
    uint32_t first;         /* of its tokens in the whole tree */
    double *logprob;        /* of each probe */
};

/* Over the paths [first, last) of each picture. */
struct tree_pass {
    struct vlm *v;
    const struct vlm_prompts *p;
    struct seen_picture *pictures;
    size_t n_pictures, first, last;
    struct tree tree; /* of all pictures, one behind the other */
    uint32_t *rows;   /* whose logits are read, rising */
    size_t n_rows;
    struct pick *picks; /* by row */
    size_t n_picks;
    struct end *ends; /* by row */
    size_t n_ends;
    struct arena arena;
};

/* The tree and its rows. Give back with pass_close, also after an error. */
int pass_open(struct tree_pass *s, struct err *e);
void pass_close(struct tree_pass *s);

/* What is wanted at the rows, whose hidden states these are: adds to the pictures' logprob, fills
 * in the answers' likeliest tokens and logits, out[n_pictures]. */
int pass_read(struct tree_pass *s, struct tensor hidden, const struct pass *p,
              struct vlm_answers *out, struct err *e);
/* Whose logits are in memory at a time; a trace shows them all. */
size_t pass_logit_rows(const struct tree_pass *s, const struct trace *t);

/* log(e^a + e^b) */
double log_add(double a, double b);

#endif
