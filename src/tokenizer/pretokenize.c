/* SPDX-License-Identifier: MIT */
#include "tokenizer/steps.h"

#include <stdlib.h>
#include <string.h>

#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"

/* ---- pieces ---- */

void pieces_init(struct pieces *p)
{
    *p = (struct pieces){ .text = BUF_INIT(PIECES_MAX) };
}

void pieces_release(struct pieces *p)
{
    buf_release(&p->text);
    free(p->list);
    pieces_init(p);
}

/* Makes a piece of what was added to the text since `start`. */
static int end_piece(struct pieces *p, size_t start, bool first, struct err *e)
{
    int rc;

    if (p->text.len == start)
        return 0;
    rc = mem_grow(&p->list, &p->cap, p->n + 1, sizeof(*p->list), PIECES_MAX, e);
    if (rc < 0)
        return rc;
    p->list[p->n++] = (struct piece){ start, p->text.len - start, first };
    return 0;
}

static int add_piece(struct pieces *p, const char *text, size_t len, bool first, struct err *e)
{
    size_t start = p->text.len;

    buf_add(&p->text, text, len);
    return end_piece(p, start, first, e);
}

static void clear(struct pieces *p)
{
    buf_clear(&p->text);
    p->n = 0;
}

int pieces_set(struct pieces *p, const char *text, size_t len, bool first, struct err *e)
{
    int rc;

    clear(p);
    rc = add_piece(p, text, len, first, e);
    return rc < 0 ? rc : buf_end(&p->text, "a text", e);
}

/* ---- steps ---- */

int step_nfc(const struct step *s, const char *text, const struct piece *piece, struct pieces *out,
             struct err *e)
{
    size_t start = out->text.len;
    int rc = unicode_nfc(text, piece->len, &out->text, e);

    (void)s;
    return rc < 0 ? rc : end_piece(out, start, piece->first, e);
}

int step_prefix(const struct step *s, const char *text, const struct piece *piece,
                struct pieces *out, struct err *e)
{
    size_t start = out->text.len, n = strlen(s->to);
    bool there = s->unless_there && piece->len >= n && memcmp(text, s->to, n) == 0;

    if (!there && (!s->only_first || piece->first))
        buf_add(&out->text, s->to, n);
    buf_add(&out->text, text, piece->len);
    return end_piece(out, start, piece->first, e);
}

int step_replace(const struct step *s, const char *text, const struct piece *piece,
                 struct pieces *out, struct err *e)
{
    size_t start = out->text.len, n_from = strlen(s->from), n_to = strlen(s->to);
    const char *at = text, *end = text + piece->len, *found;

    while (!out->text.failed && (found = memmem(at, (size_t)(end - at), s->from, n_from))) {
        buf_add(&out->text, at, (size_t)(found - at));
        buf_add(&out->text, s->to, n_to);
        at = found + n_from;
    }
    buf_add(&out->text, at, (size_t)(end - at));
    return end_piece(out, start, piece->first, e);
}

int step_bytes(const struct step *s, const char *text, const struct piece *piece,
               struct pieces *out, struct err *e)
{
    size_t start = out->text.len;
    char utf8[4];

    (void)s;
    for (size_t i = 0; i < piece->len; i++)
        buf_add(&out->text, utf8, text_utf8_put(byte_to_char((unsigned char)text[i]), utf8));
    return end_piece(out, start, piece->first, e);
}

/* Is a span of the text in one piece with the span before it? */
static bool joins(enum behavior behavior, bool before, bool match)
{
    switch (behavior) {
    case CONTIGUOUS: return before == match;
    case MERGED_WITH_PREVIOUS: return match && !before;
    case MERGED_WITH_NEXT: return before && !match;
    default: return false;
    }
}

struct splitting {
    const struct step *step;
    const char *text;
    struct pieces *out;
    size_t start, end; /* of the piece that may still grow */
    bool match;        /* its last span */
    bool any, first;
};

static int end_split(const struct splitting *s, struct err *e)
{
    if (!s->any || (s->step->behavior == REMOVED && s->match))
        return 0;
    return add_piece(s->out, s->text + s->start, s->end - s->start, s->first && s->start == 0, e);
}

static int take_span(void *data, size_t start, size_t end, bool match, struct err *e)
{
    struct splitting *s = data;
    int rc = 0;

    match ^= s->step->invert;
    if (!s->any || !joins(s->step->behavior, s->match, match)) {
        rc = end_split(s, e);
        s->start = start;
    }
    s->end = end;
    s->match = match;
    s->any = true;
    return rc;
}

int step_split(const struct step *s, const char *text, const struct piece *piece,
               struct pieces *out, struct err *e)
{
    struct splitting splitting = { .step = s, .text = text, .out = out, .first = piece->first };
    int rc = regex_cut(s->regex, text, piece->len, take_span, &splitting, e);

    return rc < 0 ? rc : end_split(&splitting, e);
}

int steps_run(const struct steps *s, struct pieces *p, struct pieces *spare, struct err *e)
{
    for (size_t i = 0; i < s->n; i++) {
        struct pieces done;
        int rc = 0;

        clear(spare);
        for (size_t k = 0; rc == 0 && k < p->n; k++)
            rc =
                s->list[i].run(&s->list[i], p->text.text + p->list[k].start, &p->list[k], spare, e);
        if (rc == 0)
            rc = buf_end(&spare->text, "a text, normalised and split as tokenizer.json says,", e);
        if (rc < 0)
            return rc;
        done = *spare;
        *spare = *p;
        *p = done;
    }
    return 0;
}

bool steps_have(const struct steps *s, step_fn *run)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].run == run)
            return true;
    return false;
}

void steps_release(struct steps *s)
{
    for (size_t i = 0; i < s->n; i++)
        regex_free(s->list[i].regex);
    s->n = 0;
}

/* ---- GPT-2's table of bytes ---- */

/* Latin-1's printable characters stand for themselves, the other 68 bytes are counted from U+0100
 * on: Radford et al. 2019, bytes_to_unicode in encoder.py. */
static bool stands_for_itself(uint32_t c)
{
    return (c >= '!' && c <= '~') || (c >= 0xa1 && c <= 0xac) || (c >= 0xae && c <= 0xff);
}

/* The others are 0 to 0x20, 0x7f to 0xa0 and 0xad. */
uint32_t byte_to_char(unsigned char byte)
{
    if (stands_for_itself(byte))
        return byte;
    return 0x100u + (byte <= 0x20 ? byte : byte <= 0xa0 ? byte - 0x7fu + 0x21u : 0x43u);
}

bool byte_from_char(uint32_t c, unsigned char *byte)
{
    uint32_t n = c - 0x100;

    if (!stands_for_itself(c) && (c < 0x100 || n > 0x43))
        return false;
    *byte = (unsigned char)(c < 0x100 ? c : n <= 0x20 ? n : n < 0x43 ? n - 0x21 + 0x7f : 0xad);
    return true;
}
