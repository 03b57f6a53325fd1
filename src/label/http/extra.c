/* SPDX-License-Identifier: MIT */
#include "label/http/extra.h"

#include <stdlib.h>
#include <string.h>

static int kept_field(const struct annotator *a, const struct protocol *p, const char *field,
                      struct err *e)
{
    err_set(e, ERR_ARG, "extra may not have the field %s", field);
    err_hint(e,
             strcmp(field, "stream") == 0 ? "answers are read whole"
                                          : "%s makes it of assent.yaml's other keys",
             p->name);
    return err_at(e, "assent.yaml:%u: %s", a->line, a->name);
}

int extra_read(const struct annotator *a, const struct protocol *p, struct json_t **out,
               struct err *e)
{
    const char *text = a->server.extra;
    int rc = 0;

    *out = NULL;
    if (text)
        rc = jv_parse_as(out, "extra", text, strlen(text), e);
    for (size_t i = 0; rc == 0 && p->kept[i]; i++)
        if (extra_has(*out, p->kept[i]))
            rc = kept_field(a, p, p->kept[i], e);
    if (rc < 0) {
        jv_free(*out);
        *out = NULL;
    }
    return rc;
}

bool extra_has(const struct json_t *extra, const char *field)
{
    return jv_get(extra, field) != NULL;
}

void extra_put(const struct json_t *extra, struct buf *b)
{
    struct json_t *value;
    void *iterator = NULL;
    const char *field;

    while (jv_member(extra, &iterator, &field, &value)) {
        char *name = jv_quoted(field), *text = jv_print_exact(value);

        if (!jv_is_null(value))
            buf_printf(b, ",%s:%s", name ? name : "", text ? text : "");
        free(name);
        free(text);
    }
}
