/* SPDX-License-Identifier: MIT
 *
 * engine.h - what the files behind vlm.h share. Private to vlm/.
 */
#ifndef ASSENT_VLM_ENGINE_H
#define ASSENT_VLM_ENGINE_H

#include "template/template.h"
#include "tokenizer/tokenizer.h"
#include "vlm/families/family.h"
#include "vlm/vlm.h"

struct vlm {
    char *dir;
    struct model *model;
    struct tokenizer *tokenizer;
    struct template *template; /* NULL: `prompt` */
    const char *template_file; /* that it stands in; NULL: `prompt` */
    char template_sha256[SHA256_HEX];
    char *prompt;    /* the user's own, or NULL */
    char *bos, *eos; /* tokens as text; NULL: none */
    uint32_t eos_id;
    bool has_eos;
    bool generation_read; /* generation_config.json said the end token */
    struct ops *ops;
    size_t pass_tokens; /* that a pass is filled up to with pictures; 0: it is not */
    struct vlm_left *left;
    size_t n_left, cap_left;
    struct arena arena; /* their names */
};

/* Notes that a file is left, and says so. */
int folder_leave(struct vlm *v, const struct vlm_left *left, enum event_kind said,
                 const struct events *ev, struct err *e);
/* Notes what else lies in the folder of a model that is open. */
int folder_look(struct vlm *v, const struct events *ev, struct err *e);
/* Is there a NAME.jinja in the folder's additional_chat_templates? */
bool folder_has_templates(const char *dir);

/* A sequence of tokens to be put through the model. */
struct path {
    uint32_t *ids;   /* the image's token once */
    size_t n, image; /* where that is */
    size_t question;
};

/* A token sequence whose probability counts for an option: its tokens follow each other from the
 * last n tokens of a path on. An option's probability is the sum of its probes'. */
struct probe {
    size_t path, option, n;
    uint32_t *tokens;
};

struct rendered {
    char *text; /* the prompt as rendered */
    size_t n_options;
};

struct vlm_prompts {
    struct rendered *questions;
    size_t n;
    struct path *paths;
    size_t n_paths, cap_paths;
    struct probe *probes;
    size_t n_probes, cap_probes;
    struct arena arena;
};

const char *precision_name(enum precision p); /* "f32", "bf16" */

/* The paths as they are for an image of that layout. Memory is the arena's. */
int prompts_expand(const struct vlm_prompts *p, const struct vlm *v, const struct layout *l,
                   struct prompt **out, struct arena *arena, struct err *e);

#endif
