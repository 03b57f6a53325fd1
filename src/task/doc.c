/* SPDX-License-Identifier: MIT */
#include "task/doc.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct doc {
    yaml_document_t yaml;
    char *name;
    bool loaded;
};

static int syntax_error(const struct doc *d, const yaml_parser_t *p, struct err *e)
{
    size_t line = p->problem_mark.line + 1;

    if (p->error == YAML_MEMORY_ERROR)
        return err_set(e, ERR_NOMEM, "out of memory: %s", d->name);
    err_set(e, ERR_FORMAT, "not valid YAML: %s%s%s", p->context ? p->context : "",
            p->context ? ": " : "", p->problem ? p->problem : "unreadable");
    if (p->error == YAML_READER_ERROR)
        return err_at(e, "%s: byte %zu", d->name, p->problem_offset);
    return err_at(e, "%s:%zu", d->name, line);
}

int doc_parse(struct doc **out, const char *name, const char *text, size_t len, struct err *e)
{
    struct doc *d = mem_new(1, sizeof(*d), e);
    yaml_parser_t parser;
    int rc = 0;

    *out = NULL;
    if (!d)
        return ERR_NOMEM;
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
        rc = syntax_error(d, &parser, e);
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
