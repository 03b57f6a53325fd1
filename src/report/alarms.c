/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "report/report.h"

static void ring(struct report_alarm *alarms, size_t *n, const char *name, const char *subject,
                 double value, double threshold)
{
    alarms[(*n)++] = (struct report_alarm){ name, subject, value, threshold };
}

static void ring_for_questions(const struct report *r, struct report_alarm *alarms, size_t *n)
{
    const struct alarms *limits = &r->task->alarms;

    for (size_t c = 0; c < r->before->n_columns; c++)
        if (r->before->columns[c].agreement < limits->min_agreement)
            ring(alarms, n, "low agreement", r->task->columns[c].name,
                 r->before->columns[c].agreement, limits->min_agreement);
    for (size_t c = 0; c < r->before->n_columns; c++) {
        const double *rate = r->before->columns[c].positive_rate;

        if (fabs(rate[0] - rate[1]) > limits->max_yes_bias)
            ring(alarms, n, "yes-bias", r->task->columns[c].name, rate[0] - rate[1],
                 limits->max_yes_bias);
    }
    if (r->cells > 0 && (double)r->disputed / (double)r->cells > limits->max_disputes)
        ring(alarms, n, "many disputes", "all cells", (double)r->disputed / (double)r->cells,
             limits->max_disputes);
}

int report_alarms(const struct report *r, struct report_alarm **out, size_t *n, struct err *e)
{
    *n = 0;
    *out = mem_new(2 * r->task->n_columns + r->n_annotators + 1, sizeof(**out), e);
    if (!*out)
        return ERR_NOMEM;
    if (r->first)
        ring_for_questions(r, *out, n);
    for (size_t a = 0; a < r->n_annotators; a++) {
        const struct report_rules *rules = &r->annotators[a];
        double share = (double)rules->any_broken / (double)rules->any_checked;

        if (rules->any_checked >= REPORT_ALARM_IMAGES && share > r->task->alarms.max_rule_breaking)
            ring(*out, n, "rule breaking", rules->name, share, r->task->alarms.max_rule_breaking);
    }
    return 0;
}

static int worse(const void *a, const void *b)
{
    double x = ((const struct report_missed *)a)->recall,
           y = ((const struct report_missed *)b)->recall;

    return (x > y) - (x < y);
}

int report_missed(const struct report *r, struct report_missed **out, size_t *n, struct err *e)
{
    *n = 0;
    *out = mem_new(r->task->n_columns, sizeof(**out), e);
    if (!*out)
        return ERR_NOMEM;
    for (size_t c = 0; r->first && c < r->first_after->n_columns; c++) {
        const struct stats_figures *f = &r->first_after->columns[c];
        const uint64_t *counts = f->table.counts;

        /* a NaN recall (no yes at all) and a NaN rate (not a yes/no question) compare false */
        if (f->positive_rate[1] <= REPORT_RARE_RATE && f->recall < REPORT_MISSED_RECALL)
            (*out)[(*n)++] = (struct report_missed){ c,
                                                     f->positive_rate[1],
                                                     f->recall,
                                                     f->precision,
                                                     f->agreement,
                                                     counts[1] + counts[3],
                                                     counts[3] };
    }
    qsort(*out, *n, sizeof(**out), worse);
    return 0;
}
