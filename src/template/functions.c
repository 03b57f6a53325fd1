/* SPDX-License-Identifier: MIT */
#include "template/builtin.h"

#include "template/eval.h"
#include "template/render.h"
#include "template/text.h"
#include "template/value.h"

enum { RANGE_MAX = 100000 }; /* MAX_RANGE of Jinja's sandbox */

/* start, stop, step */
static int range_bounds(struct render *r, const struct args *a, int64_t bounds[3])
{
    int rc = args_check(r, a, 1, 3, NULL);

    bounds[0] = 0;
    bounds[2] = 1;
    for (size_t i = 0; rc == 0 && i < a->n; i++) {
        if (!val_is_number(&a->values[i]))
            return err_set(r->e, ERR_FORMAT, "'%s' object cannot be interpreted as an integer",
                           val_type(&a->values[i]));
        bounds[a->n == 1 ? 1 : i] = a->values[i].number;
    }
    if (rc == 0 && bounds[2] == 0)
        rc = err_set(r->e, ERR_FORMAT, "range() arg 3 must not be zero");
    return rc;
}

/* How many numbers there are; too many where that does not fit. */
static size_t range_length(const int64_t bounds[3])
{
    int64_t distance, step = bounds[2];

    if (__builtin_sub_overflow(bounds[1], bounds[0], &distance))
        return (bounds[1] > bounds[0]) == (step > 0) ? SIZE_MAX : 0;
    if (distance == 0 || (distance > 0) != (step > 0))
        return 0;
    return (size_t)((distance - (distance > 0 ? 1 : -1)) / step) + 1;
}

static int fn_range(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    int64_t bounds[3];
    struct val *items;
    size_t n;
    int rc = range_bounds(r, a, bounds);

    (void)self;
    if (rc < 0)
        return rc;
    n = range_length(bounds);
    if (n > RANGE_MAX)
        return err_set(r->e, ERR_LIMIT, "range too big: at most %d", RANGE_MAX);
    if (!(items = render_new(r, n, sizeof(*items))))
        return r->e->code;
    for (size_t i = 0; i < n; i++)
        items[i] = val_int(bounds[0] + (int64_t)i * bounds[2]);
    *out = val_list(VAL_RANGE, items, n);
    return render_charge(r, n);
}

static int fn_namespace(struct render *r, const struct val *self, const struct args *a,
                        struct val *out)
{
    struct name_scope *space = render_new(r, 1, sizeof(*space));
    int rc = space ? 0 : r->e->code;

    (void)self;
    if (rc == 0 && a->n > 0)
        rc = render_refuses(r, "namespace of", SPAN("a dict"));
    for (size_t i = 0; rc == 0 && i < a->n_named; i++)
        rc = a->names[i].text[0] == '_' ? render_refuses(r, "the member", a->names[i])
                                        : scope_set(r, space, a->names[i], a->values[i]);
    *out = (struct val){ .kind = VAL_SPACE, .space = space };
    return rc;
}

static int fn_raise(struct render *r, const struct val *self, const struct args *a, struct val *out)
{
    static const char *const names[] = { "message", NULL };
    struct span message;
    int rc = args_check(r, a, 1, 1, names);

    (void)self;
    *out = val_none();
    if (rc == 0)
        rc = val_str(r, &a->values[0], &message);
    if (rc < 0)
        return rc;
    return err_set(r->e, ERR_FORMAT, "the template says: %.*s",
                   (int)(message.len < 1000 ? message.len : 1000), message.text);
}

/* Those without code are known to transformers' Jinja: `is defined` holds. */
static const struct function functions[] = {
    { "range", fn_range },
    { "namespace", fn_namespace },
    { "raise_exception", fn_raise },
    { "strftime_now", NULL },
    { "dict", NULL },
    { "lipsum", NULL },
    { "cycler", NULL },
    { "joiner", NULL },
};

bool function_find(struct span name, struct val *out)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (span_is(name, functions[i].name)) {
            *out = (struct val){ .kind = VAL_FUNCTION, .function = &functions[i] };
            return true;
        }
    return false;
}
