/* SPDX-License-Identifier: MIT
 *
 * tokenizer.json: added tokens, post-processor, and the whole.
 */
#include "tokenizer/read.h"

#include <string.h>

#include "tokenizer/added.h"
#include "tokenizer/bpe.h"
#include "tokenizer/component.h"
#include "tokenizer/regex.h"
#include "tokenizer/steps.h"

enum { ADDED_MAX = 1 << 17 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- components ---- */

const char *component_type(const struct cursor *c)
{
    const char *type = jv_text(jv_get(c->value, "type"));

    return type ? type : "";
}

int component_refuse(const struct cursor *c, struct err *e)
{
    const char *type = component_type(c);

    return cursor_refuse(c, *type ? type : "a component without a type", e);
}

/* ---- added tokens ---- */

/* The library numbers added tokens itself, whatever the file says: one that the vocabulary has
 * keeps its id, the others go on behind it. A file that says otherwise is read there with a
 * warning, and with other ids than its own. */
static int check_added_id(const struct tokenizer *t, const struct added *a, uint32_t next,
                          const struct cursor *c, struct err *e)
{
    struct cursor id = cursor_member(c, "id");
    uint32_t wanted = next;

    bpe_id(&t->bpe, a->text, a->len, &wanted);
    if (a->id == wanted)
        return 0;
    err_set(e, ERR_FORMAT, "an added token with another id than it gets");
    err_got(e, "%u for %s", a->id, a->text);
    err_expected(e, "%u", wanted);
    return cursor_at(&id, e);
}

static int name_added(struct tokenizer *t, struct map *seen, const struct added *a,
                      const struct cursor *c, struct err *e)
{
    size_t found;
    uint32_t id;
    int rc = map_add(seen, a->text, a->len, a->id, &found, e);

    if (rc == 0) {
        err_set(e, ERR_FORMAT, "an added token is there twice");
        err_got(e, "%s", a->text);
        return cursor_at(c, e);
    }
    if (rc > 0)
        rc = bpe_id(&t->bpe, a->text, a->len, &id) ? 0 : bpe_name(&t->bpe, a->id, a->text, e);
    return rc < 0 ? cursor_at(c, e) : 0;
}

static int read_content(const struct cursor *c, void *member, struct err *e)
{
    const char *text;
    int rc = cursor_text(c, &text, e);

    if (rc < 0)
        return rc;
    if (*text == '\0')
        return cursor_wrong(c, "a text that is not empty", e);
    *(const char **)member = text;
    return 0;
}

static int read_added_token(struct tokenizer *t, struct map *seen, uint32_t next,
                            const struct cursor *c, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "content", FIELD_REQUIRED, FIELD_OWN(struct added, text, read_content) },
        { "single_word", FIELD_REQUIRED, FIELD_FLAG(struct added, single_word) },
        { "lstrip", FIELD_REQUIRED, FIELD_FLAG(struct added, lstrip) },
        { "rstrip", FIELD_REQUIRED, FIELD_FLAG(struct added, rstrip) },
        { "normalized", FIELD_REQUIRED, FIELD_FLAG(struct added, normalized) },
        { "special", FIELD_REQUIRED, FIELD_FLAG(struct added, special) },
        { "id", FIELD_REQUIRED, FIELD_UINT32(struct added, id, 0, TOKEN_IDS_MAX - 1) },
        { 0 },
    };
    struct added *a = &t->added[t->n_added];
    int rc = cursor_fields_only(c, fields, a, e);

    if (rc < 0)
        return rc;
    a->len = strlen(a->text);
    a->text = arena_text(&t->arena, a->text, a->len, e);
    if (!a->text)
        return ERR_NOMEM;
    rc = check_added_id(t, a, next, c, e);
    if (rc == 0)
        rc = name_added(t, seen, a, c, e);
    if (rc == 0)
        t->n_added++;
    return rc;
}

static int read_added(struct tokenizer *t, const struct cursor *list, struct err *e)
{
    size_t n = jv_length(list->value);
    uint32_t next = (uint32_t)map_count(t->bpe.vocab);
    struct cursor item = { 0 };
    struct map *seen = NULL;
    int rc = cursor_is_null(list) ? 0 : cursor_array(list, e);

    if (rc < 0)
        return rc;
    if (n > ADDED_MAX) {
        err_set(e, ERR_LIMIT, "too many added tokens");
        err_got(e, "%zu", n);
        err_expected(e, "at most %d", ADDED_MAX);
        return cursor_at(list, e);
    }
    t->added = arena_new(&t->arena, n, sizeof(*t->added), e);
    rc = t->added ? map_new(&seen, e) : ERR_NOMEM;
    while (rc == 0 && cursor_next(list, &item)) {
        rc = read_added_token(t, seen, next, &item, e);
        if (rc == 0 && t->added[item.index].id >= next)
            next = t->added[item.index].id + 1;
    }
    map_free(seen);
    return rc;
}

