/* SPDX-License-Identifier: MIT
 *
 * What every part of the file is read with: mappings by a table of their keys, texts, names and
 * lists.
 */
#include <string.h>

#include "task/load.h"

enum { KEYS_MAX = 32, FORMER_NAMES_MAX = 20 };

int load_wrong_type(const struct loader *l, int node, enum doc_type expected, struct err *e)
{
    err_set(e, ERR_FORMAT, "this should be %s", doc_type_name(expected));
    err_got(e, "%s", doc_type_name(doc_type(l->doc, node)));
    return doc_at(l->doc, node, e);
}

/* The node is no text, or one that holds a NUL byte. */
static int no_text(const struct loader *l, int node, struct err *e)
{
    if (doc_type(l->doc, node) != DOC_TEXT)
        return load_wrong_type(l, node, DOC_TEXT, e);
    err_set(e, ERR_FORMAT, "this text holds a NUL byte");
    return doc_at(l->doc, node, e);
}

int load_unknown_name(const struct loader *l, int node, const char *what, const char *name,
                      const char *const known[], size_t n, struct err *e)
{
    const char *near = text_nearest(name, known, n);

    err_set(e, ERR_FORMAT, "no %s is called '%s'", what, name);
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    return doc_at(l->doc, node, e);
}

static int unknown_key(const struct loader *l, int node, const char *name, const struct key *keys,
                       size_t n, struct err *e)
{
    const char *names[KEYS_MAX];
    struct buf known = BUF_INIT(1024);

    for (size_t k = 0; k < n; k++) {
        names[k] = keys[k].name;
        buf_printf(&known, "%s%s", k > 0 ? ", " : "", keys[k].name);
    }
    load_unknown_name(l, node, "key here", name, names, n, e);
    err_expected(e, "one of %s", known.text ? known.text : "");
    buf_release(&known);
    return e->code;
}

static int missing_key(const struct loader *l, int node, const char *name, struct err *e)
{
    err_set(e, ERR_FORMAT, "the key '%s' is missing here", name);
    return doc_at(l->doc, node, e);
}

int load_mapping(const struct loader *l, int node, const struct key *keys, size_t n, void *into,
                 struct err *e)
{
    bool seen[KEYS_MAX] = { false };

    if (doc_type(l->doc, node) != DOC_MAPPING)
        return load_wrong_type(l, node, DOC_MAPPING, e);
    for (size_t i = 0; i < doc_count(l->doc, node); i++) {
        int key_node = doc_key(l->doc, node, i);
        const char *name = doc_text(l->doc, key_node);
        size_t k = 0;
        int rc;

        if (!name)
            return load_wrong_type(l, key_node, DOC_TEXT, e);
        while (k < n && strcmp(keys[k].name, name) != 0)
            k++;
        if (k == n)
            return unknown_key(l, key_node, name, keys, n, e);
        if (seen[k]) {
            err_set(e, ERR_FORMAT, "the key '%s' stands here twice", name);
            return doc_at(l->doc, key_node, e);
        }
        seen[k] = true;
        rc = keys[k].read(l, doc_value(l->doc, node, i), (char *)into + keys[k].offset, e);
        if (rc < 0)
            return rc;
    }
    for (size_t k = 0; k < n; k++)
        if (keys[k].required && !seen[k])
            return missing_key(l, node, keys[k].name, e);
    return 0;
}

int load_text(const struct loader *l, int node, void *into, struct err *e)
{
    const char *text = doc_text(l->doc, node);

    if (!text)
        return no_text(l, node, e);
    if (*text == '\0') {
        err_set(e, ERR_FORMAT, "this text is empty");
        return doc_at(l->doc, node, e);
    }
    text = arena_text(l->arena, text, strlen(text), e);
    *(const char **)into = text;
    return text ? 0 : ERR_NOMEM;
}

/* Names stand in files, tables and on the command line: '/' parts image from question in long
 * files, ':' a multi question from its option. */
