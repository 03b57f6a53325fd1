/* SPDX-License-Identifier: MIT
 *
 * read.h - what the families' readers of config.json and of the image processor's settings share.
 * Private to vlm/.
 *
 * Every reader returns the error's code, and says in which file and key the trouble is.
 */
#ifndef ASSENT_VLM_READ_H
#define ASSENT_VLM_READ_H

#include "vlm/config.h"

enum { SIDE_MAX = 1 << 20, LAYERS_MAX = 1000 }; /* of what a config may ask for */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Rows of tables: of keys that may be absent. */
#define SIZE(key, type, member, most) key, FIELD_OPTIONAL, FIELD_UINT32(type, member, 1, most)
#define FLAG(key, type, member)       key, FIELD_OPTIONAL, FIELD_FLAG(type, member)
#define POSITIVE(key, type, member)   key, FIELD_OPTIONAL, FIELD_POSITIVE(type, member)
#define ACTIVATION(key, type, member) \
    key, FIELD_OPTIONAL, FIELD_WORD(type, member, activation_words)

extern const char *const activation_words[]; /* by enum activation, ended by NULL */

bool is_among(const char *word, const char *const *words); /* which end in NULL */

/* What can be done with a model that is not read. */
int read_elsewhere(struct err *e);
int refuse(const struct cursor *c, const char *what, struct err *e);

/* What was read is no model that is run here, or does not fit together. */
struct refusal {
    bool applies;
    const char *key, *what;
};
int check_refusals(const struct cursor *object, const struct refusal *r, size_t n, struct err *e);

/* The fields of a section, which may be absent or null. */
int read_section(const struct cursor *section, const struct cursor_field *fields, void *out,
                 struct err *e);

/* text_config: of one of the types, which end in NULL; the first is meant where none is named. */
int read_text(const struct cursor *section, const char *const *types, struct text_config *c,
              struct err *e);

/* vision_config with CLIP's and SigLIP's keys. */
struct tower_defaults {
    const char *const *types;    /* of the section, ended by NULL */
    struct tower_config absent;  /* where there is no section */
    struct tower_config present; /* where there is one, of its absent keys */
    bool pairs;                  /* image_size and patch_size may be [side, side] */
};
int read_tower(const struct cursor *section, const struct tower_defaults *d, struct tower_config *c,
               struct err *e);

/* image_token_id, or image_token_index; checked to be in the vocabulary. */
int read_image_token(const struct cursor *top, uint32_t usual, struct model_config *c,
                     struct err *e);
/* tie_word_embeddings, the whole's or the text model's own, which counts in some families. */
int read_tied(const struct cursor *top, const struct cursor *text, struct model_config *c,
              struct err *e);

/* A step of the image processor that is not left out. */
int check_step_on(const struct cursor *object, const char *key, struct err *e);
/* do_*, resample, image_mean, image_std, rescale_factor; c->prep holds the defaults. */
enum pillow_filter { PILLOW_LANCZOS = 1, PILLOW_BILINEAR = 2, PILLOW_BICUBIC = 3 };
int read_prep_common(const struct cursor *object, enum pillow_filter filter, struct prep_config *c,
                     struct err *e);

extern const float clip_mean[3], clip_std[3];

#endif
