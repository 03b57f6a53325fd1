/* SPDX-License-Identifier: MIT
 *
 * model.h - what a model's folder holds, what it takes to use it, and text to its token ids.
 */
#ifndef ASSENT_JOBS_MODEL_H
#define ASSENT_JOBS_MODEL_H

#include <stdio.h>

#include "base/base.h"

struct model_info_options {
    const char *dir, *prompt;
    uint32_t width, height; /* of the image that the cost is stated for */
    size_t questions;       /* and so many questions about it */
    const struct events *events;
};

struct model_tensor {
    const char *name, *dtype, *file;
    uint32_t rank;
    uint64_t *shape;
};

struct model_left { /* a file that could have been meant, and why it is not read */
    const char *file, *why;
};

struct model_info_result {
    const char *model, *family, *dtype, *stored;
    uint32_t text_layers, text_hidden, text_heads, text_kv_heads, vocabulary, max_tokens;
    uint32_t sliding_window, vision_layers, vision_hidden, vision_heads, tile, patch;
    uint64_t parameters;
    size_t weight_bytes, activation_bytes, files;
    uint32_t width, height;
    size_t questions, tiles, image_tokens, tokens;
    double flop, flop_one_by_one;
    struct model_tensor *tensors;
    size_t n_tensors;
    const char *weights_file, *prep_file, *template_file; /* read; the last NULL: options' prompt */
    struct model_left *left;
    size_t n_left;
    struct arena arena; /* private */
};

/* Opens the folder, checks every tensor and every weight. */
int job_model_info(const struct model_info_options *o, struct model_info_result *out,
                   struct err *e);
void model_info_release(struct model_info_result *r);

/* Texts as JSON, one a line of the file ("-": standard input), to arrays of ids, one a line. */
int job_model_tokenize(const char *dir, const char *path, FILE *out, struct err *e);

#endif
