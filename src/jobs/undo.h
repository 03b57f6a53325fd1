/* SPDX-License-Identifier: MIT
 *
 * undo.h - a run's answers stop counting, or count again.
 */
#ifndef ASSENT_JOBS_UNDO_H
#define ASSENT_JOBS_UNDO_H

#include "base/base.h"
#include "project/project.h"
#include "store/runs.h"

struct undo_options {
    int64_t run;          /* 0: the newest that counts */
    const char *reviewer; /* what they answered on the page becomes the run; NULL: nobody's */
    bool back;            /* bring it back */
};

struct undo_result {
    int64_t run;
    bool back;
    const char *annotator, *source, *started, *by_whom; /* source NULL: no file */
    uint64_t before, after;                             /* labels of this annotator that count */
    bool stale_consensus; /* there is a consensus, and it counted otherwise */
    struct arena arena;   /* private */
};

/* In one transaction; a reviewer's not while a review server runs, which knows from memory who
 * answered what. History stays: the run, its answers, and that it was withdrawn. ERR_ARG: there
 * is no such run or reviewer, or it is so already. */
int job_undo(struct project *p, const struct undo_options *o, struct undo_result *out,
             struct err *e);
void undo_result_release(struct undo_result *r);

#endif
