/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "tokenizer/parts.h"

struct node node_get(const struct node *object, const char *key)
{
    struct node n = { object->file, "", jv_get(object->value, key) };

    snprintf(n.path, sizeof(n.path), "%.100s%s%.50s", object->path, *object->path ? "." : "", key);
    return n;
}

struct node node_at(const struct node *array, size_t i)
{
    struct node n = { array->file, "", jv_at(array->value, i) };

    snprintf(n.path, sizeof(n.path), "%.120s[%zu]", array->path, i);
    return n;
}

bool node_is_null(const struct node *n)
{
    return !n->value || jv_is_null(n->value);
}

const char *node_type(const struct node *n)
{
    const char *type = jv_text(jv_get(n->value, "type"));

    return type ? type : "";
}

int node_place(const struct node *n, struct err *e)
{
    return err_at(e, "%s%s%s", n->file, *n->path ? ": " : "", n->path);
}

int node_wrong(const struct node *n, const char *expected, struct err *e)
{
    int64_t i;

    err_set(e, ERR_FORMAT, "a value that does not fit");
    if (jv_integer(n->value, &i))
        err_got(e, "%lld", (long long)i);
    else if (jv_text(n->value))
        err_got(e, "\"%s\"", jv_text(n->value));
    else
        err_got(e, "%s", jv_type_name(n->value));
    err_expected(e, "%s", expected);
    return node_place(n, e);
}

int node_refused(const struct node *n, const char *what, struct err *e)
{
    err_set(e, ERR_FORMAT, "not implemented");
    err_got(e, "%s", *what ? what : "a component without a type");
    return node_place(n, e);
}

int node_check_keys(const struct node *n, const char *const keys[], size_t n_keys, struct err *e)
{
    void *iterator = NULL;
    const char *key;
    struct json_t *value;

    if (!jv_is_object(n->value))
        return node_wrong(n, "an object", e);
    while (jv_member(n->value, &iterator, &key, &value)) {
        size_t i = 0;

        while (i < n_keys && strcmp(key, keys[i]) != 0)
            i++;
        if (i == n_keys)
            return node_refused(n, key, e);
    }
    return 0;
}

int node_flag(const struct node *object, const char *key, bool *out, struct err *e)
{
    struct node n = node_get(object, key);

    return jv_flag(n.value, out) ? 0 : node_wrong(&n, "true or false", e);
}

int node_flag_or(const struct node *object, const char *key, bool fallback, bool *out,
                 struct err *e)
{
    *out = fallback;
    return jv_get(object->value, key) ? node_flag(object, key, out, e) : 0;
}

int node_text(const struct node *object, const char *key, const char **out, struct err *e)
{
    struct node n = node_get(object, key);

    *out = jv_text(n.value);
    return *out ? 0 : node_wrong(&n, "a text", e);
}
