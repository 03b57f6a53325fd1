/* SPDX-License-Identifier: MIT
 *
 * The normaliser and the pre-tokenizer of tokenizer.json, read into steps.
 */
#include <string.h>

#include "tokenizer/parts.h"

enum { SEQUENCE_DEPTH = 8 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reader_of { /* one type of component */
    const char *type;
    int (*read)(struct steps *s, const struct node *n, struct arena *a, struct err *e);
};

static int add(struct steps *s, struct step step, const struct node *n, struct err *e)
{
    if (s->n < STEPS_MAX) {
        s->list[s->n++] = step;
        return 0;
    }
    regex_free(step.regex);
    err_set(e, ERR_LIMIT, "too many steps");
    err_expected(e, "at most %d", STEPS_MAX);
    return node_place(n, e);
}

static int read_component(struct steps *s, const struct node *n, const struct reader_of *known,
                          size_t n_known, const char *list_key, unsigned depth, struct arena *a,
                          struct err *e);

static int read_sequence(struct steps *s, const struct node *n, const struct reader_of *known,
                         size_t n_known, const char *list_key, unsigned depth, struct arena *a,
                         struct err *e)
{
    const char *const keys[] = { "type", list_key };
    struct node list = node_get(n, list_key);
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    if (rc == 0 && !jv_is_array(list.value))
        rc = node_wrong(&list, "an array", e);
    if (rc == 0 && depth == SEQUENCE_DEPTH)
        rc = node_refused(n, "a sequence in a sequence in a sequence ...", e);
    for (size_t i = 0; rc == 0 && i < jv_length(list.value); i++) {
        struct node item = node_at(&list, i);

        rc = read_component(s, &item, known, n_known, list_key, depth + 1, a, e);
    }
    return rc;
}

static int read_component(struct steps *s, const struct node *n, const struct reader_of *known,
                          size_t n_known, const char *list_key, unsigned depth, struct arena *a,
                          struct err *e)
{
    if (!jv_is_object(n->value))
        return node_wrong(n, "an object or null", e);
    if (strcmp(node_type(n), "Sequence") == 0)
        return read_sequence(s, n, known, n_known, list_key, depth, a, e);
    for (size_t i = 0; i < n_known; i++)
        if (strcmp(node_type(n), known[i].type) == 0)
            return known[i].read(s, n, a, e);
    return node_refused(n, node_type(n), e);
}

static int copy_text(const struct node *n, const char *key, struct arena *a, const char **out,
                     struct err *e)
{
    int rc = node_text(n, key, out, e);

    if (rc < 0)
        return rc;
    *out = arena_text(a, *out, strlen(*out), e);
    return *out ? 0 : ERR_NOMEM;
}

/* ---- normalisers ---- */

static int read_nfc(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const char *const keys[] = { "type" };
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    (void)a;
    return rc < 0 ? rc : add(s, (struct step){ .run = step_nfc }, n, e);
}

static int read_prepend(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const char *const keys[] = { "type", "prepend" };
    struct step step = { .run = step_prefix };
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    if (rc == 0)
        rc = copy_text(n, "prepend", a, &step.to, e);
    return rc < 0 ? rc : add(s, step, n, e);
}

static int read_replace(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const char *const keys[] = { "type", "pattern", "content" };
    static const char *const pattern_keys[] = { "String" };
    struct node pattern = node_get(n, "pattern");
    struct step step = { .run = step_replace };
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    if (rc == 0)
        rc = node_check_keys(&pattern, pattern_keys, COUNT(pattern_keys), e);
    if (rc == 0)
        rc = copy_text(&pattern, "String", a, &step.from, e);
    if (rc == 0)
        rc = copy_text(n, "content", a, &step.to, e);
    if (rc == 0 && *step.from == '\0')
        rc = node_refused(&pattern, "the replacement of an empty text", e);
    return rc < 0 ? rc : add(s, step, n, e);
}

int steps_read_normalizer(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const struct reader_of known[] = { { "NFC", read_nfc },
                                              { "Prepend", read_prepend },
                                              { "Replace", read_replace } };

    if (node_is_null(n))
        return 0;
    return read_component(s, n, known, COUNT(known), "normalizers", 0, a, e);
}

/* ---- pre-tokenizers ---- */

static int add_split(struct steps *s, const struct node *n, const char *pattern, bool literal,
                     enum behavior behavior, bool invert, struct err *e)
{
    struct step step = { .run = step_split, .behavior = behavior, .invert = invert };
    int rc = regex_new(&step.regex, pattern, literal, e);

