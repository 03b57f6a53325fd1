/* SPDX-License-Identifier: MIT */
#include "template/sequence.h"

#include <string.h>

#include "template/render.h"
#include "template/text.h"
#include "template/value.h"

/* ---- iterating ---- */

static int characters(struct render *r, struct span s, const struct val **items, size_t *n)
{
    size_t count = utf8_count(s);
    struct val *out = render_new(r, count, sizeof(*out));
    int rc = out ? render_charge(r, count) : r->e->code;

    for (size_t i = 0, at = 0; rc == 0 && i < count; i++) {
        size_t size = text_utf8_size(s.text + at);

        out[i] = val_text((struct span){ s.text + at, size });
        at += size;
    }
    *items = out;
    *n = count;
    return rc;
}

static int keys(struct render *r, const struct val *v, const struct val **items, size_t *n)
{
    struct val *out = render_new(r, v->n, sizeof(*out));

    for (size_t i = 0; out && i < v->n; i++)
        out[i] = v->pairs[i].key;
    *items = out;
    *n = v->n;
    return out ? render_charge(r, v->n) : r->e->code;
}

/* A generator gives its items once; Python would give none the second time, which no template
 * means. */
static int drain(struct render *r, struct stream *s, const struct val **items, size_t *n)
{
    if (s->spent) {
        err_set(r->e, ERR_FORMAT, "the template goes twice through what a filter gives");
        return err_hint(r->e, "| list behind it makes it a list");
    }
    s->spent = true;
    *items = s->items;
    *n = s->n;
    return 0;
}

int sequence_of(struct render *r, const struct val *v, const struct val **items, size_t *n)
{
    *items = NULL;
    *n = 0;
    if (val_is_list(v)) {
        *items = v->items;
        *n = v->n;
        return 0;
    }
    switch (v->kind) {
    case VAL_UNDEFINED: return 0;
    case VAL_TEXT: return characters(r, val_span(v), items, n);
    case VAL_DICT: return keys(r, v, items, n);
    case VAL_STREAM: return drain(r, v->stream, items, n);
    case VAL_LOOP: return render_refuses(r, "an iteration over", SPAN("loop"));
    default: return err_set(r->e, ERR_FORMAT, "'%s' object is not iterable", val_type(v));
    }
}

int sequence_stream(struct render *r, const struct val *items, size_t n, struct val *out)
{
    struct stream *s = render_new(r, 1, sizeof(*s));

    if (!s)
        return r->e->code;
    *s = (struct stream){ .items = items, .n = n };
    *out = (struct val){ .kind = VAL_STREAM, .stream = s };
    return 0;
}

/* ---- membership ---- */

static int text_has(struct render *r, struct span s, const struct val *part, bool *out)
{
    if (part->kind != VAL_TEXT)
        return err_set(r->e, ERR_FORMAT, "'in <string>' requires string as left operand, not %s",
                       val_type(part));
    *out = memmem(s.text, s.len, part->text, part->n) != NULL;
    return render_charge_bytes(r, s.len + part->n);
}

int sequence_has(struct render *r, const struct val *v, const struct val *item, bool *out)
{
    const struct val *items, *found;
    size_t n;
    int rc;

    *out = false;
    if (v->kind == VAL_TEXT)
        return text_has(r, val_span(v), item, out);
    if (v->kind == VAL_DICT) {
        rc = dict_get(r, v, item, &found);
        *out = rc == 0 && found;
        return rc;
    }
    rc = sequence_of(r, v, &items, &n);
    for (size_t i = 0; rc == 0 && !*out && i < n; i++)
        rc = val_equal(r, &items[i], item, out);
    return rc;
}

/* ---- dicts ---- */

static int check_key(struct render *r, const struct val *key)
{
    if (key->kind == VAL_TEXT || key->kind == VAL_NONE || val_is_number(key))
        return 0;
    if (key->kind == VAL_LIST || key->kind == VAL_DICT)
        return err_set(r->e, ERR_FORMAT, "unhashable type: '%s'", val_type(key));
    return err_set(r->e, ERR_FORMAT, "the template has a dict key of type '%s': not implemented",
                   val_type(key));
}

int dict_get(struct render *r, const struct val *v, const struct val *key, const struct val **out)
{
    bool same = false;
    int rc = check_key(r, key);

    *out = NULL;
    for (size_t i = 0; rc == 0 && !same && i < v->n; i++) {
        rc = val_equal(r, &v->pairs[i].key, key, &same);
        if (same)
            *out = &v->pairs[i].value;
    }
    return rc;
}

int dict_set(struct render *r, struct pair *pairs, size_t *n, struct pair pair)
{
    struct val dict = { .kind = VAL_DICT, .n = *n, .pairs = pairs };
    const struct val *old;
    int rc = dict_get(r, &dict, &pair.key, &old);

    if (rc < 0)
        return rc;
    for (size_t i = 0; old && i < *n; i++)
        if (old == &pairs[i].value)
            pairs[i].value = pair.value;
    if (!old)
        pairs[(*n)++] = pair;
    return 0;
}

