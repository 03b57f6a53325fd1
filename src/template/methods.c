/* SPDX-License-Identifier: MIT */
#include "template/members.h"

#include <stdlib.h>
#include <string.h>

#include "template/builtin.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/template.h"
#include "template/text.h"
#include "template/value.h"

/* ---- letters ---- */

static char up(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c;
}

static char low(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 0x20) : c;
}

enum letters { ALL_UP, ALL_LOW, FIRST_UP, WORDS_UP };

static int change_case(struct render *r, struct span s, enum letters how, struct val *out)
{
    bool inside = false; /* a word, for words; the text, for first */
    char *to;

    if (!span_is_ascii(s))
        return render_refuses(r, "upper and lower case of", SPAN("letters beyond ASCII"));
    if (!(to = render_new(r, s.len, 1)))
        return r->e->code;
    for (size_t i = 0; i < s.len; i++) {
        bool letter = up(s.text[i]) != low(s.text[i]);

        to[i] = how == ALL_UP || (how != ALL_LOW && !inside) ? up(s.text[i]) : low(s.text[i]);
        inside = how == WORDS_UP ? letter : true;
    }
    *out = val_text((struct span){ to, s.len });
    return render_charge_bytes(r, s.len);
}

int text_upper(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    int rc = args_check(r, a, 0, 0, NULL);

    return rc < 0 ? rc : change_case(r, val_span(self), ALL_UP, out);
}

int text_lower(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    int rc = args_check(r, a, 0, 0, NULL);

    return rc < 0 ? rc : change_case(r, val_span(self), ALL_LOW, out);
}

int text_capitalize(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    int rc = args_check(r, a, 0, 0, NULL);

    return rc < 0 ? rc : change_case(r, val_span(self), FIRST_UP, out);
}

static int text_title(struct render *r, const struct val *self, const struct args *a,
                      struct val *out)
{
    int rc = args_check(r, a, 0, 0, NULL);

    return rc < 0 ? rc : change_case(r, val_span(self), WORDS_UP, out);
}

/* ---- arguments ---- */

/* The i-th, which must be a text. */
static int text_argument(struct render *r, const struct args *a, size_t i, struct span *out)
{
    const struct val *v = &a->values[i];

    if (v->kind != VAL_TEXT)
        return err_set(r->e, ERR_FORMAT, "a method needs a text: it got '%s'", val_type(v));
    *out = val_span(v);
    return 0;
}

static int count_argument(struct render *r, const struct args *a, size_t i, size_t *out)
{
    *out = SIZE_MAX;
    if (a->n <= i)
        return 0;
    if (!val_is_number(&a->values[i]))
        return err_set(r->e, ERR_FORMAT, "a method needs a number: it got '%s'",
                       val_type(&a->values[i]));
    if (a->values[i].number >= 0)
        *out = (size_t)a->values[i].number;
    return 0;
}

/* ---- strip, startswith, endswith ---- */

static int strip(struct render *r, const struct val *self, const struct args *a, bool left,
                 bool right, struct val *out)
{
    struct span set;
    bool blanks;
    int rc = args_check(r, a, 0, 1, NULL);

    if (rc < 0)
        return rc;
    blanks = a->n == 0 || a->values[0].kind == VAL_NONE;
    if (!blanks)
        rc = text_argument(r, a, 0, &set);
    if (rc == 0 && !blanks && set.len > 0 && render_charge(r, self->n / set.len) < 0)
        return r->e->code;
    if (rc == 0)
        rc = render_charge(r, (self->n / BYTES_PER_STEP) * (blanks ? 1 : set.len / 8 + 1));
    if (rc == 0)
        *out = val_text(span_strip(val_span(self), blanks ? NULL : &set, left, right));
    return rc;
}

int text_strip(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    return strip(r, self, a, true, true, out);
}

static int text_lstrip(struct render *r, const struct val *self, const struct args *a,
                       struct val *out)
{
    return strip(r, self, a, true, false, out);
}

