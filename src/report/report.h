/* SPDX-License-Identifier: MIT
 *
 * report.h - what people read: tables for the terminal, the report, and what it all costs. Pure: it
 * prints what it is given.
 */
#ifndef ASSENT_REPORT_H
#define ASSENT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "stats/stats.h"
#include "task/task.h"

/* ---- tables ---- */

/* Rows of text cells, printed with columns as wide as their widest cell. */
struct table;

/* One letter a column: 'l' left, 'r' right. The first row is the header. NULL without memory, which
 * all the functions below accept: table_end says it. */
struct table *table_new(const char *columns);
void table_cell(struct table *t, const char *fmt, ...) ERR_PRINTF(2, 3);
/* Figures; NaN is shown as "-". */
void table_number(struct table *t, double x, int decimals);
void table_percent(struct table *t, double share);                           /* "79.5 %" */
void table_count(struct table *t, uint64_t n);                               /* "31 807" */
void table_interval(struct table *t, struct stats_interval i, int decimals); /* ".791 - .799" */
void table_rule(struct table *t); /* a line before the next row */
/* Prints, indented by two spaces, and frees. ERR_NOMEM where memory ran out on the way. */
int table_end(struct table *t, FILE *out, struct err *e);

/* ---- cost ---- */

/* What one project, or one of another size, costs. Money in the task file's currency; NaN where a
 * price is missing. */
struct cost_size {
    uint64_t images, cells, votes;
    double model, people, review; /* in all: the model's answers; people's labels; people's votes */
    double model_answer, people_answer; /* an answer */
    double model_share;                 /* model / people */
    double process_share; /* (people + model + review) / people: what the study's figures needed */
    double machine_hours, people_hours, review_hours;
};

/* Where the study's "under 1 %" holds for the model alone: each figure, the others as they are. */
struct cost_break_even {
    double share; /* 0.01 */
    double min_wage_hour, max_machine_hour, min_images_per_second;
};

struct cost {
    struct prices prices; /* with measured figures in place of stated ones */
    bool measured_speed, measured_seconds;
    double review_rate;            /* votes a cell */
    struct cost_size here, scaled; /* scaled.images 0: none asked for */
    struct cost_break_even break_even;
};

/* images_per_second and seconds_an_answer: measured, or NaN for the task file's. */
void report_cost(struct cost *out, const struct prices *p, uint64_t images, uint64_t columns,
                 uint64_t votes, double images_per_second, double seconds_an_answer);

/* ---- the report ---- */

struct report_rules { /* one annotator's, or the consensus' */
    const char *name;
    double yes_rate; /* of its labels of yes/no questions */
    uint64_t labels, abstentions;
    uint64_t *broken;  /* [n_rules] images that break the rule */
    uint64_t *checked; /* [n_rules] images on which all that the rule needs is labelled */
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

struct report {
    const struct task *task;
    uint64_t n_images;
    const char *const *groups; /* as in the agreements */
    size_t n_groups;
    struct report_rules *annotators; /* each annotator, then the consensus */
    size_t n_annotators;
    /* what follows needs two annotators: first NULL where there are not */
    const char *first, *second;
    const struct stats_agreement *before;      /* the first against the second */
    const struct stats_agreement *first_after; /* each against the consensus */
    const struct stats_agreement *second_after;
    double coin_flip[2]; /* NaN: there are no extra votes */
    uint64_t cells, disputed;
    const char *extra; /* whose votes settled disputes; NULL: nobody's */
    uint64_t extra_votes, extra_on_disputed, sided[2];
    struct report_winners *winners; /* all questions, then each group */
    size_t n_winners;
    const char *by;
    const struct report_part *parts;
    size_t n_parts;
    struct cost cost;
};

/* An alarm that rings: what was measured against which threshold. */
struct report_alarm {
    const char *name;    /* "low agreement", "yes-bias", "rule breaking", "many disputes" */
    const char *subject; /* a question, an annotator, "all cells" */
    double value, threshold;
};

/* The alarms of a report; *out (free() it) holds *n. Shares of fewer than REPORT_ALARM_IMAGES
 * images ring nothing. */
enum { REPORT_ALARM_IMAGES = 30 };
int report_alarms(const struct report *r, struct report_alarm **out, size_t *n, struct err *e);

/* A question whose yes is rare and often missed, the first annotator against the consensus. */
struct report_missed {
    size_t column;
    double rate, recall, precision, agreement;
    uint64_t yes, found;
};

#define REPORT_RARE_RATE     0.10 /* rare: at most this share of yes */
#define REPORT_MISSED_RECALL 0.8  /* missed: less than this share of them found */

/* Worst first; *out (free() it) holds *n. */
int report_missed(const struct report *r, struct report_missed **out, size_t *n, struct err *e);

int report_print(FILE *out, const struct report *r, struct err *e);

#endif
