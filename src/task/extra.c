/* SPDX-License-Identifier: MIT
 *
 * What a request to a server carries besides: any JSON value written as YAML, and headers.
 */
#include <stdlib.h>
#include <string.h>

#include "task/load.h"

enum { VALUES_MAX = 2000, LEVELS_MAX = 16, HEADER_BYTES = 4096 };

/* ---- values ---- */

struct walk {
    const struct loader *l;
    size_t values; /* made so far: an alias may repeat what is large */
};

static int make_value(struct walk *w, int node, unsigned level, struct json_t **out, struct err *e);

/* YAML 1.1 reads these as true and false, and 1.2 as texts: whoever wrote one is asked. */
static int check_unclear(const struct loader *l, int node, const char *text, struct err *e)
{
    static const char *const words[] = { "yes", "no", "on", "off" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text_folds_to(text, words[i])) {
            err_set(e, ERR_FORMAT, "'%s' may be a text or a truth", text);
            err_expected(e, "true, false, or the text in quotes");
            return doc_at(l->doc, node, e);
        }
    return 0;
}

/* A scalar without quotes, as YAML 1.2's core schema has them. */
static struct json_t *plain_value(const char *text)
{
    static const char *const constants[][2] = { { "", "null" },
                                                { "~", "null" },
                                                { "null", "null" },
                                                { "true", "true" },
                                                { "false", "false" } };
    struct json_t *value = NULL;
    struct err ignored;
    double real;

    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
        if (text_folds_to(text, constants[i][0]))
            text = constants[i][1];
    /* a number as JSON has it stays as it is written, "1" a whole one and "1.0" none */
    if (jv_parse(&value, text, strlen(text), &ignored) == 0)
        return value;
    return text_double(text, &real) ? jv_real(real) : jv_pack("s", text);
}

static int make_scalar(const struct loader *l, int node, struct json_t **out, struct err *e)
{
    const char *text = doc_text(l->doc, node);
    int rc;

    if (!text)
        return load_wrong_type(l, node, DOC_TEXT, e);
    rc = doc_is_plain(l->doc, node) ? check_unclear(l, node, text, e) : 0;
    if (rc == 0)
        *out = doc_is_plain(l->doc, node) ? plain_value(text) : jv_pack("s", text);
    return rc;
}

static int make_list(struct walk *w, int node, unsigned level, struct json_t **out, struct err *e)
{
    const struct doc *d = w->l->doc;
    int rc = 0;

    *out = jv_array();
    for (size_t i = 0; rc == 0 && i < doc_count(d, node); i++) {
        struct json_t *item;

        rc = make_value(w, doc_item(d, node, i), level + 1, &item, e);
        if (rc == 0 && !jv_append(*out, item))
            rc = err_set(e, ERR_NOMEM, "out of memory: a list");
    }
    return rc;
}

static int make_object(struct walk *w, int node, unsigned level, struct json_t **out, struct err *e)
{
    const struct doc *d = w->l->doc;
    int rc = 0;

    *out = jv_pack("{}");
    for (size_t i = 0; rc == 0 && i < doc_count(d, node); i++) {
        const char *name = doc_text(d, doc_key(d, node, i));
        struct json_t *value;

        if (!name)
            return load_wrong_type(w->l, doc_key(d, node, i), DOC_TEXT, e);
        if (jv_get(*out, name)) {
            err_set(e, ERR_FORMAT, "the key '%s' stands here twice", name);
            return doc_at(d, doc_key(d, node, i), e);
        }
        rc = make_value(w, doc_value(d, node, i), level + 1, &value, e);
        if (rc == 0 && !jv_set(*out, name, value)) {
            err_set(e, ERR_FORMAT, "this text is not UTF-8, or there is no memory for it");
            rc = doc_at(d, node, e);
        }
    }
    return rc;
}

static int make_value(struct walk *w, int node, unsigned level, struct json_t **out, struct err *e)
{
    int rc;

    *out = NULL;
    if (++w->values > VALUES_MAX || level > LEVELS_MAX) {
        err_set(e, ERR_FORMAT, "this holds too much");
        err_expected(e, "at most %d values in %d levels", VALUES_MAX, LEVELS_MAX);
        return doc_at(w->l->doc, node, e);
    }
    switch (doc_type(w->l->doc, node)) {
    case DOC_LIST: rc = make_list(w, node, level, out, e); break;
    case DOC_MAPPING: rc = make_object(w, node, level, out, e); break;
    default: rc = make_scalar(w->l, node, out, e);
    }
    if (rc < 0) {
        jv_free(*out);
        *out = NULL;
    }
    return rc;
}

