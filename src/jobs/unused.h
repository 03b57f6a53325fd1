/* SPDX-License-Identifier: MIT
 *
 * unused.h - answers that nothing counts since assent.yaml calls a question or an annotator by
 * another name, and which name that may be.
 */
#ifndef ASSENT_JOBS_UNUSED_H
#define ASSENT_JOBS_UNUSED_H

#include "base/base.h"
#include "project/project.h"

struct unused_name {
    const char *kind;   /* "question", "option" or "annotator" */
    const char *name;   /* as it was when it answered, or was answered */
    const char *likely; /* what assent.yaml may call it now; NULL: nothing there is like it */
    uint64_t answers;   /* of questions; 0: not counted */
};

enum { UNUSED_NAMED = 5 }; /* so many are told to people */

struct unused {
    struct unused_name *items;
    size_t n, cap;
    struct arena arena; /* private */
};

int unused_find(const struct project *p, struct unused *out, struct err *e);
void unused_release(struct unused *u);
/* What to do about one, as a sentence; in out, which begins as BUF_INIT. */
void unused_say(const struct unused_name *name, struct buf *out);
/* Says it of each, as a warning: before a model is asked what it has answered already. */
int unused_warn(const struct project *p, const struct events *ev, struct err *e);

#endif
