/* SPDX-License-Identifier: MIT
 *
 * parts.h - the parts of a tokenizer, in the order in which a text goes through them:
 *
 *     added tokens (added.c) cut the text; what lies between them is
 *     normalised and split into pieces by steps (pretokenize.c, with regex.c and
 *     unicode.c); each piece becomes ids (bpe.c).
 *
 * tokenizer.c runs them. json.c reads the file, with steps.c, bpe_read.c and
 * node.c.
 */
#ifndef ASSENT_TOKENIZER_PARTS_H
#define ASSENT_TOKENIZER_PARTS_H

#include "tokenizer/tokenizer.h"

enum {
    TOKEN_IDS_MAX = 1 << 22, /* the largest vocabularies have 2^18 */
    MERGES_MAX = 1 << 22,
    ADDED_MAX = 1 << 17,
    STEPS_MAX = 64,
    TEXT_MAX = 4 << 20,    /* bytes of a text to encode */
    PIECES_MAX = 64 << 20, /* bytes of a text normalised and split */
};

/* ---- a value of the file and where it is, for messages ---- */

struct node {
    const char *file;
    char path[160];             /* "model.merges", "" for the top */
    const struct json_t *value; /* NULL where there is none */
};

struct node node_get(const struct node *object, const char *key);
struct node node_at(const struct node *array, size_t i);
/* The error that the value is not what it should be. */
int node_wrong(const struct node *n, const char *expected, struct err *e);
/* The error that what the value asks for is not implemented. */
int node_refused(const struct node *n, const char *what, struct err *e);
int node_place(const struct node *n, struct err *e);
/* Is it an object whose keys are all among the n? */
int node_check_keys(const struct node *n, const char *const keys[], size_t n_keys, struct err *e);
int node_flag(const struct node *object, const char *key, bool *out, struct err *e);
int node_flag_or(const struct node *object, const char *key, bool fallback, bool *out,
                 struct err *e);
int node_text(const struct node *object, const char *key, const char **out, struct err *e);
bool node_is_null(const struct node *n);     /* also where there is none */
const char *node_type(const struct node *n); /* its member "type", or "" */

/* ---- regular expressions, as Oniguruma reads them ---- */

struct regex;

/* `literal` is a text to be found as it is. */
int regex_new(struct regex **out, const char *pattern, bool literal, struct err *e);
void regex_free(struct regex *r);

/* Cuts text[0..len) into the matches and what is between them, in order. Stops where cut does not
 * return 0, with that. Valid UTF-8 only. */
typedef int regex_cut_fn(void *data, size_t start, size_t end, bool match, struct err *e);
int regex_cut(const struct regex *r, const char *text, size_t len, regex_cut_fn *cut, void *data,
              struct err *e);

extern const char regex_gpt2[], regex_word[];

/* ---- Unicode ---- */

/* Unicode's White_Space. */
bool unicode_is_space(uint32_t c);
/* Where the last character before text + len begins. */
size_t unicode_before(const char *text, size_t len);
/* Adds text in normal form C to out. */
int unicode_nfc(const char *text, size_t len, struct buf *out, struct err *e);

/* ---- steps: text -> pieces ---- */

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
int steps_read_normalizer(struct steps *s, const struct node *n, struct arena *a, struct err *e);
int steps_read_pre_tokenizer(struct steps *s, const struct node *n, struct arena *a, struct err *e);

/* ---- the model ---- */

enum { UNKNOWN_NONE, UNKNOWN_KNOWN, UNKNOWN_MISSING }; /* is the unknown token in the vocabulary? */

#define NO_BYTE UINT32_MAX

struct merge {
    uint64_t pair; /* left id << 32 | right id */
    uint32_t rank, id;
};

struct bpe {
    struct map *vocab;   /* token -> id; without the added tokens that are not in it */
    const char **tokens; /* by id, added tokens too; NULL where there is none */
    size_t n_ids, cap_ids;
    struct merge *merges; /* sorted by pair */
    size_t n_merges, cap_merges;
    const char *unknown_name;
    uint32_t unknown_id;
    int unknown;
    bool fuse_unknown, byte_fallback, ignore_merges;
    uint32_t bytes[256]; /* <0x00> .. <0xFF>; NO_BYTE where there is none */
};

struct word { /* scratch of bpe_encode: zero-initialise, word_release */
    struct symbol *symbols;
    size_t n, cap;
    struct candidate *heap;
    size_t n_heap, cap_heap;
};

int bpe_read(struct bpe *b, const struct node *model, struct arena *a, struct err *e);
void bpe_release(struct bpe *b);
/* Gives an id its text, which must stay. */
int bpe_name(struct bpe *b, uint32_t id, const char *token, struct err *e);
bool bpe_id(const struct bpe *b, const char *token, size_t len, uint32_t *id);
/* Appends the ids of one piece. */
int bpe_encode(const struct bpe *b, const char *text, size_t len, struct word *w,
               struct token_ids *out, struct err *e);
void word_release(struct word *w);
int token_ids_add(struct token_ids *ids, uint32_t id, struct err *e);

/* ---- added tokens ---- */

struct added {
    const char *text, *pattern; /* the pattern is the text, normalised where it must be */
    size_t len, pattern_len;
    uint32_t id;
    bool single_word, lstrip, rstrip, normalized, special;
};

struct added_set {             /* which patterns are looked for together */
    const struct added **list; /* sorted by pattern, each once */
    size_t n;
    bool begins[256]; /* does a pattern begin with this byte? */
};

struct cut {
    size_t start, len;
    const struct added *token; /* NULL: text between them */
};

struct cuts {
    struct cut *list;
    size_t n, cap;
};

/* Takes the n tokens with a pattern that choose() accepts, the special ones first. */
int added_set_make(struct added_set *s, const struct added *tokens, size_t n,
                   bool (*choose)(const struct added *), struct arena *a, struct err *e);
/* The longest token whose pattern is at text, or NULL. */
const struct added *added_at(const struct added_set *s, const char *text, size_t len);
/* Cuts text into added tokens and what is between them. `word` matches a character of a word. */
int added_cut(const struct added_set *s, const struct regex *word, const char *text, size_t len,
              struct cuts *out, struct err *e);

/* ---- the whole ---- */

struct tokenizer {
    struct arena arena;
    struct steps normalizer, pre_tokenizer;
    struct bpe bpe;
    struct added *added;
    size_t n_added;
    struct added_set raw, normalized, special; /* looked for in the text, in the normalised text;
                                                * by their own text, for tokenizer_control_in */
    struct regex *word;                        /* NULL where no token is single_word */
    struct token_ids begin, end;               /* what the post-processor adds */
    const char *space;
};

int tokenizer_read(struct tokenizer *t, const struct node *top, struct err *e);

#endif
