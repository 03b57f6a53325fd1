/* SPDX-License-Identifier: MIT
 *
 * vlm.h - the engine: a model's folder answers questions about an image.
 *
 * All questions on an image are one token tree and one forward pass; the answers are read as
 * probabilities at the branches' ends, no text is generated. Probabilities are over the full
 * vocabulary, logarithms natural.
 */
#ifndef ASSENT_VLM_H
#define ASSENT_VLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "image/image.h"

/* ---- a model ---- */

struct vlm;

/* How pictures are prepared, where a model's family leaves a choice; 0: as the folder says. */
struct vlm_pictures {
    uint64_t min_pixels, max_pixels; /* of the resized picture */
    uint32_t tiles;                  /* at most, the whole picture being one */
};

struct vlm_options {
    const char *dtype;  /* "auto", "f32", "bf16"; NULL: auto */
    const char *prompt; /* in place of the folder's chat template, with {image} and {question};
                           NULL: the folder's */
    struct vlm_pictures pictures;
    size_t pass_tokens; /* that a pass is filled up to with pictures; 0: by the weights' size */
    bool reference;     /* plain C operations: slow, and the specification */
    const struct events *events; /* told what is wrong with the weights, beside the error */
};

/* Opens a Hugging Face folder of one of the families in vlm/families/: weights are mapped, not
 * read. */
int vlm_open(struct vlm **out, const char *dir, const struct vlm_options *o, struct err *e);
void vlm_close(struct vlm *v); /* NULL is fine */

struct vlm_info {                              /* the model's */
    const char *architecture;                  /* "LlavaNextForConditionalGeneration" */
    const char *family, *dtype, *stored, *ops; /* "llama", "f32", "f16", "dnnl" */
    uint32_t text_layers, text_hidden, text_heads, text_kv_heads, vocabulary, max_tokens;
    uint32_t sliding_window; /* 0: none */
    uint32_t vision_layers, vision_hidden, vision_heads, patch;
    uint32_t tile;                /* side of what the tower sees; 0: pictures of any shape */
    struct vlm_pictures pictures; /* in effect; 0: this model leaves no such choice */
    size_t tensors, files, weight_bytes;
    uint64_t parameters;
    const char *weights_file, *prep_file; /* read, of those that could have been */
    const char *template_file;            /* NULL: the user's own prompt */
};
struct vlm_info vlm_info(const struct vlm *v);

/* A file that could have been meant, and why it is not read. */
struct vlm_left {
    const char *file, *why;
};
const struct vlm_left *vlm_left(const struct vlm *v, size_t *n);

struct vlm_tensor {
    const char *name, *dtype, *file;
    uint32_t rank;
    const uint64_t *shape;
};
struct vlm_tensor vlm_tensor(const struct vlm *v, size_t i); /* below vlm_info.tensors */

/* The files that make the model what it is, weights first; NULL behind the last. free() the text.
 */
char *vlm_file(const struct vlm *v, size_t i, struct err *e);

/* What it computes with beside its weights and tokenizer: the values in effect, defaults filled in,
 * under the names that its files give them. jv_free() it. NULL without memory. */
struct json_t *vlm_settings(const struct vlm *v);
/* "weights" or "tokenizer", where the i-th file's content is that; NULL: vlm_settings has it. */
const char *vlm_file_part(const struct vlm *v, size_t i);
/* The hash of the content of such a file, in whatever form it is written. Those of several files of
 * weights folded (sha256_fold) are that of all weights. Reads the file. */
int vlm_file_digest(const struct vlm *v, size_t i, char hex[SHA256_HEX], struct err *e);

/* Is every weight a number? ERR_FORMAT names the first tensor with one that is not. Reads all. */
int vlm_check_weights(const struct vlm *v, struct err *e);

/* ---- text to ids, without a model ---- */

struct tokenizer;
int vlm_tokenizer_open(struct tokenizer **out, const char *dir, struct err *e);
void vlm_tokenizer_close(struct tokenizer *t);
/* Ids without begin or end tokens; free(*ids). */
int vlm_tokenize(const struct tokenizer *t, const char *text, size_t len, uint32_t **ids, size_t *n,
                 struct err *e);

/* ---- questions ---- */

