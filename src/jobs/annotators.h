/* SPDX-License-Identifier: MIT
 *
 * annotators.h - who has answered gets another name.
 */
#ifndef ASSENT_JOBS_ANNOTATORS_H
#define ASSENT_JOBS_ANNOTATORS_H

#include "base/base.h"
#include "project/project.h"

struct rename_result {
    const char *old, *name; /* the caller's */
    uint64_t labels;        /* of this annotator, which stay */
    bool in_task;           /* assent.yaml still has the old name */
};

/* Can this be an annotator's name? ERR_ARG. */
int annotator_name_check(const char *name, struct err *e);

/* In one transaction. ERR_ARG: nobody is called `old`, or `name` is taken or no name. */
int job_annotator_rename(struct project *p, const char *old, const char *name,
                         struct rename_result *out, struct err *e);

#endif
