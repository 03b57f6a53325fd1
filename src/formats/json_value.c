/* SPDX-License-Identifier: MIT
 *
 * What JSON files have in common: which member names the image, and values of any type.
 */
#include <stdio.h>
#include <string.h>

#include "formats/internal.h"

/* ---- the image ---- */

static bool is_address(const char *text)
{
    return strstr(text, "://") || strstr(text, "/data/") || labels_is_picture(text);
}

const char *labels_image_member(const struct label_names *names, const struct json_t *object,
                                const char *const *usual)
{
    const char *found = NULL, *key;
    struct json_t *value;
    void *at = NULL;

    if (names && names->image)
        return jv_text(jv_get(object, names->image));
    for (; *usual; usual++)
        if (jv_text(jv_get(object, *usual)))
            return jv_text(jv_get(object, *usual));
    while (jv_member(object, &at, &key, &value)) {
        if (!jv_text(value) || !is_address(jv_text(value)))
            continue;
        if (found)
            return NULL;
        found = jv_text(value);
    }
    return found;
}

/* ---- values ---- */

const char *labels_text_of(const struct json_t *value, char *scratch, size_t cap)
{
    double number;

    if (jv_text(value))
        return jv_text(value);
    if (jv_is_true(value) || jv_is_false(value))
        return jv_is_true(value) ? "true" : "false";
    if (!jv_number(value, &number))
        return NULL;
    snprintf(scratch, cap, "%.17g", number);
    return scratch;
}

int labels_add_choices(struct labels *l, const struct target *t, const struct json_t *choices,
                       struct err *e)
{
    size_t n = jv_length(choices);
    struct buf text = BUF_INIT(1 << 16);
    int rc = 0;

    for (size_t i = 0; i < n; i++) {
        const char *choice = jv_text(jv_at(choices, i));

        if (!choice)
            rc = err_set(e, ERR_FORMAT, "a choice should be a text");
        buf_printf(&text, "%s%s", i > 0 ? ";" : "", choice ? choice : "");
    }
    if (rc == 0)
        rc = buf_end(&text, "a list of choices", e);
    if (rc == 0 && n > 1 && !t->whole)
        rc =
            err_set(e, ERR_FORMAT, "several choices for a question with one answer: %s", text.text);
    for (size_t o = 0; rc == 0 && n == 0 && t->whole && o < t->n; o++)
        rc = labels_add_cell(l, t->column + o, VALUE_NO, e); /* none of them */
    if (rc == 0 && n > 0)
        rc = labels_add_text(l, t, text.text, text.len, e);
    buf_release(&text);
    return rc;
}

int labels_add_json(struct labels *l, const struct target *t, const struct json_t *value,
                    struct err *e)
{
    char scratch[LABELS_NUMBER_MAX];
    const char *text;

    if (!t->found || jv_is_null(value))
        return 0;
    if (jv_is_array(value))
        return labels_add_choices(l, t, value, e);
    text = labels_text_of(value, scratch, sizeof(scratch));
    if (text)
        return labels_add_text(l, t, text, strlen(text), e);
    err_set(e, ERR_FORMAT, "not a value that an answer can have");
    err_got(e, "%s", jv_type_name(value));
    return err_expected(e, "a text, a number, a boolean, a list of texts or null");
}
