/* SPDX-License-Identifier: MIT
 *
 * tokenizer.json: added tokens, post-processor, and the whole.
 */
#include <string.h>

#include "tokenizer/parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- added tokens ---- */

static int read_added_flags(struct added *a, const struct node *n, struct err *e)
{
    const struct {
        const char *key;
        bool *flag;
    } flags[] = { { "single_word", &a->single_word },
                  { "lstrip", &a->lstrip },
                  { "rstrip", &a->rstrip },
                  { "normalized", &a->normalized },
                  { "special", &a->special } };

    for (size_t i = 0; i < COUNT(flags); i++) {
        int rc = node_flag(n, flags[i].key, flags[i].flag, e);

        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The library numbers added tokens itself, whatever the file says: one that the vocabulary has
 * keeps its id, the others go on behind it. A file that says otherwise is read there with a
 * warning, and with other ids than its own. */
static int check_added_id(const struct tokenizer *t, const struct added *a, uint32_t next,
                          const struct node *n, struct err *e)
{
    struct node id = node_get(n, "id");
    uint32_t wanted = next;

    bpe_id(&t->bpe, a->text, a->len, &wanted);
    if (a->id == wanted)
        return 0;
    err_set(e, ERR_FORMAT, "an added token with another id than it gets");
    err_got(e, "%u for %s", a->id, a->text);
    err_expected(e, "%u", wanted);
    return node_place(&id, e);
}

static int name_added(struct tokenizer *t, struct map *seen, const struct added *a,
                      const struct node *n, struct err *e)
{
    size_t found;
    uint32_t id;
    int rc = map_add(seen, a->text, a->len, a->id, &found, e);

    if (rc == 0) {
        err_set(e, ERR_FORMAT, "an added token is there twice");
        err_got(e, "%s", a->text);
        return node_place(n, e);
    }
    if (rc > 0)
        rc = bpe_id(&t->bpe, a->text, a->len, &id) ? 0 : bpe_name(&t->bpe, a->id, a->text, e);
    return rc < 0 ? node_place(n, e) : 0;
}

static int read_added_token(struct tokenizer *t, struct map *seen, uint32_t next,
                            const struct node *n, struct err *e)
{
    static const char *const keys[] = { "id",     "content",    "single_word", "lstrip",
                                        "rstrip", "normalized", "special" };
    struct added *a = &t->added[t->n_added];
    struct node id = node_get(n, "id"), content = node_get(n, "content");
    const char *text;
    int64_t number;
    int rc = node_check_keys(n, keys, COUNT(keys), e);

    if (rc < 0 || (rc = node_text(n, "content", &text, e)) < 0 ||
        (rc = read_added_flags(a, n, e)) < 0)
        return rc;
    if (*text == '\0')
        return node_wrong(&content, "a text that is not empty", e);
    if (!jv_integer(id.value, &number) || number < 0 || number >= TOKEN_IDS_MAX)
        return node_wrong(&id, "an id", e);
    a->id = (uint32_t)number;
    a->len = strlen(text);
    a->text = arena_text(&t->arena, text, a->len, e);
    if (!a->text)
        return ERR_NOMEM;
    rc = check_added_id(t, a, next, n, e);
    if (rc == 0)
        rc = name_added(t, seen, a, n, e);
    if (rc == 0)
        t->n_added++;
    return rc;
}

static int read_added(struct tokenizer *t, const struct node *list, struct err *e)
{
    size_t n = jv_length(list->value);
    uint32_t next = (uint32_t)map_count(t->bpe.vocab);
    struct map *seen = NULL;
    int rc;

    if (!node_is_null(list) && !jv_is_array(list->value))
        return node_wrong(list, "an array", e);
    if (n > ADDED_MAX) {
        err_set(e, ERR_LIMIT, "too many added tokens");
        err_got(e, "%zu", n);
        err_expected(e, "at most %d", ADDED_MAX);
        return node_place(list, e);
    }
    t->added = arena_new(&t->arena, n, sizeof(*t->added), e);
    rc = t->added ? map_new(&seen, e) : ERR_NOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct node item = node_at(list, i);

        rc = read_added_token(t, seen, next, &item, e);
        if (rc == 0 && t->added[i].id >= next)
            next = t->added[i].id + 1;
    }
    map_free(seen);
    return rc;
}

/* A token that is looked for in the normalised text is normalised as if it were a text. */
static int make_pattern(struct tokenizer *t, struct added *a, struct pieces *p,
                        struct pieces *spare, const struct node *list, struct err *e)
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
        return node_place(list, e);
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

static int make_sets(struct tokenizer *t, const struct node *list, struct err *e)
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

static int read_template_ids(const struct node *processor, const char *name,
                             const struct node *piece, struct token_ids *out, struct err *e)
{
    struct node tokens = node_get(processor, "special_tokens");
    struct node token = node_get(&tokens, name), ids = node_get(&token, "ids");

    if (!token.value) {
        err_set(e, ERR_FORMAT, "a template names a token that special_tokens has not");
        err_got(e, "%s", name);
        return node_place(piece, e);
    }
    if (!jv_is_array(ids.value))
        return node_wrong(&ids, "an array", e);
    for (size_t i = 0; i < jv_length(ids.value); i++) {
        struct node item = node_at(&ids, i);
        int64_t id;

        if (!jv_integer(item.value, &id) || id < 0 || id >= TOKEN_IDS_MAX)
            return node_wrong(&item, "an id", e);
        if (token_ids_add(out, (uint32_t)id, e) < 0)
            return e->code;
    }
    return 0;
}

/* Tokens, the text $A once, tokens. */
static int read_template(struct tokenizer *t, const struct node *n, struct err *e)
{
    static const char *const keys[] = { "type", "single", "pair", "special_tokens" };
    struct node list = node_get(n, "single");
    int rc = node_check_keys(n, keys, COUNT(keys), e);
    size_t texts = 0;

    if (rc == 0 && !jv_is_array(list.value))
        rc = node_wrong(&list, "an array", e);
    for (size_t i = 0; rc == 0 && i < jv_length(list.value); i++) {
        struct node piece = node_at(&list, i);
        struct node token = node_get(&piece, "SpecialToken"), text = node_get(&piece, "Sequence");

        if (token.value && jv_text(jv_get(token.value, "id")))
            rc = read_template_ids(n, jv_text(jv_get(token.value, "id")), &piece,
                                   texts > 0 ? &t->end : &t->begin, e);
        else if (text_equal(jv_text(jv_get(text.value, "id")), "A"))
            texts++;
        else
            rc = node_refused(&piece, "a piece that is no token and not the text A", e);
    }
    if (rc == 0 && texts != 1)
        rc = node_refused(&list, "a template without the text, or with the text twice", e);
    return rc;
}

/* ByteLevel changes offsets only; of templates one is expected. */
static int read_processor(struct tokenizer *t, const struct node *n, struct err *e)
{
    if (strcmp(node_type(n), "ByteLevel") == 0)
        return 0;
    if (strcmp(node_type(n), "TemplateProcessing") != 0)
        return node_refused(n, node_type(n), e);
    if (t->begin.n + t->end.n > 0)
        return node_refused(n, "a second TemplateProcessing", e);
    return read_template(t, n, e);
}

static int read_post_processor(struct tokenizer *t, const struct node *n, struct err *e)
{
    static const char *const keys[] = { "type", "processors" };
    struct node list = node_get(n, "processors");
    int rc;

    if (node_is_null(n))
        return 0;
    if (!jv_is_object(n->value))
        return node_wrong(n, "an object or null", e);
    if (strcmp(node_type(n), "Sequence") != 0)
        return read_processor(t, n, e);
    rc = node_check_keys(n, keys, COUNT(keys), e);
    if (rc == 0 && !jv_is_array(list.value))
        rc = node_wrong(&list, "an array", e);
    for (size_t i = 0; rc == 0 && i < jv_length(list.value); i++) {
        struct node item = node_at(&list, i);

        rc = read_processor(t, &item, e);
    }
    return rc;
}

/* ---- the whole ---- */

/* "first" means the first character of the input, and a normaliser may move that. */
static int check_first(const struct tokenizer *t, const struct node *pre_tokenizer, struct err *e)
{
    bool first = false, moves = false;

    for (size_t i = 0; i < t->pre_tokenizer.n; i++)
        first |= t->pre_tokenizer.list[i].only_first;
    for (size_t i = 0; i < t->normalizer.n; i++)
        moves |= t->normalizer.list[i].run != step_nfc;
    if (!first || !moves)
        return 0;
    return node_refused(pre_tokenizer,
                        "Metaspace's prepend_scheme first behind a normaliser other than NFC", e);
}

static int check_version(const struct node *top, struct err *e)
{
    struct node version = node_get(top, "version");

    return !version.value || text_equal(jv_text(version.value), "1.0")
               ? 0
               : node_wrong(&version, "1.0", e);
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
int tokenizer_read(struct tokenizer *t, const struct node *top, struct err *e)
{
    static const char *const keys[] = { "version",        "truncation", "padding",
                                        "added_tokens",   "normalizer", "pre_tokenizer",
                                        "post_processor", "decoder",    "model" };
    struct node normalizer = node_get(top, "normalizer");
    struct node pre_tokenizer = node_get(top, "pre_tokenizer");
    struct node post_processor = node_get(top, "post_processor");
    struct node model = node_get(top, "model"), added = node_get(top, "added_tokens");
    int rc;

    if ((rc = node_check_keys(top, keys, COUNT(keys), e)) < 0 || (rc = check_version(top, e)) < 0 ||
        (rc = steps_read_normalizer(&t->normalizer, &normalizer, &t->arena, e)) < 0 ||
        (rc = steps_read_pre_tokenizer(&t->pre_tokenizer, &pre_tokenizer, &t->arena, e)) < 0 ||
        (rc = check_first(t, &pre_tokenizer, e)) < 0 ||
        (rc = read_post_processor(t, &post_processor, e)) < 0 ||
        (rc = bpe_read(&t->bpe, &model, &t->arena, e)) < 0 || (rc = read_added(t, &added, e)) < 0)
        return rc;
    t->space = find_space(t);
    return make_sets(t, &added, e);
}
