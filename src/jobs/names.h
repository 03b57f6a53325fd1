/* SPDX-License-Identifier: MIT
 *
 * names.h - the names that a project knows, for completion.
 */
#ifndef ASSENT_JOBS_NAMES_H
#define ASSENT_JOBS_NAMES_H

#include "base/base.h"
#include "project/project.h"

struct project_names {
    const char **items;
    size_t n, cap;
    struct arena arena; /* private */
};

/* kind: "annotators", "groups", "questions", "columns" (of metadata) or "reviewers". */
int job_names(const struct project *p, const char *kind, struct project_names *out, struct err *e);
void names_release(struct project_names *n);

#endif
