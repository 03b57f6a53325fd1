/* SPDX-License-Identifier: MIT
 *
 * The normaliser and the pre-tokenizer of tokenizer.json, read into steps.
 */
#include "tokenizer/steps.h"

#include <string.h>

#include "tokenizer/component.h"
#include "tokenizer/regex.h"

enum { SEQUENCE_DEPTH = 8 };

/* One of the two while it is read. */
struct steps_reader {
    struct steps *steps;
    struct arena *arena; /* of the steps' texts */
    const char *list;    /* the member of a Sequence that has its components */
    const struct component *known;
    unsigned depth; /* sequences in sequences */
};

struct component { /* one type; a table of them ends in { 0 } */
    const char *type;
    int (*read)(struct steps_reader *r, const struct cursor *c, struct err *e);
};

static int add(struct steps_reader *r, struct step step, const struct cursor *c, struct err *e)
{
    struct steps *s = r->steps;

    if (s->n < STEPS_MAX) {
        s->list[s->n++] = step;
        return 0;
    }
    regex_free(step.regex);
    err_set(e, ERR_LIMIT, "too many steps");
    err_expected(e, "at most %d", STEPS_MAX);
    return cursor_at(c, e);
}

static int read_component(struct steps_reader *r, const struct cursor *c, struct err *e);

static int read_sequence(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    const char *const keys[] = { "type", r->list, NULL };
    struct cursor list = cursor_member(c, r->list), item = { 0 };
    int rc = cursor_only(c, keys, e);

    if (rc == 0)
        rc = cursor_array(&list, e);
    if (rc == 0 && r->depth == SEQUENCE_DEPTH)
        rc = cursor_refuse(c, "a sequence in a sequence in a sequence ...", e);
    r->depth++;
    while (rc == 0 && cursor_next(&list, &item))
        rc = read_component(r, &item, e);
    r->depth--;
    return rc;
}

static int read_component(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    const char *type = component_type(c);

    if (!jv_is_object(c->value))
        return cursor_wrong(c, "an object or null", e);
    if (strcmp(type, "Sequence") == 0)
        return read_sequence(r, c, e);
    for (const struct component *known = r->known; known->type; known++)
        if (strcmp(type, known->type) == 0)
            return known->read(r, c, e);
    return component_refuse(c, e);
}

/* The document's text becomes the steps' own. */
static int keep_text(struct steps_reader *r, const char **text, struct err *e)
{
    *text = arena_text(r->arena, *text, strlen(*text), e);
    return *text ? 0 : ERR_NOMEM;
}

/* ---- normalisers ---- */

static int read_nfc(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    static const char *const keys[] = { "type", NULL };
    int rc = cursor_only(c, keys, e);

    return rc < 0 ? rc : add(r, (struct step){ .run = step_nfc }, c, e);
}

static int read_prepend(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_ANY },
        { "prepend", FIELD_REQUIRED, FIELD_TEXT(struct step, to) },
        { 0 },
    };
    struct step step = { .run = step_prefix };
    int rc = cursor_fields_only(c, fields, &step, e);

    if (rc == 0)
        rc = keep_text(r, &step.to, e);
    return rc < 0 ? rc : add(r, step, c, e);
}

/* {"String": "x"}: what is replaced. */
static int read_replaced(const struct cursor *pattern, void *member, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "String", FIELD_REQUIRED, FIELD_TEXT(struct step, from) },
        { 0 },
    };
    struct step *step = member;
    int rc = cursor_fields_only(pattern, fields, step, e);

    return rc == 0 && *step->from == '\0'
               ? cursor_refuse(pattern, "the replacement of an empty text", e)
               : rc;
}

static int read_replace(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_ANY },
        { "pattern", FIELD_REQUIRED, FIELD_CHECK(read_replaced) },
        { "content", FIELD_REQUIRED, FIELD_TEXT(struct step, to) },
        { 0 },
    };
    struct step step = { .run = step_replace };
    int rc = cursor_fields_only(c, fields, &step, e);

    if (rc < 0 || (rc = keep_text(r, &step.from, e)) < 0 || (rc = keep_text(r, &step.to, e)) < 0)
        return rc;
    return add(r, step, c, e);
}

int steps_read_normalizer(struct steps *s, const struct cursor *c, struct arena *a, struct err *e)
{
    static const struct component known[] = {
        { "NFC", read_nfc }, { "Prepend", read_prepend }, { "Replace", read_replace }, { 0 }
    };
    struct steps_reader r = { s, a, "normalizers", known, 0 };

    return cursor_is_null(c) ? 0 : read_component(&r, c, e);
}

/* ---- pre-tokenizers ---- */

/* {"String": "x"} or {"Regex": "x+"}. */
static int read_pattern(const struct cursor *pattern, void *member, struct err *e)
{
    static const char *const keys[] = { "Regex", "String", NULL };
    bool literal = jv_get(pattern->value, "String") != NULL;
    struct cursor at = cursor_member(pattern, literal ? "String" : "Regex");
    const char *text = NULL;
    int rc = cursor_only(pattern, keys, e);

    if (rc == 0 && jv_members(pattern->value) != 1)
        rc = cursor_wrong(pattern, "one of Regex and String", e);
    if (rc == 0)
        rc = cursor_text(&at, &text, e);
    if (rc == 0 && (rc = regex_new(member, text, literal, e)) < 0)
        cursor_at(&at, e);
    return rc;
}

