/* SPDX-License-Identifier: MIT
 *
 * Added tokens: at each place the longest pattern wins, matches do not overlap, and of equal
 * patterns the first token's counts, special ones before the others.
 */
#include "tokenizer/added.h"

#include <stdlib.h>
#include <string.h>

#include "tokenizer/regex.h"
#include "tokenizer/steps.h"
#include "tokenizer/unicode.h"

static int compare_bytes(const struct added *a, const struct added *b)
{
    size_t n = a->pattern_len < b->pattern_len ? a->pattern_len : b->pattern_len;
    int order = memcmp(a->pattern, b->pattern, n);

    return order != 0 ? order
                      : (a->pattern_len > b->pattern_len) - (a->pattern_len < b->pattern_len);
}

static int compare(const void *x, const void *y)
{
    const struct added *a = *(const struct added *const *)x;
    const struct added *b = *(const struct added *const *)y;
    int order = compare_bytes(a, b);

    if (order == 0)
        order = (int)b->special - (int)a->special;
    return order != 0 ? order : (a > b) - (a < b); /* both are of one array */
}

int added_set_make(struct added_set *s, const struct added *tokens, size_t n,
                   bool (*choose)(const struct added *), struct arena *a, struct err *e)
{
    size_t all = 0;

    s->list = arena_new(a, n, sizeof(struct added *), e);
    if (!s->list)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        if (choose(&tokens[i]))
            s->list[all++] = &tokens[i];
    qsort(s->list, all, sizeof(struct added *), compare);
    s->n = 0;
    for (size_t i = 0; i < all; i++)
        if (s->n == 0 || compare_bytes(s->list[s->n - 1], s->list[i]) != 0) {
            s->list[s->n++] = s->list[i];
            s->begins[(unsigned char)s->list[i]->pattern[0]] = true;
        }
    return 0;
}

/* The first in [lo, hi), which agree in their first `at` bytes and are longer, whose next byte is
 * not below `byte`. */
static size_t lower_bound(const struct added_set *s, size_t lo, size_t hi, size_t at, unsigned byte)
{
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if ((unsigned char)s->list[mid]->pattern[at] < byte)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const struct added *added_at(const struct added_set *s, const char *text, size_t len)
{
    const struct added *longest = NULL;
    size_t lo = 0, hi = s->n;

    if (len == 0 || !s->begins[(unsigned char)text[0]])
        return NULL;
    for (size_t i = 0; lo < hi; i++) {
        unsigned char byte = i < len ? (unsigned char)text[i] : 0;

        if (s->list[lo]->pattern_len == i)
            longest = s->list[lo++];
        if (i == len)
            break;
        lo = lower_bound(s, lo, hi, i, byte);
        hi = lower_bound(s, lo, hi, i, byte + 1u);
    }
    return longest;
}

static int match_is_word(void *data, size_t start, size_t end, bool match, struct err *e)
{
    bool *is = data;

    (void)start;
    (void)end;
    (void)e;
    *is |= match;
    return 0;
}

/* Is the character at s part of a word? 1, 0. */
static int is_word(const struct regex *word, const char *s, struct err *e)
{
    bool is = false;
    int rc = regex_cut(word, s, text_utf8_size(s), match_is_word, &is, e);

    return rc < 0 ? rc : is;
}

/* A text while it is cut. */
struct cutting {
    const char *text;
    size_t len, done; /* how far it is cut */
    struct cuts *out;
};

/* Does a word go on before or behind text[start..end)? 1, 0. */
static int in_a_word(const struct cutting *c, const struct regex *word, size_t start, size_t end,
                     struct err *e)
{
    int rc = 0;

    if (start > 0)
        rc = is_word(word, c->text + unicode_before(c->text, start), e);
    if (rc == 0 && end < c->len)
        rc = is_word(word, c->text + end, e);
    return rc;
}

static size_t strip_left(const char *text, size_t start)
{
    while (start > 0) {
        size_t before = unicode_before(text, start);

        if (!unicode_is_space(text_utf8_code(text + before)))
            break;
        start = before;
    }
    return start;
}

static size_t strip_right(const char *text, size_t len, size_t end)
{
    while (end < len && unicode_is_space(text_utf8_code(text + end)))
        end += text_utf8_size(text + end);
    return end;
}

static int add_cut(struct cuts *c, size_t start, size_t end, const struct added *token,
                   struct err *e)
{
    int rc = mem_grow(&c->list, &c->cap, c->n + 1, sizeof(*c->list), PIECES_MAX, e);

    if (rc == 0)
        c->list[c->n++] = (struct cut){ start, end - start, token };
    return rc;
}

/* A token that was found at text[start..end). */
static int take(struct cutting *c, const struct added *token, size_t start, size_t end,
                struct err *e)
{
    int rc = 0;

    if (token->lstrip) {
        size_t stripped = strip_left(c->text, start);

        start = stripped > c->done ? stripped : c->done;
    }
    if (token->rstrip)
        end = strip_right(c->text, c->len, end);
    if (c->done < start)
        rc = add_cut(c->out, c->done, start, NULL, e);
    c->done = end;
    return rc < 0 ? rc : add_cut(c->out, start, end > start ? end : start, token, e);
}

int added_cut(const struct added_set *s, const struct regex *word, const char *text, size_t len,
              struct cuts *out, struct err *e)
{
    struct cutting c = { .text = text, .len = len, .out = out };
    size_t i = 0;
    int rc = 0;

    out->n = 0;
    while (rc == 0 && i < len) {
        const struct added *token = added_at(s, text + i, len - i);
        size_t start = i;

        if (!token) {
            i++;
            continue;
        }
        i += token->pattern_len;
        rc = token->single_word ? in_a_word(&c, word, start, i, e) : 0;
        if (rc == 0)
            rc = take(&c, token, start, i, e);
        else if (rc > 0)
            rc = 0;
    }
    return rc < 0 || c.done == len ? rc : add_cut(out, c.done, len, NULL, e);
}