    return rc < 0 ? node_place(n, e) : add(s, step, n, e);
}

static int read_behavior(const struct node *n, enum behavior *out, struct err *e)
{
    static const char *const names[] = {
        [ISOLATED] = "Isolated",
        [REMOVED] = "Removed",
        [CONTIGUOUS] = "Contiguous",
        [MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [MERGED_WITH_NEXT] = "MergedWithNext",
    };
    struct node value = node_get(n, "behavior");

    for (size_t i = 0; i < COUNT(names); i++)
        if (text_equal(jv_text(value.value), names[i])) {
            *out = (enum behavior)i;
            return 0;
        }
    return node_wrong(&value, "Isolated, Removed, Contiguous, MergedWithPrevious or MergedWithNext",
                      e);
}

static int read_split(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const char *const keys[] = { "type", "pattern", "behavior", "invert" };
    static const char *const pattern_keys[] = { "Regex", "String" };
    struct node pattern = node_get(n, "pattern");
    bool literal = jv_get(pattern.value, "String") != NULL, invert = false;
    const char *kind = literal ? "String" : "Regex", *text = NULL;
    struct node at = node_get(&pattern, kind);
    enum behavior behavior = ISOLATED;
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    (void)a;
    if (rc == 0)
        rc = node_check_keys(&pattern, pattern_keys, COUNT(pattern_keys), e);
    if (rc == 0 && jv_members(pattern.value) != 1)
        rc = node_wrong(&pattern, "one of Regex and String", e);
    if (rc == 0)
        rc = node_text(&pattern, kind, &text, e);
    if (rc == 0)
        rc = read_behavior(n, &behavior, e);
    if (rc == 0)
        rc = node_flag(n, "invert", &invert, e);
    return rc < 0 ? rc : add_split(s, &at, text, literal, behavior, invert, e);
}

/* trim_offsets is about offsets only. */
static int read_byte_level(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const char *const keys[] = { "type", "add_prefix_space", "trim_offsets", "use_regex" };
    struct step space = { .run = step_prefix, .to = " ", .unless_there = true };
    bool prefix = false, words = true;
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    (void)a;
    if (rc == 0)
        rc = node_flag(n, "add_prefix_space", &prefix, e);
    if (rc == 0)
        rc = node_flag_or(n, "use_regex", true, &words, e);
    if (rc == 0 && prefix)
        rc = add(s, space, n, e);
    if (rc == 0 && words)
        rc = add_split(s, n, regex_gpt2, false, ISOLATED, false, e);
    return rc < 0 ? rc : add(s, (struct step){ .run = step_bytes }, n, e);
}

struct metaspace {
    const char *mark;
    const char *scheme; /* first, always or never */
    bool split;
};

/* add_prefix_space is the older word, which must not say otherwise. */
static int read_scheme(const struct node *n, const char **scheme, struct err *e)
{
    struct node value = node_get(n, "prepend_scheme"), older = node_get(n, "add_prefix_space");
    bool prefix = true;

    *scheme = value.value ? jv_text(value.value) : "always";
    if (!text_equal(*scheme, "first") && !text_equal(*scheme, "always") &&
        !text_equal(*scheme, "never"))
        return node_wrong(&value, "first, always or never", e);
    if (!node_is_null(&older) && !jv_flag(older.value, &prefix))
        return node_wrong(&older, "true or false", e);
    if (!prefix && strcmp(*scheme, "never") != 0)
        return node_wrong(&older, "true, as prepend_scheme says", e);
    return 0;
}

static int read_metaspace_options(const struct node *n, struct metaspace *m, struct arena *a,
                                  struct err *e)
{
    static const char *const keys[] = { "type",  "replacement", "add_prefix_space",
                                        "split", "str_rep",     "prepend_scheme" };
    struct node mark = node_get(n, "replacement");
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    if (rc == 0)
        rc = copy_text(n, "replacement", a, &m->mark, e);
    if (rc < 0)
        return rc;
    if (strlen(m->mark) != text_utf8_size(m->mark)) /* of an empty text: 1 */
        return node_wrong(&mark, "one character", e);
    rc = node_flag_or(n, "split", true, &m->split, e);
    return rc < 0 ? rc : read_scheme(n, &m->scheme, e);
}

static int read_metaspace(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    struct metaspace m;
    int rc = read_metaspace_options(n, &m, a, e);

    if (rc == 0)
        rc = add(s, (struct step){ .run = step_replace, .from = " ", .to = m.mark }, n, e);
    if (rc == 0 && strcmp(m.scheme, "never") != 0)
        rc = add(s,
                 (struct step){ .run = step_prefix,
                                .to = m.mark,
                                .unless_there = true,
                                .only_first = strcmp(m.scheme, "first") == 0 },
                 n, e);
    return rc < 0 || !m.split ? rc : add_split(s, n, m.mark, true, MERGED_WITH_NEXT, false, e);
}

int steps_read_pre_tokenizer(struct steps *s, const struct node *n, struct arena *a, struct err *e)
{
    static const struct reader_of known[] = { { "Split", read_split },
                                              { "ByteLevel", read_byte_level },
                                              { "Metaspace", read_metaspace } };

    if (node_is_null(n))
        return 0;
    return read_component(s, n, known, COUNT(known), "pretokenizers", 0, a, e);
}