static int text_rstrip(struct render *r, const struct val *self, const struct args *a,
                       struct val *out)
{
    return strip(r, self, a, false, true, out);
}

static int has_end(struct render *r, const struct val *self, const struct args *a, bool last,
                   struct val *out)
{
    struct span part = { 0 };
    size_t at;
    int rc = args_check(r, a, 1, 1, NULL);

    if (rc == 0)
        rc = text_argument(r, a, 0, &part);
    if (rc < 0)
        return rc;
    at = last && part.len <= self->n ? self->n - part.len : 0;
    *out = val_bool(part.len <= self->n && memcmp(self->text + at, part.text, part.len) == 0);
    return render_charge_bytes(r, part.len);
}

static int text_startswith(struct render *r, const struct val *self, const struct args *a,
                           struct val *out)
{
    return has_end(r, self, a, false, out);
}

static int text_endswith(struct render *r, const struct val *self, const struct args *a,
                         struct val *out)
{
    return has_end(r, self, a, true, out);
}

/* ---- replace, split, join ---- */

/* Where `part` is next in s, or NULL. */
static const char *find(struct span s, struct span part)
{
    return memmem(s.text, s.len, part.text, part.len);
}

static struct span behind(struct span s, const char *at)
{
    return (struct span){ at, s.len - (size_t)(at - s.text) };
}

int text_replace(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    struct buf b = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    struct span s = val_span(self), old = { 0 }, new = { 0 };
    const char *at;
    size_t max;
    int rc = args_check(r, a, 2, 3, NULL);

    if (rc == 0 && (rc = text_argument(r, a, 0, &old)) == 0)
        rc = text_argument(r, a, 1, &new);
    if (rc == 0)
        rc = count_argument(r, a, 2, &max);
    if (rc == 0 && old.len == 0)
        rc = render_refuses(r, "replace of", SPAN("an empty text"));
    if (rc == 0)
        rc = render_charge_bytes(r, s.len);
    for (; rc == 0 && !b.failed && max > 0 && (at = find(s, old)); max--) {
        buf_add(&b, s.text, (size_t)(at - s.text));
        buf_add(&b, new.text, new.len);
        s = behind(s, at + old.len);
        rc = render_charge(r, 1);
    }
    if (rc == 0) {
        buf_add(&b, s.text, s.len);
        rc = text_new(r, &b, out);
    }
    buf_release(&b);
    return rc;
}

struct split_list {
    struct val *items;
    size_t n, cap;
};

static int add_piece(struct render *r, struct split_list *p, const char *text, const char *end)
{
    int rc = render_charge(r, 1);

    if (rc == 0)
        rc = mem_grow(&p->items, &p->cap, p->n + 1, sizeof(*p->items), RENDER_MEMORY_MAX, r->e);
    if (rc == 0)
        p->items[p->n++] = val_text((struct span){ text, (size_t)(end - text) });
    return rc;
}

static int split_at(struct render *r, struct split_list *p, struct span s, struct span by,
                    size_t max)
{
    const char *at;
    int rc = 0;

    for (; rc == 0 && p->n < max && (at = find(s, by)); s = behind(s, at + by.len))
        rc = add_piece(r, p, s.text, at);
    return rc < 0 ? rc : add_piece(r, p, s.text, s.text + s.len);
}

static int split_at_blanks(struct render *r, struct split_list *p, struct span s, size_t max)
{
    int rc = 0;

    for (s = span_strip(s, NULL, true, false); rc == 0 && s.len > 0;
         s = span_strip(s, NULL, true, false)) {
        const char *start = s.text;

        if (p->n >= max)
            return add_piece(r, p, start, start + s.len);
        while (s.len > 0 && !code_is_blank(text_utf8_code(s.text)))
            s = behind(s, s.text + text_utf8_size(s.text));
        rc = add_piece(r, p, start, s.text);
    }
    return rc;
}

static int text_split(struct render *r, const struct val *self, const struct args *a,
                      struct val *out)
{
    struct split_list p = { 0 };
    struct span by = { 0 };
    struct val *items;
    size_t max;
    bool blanks;
    int rc = args_check(r, a, 0, 2, NULL);

