/* SPDX-License-Identifier: MIT
 *
 * doc.h - a YAML document as nodes that know their line, over libyaml. Private to task/.
 *
 * A node is a number above zero; 0 is "none". Texts belong to the document.
 */
#ifndef ASSENT_TASK_DOC_H
#define ASSENT_TASK_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

enum doc_type { DOC_TEXT, DOC_LIST, DOC_MAPPING };

struct doc;

int doc_parse(struct doc **out, const char *name, const char *text, size_t len, struct err *e);
void doc_free(struct doc *d); /* NULL is fine */

int doc_root(const struct doc *d); /* 0: the document is empty */
enum doc_type doc_type(const struct doc *d, int node);
const char *doc_type_name(enum doc_type type);
unsigned doc_line(const struct doc *d, int node);
const char *doc_text(const struct doc *d, int node); /* NULL unless a text */
bool doc_is_plain(const struct doc *d, int node);    /* a text without quotes */

size_t doc_count(const struct doc *d, int node); /* of list items, or of a mapping's pairs */
int doc_item(const struct doc *d, int node, size_t i);
int doc_key(const struct doc *d, int node, size_t i);
int doc_value(const struct doc *d, int node, size_t i);

/* Gives e the place "file:line" of a node. Returns e->code. */
int doc_at(const struct doc *d, int node, struct err *e);

#endif
