/* SPDX-License-Identifier: MIT */
#include "tokenizer/bpe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/component.h"
#include "tokenizer/tokenizer.h"

enum { MERGES_MAX = 1 << 22 };

static int out_of_vocabulary(const struct cursor *merge, const char *token, size_t len,
                             struct err *e)
{
    err_set(e, ERR_FORMAT, "a merge names a token that is not in the vocabulary");
    err_got(e, "%.*s", len < 100 ? (int)len : 100, token);
    return cursor_at(merge, e);
}

int bpe_name(struct bpe *b, uint32_t id, const char *token, struct err *e)
{
    int rc =
        mem_grow(&b->tokens, &b->cap_ids, (size_t)id + 1, sizeof(*b->tokens), TOKEN_IDS_MAX, e);

    if (rc < 0)
        return rc;
    if (b->tokens[id]) {
        err_set(e, ERR_FORMAT, "two tokens have one id");
        return err_got(e, "%u for %s and %s", id, b->tokens[id], token);
    }
    b->tokens[id] = token;
    if (id >= b->n_ids)
        b->n_ids = (size_t)id + 1;
    return 0;
}

static int read_vocabulary(struct bpe *b, const struct cursor *vocab, struct arena *a,
                           struct err *e)
{
    struct cursor item = { 0 };
    int rc = cursor_object(vocab, e);

    while (rc == 0 && cursor_next(vocab, &item)) {
        size_t len = strlen(item.key);
        const char *token = arena_text(a, item.key, len, e);
        int64_t id;

        if (!token)
            return ERR_NOMEM;
        rc = cursor_whole(&item, 0, TOKEN_IDS_MAX - 1, &id, e);
        if (rc == 0)
            rc = bpe_name(b, (uint32_t)id, token, e);
        if (rc == 0)
            rc = map_set(b->vocab, token, len, (size_t)id, e);
        if (rc < 0)
            cursor_at(&item, e);
    }
    return rc;
}

bool bpe_id(const struct bpe *b, const char *token, size_t len, uint32_t *id)
{
    size_t value;

    if (!map_get(b->vocab, token, len, &value))
        return false;
    *id = (uint32_t)value;
    return true;
}

/* A merge is "a b" or ["a", "b"]; *left is n_left bytes long. */
static bool split_merge(const struct json_t *value, const char **left, size_t *n_left,
                        const char **right)
{
    const char *text = jv_text(value), *space = text ? strchr(text, ' ') : NULL;

    if (text) {
        *left = text;
        *right = space ? space + 1 : NULL;
        *n_left = space ? (size_t)(space - text) : 0;
        return space && !strchr(space + 1, ' ');
    }
    *left = jv_text(jv_at(value, 0));
    *right = jv_text(jv_at(value, 1));
    *n_left = *left ? strlen(*left) : 0;
    return jv_length(value) == 2 && *left && *right;
}

/* `joined` is scratch. */
static int read_merge(struct bpe *b, const struct cursor *merge, struct buf *joined, struct err *e)
{
    const char *left, *right;
    size_t n_left;
    uint32_t a, c, made;

    if (!split_merge(merge->value, &left, &n_left, &right))
        return cursor_wrong(merge, "two tokens with a space between them", e);
    if (!bpe_id(b, left, n_left, &a))
        return out_of_vocabulary(merge, left, n_left, e);
    if (!bpe_id(b, right, strlen(right), &c))
        return out_of_vocabulary(merge, right, strlen(right), e);
    buf_clear(joined);
    buf_add(joined, left, n_left);
    buf_puts(joined, right);
    if (buf_end(joined, "a merge", e) < 0)
        return e->code;
    if (!bpe_id(b, joined->text, joined->len, &made))
        return out_of_vocabulary(merge, joined->text, joined->len, e);
    b->merges[b->n_merges++] =
        (struct merge){ (uint64_t)a << 32 | c, (uint32_t)merge->index, made };
    return 0;
}

