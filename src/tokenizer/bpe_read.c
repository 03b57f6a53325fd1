/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/parts.h"

static int out_of_vocabulary(const struct node *list, size_t i, const char *token, size_t len,
                             struct err *e)
{
    struct node n = node_at(list, i);

    err_set(e, ERR_FORMAT, "a merge names a token that is not in the vocabulary");
    err_got(e, "%.*s", len < 100 ? (int)len : 100, token);
    return node_place(&n, e);
}

static int wrong_id(const struct node *vocab, const char *token, const struct json_t *value,
                    struct err *e)
{
    struct node n = { vocab->file, "", value };
    char expected[64];

    snprintf(n.path, sizeof(n.path), "%.40s[\"%.80s\"]", vocab->path, token);
    snprintf(expected, sizeof(expected), "an id from 0 to %d", TOKEN_IDS_MAX - 1);
    return node_wrong(&n, expected, e);
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

static int read_vocabulary(struct bpe *b, const struct node *vocab, struct arena *a, struct err *e)
{
    void *iterator = NULL;
    const char *key;
    struct json_t *value;
    int rc = 0;

    if (!jv_is_object(vocab->value))
        return node_wrong(vocab, "an object", e);
    while (rc == 0 && jv_member(vocab->value, &iterator, &key, &value)) {
        const char *token = arena_text(a, key, strlen(key), e);
        int64_t id;

        if (!token)
            return ERR_NOMEM;
        if (!jv_integer(value, &id) || id < 0 || id >= TOKEN_IDS_MAX)
            return wrong_id(vocab, token, value, e);
        rc = bpe_name(b, (uint32_t)id, token, e);
        if (rc == 0)
            rc = map_set(b->vocab, token, strlen(token), (size_t)id, e);
    }
    return rc < 0 ? node_place(vocab, e) : 0;
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
static int read_merge(struct bpe *b, const struct node *list, size_t i, struct buf *joined,
                      struct err *e)
{
    const char *left, *right;
    size_t n_left;
    uint32_t a, c, made;

    if (!split_merge(jv_at(list->value, i), &left, &n_left, &right)) {
        struct node n = node_at(list, i);

        return node_wrong(&n, "two tokens with a space between them", e);
    }
    if (!bpe_id(b, left, n_left, &a))
        return out_of_vocabulary(list, i, left, n_left, e);
    if (!bpe_id(b, right, strlen(right), &c))
        return out_of_vocabulary(list, i, right, strlen(right), e);
    buf_clear(joined);
    buf_add(joined, left, n_left);
    buf_puts(joined, right);
    if (buf_end(joined, "a merge", e) < 0)
        return e->code;
    if (!bpe_id(b, joined->text, joined->len, &made))
        return out_of_vocabulary(list, i, joined->text, joined->len, e);
    b->merges[b->n_merges++] = (struct merge){ (uint64_t)a << 32 | c, (uint32_t)i, made };
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

static int read_merges(struct bpe *b, const struct node *list, struct err *e)
{
    struct buf joined = BUF_INIT(TOKENIZER_FILE_MAX);
    size_t n = jv_length(list->value);
    int rc = 0;

    if (!jv_is_array(list->value))
        return node_wrong(list, "an array", e);
    rc = mem_grow(&b->merges, &b->cap_merges, n, sizeof(*b->merges), MERGES_MAX, e);
    if (rc < 0)
        return node_place(list, e);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!is_heading(jv_at(list->value, i)))
            rc = read_merge(b, list, i, &joined, e);
    buf_release(&joined);
    if (rc == 0)
        sort_merges(b);
    return rc;
}

/* Options that change nothing are accepted: no dropout, no prefix, no suffix. */
static int read_unused(const struct node *model, struct err *e)
{
    static const char *const keys[] = { "continuing_subword_prefix", "end_of_word_suffix" };
    struct node dropout = node_get(model, "dropout");
    double p;

    if (!node_is_null(&dropout) && (!jv_number(dropout.value, &p) || p < 0 || p > 0))
        return node_refused(&dropout, "dropout", e);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct node n = node_get(model, keys[i]);

        if (!node_is_null(&n) && !text_equal(jv_text(n.value), ""))
            return node_refused(&n, keys[i], e);
    }
    return 0;
}

/* That the unknown token is not in the vocabulary matters only to a text that needs it. */
static int read_unknown(struct bpe *b, const struct node *model, struct arena *a, struct err *e)
{
    struct node n = node_get(model, "unk_token");
    const char *name = jv_text(n.value);

    if (node_is_null(&n))
        return 0;
    if (!name)
        return node_wrong(&n, "a text or null", e);
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

int bpe_read(struct bpe *b, const struct node *model, struct arena *a, struct err *e)
{
    static const char *const keys[] = {
        "type",
        "dropout",
        "unk_token",
        "continuing_subword_prefix",
        "end_of_word_suffix",
        "fuse_unk",
        "byte_fallback",
        "ignore_merges",
        "vocab",
        "merges",
    };
    struct node vocab = node_get(model, "vocab"), merges = node_get(model, "merges");
    const char *type = node_type(model);
    int rc;

    if (jv_is_object(model->value) && *type != '\0' && strcmp(type, "BPE") != 0)
        return node_refused(model, type, e);
    if ((rc = node_check_keys(model, keys, sizeof(keys) / sizeof(keys[0]), e)) < 0 ||
        (rc = read_unused(model, e)) < 0 ||
        (rc = node_flag_or(model, "fuse_unk", false, &b->fuse_unknown, e)) < 0 ||
        (rc = node_flag_or(model, "byte_fallback", false, &b->byte_fallback, e)) < 0 ||
        (rc = node_flag_or(model, "ignore_merges", false, &b->ignore_merges, e)) < 0 ||
        (rc = map_new(&b->vocab, e)) < 0 || (rc = read_vocabulary(b, &vocab, a, e)) < 0 ||
        (rc = read_merges(b, &merges, e)) < 0)
        return rc;
    find_bytes(b);
    return read_unknown(b, model, a, e);
}

void bpe_release(struct bpe *b)
{
    map_free(b->vocab);
    free(b->tokens);
    free(b->merges);
}
