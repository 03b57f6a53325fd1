/* SPDX-License-Identifier: MIT
 *
 * selectattr and its kin. Their items are chosen at once, not as they are iterated over.
 */
#include "template/builtin.h"

#include <string.h>

#include "template/members.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/text.h"
#include "template/value.h"

/* v.a.b for "a.b", elements before methods. A number as a name is refused. */
static int dotted(struct render *r, const struct val *v, const struct val *path, struct val *out)
{
    struct span rest;

    if (path->kind != VAL_TEXT)
        return render_refuses(r, "an attribute that is no", SPAN("text"));
    *out = *v;
    for (rest = val_span(path);; rest.text++, rest.len--) {
        const char *dot = memchr(rest.text, '.', rest.len);
        struct span name = { rest.text, dot ? (size_t)(dot - rest.text) : rest.len };
        struct val of = *out, key = val_text(name);
        int rc;

        if (name.len > 0 && strspn(name.text, "0123456789") >= name.len)
            return render_refuses(r, "the attribute", name);
        rc = item_get(r, &of, &key, out);
        if (rc < 0 || !dot)
            return rc;
        rest.text += name.len;
        rest.len -= name.len;
    }
}

/* Do the arguments from `first` on, a test's name and its own, hold for v? None: is v true? */
static int passes(struct render *r, const struct val *v, const struct args *a, size_t first,
                  bool *out)
{
    struct args own = { .values = a->values + first + 1, .n = a->n - first - 1 };
    const struct val *name = &a->values[first];

    *out = val_is_true(v);
    if (a->n == first)
        return 0;
    if (name->kind != VAL_TEXT)
        return err_set(r->e, ERR_FORMAT, "the name of a test is no text");
    return test_run(r, val_span(name), v, &own, out);
}

/* The items for which the test of them, or of one of their attributes, gives `wanted`. */
static int select_items(struct render *r, const struct val *v, const struct args *a, bool attribute,
                        bool wanted, struct val *out)
{
    const struct val *items;
    struct val *kept, of;
    size_t n = 0, n_kept = 0;
    int rc = args_check(r, a, attribute, SIZE_MAX, NULL);

    if (rc == 0)
        rc = sequence_of(r, v, &items, &n);
    if (rc < 0)
        return rc;
    if (!(kept = render_new(r, n, sizeof(*kept))))
        return r->e->code;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        bool passed;

        of = items[i];
        rc = render_charge(r, 1);
        if (rc == 0 && attribute)
            rc = dotted(r, &items[i], &a->values[0], &of);
        if (rc == 0)
            rc = passes(r, &of, a, attribute, &passed);
        if (rc == 0 && passed == wanted)
            kept[n_kept++] = items[i];
    }
    return rc < 0 ? rc : sequence_stream(r, kept, n_kept, out);
}

int filter_selectattr(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    return select_items(r, v, a, true, true, out);
}

int filter_rejectattr(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    return select_items(r, v, a, true, false, out);
}

int filter_select(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    return select_items(r, v, a, false, true, out);
}

int filter_reject(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    return select_items(r, v, a, false, false, out);
}

int filter_map(struct render *r, const struct val *v, const struct args *a, struct val *out)
{
    static const char *const names[] = { "attribute", NULL };
    const struct val *items;
    struct val *mapped;
    size_t n = 0;
    int rc = args_check(r, a, 1, 1, names);

    if (rc == 0 && a->n > 0)
        rc = render_refuses(r, "map with", SPAN("a filter"));
    if (rc == 0)
        rc = sequence_of(r, v, &items, &n);
    if (rc < 0)
        return rc;
    if (!(mapped = render_new(r, n, sizeof(*mapped))))
        return r->e->code;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = render_charge(r, 1);
        if (rc == 0)
            rc = dotted(r, &items[i], &a->values[0], &mapped[i]);
    }
    return rc < 0 ? rc : sequence_stream(r, mapped, n, out);
}
