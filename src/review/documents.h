/* SPDX-License-Identifier: MIT
 *
 * documents.h - what the page is told, as docs/review-http.md has it. Private to review/.
 *
 * Nothing here names a label, a score, another person's answer, why an item is asked, or a file.
 */
#ifndef ASSENT_REVIEW_DOCUMENTS_H
#define ASSENT_REVIEW_DOCUMENTS_H

#include "review/state.h"

/* What is asked, in the order of the columns. */
struct json_t *document_questions(const struct task *t);
/* How far the person is. */
struct json_t *document_progress(const struct state *s, const struct person *p);
/* An item; `was`: with what the person had said of it, an object of document_answer, or NULL. */
struct json_t *document_item(const struct state *s, size_t item, bool pictures,
                             const struct json_t *was);
/* What a person said, until document_item turns options into numbers. */
struct json_t *document_answer(const struct store_answer *a);
/* Whether the answer on an item was kept, and why not. */
struct json_t *document_result(const char *item, enum kept kept);

struct document_reviewer { /* who is told about themselves and their work */
    const char *who, *name, *csrf;
    const struct person *person; /* NULL: an owner */
};
struct json_t *document_session(const struct state *s, const struct document_reviewer *r);

#endif
