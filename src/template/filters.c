/* SPDX-License-Identifier: MIT */
#include "template/builtin.h"

#include <stdlib.h>
#include <string.h>

#include "template/members.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/template.h"
#include "template/text.h"
#include "template/value.h"

/* ---- arguments ---- */

/* By place or name, or NULL. */
static const struct val *args_get(const struct args *a, size_t i, const char *name)
{
    if (i < a->n)
        return &a->values[i];
    for (size_t k = 0; k < a->n_named; k++)
        if (span_is(a->names[k], name))
            return &a->values[a->n + k];
    return NULL;
}

static bool is_named(struct span name, const char *const *names)
{
    for (; names && *names; names++)
        if (span_is(name, *names))
            return true;
    return false;
}

int args_check(struct render *r, const struct args *a, size_t min, size_t max,
               const char *const *names)
{
    for (size_t i = 0; i < a->n_named; i++)
        if (!is_named(a->names[i], names))
            return render_refuses(r, "the argument", a->names[i]);
    if (a->n + a->n_named >= min && a->n + a->n_named <= max)
        return 0;
    err_set(r->e, ERR_FORMAT, "the template gives a wrong number of arguments");
    err_got(r->e, "%zu", a->n + a->n_named);
    return err_expected(r->e, "from %zu to %zu", min, max);
}

/* ---- filters on texts ---- */

/* What is no text is made one first. */
static int on_text(struct render *r, builtin *run, const struct val *v, const struct args *a,
                   struct val *out)
{
    struct span text;
    struct val self;
    int rc = val_str(r, v, &text);

    self = val_text(text);
    return rc < 0 ? rc : run(r, &self, a, out);
}

static int filter_upper(struct render *r, const struct val *v, const struct args *a,
                        struct val *out)
{
    return on_text(r, text_upper, v, a, out);
}

static int filter_lower(struct render *r, const struct val *v, const struct args *a,
                        struct val *out)
{
    return on_text(r, text_lower, v, a, out);
}

static int filter_capitalize(struct render *r, const struct val *v, const struct args *a,
                             struct val *out)
{
    return on_text(r, text_capitalize, v, a, out);
}

static int filter_trim(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    return on_text(r, text_strip, v, a, out);
}

static int filter_replace(struct render *r, const struct val *v, const struct args *a,
                          struct val *out)
{
    return on_text(r, text_replace, v, a, out);
}

static int filter_string(struct render *r, const struct val *v, const struct args *a,
                         struct val *out)
{
    struct span text;
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc == 0)
        rc = val_str(r, v, &text);
    if (rc == 0)
        *out = val_text(text);
    return rc;
}

/* int(text) of Python: blanks around it, a sign, digits with single _ between them. Returns 1, or 0
 * where it is none. */
static int parse_int(struct render *r, struct span s, int64_t *out)
{
    bool minus, digit = false;

    s = span_strip(s, NULL, true, true);
    minus = s.len > 0 && s.text[0] == '-';
    *out = 0;
    for (size_t i = s.len > 0 && (minus || s.text[0] == '+'); i < s.len; i++) {
        int d = s.text[i] - '0';

        if (d < 0 || d > 9) {
            if (s.text[i] != '_' || !digit)
                return 0;
            digit = false;
            continue;
        }
        digit = true;
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, minus ? -d : d, out))
            return err_set(r->e, ERR_LIMIT, "a number of the template is beyond 64 bits");
    }
    return digit;
}

static int filter_int(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    static const char *const names[] = { "default", NULL };
    const struct val *fallback = args_get(a, 0, "default");
    int64_t number = 0;
    int rc = args_check(r, a, 0, 1, names);

    if (rc < 0)
        return rc;
    if (v->kind == VAL_UNDEFINED)
        return val_undefined_used(r, v);
    if (val_is_number(v)) {
        *out = val_int(v->number);
        return 0;
    }
    if (v->kind == VAL_TEXT && (rc = parse_int(r, val_span(v), &number)) < 0)
        return rc;
    if (v->kind == VAL_TEXT && rc == 0 && memchr(v->text, '.', v->n) &&
        strcspn(v->text, "0123456789") < v->n)
        return render_refuses(r, "int of", SPAN("a fraction"));
    *out = rc == 1 ? val_int(number) : fallback ? *fallback : val_int(0);
    return 0;
}

static int filter_tojson(struct render *r, const struct val *v, const struct args *a,
                         struct val *out)
{
    struct buf b = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc == 0)
        rc = val_print(r, &b, v, PRINT_JSON);
    if (rc == 0)
        rc = text_new(r, &b, out);
    buf_release(&b);
    return rc;
}

