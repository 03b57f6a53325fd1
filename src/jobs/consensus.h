/* SPDX-License-Identifier: MIT
 *
 * consensus.h - one value a cell, by vote; and what the vote says of each annotator.
 */
#ifndef ASSENT_JOBS_CONSENSUS_H
#define ASSENT_JOBS_CONSENSUS_H

#include "base/base.h"
#include "project/dataset.h"
#include "project/project.h"
#include "stats/stats.h"

struct consensus_options {
    const char *const *names; /* whose labels; NULL: everybody's */
    size_t n_names;
    const char *tie_first;    /* the annotator whose value wins a tie; NULL: ties stay open */
    const char *const *extra; /* whose votes came after a dispute; NULL: those whose votes were
                                 given one by one */
    size_t n_extra;
    const struct events *events;
};

struct consensus_annotator {
    const char *name;
    enum annotator_kind kind;
    bool extra;
    uint64_t n, agreeing; /* cells that it labelled and that have a consensus; of these, those that
                             equal it */
    double agreement;
    double coin_flip; /* expected with fair draws for the extra votes; NaN: none, or its own votes
                         are */
    uint64_t disputes_won;                /* disputed cells whose consensus is its label */
    uint64_t sided;                       /* extra votes on disputed cells that equal its label */
    struct stats_interval sided_interval; /* Wilson's, of their share */
};

struct consensus_question {
    uint64_t disputed, ties;
    const char *winner; /* an annotator, or "tie", or NULL: nothing disputed */
    uint64_t *won;      /* [n_annotators] by extra votes, or where there are none by consensus */
};

struct consensus_result {
    const struct task *task; /* the project's */
    const char *tie_first;
    uint64_t cells, disputed, ties, open_ties;
    uint64_t changed; /* against the last stored consensus */
    bool had_one;
    uint64_t extra_votes, extra_on_disputed;
    struct consensus_annotator *annotators;
    size_t n_annotators;
    struct consensus_question *questions; /* [n_columns] */
    struct consensus_question *groups;    /* [the task's n_groups] */
    int16_t *values;                      /* [n_columns][n_images] */
    struct arena arena;                   /* private */
};

/* Loads, votes and stores the result as the latest answers of "consensus", in one transaction. */
int job_consensus(struct project *p, const struct consensus_options *o,
                  struct consensus_result *out, struct err *e);
/* Votes on labels that are loaded, and stores nothing. */
int consensus_of(const struct dataset *d, const struct consensus_options *o,
                 struct consensus_result *out, struct err *e);
void consensus_result_release(struct consensus_result *r);

#endif