int load_name(const struct loader *l, int node, void *into, struct err *e)
{
    int rc = load_text(l, node, into, e);
    const char *name = *(const char **)into;

    if (rc < 0)
        return rc;
    if (strlen(name) > TASK_NAME_MAX || strpbrk(name, "/:=") || !text_is_printable(name) ||
        strncmp(name, "not ", 4) == 0 || name[0] == ' ' || name[strlen(name) - 1] == ' ') {
        err_set(e, ERR_FORMAT, "not usable as a name: '%s'", name);
        err_expected(e, "at most %d bytes, without / : = or line ends, no space around",
                     TASK_NAME_MAX);
        return doc_at(l->doc, node, e);
    }
    return 0;
}

static int read_items(const struct loader *l, int node, struct texts *out, struct err *e)
{
    struct map *seen = NULL;
    size_t found;
    int rc = map_new(&seen, e);

    for (size_t i = 0; rc == 0 && i < out->n; i++) {
        rc = load_text(l, doc_item(l->doc, node, i), &out->items[i], e);
        if (rc == 0)
            rc = map_add(seen, out->items[i], strlen(out->items[i]), i, &found, e);
        if (rc == 0) {
            rc = err_set(e, ERR_FORMAT, "'%s' stands here twice", out->items[i]);
            doc_at(l->doc, doc_item(l->doc, node, i), e);
        }
        rc = rc == 1 ? 0 : rc;
    }
    map_free(seen);
    return rc;
}

/* A list of texts, none twice. */
int load_texts(const struct loader *l, int node, size_t max, struct texts *out, struct err *e)
{
    size_t n = doc_type(l->doc, node) == DOC_LIST ? doc_count(l->doc, node) : 0;

    if (doc_type(l->doc, node) != DOC_LIST)
        return load_wrong_type(l, node, DOC_LIST, e);
    if (n > max) {
        err_set(e, ERR_LIMIT, "the list is too long");
        err_got(e, "%zu", n);
        err_expected(e, "at most %zu", max);
        return doc_at(l->doc, node, e);
    }
    out->n = n;
    out->items = arena_new(l->arena, n, sizeof(*out->items), e);
    if (!out->items)
        return ERR_NOMEM;
    return read_items(l, node, out, e);
}

int load_text_or_texts(const struct loader *l, int node, size_t max, struct texts *out,
                       struct err *e)
{
    if (doc_type(l->doc, node) == DOC_LIST)
        return load_texts(l, node, max, out, e);
    out->n = 1;
    out->items = arena_new(l->arena, 1, sizeof(*out->items), e);
    return out->items ? load_text(l, node, &out->items[0], e) : ERR_NOMEM;
}

int load_names(const struct loader *l, int node, void *into, struct err *e)
{
    struct texts *names = into;
    bool list = doc_type(l->doc, node) == DOC_LIST;
    int rc = load_text_or_texts(l, node, FORMER_NAMES_MAX, names, e);

    for (size_t i = 0; rc == 0 && i < names->n; i++)
        rc = load_name(l, list ? doc_item(l->doc, node, i) : node, &names->items[i], e);
    return rc;
}

/* Two names that differ only in case, '_' or space would be one name in a label file. */
int load_unique(const struct loader *l, int node, struct map *names, const char *name,
                struct err *e)
{
    char folded[TASK_NAME_MAX + 1];
    size_t first, line = doc_line(l->doc, node);
    int rc;

    text_fold(name, folded, sizeof(folded));
    rc = map_add(names, folded, strlen(folded), line, &first, e);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    err_set(e, ERR_FORMAT, "the name '%s' is taken", name);
    err_hint(e, "line %zu has it; case, '_' and space make no difference", first);
    return doc_at(l->doc, node, e);
}

int load_node(const struct loader *l, int node, void *into, struct err *e)
{
    (void)l;
    (void)e;
    *(int *)into = node;
    return 0;
}