/* A token that is looked for in the normalised text is normalised as if it were a text. */
static int make_pattern(struct tokenizer *t, struct added *a, struct pieces *p,
                        struct pieces *spare, const struct cursor *list, struct err *e)
{
    int rc;

    a->pattern = a->text;
    a->pattern_len = a->len;
    if (!a->normalized)
        return 0;
    rc = pieces_set(p, a->text, a->len, true, e);
    if (rc == 0)
        rc = steps_run(&t->normalizer, p, spare, e);
    if (rc < 0)
        return rc;
    if (p->n == 0) {
        err_set(e, ERR_FORMAT, "an added token of which the normaliser leaves nothing");
        err_got(e, "%s", a->text);
        return cursor_at(list, e);
    }
    a->pattern_len = p->text.len;
    a->pattern = arena_text(&t->arena, p->text.text, p->text.len, e);
    return a->pattern ? 0 : ERR_NOMEM;
}

static bool is_raw(const struct added *a)
{
    return !a->normalized;
}

static bool is_normalized(const struct added *a)
{
    return a->normalized;
}

static bool is_special(const struct added *a)
{
    return a->special;
}

/* Special tokens by their own text. */
static int make_special(struct tokenizer *t, struct err *e)
{
    struct added *copies = arena_new(&t->arena, t->n_added, sizeof(*copies), e);

    if (!copies)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->n_added; i++) {
        copies[i] = t->added[i];
        copies[i].pattern = copies[i].text;
        copies[i].pattern_len = copies[i].len;
    }
    return added_set_make(&t->special, copies, t->n_added, is_special, &t->arena, e);
}

static int make_sets(struct tokenizer *t, const struct cursor *list, struct err *e)
{
    struct pieces p, spare;
    int rc = 0;

    pieces_init(&p);
    pieces_init(&spare);
    for (size_t i = 0; rc == 0 && i < t->n_added; i++) {
        rc = make_pattern(t, &t->added[i], &p, &spare, list, e);
        if (rc == 0 && t->added[i].single_word && !t->word)
            rc = regex_new(&t->word, regex_word, false, e);
    }
    pieces_release(&p);
    pieces_release(&spare);
    if (rc == 0)
        rc = added_set_make(&t->raw, t->added, t->n_added, is_raw, &t->arena, e);
    if (rc == 0)
        rc = added_set_make(&t->normalized, t->added, t->n_added, is_normalized, &t->arena, e);
    return rc < 0 ? rc : make_special(t, e);
}

/* ---- the post-processor ---- */

static int read_template_ids(const struct cursor *processor, const char *name,
                             const struct cursor *piece, struct token_ids *out, struct err *e)
{
    struct cursor tokens = cursor_member(processor, "special_tokens"), item = { 0 };
    struct cursor token = cursor_member(&tokens, name), ids = cursor_member(&token, "ids");
    int64_t id;
    int rc;

    if (!token.value) {
        err_set(e, ERR_FORMAT, "a template names a token that special_tokens has not");
        err_got(e, "%s", name);
        return cursor_at(piece, e);
    }
    rc = cursor_array(&ids, e);
    while (rc == 0 && cursor_next(&ids, &item)) {
        rc = cursor_whole(&item, 0, TOKEN_IDS_MAX - 1, &id, e);
        if (rc == 0)
            rc = token_ids_add(out, (uint32_t)id, e);
    }
    return rc;
}

/* Tokens, the text $A once, tokens. */
static int read_template(struct tokenizer *t, const struct cursor *c, struct err *e)
{
    static const char *const keys[] = { "type", "single", "pair", "special_tokens", NULL };
    struct cursor list = cursor_member(c, "single"), piece = { 0 };
    int rc = cursor_only(c, keys, e);
    size_t texts = 0;

    if (rc == 0)
        rc = cursor_array(&list, e);
    while (rc == 0 && cursor_next(&list, &piece)) {
        const char *token = jv_text(jv_get(jv_get(piece.value, "SpecialToken"), "id"));
        const char *text = jv_text(jv_get(jv_get(piece.value, "Sequence"), "id"));

        if (token)
            rc = read_template_ids(c, token, &piece, texts > 0 ? &t->end : &t->begin, e);
        else if (text_equal(text, "A"))
            texts++;
        else
            rc = cursor_refuse(&piece, "a piece that is no token and not the text A", e);
    }
    if (rc == 0 && texts != 1)
        rc = cursor_refuse(&list, "a template without the text, or with the text twice", e);
    return rc;
}

