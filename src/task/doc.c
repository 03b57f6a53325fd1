/* SPDX-License-Identifier: MIT */
#include "task/doc.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 100 };

struct doc {
    yaml_document_t yaml;
    char *name;
    bool loaded;
};

static size_t line_at(const char *text, size_t offset)
{
    size_t line = 1;

    for (size_t i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static int syntax_error(const struct doc *d, const yaml_parser_t *p, const char *text,
                        struct err *e)
{
    size_t line = p->problem_mark.line + 1;

    if (p->error == YAML_MEMORY_ERROR)
        return err_set(e, ERR_NOMEM, "out of memory: %s", d->name);
    err_set(e, ERR_FORMAT, "not valid YAML: %s%s%s", p->context ? p->context : "",
            p->context ? ": " : "", p->problem ? p->problem : "unreadable");
    if (p->error == YAML_READER_ERROR)
        line = line_at(text, p->problem_offset);
    return err_at(e, "%s:%zu", d->name, line);
}

/* Nothing but the end may follow the document. */
static int check_end(const struct doc *d, yaml_parser_t *p, const char *text, struct err *e)
{
    yaml_document_t next;
    const yaml_node_t *root;
    int rc = 0;

    if (!yaml_parser_load(p, &next))
        return syntax_error(d, p, text, e);
    root = yaml_document_get_root_node(&next);
    if (root) {
        rc = err_set(e, ERR_FORMAT, "a second document begins: one is read");
        err_at(e, "%s:%zu", d->name, next.start_mark.line + 1);
    }
    yaml_document_delete(&next);
    return rc;
}

/* libyaml's time grows with the square of the depth of brackets. Those in quotes are counted too:
 * no text needs so many. */
static int check_depth(const char *name, const char *text, size_t len, struct err *e)
{
    size_t depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '[' || text[i] == '{')
            depth++;
        else if ((text[i] == ']' || text[i] == '}') && depth > 0)
            depth--;
        if (depth <= DEPTH_MAX)
            continue;
        err_set(e, ERR_FORMAT, "brackets are nested too deeply");
        err_expected(e, "at most %d levels", DEPTH_MAX);
        return err_at(e, "%s:%zu", name, line_at(text, i));
    }
    return 0;
}

int doc_parse(struct doc **out, const char *name, const char *text, size_t len, struct err *e)
{
    struct doc *d = mem_new(1, sizeof(*d), e);
    yaml_parser_t parser;
    int rc;

    *out = NULL;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* as Windows' editors begin a file */
        text += 3;
        len -= 3;
    }
    rc = d ? check_depth(name, text, len, e) : ERR_NOMEM;
    if (rc < 0) {
        doc_free(d);
        return rc;
    }
    d->name = strdup(name);
    if (!d->name || !yaml_parser_initialize(&parser)) {
        doc_free(d);
        return err_set(e, ERR_NOMEM, "out of memory: %s", name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    if (yaml_parser_load(&parser, &d->yaml))
        d->loaded = true;
    else
        rc = syntax_error(d, &parser, text, e);
    if (rc == 0)
        rc = check_end(d, &parser, text, e);
    yaml_parser_delete(&parser);
    if (rc < 0)
        doc_free(d);
    else
        *out = d;
    return rc;
}

void doc_free(struct doc *d)
{
    if (!d)
        return;
    if (d->loaded)
        yaml_document_delete(&d->yaml);
    free(d->name);
    free(d);
}

static const yaml_node_t *at(const struct doc *d, int node)
{
    /* libyaml takes the document without const and writes nothing */
    return yaml_document_get_node((yaml_document_t *)(uintptr_t)&d->yaml, node);
}

int doc_root(const struct doc *d)
{
    return at(d, 1) ? 1 : 0; /* libyaml numbers nodes from 1, the root first */
}

enum doc_type doc_type(const struct doc *d, int node)
{
    switch (at(d, node)->type) {
    case YAML_SEQUENCE_NODE: return DOC_LIST;
    case YAML_MAPPING_NODE: return DOC_MAPPING;
    default: return DOC_TEXT;
    }
}

const char *doc_type_name(enum doc_type type)
{
    static const char *const names[] = { "a text", "a list", "a mapping (key: value)" };

    return names[type];
}

unsigned doc_line(const struct doc *d, int node)
{
    return (unsigned)at(d, node)->start_mark.line + 1;
}

const char *doc_text(const struct doc *d, int node)
{
    const yaml_node_t *n = at(d, node);

    /* a NUL byte ("\0" in quotes) would cut the text unseen */
    if (n->type != YAML_SCALAR_NODE || memchr(n->data.scalar.value, 0, n->data.scalar.length))
        return NULL;
    return (const char *)n->data.scalar.value;
}

bool doc_is_plain(const struct doc *d, int node)
{
    const yaml_node_t *n = at(d, node);

    return n->type == YAML_SCALAR_NODE && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

size_t doc_count(const struct doc *d, int node)
{
    const yaml_node_t *n = at(d, node);

    if (n->type == YAML_SEQUENCE_NODE)
        return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    if (n->type == YAML_MAPPING_NODE)
        return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
    return 0;
}

int doc_item(const struct doc *d, int node, size_t i)
{
    return at(d, node)->data.sequence.items.start[i];
}

int doc_key(const struct doc *d, int node, size_t i)
{
    return at(d, node)->data.mapping.pairs.start[i].key;
}

int doc_value(const struct doc *d, int node, size_t i)
{
    return at(d, node)->data.mapping.pairs.start[i].value;
}

int doc_at(const struct doc *d, int node, struct err *e)
{
    return err_at(e, "%s:%u", d->name, doc_line(d, node));
}
