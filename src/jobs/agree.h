/* SPDX-License-Identifier: MIT
 *
 * agree.h - how far two or more annotators agree, per question and over all.
 */
#ifndef ASSENT_JOBS_AGREE_H
#define ASSENT_JOBS_AGREE_H

#include "base/base.h"
#include "jobs/differences.h"
#include "jobs/multi.h"
#include "jobs/sure.h"
#include "jobs/unanswered.h"
#include "project/project.h"
#include "stats/against.h"
#include "stats/stats.h"

/* Which of the two 95 % intervals is shown: cells of one image are not independent. */
enum interval_kind { INTERVAL_IMAGES, INTERVAL_CELLS };

struct agree_options {
    const char *const *names; /* two or more annotators; NULL: the usual pair */
    size_t n_names;
    const char *by;    /* a metadata column; NULL: none */
    const char *group; /* only this group's questions; NULL: all */
    size_t resamples;  /* of the bootstrap; 0: none, and intervals take cells as independent */
    uint64_t seed;
    enum interval_kind interval;
    const struct events *events;
};

enum { AGREE_RESAMPLES = 2000 };

struct agree_part { /* the images with one value of the metadata column */
    const char *value;
    size_t n_images;
    struct stats_agreement *agreement;
};

struct agree_pair {       /* two of more annotators */
    size_t first, second; /* of names */
    uint64_t n;           /* cells that both labelled */
    double agreement, kappa;
};

struct agree_result {
    const struct task *task; /* the project's */
    const char **names;      /* of the annotators */
    enum annotator_kind *kinds;
    size_t n_names;
    const char *why;       /* these two, where nobody named them; NULL: they were named */
    const char *selective; /* an annotator who only labelled cells on which others differ; NULL:
                              none */
    const size_t *columns; /* the task's, in the order of the rows */
    const char *const *groups;
    struct stats_agreement *all;
    const char *by;
    struct agree_part *parts;
    size_t n_parts;
    struct agree_pair *pairs; /* each with each that follows; none of two annotators */
    size_t n_pairs;
    size_t n_images, resamples;
    uint64_t seed;
    enum interval_kind interval;
    struct differences differences; /* of two annotators */
    struct multi multi;             /* questions that allow several options */
    struct unanswered unanswered;   /* of its models */
    struct sure sure;
    struct arena arena; /* private */
};

/* Two annotators held against a third. */
struct against_result {
    const struct task *task; /* the project's */
    const char *names[3];    /* the two, and the third */
    enum annotator_kind kinds[3];
    const char *why;       /* these two, where nobody named them; NULL: they were named */
    const char *selective; /* as of agree_result, of all three */
    const size_t *columns; /* the task's, in the order of the rows */
    struct stats_against against;
    size_t n_images, resamples;
    uint64_t seed;
    struct arena arena; /* private */
};

int job_agree(const struct project *p, const struct agree_options *o, struct agree_result *out,
              struct err *e);
void agree_result_release(struct agree_result *r);
/* options.by is left aside. */
int job_against(const struct project *p, const struct agree_options *o, const char *third,
                struct against_result *out, struct err *e);
void against_result_release(struct against_result *r);

#endif
