/* SPDX-License-Identifier: MIT
 *
 * model.h - what a model's folder holds, what it takes to use it, and text to its token ids.
 */
#ifndef ASSENT_JOBS_MODEL_H
#define ASSENT_JOBS_MODEL_H

#include <stdio.h>

#include "base/base.h"
#include "vlm/vlm.h"

enum { MODEL_SIZES_MAX = 8 };

struct model_size { /* of an image, in pixels */
    uint32_t width, height;
};

struct model_info_options {
    const char *dir, *prompt;
    struct vlm_pictures pictures;             /* how they are prepared */
    struct model_size sizes[MODEL_SIZES_MAX]; /* that the cost is stated for */
    size_t n_sizes;
    size_t questions; /* and so many questions about each */
    const struct events *events;
};

struct model_view { /* what the model makes of an image, and what that takes */
    struct model_size size;
    const char *why; /* it cannot be asked about; NULL: it can */
    struct vlm_cost cost;
    double seconds;
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
    const char *model, *architecture, *family, *dtype, *stored;
    uint32_t text_layers, text_hidden, text_heads, text_kv_heads, vocabulary, max_tokens;
    uint32_t sliding_window, vision_layers, vision_hidden, vision_heads, tile, patch;
    uint64_t parameters;
    size_t weight_bytes, files;
    struct vlm_pictures pictures; /* limits in effect; 0: this model leaves no such choice */
    double speed;                 /* FLOP a second, of its products here */
    struct model_view *views;     /* a size each */
    size_t n_views, questions;
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