/* ---- filters on any value ---- */

static int filter_default(struct render *r, const struct val *v, const struct args *a,
                          struct val *out)
{
    static const char *const names[] = { "default_value", "boolean", NULL };
    const struct val *value = args_get(a, 0, names[0]), *boolean = args_get(a, 1, names[1]);
    bool falls = v->kind == VAL_UNDEFINED || (boolean && val_is_true(boolean) && !val_is_true(v));

    *out = !falls ? *v : value ? *value : val_text(SPAN(""));
    return args_check(r, a, 0, 2, names);
}

static int filter_length(struct render *r, const struct val *v, const struct args *a,
                         struct val *out)
{
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc < 0)
        return rc;
    if (v->kind == VAL_TEXT)
        *out = val_int((int64_t)utf8_count(val_span(v)));
    else if (val_is_list(v) || v->kind == VAL_DICT || v->kind == VAL_LOOP)
        *out = val_int((int64_t)v->n);
    else if (v->kind == VAL_UNDEFINED)
        *out = val_int(0);
    else
        return err_set(r->e, ERR_FORMAT, "object of type '%s' has no len()", val_type(v));
    return render_charge_bytes(r, v->kind == VAL_TEXT ? v->n : 0);
}

static int filter_list(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    const struct val *items;
    size_t n;
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc == 0)
        rc = sequence_of(r, v, &items, &n);
    if (rc == 0)
        *out = val_list(VAL_LIST, items, n);
    return rc;
}

static int end_of(struct render *r, const struct val *v, const struct args *a, bool last,
                  struct val *out)
{
    const struct val *items;
    size_t n;
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc == 0 && last && v->kind == VAL_STREAM)
        rc = err_set(r->e, ERR_FORMAT, "'generator' object is not reversible");
    if (rc == 0)
        rc = sequence_of(r, v, &items, &n);
    if (rc == 0)
        *out = n > 0 ? items[last ? n - 1 : 0] : val_undefined(SPAN("an item of an empty list"));
    return rc;
}

static int filter_first(struct render *r, const struct val *v, const struct args *a,
                        struct val *out)
{
    return end_of(r, v, a, false, out);
}

static int filter_last(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    return end_of(r, v, a, true, out);
}

static int filter_join(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    static const char *const names[] = { "d", NULL };
    struct buf b = BUF_INIT(TEMPLATE_OUTPUT_MAX);
    const struct val *by = args_get(a, 0, "d"), *items;
    size_t n = 0;
    int rc = args_check(r, a, 0, 1, names);

    if (rc == 0)
        rc = sequence_of(r, v, &items, &n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (i > 0 && by)
            rc = val_print(r, &b, by, PRINT_STR);
        if (rc == 0)
            rc = val_print(r, &b, &items[i], PRINT_STR);
    }
    if (rc == 0)
        rc = text_new(r, &b, out);
    buf_release(&b);
    return rc;
}

static int filter_items(struct render *r, const struct val *v, const struct args *a,
                        struct val *out)
{
    struct val view = { .kind = VAL_VIEW };
    int rc = args_check(r, a, 0, 0, NULL);

    if (rc == 0 && v->kind == VAL_DICT)
        rc = dict_items(r, v, &view);
    else if (rc == 0 && v->kind != VAL_UNDEFINED)
        rc = err_set(r->e, ERR_FORMAT, "Can only get item pairs from a mapping.");
    return rc < 0 ? rc : sequence_stream(r, view.items, view.n, out);
}

/* ---- the table ---- */

static const struct function filters[] = {
    { "capitalize", filter_capitalize },
    { "count", filter_length },
    { "d", filter_default },
    { "default", filter_default },
    { "first", filter_first },
    { "int", filter_int },
    { "items", filter_items },
    { "join", filter_join },
    { "last", filter_last },
    { "length", filter_length },
    { "list", filter_list },
    { "lower", filter_lower },
    { "map", filter_map },
    { "reject", filter_reject },
    { "rejectattr", filter_rejectattr },
    { "replace", filter_replace },
    { "select", filter_select },
    { "selectattr", filter_selectattr },
    { "string", filter_string },
    { "tojson", filter_tojson },
    { "trim", filter_trim },
    { "upper", filter_upper },
};

int filter_run(struct render *r, struct span name, const struct val *v, const struct args *a,
               struct val *out)
{
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
        if (span_is(name, filters[i].name))
            return filters[i].run(r, v, a, out);
    return render_refuses(r, "the filter", name);
}