static int read_split(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    static const char *const behaviors[] = {
        [ISOLATED] = "Isolated",
        [REMOVED] = "Removed",
        [CONTIGUOUS] = "Contiguous",
        [MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
        [MERGED_WITH_NEXT] = "MergedWithNext",
        NULL,
    };
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_ANY },
        { "behavior", FIELD_REQUIRED, FIELD_WORD(struct step, behavior, behaviors) },
        { "invert", FIELD_REQUIRED, FIELD_FLAG(struct step, invert) },
        /* the last: nothing that fails behind it leaves the expression to nobody */
        { "pattern", FIELD_REQUIRED, FIELD_OWN(struct step, regex, read_pattern) },
        { 0 },
    };
    struct step step = { .run = step_split };
    int rc = cursor_fields_only(c, fields, &step, e);

    return rc < 0 ? rc : add(r, step, c, e);
}

static int add_split(struct steps_reader *r, const struct cursor *c, const char *pattern,
                     bool literal, enum behavior behavior, struct err *e)
{
    struct step step = { .run = step_split, .behavior = behavior };
    int rc = regex_new(&step.regex, pattern, literal, e);

    return rc < 0 ? cursor_at(c, e) : add(r, step, c, e);
}

struct digits {
    bool each; /* a piece of its own */
};

static int read_digits(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_ANY },
        { "individual_digits", FIELD_REQUIRED, FIELD_FLAG(struct digits, each) },
        { 0 },
    };
    struct digits d = { 0 };
    int rc = cursor_fields_only(c, fields, &d, e);

    return rc < 0 ? rc : add_split(r, c, regex_digit, false, d.each ? ISOLATED : CONTIGUOUS, e);
}

struct byte_level {
    bool prefix, words;
};

/* trim_offsets is about offsets only. */
static int read_byte_level(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_ANY },
        { "add_prefix_space", FIELD_REQUIRED, FIELD_FLAG(struct byte_level, prefix) },
        { "trim_offsets", FIELD_OPTIONAL, FIELD_ANY },
        { "use_regex", FIELD_OPTIONAL, FIELD_FLAG(struct byte_level, words) },
        { 0 },
    };
    struct step space = { .run = step_prefix, .to = " ", .unless_there = true };
    struct byte_level b = { .words = true };
    int rc = cursor_fields_only(c, fields, &b, e);

    if (rc == 0 && b.prefix)
        rc = add(r, space, c, e);
    if (rc == 0 && b.words)
        rc = add_split(r, c, regex_gpt2, false, ISOLATED, e);
    return rc < 0 ? rc : add(r, (struct step){ .run = step_bytes }, c, e);
}

enum scheme { SCHEME_FIRST, SCHEME_ALWAYS, SCHEME_NEVER };

struct metaspace {
    const char *mark;
    enum scheme scheme;
    bool split, prefix;
};

static int read_mark(const struct cursor *c, void *member, struct err *e)
{
    const char *text;
    int rc = cursor_text(c, &text, e);

    if (rc < 0)
        return rc;
    if (strlen(text) != text_utf8_size(text)) /* of an empty text: 1 */
        return cursor_wrong(c, "one character", e);
    *(const char **)member = text;
    return 0;
}

/* add_prefix_space is the older word, which must not say otherwise. */
static int read_metaspace_options(struct steps_reader *r, const struct cursor *c,
                                  struct metaspace *m, struct err *e)
{
    static const char *const schemes[] = {
        [SCHEME_FIRST] = "first", [SCHEME_ALWAYS] = "always", [SCHEME_NEVER] = "never", NULL
    };
    static const struct cursor_field fields[] = {
        { "type", FIELD_REQUIRED, FIELD_ANY },
        { "replacement", FIELD_REQUIRED, FIELD_OWN(struct metaspace, mark, read_mark) },
        { "split", FIELD_OPTIONAL, FIELD_FLAG(struct metaspace, split) },
        { "str_rep", FIELD_OPTIONAL, FIELD_ANY },
        { "prepend_scheme", FIELD_OPTIONAL, FIELD_WORD(struct metaspace, scheme, schemes) },
        { "add_prefix_space", FIELD_NULLABLE, FIELD_FLAG(struct metaspace, prefix) },
        { 0 },
    };
    struct cursor older = cursor_member(c, "add_prefix_space");
    int rc;

    *m = (struct metaspace){ .scheme = SCHEME_ALWAYS, .split = true, .prefix = true };
    rc = cursor_fields_only(c, fields, m, e);
    if (rc == 0 && !m->prefix && m->scheme != SCHEME_NEVER)
        rc = cursor_wrong(&older, "true, as prepend_scheme says", e);
    return rc < 0 ? rc : keep_text(r, &m->mark, e);
}

static int read_metaspace(struct steps_reader *r, const struct cursor *c, struct err *e)
{
    struct metaspace m;
    int rc = read_metaspace_options(r, c, &m, e);
    struct step mark = { .run = step_replace, .from = " ", .to = m.mark };
    struct step prefix = { .run = step_prefix,
                           .to = m.mark,
                           .unless_there = true,
                           .only_first = m.scheme == SCHEME_FIRST };

    if (rc == 0)
        rc = add(r, mark, c, e);
    if (rc == 0 && m.scheme != SCHEME_NEVER)
        rc = add(r, prefix, c, e);
    return rc < 0 || !m.split ? rc : add_split(r, c, m.mark, true, MERGED_WITH_NEXT, e);
}

int steps_read_pre_tokenizer(struct steps *s, const struct cursor *c, struct arena *a,
                             struct err *e)
{
    static const struct component known[] = { { "Split", read_split },
                                              { "Digits", read_digits },
                                              { "ByteLevel", read_byte_level },
                                              { "Metaspace", read_metaspace },
                                              { 0 } };
    struct steps_reader r = { s, a, "pretokenizers", known, 0 };

    return cursor_is_null(c) ? 0 : read_component(&r, c, e);
}