/* ByteLevel changes offsets only; of templates one is expected. */
static int read_processor(struct tokenizer *t, const struct cursor *c, struct err *e)
{
    if (strcmp(component_type(c), "ByteLevel") == 0)
        return 0;
    if (strcmp(component_type(c), "TemplateProcessing") != 0)
        return component_refuse(c, e);
    if (t->begin.n + t->end.n > 0)
        return cursor_refuse(c, "a second TemplateProcessing", e);
    return read_template(t, c, e);
}

static int read_post_processor(struct tokenizer *t, const struct cursor *c, struct err *e)
{
    static const char *const keys[] = { "type", "processors", NULL };
    struct cursor list = cursor_member(c, "processors"), item = { 0 };
    int rc;

    if (cursor_is_null(c))
        return 0;
    if (!jv_is_object(c->value))
        return cursor_wrong(c, "an object or null", e);
    if (strcmp(component_type(c), "Sequence") != 0)
        return read_processor(t, c, e);
    rc = cursor_only(c, keys, e);
    if (rc == 0)
        rc = cursor_array(&list, e);
    while (rc == 0 && cursor_next(&list, &item))
        rc = read_processor(t, &item, e);
    return rc;
}

/* ---- the whole ---- */

/* "first" means the first character of the input, and a normaliser may move that. */
static int check_first(const struct tokenizer *t, const struct cursor *pre_tokenizer, struct err *e)
{
    bool first = false, moves = false;

    for (size_t i = 0; i < t->pre_tokenizer.n; i++)
        first |= t->pre_tokenizer.list[i].only_first;
    for (size_t i = 0; i < t->normalizer.n; i++)
        moves |= t->normalizer.list[i].run != step_nfc;
    if (!first || !moves)
        return 0;
    return cursor_refuse(pre_tokenizer,
                         "Metaspace's prepend_scheme first behind a normaliser other than NFC", e);
}

static int check_version(const struct cursor *c, void *top, struct err *e)
{
    static const char *const known[] = { "1.0", NULL };
    unsigned which;

    (void)top;
    return cursor_word(c, known, &which, e);
}

static const char *find_space(const struct tokenizer *t)
{
    const struct steps *both[] = { &t->normalizer, &t->pre_tokenizer };

    if (steps_have(&t->pre_tokenizer, step_bytes))
        return "\xc4\xa0"; /* U+0120, the byte 0x20 */
    for (size_t k = 0; k < COUNT(both); k++)
        for (size_t i = 0; i < both[k]->n; i++)
            if (both[k]->list[i].run == step_replace && strcmp(both[k]->list[i].from, " ") == 0)
                return both[k]->list[i].to;
    return "\xe2\x96\x81"; /* U+2581 */
}

/* The decoder is for reading ids back; truncation and padding are the caller's in transformers
 * too. */
int tokenizer_read(struct tokenizer *t, const struct cursor *top, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "version", FIELD_OPTIONAL, FIELD_CHECK(check_version) },
        { "truncation", FIELD_OPTIONAL, FIELD_ANY },
        { "padding", FIELD_OPTIONAL, FIELD_ANY },
        { "added_tokens", FIELD_OPTIONAL, FIELD_ANY },
        { "normalizer", FIELD_OPTIONAL, FIELD_ANY },
        { "pre_tokenizer", FIELD_OPTIONAL, FIELD_ANY },
        { "post_processor", FIELD_OPTIONAL, FIELD_ANY },
        { "decoder", FIELD_OPTIONAL, FIELD_ANY },
        { "model", FIELD_OPTIONAL, FIELD_ANY },
        { 0 },
    };
    struct cursor normalizer = cursor_member(top, "normalizer");
    struct cursor pre_tokenizer = cursor_member(top, "pre_tokenizer");
    struct cursor post_processor = cursor_member(top, "post_processor");
    struct cursor model = cursor_member(top, "model"), added = cursor_member(top, "added_tokens");
    int rc;

    if ((rc = cursor_fields_only(top, fields, t, e)) < 0 ||
        (rc = steps_read_normalizer(&t->normalizer, &normalizer, &t->arena, e)) < 0 ||
        (rc = steps_read_pre_tokenizer(&t->pre_tokenizer, &pre_tokenizer, &t->arena, e)) < 0 ||
        (rc = check_first(t, &pre_tokenizer, e)) < 0 ||
        (rc = read_post_processor(t, &post_processor, e)) < 0 ||
        (rc = bpe_read(&t->bpe, &model, &t->arena, e)) < 0 || (rc = read_added(t, &added, e)) < 0)
        return rc;
    t->space = find_space(t);
    return make_sets(t, &added, e);
}
