/* SPDX-License-Identifier: MIT
 *
 * Byte-pair encoding: Sennrich et al. 2016. Of all neighbours the pair of the lowest rank is
 * merged, the leftmost first; a heap holds the pairs, a linked list the symbols, so that a word of
 * n characters takes O(n log n).
 */
#include "tokenizer/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "tokenizer/steps.h"

struct symbol {
    uint32_t id;
    uint32_t prev, next; /* indices; NONE at the ends */
    bool gone;           /* merged into the symbol before it */
};

#define NONE UINT32_MAX

struct candidate {  /* a pair that may be merged */
    uint64_t order; /* rank << 32 | index of the left symbol */
    uint32_t id;    /* what it becomes */
};

void bpe_scratch_release(struct bpe_scratch *w)
{
    free(w->symbols);
    free(w->heap);
    *w = (struct bpe_scratch){ 0 };
}

int token_ids_add(struct token_ids *ids, uint32_t id, struct err *e)
{
    int rc = mem_grow(&ids->ids, &ids->cap, ids->n + 1, sizeof(*ids->ids), PIECES_MAX, e);

    if (rc == 0)
        ids->ids[ids->n++] = id;
    return rc;
}

static int add_symbol(struct bpe_scratch *w, uint32_t id, struct err *e)
{
    int rc = mem_grow(&w->symbols, &w->cap, w->n + 1, sizeof(*w->symbols), PIECES_MAX, e);
    uint32_t i = (uint32_t)w->n;

    if (rc < 0)
        return rc;
    w->symbols[i] = (struct symbol){ .id = id, .prev = i > 0 ? i - 1 : NONE, .next = NONE };
    if (i > 0)
        w->symbols[i - 1].next = i;
    w->n++;
    return 0;
}

/* A character as its bytes' tokens: 1; 0 where one of them has none. */
static int add_bytes(const struct bpe *b, struct bpe_scratch *w, const char *s, size_t n,
                     struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (b->bytes[(unsigned char)s[i]] == NO_BYTE)
            return 0;
    for (size_t i = 0; i < n; i++)
        if (add_symbol(w, b->bytes[(unsigned char)s[i]], e) < 0)
            return e->code;
    return 1;
}

/* *pending: an unknown token that is not added yet, so that the next can be fused with it. */
static int add_unknown(const struct bpe *b, struct bpe_scratch *w, bool *pending, struct err *e)
{
    int rc = 0;

    if (b->unknown == UNKNOWN_NONE)
        return 0;
    if (b->unknown == UNKNOWN_MISSING) {
        err_set(e, ERR_FORMAT, "a text needs the unknown token, which is not in the vocabulary");
        return err_got(e, "%s", b->unknown_name);
    }
    if (*pending && !b->fuse_unknown)
        rc = add_symbol(w, b->unknown_id, e);
    *pending = true;
    return rc;
}

static int end_unknown(const struct bpe *b, struct bpe_scratch *w, bool *pending, struct err *e)
{
    bool any = *pending;

    *pending = false;
    return any ? add_symbol(w, b->unknown_id, e) : 0;
}

/* The library leaves a pending unknown token where it is when bytes are added: it comes behind
 * them. */
static int add_characters(const struct bpe *b, struct bpe_scratch *w, const char *text, size_t len,
                          struct err *e)
{
    bool pending = false;
    int rc = 0;

    w->n = 0;
    for (size_t i = 0, n; rc == 0 && i < len; i += n) {
        uint32_t id;

        n = text_utf8_size(text + i);
        if (bpe_id(b, text + i, n, &id)) {
            rc = end_unknown(b, w, &pending, e);
            if (rc == 0)
                rc = add_symbol(w, id, e);
            continue;
        }
        if (b->byte_fallback)
            rc = add_bytes(b, w, text + i, n, e);
        if (rc == 0)
            rc = add_unknown(b, w, &pending, e);
        else if (rc > 0)
            rc = 0;
    }
    return rc < 0 ? rc : end_unknown(b, w, &pending, e);
}

static const struct merge *find_merge(const struct bpe *b, uint32_t left, uint32_t right)
{
    uint64_t pair = (uint64_t)left << 32 | right;
    size_t lo = 0, hi = b->n_merges;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (b->merges[mid].pair < pair)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < b->n_merges && b->merges[lo].pair == pair ? &b->merges[lo] : NULL;
}

static int push(struct bpe_scratch *w, struct candidate c, struct err *e)
{
    size_t i = w->n_heap;
    int rc = mem_grow(&w->heap, &w->cap_heap, i + 1, sizeof(*w->heap), 4 * (size_t)PIECES_MAX, e);

    if (rc < 0)
        return rc;
    w->n_heap++;
    while (i > 0 && w->heap[(i - 1) / 2].order > c.order) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = c;
    return 0;
}

static struct candidate pop(struct bpe_scratch *w)
{
    struct candidate top = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < w->n_heap) {
        if (child + 1 < w->n_heap && w->heap[child + 1].order < w->heap[child].order)
            child++;
        if (w->heap[child].order >= last.order)
            break;
        w->heap[i] = w->heap[child];
        i = child;
    }
    w->heap[i] = last;
    return top;
}

/* The pair of symbol i and the one behind it, if it can be merged. */
static int push_pair(const struct bpe *b, struct bpe_scratch *w, uint32_t i, struct err *e)
{
    uint32_t next = w->symbols[i].next;
    const struct merge *m =
        next == NONE ? NULL : find_merge(b, w->symbols[i].id, w->symbols[next].id);

    return m ? push(w, (struct candidate){ (uint64_t)m->rank << 32 | i, m->id }, e) : 0;
}

static int merge_pair(const struct bpe *b, struct bpe_scratch *w, uint32_t i, uint32_t id,
                      struct err *e)
{
    struct symbol *left = &w->symbols[i], *right = &w->symbols[left->next];
    int rc = 0;

    left->id = id;
    left->next = right->next;
    right->gone = true;
    if (right->next != NONE)
        w->symbols[right->next].prev = i;
    if (left->prev != NONE)
        rc = push_pair(b, w, left->prev, e);
    return rc < 0 ? rc : push_pair(b, w, i, e);
}

/* What was pushed may have been merged otherwise since: then it is another pair, or none. */
static int merge_all(const struct bpe *b, struct bpe_scratch *w, struct err *e)
{
    int rc = 0;

    w->n_heap = 0;
    for (uint32_t i = 0; rc == 0 && i < w->n; i++)
        rc = push_pair(b, w, i, e);
    while (rc == 0 && w->n_heap > 0) {
        struct candidate top = pop(w);
        uint32_t i = (uint32_t)top.order;
        const struct symbol *left = &w->symbols[i];
        const struct merge *m;

        if (left->gone || left->next == NONE)
            continue;
        m = find_merge(b, left->id, w->symbols[left->next].id);
        if (m && m->id == top.id)
            rc = merge_pair(b, w, i, top.id, e);
    }
    return rc;
}

int bpe_encode(const struct bpe *b, const char *text, size_t len, struct bpe_scratch *w,
               struct token_ids *out, struct err *e)
{
    uint32_t id;
    int rc;

    if (b->ignore_merges && bpe_id(b, text, len, &id))
        return token_ids_add(out, id, e);
    rc = add_characters(b, w, text, len, e);
    if (rc == 0)
        rc = merge_all(b, w, e);
    for (size_t i = 0; rc == 0 && i < w->n; i++)
        if (!w->symbols[i].gone)
            rc = token_ids_add(out, w->symbols[i].id, e);
    return rc;
}
