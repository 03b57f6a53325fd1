/* SPDX-License-Identifier: MIT
 *
 * status.h - what a project holds, and what is next.
 */
#ifndef ASSENT_JOBS_STATUS_H
#define ASSENT_JOBS_STATUS_H

#include "base/base.h"
#include "jobs/unused.h"
#include "project/project.h"
#include "review/figures.h"
#include "store/images.h"
#include "store/runs.h"

struct status_annotator {
    const char *name;
    enum annotator_kind kind;
    uint64_t labels, abstentions, votes;
    double share;                       /* of all cells, labelled */
    uint64_t answered_to_other_wording; /* a model's answers to another wording than assent.yaml
                                           has now */
};

struct status_run { /* provenance: texts are "-" where there is nothing to say */
    int64_t id;
    const char *annotator, *source, *source_sha256, *by_whom, *started, *ended, *withdrawn;
    struct store_usage usage;
    double cost; /* of a server, by its price; NaN: not known */
};

enum { STATUS_RUNS = 20 };

struct status_result {
    const struct task *task; /* the project's */
    struct store_images images;
    struct store_annotators known;
    struct status_annotator *annotators; /* [known.n] */
    const char *pair[2];                 /* who is usually compared; NULL: there are no two */
    const char *why;                     /* these two */
    uint64_t compared, disputed, disputed_with_vote;
    bool stale_consensus;
    struct unused unused;                /* answers by names of before */
    struct review_figures review;        /* items 0: nothing is queued */
    struct status_run runs[STATUS_RUNS]; /* the newest, newest first */
    size_t n_runs;
    struct arena arena; /* private */
};

int job_status(const struct project *p, const struct events *ev, struct status_result *out,
               struct err *e);
void status_result_release(struct status_result *r);

#endif
