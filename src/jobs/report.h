/* SPDX-License-Identifier: MIT
 *
 * report.h - everything that can be said of a project at once: quality before and after people
 * settled disputes, bias, rules, cost, alarms.
 */
#ifndef ASSENT_JOBS_REPORT_H
#define ASSENT_JOBS_REPORT_H

#include "base/base.h"
#include "jobs/accept.h"
#include "jobs/agree.h"
#include "jobs/alt_test.h"
#include "jobs/calibrate.h"
#include "jobs/consensus.h"
#include "jobs/cost.h"
#include "jobs/estimates.h"
#include "jobs/frontier.h"
#include "jobs/ledger.h"
#include "jobs/methods.h"
#include "jobs/moved.h"
#include "jobs/unused.h"
#include "jobs/worst.h"
#include "project/project.h"
#include "review/figures.h"
#include "stats/stats.h"

struct report_options {
    const char *between[2]; /* NULL: the usual pair */
    const char *by;         /* a metadata column; NULL: none */
    size_t resamples;       /* of the bootstrap; 0: none, and intervals take cells as independent */
    uint64_t seed;
    enum interval_kind interval;
    size_t pictures; /* of the worst disagreements, at most WORST_MAX; 0: none */
    const struct events *events;
};

struct report_broken { /* one rule, one annotator */
    uint64_t broken;   /* images that break it */
    uint64_t checked;  /* images on which all that it needs is labelled */
    double share;
};

struct report_rules { /* one annotator's, or the consensus' */
    const char *name;
    double yes_rate; /* of its labels of yes/no questions */
    uint64_t labels, abstentions;
    struct report_broken *rules;      /* [n_rules] */
    uint64_t any_broken, any_checked; /* images that break any rule; with any rule checked */
};

struct report_part {
    const char *value;
    uint64_t n_images;
    const struct stats_agreement *before;
};

struct report_winners {
    const char *group; /* NULL: all questions */
    uint64_t first, second, other, ties;
};

/* An alarm that rings: what was measured against which threshold. Alarms of one kind stand
 * together; of each, those furthest beyond their threshold come first. */
struct report_alarm {
    const char *
        name; /* "low agreement", "yes-bias", "rule breaking", "many disputes", a reviewer's sign */
    const char *subject; /* a question, an annotator, "all cells", a reviewer */
    double value, threshold;
};
enum { REPORT_ALARM_IMAGES = 30, REPORT_ALARM_ANSWERS = 20 }; /* shares of fewer ring nothing */

/* A question whose yes is rare and often missed, the first annotator against the consensus, or
 * where that is not judged against the second. */
struct report_missed {
    size_t column;
    double rate, recall, precision, agreement;
    uint64_t yes, found;
};
#define REPORT_RARE_RATE     0.10 /* rare: at most this share of yes */
#define REPORT_MISSED_RECALL 0.8  /* missed: less than this share of them found */

struct report_result {
    const struct task *task; /* the project's */
    uint64_t n_images;
    struct calibrate_result calibration; /* of the first's probabilities; annotator NULL: none */
    struct acceptance acceptance;        /* what may be used of the first's answers */
    struct report_rules *annotators;     /* each annotator, then the consensus */
    size_t n_annotators;
    /* what follows needs two annotators: first NULL where there are not */
    const char *first, *second, *why;
    const struct stats_agreement *before;      /* the first against the second */
    const struct stats_agreement *first_after; /* each against the consensus */
    const struct stats_agreement *second_after;
    bool judged;         /* somebody else has a say in the consensus: else it is what both say */
    double coin_flip[2]; /* NaN: there are no extra votes */
    uint64_t cells, disputed; /* that both labelled; on which they differ */
    const char *extra;        /* whose votes settled disputes; NULL: nobody's */
    uint64_t extra_votes, extra_on_disputed, sided[2];
    struct stats_interval sided_interval; /* Wilson's, of the first's share */
    struct report_winners *winners;       /* all questions, then each group */
    size_t n_winners;
    struct report_missed *missed; /* worst first */
    size_t n_missed;
    const char *by;
    struct report_part *parts;
    size_t n_parts;
    enum interval_kind interval;
    struct differences differences; /* of these two */
    struct multi multi;             /* the same */
    const char *selective; /* who labelled only cells on which others differ; NULL: nobody */
    struct cost cost;
    struct ledger ledger;
    struct frontier frontier;
    struct report_alarm *alarms;
    size_t n_alarms;
    struct consensus_result consensus;
    struct moved_list moved;             /* of models behind servers: what answers depend on */
    struct unused unused;                /* answers by names of before */
    struct unanswered unanswered;        /* by models */
    struct alt_test alt_test;            /* of models against people */
    struct review_figures review;        /* items 0: nothing was queued */
    struct estimates estimates;          /* of all cells */
    struct stats_agreement **agreements; /* those above; private */
    size_t n_agreements;
    bool pictures; /* they were asked for */
    struct worst worst;
    struct methods methods; /* who labelled, when, with what */
    struct arena arena;     /* private */
};

int job_report(const struct project *p, const struct report_options *o, struct report_result *out,
               struct err *e);
void report_result_release(struct report_result *r);

#endif
