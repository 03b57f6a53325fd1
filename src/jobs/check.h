/* SPDX-License-Identifier: MIT
 *
 * check.h - does the database hold what assent wrote?
 */
#ifndef ASSENT_JOBS_CHECK_H
#define ASSENT_JOBS_CHECK_H

#include "base/base.h"
#include "project/project.h"
#include "store/check.h"

struct check_result {
    struct store_checked of;
    struct store_fault *faults; /* the first CHECK_NAMED */
    size_t n;
    bool aside;         /* what can be was set aside */
    struct arena arena; /* private */
};

enum { CHECK_NAMED = 1000 };

/* set_aside: the project is open for writing, and damaged rows go in one transaction. */
int job_check(struct project *p, bool set_aside, struct check_result *out, struct err *e);
void check_result_release(struct check_result *r);

#endif