static int compare_merges(const void *x, const void *y)
{
    const struct merge *a = x, *b = y;

    if (a->pair != b->pair)
        return a->pair < b->pair ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

/* Of equal pairs the last counts. */
static void sort_merges(struct bpe *b)
{
    size_t n = 0;

    if (b->n_merges > 0)
        qsort(b->merges, b->n_merges, sizeof(*b->merges), compare_merges);
    for (size_t i = 0; i < b->n_merges; i++)
        if (i + 1 == b->n_merges || b->merges[i].pair != b->merges[i + 1].pair)
            b->merges[n++] = b->merges[i];
    b->n_merges = n;
}

/* Files from merges.txt may have its first line, "#version: ...", as a merge. */
static bool is_heading(const struct json_t *merge)
{
    return jv_text(merge) && strncmp(jv_text(merge), "#version", 8) == 0;
}

static int read_merges(struct bpe *b, const struct cursor *list, struct err *e)
{
    struct buf joined = BUF_INIT(TOKENIZER_FILE_MAX);
    struct cursor merge = { 0 };
    int rc = cursor_array(list, e);

    if (rc < 0)
        return rc;
    rc = mem_grow(&b->merges, &b->cap_merges, jv_length(list->value), sizeof(*b->merges),
                  MERGES_MAX, e);
    if (rc < 0)
        return cursor_at(list, e);
    while (rc == 0 && cursor_next(list, &merge))
        if (!is_heading(merge.value))
            rc = read_merge(b, &merge, &joined, e);
    buf_release(&joined);
    if (rc == 0)
        sort_merges(b);
    return rc;
}

/* Options that change nothing are accepted: no dropout, no prefix, no suffix. */
static int check_dropout(const struct cursor *c, void *bpe, struct err *e)
{
    double p;

    (void)bpe;
    return !jv_number(c->value, &p) || p < 0 || p > 0 ? cursor_refuse(c, c->key, e) : 0;
}

static int check_empty(const struct cursor *c, void *bpe, struct err *e)
{
    (void)bpe;
    return text_equal(jv_text(c->value), "") ? 0 : cursor_refuse(c, c->key, e);
}

/* That the unknown token is not in the vocabulary matters only to a text that needs it. */
static int find_unknown(struct bpe *b, struct arena *a, struct err *e)
{
    const char *name = b->unknown_name;

    if (!name)
        return 0;
    b->unknown_name = arena_text(a, name, strlen(name), e);
    b->unknown = bpe_id(b, name, strlen(name), &b->unknown_id) ? UNKNOWN_KNOWN : UNKNOWN_MISSING;
    return b->unknown_name ? 0 : ERR_NOMEM;
}

static void find_bytes(struct bpe *b)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];

        snprintf(name, sizeof(name), "<0x%02X>", byte);
        if (!bpe_id(b, name, 6, &b->bytes[byte]))
            b->bytes[byte] = NO_BYTE;
    }
}

int bpe_read(struct bpe *b, const struct cursor *model, struct arena *a, struct err *e)
{
    static const struct cursor_field fields[] = {
        { "type", FIELD_OPTIONAL, FIELD_ANY },
        { "dropout", FIELD_NULLABLE, FIELD_CHECK(check_dropout) },
        { "unk_token", FIELD_NULLABLE, FIELD_TEXT(struct bpe, unknown_name) },
        { "continuing_subword_prefix", FIELD_NULLABLE, FIELD_CHECK(check_empty) },
        { "end_of_word_suffix", FIELD_NULLABLE, FIELD_CHECK(check_empty) },
        { "fuse_unk", FIELD_OPTIONAL, FIELD_FLAG(struct bpe, fuse_unknown) },
        { "byte_fallback", FIELD_OPTIONAL, FIELD_FLAG(struct bpe, byte_fallback) },
        { "ignore_merges", FIELD_OPTIONAL, FIELD_FLAG(struct bpe, ignore_merges) },
        { "vocab", FIELD_OPTIONAL, FIELD_ANY },
        { "merges", FIELD_OPTIONAL, FIELD_ANY },
        { 0 },
    };
    struct cursor vocab = cursor_member(model, "vocab"), merges = cursor_member(model, "merges");
    const char *type = component_type(model);
    int rc;

    if (*type != '\0' && strcmp(type, "BPE") != 0)
        return component_refuse(model, e);
    if ((rc = cursor_fields_only(model, fields, b, e)) < 0 || (rc = map_new(&b->vocab, e)) < 0 ||
        (rc = read_vocabulary(b, &vocab, a, e)) < 0 || (rc = read_merges(b, &merges, e)) < 0)
        return rc;
    find_bytes(b);
    return find_unknown(b, a, e);
}

void bpe_release(struct bpe *b)
{
    map_free(b->vocab);
    free(b->tokens);
    free(b->merges);
}
