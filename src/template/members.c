/* SPDX-License-Identifier: MIT
 *
 * Members as of Python 3.11. One that Python knows and this interpreter does not is refused, not
 * taken for undefined.
 */
#include "template/members.h"

#include <string.h>

#include "template/builtin.h"
#include "template/eval.h"
#include "template/render.h"
#include "template/sequence.h"
#include "template/text.h"
#include "template/value.h"

/* What Python has besides, by kind, with a space around each. */
static const char *const others[VAL_KINDS] = {
    [VAL_TEXT] = " casefold center count encode expandtabs find format format_map index isalnum "
                 "isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable "
                 "isspace istitle isupper ljust maketrans partition removeprefix removesuffix "
                 "rfind rindex rjust rpartition rsplit splitlines swapcase translate zfill ",
    [VAL_DICT] = " clear copy fromkeys pop popitem setdefault update ",
    [VAL_LIST] = " append clear copy count extend index insert pop remove reverse sort ",
    [VAL_TUPLE] = " count index ",
    [VAL_RANGE] = " count index start step stop ",
    [VAL_VIEW] = " isdisjoint mapping ",
    [VAL_STREAM] = " close gi_code gi_frame gi_running gi_suspended gi_yieldfrom send throw ",
    [VAL_INT] = " as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag "
                "is_integer numerator real to_bytes ",
    [VAL_BOOL] = " as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag "
                 "is_integer numerator real to_bytes ",
    [VAL_LOOP] = " cycle changed ",
};

static bool is_listed(const char *list, struct span name)
{
    for (; list && *list; list += 1 + strcspn(list + 1, " "))
        if (strcspn(list + 1, " ") == name.len && memcmp(list + 1, name.text, name.len) == 0)
            return name.len > 0;
    return false;
}

static int loop_member(const struct val *v, struct span name, struct val *out)
{
    const struct loop *loop = v->loop;
    size_t at = loop->at < loop->n ? loop->at : loop->n - 1; /* behind its end: the last one */
    const struct {
        const char *name;
        struct val value;
    } members[] = {
        { "index", val_int((int64_t)at + 1) },
        { "index0", val_int((int64_t)at) },
        { "revindex", val_int((int64_t)(loop->n - at)) },
        { "revindex0", val_int((int64_t)(loop->n - at) - 1) },
        { "first", val_bool(at == 0) },
        { "last", val_bool(at + 1 == loop->n) },
        { "length", val_int((int64_t)loop->n) },
        { "depth", val_int(1) }, /* of a recursive loop: there is none */
        { "depth0", val_int(0) },
        { "previtem", at > 0 ? loop->items[at - 1] : val_undefined(name) },
        { "nextitem", at + 1 < loop->n ? loop->items[at + 1] : val_undefined(name) },
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (span_is(name, members[i].name)) {
            *out = members[i].value;
            return 1;
        }
    return 0;
}

/* 1 where v has it among its methods and the like, 0 where not. */
static int attribute(struct render *r, const struct val *v, struct span name, struct val *out)
{
    const struct method *method = method_find(v->kind, name);
    const struct val *found;
    struct val *self;

    if (is_listed(others[v->kind], name) || (name.len > 1 && memcmp(name.text, "__", 2) == 0))
        return render_refuses(r, "the member", name);
    if (v->kind == VAL_LOOP)
        return loop_member(v, name, out);
    if (v->kind == VAL_SPACE) {
        found = scope_get(r, v->space, name);
        *out = found ? *found : *out;
        return found != NULL;
    }
    if (!method)
        return 0;
    if (!(self = render_new(r, 1, sizeof(*self))))
        return r->e->code;
    *self = *v;
    *out = (struct val){ .kind = VAL_METHOD, .method = method, .self = self };
    return 1;
}

static int element(struct render *r, const struct val *v, const struct val *key, struct val *out)
{
    const struct val *found = NULL;
    int rc = 0;

    if (v->kind == VAL_DICT && key->kind != VAL_LIST && key->kind != VAL_DICT) {
        rc = dict_get(r, v, key, &found);
        if (rc == 0 && found)
            *out = *found;
        return rc < 0 ? rc : found != NULL;
    }
    if (!val_is_number(key) || (v->kind != VAL_TEXT && (!val_is_list(v) || v->kind == VAL_VIEW)))
        return 0;
    rc = sequence_index(r, v, key, out);
    return rc < 0 ? rc : out->kind != VAL_UNDEFINED;
}

int member_get(struct render *r, const struct val *v, struct span name, struct val *out)
{
    struct val key = val_text(name);
    int rc;

    *out = val_undefined(name);
    if (v->kind == VAL_UNDEFINED)
        return val_undefined_used(r, v);
    rc = attribute(r, v, name, out);
    if (rc == 0)
        rc = element(r, v, &key, out);
    return rc < 0 ? rc : 0;
}

int item_get(struct render *r, const struct val *v, const struct val *key, struct val *out)
{
    int rc;

    *out = val_undefined(key->kind == VAL_TEXT ? val_span(key) : SPAN("an element"));
    if (v->kind == VAL_UNDEFINED)
        return val_undefined_used(r, v);
    rc = element(r, v, key, out);
    if (rc == 0 && key->kind == VAL_TEXT)
        rc = attribute(r, v, val_span(key), out);
    return rc < 0 ? rc : 0;
}
