/* SPDX-License-Identifier: MIT
 *
 * plan.h - what a model's run would take, measured on a few of its images.
 */
#ifndef ASSENT_JOBS_PLAN_H
#define ASSENT_JOBS_PLAN_H

#include "base/base.h"
#include "jobs/annotate.h"
#include "project/project.h"

struct plan_result {
    const char *annotator, *model; /* as in annotate_result; the task's */
    const char *server;            /* whose the model is; NULL: it is computed here */
    const char *family, *dtype;
    uint64_t parameters, images, questions;
    size_t chosen, measured, weight_bytes, activation_bytes;
    double flop, seconds; /* per image */
    double total_seconds;
    const char *currency;
    double cost;        /* NaN: no machine_hour in assent.yaml */
    struct arena arena; /* private */
};

/* Answers a few images as annotate would, and forgets the answers: the project is left as it was.
 * The settings are checked also where nothing is left to do. */
int job_plan(struct project *p, const struct annotate_options *o, struct plan_result *out,
             struct err *e);
void plan_result_release(struct plan_result *r);

#endif
