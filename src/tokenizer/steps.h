/* SPDX-License-Identifier: MIT
 *
 * steps.h - normalising and splitting: steps, each of which makes pieces of a piece
 * (pretokenize.c); steps as tokenizer.json has them (steps.c). Private to tokenizer/.
 */
#ifndef ASSENT_TOKENIZER_STEPS_H
#define ASSENT_TOKENIZER_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "tokenizer/regex.h"

enum {
    STEPS_MAX = 64,
    PIECES_MAX = 64 << 20, /* bytes of a text normalised and split */
};

struct piece {
    size_t start, len; /* in the pieces' text */
    bool first;        /* begins where the whole input begins */
};

struct pieces {
    struct buf text;
    struct piece *list;
    size_t n, cap;
};

void pieces_init(struct pieces *p);
void pieces_release(struct pieces *p);
/* Leaves only the text, as one piece (none where it is empty). */
int pieces_set(struct pieces *p, const char *text, size_t len, bool first, struct err *e);

enum behavior { /* what becomes of a match when a text is split at it */
                ISOLATED,
                REMOVED,
                CONTIGUOUS,
                MERGED_WITH_PREVIOUS,
                MERGED_WITH_NEXT,
};

struct step; /* adds to `out` what it makes of one piece */
typedef int step_fn(const struct step *s, const char *text, const struct piece *piece,
                    struct pieces *out, struct err *e);

struct step {
    step_fn *run;
    const char *from, *to; /* replace; `to` also what is put before a piece */
    bool only_first, unless_there;
    struct regex *regex; /* the step's own */
    enum behavior behavior;
    bool invert;
};

step_fn step_nfc, step_prefix, step_replace, step_split, step_bytes;

struct steps {
    struct step list[STEPS_MAX];
    size_t n;
};

/* Puts p through all steps; `spare` is for use on the way. */
int steps_run(const struct steps *s, struct pieces *p, struct pieces *spare, struct err *e);
bool steps_have(const struct steps *s, step_fn *run);
void steps_release(struct steps *s);

/* The printable character that byte-level vocabularies write for a byte (GPT-2's table), and back:
 * false where c stands for none. */
uint32_t byte_to_char(unsigned char byte);
bool byte_from_char(uint32_t c, unsigned char *byte);

/* Texts go to the arena. */
int steps_read_normalizer(struct steps *s, const struct cursor *c, struct arena *a, struct err *e);
int steps_read_pre_tokenizer(struct steps *s, const struct cursor *c, struct arena *a,
                             struct err *e);

#endif
