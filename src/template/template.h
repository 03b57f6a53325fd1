/* SPDX-License-Identifier: MIT
 *
 * template.h - the chat template of a model's folder, rendered.
 *
 * A small interpreter of the Jinja that chat templates of this family use: for, if, set, +, ==, !=,
 * and/or/not, in, selectattr, indexing and members, string methods, loop.first/last/index0,
 * comments, whitespace control, generation blocks. Anything else is refused by name.
 */
#ifndef ASSENT_TEMPLATE_H
#define ASSENT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

struct template;

enum {
    TEMPLATE_FILE_MAX = 1 << 20,
    TEMPLATE_STEPS_MAX = 1000000, /* evaluated nodes of one rendering: an endless loop ends */
    TEMPLATE_OUTPUT_MAX = 1 << 20,
};

/* Parses Jinja text. trim_blocks and lstrip_blocks are on, as transformers sets them. */
int template_parse(struct template **out, const char *name, const char *text, size_t len,
                   struct err *e);
void template_free(struct template *t); /* NULL is fine */

/* What a rendering sees: messages = [{role: "user", content: [{type: "image"}, {type: "text", text:
 * question}]}], add_generation_prompt = true, bos_token, eos_token. With an answer, messages has
 * {role: "assistant", content: [{type: "text", text: answer}]} too, and no prompt is added. */
struct template_input {
    const char *question;
    const char *bos_token, *eos_token; /* NULL: "" */
    const char *answer;                /* NULL: none yet */
};

/* The prompt, or the conversation; free() it. ERR_FORMAT: the template raised an exception or uses
 * what is not known; ERR_LIMIT: too many steps or too much output. */
int template_render(const struct template *t, const struct template_input *input, char **out,
                    struct err *e);

#endif