enum vlm_kind {
    VLM_YESNO,   /* Yes and No in all their one-token forms; options: no, yes */
    VLM_CHOICE,  /* every option's whole token sequence, as an answer */
    VLM_LETTERS, /* options listed as A., B., ..; the letters are scored */
};

struct vlm_question { /* borrowed while prompts are made */
    const char *text;
    enum vlm_kind kind;
    const char *const *options; /* not of VLM_YESNO */
    size_t n_options;
};

struct vlm_prompts; /* questions as this model is asked them */

enum { VLM_LETTERS_MAX = 26 };

/* ERR_ARG: a question holds the text of a control token, or the template makes no prompt with one
 * image. */
int vlm_prompts_new(struct vlm_prompts **out, const struct vlm *v,
                    const struct vlm_question *questions, size_t n, struct err *e);
void vlm_prompts_free(struct vlm_prompts *p);                              /* NULL is fine */
const char *vlm_prompt_text(const struct vlm_prompts *p, size_t question); /* as rendered */

/* ---- answers ---- */

enum { VLM_TOP = 5 };

struct vlm_token {
    uint32_t id;
    double logprob;
};

struct vlm_answer {
    double *logprob; /* of each option (yes/no: no, yes) */
    size_t n_options;
    struct vlm_token top[VLM_TOP]; /* the likeliest first tokens */
};

struct vlm_answers {
    struct vlm_answer *items; /* a question each */
    size_t n;
    float *logits; /* [n, vocabulary] at each question's end, where they were asked for */
    struct arena arena;
};

struct vlm_how {
    bool one_by_one;             /* each prompt in a pass of its own */
    bool logits;                 /* keep them */
    const char *trace;           /* a folder for every stage of the pass; NULL: none */
    const struct events *events; /* asked between its steps whether it shall end */
};

/* Asks all prompts about an image. Release the answers with vlm_answers_release. ERR_INTERRUPTED:
 * the events said that it shall end. */
int vlm_ask(struct vlm *v, const struct vlm_prompts *p, const struct image *image,
            const struct vlm_how *how, struct vlm_answers *out, struct err *e);
/* Pictures in one pass: no less exact, and quicker where each alone has few tokens. */
struct vlm_asked { /* all prompts about each of the images */
    const struct vlm_prompts *prompts;
    const struct image *const *images;
    size_t n;
};
/* out[n]. ERR_LIMIT: some prompt with its picture is too long for the model. */
int vlm_ask_together(struct vlm *v, const struct vlm_asked *asked, const struct vlm_how *how,
                     struct vlm_answers *out, struct err *e);
/* Of how many pictures of that size a pass should be, asked all prompts. */
int vlm_together(const struct vlm *v, const struct vlm_prompts *p, const struct image *size,
                 size_t *out, struct err *e);
void vlm_answers_release(struct vlm_answers *a);

/* The probability that fell on valid answers at all; and an option's share of it. */
double vlm_mass(const struct vlm_answer *a);
double vlm_score(const struct vlm_answer *a, size_t option);

/* The text of a token, for people; free() it. NULL without memory. */
char *vlm_token_text(const struct vlm *v, uint32_t id);

/* What asking takes, by shape. */
struct vlm_size {
    uint32_t width, height;            /* of an image */
    const struct vlm_pictures *chosen; /* as it would be prepared; NULL: as it is */
};
struct vlm_cost {
    uint32_t width, height;       /* that the image is resized to, tiles being cut of that */
    size_t tiles, image_tokens;   /* tiles: the whole picture being one */
    size_t tokens;                /* of the tree */
    size_t longest;               /* tokens of the longest prompt */
    size_t tokens_one_by_one;     /* of all prompts alone */
    double flop, flop_one_by_one; /* a multiply-add is 2 */
    double vision_flop;           /* of flop: the tower's, and of what connects it */
    size_t together;              /* pictures that are asked in a pass: vlm_together */
    size_t activation_bytes;      /* of such a pass, beside the mapped weights */
};
/* ERR_ARG: nothing of that can be chosen. */
int vlm_estimate(struct vlm_cost *out, const struct vlm *v, const struct vlm_prompts *p,
                 const struct vlm_size *size, struct err *e);

/* Floating-point operations a second of the model's matrix products here, measured in a moment. */
int vlm_speed(struct vlm *v, double *flops, struct err *e);

#endif
