/* SPDX-License-Identifier: MIT
 *
 * load.h - how the parts of assent.yaml are read. Private to task/.
 *
 * keys.c: mappings, texts, names, lists; extra.c: what requests carry besides; questions.c, rules.c
 * and prices.c: those; load.c: the rest and the whole. Every error is ERR_FORMAT with the node's
 * file and line, unless memory or a limit is at fault.
 */
#ifndef ASSENT_TASK_LOAD_H
#define ASSENT_TASK_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "task/doc.h"
#include "task/task.h"

struct loader {
    const struct doc *doc;
    struct arena *arena; /* what is kept of the file */
    struct task *task;
};

/* One key of a mapping: `read` stores the node's content at `into` + offset. */
struct key {
    const char *name;
    int (*read)(const struct loader *l, int node, void *into, struct err *e);
    size_t offset;
    bool required;
};

struct texts {
    const char **items;
    size_t n;
};

/* Reads a mapping; unknown keys, keys that stand twice and missing ones are errors. */
int load_mapping(const struct loader *l, int node, const struct key *keys, size_t n, void *into,
                 struct err *e);
#define LOAD_MAPPING(l, node, keys, into, e) \
    load_mapping(l, node, keys, sizeof(keys) / sizeof((keys)[0]), into, e)

/* Readers for tables of keys: into is a const char *; the same; an int, the node itself for later.
 */
int load_text(const struct loader *l, int node, void *into, struct err *e);
int load_name(const struct loader *l, int node, void *into, struct err *e);
int load_node(const struct loader *l, int node, void *into, struct err *e);
/* A double, zero or more; above zero; from 0 to 1. */
int load_real(const struct loader *l, int node, void *into, struct err *e);
int load_above_zero(const struct loader *l, int node, void *into, struct err *e);
int load_share(const struct loader *l, int node, void *into, struct err *e);
/* A uint64_t. */
int load_count(const struct loader *l, int node, void *into, struct err *e);
/* A struct texts of names: one, or a list. */
int load_names(const struct loader *l, int node, void *into, struct err *e);
/* One text, or a list of texts, none twice. */
int load_text_or_texts(const struct loader *l, int node, size_t max, struct texts *out,
                       struct err *e);
/* A const char *: any mapping as JSON, in its order. Without quotes null, true, false and numbers
 * are what they are in JSON. */
int load_object(const struct loader *l, int node, void *into, struct err *e);
/* A struct server_headers: values, or {env: VARIABLE}. */
int load_headers(const struct loader *l, int node, void *into, struct err *e);
/* A struct prices. */
int load_prices(const struct loader *l, int node, void *into, struct err *e);
/* A const struct machine *, of those under the task's prices. */
int load_machine(const struct loader *l, int node, void *into, struct err *e);
/* A list of texts, none twice. */
int load_texts(const struct loader *l, int node, size_t max, struct texts *out, struct err *e);

/* Adds name to names; an error where it is there, with case, '_' and space folded. */
int load_unique(const struct loader *l, int node, struct map *names, const char *name,
                struct err *e);

/* The errors that several parts give. */
int load_wrong_type(const struct loader *l, int node, enum doc_type expected, struct err *e);
int load_unknown_name(const struct loader *l, int node, const char *what, const char *name,
                      const char *const known[], size_t n, struct err *e);

/* The task's questions (a reader for a table of keys), the columns that follow from them, and its
 * rules. */
int load_questions(const struct loader *l, int node, void *into, struct err *e);
int load_columns(const struct loader *l, struct question *questions, struct err *e);
int load_rules(const struct loader *l, int node, struct err *e);

#endif
