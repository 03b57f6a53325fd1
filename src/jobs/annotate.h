/* SPDX-License-Identifier: MIT
 *
 * annotate.h - a model answers what it has not answered yet.
 */
#ifndef ASSENT_JOBS_ANNOTATE_H
#define ASSENT_JOBS_ANNOTATE_H

#include "base/base.h"
#include "jobs/unanswered.h"
#include "label/label.h"
#include "project/project.h"

struct annotate_options {
    const char *annotator; /* NULL: the only model of assent.yaml */
    const char *as;        /* the annotator's name that answers are given under; NULL: its own */
    const char *keys;      /* a file of keys, one a line: only these; NULL: all */
    uint64_t limit;        /* at most so many images, now; 0: no limit */
    uint64_t sample, seed; /* of the chosen ones so many at random; 0: all. A seed's sample does
                              not depend on what was answered before */
    bool retry_errors;     /* images that could not be read, once more */
    bool fresh;            /* also what was answered, once more */
    bool take_over;        /* also images that other processes have claimed */
    bool reference;        /* plain C arithmetic */
    bool yes;              /* pictures may leave this machine, and its private network */
    const char *record;    /* a file that keeps what a server is asked and answers; NULL */
    const char *replay;    /* such a file, which answers in the server's place; NULL */
    struct label_limits limits; /* of this run */
    const struct events *events;
};

struct annotate_claimant { /* another process that is answering */
    char *worker;          /* "HOST, process 12" */
    uint64_t images;       /* that it has claimed; of all, also of those not asked for */
    double seconds;        /* until its claims end, unless it renews them */
};

struct annotate_result {
    const char *annotator; /* that the answers are given under: the task's, or the options' */
    size_t n_columns, chosen;
    size_t unreadable; /* chosen ones that could not be read before, and were not tried */
    size_t absent;     /* images of the project that are not there */
    uint64_t images, errors, labels, abstentions;
    uint64_t equal;             /* of the images: answered by an equal picture's answers alone */
    uint64_t claimed_by_others; /* images that another process is answering */
    struct annotate_claimant *claimants;
    size_t n_claimants, claimants_cap;
    bool interrupted;
    double seconds;
    struct label_usage usage;
    double cost; /* NaN: not known */
    const char *currency;
    enum label_limit stopped; /* what ended it before all was answered; or 0 */
    uint64_t partly;          /* of the images: a limit kept some questions from being asked */
    uint64_t images_left;     /* that a limit kept from being answered, or in part */
    uint64_t left_open;       /* questions of answered images that the server did not answer */
    struct unanswered unanswered;
};

/* Every image's answers are on the disk when they are counted; an error or an interruption leaves
 * those that were. Ended while it answers, it returns 0 with interrupted set; before that,
 * ERR_INTERRUPTED. */
int job_annotate(struct project *p, const struct annotate_options *o, struct annotate_result *out,
                 struct err *e);
void annotate_result_release(struct annotate_result *r);

#endif