int load_object(const struct loader *l, int node, void *into, struct err *e)
{
    struct walk w = { .l = l };
    struct json_t *all = NULL;
    char *text = NULL;
    int rc;

    if (doc_type(l->doc, node) != DOC_MAPPING)
        return load_wrong_type(l, node, DOC_MAPPING, e);
    rc = make_value(&w, node, 0, &all, e);
    if (rc == 0 && !(text = jv_print_exact(all)))
        rc = err_set(e, ERR_NOMEM, "out of memory: a mapping as JSON");
    if (rc == 0 && !(*(const char **)into = arena_text(l->arena, text, strlen(text), e)))
        rc = ERR_NOMEM;
    free(text);
    jv_free(all);
    return rc;
}

/* ---- headers ---- */

/* Those that the program or its library writes. */
static const char *const own_headers[] = { "authorization", "accept-encoding",
                                           "connection",    "content-length",
                                           "content-type",  "expect",
                                           "host",          "te",
                                           "trailer",       "transfer-encoding",
                                           "upgrade" };
/* Parts of names whose values are mostly secret. */
static const char *const secret_names[] = {
    "key", "token", "secret", "auth", "cookie", "password"
};

static const char *part_of_name(const char *name, const char *const *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcasestr(name, parts[i]))
            return parts[i];
    return NULL;
}

static int check_header_name(const struct loader *l, int node, const char *name, struct err *e)
{
    /* RFC 9110, 5.6.2 */
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~";

    if (!name || *name == '\0' || strlen(name) > TASK_NAME_MAX || name[strspn(name, allowed)]) {
        err_set(e, ERR_FORMAT, "not usable as a header's name");
        return doc_at(l->doc, node, e);
    }
    for (size_t i = 0; i < sizeof(own_headers) / sizeof(own_headers[0]); i++)
        if (strcasecmp(name, own_headers[i]) == 0) {
            err_set(e, ERR_FORMAT, "the header %s is set by the program itself", name);
            if (i == 0)
                err_hint(e, "api_key_env names the variable of the environment with the key");
            return doc_at(l->doc, node, e);
        }
    return 0;
}

static const struct key header_keys[] = {
    { "env", load_text, offsetof(struct server_header, env), true },
};

static int check_header_value(const struct loader *l, int node, const struct server_header *h,
                              struct err *e)
{
    const size_t n = sizeof(secret_names) / sizeof(secret_names[0]);

    if (h->value && (strlen(h->value) > HEADER_BYTES || !text_is_printable(h->value))) {
        err_set(e, ERR_FORMAT, "not usable as a header's value");
        err_expected(e, "one line, at most %d bytes", HEADER_BYTES);
        return doc_at(l->doc, node, e);
    }
    if (h->value &&
        part_of_name(h->name, secret_names, n)) { /* which the message does not repeat */
        err_set(e, ERR_FORMAT,
                "the value of %s looks like a secret, and this file is no place for it", h->name);
        err_hint(e, "%s: {env: VARIABLE} takes it from the environment", h->name);
        return doc_at(l->doc, node, e);
    }
    return 0;
}

static int read_header(const struct loader *l, int key, int node, struct server_header *h,
                       struct err *e)
{
    const char *name = doc_text(l->doc, key);
    int rc = check_header_name(l, key, name, e);

    if (rc < 0)
        return rc;
    h->name = arena_text(l->arena, name, strlen(name), e);
    if (!h->name)
        return ERR_NOMEM;
    rc = doc_type(l->doc, node) == DOC_MAPPING ? LOAD_MAPPING(l, node, header_keys, h, e)
                                               : load_text(l, node, &h->value, e);
    return rc < 0 ? rc : check_header_value(l, node, h, e);
}

int load_headers(const struct loader *l, int node, void *into, struct err *e)
{
    struct server_headers *out = into;
    size_t n = doc_type(l->doc, node) == DOC_MAPPING ? doc_count(l->doc, node) : 0;
    struct server_header *items = arena_new(l->arena, n, sizeof(*items), e);
    int rc = items ? 0 : ERR_NOMEM;

    if (rc == 0 && doc_type(l->doc, node) != DOC_MAPPING)
        rc = load_wrong_type(l, node, DOC_MAPPING, e);
    if (rc == 0 && n > TASK_HEADERS_MAX) {
        err_set(e, ERR_FORMAT, "too many headers");
        err_expected(e, "at most %d", TASK_HEADERS_MAX);
        rc = doc_at(l->doc, node, e);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        int key = doc_key(l->doc, node, i);

        rc = read_header(l, key, doc_value(l->doc, node, i), &items[i], e);
        for (size_t k = 0; rc == 0 && k < i; k++)
            if (strcasecmp(items[i].name, items[k].name) == 0) {
                err_set(e, ERR_FORMAT, "the header %s stands here twice", items[i].name);
                rc = doc_at(l->doc, key, e);
            }
    }
    *out = (struct server_headers){ items, n };
    return rc;
}