    if (rc < 0 || (rc = count_argument(r, a, 1, &max)) < 0)
        return rc;
    blanks = a->n == 0 || a->values[0].kind == VAL_NONE;
    if (!blanks && (rc = text_argument(r, a, 0, &by)) == 0 && by.len == 0)
        rc = err_set(r->e, ERR_FORMAT, "empty separator");
    if (rc == 0)
        rc = render_charge_bytes(r, self->n);
    if (rc == 0)
        rc = blanks ? split_at_blanks(r, &p, val_span(self), max)
                    : split_at(r, &p, val_span(self), by, max);
    if (rc == 0 && !(items = render_new(r, p.n, sizeof(*items))))
        rc = r->e->code;
    if (rc == 0) {
        if (p.n > 0)
            memcpy(items, p.items, p.n * sizeof(*items));
        *out = val_list(VAL_LIST, items, p.n);
    }
    free(p.items);
    return rc;
}

static int text_join(struct render *r, const struct val *self, const struct args *a,
                     struct val *out)
{
    struct buf b = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    const struct val *items;
    size_t n = 0;
    int rc = args_check(r, a, 1, 1, NULL);

    if (rc == 0)
        rc = sequence_of(r, &a->values[0], &items, &n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (items[i].kind != VAL_TEXT)
            rc = err_set(r->e, ERR_FORMAT, "sequence item %zu: expected str instance, %s found", i,
                         val_type(&items[i]));
        if (rc == 0 && i > 0)
            rc = val_print(r, &b, self, PRINT_STR);
        if (rc == 0)
            rc = val_print(r, &b, &items[i], PRINT_STR);
    }
    if (rc == 0)
        rc = text_new(r, &b, out);
    buf_release(&b);
    return rc;
}

/* ---- dict ---- */

static int get(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    const struct val *found;
    int rc = args_check(r, a, 1, 2, NULL);

    if (rc == 0)
        rc = dict_get(r, self, &a->values[0], &found);
    if (rc == 0)
        *out = found ? *found : a->n > 1 ? a->values[1] : val_none();
    return rc;
}

static int items(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    int rc = args_check(r, a, 0, 0, NULL);

    return rc < 0 ? rc : dict_items(r, self, out);
}

static int keys(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    const struct val *list;
    size_t n;
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc == 0)
        rc = sequence_of(r, self, &list, &n);
    if (rc == 0)
        *out = val_list(VAL_VIEW, list, n);
    return rc;
}

static int values(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    struct val *list = render_new(r, self->n, sizeof(*list));
    int rc = list ? args_check(r, a, 0, 0, NULL) : r->e->code;

    for (size_t i = 0; rc == 0 && i < self->n; i++)
        list[i] = self->pairs[i].value;
    *out = val_list(VAL_VIEW, list, self->n);
    return rc;
}

/* ---- the table ---- */

static const struct method methods[] = {
    { VAL_TEXT, "upper", text_upper },
    { VAL_TEXT, "lower", text_lower },
    { VAL_TEXT, "capitalize", text_capitalize },
    { VAL_TEXT, "title", text_title },
    { VAL_TEXT, "strip", text_strip },
    { VAL_TEXT, "lstrip", text_lstrip },
    { VAL_TEXT, "rstrip", text_rstrip },
    { VAL_TEXT, "startswith", text_startswith },
    { VAL_TEXT, "endswith", text_endswith },
    { VAL_TEXT, "replace", text_replace },
    { VAL_TEXT, "split", text_split },
    { VAL_TEXT, "join", text_join },
    { VAL_DICT, "get", get },
    { VAL_DICT, "items", items },
    { VAL_DICT, "keys", keys },
    { VAL_DICT, "values", values },
};

const struct method *method_find(enum val_kind kind, struct span name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (methods[i].kind == kind && span_is(name, methods[i].name))
            return &methods[i];
    return NULL;
}