int dict_items(struct render *r, const struct val *v, struct val *out)
{
    struct val *tuples = render_new(r, v->n, sizeof(*tuples));
    struct val *items = render_new(r, v->n, 2 * sizeof(*items));

    if (!tuples || !items)
        return r->e->code;
    for (size_t i = 0; i < v->n; i++) {
        items[2 * i] = v->pairs[i].key;
        items[2 * i + 1] = v->pairs[i].value;
        tuples[i] = val_list(VAL_TUPLE, &items[2 * i], 2);
    }
    *out = val_list(VAL_VIEW, tuples, v->n);
    return render_charge(r, v->n);
}

/* ---- indexing ---- */

static size_t length(const struct val *v)
{
    return v->kind == VAL_TEXT ? utf8_count(val_span(v)) : v->n;
}

/* Of a text or list by number; *out is undefined where there is none. */
int sequence_index(struct render *r, const struct val *v, const struct val *at, struct val *out)
{
    int64_t n = (int64_t)length(v), i = at->number;
    struct span s;
    size_t offset;

    i += i < 0 ? n : 0;
    if (i < 0 || i >= n)
        return 0;
    if (v->kind != VAL_TEXT) {
        *out = v->items[i];
        return 0;
    }
    s = val_span(v);
    offset = utf8_offset(s, (size_t)i);
    *out = val_text((struct span){ s.text + offset, text_utf8_size(s.text + offset) });
    return render_charge_bytes(r, v->n);
}

/* ---- slicing ---- */

struct slice {
    int64_t start, step;
    size_t n;
};

static int64_t clamp(int64_t i, int64_t n, int64_t low, int64_t high)
{
    i += i < 0 ? n : 0;
    return i < low ? low : i > high ? high : i;
}

/* slice.indices() of Python, for bounds that are numbers or None. */
static int slice_of(struct render *r, const struct val bounds[3], int64_t n, struct slice *out)
{
    int64_t step = bounds[2].kind == VAL_NONE ? 1 : bounds[2].number, start, stop;
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;

    if (step == 0)
        return err_set(r->e, ERR_FORMAT, "slice step cannot be zero");
    if (step < -n - 1 || step > n + 1) /* so long a step leaves one element: keep -step in range */
        step = step < 0 ? -n - 1 : n + 1;
    start = bounds[0].kind == VAL_NONE ? (step < 0 ? high : low)
                                       : clamp(bounds[0].number, n, low, high);
    stop = bounds[1].kind == VAL_NONE ? (step < 0 ? low : high)
                                      : clamp(bounds[1].number, n, low, high);
    *out = (struct slice){ .start = start, .step = step };
    if (step > 0 && start < stop)
        out->n = (size_t)((stop - start - 1) / step + 1);
    if (step < 0 && stop < start)
        out->n = (size_t)((start - stop - 1) / -step + 1);
    return 0;
}

static int slice_items(struct render *r, enum val_kind kind, const struct val *items,
                       const struct slice *s, struct val *out)
{
    struct val *copy = render_new(r, s->n, sizeof(*copy));

    for (size_t i = 0; copy && i < s->n; i++)
        copy[i] = items[s->start + (int64_t)i * s->step];
    *out = val_list(kind, copy, s->n);
    return copy ? render_charge(r, s->n) : r->e->code;
}

static int slice_text(struct render *r, const struct val *v, const struct slice *s, struct val *out)
{
    struct span text = val_span(v);
    const struct val *items;
    struct val slice;
    size_t n, len = 0;
    char *to;
    int rc;

    if (s->step == 1) {
        size_t start = utf8_offset(text, (size_t)s->start);
        struct span rest = { text.text + start, text.len - start };

        *out = val_text((struct span){ rest.text, utf8_offset(rest, s->n) });
        return 0;
    }
    rc = characters(r, text, &items, &n);
    if (rc == 0)
        rc = slice_items(r, VAL_LIST, items, s, &slice);
    if (rc < 0)
        return rc;
    if (!(to = render_new(r, v->n, 1)))
        return r->e->code;
    for (size_t i = 0; i < slice.n; i++) {
        memcpy(to + len, slice.items[i].text, slice.items[i].n);
        len += slice.items[i].n;
    }
    *out = val_text((struct span){ to, len });
    return 0;
}

/* Unlike an index, a slice that makes no sense is an error. */
static int check_slice(struct render *r, const struct val *v, const struct val bounds[3])
{
    if (v->kind == VAL_UNDEFINED)
        return val_undefined_used(r, v);
    if (v->kind != VAL_TEXT && (!val_is_list(v) || v->kind == VAL_VIEW))
        return err_set(r->e, ERR_FORMAT, "'%s' object has no slices", val_type(v));
    for (size_t i = 0; i < 3; i++)
        if (bounds[i].kind != VAL_NONE && !val_is_number(&bounds[i]))
            return err_set(r->e, ERR_FORMAT, "slice indices must be integers or None");
    return render_charge_bytes(r, v->kind == VAL_TEXT ? v->n : 0);
}

int sequence_slice(struct render *r, const struct val *v, const struct val bounds[3],
                   struct val *out)
{
    struct slice s;
    int rc = check_slice(r, v, bounds);

    if (rc == 0)
        rc = slice_of(r, bounds, (int64_t)length(v), &s);
    if (rc < 0)
        return rc;
    return v->kind == VAL_TEXT ? slice_text(r, v, &s, out)
                               : slice_items(r, v->kind, v->items, &s, out);
}
